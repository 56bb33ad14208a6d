// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IMinerRegistry} from "../interfaces/IMinerRegistry.sol";
import {IStorageMarket} from "../interfaces/IStorageMarket.sol";
import {Deal, DealState, Extension, MarketParams, SignedExtension, SkipReason} from "../types/MarketTypes.sol";
import {ClientSignature} from "./ClientSignature.sol";
import {MarketState} from "./MarketState.sol";
import {Pay} from "./Pay.sol";
import {PeriodClock} from "./PeriodClock.sol";
import {ProvingSet} from "./ProvingSet.sol";
import {Settlement} from "./Settlement.sol";

/// @title Longer deals on the same replica (Protocol §3.6).
/// @notice An extension settles the deal, then counts it anew from its cursor: price and periods are those of the stretch
/// [cursor, newEnd), of which nothing is proved or missed yet. What was not spent of the old price stays locked and is
/// part of the new one, so nothing is paid twice and no rounding is lost.
/// @notice Linked. Errors and events are IStorageMarket's.
library Renewals {
    bytes32 private constant EXTENSION_TYPEHASH = keccak256(
        "Extension(bytes32 dealId,uint32 oldEnd,uint32 newEnd,uint96 pricePerPeriod,uint96 collateral,uint64 executeBy)"
    );

    /// @notice EIP-712 hash of the struct.
    function structHash(Extension calldata e) internal pure returns (bytes32) {
        return keccak256(abi.encode(EXTENSION_TYPEHASH, e));
    }

    /// @dev What one extension changes.
    struct Change {
        uint256 price; // of [cursor, newEnd)
        uint96 unspent; // of the old price
        uint96 topUp; // of the collateral
    }

    /// @notice Extends many deals; a bad one is skipped with its reason.
    function extendDeals(
        MarketState storage s,
        MarketParams memory p,
        bytes32 domainSeparator,
        SignedExtension[] calldata extensions
    ) external returns (SkipReason[] memory reasons) {
        reasons = new SkipReason[](extensions.length);
        Settlement.Rules memory rules = Settlement.rulesOf(p);
        for (uint256 i = 0; i < extensions.length; ++i) {
            Extension calldata e = extensions[i].extension;
            Deal storage d = s.deals[bytes23(e.dealId)];
            // Closed periods are paid at the old price, whatever becomes of the extension: anyone may settle at any time.
            if (d.state == DealState.Active) Settlement.settle(s, rules, e.dealId, d, Settlement.CHUNK);
            (SkipReason reason, Change memory change) = refusal(s, p, domainSeparator, d, extensions[i]);
            if (reason == SkipReason.None) extend(s, d, e, change);
            else emit IStorageMarket.DealSkipped(e.dealId, d.miner, reason);
            reasons[i] = reason;
        }
    }

    /// @dev Why a settled deal cannot be extended now (Protocol §3.6).
    function refusal(
        MarketState storage s,
        MarketParams memory p,
        bytes32 domainSeparator,
        Deal storage d,
        SignedExtension calldata x
    ) private view returns (SkipReason, Change memory change) {
        Extension calldata e = x.extension;
        if (d.state != DealState.Active) return (SkipReason.NotActive, change);
        if (msg.sender != d.miner && !IMinerRegistry(p.registry).mayPublish(d.miner, msg.sender)) {
            return (SkipReason.NotOperator, change);
        }
        if (block.number > e.executeBy) return (SkipReason.ExtendTooLate, change);
        if (e.oldEnd != d.end) return (SkipReason.EndMoved, change);
        {
            SkipReason reason = clockRefusal(s, p, d);
            if (reason != SkipReason.None) return (reason, change);
        }
        if (e.newEnd <= e.oldEnd) return (SkipReason.BadPeriods, change);
        // The cursor never passes the end.
        uint32 periods = e.newEnd - d.cursor;
        if (periods > p.maxPeriods) return (SkipReason.BadPeriods, change);
        {
            uint256 leaves = s.sets[d.miner].entries[d.height][d.index].leafCount;
            if (e.pricePerPeriod < p.minPricePerLeafPeriod * leaves) return (SkipReason.PriceTooLow, change);
            change.price = uint256(e.pricePerPeriod) * periods;
            // No account holds more than a uint96, so neither can the client.
            if (change.price > type(uint96).max) return (SkipReason.ClientShort, change);
            uint96 left = d.collateral;
            if (e.collateral > left) change.topUp = e.collateral - left;
            uint256 held = uint256(left) + change.topUp;
            uint256 misses = (uint256(p.maxMissRun) + 1)
                * uint256(Pay.slashPerMiss(uint96(change.price), periods, p.missPenaltyBps));
            if (held < p.minCollateralPerLeaf * leaves || held < misses) return (SkipReason.CollateralTooLow, change);
        }
        change.unspent = Settlement.unspent(d);
        uint256 due = change.price > change.unspent ? change.price - change.unspent : 0;
        if (s.accounts[d.client].balance < (d.client == d.miner ? due + change.topUp : due)) {
            return (SkipReason.ClientShort, change);
        }
        if (change.topUp != 0 && s.accounts[d.miner].balance < change.topUp) return (SkipReason.MinerShort, change);
        bytes32 digest = MessageHashUtils.toTypedDataHash(domainSeparator, structHash(e));
        if (!ClientSignature.isValid(d.client, digest, x.signature)) return (SkipReason.BadSignature, change);
        return (SkipReason.None, change);
    }

    /// @dev The new price may count from the cursor only when nobody knows that period's challenges yet: its challenge
    /// block is still to come. While the set is frozen the period is drawn, and neither its pay nor its slash may change.
    function clockRefusal(MarketState storage s, MarketParams memory p, Deal storage d)
        private
        view
        returns (SkipReason)
    {
        if (d.missRun > p.maxMissRun) return SkipReason.DealDefaulted;
        address miner = d.miner;
        uint256 shift = PeriodClock.shiftOf(miner, p.periodBlocks);
        uint32 period = PeriodClock.periodAt(block.number, shift, p.periodBlocks);
        // An entry that has left the set would have to be sealed and opened again.
        if (period >= d.end || d.height == 0) return SkipReason.DealOver;
        uint32 duty = PeriodClock.nextDuty(block.number, shift, p.periodBlocks, p.windowBlocks);
        if (duty != period && !Settlement.isBitSet(s, miner, period)) return SkipReason.SetFrozen;
        if (d.cursor != duty) return SkipReason.DealUnsettled;
        return SkipReason.None;
    }

    function extend(MarketState storage s, Deal storage d, Extension calldata e, Change memory change) private {
        uint32 from = d.cursor;
        uint96 price = uint96(change.price);
        if (price > change.unspent) s.accounts[d.client].balance -= price - change.unspent;
        else if (price < change.unspent) s.accounts[d.client].balance += change.unspent - price;
        if (change.topUp != 0) {
            s.accounts[d.miner].balance -= change.topUp;
            d.collateral += change.topUp;
        }
        d.price = price;
        d.periods = e.newEnd - from;
        d.proved = 0;
        d.end = e.newEnd;
        s.sets[d.miner].entries[d.height][d.index].end = e.newEnd;
        emit IStorageMarket.DealExtended(e.dealId, d.miner, from, e.newEnd, price, d.collateral, change.unspent);
    }
}

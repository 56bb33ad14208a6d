// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IMinerRegistry} from "../interfaces/IMinerRegistry.sol";
import {IMarketEvents} from "../interfaces/IMarketEvents.sol";
import {Deal, DealState, Extension, Leaving, MarketParams, SignedExtension, SkipReason} from "../types/MarketTypes.sol";
import {ClientSignature} from "./ClientSignature.sol";
import {HandOvers} from "./HandOvers.sol";
import {MarketState} from "./MarketState.sol";
import {Pay} from "./Pay.sol";
import {PeriodClock} from "./PeriodClock.sol";
import {Publisher} from "./Publisher.sol";
import {Settlement} from "./Settlement.sol";

/// @title Longer deals on the same replica (Protocol §3.6).
/// @notice An extension settles the deal, then counts it anew from its cursor: price and periods are those of the stretch
/// [cursor, newEnd), of which nothing is proved or missed yet. What was not spent of the old price stays locked and is
/// part of the new one, so nothing is paid twice and no rounding is lost.
library Renewals {
    bytes32 private constant EXTENSION_TYPEHASH = keccak256(
        "Extension(bytes32 dealId,uint32 oldEnd,uint32 newEnd,uint96 pricePerPeriod,uint96 collateral,uint64 executeBy)"
    );

    /// @notice EIP-712 hash of the struct.
    function structHash(Extension calldata e) internal pure returns (bytes32) {
        return keccak256(abi.encode(EXTENSION_TYPEHASH, e));
    }

    /// @dev A deal as refusals read it, slot by slot and once, and what one extension changes.
    struct Change {
        address client;
        address miner;
        uint96 left; // of the collateral
        uint32 cursor;
        uint32 end;
        uint8 height;
        uint24 index;
        uint8 missRun;
        Leaving leaving;
        uint32 period; // the miner's current one
        uint32 duty; // its next
        uint96 unspent; // of the old price
        uint256 price; // of [cursor, newEnd)
        uint96 topUp; // of the collateral
    }

    /// @notice Extends many deals; a bad one is skipped with its reason.
    function extendDeals(
        MarketState storage s,
        MarketParams memory p,
        bytes32 domainSeparator,
        SignedExtension[] calldata extensions
    ) internal returns (SkipReason[] memory reasons) {
        reasons = new SkipReason[](extensions.length);
        Publisher.Sender memory sender;
        for (uint256 i = 0; i < extensions.length; ++i) {
            SignedExtension calldata x = extensions[i];
            Deal storage d = s.deals[bytes23(x.extension.dealId)];
            Change memory c;
            SkipReason reason = SkipReason.NotActive;
            if (d.state == DealState.Active) {
                settle(s, p, x.extension.dealId, d, c);
                reason = maySend(s, p, sender, c.miner) ? refusal(s, p, x.extension, c) : SkipReason.NotOperator;
                if (reason == SkipReason.None && c.topUp > sender.left) reason = SkipReason.OverBudget;
                if (reason == SkipReason.None) {
                    bytes32 digest = MessageHashUtils.toTypedDataHash(domainSeparator, structHash(x.extension));
                    if (!ClientSignature.isValid(c.client, digest, x.signature)) reason = SkipReason.BadSignature;
                }
            }
            if (reason == SkipReason.None) {
                extend(s, d, x.extension, c);
                if (c.topUp != 0) Publisher.count(s.spent, sender, c.topUp);
            } else {
                emit IMarketEvents.DealSkipped(x.extension.dealId, d.miner, reason);
            }
            reasons[i] = reason;
        }
    }

    /// @dev Closed periods are paid at the old price, whatever becomes of the extension: anyone may settle at any time.
    /// Then reads the deal into `c`.
    function settle(MarketState storage s, MarketParams memory p, bytes32 dealId, Deal storage d, Change memory c)
        internal
    {
        address miner = d.miner;
        uint256 shift = PeriodClock.shiftOf(miner, p.periodBlocks);
        c.period = PeriodClock.periodAt(block.number, shift, p.periodBlocks);
        c.duty = PeriodClock.nextDuty(block.number, shift, p.periodBlocks, p.windowBlocks);
        // No period from the next duty on is closed: mostly nothing is left to settle.
        if (d.cursor < c.duty) Settlement.settle(s, Settlement.rulesOf(p), dealId, d, Settlement.CHUNK);
        c.miner = miner;
        c.left = d.collateral;
        (c.cursor, c.end, c.height, c.index, c.missRun) = (d.cursor, d.end, d.height, d.index, d.missRun);
        c.leaving = d.leaving;
        c.unspent = Settlement.unspent(d);
        c.client = d.client;
    }

    /// @dev Reads the caller's rights for the miner, once for those of a batch. The miner itself needs no right, and no budget holds
    /// for it.
    function maySend(MarketState storage s, MarketParams memory p, Publisher.Sender memory sender, address miner)
        private
        view
        returns (bool)
    {
        if (sender.miner != miner) {
            if (msg.sender == miner) Publisher.loadOwner(sender, miner);
            else Publisher.load(sender, s.spent, IMinerRegistry(p.registry), miner);
        }
        return sender.allowed;
    }

    /// @dev Why a settled deal cannot be extended now (Protocol §3.6), but for the signature.
    function refusal(MarketState storage s, MarketParams memory p, Extension memory e, Change memory c)
        internal
        view
        returns (SkipReason)
    {
        if (block.number > e.executeBy) return SkipReason.ExtendTooLate;
        if (e.oldEnd != c.end) return SkipReason.EndMoved;
        if (c.missRun > p.maxMissRun) return SkipReason.DealDefaulted;
        // An entry that has left the set would have to be sealed and opened again.
        // Nor does one go on that its client has given notice of: ends that came back could be extended again by what was
        // signed, and taken, before.
        if (c.period >= c.end || c.height == 0 || c.leaving == Leaving.Noticed) return SkipReason.DealOver;
        // A cheaper price would leave less for the deal that replaces this one than it counts on.
        if (c.leaving != Leaving.No && HandOvers.isPending(s, e.dealId)) return SkipReason.HandOverPending;
        // The new price may count from the cursor only when nobody knows that period's challenges yet. While the set is
        // frozen the period is drawn, and neither its pay nor its slash may change.
        if (c.duty != c.period && !Settlement.isDecided(s, c.miner, c.period)) return SkipReason.SetFrozen;
        // The cursor is past the duty where the current period is excused.
        if (c.cursor < c.duty) return SkipReason.DealUnsettled;
        if (e.newEnd <= e.oldEnd) return SkipReason.BadPeriods;
        // The cursor never passes the end.
        uint32 periods = e.newEnd - c.cursor;
        if (periods > p.maxPeriods) return SkipReason.BadPeriods;
        {
            uint256 leaves = s.sets[c.miner].entries[c.height][c.index].leafCount;
            if (e.pricePerPeriod < p.minPricePerLeafPeriod * leaves) return SkipReason.PriceTooLow;
            c.price = uint256(e.pricePerPeriod) * periods;
            // No account holds more than a uint96, so neither can the client.
            if (c.price > type(uint96).max) return SkipReason.ClientShort;
            if (e.collateral > c.left) c.topUp = e.collateral - c.left;
            uint256 held = uint256(c.left) + c.topUp;
            uint256 misses =
                (uint256(p.maxMissRun) + 1) * uint256(Pay.slashPerMiss(uint96(c.price), periods, p.missPenaltyBps));
            if (held < p.minCollateralPerLeaf * leaves || held < misses) return SkipReason.CollateralTooLow;
        }
        uint256 due = c.price > c.unspent ? c.price - c.unspent : 0;
        if (c.client == c.miner) due += c.topUp;
        if (s.accounts[c.client].balance < due) return SkipReason.ClientShort;
        if (c.topUp != 0 && s.accounts[c.miner].balance < c.topUp) return SkipReason.MinerShort;
        return SkipReason.None;
    }

    function extend(MarketState storage s, Deal storage d, Extension memory e, Change memory c) internal {
        uint96 price = uint96(c.price);
        if (price > c.unspent) s.accounts[c.client].balance -= price - c.unspent;
        else if (price < c.unspent) s.accounts[c.client].balance += c.unspent - price;
        if (c.topUp != 0) {
            s.accounts[c.miner].balance -= c.topUp;
            d.collateral = c.left + c.topUp;
        }
        d.price = price;
        d.periods = e.newEnd - c.cursor;
        d.proved = 0;
        d.end = e.newEnd;
        s.sets[c.miner].entries[c.height][c.index].end = e.newEnd;
        emit IMarketEvents.DealExtended(e.dealId, c.miner, c.cursor, e.newEnd, price, c.left + c.topUp, c.unspent);
    }
}

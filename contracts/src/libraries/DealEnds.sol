// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IMinerRegistry} from "../interfaces/IMinerRegistry.sol";
import {IMarketEvents} from "../interfaces/IMarketEvents.sol";
import {Cancellation, Deal, DealState, EarlyEnd, Leaving, MarketParams} from "../types/MarketTypes.sol";
import {ClientSignature} from "./ClientSignature.sol";
import {DealSlots} from "./DealSlots.sol";
import {Demands} from "./Demands.sol";
import {HandOvers} from "./HandOvers.sol";
import {MarketState} from "./MarketState.sol";
import {Pay} from "./Pay.sol";
import {PeriodClock} from "./PeriodClock.sol";
import {ProvingSet} from "./ProvingSet.sol";
import {Settlement} from "./Settlement.sol";

/// @title How deals end and leave their proving sets (Protocol §3.5, §3.7, §5.2, §5.4).
library DealEnds {
    using ProvingSet for ProvingSet.Set;

    bytes32 private constant EARLY_END_TYPEHASH = keccak256("EarlyEnd(bytes32 dealId,bool immediate,uint64 executeBy)");

    /// @notice EIP-712 hash of the struct.
    function structHash(EarlyEnd calldata e) internal pure returns (bytes32) {
        return keccak256(abi.encode(EARLY_END_TYPEHASH, e));
    }

    bytes32 private constant CANCELLATION_TYPEHASH = keccak256("Cancellation(bytes32 dealId,uint64 executeBy)");

    /// @notice EIP-712 hash of the struct.
    function structHash(Cancellation memory c) internal pure returns (bytes32) {
        return keccak256(abi.encode(CANCELLATION_TYPEHASH, c));
    }

    /// @notice Ends a deal before anybody has published it, on its client's signature.
    function cancelFor(
        MarketState storage s,
        bytes32 domainSeparator,
        Cancellation memory c,
        address client,
        address miner,
        bytes calldata signature
    ) internal {
        if (block.number > c.executeBy) {
            revert IMarketEvents.TooLate(c.dealId, c.executeBy, block.number);
        }
        if (
            msg.sender != client
                && !ClientSignature.isValid(
                    client, MessageHashUtils.toTypedDataHash(domainSeparator, structHash(c)), signature
                )
        ) revert IMarketEvents.NotClient(c.dealId, msg.sender);
        withdrawProposal(s, c.dealId, client, miner);
    }

    /// @notice Ends a deal before anybody has published it.
    function cancel(MarketState storage s, bytes32 dealId, address client, address miner) internal {
        if (msg.sender != client) revert IMarketEvents.NotClient(dealId, msg.sender);
        withdrawProposal(s, dealId, client, miner);
    }

    function withdrawProposal(MarketState storage s, bytes32 dealId, address client, address miner) private {
        Deal storage d = inState(s, dealId, DealState.None);
        d.state = DealState.Cancelled;
        d.client = client;
        d.miner = miner;
        emit IMarketEvents.DealCancelled(dealId, client, miner);
    }

    /// @notice Ends a deal that was published and not activated in time.
    function expire(MarketState storage s, MarketParams memory p, bytes32 dealId) internal {
        Deal storage d = inState(s, dealId, DealState.Published);
        if (block.number <= d.activateByOrStart) {
            revert IMarketEvents.NotExpired(dealId, d.activateByOrStart, block.number);
        }
        uint96 collateral = d.collateral;
        uint96 burnt = uint96((uint256(collateral) * p.expireBurnBps + Pay.BPS - 1) / Pay.BPS);
        uint96 tip = collateral - burnt < p.tipCap ? collateral - burnt : p.tipCap;
        finish(s, d, DealState.Expired);
        DealSlots.forget(d);
        s.accounts[d.client].balance += d.price;
        s.accounts[d.miner].balance += collateral - burnt - tip;
        s.accounts[msg.sender].balance += tip;
        s.burned += burnt;
        emit IMarketEvents.DealExpired(dealId, msg.sender, burnt, tip);
    }

    /// @notice Settles what is left and ends a deal whose periods and collateral hold are over.
    function complete(MarketState storage s, MarketParams memory p, bytes32 dealId) internal {
        Deal storage d = running(s, dealId);
        settleArrears(s, p, dealId, d);
        if (Settlement.isDefaulted(p, d)) revert IMarketEvents.Defaulted(dealId);
        uint256 over = PeriodClock.endOf(d.end - 1, PeriodClock.shiftOf(d.miner, p.periodBlocks), p.periodBlocks);
        uint256 due = over + p.collateralHold;
        if (block.number < due) revert IMarketEvents.NotOver(dealId, due, block.number);
        if (d.cursor < d.end) revert IMarketEvents.Unsettled(dealId, d.cursor, d.end);
        if (Demands.holdCollateral(s, bytes23(dealId))) revert IMarketEvents.DemandOpen(dealId);
        uint96 collateral = d.collateral;
        uint96 dust = Settlement.unspent(d);
        leave(s, p, dealId, d);
        finish(s, d, DealState.Completed);
        s.accounts[d.miner].balance += collateral;
        s.accounts[d.client].balance += dust;
        emit IMarketEvents.DealCompleted(dealId, collateral, dust);
    }

    /// @notice Settles, then ends an active deal before its end: at once with both sides' consent, else with notice.
    function endEarly(
        MarketState storage s,
        MarketParams memory p,
        bytes32 domainSeparator,
        EarlyEnd calldata e,
        bytes calldata signature
    ) internal {
        Deal storage d = running(s, e.dealId);
        if (block.number > e.executeBy) revert IMarketEvents.TooLate(e.dealId, e.executeBy, block.number);
        if (d.leaving == Leaving.HandOver && HandOvers.isPending(s, e.dealId)) {
            revert IMarketEvents.HandOverPending(e.dealId, s.handOvers[bytes23(e.dealId)].successor);
        }
        address miner = d.miner;
        if (e.immediate && msg.sender != miner && !IMinerRegistry(p.registry).mayPublish(miner, msg.sender)) {
            revert IMarketEvents.NotOperator(e.dealId, msg.sender);
        }
        if (
            msg.sender != d.client
                && !ClientSignature.isValid(
                    d.client, MessageHashUtils.toTypedDataHash(domainSeparator, structHash(e)), signature
                )
        ) revert IMarketEvents.NotClient(e.dealId, msg.sender);
        // What counts anew counts from the first period whose challenge nobody knows, as with an extension: neither the pay
        // nor the slash of a drawn period changes.
        (uint32 duty, bool frozen) = dutyOf(s, p, miner);
        // A faulty deal has nothing in the set.
        if (frozen && d.height != 0) revert IMarketEvents.SetFrozenUntil(miner, endOfPeriod(p, miner));
        settleArrears(s, p, e.dealId, d);
        if (Settlement.isDefaulted(p, d)) revert IMarketEvents.Defaulted(e.dealId);
        // The cursor is past the duty where the current period is excused.
        uint32 from = d.cursor > duty ? d.cursor : duty;
        // As many periods' notice as a miner may stay away before it forfeits.
        uint32 end = e.immediate ? from : from + p.maxMissRun + 1;
        if (end >= d.end) revert IMarketEvents.NotSooner(e.dealId, d.end);
        if (d.cursor != from) revert IMarketEvents.Unsettled(e.dealId, d.cursor, duty);
        if (e.immediate) endNow(s, p, e.dealId, d);
        else shorten(s, e.dealId, d, end);
    }

    function shorten(MarketState storage s, bytes32 dealId, Deal storage d, uint32 end) private {
        (uint96 price, uint96 refunded) = recount(s, d, end);
        s.accounts[d.client].balance += refunded;
        emit IMarketEvents.DealShortened(dealId, d.miner, d.cursor, end, price, refunded);
    }

    /// @notice Counts a deal anew from its cursor to a nearer end. The price of what is left is rounded down, so that neither
    /// pay nor slash of a period grows; the caller gives the rest to whom it is due.
    function recount(MarketState storage s, Deal storage d, uint32 end) internal returns (uint96 price, uint96 rest) {
        uint32 periods = end - d.cursor;
        price = Pay.share(d.price, periods, d.periods);
        rest = Settlement.unspent(d) - price;
        d.price = price;
        d.periods = periods;
        d.proved = 0;
        d.end = end;
        d.leaving = Leaving.Noticed;
        // A faulty deal has nothing in the set.
        if (d.height != 0) s.sets[d.miner].entries[d.height][d.index].end = end;
    }

    function endNow(MarketState storage s, MarketParams memory p, bytes32 dealId, Deal storage d) private {
        if (Demands.holdCollateral(s, bytes23(dealId))) revert IMarketEvents.DemandOpen(dealId);
        uint96 collateral = d.collateral;
        uint96 refunded = Settlement.unspent(d);
        emit IMarketEvents.DealShortened(dealId, d.miner, d.cursor, d.cursor, 0, refunded);
        leave(s, p, dealId, d);
        finish(s, d, DealState.Completed);
        s.accounts[d.miner].balance += collateral;
        s.accounts[d.client].balance += refunded;
        emit IMarketEvents.DealCompleted(dealId, collateral, 0);
    }

    /// @notice Settles, then ends a deal with more than maxMissRun misses in a row, or whose declared fault has lasted too long.
    function terminate(MarketState storage s, MarketParams memory p, bytes32 dealId) internal {
        Deal storage d = running(s, dealId);
        settleArrears(s, p, dealId, d);
        if (!Settlement.isDefaulted(p, d)) {
            if (d.state == DealState.Faulty) revert IMarketEvents.StillFaulty(dealId, d.index, p.maxFaultyPeriods);
            revert IMarketEvents.NotDefaulted(dealId, d.missRun, p.maxMissRun);
        }
        takeAll(s, p, dealId, d, p.tipCap);
    }

    /// @notice Settles, then ends a deal whose miner has forfeited it, be the set frozen or not. All that is closed is settled
    /// first, so nothing hangs on who settled when; longer arrears are refused, but for a deal that is defaulted anyway.
    /// @param tipCap most that the sender earns
    function forfeit(MarketState storage s, MarketParams memory p, bytes32 dealId, Deal storage d, uint96 tipCap)
        internal
    {
        settleArrears(s, p, dealId, d);
        uint32 closed = PeriodClock.periodAt(block.number, PeriodClock.shiftOf(d.miner, p.periodBlocks), p.periodBlocks);
        if (closed > d.end) closed = d.end;
        if (d.cursor < closed && !Settlement.isDefaulted(p, d)) {
            revert IMarketEvents.Unsettled(dealId, d.cursor, closed);
        }
        takeAll(s, p, dealId, d, tipCap);
    }

    /// @dev Half of the collateral to the client, out of which comes the tip; the rest is burned.
    function takeAll(MarketState storage s, MarketParams memory p, bytes32 dealId, Deal storage d, uint96 tipCap)
        private
    {
        uint96 collateral = d.collateral;
        uint96 refunded = Settlement.unspent(d);
        uint96 half = collateral / 2;
        uint96 tip = half < tipCap ? half : tipCap;
        uint32 exitPeriod = leave(s, p, dealId, d);
        finish(s, d, DealState.Terminated);
        s.accounts[d.client].balance += half - tip;
        HandOvers.giveBack(s, dealId, d, refunded);
        s.accounts[msg.sender].balance += tip;
        s.burned += collateral - half;
        emit IMarketEvents.DealTerminated(dealId, msg.sender, exitPeriod, refunded, half - tip, tip, collateral - half);
    }

    /// @notice Removes ended entries from their miners' proving sets, outside a freeze.
    function purge(MarketState storage s, MarketParams memory p, bytes32[] calldata dealIds) internal {
        for (uint256 i = 0; i < dealIds.length; ++i) {
            Deal storage d = s.deals[bytes23(dealIds[i])];
            // Somebody else may have purged it first: that is no reason to fail a batch.
            if (d.height == 0) continue;
            (uint32 duty, bool frozen) = dutyOf(s, p, d.miner);
            if (frozen) revert IMarketEvents.SetFrozenUntil(d.miner, endOfPeriod(p, d.miner));
            if (duty < s.sets[d.miner].entries[d.height][d.index].end) revert IMarketEvents.NotPurgeable(dealIds[i]);
            // Demands and disputes go on until the collateral is freed.
            if (d.state == DealState.Active) {
                d.sealedRoot = s.sets[d.miner].entries[d.height][d.index].sealedRoot;
            }
            removeEntry(s, dealIds[i], d);
        }
    }

    function inState(MarketState storage s, bytes32 dealId, DealState wanted) internal view returns (Deal storage d) {
        d = s.deals[bytes23(dealId)];
        if (d.state != wanted) revert IMarketEvents.WrongState(dealId, uint8(d.state));
    }

    /// @dev A deal that has periods: active, or active and faulty.
    function running(MarketState storage s, bytes32 dealId) private view returns (Deal storage d) {
        d = s.deals[bytes23(dealId)];
        if (d.state != DealState.Active && d.state != DealState.Faulty) {
            revert IMarketEvents.WrongState(dealId, uint8(d.state));
        }
    }

    function settleArrears(MarketState storage s, MarketParams memory p, bytes32 dealId, Deal storage d) internal {
        if (d.state == DealState.Active) {
            Settlement.settle(s, Settlement.rulesOf(p), dealId, d, Settlement.CHUNK);
        } else {
            Settlement.settleFaulty(s, p, dealId, d, Settlement.CHUNK);
        }
    }

    function finish(MarketState storage s, Deal storage d, DealState state) private {
        d.state = state;
        d.collateral = 0;
        --s.sets[d.miner].liveDeals;
    }

    /// @notice The miner's next duty, and whether its set is frozen. Only for a miner whose set has an entry: an empty set is
    /// never frozen.
    function dutyOf(MarketState storage s, MarketParams memory p, address miner)
        internal
        view
        returns (uint32 duty, bool frozen)
    {
        uint256 shift = PeriodClock.shiftOf(miner, p.periodBlocks);
        uint32 period = PeriodClock.periodAt(block.number, shift, p.periodBlocks);
        duty = PeriodClock.nextDuty(block.number, shift, p.periodBlocks, p.windowBlocks);
        frozen = duty != period && !Settlement.isDecided(s, miner, period);
    }

    function endOfPeriod(MarketParams memory p, address miner) internal view returns (uint256) {
        uint256 shift = PeriodClock.shiftOf(miner, p.periodBlocks);
        return PeriodClock.endOf(PeriodClock.periodAt(block.number, shift, p.periodBlocks), shift, p.periodBlocks);
    }

    /// @dev The entry goes now, or, while the set is frozen, is no longer drawn from the next period on (Protocol §5.4).
    function leave(MarketState storage s, MarketParams memory p, bytes32 dealId, Deal storage d)
        private
        returns (uint32 exitPeriod)
    {
        bool frozen;
        (exitPeriod, frozen) = dutyOf(s, p, d.miner);
        if (d.height == 0) return exitPeriod;
        if (!frozen) {
            removeEntry(s, dealId, d);
        } else {
            ProvingSet.Entry storage e = s.sets[d.miner].entries[d.height][d.index];
            if (e.end > exitPeriod) e.end = exitPeriod;
        }
    }

    /// @notice Takes a deal's entry out of its miner's set; the last one of that height takes its slot. Not in a freeze.
    function removeEntry(MarketState storage s, bytes32 dealId, Deal storage d) internal {
        uint24 index = d.index;
        bytes23 moved = s.sets[d.miner].remove(d.height, index);
        if (moved != 0) s.deals[moved].index = index;
        d.height = 0;
        d.index = 0;
        emit IMarketEvents.EntryPurged(dealId, d.miner);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../interfaces/IMarketEvents.sol";
import {IMinerRegistry} from "../interfaces/IMinerRegistry.sol";
import {Deal, DealProposal, DealState, HandOver, Leaving, MarketParams, SkipReason} from "../types/MarketTypes.sol";
import {DealEnds} from "./DealEnds.sol";
import {MarketState} from "./MarketState.sol";
import {Pay} from "./Pay.sol";
import {PeriodClock} from "./PeriodClock.sol";
import {Settlement} from "./Settlement.sol";

/// @title A deal moves to another miner (Protocol §3.9).
/// @notice The new deal locks at its publication only what the old one's escrow cannot cover even in the worst case. Its
/// activation is a notice to the old one, or an end at once if the old miner has waived its notice; what is not spent beyond
/// that fills the new lock. No block is paid twice: the new deal begins when the old one's last period is over.
library HandOvers {
    /// @notice Why a proposal cannot replace the deal that it names, and what that one's escrow leaves for it at least.
    function refusal(MarketState storage s, MarketParams memory p, DealProposal calldata t)
        internal
        view
        returns (SkipReason reason, uint96 covered)
    {
        Deal storage d = s.deals[bytes23(t.replaces)];
        if (!isRunning(d)) return (SkipReason.ReplacesUnknown, 0);
        if (d.client != t.client) return (SkipReason.ReplacesForeign, 0);
        if (d.miner == t.miner) return (SkipReason.ReplacesSameMiner, 0);
        if (isPending(s, t.replaces)) return (SkipReason.HandOverPending, 0);
        if (Settlement.isDefaulted(p, d)) return (SkipReason.DealDefaulted, 0);
        // Room to wait for the end of a freeze of either set, one after the other.
        if (t.activateBy < block.number + p.sealDelay + 2 * uint256(p.windowBlocks) + 1) {
            return (SkipReason.BadActivateBy, 0);
        }
        uint256 shift = PeriodClock.shiftOf(d.miner, p.periodBlocks);
        uint32 end = d.end;
        if (d.leaving == Leaving.Noticed || PeriodClock.periodAt(block.number, shift, p.periodBlocks) >= end) {
            return (SkipReason.DealOver, 0);
        }
        // In the last block for it the cursor stands at most after the current period, unless the deal has not begun. Periods
        // cost no more together than one by one, so whatever is paid or refunded by then, and the notice, leaves this.
        uint256 latest = uint256(PeriodClock.periodAt(t.activateBy, shift, p.periodBlocks)) + 1;
        if (latest < d.cursor) latest = d.cursor;
        latest += p.maxMissRun + 1;
        if (latest < end) covered = d.price - Pay.share(d.price, latest - (end - d.periods), d.periods);
    }

    /// @notice A published deal is from now on the one that may take `replaced` over.
    /// @param locked of its price
    function announce(MarketState storage s, bytes32 replaced, bytes32 dealId, uint96 locked) internal {
        s.deals[bytes23(replaced)].leaving = Leaving.HandOver;
        s.handOvers[bytes23(replaced)].successor = bytes23(dealId);
        emit IMarketEvents.HandOverAnnounced(replaced, dealId, locked);
    }

    /// @notice Whether a deal that replaces this one may yet be activated.
    function isPending(MarketState storage s, bytes32 dealId) internal view returns (bool) {
        Deal storage successor = s.deals[s.handOvers[bytes23(dealId)].successor];
        return successor.state == DealState.Published && block.number <= successor.activateByOrStart;
    }

    /// @notice What was not spent of a deal that ends in another way: into the lock of the one that may yet replace it, which
    /// counts on it, else to the client. What is too much for that lock comes back at its activation or expiry.
    function giveBack(MarketState storage s, bytes32 dealId, Deal storage d, uint96 amount) internal {
        if (d.leaving == Leaving.HandOver && isPending(s, dealId)) {
            bytes23 successor = s.handOvers[bytes23(dealId)].successor;
            s.deals[successor].price += amount;
            emit IMarketEvents.EscrowMoved(dealId, successor, amount);
        } else {
            s.accounts[d.client].balance += amount;
        }
    }

    /// @notice The miner of running deals wants no notice of them if they are handed over.
    function waiveNotice(MarketState storage s, IMinerRegistry registry, bytes32[] calldata dealIds) internal {
        for (uint256 i = 0; i < dealIds.length; ++i) {
            Deal storage d = s.deals[bytes23(dealIds[i])];
            if (!isRunning(d)) revert IMarketEvents.WrongState(dealIds[i], uint8(d.state));
            address miner = d.miner;
            if (msg.sender != miner && !registry.mayPublish(miner, msg.sender)) {
                revert IMarketEvents.NotOperator(dealIds[i], msg.sender);
            }
            HandOver storage h = s.handOvers[bytes23(dealIds[i])];
            if (h.waived) continue;
            h.waived = true;
            emit IMarketEvents.NoticeWaived(dealIds[i], miner);
        }
    }

    /// @notice Settles the deal that `t` replaces and ends it; its escrow, what was locked at publication, and the client's
    /// balance make up the lock of `t`, which has passed every other check of its activation.
    /// @return reason why not now; only the settlement stays then, which anyone may do at any time
    /// @return earliest first period of the new miner that begins after the last one that the old deal is paid for
    function takeOver(MarketState storage s, MarketParams memory p, bytes32 dealId, DealProposal calldata t)
        internal
        returns (SkipReason reason, uint32 earliest)
    {
        Deal storage old = s.deals[bytes23(t.replaces)];
        uint96 carried;
        // One that has ended since has given its escrow back already.
        if (isRunning(old)) {
            (reason, carried) = leave(s, p, dealId, t.replaces, old);
            if (reason != SkipReason.None) return (reason, 0);
        }
        Deal storage d = s.deals[bytes23(dealId)];
        // At least zero: see `refusal`.
        s.accounts[t.client].balance += d.price + carried - t.price;
        d.price = t.price;
        uint256 stop = isRunning(old) ? old.end : old.cursor;
        // A deal that ended before its first period was closed is paid for nothing.
        if (stop == 0) return (SkipReason.None, 0);
        uint256 shift = PeriodClock.shiftOf(old.miner, p.periodBlocks);
        uint256 over = PeriodClock.endOf(stop - 1, shift, p.periodBlocks);
        shift = PeriodClock.shiftOf(t.miner, p.periodBlocks);
        earliest = PeriodClock.periodAt(over - 1, shift, p.periodBlocks) + 1;
    }

    /// @dev As a notice (Protocol §3.7), but that the rest is the new deal's. The old one stays active until its collateral
    /// hold is over and is completed as any, so whatever holds its collateral, in `complete`, holds it here too.
    function leave(MarketState storage s, MarketParams memory p, bytes32 newDealId, bytes32 dealId, Deal storage d)
        private
        returns (SkipReason, uint96 carried)
    {
        (uint32 duty, bool frozen) = DealEnds.dutyOf(s, p, d.miner);
        // A faulty deal has nothing in the set.
        if (d.height == 0) frozen = false;
        DealEnds.settleArrears(s, p, dealId, d);
        if (Settlement.isDefaulted(p, d)) return (SkipReason.DealDefaulted, 0);
        uint32 from = d.cursor > duty ? d.cursor : duty;
        uint32 notice = s.handOvers[bytes23(dealId)].waived ? 0 : uint32(p.maxMissRun) + 1;
        uint96 price = d.price;
        if (from + notice < d.end) {
            if (frozen) return (SkipReason.ReplacedFrozen, 0);
            if (d.cursor != from) return (SkipReason.DealUnsettled, 0);
            (price, carried) = DealEnds.recount(s, d, from + notice);
        } else {
            // It ends no later anyway, and from now on no later than that.
            d.leaving = Leaving.Noticed;
        }
        emit IMarketEvents.DealHandedOver(dealId, newDealId, d.end - d.periods, d.end, price, carried);
        return (SkipReason.None, carried);
    }

    /// @dev A faulty deal is handed over as well: its client wants the piece kept.
    function isRunning(Deal storage d) private view returns (bool) {
        return d.state == DealState.Active || d.state == DealState.Faulty;
    }
}

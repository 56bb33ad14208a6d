// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../interfaces/IMarketEvents.sol";
import {Deal, DealState, MarketParams} from "../types/MarketTypes.sol";
import {MarketState} from "./MarketState.sol";
import {Pay} from "./Pay.sol";
import {PeriodClock} from "./PeriodClock.sol";

/// @title What closed periods cost whom (Protocol §3.4, §5.5). Internal: compiled into whatever settles.
library Settlement {
    /// @notice Periods that ending or extending a deal settles at once; longer arrears are settled before.
    uint32 internal constant CHUNK = 1024;

    /// @notice Those of a market's parameters that settlement reads.
    struct Rules {
        uint256 periodBlocks;
        uint256 maxMissRun;
        uint16 missPenaltyBps;
        uint16 priceBurnBps;
    }

    function rulesOf(MarketParams memory p) internal pure returns (Rules memory) {
        return Rules(p.periodBlocks, p.maxMissRun, p.missPenaltyBps, p.priceBurnBps);
    }

    /// @notice Both bits of a period: 1 when it is proved, 1 << 128 when it is excused, 0 when it is neither.
    function bitsOf(MarketState storage s, address miner, uint256 period) internal view returns (uint256) {
        return (s.periods[miner][period >> 7] >> (period & 127)) & ((uint256(1) << 128) | 1);
    }

    /// @notice Nothing more can come of the period, over or not: it is proved or excused.
    function isDecided(MarketState storage s, address miner, uint256 period) internal view returns (bool) {
        return bitsOf(s, miner, period) != 0;
    }

    /// @notice Price that is neither paid nor refunded yet.
    function unspent(Deal storage d) internal view returns (uint96) {
        // Handed over without notice, a deal has no price and no periods left.
        if (d.periods == 0) return 0;
        uint32 missed = d.cursor - (d.end - d.periods) - d.proved;
        return d.price - Pay.share(d.price, d.proved, d.periods) - Pay.share(d.price, missed, d.periods);
    }

    /// @notice Walks closed periods from the cursor and moves their money; an excused one leaves the run as it is. Stops
    /// for good at the miss that makes the run longer than maxMissRun, so the outcome is the same whoever settles when.
    function settle(MarketState storage s, Rules memory r, bytes32 dealId, Deal storage d, uint32 maxPeriods) internal {
        uint32 from = d.cursor;
        uint256 run = d.missRun;
        if (run > r.maxMissRun) return;
        (uint32 to, uint32 won, uint32 excused) = (from, 0, 0);
        {
            uint256 limit = closedBefore(s, r, d.miner);
            if (limit > d.end) limit = d.end;
            if (limit > uint256(from) + maxPeriods) limit = uint256(from) + maxPeriods;
            mapping(uint256 => uint256) storage words = s.periods[d.miner];
            uint256 word;
            while (to < limit && run <= r.maxMissRun) {
                if (to == from || to & 127 == 0) word = words[to >> 7];
                uint256 bits = word >> (to & 127);
                if (bits & 1 == 1) {
                    // All the proved ones in a row at once: mostly there are no others.
                    uint256 row = onesFromBelow(bits);
                    uint256 room = smaller(limit - to, 128 - (to & 127));
                    if (row > room) row = room;
                    run = 0;
                    won += uint32(row);
                    to += uint32(row);
                } else {
                    if ((bits >> 128) & 1 == 1) ++excused;
                    else ++run;
                    ++to;
                }
            }
        }
        if (to == from) return;
        moveMoney(s, r, dealId, d, from, to, won, excused);
        d.cursor = to;
        d.proved += won;
        d.missRun = uint8(run);
    }

    /// @notice Settles a deal whose fault is declared (Protocol §5.8): each of its periods costs the fee and returns its price,
    /// whatever the miner proves of other deals. A period is settled from its challenge block on, for from then on no recovery
    /// can save it. Stops for good when there were more than maxFaultyPeriods, or no collateral is left.
    function settleFaulty(
        MarketState storage s,
        MarketParams memory p,
        bytes32 dealId,
        Deal storage d,
        uint32 maxPeriods
    ) internal {
        uint32 from = d.cursor;
        uint32 count;
        {
            uint256 shift = PeriodClock.shiftOf(d.miner, p.periodBlocks);
            uint256 limit = PeriodClock.nextDuty(block.number, shift, p.periodBlocks, p.windowBlocks);
            if (limit > d.end) limit = d.end;
            if (limit <= from) return;
            uint256 n = limit - from;
            if (n > maxPeriods) n = maxPeriods;
            uint256 left = uint256(p.maxFaultyPeriods) + 1 - d.index;
            if (n > left) n = left;
            uint256 each = Pay.slashPerMiss(d.price, d.periods, p.faultFeeBps);
            left = (d.collateral + each - 1) / each;
            if (n > left) n = left;
            count = uint32(n);
        }
        if (count == 0) return;
        uint96 refunded;
        {
            (uint96 price, uint32 periods) = (d.price, d.periods);
            uint32 missed = from - (d.end - periods) - d.proved;
            refunded = Pay.share(price, missed + count, periods) - Pay.share(price, missed, periods);
        }
        (uint96 slashed, uint96 toClient) = slash(d, count, p.faultFeeBps);
        d.cursor = from + count;
        d.index += uint24(count);
        s.accounts[d.client].balance += refunded + toClient;
        s.burned += slashed - toClient;
        emit IMarketEvents.DealSettled(dealId, from, from + count, 0, 0, 0, 0, refunded, slashed, toClient);
    }

    /// @notice Settlement has stopped for good: too many misses in a row, or a fault that lasts too long or is no longer paid for.
    function isDefaulted(MarketParams memory p, Deal storage d) internal view returns (bool) {
        if (d.state == DealState.Faulty) return d.index > p.maxFaultyPeriods || d.collateral == 0;
        return d.missRun > p.maxMissRun;
    }

    /// @dev How many of the lowest bits are set, one after the other.
    function onesFromBelow(uint256 bits) private pure returns (uint256 ones) {
        assembly ("memory-safe") {
            let gap := not(bits)
            ones := sub(255, clz(and(gap, sub(0, gap))))
        }
    }

    function smaller(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }

    /// @dev First period that is neither over, nor proved, nor excused.
    function closedBefore(MarketState storage s, Rules memory r, address miner) private view returns (uint256) {
        uint256 current = PeriodClock.periodAt(block.number, PeriodClock.shiftOf(miner, r.periodBlocks), r.periodBlocks);
        return isDecided(s, miner, current) ? current + 1 : current;
    }

    function moveMoney(
        MarketState storage s,
        Rules memory r,
        bytes32 dealId,
        Deal storage d,
        uint32 from,
        uint32 to,
        uint32 won,
        uint32 excused
    ) private {
        uint96 price = d.price;
        uint32 periods = d.periods;
        uint32 unproved = to - from - won;
        uint32 lost = unproved - excused;
        uint96 paid;
        uint96 fee;
        uint96 refunded;
        {
            uint96 before = Pay.share(price, d.proved, periods);
            uint96 afterwards = Pay.share(price, d.proved + won, periods);
            uint32 missed = from - (d.end - periods) - d.proved;
            paid = afterwards - before;
            fee = Pay.burnOf(afterwards, r.priceBurnBps) - Pay.burnOf(before, r.priceBurnBps);
            refunded = Pay.share(price, missed + unproved, periods) - Pay.share(price, missed, periods);
        }
        (uint96 slashed, uint96 toClient) = lost == 0 ? (0, 0) : slash(d, lost, r.missPenaltyBps);
        if (paid != fee) s.accounts[d.miner].balance += paid - fee;
        if (refunded + toClient != 0) s.accounts[d.client].balance += refunded + toClient;
        uint256 burnt = uint256(fee) + slashed - toClient;
        if (burnt != 0) s.burned += burnt;
        emit IMarketEvents.DealSettled(dealId, from, to, won, excused, paid, fee, refunded, slashed, toClient);
    }

    /// @dev Each miss (or fee) by itself: half (rounded down) to the client, the rest burned; the last may find less than a
    /// whole one left.
    function slash(Deal storage d, uint32 lost, uint16 penaltyBps) private returns (uint96 slashed, uint96 toClient) {
        uint96 collateral = d.collateral;
        uint96 each = Pay.slashPerMiss(d.price, d.periods, penaltyBps);
        uint96 whole = collateral / each;
        if (lost <= whole) {
            slashed = each * lost;
            // forge-lint: disable-next-line(divide-before-multiply)
            toClient = (each / 2) * lost;
        } else {
            slashed = collateral;
            // forge-lint: disable-next-line(divide-before-multiply)
            toClient = (each / 2) * whole + (collateral - each * whole) / 2;
        }
        d.collateral = collateral - slashed;
    }
}

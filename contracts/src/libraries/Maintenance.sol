// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMinerRegistry} from "../interfaces/IMinerRegistry.sol";
import {IMarketEvents} from "../interfaces/IMarketEvents.sol";
import {MarketParams} from "../types/MarketTypes.sol";
import {MarketState} from "./MarketState.sol";
import {PeriodClock} from "./PeriodClock.sol";

/// @title Periods without duty, announced ahead (Protocol §5.7).
library Maintenance {
    /// @notice Excuses [firstPeriod, firstPeriod + count). None of these periods is drawn yet, or proved: each ends later
    /// than the current one, and its challenge block is in its second half.
    function announce(MarketState storage s, MarketParams memory p, address miner, uint32 firstPeriod, uint32 count)
        internal
    {
        if (msg.sender != miner && !IMinerRegistry(p.registry).isOperator(miner, msg.sender)) {
            revert IMarketEvents.NotMiner(miner, msg.sender);
        }
        if (count == 0) revert IMarketEvents.MaintenanceEmpty();
        uint256 end = uint256(firstPeriod) + count;
        {
            uint256 shift = PeriodClock.shiftOf(miner, p.periodBlocks);
            uint256 earliest = uint256(PeriodClock.periodAt(block.number, shift, p.periodBlocks)) + p.maintenanceNotice;
            if (firstPeriod < earliest) revert IMarketEvents.MaintenanceTooSoon(firstPeriod, earliest);
            uint256 latest = earliest + p.maxPeriods;
            if (end > latest) revert IMarketEvents.MaintenanceTooFar(end, latest);
        }
        uint256 at = firstPeriod;
        while (at < end) {
            uint256 quarter = at / p.maintenanceQuarter;
            uint256 to = smaller(end, (quarter + 1) * p.maintenanceQuarter);
            spend(s, p, miner, quarter, to - at);
            excuse(s, miner, at, to);
            at = to;
        }
        emit IMarketEvents.MaintenanceAnnounced(miner, firstPeriod, count);
    }

    /// @notice Periods that the miner may still excuse in the quarter of `period`.
    function left(MarketState storage s, uint256 maintenancePeriods, uint256 quarter, address miner)
        internal
        view
        returns (uint256)
    {
        return maintenancePeriods - s.maintained[miner][quarter];
    }

    function spend(MarketState storage s, MarketParams memory p, address miner, uint256 quarter, uint256 wanted)
        private
    {
        uint256 free = left(s, p.maintenancePeriods, quarter, miner);
        if (wanted > free) revert IMarketEvents.MaintenanceExhausted(miner, quarter, wanted, free);
        s.maintained[miner][quarter] += wanted;
    }

    /// @dev Word by word.
    function excuse(MarketState storage s, address miner, uint256 at, uint256 to) private {
        mapping(uint256 => uint256) storage words = s.periods[miner];
        while (at < to) {
            uint256 stop = smaller(to, (at | 127) + 1);
            uint256 mask = ((uint256(1) << (stop - at)) - 1) << (128 + (at & 127));
            uint256 word = words[at >> 7];
            if (word & mask != 0) {
                while ((word >> (128 + (at & 127))) & 1 == 0) ++at;
                revert IMarketEvents.AlreadyExcused(miner, uint32(at));
            }
            words[at >> 7] = word | mask;
            at = stop;
        }
    }

    function smaller(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}

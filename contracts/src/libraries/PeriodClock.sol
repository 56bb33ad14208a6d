// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title A miner's proving periods in blocks (Protocol §5.1).
library PeriodClock {
    /// @notice Blocks by which a miner's periods begin before multiples of the period; spreads load.
    function shiftOf(address miner, uint256 periodBlocks) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(miner))) % periodBlocks;
    }

    function periodAt(uint256 blockNumber, uint256 shift, uint256 periodBlocks) internal pure returns (uint32) {
        return uint32((blockNumber + shift) / periodBlocks);
    }

    /// @notice First block after the period.
    function endOf(uint256 period, uint256 shift, uint256 periodBlocks) internal pure returns (uint256) {
        return (period + 1) * periodBlocks - shift;
    }

    /// @notice Block whose seed draws the period's challenges.
    function challengeOf(uint256 period, uint256 shift, uint256 periodBlocks, uint256 windowBlocks)
        internal
        pure
        returns (uint256)
    {
        uint256 end = endOf(period, shift, periodBlocks);
        // A miner's period 0 may end before a whole window has gone by since the genesis block.
        return end > windowBlocks ? end - windowBlocks : 0;
    }

    /// @notice First period whose challenge block lies after the block.
    function nextDuty(uint256 blockNumber, uint256 shift, uint256 periodBlocks, uint256 windowBlocks)
        internal
        pure
        returns (uint32)
    {
        uint32 period = periodAt(blockNumber, shift, periodBlocks);
        return challengeOf(period, shift, periodBlocks, windowBlocks) > blockNumber ? period : period + 1;
    }
}

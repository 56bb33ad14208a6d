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
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Sizes of pieces and their trees (Protocol §2).
library PieceMath {
    /// @notice Largest piece, bytes.
    uint64 internal constant MAX_RAW_SIZE = 1 << 38;

    /// @notice Leaves of a piece of `rawSize` bytes: 4·⌈rawSize/127⌉.
    function leafCount(uint64 rawSize) internal pure returns (uint40) {
        return uint40(4 * ((uint256(rawSize) + 126) / 127));
    }

    /// @notice ⌈log2 leaves⌉ for leaves ≥ 1.
    function height(uint256 leaves) internal pure returns (uint8 h) {
        uint256 x = leaves - 1;
        assembly ("memory-safe") {
            h := sub(256, clz(x))
        }
    }
}

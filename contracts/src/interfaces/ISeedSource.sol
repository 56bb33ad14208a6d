// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Where challenge randomness comes from (Protocol §5). Small, immutable, given to a market at construction.
interface ISeedSource {
    /// @notice The source does not (or no longer) vouch for this block.
    error SeedUnavailable(uint256 blockNumber);

    /// @notice Random value of a past block, or zero when the source cannot vouch for it.
    /// @param blockNumber a block before the current one
    /// @param proof what the source needs besides (empty for block hashes)
    function valueAt(uint256 blockNumber, bytes calldata proof) external view returns (bytes32 value);

    /// @notice How many blocks back `valueAt` reaches.
    function reach() external view returns (uint256 blocks);
}

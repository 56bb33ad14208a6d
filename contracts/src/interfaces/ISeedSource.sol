// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Where challenge randomness comes from (Protocol §5.6). Small, immutable, given to a market at construction.
/// What a market trusts it in: nobody knows a block's value before that block is built, and a block has one value at most.
interface ISeedSource {
    /// @notice The source does not (or not yet, or no longer) vouch for this block.
    error SeedUnavailable(uint256 blockNumber);

    /// @notice Random value of a past block, or zero when the source cannot vouch for it: the block is not `lag()` blocks
    /// old or more than `reach()`, or the proof is not of it. Never reverts.
    /// @param blockNumber a block before the current one
    /// @param proof what the source needs besides (empty for block hashes)
    function valueAt(uint256 blockNumber, bytes calldata proof) external view returns (bytes32 value);

    /// @notice How many blocks after a block its value is first given; at least 1.
    function lag() external view returns (uint256 blocks);

    /// @notice How many blocks back `valueAt` reaches.
    function reach() external view returns (uint256 blocks);

    /// @notice What the value is and what `proof` must be, as a short ASCII name padded with zeros, for those who send it.
    function kind() external view returns (bytes32 name);
}

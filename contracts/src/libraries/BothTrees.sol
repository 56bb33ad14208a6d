// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MerkleTree} from "./MerkleTree.sol";
import {StreamSeal} from "./StreamSeal.sol";

/// @title One leaf opened in the piece tree and in the replica's (Protocol §4, §6): piece leaf, piece path, sealed leaf, sealed
/// path, 32 bytes a node.
library BothTrees {
    /// @notice Whether both paths lead to their roots.
    /// @param at calldata offset of the opening
    /// @param half bytes of either tree's part, (height + 1) · 32
    function opens(uint256 at, uint256 half, uint256 height, uint256 leaf, bytes32 pieceRoot, bytes32 sealedRoot)
        internal
        view
        returns (bool)
    {
        return
            MerkleTree.rootOf(at, leaf, height) == pieceRoot && MerkleTree.rootOf(at + half, leaf, height) == sealedRoot;
    }

    /// @notice Whether the sealed leaf is the piece leaf under the mask of its deal and place.
    function isSealed(uint256 at, uint256 half, bytes32 dealId, uint256 leaf) internal pure returns (bool) {
        bytes32 xored;
        assembly ("memory-safe") {
            xored := xor(calldataload(at), calldataload(add(at, half)))
        }
        return xored == StreamSeal.mask(dealId, uint64(leaf));
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MerkleTree} from "./MerkleTree.sol";
import {ProvingSet} from "./ProvingSet.sol";
import {StreamSeal} from "./StreamSeal.sol";

/// @title Openings of drawn positions in both trees of a deal (Protocol §4): the replica is what it should be there.
library SealOpenings {
    /// @param seed draws the positions
    /// @param leaves of the piece, and `height` of its trees: they cost gas, and the caller has them
    /// @param openings for each position: piece leaf, piece path, sealed leaf, sealed path
    /// @param count positions
    /// @return right false when the length or a mask is wrong, or when they do not all lead to the piece root and to one other
    /// @return sealedRoot that other
    function rootOf(
        bytes32 dealId,
        bytes32 seed,
        bytes32 pieceRoot,
        uint256 leaves,
        uint256 height,
        bytes calldata openings,
        uint256 count
    ) internal view returns (bool right, bytes32 sealedRoot) {
        uint256 half = (height + 1) << 5;
        if (openings.length != count * 2 * half) return (false, 0);
        uint256 at;
        assembly ("memory-safe") {
            at := openings.offset
        }
        for (uint256 i = 0; i < count; ++i) {
            uint256 leaf = ProvingSet.expand(seed, i) % leaves;
            bytes32 xored;
            assembly ("memory-safe") {
                xored := xor(calldataload(at), calldataload(add(at, half)))
            }
            if (xored != StreamSeal.mask(dealId, uint64(leaf))) return (false, 0);
            if (MerkleTree.rootOf(at, leaf, height) != pieceRoot) return (false, 0);
            bytes32 root = MerkleTree.rootOf(at + half, leaf, height);
            if (i == 0) sealedRoot = root;
            else if (root != sealedRoot) return (false, 0);
            at += 2 * half;
        }
        right = true;
    }
}

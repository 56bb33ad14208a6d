// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice The tree of Protocol §2 written as it reads there: slow, and the reference for the fast one.
library PlainTree {
    function node(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        bytes memory digest = abi.encodePacked(sha256(abi.encodePacked(left, right)));
        digest[31] = bytes1(uint8(digest[31]) & 0x3f);
        return bytes32(digest);
    }

    /// @notice All levels, leaves first, padded with zero leaves to 2^height.
    function levels(bytes32[] memory leaves, uint256 height) internal pure returns (bytes32[][] memory all) {
        all = new bytes32[][](height + 1);
        all[0] = new bytes32[](2 ** height);
        for (uint256 i = 0; i < leaves.length; ++i) {
            all[0][i] = leaves[i];
        }
        for (uint256 h = 1; h <= height; ++h) {
            all[h] = new bytes32[](2 ** (height - h));
            for (uint256 i = 0; i < all[h].length; ++i) {
                all[h][i] = node(all[h - 1][2 * i], all[h - 1][2 * i + 1]);
            }
        }
    }

    function root(bytes32[] memory leaves, uint256 height) internal pure returns (bytes32) {
        return levels(leaves, height)[height][0];
    }

    /// @notice Leaf and path, bottom-up, concatenated.
    function opening(bytes32[] memory leaves, uint256 height, uint256 index) internal pure returns (bytes memory out) {
        bytes32[][] memory all = levels(leaves, height);
        out = abi.encodePacked(all[0][index]);
        for (uint256 h = 0; h < height; ++h) {
            out = bytes.concat(out, all[h][(index >> h) ^ 1]);
        }
    }

    /// @notice Root that a leaf and its path lead to.
    function rootOf(bytes32 leaf, bytes32[] memory path, uint256 index) internal pure returns (bytes32) {
        for (uint256 h = 0; h < path.length; ++h) {
            leaf = (index >> h) & 1 == 0 ? node(leaf, path[h]) : node(path[h], leaf);
        }
        return leaf;
    }
}

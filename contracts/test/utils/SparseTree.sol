// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {PlainTree} from "./PlainTree.sol";

/// @notice A tree of any height whose leaves are zero but for a few: tall trees without their gibibytes.
library SparseTree {
    struct Leaf {
        uint256 index;
        bytes32 value;
    }

    /// @notice Node `index` of level `level`, leaves being level 0.
    function node(Leaf[] memory leaves, uint256 level, uint256 index) internal pure returns (bytes32) {
        if (level == 0) {
            for (uint256 i = 0; i < leaves.length; ++i) {
                if (leaves[i].index == index) return leaves[i].value;
            }
            return 0;
        }
        for (uint256 i = 0; i < leaves.length; ++i) {
            if (leaves[i].index >> level == index) {
                return PlainTree.node(node(leaves, level - 1, 2 * index), node(leaves, level - 1, 2 * index + 1));
            }
        }
        bytes32 zero;
        for (uint256 h = 0; h < level; ++h) {
            zero = PlainTree.node(zero, zero);
        }
        return zero;
    }

    /// @notice Leaf and path, bottom-up, concatenated.
    function opening(Leaf[] memory leaves, uint256 height, uint256 index) internal pure returns (bytes memory out) {
        out = abi.encodePacked(node(leaves, 0, index));
        for (uint256 h = 0; h < height; ++h) {
            out = bytes.concat(out, node(leaves, h, (index >> h) ^ 1));
        }
    }
}

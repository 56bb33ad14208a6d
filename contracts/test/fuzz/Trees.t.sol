// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MerkleTree} from "../../src/libraries/MerkleTree.sol";
import {PieceMath} from "../../src/libraries/PieceMath.sol";
import {ProvingSet} from "../../src/libraries/ProvingSet.sol";
import {Test} from "../utils/Test.sol";

/// @title The assembly path check and the sizes against plain Solidity.
contract TreesFuzz is Test {
    function fast(bytes calldata opening, uint256 index, uint256 height) external view returns (bytes32) {
        uint256 at;
        assembly {
            at := opening.offset
        }
        return MerkleTree.rootOf(at, index, height);
    }

    function plain(bytes32[] memory nodes, uint256 index) private pure returns (bytes32 node) {
        node = nodes[0];
        for (uint256 i = 1; i < nodes.length; ++i) {
            bytes32 hash =
                index & 1 == 0 ? sha256(abi.encodePacked(node, nodes[i])) : sha256(abi.encodePacked(nodes[i], node));
            node = bytes32(uint256(hash) & ~uint256(0xc0));
            index >>= 1;
        }
    }

    function testFuzz_rootOf_agreesWithThePlainReference(bytes32 seed, uint256 index, uint8 height) public view {
        uint256 h = bound(height, 0, 34);
        bytes32[] memory nodes = new bytes32[](h + 1);
        bytes memory packed;
        for (uint256 i = 0; i <= h; ++i) {
            nodes[i] = keccak256(abi.encode(seed, i));
            packed = bytes.concat(packed, nodes[i]);
        }
        assertEq(this.fast(packed, index, h), plain(nodes, index));
    }

    function testFuzz_expand_agreesWithThePlainForm(bytes32 seed, uint256 counter) public view {
        assertEq(bytes32(ProvingSet.expand(seed, counter)), sha256(abi.encode(seed, counter)));
    }

    function testFuzz_height_isTheLeastThatHolds(uint256 leaves) public pure {
        leaves = bound(leaves, 1, 1 << 34);
        uint256 h = PieceMath.height(leaves);
        assertTrue(uint256(1) << h >= leaves);
        assertTrue(h == 0 || uint256(1) << (h - 1) < leaves);
    }

    function testFuzz_leafCount_holdsTheBytes(uint64 size) public pure {
        size = uint64(bound(size, 1, PieceMath.MAX_RAW_SIZE));
        uint256 leaves = PieceMath.leafCount(size);
        // forge-lint: disable-next-line(divide-before-multiply)
        assertTrue(leaves % 4 == 0 && (leaves / 4) * 127 >= size && (leaves / 4 - 1) * 127 < size);
    }
}

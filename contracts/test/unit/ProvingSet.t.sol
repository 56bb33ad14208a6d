// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ProvingSet} from "../../src/libraries/ProvingSet.sol";
import {Test} from "../utils/Test.sol";

/// @title The draw by itself (Protocol §5.3): fair to every leaf, and as cheap with ten thousand deals as with one.
contract ProvingSetTest is Test {
    using ProvingSet for ProvingSet.Set;

    ProvingSet.Set private _set;

    function add(uint40 leafCount, uint8 height, uint256 name) private {
        _set.insert(height, ProvingSet.Entry(bytes32(name), leafCount, type(uint32).max, bytes23(bytes32(name))));
    }

    function draw(bytes32 seed) private view returns (ProvingSet.Drawn memory drawn) {
        uint256 used = _set.draw(_set.header(), seed, 0, 0, ProvingSet.TRIES, drawn);
        assertTrue(used != 0, "no draw");
    }

    /// @dev Deals of 3, 4, 5, 7 and 16 leaves; 8,000 seeds; each leaf as often as any other. With 34 degrees of freedom
    /// chi-square passes 65.2 once in a thousand times; the seeds are fixed.
    function test_draw_isUniformOverLeaves() public {
        uint40[5] memory sizes = [uint40(3), 4, 5, 7, 16];
        uint8[5] memory heights = [2, 2, 3, 3, 4];
        uint256[5] memory first;
        uint256 leaves;
        for (uint256 i = 0; i < 5; ++i) {
            add(sizes[i], heights[i], i + 1);
            first[i] = leaves;
            leaves += sizes[i];
        }
        uint256[] memory seen = new uint256[](leaves);
        uint256 draws = 8000;
        for (uint256 n = 0; n < draws; ++n) {
            ProvingSet.Drawn memory d = draw(keccak256(abi.encode("seed", n)));
            uint256 deal = uint256(d.sealedRoot) - 1;
            assertTrue(d.leaf < sizes[deal], "a leaf that is none");
            ++seen[first[deal] + d.leaf];
        }
        // Σ (seen - expected)² / expected, in thousandths.
        uint256 chi;
        for (uint256 i = 0; i < leaves; ++i) {
            uint256 have = seen[i] * leaves;
            uint256 off = have > draws ? have - draws : draws - have;
            chi += off * off * 1000 / (draws * leaves);
        }
        assertTrue(chi < 65_200, "the draw is not uniform");
        // A statistic of a real draw is not suspiciously small either.
        assertTrue(chi > 12_000, "the draw is too even");
    }

    /// @dev As many hashes as a draw needs are enough, one less is not.
    function test_draw_endsAtItsLimit() public {
        add(3, 2, 1);
        bool again;
        for (uint256 n = 0; n < 40; ++n) {
            bytes32 seed = keccak256(abi.encode("limit", n));
            ProvingSet.Drawn memory d;
            uint256 needed = _set.draw(_set.header(), seed, 0, 0, ProvingSet.TRIES, d);
            assertEq(_set.draw(_set.header(), seed, 0, 0, needed, d), needed);
            assertEq(_set.draw(_set.header(), seed, 0, 0, needed - 1, d), 0);
            again = again || needed > 1;
        }
        assertTrue(again, "no draw met the leaf that is none");
    }

    function test_attack_aMinerWith10000Deals() public {
        add(900_000, 20, 1);
        uint256 one = cost();
        for (uint256 i = 2; i <= 10_000; ++i) {
            add(900_000, 20, i);
        }
        assertEq(_set.count(20), 10_000);
        uint256 many = cost();
        assertTrue(many < one + one / 10, "a draw from many costs more");
        // Any of them can go, at the same cost.
        assertEq(bytes32(_set.remove(20, 17)), bytes32(bytes23(bytes32(uint256(10_000)))));
        assertEq(_set.count(20), 9_999);
    }

    /// @dev The dearest of twenty draws that needed no second try, cold.
    function cost() private view returns (uint256 most) {
        for (uint256 n = 0; n < 20; ++n) {
            bytes32 seed = keccak256(abi.encode(n));
            ProvingSet.Drawn memory d;
            ProvingSet.Header memory header = _set.header();
            uint256 before = gasleft();
            uint256 used = _set.draw(header, seed, 0, 0, 1, d);
            uint256 gas = before - gasleft();
            if (used == 1 && gas > most) most = gas;
        }
    }
}

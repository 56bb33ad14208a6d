// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ISeedSource} from "../../src/interfaces/ISeedSource.sol";
import {HistoryStub} from "../utils/HistoryStub.sol";
import {Test} from "../utils/Test.sol";

interface IBlockHashSeed is ISeedSource {
    function hasHistory() external view returns (bool);
}

contract BlockHashSeedTest is Test {
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    bytes32 private constant PARENT = keccak256("parent");
    bytes32 private constant OLD = keccak256("old");

    function setUp() public {
        vm.roll(20_000);
        vm.setBlockhash(19_999, PARENT);
    }

    function withHistory(bytes32 parent) private returns (IBlockHashSeed) {
        vm.etch(HISTORY, address(new HistoryStub()).code);
        HistoryStub(HISTORY).set(19_999, parent);
        HistoryStub(HISTORY).set(12_000, OLD);
        HistoryStub(HISTORY).set(11_809, OLD);
        HistoryStub(HISTORY).set(11_808, OLD);
        return IBlockHashSeed(vm.deployCode("BlockHashSeed"));
    }

    function test_views() public {
        IBlockHashSeed s = withHistory(PARENT);
        assertEq(s.kind(), bytes32("blockhash"));
        assertEq(s.lag(), 1);
    }

    function test_reach_isTheOpcodesWithoutHistory() public {
        vm.etch(HISTORY, "");
        IBlockHashSeed s = IBlockHashSeed(vm.deployCode("BlockHashSeed"));
        assertFalse(s.hasHistory());
        assertEq(s.reach(), 256);
        assertEq(s.valueAt(19_999, ""), PARENT);
        assertEq(s.valueAt(19_743, ""), bytes32(0));
    }

    function test_reach_isTheOpcodesIfHistoryDisagrees() public {
        IBlockHashSeed s = withHistory(keccak256("other chain's idea of a block"));
        assertFalse(s.hasHistory());
        assertEq(s.reach(), 256);
        assertEq(s.valueAt(12_000, ""), bytes32(0));
    }

    function test_valueAt_usesHistoryBeyondTheOpcode() public {
        IBlockHashSeed s = withHistory(PARENT);
        assertTrue(s.hasHistory());
        assertEq(s.reach(), 8191);
        assertEq(s.valueAt(19_999, ""), PARENT);
        assertEq(s.valueAt(12_000, ""), OLD);
        assertEq(s.valueAt(11_809, ""), OLD, "the last block of the reach");
        assertEq(s.valueAt(11_808, ""), bytes32(0), "one block too old");
    }

    function test_valueAt_isZeroForTheCurrentAndLaterBlocks() public {
        IBlockHashSeed s = withHistory(PARENT);
        assertEq(s.valueAt(20_000, ""), bytes32(0));
        assertEq(s.valueAt(20_001, ""), bytes32(0));
        assertEq(s.valueAt(type(uint256).max, ""), bytes32(0));
    }

    function test_valueAt_isZeroIfHistoryHoldsNothing() public {
        IBlockHashSeed s = withHistory(PARENT);
        assertEq(s.valueAt(12_001, ""), bytes32(0));
    }
}

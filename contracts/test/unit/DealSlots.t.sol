// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DealSlots} from "../../src/libraries/DealSlots.sol";
import {Deal, DealProposal, DealState} from "../../src/types/MarketTypes.sol";
import {Test} from "../utils/Test.sol";

/// @notice Whole slots as DealSlots writes them against fields as the compiler reads them.
contract DealSlotsTest is Test {
    using DealSlots for Deal;

    Deal private d;

    function publish(DealProposal calldata t, uint256 sealBlock, bytes32 root) external {
        d.publish(t, t.price, sealBlock, root);
    }

    function testFuzz_publish_fillsTheFields(
        address client,
        address miner,
        uint96 price,
        uint96 collateral,
        uint40 activateBy,
        uint32 sealBlock,
        bytes32 root
    ) public {
        DealProposal memory t;
        (t.client, t.miner, t.price, t.collateral, t.activateBy) = (client, miner, price, collateral, activateBy);
        this.publish(t, sealBlock, root);
        assertEq(d.client, client);
        assertEq(d.miner, miner);
        assertEq(d.price, price);
        assertEq(d.collateral, collateral);
        assertEq(uint256(d.state), uint256(DealState.Published));
        assertEq(uint256(d.height) + d.missRun, 0);
        assertEq(d.activateByOrStart, activateBy);
        assertEq(d.sealBlock, sealBlock);
        assertEq(d.sealedRoot, bytes32(0));
    }

    /// @dev The last twelve bytes are not kept; every bit of the others counts.
    function testFuzz_isSealedAs_knowsTwentyBytes(bytes32 root, uint8 bit) public {
        DealProposal memory t;
        this.publish(t, 1, root);
        assertTrue(d.isSealedAs(root));
        assertTrue(d.isSealedAs(bytes32(bytes20(root))));
        bytes32 flipped = root ^ bytes32(uint256(1) << (96 + bound(bit, 0, 159)));
        assertFalse(d.isSealedAs(flipped));
    }

    function testFuzz_activate_fillsTheFields(
        uint8 height,
        uint24 index,
        uint32 start,
        uint32 periods,
        uint32 sealBlock,
        bytes32 root
    ) public {
        DealProposal memory t;
        (t.client, t.miner, t.price, t.collateral) = (address(1), address(2), 3, 4);
        this.publish(t, sealBlock, root);
        start /= 2;
        periods /= 2;
        d.activate(height, index, start, periods);
        assertEq(d.client, address(1));
        assertEq(d.miner, address(2));
        assertEq(uint256(d.price) << 8 | d.collateral, 3 << 8 | 4);
        assertEq(uint256(d.state), uint256(DealState.Active));
        assertEq(d.height, height);
        assertEq(d.index, index);
        assertEq(d.activateByOrStart, start);
        assertEq(d.cursor, start);
        assertEq(d.end, uint256(start) + periods);
        assertEq(d.periods, periods);
        assertEq(d.sealBlock, sealBlock);
        assertEq(uint256(d.missRun) + d.proved, 0);
        assertEq(uint256(d.leaving), 0);
    }

    function testFuzz_forget_leavesOnlyTheRootOut(uint40 activateBy, uint32 sealBlock, bytes32 root) public {
        DealProposal memory t;
        t.activateBy = activateBy;
        this.publish(t, sealBlock, root);
        d.forget();
        assertTrue(d.isSealedAs(0));
        assertEq(uint256(d.state), uint256(DealState.Published));
        assertEq(d.activateByOrStart, activateBy);
        assertEq(d.sealBlock, sealBlock);
        assertEq(uint256(d.periods) + d.proved + d.cursor + d.end + d.index, 0);
    }
}

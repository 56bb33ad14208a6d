// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../../src/interfaces/IMarketEvents.sol";
import {DealProposal, DealState, DealView, EarlyEnd} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title Disputes (Protocol §6.2): one wrong leaf forfeits, and every reason to refuse.
contract SealDisputeTest is MarketFixture {
    function setUp() public {
        setUpMarket();
    }

    function dispute(address by, bytes32 id, uint64 leaf) private {
        DealProposal memory p = proposalOf[id];
        bytes memory openings = bothOpenings(id, leaf);
        vm.prank(by);
        market.disputeSeal(p, leaf, openings);
    }

    function refused(bytes32 id, uint64 leaf, bytes memory openings, bytes memory reason) private {
        DealProposal memory p = proposalOf[id];
        vm.expectRevert(reason);
        market.disputeSeal(p, leaf, openings);
    }

    function test_disputeSeal_forfeitsToTheClientAndTheBurn() public {
        (bytes32 id, uint64 leaf) = badlySealedDeal();
        DealView memory v = view_(id);
        uint256 before = balanceOf(client);
        DealProposal memory p = proposalOf[id];
        bytes memory openings = bothOpenings(id, leaf);
        vm.expectEmit(address(market));
        emit IMarketEvents.SealDisputed(id, stranger, uint40(leaf));
        vm.prank(stranger);
        market.disputeSeal(p, leaf, openings);
        assertEq(stateOf(id), uint256(DealState.Terminated));
        assertEq(balanceOf(client) - before, uint256(v.price) + v.collateral / 2);
        assertEq(market.burned(), v.collateral - v.collateral / 2);
        assertEq(balanceOf(stranger), 0, "never to the sender");
        refused(id, leaf, openings, abi.encodeWithSelector(IMarketEvents.WrongState.selector, id, 5));
    }

    /// @dev Closed periods are paid before; the entry is drawn until the period is over.
    function test_disputeSeal_whileFrozen() public {
        (bytes32 id, uint64 leaf) = badlySealedDeal();
        uint32 start = view_(id).start;
        prove(start);
        rollIntoWindow(start + 1);
        assertTrue(market.isFrozen(miner));
        dispute(stranger, id, leaf);
        assertEq(stateOf(id), uint256(DealState.Terminated));
        assertEq(view_(id).proved, 1);
        assertFalse(view_(id).removed);
        rollToNextPeriod();
        market.purge(one(id));
    }

    function test_disputeSeal_afterTheEndUntilCompleted() public {
        (bytes32 id, uint64 leaf) = badlySealedDeal();
        proveMany(view_(id).start, 10);
        market.purge(one(id));
        rollBy(market.params().collateralHold);
        dispute(stranger, id, leaf);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.WrongState.selector, id, 5));
        market.complete(id);
    }

    function test_disputeSeal_withDemandsOpen() public {
        (bytes32 id, uint64 leaf) = badlySealedDeal();
        uint256 bond = demand(client, id, leaf);
        // The miner cannot answer for the leaf.
        assertTrue(uint256(tryAnswer(answerTo(id, false))) != 0);
        dispute(stranger, id, leaf);
        resolve(stranger, id, false);
        assertEq(market.etherOf(client), bond);
    }

    function test_disputeSeal_revertsIfSealIsRight() public {
        (bytes32 id, uint64 leaf) = badlySealedDeal();
        for (uint64 i = 0; i < 32; ++i) {
            if (i == leaf) continue;
            refused(id, i, bothOpenings(id, i), abi.encodeWithSelector(IMarketEvents.SealIsRight.selector, id, i));
        }
    }

    function test_disputeSeal_revertsIfOpeningsAreWrong() public {
        bytes32 id = activeDeal();
        bytes memory reason = abi.encodeWithSelector(IMarketEvents.BadDisputeOpening.selector, id, 2);
        bytes memory good = bothOpenings(id, 2);
        for (uint256 i = 0; i < good.length; i += 16) {
            bytes memory bad = bytes.concat(good);
            bad[i] ^= 0x01;
            refused(id, 2, bad, reason);
        }
        refused(id, 2, bytes.concat(good, bytes32(0)), reason);
        refused(id, 2, "", reason);
        // Trees swapped.
        bytes memory swapped = new bytes(good.length);
        for (uint256 i = 0; i < good.length; ++i) {
            swapped[i] = good[(i + good.length / 2) % good.length];
        }
        refused(id, 2, swapped, reason);
    }

    /// @dev The padding of a tree is not sealed; a dispute over it would convict everybody.
    function test_attack_paddingConvictsNobody() public {
        bytes32 id = activeDeal(proposal(300, 10)); // 12 leaves in a tree of 16
        refused(id, 12, bothOpenings(id, 12), abi.encodeWithSelector(IMarketEvents.LeafOutOfRange.selector, id, 12, 12));
        // Nor do inner nodes pass for leaves.
        uint64 far = type(uint64).max;
        refused(id, far, "", abi.encodeWithSelector(IMarketEvents.LeafOutOfRange.selector, id, far, 12));
    }

    function test_disputeSeal_revertsIfNotActive() public {
        bytes32 id = publish(proposal());
        refused(id, 0, bothOpenings(id, 0), abi.encodeWithSelector(IMarketEvents.WrongState.selector, id, 1));
    }

    /// @dev Whoever sees a dispute and sends it first earns nothing, and the deal ends as it would.
    function test_attack_aCopiedDisputeGainsNothing() public {
        (bytes32 id, uint64 leaf) = badlySealedDeal();
        uint256 before = balanceOf(client);
        DealView memory v = view_(id);
        // The miner itself is first: it does not get off with less.
        uint256 minerBefore = balanceOf(miner);
        dispute(operator, id, leaf);
        assertEq(balanceOf(miner), minerBefore);
        assertEq(balanceOf(operator), 0);
        assertEq(balanceOf(client) - before, uint256(v.price) + v.collateral / 2);
    }

    /// @dev Both sides may agree to end a deal; a dispute before it takes the collateral, after it there is none.
    function test_attack_consentAfterADisputeIsTooLate() public {
        (bytes32 id, uint64 leaf) = badlySealedDeal();
        if (market.isFrozen(miner)) rollToNextPeriod();
        EarlyEnd memory e = earlyEnd(id, true);
        bytes memory signature = signEarlyEnd(e);
        dispute(stranger, id, leaf);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.WrongState.selector, id, 5));
        vm.prank(operator);
        market.endEarly(e, signature);
    }
}

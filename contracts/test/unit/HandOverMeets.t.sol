// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../../src/interfaces/IMarketEvents.sol";
import {DealProposal, DealState, DealView, Mandate, SkipReason} from "../../src/types/MarketTypes.sol";
import {RenewalLimits} from "../../src/interfaces/IMinerRegistry.sol";
import {HandOverFixture} from "../utils/HandOverFixture.sol";

/// @title A hand-over (Protocol §3.9) and everything else that can befall a deal: faults, demands, disputes, mandates, budgets.
contract HandOverMeetsTest is HandOverFixture {
    function setUp() public {
        setUpMarket();
        setUpHeir();
    }

    function thaw() private {
        while (market.isFrozen(miner) || market.isFrozen(heir)) {
            live(block_() + 1);
        }
    }

    function faultyDeal() private returns (bytes32 id) {
        id = oldDeal();
        thaw();
        declareFault(id);
    }

    // ---------------------------------------------------------------- declared faults

    function test_faulty_isHandedOver_andPaysItsFeesToTheEndOfTheNotice() public {
        bytes32 old = faultyDeal();
        bytes32 id = announce(old);
        takeOver(id);
        DealView memory v = view_(old);
        assertEq(uint256(v.state), uint256(DealState.Faulty));
        assertTrue(v.noticed);
        assertEq(v.end - v.cursor, NOTICE, "a notice");
        uint96 collateral = v.collateral;
        vm.roll(market.periodEnd(miner, v.end - 1) + market.params().collateralHold);
        uint256 before = balanceOf(miner);
        vm.prank(stranger);
        market.complete(old);
        assertEq(stateOf(old), uint256(DealState.Completed));
        uint256 freed = balanceOf(miner) - before;
        assertTrue(freed > 0 && freed < collateral, "fees were cut");
    }

    function test_faulty_withoutNotice_isOverAtOnce() public {
        bytes32 old = faultyDeal();
        waive(old, operator);
        bytes32 id = announce(old);
        takeOver(id);
        DealView memory v = view_(old);
        assertEq(v.periods, 0);
        assertEq(v.price, 0);
        uint96 collateral = v.collateral;
        // Nothing more is due for it.
        vm.roll(market.periodEnd(miner, v.end + 5));
        market.settle(one(old), 1024);
        assertEq(view_(old).collateral, collateral);
        vm.roll(market.periodEnd(miner, v.end) + market.params().collateralHold);
        uint256 before = balanceOf(miner);
        market.complete(old);
        assertEq(balanceOf(miner) - before, collateral);
    }

    function test_faulty_isTakenOverInsideAFreeze() public {
        // Another deal keeps the set frozen; the faulty one has nothing in it.
        bytes32 old = oldDeal();
        activeDeal(proposal(200, PERIODS));
        thaw();
        declareFault(old);
        bytes32 id = announce(old);
        vm.roll(view_(id).sealBlock + 1);
        uint32 period = market.periodAt(miner, block_());
        if (block_() <= market.challengeBlock(miner, period)) vm.roll(market.challengeBlock(miner, period) + 1);
        while (market.isFrozen(heir)) {
            vm.roll(block_() + 1);
        }
        assertTrue(market.isFrozen(miner), "frozen");
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.None));
        assertTrue(view_(old).noticed);
    }

    function test_faulty_recoversWithinItsNotice() public {
        bytes32 old = faultyDeal();
        bytes32 id = announce(old);
        takeOver(id);
        uint32 end = view_(old).end;
        vm.roll(market.challengeBlock(miner, view_(old).faultySince) + 2);
        thaw();
        recover(old);
        assertEq(stateOf(old), uint256(DealState.Active));
        assertEq(view_(old).end, end, "the end stays");
    }

    function test_skip_dealDefaulted_faultyTooLong() public {
        bytes32 old = faultyDeal();
        vm.roll(market.periodEnd(miner, view_(old).faultySince + market.params().maxFaultyPeriods + 1));
        market.settle(one(old), 1024);
        DealProposal memory p = replacement(old, heir);
        assertEq(uint256(tryPublish(publication(p), heirOperator)), uint256(SkipReason.DealDefaulted));
    }

    function test_faulty_waivesItsNotice() public {
        bytes32 old = faultyDeal();
        waive(old, miner);
        (,, bool waived) = market.handOver(old);
        assertTrue(waived);
    }

    // ---------------------------------------------------------------- demands and disputes

    function test_attack_handOverIsNoWayOutOfADemand() public {
        bytes32 old = oldDeal();
        bytes32 id = announce(old);
        demand(client, old, 1);
        takeOver(id);
        DealView memory v = view_(old);
        uint256 deadline = openDemand(old, false).deadline;
        assertTrue(deadline != 0, "still open");
        vm.roll(market.periodEnd(miner, v.end - 1) + market.params().collateralHold + 1);
        if (block_() <= deadline) vm.roll(deadline + 1);
        market.settle(one(old), 1024);
        if (view_(old).missRun <= market.params().maxMissRun) {
            vm.expectRevert(abi.encodeWithSelector(IMarketEvents.DemandOpen.selector, old));
            market.complete(old);
        }
        uint256 burnedBefore = market.burned();
        resolve(stranger, old, false);
        assertEq(stateOf(old), uint256(DealState.Terminated));
        assertTrue(market.burned() > burnedBefore, "half is burned");
    }

    function test_attack_handOverIsNoWayOutOfADispute() public {
        (bytes32 old, uint64 leaf) = badlySealedDeal();
        bytes32 id = announce(old);
        takeOver(id);
        uint96 collateral = view_(old).collateral;
        uint256 before = balanceOf(miner);
        bytes memory shown = bothOpenings(old, leaf);
        vm.prank(stranger);
        market.disputeSeal(proposalOf[old], leaf, shown);
        assertEq(stateOf(old), uint256(DealState.Terminated));
        assertTrue(collateral > 0);
        assertTrue(balanceOf(miner) <= before, "nothing came back to the miner but pay that was due");
        // The new deal lives on.
        assertEq(stateOf(id), uint256(DealState.Active));
    }

    function test_dispute_whileItIsPending_movesTheEscrow() public {
        (bytes32 old, uint64 leaf) = badlySealedDeal();
        bytes32 id = announce(old);
        uint96 lockedBefore = view_(id).price;
        uint256 clientBefore = balanceOf(client);
        bytes memory shown = bothOpenings(old, leaf);
        uint96 half = view_(old).collateral / 2;
        vm.prank(stranger);
        market.disputeSeal(proposalOf[old], leaf, shown);
        assertTrue(view_(id).price > lockedBefore, "into the new lock");
        assertEq(balanceOf(client) - clientBefore, half, "its half and no more");
        live(view_(id).sealBlock + 1);
        thaw();
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.None));
        assertEq(view_(id).price, proposalOf[id].price);
    }

    // ---------------------------------------------------------------- mandates and extensions

    function test_attack_mandateDoesNotRenewADealThatIsHandedOver() public {
        bytes32 old = activeDeal(proposal(100, PERIODS));
        vm.prank(miner);
        registry.setRenewalLimits(RenewalLimits(1, type(uint96).max, 30));
        live(market.periodEnd(miner, view_(old).end - 3));
        DealProposal memory p = replacement(old, heir);
        announce(p);
        Mandate memory m =
            Mandate(old, 5, 3, type(uint96).max / 2, 0, type(uint96).max / 2, 0, uint64(block_() + 10_000));
        bytes memory signature = sign(CLIENT_KEY, market.mandateDigest(m));
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.MandateRefused.selector, old, SkipReason.HandOverPending));
        market.executeMandate(m, signature);
    }

    // ---------------------------------------------------------------- budgets

    function test_budget_countsAReplacementAsAnyDeal() public {
        bytes32 old = oldDeal();
        DealProposal memory p = replacement(old, heir);
        vm.prank(heir);
        registry.setCollateralBudget(p.collateral - 1, 1000);
        assertEq(uint256(tryPublish(publication(p), heirOperator)), uint256(SkipReason.OverBudget));
        vm.prank(heir);
        registry.setCollateralBudget(p.collateral, 1000);
        assertEq(uint256(tryPublish(publication(p), heirOperator)), uint256(SkipReason.None));
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMinerRegistry} from "../../src/interfaces/IMinerRegistry.sol";
import {DealProposal, DealState, DealView, MarketParams, SkipReason} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title Every way out (Protocol §9): a miner that wants to leave has all its tokens back, whatever state its deals are in, and
/// whatever its clients do or do not do.
contract ExitTest is MarketFixture {
    address private heir;
    address private heirOperator;
    bytes32[] private deals;

    function setUp() public {
        setUpMarket();
        setUpHeir();
    }

    function setUpHeir() private {
        heir = actor("heir");
        heirOperator = actor("heir operator");
        addMiner(heir, heirOperator);
    }

    /// @dev From here on only time passes and strangers act; then all three have gone, and what is left is burned.
    function everybodyLeaves() private {
        vm.prank(miner);
        registry.announceExit();
        windUp(deals);
        assertEq(market.liveDeals(miner) + market.liveDeals(heir), 0, "live deals");
        assertEq(market.setWeight(miner) + market.setWeight(heir), 0, "entries");
        assertGe(withdrawAll(miner), STAKE);
        assertGe(withdrawAll(heir), STAKE);
        withdrawAll(client);
        withdrawAll(stranger);
        assertEq(token.balanceOf(address(market)), market.burned(), "stranded in the market");
        assertEq(token.balanceOf(address(registry)), 0, "stranded in the registry");
    }

    function track(bytes32 id) private returns (bytes32) {
        deals.push(id);
        return id;
    }

    function handOver(bytes32 old) private returns (bytes32 id) {
        DealProposal memory p = replacement(old, heir);
        assertEq(uint256(tryPublish(publication(p), heirOperator)), uint256(SkipReason.None));
        id = track(market.dealIdOf(p));
    }

    function takeOver(bytes32 id) private {
        vm.roll(view_(id).sealBlock + 1);
        while (market.isFrozen(miner) || market.isFrozen(heir)) rollBy(1);
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.None));
    }

    function test_exit_stopsTakingDealsAtOnce() public {
        vm.prank(miner);
        registry.announceExit();
        assertEq(uint256(tryPublish(publication(proposal()), operator)), uint256(SkipReason.NotOperator));
        everybodyLeavesAgain();
    }

    function everybodyLeavesAgain() private {
        assertEq(withdrawAll(miner), uint256(FUNDS) + STAKE);
        withdrawAll(heir);
        withdrawAll(client);
        assertEq(token.balanceOf(address(market)) + token.balanceOf(address(registry)), 0);
    }

    function test_exit_stakeWaitsForLiveDeals() public {
        bytes32 id = track(publish(proposal()));
        vm.prank(miner);
        registry.announceExit();
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.DealsLive.selector, miner, 1));
        vm.prank(miner);
        registry.withdrawStake(miner);
        // It may still serve what it has: activation and proof need no consent of the registry.
        activate(id);
        prove(view_(id).start);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.DealsLive.selector, miner, 1));
        vm.prank(miner);
        registry.withdrawStake(miner);
    }

    function test_exit_publishedNotActivated() public {
        track(publish(proposal()));
        everybodyLeaves();
    }

    function test_exit_runningOut() public {
        DealProposal memory p = proposal(100, 3);
        bytes32 id = track(activeDeal(p));
        proveMany(view_(id).start, 3);
        everybodyLeaves();
        assertEq(stateOf(id), uint256(DealState.Completed));
        assertEq(token.balanceOf(miner), uint256(FUNDS) + STAKE + p.price - p.price / 100, "paid, and nothing lost");
    }

    function test_exit_activePastItsEnd_unsettled() public {
        bytes32 id = track(activeDeal(proposal(100, 3)));
        proveMany(view_(id).start, 3);
        rollBy(100 * 1000);
        everybodyLeaves();
    }

    function test_exit_moreArrearsThanOneCallSettles() public {
        MarketParams memory p = defaults();
        p.challenges = 1;
        setUpMarket(p);
        setUpHeir();
        bytes32 id = track(activeDeal(proposal(100, 1100)));
        for (uint32 period = view_(id).start; period < view_(id).start + 1100; ++period) {
            this.proveOutside(period);
        }
        everybodyLeaves();
        assertEq(stateOf(id), uint256(DealState.Completed));
        assertEq(view_(id).proved, 1100);
    }

    function proveOutside(uint32 period) external {
        prove(period);
    }

    function test_exit_defaulted() public {
        bytes32 id = track(activeDeal());
        everybodyLeaves();
        assertEq(stateOf(id), uint256(DealState.Terminated));
    }

    /// @dev A collateral of which misses have left nothing does not stop the end either.
    function test_exit_missedToTheLastToken() public {
        DealProposal memory p = proposal(100, 30);
        p.collateral = 12_003;
        bytes32 id = track(activeDeal(p));
        // Two of three missed, until nothing is left.
        uint32 period = view_(id).start;
        for (uint32 i = 2; i < 12; i += 3) {
            prove(period + i);
        }
        rollToNextPeriod();
        market.settle(one(id), 100);
        assertEq(view_(id).collateral, 0);
        everybodyLeaves();
    }

    function test_exit_terminatedEntryNotPurged() public {
        bytes32 id = track(activeDeal());
        vm.roll(market.challengeBlock(miner, view_(id).start + 3));
        market.terminate(id);
        assertFalse(view_(id).removed);
        // The stake need not wait for it.
        vm.prank(miner);
        registry.announceExit();
        vm.prank(miner);
        registry.withdrawStake(miner);
        assertEq(token.balanceOf(miner), STAKE);
        windUp(deals);
        assertEq(market.setWeight(miner), 0);
    }

    function test_exit_underNotice() public {
        bytes32 id = track(activeDeal());
        if (market.isFrozen(miner)) rollToNextPeriod();
        giveNotice(id);
        everybodyLeaves();
    }

    /// @dev Nobody has to prove an excused period, but whoever never proves again defaults all the same.
    function test_exit_excusedPeriods() public {
        bytes32 id = track(activeDeal(proposal(100, 12)));
        uint32 first = (currentPeriod() / 12 + 1) * 12;
        vm.prank(miner);
        market.announceMaintenance(miner, first, 3);
        vm.prank(miner);
        market.announceMaintenance(miner, first + 12, 3);
        everybodyLeaves();
        assertEq(stateOf(id), uint256(DealState.Terminated));
    }

    function test_exit_excusedAtTheEnd() public {
        bytes32 id = track(activeDeal(proposal(100, 6)));
        uint32 last = view_(id).end - 1;
        uint32 first = last % 12 == 0 ? last : last - 1;
        vm.prank(miner);
        market.announceMaintenance(miner, first, last + 1 - first);
        for (uint32 period = view_(id).start; period < first; ++period) {
            prove(period);
        }
        everybodyLeaves();
        assertEq(stateOf(id), uint256(DealState.Completed));
    }

    function test_exit_paused() public {
        bytes32 id = track(activeDeal(proposal(100, 3)));
        vm.prank(miner);
        registry.setAccepting(false);
        proveMany(view_(id).start, 3);
        everybodyLeaves();
        assertEq(stateOf(id), uint256(DealState.Completed));
    }

    function test_exit_pendingHandOver() public {
        bytes32 old = track(activeDeal(proposal(100, 20)));
        bytes32 id = handOver(old);
        everybodyLeaves();
        assertEq(stateOf(old), uint256(DealState.Terminated));
        assertEq(stateOf(id), uint256(DealState.Expired));
    }

    /// @dev The old deal ends in time for its escrow to go into the lock of the new one, which then expires.
    function test_exit_pendingHandOver_theOldDealTerminatedFirst() public {
        MarketParams memory p = defaults();
        p.maxActivationBlocks = 600;
        setUpMarket(p);
        setUpHeir();
        bytes32 old = track(activeDeal(proposal(100, 20)));
        DealProposal memory next = replacement(old, heir);
        next.activateBy = uint64(block_() + 600);
        assertEq(uint256(tryPublish(publication(next), heirOperator)), uint256(SkipReason.None));
        bytes32 id = track(market.dealIdOf(next));
        uint256 held = view_(id).price;
        vm.roll(market.periodEnd(miner, view_(old).start + 2));
        vm.prank(stranger);
        market.terminate(old);
        assertTrue(view_(id).price > held);
        everybodyLeaves();
        assertEq(stateOf(id), uint256(DealState.Expired));
    }

    function test_exit_handedOver_withNotice() public {
        bytes32 old = track(activeDeal(proposal(100, 20)));
        bytes32 id = handOver(old);
        takeOver(id);
        everybodyLeaves();
        assertEq(stateOf(old), uint256(DealState.Terminated), "nobody has proved its notice");
    }

    /// @dev What a miner does that wants to leave soon: it needs nobody's proof or signature any more.
    function test_exit_handedOver_waived() public {
        bytes32 old = track(activeDeal(proposal(100, 20)));
        vm.prank(miner);
        market.waiveNotice(one(old));
        bytes32 id = handOver(old);
        takeOver(id);
        uint32 misses = view_(old).cursor - view_(old).start;
        DealView memory v = view_(old);
        vm.roll(market.periodEnd(miner, v.end - 1) + market.params().collateralHold);
        if (market.isFrozen(miner)) rollToNextPeriod();
        vm.prank(miner);
        market.complete(old);
        vm.prank(miner);
        registry.announceExit();
        assertEq(misses, 0);
        assertEq(withdrawAll(miner), uint256(FUNDS) + STAKE, "nothing lost");
        assertEq(stateOf(id), uint256(DealState.Active), "the new deal goes on");
    }

    /// @dev A new deal waits for its first period: that too ends.
    function test_exit_aDealThatHasNotBegun() public {
        bytes32 old = track(activeDeal(proposal(100, 20)));
        bytes32 id = handOver(old);
        takeOver(id);
        assertTrue(view_(id).start > market.nextDuty(heir, block_()));
        everybodyLeaves();
        assertEq(stateOf(id), uint256(DealState.Terminated));
    }
}

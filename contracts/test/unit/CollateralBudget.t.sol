// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMinerRegistry} from "../../src/interfaces/IMinerRegistry.sol";
import {DealProposal, Extension, Publication, SkipReason} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title What a miner's owner lets its operator lock (Protocol §3.3, §9).
contract CollateralBudgetTest is MarketFixture {
    uint32 private constant WINDOW = 50;
    uint96 private each;

    function setUp() public {
        setUpMarket();
        each = proposal().collateral;
    }

    function budget(uint96 amount, uint32 blocks) private {
        vm.prank(miner);
        registry.setCollateralBudget(amount, blocks);
    }

    function next() private returns (SkipReason) {
        return tryPublish(publication(proposal()), operator);
    }

    function expectNext(SkipReason reason) private {
        assertEq(uint256(next()), uint256(reason), "publication");
    }

    function assertSpent(uint256 amount, uint256 until) private view {
        (uint96 spent, uint64 end) = market.spentBudget(miner);
        assertEq(spent, amount, "spent");
        assertEq(end, until, "until");
    }

    function test_setCollateralBudget_isToldByTheRegistry() public {
        vm.expectEmit(address(registry));
        emit IMinerRegistry.CollateralBudgetSet(miner, 7, 9);
        budget(7, 9);
        assertEq(registry.miner(miner).collateralBudget, 7);
        assertEq(registry.miner(miner).budgetBlocks, 9);
        (bool allowed, uint96 amount, uint32 blocks) = registry.publishingRights(miner, operator);
        assertTrue(allowed && amount == 7 && blocks == 9);
        (allowed, amount, blocks) = registry.publishingRights(miner, stranger);
        assertTrue(!allowed && amount == 7 && blocks == 9);
    }

    function test_publishingRights_agreesWithMayPublish() public {
        (bool allowed, uint96 amount, uint32 blocks) = registry.publishingRights(miner, operator);
        assertTrue(allowed && amount == 0 && blocks == 0);
        vm.prank(miner);
        registry.setAccepting(false);
        (allowed,,) = registry.publishingRights(miner, operator);
        assertFalse(allowed || registry.mayPublish(miner, operator));
        (allowed,,) = registry.publishingRights(stranger, address(0));
        assertFalse(allowed);
    }

    function test_setCollateralBudget_revertsIfAmountWithoutWindow() public {
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.BudgetWithoutWindow.selector, 1));
        budget(1, 0);
    }

    function test_setCollateralBudget_revertsIfOperator() public {
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.NotRegistered.selector, operator));
        vm.prank(operator);
        registry.setCollateralBudget(1, 1);
    }

    function test_setCollateralBudget_isForgottenWithTheMiner() public {
        budget(7, 9);
        vm.startPrank(miner);
        registry.announceExit();
        registry.withdrawStake(miner);
        vm.stopPrank();
        assertEq(registry.miner(miner).budgetBlocks, 0);
        assertEq(registry.miner(miner).collateralBudget, 0);
    }

    function test_publish_withoutBudgetCountsNothing() public {
        for (uint256 i = 0; i < 5; ++i) {
            expectNext(SkipReason.None);
        }
        assertSpent(0, 0);
    }

    function test_publish_stopsAtTheBudget() public {
        budget(2 * each, WINDOW);
        expectNext(SkipReason.None);
        assertSpent(each, block_() + WINDOW);
        expectNext(SkipReason.None);
        assertSpent(2 * each, block_() + WINDOW);
        expectNext(SkipReason.OverBudget);
        assertSpent(2 * each, block_() + WINDOW);
    }

    function test_publish_countsWithinABatch() public {
        budget(2 * each + each / 2, WINDOW);
        Publication[] memory batch = new Publication[](4);
        for (uint256 i = 0; i < 4; ++i) {
            DealProposal memory p = proposal();
            if (i == 3) p.collateral = each / 2;
            batch[i] = publication(p);
        }
        vm.prank(operator);
        SkipReason[] memory reasons = market.publishDeals(batch);
        assertEq(uint256(reasons[0]), uint256(SkipReason.None));
        assertEq(uint256(reasons[1]), uint256(SkipReason.None));
        assertEq(uint256(reasons[2]), uint256(SkipReason.OverBudget));
        // A smaller one still fits.
        assertEq(uint256(reasons[3]), uint256(SkipReason.None));
        assertSpent(2 * each + each / 2, block_() + WINDOW);
    }

    function test_publish_countsEachMinerOfABatchApart() public {
        address second = actor("second");
        addMiner(second, operator);
        budget(each, WINDOW);
        Publication[] memory batch = new Publication[](4);
        for (uint256 i = 0; i < 4; ++i) {
            DealProposal memory p = proposal();
            if (i % 2 == 1) p.miner = second;
            batch[i] = publication(p);
        }
        vm.prank(operator);
        SkipReason[] memory reasons = market.publishDeals(batch);
        assertEq(uint256(reasons[0]), uint256(SkipReason.None));
        assertEq(uint256(reasons[1]), uint256(SkipReason.None));
        assertEq(uint256(reasons[2]), uint256(SkipReason.OverBudget));
        assertEq(uint256(reasons[3]), uint256(SkipReason.None));
    }

    function test_publish_windowEndsAfterItsBlocks() public {
        budget(each, WINDOW);
        expectNext(SkipReason.None);
        rollBy(WINDOW - 1);
        expectNext(SkipReason.OverBudget);
        rollBy(1);
        assertSpent(0, 0);
        expectNext(SkipReason.None);
        assertSpent(each, block_() + WINDOW);
    }

    function test_publish_windowLongerThanTheChain() public {
        budget(each, type(uint32).max);
        expectNext(SkipReason.None);
        assertSpent(each, block_() + type(uint32).max);
        expectNext(SkipReason.OverBudget);
    }

    function test_publish_zeroBudgetLocksNothing() public {
        budget(0, 1);
        expectNext(SkipReason.OverBudget);
        budget(0, 0);
        expectNext(SkipReason.None);
    }

    function test_publish_whatIsFreedAgainStillCounts() public {
        budget(each, 1000);
        DealProposal memory p = proposal();
        bytes32 id = publish(p);
        vm.roll(p.activateBy + 1);
        market.expire(id);
        expectNext(SkipReason.OverBudget);
    }

    function test_publish_loweredBudgetCountsWhatIsSpent() public {
        budget(10 * each, WINDOW);
        expectNext(SkipReason.None);
        expectNext(SkipReason.None);
        budget(each, WINDOW);
        expectNext(SkipReason.OverBudget);
        budget(3 * each, WINDOW);
        expectNext(SkipReason.None);
    }

    /// @dev The owner that is its own operator has but one key: nothing to protect, and one rule.
    function test_publish_budgetHoldsForTheOwnerAsOperator() public {
        vm.prank(miner);
        registry.setOperator(miner);
        budget(0, 1);
        assertEq(uint256(tryPublish(publication(proposal()), miner)), uint256(SkipReason.OverBudget));
    }

    function toppedUp(bytes32 id, uint96 topUp) private view returns (Extension memory e) {
        e = extension(id, 5);
        e.collateral = each + topUp;
    }

    function test_extend_topUpCounts() public {
        bytes32 id = activeDeal();
        rollToNextPeriod();
        budget(5, WINDOW);
        assertEq(uint256(tryExtend(toppedUp(id, 6), operator)), uint256(SkipReason.OverBudget));
        assertEq(uint256(tryExtend(toppedUp(id, 5), operator)), uint256(SkipReason.None));
        assertSpent(5, block_() + WINDOW);
        Extension memory more = extension(id, 5);
        more.collateral = each + 6;
        assertEq(uint256(tryExtend(more, operator)), uint256(SkipReason.OverBudget));
        more.collateral = 0;
        assertEq(uint256(tryExtend(more, operator)), uint256(SkipReason.None));
    }

    function test_extend_noBudgetHoldsForTheOwner() public {
        bytes32 id = activeDeal();
        rollToNextPeriod();
        budget(0, WINDOW);
        assertEq(uint256(tryExtend(toppedUp(id, 6), miner)), uint256(SkipReason.None));
        assertSpent(0, 0);
    }

    /// @notice Whatever is tried when: no window of WINDOW blocks sees twice the budget locked, and a naive sum over the blocks agrees.
    function testFuzz_publish_lessThanTwiceTheBudgetInAnyWindow(uint256 seed) public {
        uint256 most = 1 + seed % 5;
        budget(uint96(most * each), WINDOW);
        uint256[] memory at = new uint256[](24);
        uint256 locked;
        uint256 since;
        uint256 inWindow;
        for (uint256 i = 0; i < 24; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            rollBy(seed % 20);
            if (block_() >= since + WINDOW) inWindow = 0;
            bool fits = inWindow < most;
            expectNext(fits ? SkipReason.None : SkipReason.OverBudget);
            if (!fits) continue;
            if (inWindow++ == 0) since = block_();
            at[locked++] = block_();
        }
        for (uint256 i = 0; i < locked; ++i) {
            uint256 n;
            for (uint256 j = i; j < locked && at[j] < at[i] + WINDOW; ++j) {
                ++n;
            }
            assertTrue(n < 2 * most, "twice the budget in one window");
        }
    }

    /// @notice A thief has the operator's key for a day of 7200 blocks. The budget is 3 deals' collateral a day.
    function test_attack_aStolenOperatorKeysWorstDay() public {
        uint32 day = 7200;
        budget(3 * each, day);
        uint256 before = balanceOf(miner);
        bytes32 mine = activeDeal();
        // It publishes to its own liking, as client and operator: all day, in every block that it likes.
        uint256 taken = 1;
        for (uint256 i = 0; i < 40; ++i) {
            if (next() == SkipReason.None) ++taken;
            rollBy(day / 40 - 10);
        }
        assertEq(taken, 3, "deals that lock collateral");
        assertEq(before - balanceOf(miner), 3 * each, "locked in the day");
        // Nothing leaves: neither stake nor balance, nor the say over them.
        vm.startPrank(operator);
        bytes memory stranger_ = abi.encodeWithSelector(IMinerRegistry.NotRegistered.selector, operator);
        vm.expectRevert(stranger_);
        registry.setCollateralBudget(type(uint96).max, 1);
        vm.expectRevert(stranger_);
        registry.setOperator(operator);
        vm.expectRevert(stranger_);
        registry.setAccepting(true);
        vm.expectRevert(stranger_);
        registry.announceExit();
        vm.expectRevert(stranger_);
        registry.withdrawStake(operator);
        vm.expectRevert();
        market.withdraw(operator);
        // It misleads peers, and puts off periods within the quarter's allowance, without pay and without slash.
        registry.update(miner, "thief:1", keccak256("thief"), type(uint96).max);
        uint32 first = market.periodAt(miner, block_()) + market.params().maintenanceNotice;
        uint256 excused;
        for (uint32 i = 0; i < market.params().maintenanceQuarter; ++i) {
            try market.announceMaintenance(miner, first + i, 1) {
                ++excused;
            } catch {}
        }
        // A quarter's worth of periods touches two quarters at most.
        assertTrue(excused != 0 && excused <= 2 * market.params().maintenancePeriods, "excused periods");
        vm.stopPrank();
        // A new budget comes, and the owner is first or second in the block: one transaction ends it, whatever the thief sends before.
        vm.roll(START_BLOCK + day + day);
        expectNext(SkipReason.None);
        address fresh = actor("fresh");
        // Nor does it help to have made that address a miner's operator first.
        addMiner(actor("thief"), fresh);
        vm.prank(operator);
        registry.update(miner, "thief:2", keccak256("thief"), 1);
        vm.prank(miner);
        registry.setOperator(fresh);
        expectNext(SkipReason.NotOperator);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.NotRegistered.selector, operator));
        registry.update(miner, "thief:3", keccak256("thief"), 1);
        assertEq(uint256(tryPublish(publication(proposal()), fresh)), uint256(SkipReason.None));
        assertTrue(market.deal(mine).collateral <= each);
    }
}

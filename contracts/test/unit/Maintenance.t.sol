// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../../src/interfaces/IMarketEvents.sol";
import {DealProposal, DealState, DealView, Extension, MarketParams, SkipReason} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title Periods without duty, announced ahead (Protocol §5.7).
contract MaintenanceTest is MarketFixture {
    uint32 private constant NOTICE = 2;
    uint32 private constant MOST = 3;
    uint32 private constant QUARTER = 12;

    function setUp() public {
        setUpMarket();
    }

    function announce(uint32 firstPeriod, uint32 count) private {
        vm.prank(operator);
        market.announceMaintenance(miner, firstPeriod, count);
    }

    function refused(uint32 firstPeriod, uint32 count, bytes memory error) private {
        vm.expectRevert(error);
        announce(firstPeriod, count);
    }

    /// @dev The first period of a quarter whose every period can still be announced.
    function freshQuarter() private view returns (uint32) {
        return ((currentPeriod() + NOTICE) / QUARTER + 1) * QUARTER;
    }

    function rollPast(uint32 period) private {
        vm.roll(market.periodEnd(miner, period));
    }

    // ---------------------------------------------------------------- what an excused period costs whom

    function test_excused_isNeitherPaidNorSlashed() public {
        DealProposal memory p = proposal();
        uint256 clientBefore = balanceOf(client);
        uint256 minerBefore = balanceOf(miner);
        bytes32 id = activeDeal(p);
        uint32 start = view_(id).start;
        announce(start + 3, 2);
        proveMany(start, 3);
        rollPast(start + 4);
        uint96 paid = uint96((uint256(p.price) * 3) / p.periods);
        uint96 refunded = uint96((uint256(p.price) * 2) / p.periods);
        vm.expectEmit(address(market));
        emit IMarketEvents.DealSettled(id, start, start + 5, 3, 2, paid, paid / 100, refunded, 0, 0);
        market.settle(one(id), 100);
        DealView memory v = view_(id);
        assertEq(v.collateral, p.collateral, "no slash");
        assertEq(v.missRun, 0);
        assertEq(v.proved, 3);
        assertEq(v.missed, 2, "what the client has back");
        assertEq(balanceOf(client), clientBefore - p.price + refunded);
        assertEq(balanceOf(miner), minerBefore - p.collateral + paid - paid / 100);
    }

    function test_excused_breaksNoRunAndMendsNone() public {
        bytes32 id = activeDeal();
        uint32 start = view_(id).start;
        announce(start + 2, 2);
        // Missed twice, as often as a deal survives; excused twice; the next miss is the third in a row.
        rollPast(start + 3);
        market.settle(one(id), 100);
        assertEq(view_(id).missRun, 2, "as before the maintenance");
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotDefaulted.selector, id, 2, 2));
        market.terminate(id);
        rollPast(start + 4);
        market.terminate(id);
        assertEq(stateOf(id), uint256(DealState.Terminated));
    }

    function test_excused_wholeDeal_returnsEverything() public {
        uint256 clientBefore = balanceOf(client);
        uint256 minerBefore = balanceOf(miner);
        uint32 first = currentPeriod() + NOTICE;
        announce(first, MOST);
        vm.roll(market.periodEnd(miner, first - 1) - 10);
        bytes32 id = activeDeal(proposal(100, 2));
        assertEq(view_(id).start, first);
        assertTrue(market.isExcused(miner, first + 1));
        vm.roll(market.periodEnd(miner, first + 1) + market.params().collateralHold);
        market.complete(id);
        assertEq(balanceOf(client), clientBefore, "client");
        assertEq(balanceOf(miner), minerBefore, "miner");
        assertEq(market.burned(), 0);
    }

    function test_excused_isSettledBeforeItIsOver() public {
        bytes32 id = activeDeal();
        uint32 start = view_(id).start;
        announce(start + 2, 1);
        proveMany(start, 2);
        // Nothing more can come of it, so nobody has to wait.
        market.settle(one(id), 100);
        assertEq(view_(id).cursor, start + 3);
        assertEq(view_(id).proved, 2);
    }

    // ---------------------------------------------------------------- what may be done in it

    function test_prove_revertsIfExcused() public {
        bytes32 id = activeDeal();
        uint32 period = view_(id).start + 2;
        announce(period, 1);
        proveMany(period - 2, 2);
        rollIntoWindow(period);
        bytes memory openings = openingsOf(miner, period);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.PeriodExcused.selector, miner, period));
        market.prove(miner, period, "", openings);
        rollToNextPeriod();
        prove(period + 1);
        assertTrue(market.isProved(miner, period + 1), "duty goes on");
    }

    function test_excused_setIsNotFrozen() public {
        bytes32 id = activeDeal();
        uint32 period = view_(id).start + 2;
        announce(period, 1);
        proveMany(period - 2, 2);
        rollIntoWindow(period);
        assertFalse(market.isFrozen(miner));
        // A deal comes in, one is extended, and its price counts from the next period.
        bytes32 other = publish(proposal());
        rollBy(market.params().sealDelay + 1);
        assertEq(uint256(tryActivate(activation(other))), uint256(SkipReason.None), "activation");
        assertEq(view_(other).start, period + 1);
        assertEq(uint256(tryExtend(extension(id, 5), operator)), uint256(SkipReason.None), "extension");
        assertEq(view_(id).cursor, period + 1);
    }

    function test_extend_beforeAnExcusedPeriodsChallengeBlock() public {
        bytes32 id = activeDeal();
        uint32 period = view_(id).start + 2;
        announce(period, 1);
        proveMany(period - 2, 2);
        assertEq(market.nextDuty(miner, block_()), period);
        Extension memory e = extension(id, 5);
        assertEq(uint256(tryExtend(e, operator)), uint256(SkipReason.None), "extension");
        DealView memory v = view_(id);
        assertEq(v.cursor, period + 1, "the excused period is settled at the old price");
        assertEq(v.periods, v.end - period - 1);
    }

    function test_purge_inAnExcusedPeriod() public {
        bytes32 id = activeDeal(proposal(100, 2));
        uint32 start = view_(id).start;
        announce(start + 2, 1);
        proveMany(start, 2);
        rollIntoWindow(start + 2);
        market.purge(one(id));
        assertTrue(view_(id).removed);
    }

    // ---------------------------------------------------------------- announcing

    function test_announce_setsBitsAndEmits() public {
        // Across a word of 128 periods, in one quarter (120 … 131).
        uint32 word = (currentPeriod() >> 7) + 1;
        uint32 first = word * 128 - 1;
        if (first / QUARTER != (first + 2) / QUARTER) (word, first) = (word + 1, first + 128);
        assertEq(first / QUARTER, (first + 2) / QUARTER);
        vm.expectEmit(address(market));
        emit IMarketEvents.MaintenanceAnnounced(miner, first, 3);
        announce(first, 3);
        for (uint32 p = first - 2; p < first + 6; ++p) {
            assertEq(market.isExcused(miner, p) ? 1 : 0, p >= first && p < first + 3 ? 1 : 0, "excused");
            assertFalse(market.isProved(miner, p));
        }
        assertEq(market.periodWord(miner, word - 1), uint256(1) << 255);
        assertEq(market.periodWord(miner, word), uint256(3) << 128);
        assertEq(market.maintenanceLeft(miner, first), 0);
        assertEq(market.maintenanceLeft(miner, first + QUARTER), MOST);
        assertFalse(market.isExcused(stranger, first));
    }

    function test_announce_ownerOrOperatorEvenIfPaused() public {
        uint32 first = freshQuarter();
        vm.prank(miner);
        registry.setAccepting(false);
        vm.prank(miner);
        market.announceMaintenance(miner, first, 1);
        announce(first + 1, 1);
        assertEq(market.maintenanceLeft(miner, first), 1);
    }

    function test_announce_revertsIfNotMiner() public {
        addMiner(stranger, auditor);
        uint32 first = freshQuarter();
        for (uint256 i = 0; i < 3; ++i) {
            address caller = [stranger, auditor, client][i];
            vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotMiner.selector, miner, caller));
            vm.prank(caller);
            market.announceMaintenance(miner, first, 1);
        }
    }

    function test_announce_revertsIfEmpty() public {
        refused(freshQuarter(), 0, abi.encodeWithSelector(IMarketEvents.MaintenanceEmpty.selector));
    }

    function test_announce_revertsIfTooSoon() public {
        for (uint256 i = 0; i < 2; ++i) {
            uint32 earliest = currentPeriod() + NOTICE;
            for (uint32 back = 1; back <= 3; ++back) {
                refused(
                    earliest - back,
                    1,
                    abi.encodeWithSelector(IMarketEvents.MaintenanceTooSoon.selector, earliest - back, earliest)
                );
            }
            announce(earliest, 1);
            // The last block of the period counts as the first does.
            vm.roll(market.periodEnd(miner, currentPeriod() + 1) - 1);
        }
    }

    function test_announce_revertsIfTooFar() public {
        uint256 latest = uint256(currentPeriod()) + NOTICE + market.params().maxPeriods;
        refused(uint32(latest), 1, abi.encodeWithSelector(IMarketEvents.MaintenanceTooFar.selector, latest + 1, latest));
        announce(uint32(latest) - 1, 1);
        uint32 most = type(uint32).max;
        refused(most, most, abi.encodeWithSelector(IMarketEvents.MaintenanceTooFar.selector, 2 * uint256(most), latest));
    }

    function test_announce_revertsIfExhausted() public {
        uint32 first = freshQuarter();
        uint256 quarter = first / QUARTER;
        refused(first, 4, abi.encodeWithSelector(IMarketEvents.MaintenanceExhausted.selector, miner, quarter, 4, MOST));
        announce(first, 2);
        refused(first + 6, 2, abi.encodeWithSelector(IMarketEvents.MaintenanceExhausted.selector, miner, quarter, 2, 1));
        announce(first + 6, 1);
        assertEq(market.maintenanceLeft(miner, first), 0);
    }

    function test_announce_splitsAcrossQuarters() public {
        uint32 next = freshQuarter() + QUARTER;
        announce(next - 3, 6);
        assertEq(market.maintenanceLeft(miner, next - 1), 0);
        assertEq(market.maintenanceLeft(miner, next), 0);
        uint32 later = next + QUARTER;
        // The second quarter is used up; nothing of the third one's stays spent.
        refused(
            later - 1,
            2,
            abi.encodeWithSelector(IMarketEvents.MaintenanceExhausted.selector, miner, next / QUARTER, 1, 0)
        );
        assertEq(market.maintenanceLeft(miner, later), MOST);
        assertFalse(market.isExcused(miner, later));
    }

    function test_announce_revertsIfAlreadyExcused() public {
        uint32 first = freshQuarter();
        announce(first + 1, 1);
        refused(first, 2, abi.encodeWithSelector(IMarketEvents.AlreadyExcused.selector, miner, first + 1));
        refused(first + 1, 1, abi.encodeWithSelector(IMarketEvents.AlreadyExcused.selector, miner, first + 1));
        assertEq(market.maintenanceLeft(miner, first), MOST - 1, "nothing spent");
    }

    function test_announce_disabled() public {
        MarketParams memory p = defaults();
        (p.maintenancePeriods, p.maintenanceQuarter) = (0, 1);
        (registry, market) = deployMarket(p);
        assertEq(market.maintenanceLeft(miner, 5000), 0);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.MaintenanceExhausted.selector, miner, 5000, 1, 0));
        vm.prank(miner);
        market.announceMaintenance(miner, 5000, 1);
    }

    // ---------------------------------------------------------------- what it cannot be used for

    /// @notice Whoever announces all there is and never proves is terminated all the same, and soon.
    function test_attack_maintenanceDoesNotPutOffADefault() public {
        bytes32 id = activeDeal(proposal(100, 60));
        uint32 start = view_(id).start;
        // All that two quarters give, in one piece, from the earliest period on that such a piece fits.
        uint32 border = ((start + NOTICE) / QUARTER + 1) * QUARTER;
        if (border < start + NOTICE + MOST) border += QUARTER;
        announce(border - MOST, 2 * MOST);
        uint32 misses;
        uint32 period = start;
        for (; misses <= market.params().maxMissRun; ++period) {
            if (!market.isExcused(miner, period)) ++misses;
        }
        assertLe(period - start, uint256(market.params().maxMissRun) + 1 + 2 * MOST, "periods to a default");
        rollPast(period - 1);
        market.terminate(id);
        assertEq(stateOf(id), uint256(DealState.Terminated));
    }

    /// @notice In the block that draws a period, or after it, nobody excuses that period.
    function test_attack_drawnPeriodIsNotExcused() public {
        bytes32 id = activeDeal();
        uint32 period = view_(id).start + 1;
        uint256 at = market.challengeBlock(miner, period);
        for (uint256 b = at; b < at + 2; ++b) {
            vm.roll(b);
            refused(
                period,
                1,
                abi.encodeWithSelector(IMarketEvents.MaintenanceTooSoon.selector, period, uint256(period) + NOTICE)
            );
        }
    }

    /// @notice Even with the shortest notice there is, the first period to excuse is not drawn yet.
    function test_attack_shortestNotice() public {
        MarketParams memory p = defaults();
        (p.maintenanceNotice, p.periodBlocks) = (1, 40);
        (registry, market) = deployMarket(p);
        uint32 current = currentPeriod();
        vm.roll(market.periodEnd(miner, current) - 1);
        vm.prank(miner);
        market.announceMaintenance(miner, current + 1, 1);
        assertTrue(market.challengeBlock(miner, current + 1) > block_());
        vm.expectRevert(
            abi.encodeWithSelector(IMarketEvents.MaintenanceTooSoon.selector, current, uint256(current) + 1)
        );
        vm.prank(miner);
        market.announceMaintenance(miner, current, 1);
    }
}

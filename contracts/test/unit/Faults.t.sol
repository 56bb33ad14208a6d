// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../../src/interfaces/IMarketEvents.sol";
import {
    Activation,
    DealProposal,
    DealState,
    DealView,
    EarlyEnd,
    MarketParams,
    SkipReason
} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title Declared faults and recovery (Protocol §5.8).
contract FaultsTest is MarketFixture {
    uint32 private constant MOST = 4;
    uint256 private constant PRICE = 40_007; // of the deal of `proposal()`, for 10 periods
    uint256 private constant EACH = 4001; // the fee of one of its periods: ⌈40,007 / 10⌉

    function setUp() public {
        setUpMarket();
    }

    /// @dev Two deals at the beginning of a period, long before its challenge block: one whose replica is lost, one that is kept.
    function twoDeals() private returns (bytes32 lost, bytes32 kept) {
        kept = activeDeal(proposal(100, 30));
        lost = activeDeal();
        prove(view_(lost).start);
        rollToNextPeriod();
    }

    function declareRefused(address sender, bytes32 id, bytes memory error) private {
        vm.expectRevert(error);
        vm.prank(sender);
        market.declareFaults(one(id));
    }

    function recoverRefused(address sender, Activation memory a, bytes memory error) private {
        vm.expectRevert(error);
        vm.prank(sender);
        market.recover(a);
    }

    function wrongState(bytes32 id, DealState state) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMarketEvents.WrongState.selector, id, uint8(state));
    }

    /// @dev Proves the current period with what is in the set, and goes to the next one.
    function proveAndGoOn() private returns (uint32 period) {
        period = currentPeriod();
        prove(period);
        rollToNextPeriod();
    }

    // ---------------------------------------------------------------- declaration

    function test_declareFaults_takesTheEntryOutAndKeepsTheRoot() public {
        (bytes32 lost, bytes32 kept) = twoDeals();
        DealView memory before = view_(lost);
        uint32 from = market.nextDuty(miner, block_());
        vm.expectEmit(address(market));
        emit IMarketEvents.EntryPurged(lost, miner);
        vm.expectEmit(address(market));
        emit IMarketEvents.FaultDeclared(lost, miner, from);
        declareFault(lost);
        DealView memory v = view_(lost);
        assertEq(uint256(v.state), uint256(DealState.Faulty));
        assertEq(v.faultySince, from);
        assertEq(v.cursor, from);
        assertTrue(v.removed);
        assertEq(v.sealedRoot, before.sealedRoot);
        assertEq(v.end, before.end);
        assertEq(market.setCount(miner, 2), 1);
        assertEq(market.liveDeals(miner), 2, "a faulty deal is live");
        assertEq(view_(kept).faultySince, 0);
    }

    /// @dev The last of the array takes the freed slot; the deal it belongs to is proved, purged and ended as before.
    function test_declareFaults_movesAnotherEntry() public {
        bytes32 first = activeDeal();
        bytes32 second = activeDeal();
        while (market.isFrozen(miner)) rollToNextPeriod();
        declareFault(first);
        (,,, bytes23 key) = market.setEntry(miner, 2, 0);
        assertEq(bytes32(key), bytes32(bytes23(second)));
        assertEq(view_(second).sealedRoot, sealedRootOf(second, 100));
        while (currentPeriod() < view_(second).end) proveAndGoOn();
        rollBy(market.params().collateralHold);
        if (market.isFrozen(miner)) rollToNextPeriod();
        market.complete(second);
        assertEq(market.setCount(miner, 2), 0);
    }

    function test_declareFaults_many() public {
        bytes32[] memory ids = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            ids[i] = activeDeal();
        }
        while (market.isFrozen(miner)) rollToNextPeriod();
        vm.prank(miner);
        market.declareFaults(ids);
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(stateOf(ids[i]), uint256(DealState.Faulty));
        }
        assertEq(market.setWeight(miner), 0);
        // All or none.
        bytes32 other = activeDeal();
        while (market.isFrozen(miner)) rollToNextPeriod();
        ids[1] = other;
        vm.prank(miner);
        vm.expectRevert(wrongState(ids[0], DealState.Faulty));
        market.declareFaults(ids);
        assertEq(stateOf(other), uint256(DealState.Active));
    }

    function test_declareFaults_whilePaused() public {
        (bytes32 lost,) = twoDeals();
        vm.prank(miner);
        registry.setAccepting(false);
        declareFault(lost);
        assertEq(stateOf(lost), uint256(DealState.Faulty));
    }

    function test_declareFaults_revertsForOthers() public {
        (bytes32 lost,) = twoDeals();
        address[3] memory others = [client, auditor, stranger];
        for (uint256 i = 0; i < 3; ++i) {
            declareRefused(others[i], lost, abi.encodeWithSelector(IMarketEvents.NotMiner.selector, miner, others[i]));
        }
    }

    function test_declareFaults_revertsInOtherStates() public {
        declareRefused(operator, bytes32(uint256(7)), wrongState(bytes32(uint256(7)), DealState.None));
        bytes32 id = publish(proposal());
        declareRefused(operator, id, wrongState(id, DealState.Published));
        activate(id);
        while (market.isFrozen(miner)) rollToNextPeriod();
        declareFault(id);
        declareRefused(operator, id, wrongState(id, DealState.Faulty));
    }

    function test_declareFaults_revertsPastTheEnd() public {
        bytes32 id = activeDeal(proposal(100, 2));
        uint32 end = view_(id).end;
        proveMany(view_(id).start, 2);
        declareRefused(operator, id, abi.encodeWithSelector(IMarketEvents.PastEnd.selector, id, end));
        market.purge(one(id));
        declareRefused(operator, id, abi.encodeWithSelector(IMarketEvents.PastEnd.selector, id, end));
    }

    /// @dev One call settles at most 1,024 periods.
    function test_declareFaults_revertsUnsettled() public {
        bytes32 id = longArrears();
        uint32 start = view_(id).start;
        declareRefused(
            operator, id, abi.encodeWithSelector(IMarketEvents.Unsettled.selector, id, start + 1024, start + 1025)
        );
        market.settle(one(id), 2000);
        declareFault(id);
        assertEq(view_(id).faultySince, start + 1025);
    }

    function longArrears() private returns (bytes32 id) {
        MarketParams memory p = defaults();
        p.challenges = 1;
        setUpMarket(p);
        id = activeDeal(proposal(100, 2000));
        uint32 start = view_(id).start;
        for (uint32 period = start; period < start + 1025; ++period) {
            this.proveOutside(period);
        }
        rollToNextPeriod();
    }

    /// @dev A frame of its own, whose memory is given back.
    function proveOutside(uint32 period) external {
        prove(period);
    }

    // ---------------------------------------------------------------- what a faulty period costs whom

    function test_faulty_costsPayAndFee() public {
        (bytes32 lost,) = twoDeals();
        market.settle(one(lost), 100);
        DealView memory before = view_(lost);
        (uint256 clientBefore, uint256 minerBefore, uint256 burnedBefore) =
            (balanceOf(client), balanceOf(miner), market.burned());
        declareFault(lost);
        uint32 from = view_(lost).faultySince;
        // From its challenge block on nothing can save the period.
        vm.roll(market.challengeBlock(miner, from + 1) - 1);
        market.settle(one(lost), 100);
        assertEq(view_(lost).cursor, from + 1);
        rollBy(1);
        market.settle(one(lost), 100);
        DealView memory v = view_(lost);
        assertEq(v.cursor, from + 2);
        assertEq(v.faultySince, from);
        assertEq(v.collateral, before.collateral - 2 * EACH);
        assertEq(v.proved, before.proved);
        assertEq(v.missed, before.missed + 2, "what the client has back");
        assertEq(v.missRun, before.missRun, "neither longer nor broken");
        uint256 price = before.price;
        uint256 refund = price * v.missed / before.periods - price * before.missed / before.periods;
        assertEq(balanceOf(client), clientBefore + refund + 2 * (EACH / 2));
        assertEq(balanceOf(miner), minerBefore);
        assertEq(market.burned(), burnedBefore + 2 * (EACH - EACH / 2), "at least half is burned");
    }

    function test_faulty_settlesByEvent() public {
        bytes32 id = activeDeal();
        while (market.isFrozen(miner)) rollToNextPeriod();
        uint32 from = market.nextDuty(miner, block_());
        assertEq(from, view_(id).start, "nothing settled yet");
        declareFault(id);
        vm.roll(market.challengeBlock(miner, from + 1));
        vm.expectEmit(address(market));
        emit IMarketEvents.DealSettled(
            id, from, from + 2, 0, 0, 0, 0, uint96(PRICE * 2 / 10), uint96(2 * EACH), uint96(2 * (EACH / 2))
        );
        market.settle(one(id), 100);
    }

    /// @dev Not dearer than missing, and it breaks no run: a default comes no later than the misses bring it.
    function test_faulty_leavesTheRunAsItWas() public {
        (bytes32 lost,) = twoDeals();
        prove(currentPeriod());
        rollToNextPeriod();
        rollToNextPeriod();
        rollToNextPeriod(); // two misses
        declareFault(lost);
        assertEq(view_(lost).missRun, 2);
        vm.roll(market.challengeBlock(miner, currentPeriod()) + 1);
        rollToNextPeriod(); // the kept deal misses, too; the set thaws
        recover(lost);
        assertEq(view_(lost).missRun, 2);
        rollToNextPeriod();
        market.terminate(lost);
        assertEq(stateOf(lost), uint256(DealState.Terminated), "the third miss in a row");
    }

    /// @dev Maintenance does not excuse what was declared: who wants that waits with declaring, for nothing is drawn in it.
    function test_faulty_isNotExcused() public {
        bytes32 id = activeDeal();
        uint32 start = view_(id).start;
        vm.prank(operator);
        market.announceMaintenance(miner, start + 2, 2);
        proveMany(start, 2);
        // The excused period is closed already: the fault begins after it.
        declareFault(id);
        assertEq(view_(id).faultySince, start + 3);
        rollToNextPeriod();
        vm.roll(market.challengeBlock(miner, start + 3));
        market.settle(one(id), 10);
        assertEq(view_(id).cursor, start + 4);
        assertEq(view_(id).collateral, 40_000 - EACH, "announced, but declared");
        rollBy(1);
        recover(id);
        assertEq(stateOf(id), uint256(DealState.Active));
    }

    function test_faulty_toTheEnd_completes() public {
        bytes32 id = activeDeal(proposal(100, 5));
        uint32 start = view_(id).start;
        prove(start);
        declareFault(id);
        assertEq(view_(id).faultySince, start + 1);
        vm.roll(market.periodEnd(miner, start + 4) + market.params().collateralHold - 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotOver.selector, id, block_() + 1, block_()));
        market.complete(id);
        rollBy(1);
        uint256 before = balanceOf(miner);
        market.complete(id);
        assertEq(stateOf(id), uint256(DealState.Completed));
        uint256 each = (proposalOf[id].price + 4) / 5;
        uint256 paid = proposalOf[id].price / 5;
        assertEq(balanceOf(miner), before + 40_000 - 4 * each, "collateral less four fees");
        assertEq(balanceOf(miner), FUNDS + paid - paid / 100 - 4 * each);
        assertEq(market.liveDeals(miner), 0);
    }

    // ---------------------------------------------------------------- too long

    function test_terminate_afterTooManyFaultyPeriods() public {
        (bytes32 lost,) = twoDeals();
        declareFault(lost);
        uint32 from = view_(lost).faultySince;
        vm.roll(market.challengeBlock(miner, from + MOST) - 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.StillFaulty.selector, lost, MOST, MOST));
        market.terminate(lost);
        rollBy(1);
        market.settle(one(lost), 100);
        DealView memory v = view_(lost);
        assertEq(v.collateral, 40_000 - (MOST + 1) * EACH, "the last one is charged, too");
        assertEq(v.cursor, from + MOST + 1);
        (uint256 clientBefore, uint256 strangerBefore, uint256 burnedBefore) =
            (balanceOf(client), balanceOf(stranger), market.burned());
        vm.prank(stranger);
        market.terminate(lost);
        assertEq(stateOf(lost), uint256(DealState.Terminated));
        uint256 tip = market.params().tipCap;
        uint256 unspent = PRICE - PRICE * v.proved / 10 - PRICE * v.missed / 10;
        assertEq(balanceOf(stranger) - strangerBefore, tip);
        assertEq(balanceOf(client) - clientBefore, unspent + v.collateral / 2 - tip);
        assertEq(market.burned() - burnedBefore, v.collateral - v.collateral / 2);
        conserved();
    }

    function conserved() private view {
        uint256 locked;
        for (uint256 h = 2; h < 4; ++h) {
            for (uint256 i = 0; i < market.setCount(miner, uint8(h)); ++i) {
                (,,, bytes23 key) = market.setEntry(miner, uint8(h), i);
                DealView memory v = view_(idOf[key]);
                locked += v.price - uint256(v.price) * v.proved / v.periods - uint256(v.price) * v.missed / v.periods
                + v.collateral;
            }
        }
        assertEq(
            balanceOf(client) + balanceOf(miner) + balanceOf(stranger) + market.burned() + locked,
            token.balanceOf(address(market)),
            "conservation"
        );
    }

    /// @dev However late anybody settles, and in whatever steps.
    function test_terminate_isTheSameLongAfterwards() public {
        (bytes32 lost,) = twoDeals();
        declareFault(lost);
        uint32 from = view_(lost).faultySince;
        vm.roll(market.periodEnd(miner, from + 100));
        market.settle(one(lost), 2);
        market.settle(one(lost), 100);
        assertEq(view_(lost).cursor, from + MOST + 1);
        market.settle(one(lost), 100);
        assertEq(view_(lost).cursor, from + MOST + 1, "settlement has stopped");
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.Defaulted.selector, lost));
        market.complete(lost);
        EarlyEnd memory e = earlyEnd(lost, true);
        bytes memory signature = signEarlyEnd(e);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.Defaulted.selector, lost));
        vm.prank(operator);
        market.endEarly(e, signature);
        recoverRefused(operator, recovery(lost), abi.encodeWithSelector(IMarketEvents.Defaulted.selector, lost));
        market.terminate(lost);
    }

    /// @dev A fault that is no longer paid for is over, however few its periods: no period is free of the fee.
    function test_terminate_whenTheCollateralIsSpent() public {
        DealProposal memory p = proposal();
        p.collateral = uint96(3 * EACH); // just what the market asks for: the third fee takes the last of it
        bytes32 id = activeDeal(p);
        while (market.isFrozen(miner)) rollToNextPeriod();
        declareFault(id);
        uint32 from = view_(id).faultySince;
        vm.roll(market.challengeBlock(miner, from + 2) - 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.StillFaulty.selector, id, 2, MOST));
        market.terminate(id);
        vm.roll(market.challengeBlock(miner, from + 3));
        market.settle(one(id), 10);
        assertEq(view_(id).cursor, from + 3);
        assertEq(view_(id).collateral, 0);
        rollBy(1);
        recoverRefused(operator, recovery(id), abi.encodeWithSelector(IMarketEvents.Defaulted.selector, id));
        uint256 before = balanceOf(client);
        market.terminate(id);
        assertEq(balanceOf(client) - before, PRICE - PRICE * 3 / 10, "the unspent price");
        assertEq(balanceOf(stranger), 0, "nothing to tip with");
    }

    /// @dev The last fee finds less than a whole one left.
    function test_terminate_whenTheCollateralIsShort() public {
        DealProposal memory p = proposal();
        p.collateral = uint96(3 * EACH + 5);
        bytes32 id = activeDeal(p);
        while (market.isFrozen(miner)) rollToNextPeriod();
        declareFault(id);
        uint32 from = view_(id).faultySince;
        vm.roll(market.challengeBlock(miner, from + 8));
        uint256 burnedBefore = market.burned();
        market.settle(one(id), 1);
        market.settle(one(id), 10);
        assertEq(view_(id).cursor, from + 4);
        assertEq(view_(id).collateral, 0);
        assertEq(market.burned() - burnedBefore, 3 * (EACH - EACH / 2) + 3);
        market.terminate(id);
    }

    // ---------------------------------------------------------------- recovery

    function test_recover_putsTheEntryBack() public {
        (bytes32 lost, bytes32 kept) = twoDeals();
        declareFault(lost);
        DealView memory before = view_(lost);
        uint32 period = before.faultySince;
        prove(period);
        // The other deal is proved, so the set has thawed; the period itself is lost.
        Activation memory a = recovery(lost);
        vm.expectEmit(address(market));
        emit IMarketEvents.DealRecovered(lost, miner, period + 1, period);
        vm.prank(operator);
        market.recover(a);
        DealView memory v = view_(lost);
        assertEq(uint256(v.state), uint256(DealState.Active));
        assertEq(v.faultySince, 0);
        assertEq(v.cursor, period + 1);
        assertEq(v.collateral, before.collateral - EACH, "the current period is charged");
        assertFalse(v.removed);
        (bytes32 root, uint40 leaves, uint32 end, bytes23 key) = market.setEntry(miner, 2, 1);
        assertEq(root, before.sealedRoot);
        assertEq(leaves, 4);
        assertEq(end, before.end);
        assertEq(bytes32(key), bytes32(bytes23(lost)));
        rollToNextPeriod();
        while (currentPeriod() < v.end) proveAndGoOn();
        rollBy(market.params().collateralHold);
        if (market.isFrozen(miner)) rollToNextPeriod();
        market.complete(lost);
        assertEq(stateOf(kept), uint256(DealState.Active));
        conserved();
    }

    /// @dev Before the next challenge block the last one draws, and the period begins anew.
    function test_recover_inTheNextPeriod_boundaries() public {
        bytes32 id = activeDeal();
        while (market.isFrozen(miner)) rollToNextPeriod();
        declareFault(id);
        uint32 from = view_(id).faultySince;
        // One block before the next challenge block: the first one's openings still do.
        vm.roll(market.challengeBlock(miner, from + 1) - 1);
        Activation memory a = recovery(id, from);
        vm.prank(operator);
        market.recover(a);
        assertEq(view_(id).cursor, from + 1);
        assertEq(view_(id).collateral, 40_000 - EACH);
        prove(from + 1);
    }

    function test_recover_revertsBeforeAndInTheChallengeBlock() public {
        bytes32 id = activeDeal();
        while (market.isFrozen(miner)) rollToNextPeriod();
        declareFault(id);
        uint32 from = view_(id).faultySince;
        uint256 at = market.challengeBlock(miner, from);
        Activation memory a = recovery(id, from);
        recoverRefused(operator, a, abi.encodeWithSelector(IMarketEvents.RecoveryTooSoon.selector, id, at, block_()));
        // The earlier challenge block lies before the declaration: what it drew was known.
        recoverRefused(
            operator,
            recovery(id, from - 1),
            abi.encodeWithSelector(IMarketEvents.RecoveryTooSoon.selector, id, at, block_())
        );
        vm.roll(at);
        recoverRefused(operator, a, abi.encodeWithSelector(IMarketEvents.RecoveryTooSoon.selector, id, at, at));
        vm.roll(at + 1);
        vm.prank(miner);
        market.recover(a);
        assertEq(stateOf(id), uint256(DealState.Active));
    }

    function test_recover_revertsWhileFrozen() public {
        (bytes32 lost,) = twoDeals();
        declareFault(lost);
        uint32 from = view_(lost).faultySince;
        rollIntoWindow(from);
        recoverRefused(
            operator,
            recovery(lost),
            abi.encodeWithSelector(IMarketEvents.SetFrozenUntil.selector, miner, market.periodEnd(miner, from))
        );
        prove(from);
        recover(lost);
    }

    function test_recover_revertsInOtherStates() public {
        bytes32 id = publish(proposal());
        recoverRefused(operator, recovery(id), wrongState(id, DealState.Published));
        activate(id);
        recoverRefused(operator, recovery(id), wrongState(id, DealState.Active));
    }

    function test_recover_revertsOnWrongOpenings() public {
        bytes32 id = activeDeal();
        while (market.isFrozen(miner)) rollToNextPeriod();
        declareFault(id);
        uint32 from = view_(id).faultySince;
        vm.roll(market.challengeBlock(miner, from) + 1);
        bytes memory error = abi.encodeWithSelector(IMarketEvents.BadRecovery.selector, id, from);
        Activation memory a = recovery(id);
        for (uint256 i = 0; i < a.openings.length; i += 13) {
            a.openings[i] ^= 0x04;
            recoverRefused(operator, a, error);
            a.openings[i] ^= 0x04;
        }
        a.openings = bytes.concat(a.openings, hex"00");
        recoverRefused(operator, a, error);
        a.openings = "";
        recoverRefused(operator, a, error);
        recover(id);
    }

    function test_recover_revertsPastTheEnd() public {
        bytes32 id = activeDeal(proposal(100, 2));
        while (market.isFrozen(miner)) rollToNextPeriod();
        declareFault(id);
        uint32 end = view_(id).end;
        vm.roll(market.challengeBlock(miner, end - 1) + 1);
        recoverRefused(operator, recovery(id), abi.encodeWithSelector(IMarketEvents.PastEnd.selector, id, end));
    }

    function test_recover_revertsWhenTheSeedIsGone() public {
        bytes32 id = activeDeal();
        while (market.isFrozen(miner)) rollToNextPeriod();
        declareFault(id);
        uint256 at = market.challengeBlock(miner, view_(id).faultySince);
        vm.roll(at + 1);
        Activation memory a = recovery(id);
        seeds.forget(at);
        recoverRefused(operator, a, abi.encodeWithSelector(IMarketEvents.SeedUnavailable.selector, at));
    }

    function test_recover_otherSizes() public {
        uint64[3] memory sizes = [uint64(1), 127 * 4 + 1, 127 * 9];
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 id = activeDeal(proposal(sizes[i], 10));
            while (market.isFrozen(miner)) rollToNextPeriod();
            declareFault(id);
            vm.roll(market.challengeBlock(miner, view_(id).faultySince) + 1);
            if (market.isFrozen(miner)) prove(currentPeriod());
            recover(id);
            if (currentPeriod() < view_(id).start) rollToNextPeriod();
        }
        rollToNextPeriod();
        prove(currentPeriod());
    }

    function test_recover_twice() public {
        bytes32 id = activeDeal();
        while (market.isFrozen(miner)) rollToNextPeriod();
        for (uint256 i = 1; i <= 3; ++i) {
            declareFault(id);
            vm.roll(market.challengeBlock(miner, view_(id).faultySince) + 1);
            recover(id);
            assertEq(view_(id).collateral, 40_000 - i * EACH);
            rollToNextPeriod();
        }
        prove(currentPeriod());
    }

    // ---------------------------------------------------------------- with extensions and early ends

    function test_faulty_isNotExtended() public {
        (bytes32 lost,) = twoDeals();
        declareFault(lost);
        assertEq(uint256(tryExtend(extension(lost, 5), operator)), uint256(SkipReason.NotActive));
    }

    function test_faulty_endsByConsent() public {
        (bytes32 lost,) = twoDeals();
        declareFault(lost);
        uint32 from = view_(lost).faultySince;
        // Inside the freeze of the others: it has nothing in the set.
        rollIntoWindow(from);
        EarlyEnd memory e = earlyEnd(lost, true);
        bytes memory signature = signEarlyEnd(e);
        vm.prank(operator);
        market.endEarly(e, signature);
        assertEq(stateOf(lost), uint256(DealState.Completed));
        assertEq(view_(lost).cursor, from + 1, "the drawn period is charged");
        assertEq(market.setCount(miner, 2), 1);
        conserved();
    }

    function test_faulty_endsByNotice_andRecoversBefore() public {
        bytes32 id = activeDeal();
        while (market.isFrozen(miner)) rollToNextPeriod();
        declareFault(id);
        uint32 from = view_(id).faultySince;
        giveNotice(id);
        assertEq(view_(id).end, from + 3);
        assertEq(view_(id).faultySince, from);
        vm.roll(market.challengeBlock(miner, from) + 1);
        recover(id);
        (,, uint32 end,) = market.setEntry(miner, 2, 0);
        assertEq(end, from + 3, "the entry has the new end");
        rollToNextPeriod();
        prove(from + 1);
        prove(from + 2);
        vm.roll(market.periodEnd(miner, from + 2) + market.params().collateralHold);
        if (market.isFrozen(miner)) rollToNextPeriod();
        market.complete(id);
        assertEq(market.setCount(miner, 2), 0);
    }

    function test_faulty_isNoBusinessOfPurge() public {
        bytes32 id = activeDeal();
        while (market.isFrozen(miner)) rollToNextPeriod();
        declareFault(id);
        market.purge(one(id));
        assertEq(stateOf(id), uint256(DealState.Faulty));
    }

    /// @dev The stake stays as long as a faulty deal is not ended.
    function test_faulty_holdsTheStake() public {
        bytes32 id = activeDeal();
        while (market.isFrozen(miner)) rollToNextPeriod();
        declareFault(id);
        vm.prank(miner);
        registry.announceExit();
        vm.prank(miner);
        vm.expectRevert();
        registry.withdrawStake(miner);
        vm.roll(market.periodEnd(miner, view_(id).faultySince + MOST));
        market.terminate(id);
        vm.prank(miner);
        registry.withdrawStake(miner);
    }

    // ---------------------------------------------------------------- attacks

    /// @dev The draw has hit the lost replica: too late to say so. One block earlier nobody knew.
    function test_attack_declareAfterTheDraw() public {
        (bytes32 lost, bytes32 kept) = twoDeals();
        uint32 period = currentPeriod();
        uint256 at = market.challengeBlock(miner, period);
        bytes memory error =
            abi.encodeWithSelector(IMarketEvents.SetFrozenUntil.selector, miner, market.periodEnd(miner, period));
        vm.roll(at - 1);
        declareFault(lost);
        assertEq(view_(lost).faultySince, period);
        vm.roll(at);
        declareRefused(operator, kept, error);
        vm.roll(market.periodEnd(miner, period) - 1);
        declareRefused(operator, kept, error);
        // Over and not proved: a miss it is, with its slash and its run.
        rollBy(1);
        declareFault(kept);
        assertEq(view_(kept).missRun, 1);
        assertEq(view_(kept).faultySince, period + 1);
    }

    function test_attack_declareInTheWindowOnceProved_countsFromTheNext() public {
        (bytes32 lost,) = twoDeals();
        uint32 period = currentPeriod();
        prove(period);
        declareFault(lost);
        assertEq(view_(lost).faultySince, period + 1, "the proved period is paid");
        assertEq(view_(lost).missRun, 0);
    }

    /// @dev Somebody else's bits: the miner proves its other deals in every period and is paid for these alone.
    function test_attack_neighboursBitsPayNothing() public {
        (bytes32 lost,) = twoDeals();
        market.settle(one(lost), 10);
        declareFault(lost);
        uint96 proved = view_(lost).proved;
        uint256 before = balanceOf(miner);
        for (uint256 i = 0; i < 3; ++i) {
            prove(currentPeriod());
            market.settle(one(lost), 1);
            rollToNextPeriod();
            market.settle(one(lost), 1);
        }
        assertEq(view_(lost).proved, proved);
        assertEq(balanceOf(miner), before);
        prove(currentPeriod());
        recover(lost);
        market.settle(one(lost), 100);
        assertEq(view_(lost).proved, proved, "nor after recovery");
    }

    /// @dev Declared and recovered in every period: no duty, but each costs its pay and as much again.
    function test_attack_declareAndRecoverForEver() public {
        bytes32 honest = activeDeal(proposal(100, 5));
        bytes32 lazy = activeDeal(proposal(100, 5));
        uint32 start = view_(lazy).start;
        while (market.isFrozen(miner)) rollToNextPeriod();
        for (uint32 p = start; p < start + 4; ++p) {
            declareFault(lazy);
            prove(p);
            recover(lazy);
            assertEq(view_(lazy).proved, 0);
            rollToNextPeriod();
        }
        prove(start + 4);
        vm.roll(market.periodEnd(miner, start + 4) + market.params().collateralHold);
        if (market.isFrozen(miner)) rollToNextPeriod();
        uint256 before = balanceOf(miner);
        market.complete(honest);
        uint256 earned = balanceOf(miner) - before;
        before = balanceOf(miner);
        market.complete(lazy);
        assertLe(balanceOf(miner) - before + 4 * (uint256(20_007) / 5), earned, "four fees less");
    }

    /// @dev A default that was reached stays, as does one that is only settled now.
    function test_attack_declareToDodgeADefault() public {
        bytes32 id = activeDeal();
        vm.roll(market.periodEnd(miner, view_(id).start + 2));
        declareRefused(operator, id, abi.encodeWithSelector(IMarketEvents.Defaulted.selector, id));
        market.settle(one(id), 1);
        declareRefused(operator, id, abi.encodeWithSelector(IMarketEvents.Defaulted.selector, id));
        market.terminate(id);
    }

    /// @dev STREAM replicas can be computed by whoever has the piece. A client that put an entry back which the miner
    /// cannot prove would spoil the proofs of all its deals, and have half of their slashes.
    function test_attack_clientRecoversAgainstTheMinersWill() public {
        (bytes32 lost,) = twoDeals();
        declareFault(lost);
        prove(view_(lost).faultySince);
        Activation memory a = recovery(lost);
        address[3] memory others = [client, auditor, stranger];
        for (uint256 i = 0; i < 3; ++i) {
            recoverRefused(others[i], a, abi.encodeWithSelector(IMarketEvents.NotMiner.selector, miner, others[i]));
        }
    }

    /// @dev The positions of another draw, of activation, or of an earlier declaration.
    function test_attack_replayedOpenings() public {
        bytes32 id = publish(proposal(127 * 4 * 16, 20));
        bytes memory sealed_ = publishedOpenings(id);
        activate(id);
        while (market.isFrozen(miner)) rollToNextPeriod();
        declareFault(id);
        uint32 from = view_(id).faultySince;
        vm.roll(market.challengeBlock(miner, from) + 1);
        Activation memory first = recovery(id);
        Activation memory a = Activation(first.proposal, "", sealed_);
        recoverRefused(operator, a, abi.encodeWithSelector(IMarketEvents.BadRecovery.selector, id, from));
        vm.prank(operator);
        market.recover(first);
        recoverRefused(operator, first, wrongState(id, DealState.Active));
        rollToNextPeriod();
        declareFault(id);
        vm.roll(market.challengeBlock(miner, from + 1) + 1);
        recoverRefused(operator, first, abi.encodeWithSelector(IMarketEvents.BadRecovery.selector, id, from + 1));
        // Only the latest challenge block draws.
        a = recovery(id);
        vm.roll(market.challengeBlock(miner, from + 2) + 1);
        recoverRefused(operator, a, abi.encodeWithSelector(IMarketEvents.BadRecovery.selector, id, from + 2));
        recover(id);
    }

    function publishedOpenings(bytes32 id) private returns (bytes memory) {
        vm.roll(view_(id).sealBlock + 1);
        return sealOpenings(id);
    }

    /// @dev A replica of which half is lost: every draw that hits the lost half is refused, and every further one costs a fee.
    function test_attack_partialRecovery() public {
        for (uint256 round = 0; round < 6; ++round) {
            bytes32 id = activeDeal(proposal(127 * 16, 20));
            while (market.isFrozen(miner)) rollToNextPeriod();
            declareFault(id);
            uint256 paid;
            for (uint256 i = 0; i < MOST; ++i) {
                vm.roll(market.challengeBlock(miner, view_(id).faultySince + uint32(i)) + 1);
                (Activation memory a, bool hit) = halfRecovery(id);
                ++paid;
                if (hit) {
                    uint32 drawnBy = market.nextDuty(miner, block_()) - 1;
                    recoverRefused(operator, a, abi.encodeWithSelector(IMarketEvents.BadRecovery.selector, id, drawnBy));
                    continue;
                }
                vm.prank(operator);
                market.recover(a);
                break;
            }
            market.settle(one(id), 10);
            uint256 each = (uint256(proposalOf[id].price) + 19) / 20;
            assertEq(view_(id).collateral, proposalOf[id].collateral - paid * each, "a fee for every try");
            // Empties the set for the next round.
            if (market.isFrozen(miner)) rollToNextPeriod();
            EarlyEnd memory e = earlyEnd(id, true);
            bytes memory signature = signEarlyEnd(e);
            vm.prank(operator);
            market.endEarly(e, signature);
        }
    }

    /// @dev Opens the drawn positions of a replica whose second half reads as zeros.
    function halfRecovery(bytes32 id) private view returns (Activation memory a, bool hit) {
        uint32 period = market.nextDuty(miner, block_()) - 1;
        a = recovery(id, period);
        bytes32 value = seeds.valueAt(market.challengeBlock(miner, period), "");
        bytes32 seed = keccak256(abi.encode(value, address(market), id, period, bytes32("recovery")));
        uint256 half = 32 * (uint256(heightOf(127 * 16)) + 1);
        for (uint256 i = 0; i < 2; ++i) {
            if (uint256(sha256(abi.encodePacked(seed, i))) % 64 < 32) continue;
            hit = true;
            for (uint256 j = 0; j < 32; ++j) {
                a.openings[(2 * i + 1) * half + j] = 0;
            }
        }
    }

    /// @dev No set is ever that full in a test: its count is written.
    function test_recover_revertsWhenTheSetIsFull() public {
        bytes32 id = activeDeal();
        while (market.isFrozen(miner)) rollToNextPeriod();
        declareFault(id);
        vm.roll(market.challengeBlock(miner, view_(id).faultySince) + 1);
        Activation memory a = recovery(id);
        vm.store(address(market), countsSlot(), bytes32(uint256(2 ** 24 - 1) << 64));
        assertEq(market.setCount(miner, 2), 2 ** 24 - 1);
        recoverRefused(operator, a, abi.encodeWithSelector(IMarketEvents.SetFull.selector, miner, 2));
        vm.store(address(market), countsSlot(), 0);
        vm.prank(operator);
        market.recover(a);
    }

    /// @dev Word 0 of the counts of the miner's set; where the market's state begins is found by what it holds.
    function countsSlot() private view returns (bytes32) {
        for (uint256 base = 0; base < 8; ++base) {
            uint256 set = uint256(keccak256(abi.encode(miner, base)));
            // One live deal, no weight.
            if (uint256(vm.load(address(market), bytes32(set))) == uint256(1) << 112) {
                return keccak256(abi.encode(0, set + 1));
            }
        }
        revert("not found");
    }
}

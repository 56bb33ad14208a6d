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
    Publication,
    SkipReason
} from "../../src/types/MarketTypes.sol";
import {HandOverFixture} from "../utils/HandOverFixture.sol";

/// @title Deals that move to another miner (Protocol §3.9): what each side gets, and every reason to refuse.
contract HandOverTest is HandOverFixture {
    function setUp() public {
        setUpMarket();
        setUpHeir();
    }

    function assertConserved() private view {
        assertEq(
            balanceOf(client) + balanceOf(miner) + balanceOf(heir) + balanceOf(stranger) + balanceOf(address(this))
                + market.burned() + locked(ids_),
            token.balanceOf(address(market)),
            "conservation"
        );
    }

    bytes32[] private ids_;

    function locked(bytes32[] memory ids) private view returns (uint256 sum) {
        for (uint256 i = 0; i < ids.length; ++i) {
            DealView memory v = view_(ids[i]);
            if (v.state == DealState.Published) sum += uint256(v.price) + v.collateral;
            if (v.state != DealState.Active) continue;
            sum += uint256(v.price) + v.collateral;
            if (v.periods == 0) continue;
            sum -= (uint256(v.price) * v.proved) / v.periods + (uint256(v.price) * v.missed) / v.periods;
        }
    }

    // ---------------------------------------------------------------- publishing

    function test_publish_locksWhatTheEscrowCannotCover() public {
        bytes32 old = oldDeal();
        DealProposal memory p = replacement(old, heir);
        uint256 cover = coverFor(old, p);
        (SkipReason reason, uint96 covered) = market.coverOf(p);
        assertEq(uint256(reason), 0);
        assertEq(covered, cover);
        assertTrue(cover > 0 && cover < p.price);
        uint256 before = balanceOf(client);
        bytes32 id = announce(p);
        assertEq(before - balanceOf(client), p.price - cover);
        assertEq(view_(id).price, p.price - cover, "what is locked so far");
        assertEq(view_(id).collateral, p.collateral);
        (bytes23 successor, bool pending, bool waived) = market.handOver(old);
        assertEq(bytes32(successor), bytes32(bytes23(id)));
        assertTrue(pending);
        assertFalse(waived);
        assertFalse(view_(old).noticed);
    }

    function test_publish_locksNothingWhenTheEscrowCoversAll() public {
        bytes32 old = oldDeal();
        DealProposal memory p = replacement(old, heir);
        p.periods = 2;
        p.price = uint96(coverFor(old, p));
        p.collateral = 2 * p.price;
        uint256 before = balanceOf(client);
        bytes32 id = announce(p);
        assertEq(balanceOf(client), before);
        assertEq(view_(id).price, 0);
        // Not activated, it gives back what it locked, which is nothing of the client's.
        live(p.activateBy + 1);
        market.expire(id);
        assertEq(balanceOf(client), before);
    }

    /// @dev Near the end of a deal nothing is left for sure, and the new one is paid like any.
    function test_publish_locksAllWhenNothingIsLeftForSure() public {
        bytes32 old = activeDeal(proposal(100, 5));
        DealProposal memory p = replacement(old, heir);
        assertEq(coverFor(old, p), 0);
        bytes32 id = announce(p);
        assertEq(view_(id).price, p.price);
    }

    function test_publish_clientShort() public {
        bytes32 old = oldDeal();
        DealProposal memory p = replacement(old, heir);
        uint96 due = uint96(p.price - coverFor(old, p));
        leaveClientWith(due - 1);
        skipped(p, SkipReason.ClientShort);
        token.mint(client, 1);
        vm.prank(client);
        market.deposit(client, 1);
        announce(p);
        assertEq(balanceOf(client), 0);
    }

    function leaveClientWith(uint96 amount) private {
        uint96 rest = uint96(balanceOf(client) - amount);
        vm.prank(client);
        market.requestWithdrawal(rest);
        rollBy(market.params().withdrawNotice);
        vm.prank(client);
        market.withdraw(client);
        assertEq(balanceOf(client), amount);
    }

    // ---------------------------------------------------------------- with notice

    function test_handOver_givesNoticeAndMovesTheRest() public {
        bytes32 old = oldDeal();
        bytes32 id = announce(old);
        ids_ = [old, id];
        uint256 clientBefore = balanceOf(client);
        (uint256 lockedBefore, uint96 full) = (view_(id).price, proposalOf[id].price);
        DealView memory v = readyToTakeOver(old, id);
        uint96 rest = uint96((uint256(v.price) * NOTICE) / v.periods);
        uint96 carried = v.price - uint96((uint256(v.price) * v.proved) / v.periods) - rest;
        vm.expectEmit(address(market));
        emit IMarketEvents.DealHandedOver(old, id, v.cursor, v.cursor + NOTICE, rest, carried);
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.None));

        DealView memory o = view_(old);
        assertEq(uint256(o.state), uint256(DealState.Active), "proved and paid to the end of its notice");
        assertEq(o.end, v.cursor + NOTICE);
        assertEq(o.price, rest);
        assertEq(o.periods, NOTICE);
        assertTrue(o.noticed);
        assertEq(o.collateral, v.collateral);
        (,, uint32 drawnTo,) = market.setEntry(miner, 2, 0);
        assertEq(drawnTo, o.end);
        assertEq(view_(id).price, full, "the new deal holds its whole price");
        assertEq(balanceOf(client), clientBefore + lockedBefore + carried - full, "the excess is the client's");
        noOverlap(old, id);
        assertConserved();
    }

    /// @dev Settled, and nothing is frozen.
    function readyToTakeOver(bytes32 old, bytes32 id) private returns (DealView memory) {
        live(view_(id).sealBlock + 1);
        while (market.isFrozen(miner) || market.isFrozen(heir)) {
            live(block_() + 1);
        }
        market.settle(one(old), 100);
        return view_(old);
    }

    /// @dev The new deal's first period begins with the first that begins after the old one's last.
    function noOverlap(bytes32 old, bytes32 id) private view {
        uint256 over = market.periodEnd(miner, view_(old).end - 1);
        uint32 start = view_(id).start;
        uint256 begins = market.periodEnd(heir, start - 1);
        assertGe(begins, over, "overlap");
        // Or with the next duty, if the old deal was over before.
        if (begins - over >= market.params().periodBlocks) {
            assertLe(begins, block_() + market.params().periodBlocks, "a longer gap than need be");
        }
    }

    function test_handOver_bothArePaidAndFreed() public {
        uint256[3] memory before = [balanceOf(client), balanceOf(miner), balanceOf(heir)];
        bytes32 old = oldDeal();
        bytes32 id = announce(old);
        ids_ = [old, id];
        takeOver(id);
        (uint32 first, uint32 last) = (view_(old).start, view_(old).end);
        live(market.periodEnd(miner, last - 1) + market.params().collateralHold);
        market.complete(old);
        assertEq(stateOf(old), uint256(DealState.Completed));
        assertTrue(view_(old).removed);
        assertEq(market.liveDeals(miner), 0);
        uint256 each = 1000 * 4;
        uint256 paid = each * (last - first);
        // Seven tokens over 30 periods, of which rounding leaves less.
        assertApprox(
            balanceOf(miner) - before[1], paid - paid / 100, 10, "paid for every period, and its collateral back"
        );
        live(market.periodEnd(heir, view_(id).end - 1) + market.params().collateralHold);
        market.complete(id);
        assertEq(view_(id).proved, PERIODS);
        assertEq(balanceOf(heir) - before[2], proposalOf[id].price - (proposalOf[id].price / 100), "the new one too");
        assertApprox(before[0] - balanceOf(client), paid + proposalOf[id].price, 10, "the client paid no period twice");
        assertConserved();
        assertEq(market.setWeight(miner), 0);
        assertEq(market.setWeight(heir), 0);
    }

    function assertApprox(uint256 actual, uint256 expected, uint256 by, string memory what) private pure {
        assertLe(actual, expected + by, what);
        assertGe(actual + by, expected, what);
    }

    /// @dev Between its activation and its first period the new entry is drawn like any, unpaid and not slashed.
    function test_handOver_theNewDealWaitsForTheOldOne() public {
        bytes32 old = oldDeal();
        bytes32 id = announce(old);
        takeOver(id);
        uint32 start = view_(id).start;
        assertGe(start, market.nextDuty(heir, block_()) + NOTICE - 1);
        uint256 before = balanceOf(heir);
        live(market.periodEnd(heir, start - 1));
        market.settle(one(id), 100);
        assertEq(view_(id).cursor, start);
        assertEq(balanceOf(heir), before, "nothing before the first period");
        assertEq(view_(id).collateral, proposalOf[id].collateral);
        live(market.periodEnd(heir, start));
        market.settle(one(id), 100);
        assertEq(view_(id).proved, 1);
    }

    function test_handOver_missesOfTheNoticeAreSlashed() public {
        bytes32 old = oldDeal();
        bytes32 id = announce(old);
        takeOver(id);
        uint96 price = view_(id).price;
        // Nobody proves any more.
        vm.roll(market.periodEnd(miner, view_(old).end - 1));
        uint96 left = view_(old).collateral;
        market.terminate(old);
        assertEq(stateOf(old), uint256(DealState.Terminated));
        assertTrue(left > 0);
        assertEq(view_(id).price, price, "the new deal is untouched");
    }

    /// @dev A deal that ends no later anyway goes on as it is, but not beyond.
    function test_handOver_atTheEndOfADealLeavesItAlone() public {
        bytes32 old = activeDeal(proposal(100, 3));
        bytes32 id = announce(old);
        takeOver(id);
        DealView memory v = view_(old);
        assertEq(v.end, v.start + 3);
        assertEq(v.price, proposalOf[old].price);
        assertTrue(v.noticed);
        assertEq(uint256(tryExtend(extension(old, 1), operator)), uint256(SkipReason.DealOver));
        noOverlap(old, id);
        live(market.periodEnd(miner, v.end - 1) + market.params().collateralHold);
        market.complete(old);
        assertEq(view_(old).proved, 3);
    }

    /// @dev No freeze is in the way where nothing has to be counted anew: of a deal that ends no later than its notice would.
    function test_handOver_ofADealThatEndsWithItsNotice_insideAFreeze() public {
        bool exactly;
        for (uint32 periods = 3; periods <= 8; ++periods) {
            bytes32 old = activeDeal(proposal(100, periods));
            bytes32 id = announce(old);
            uint32 period = market.nextDuty(miner, view_(id).sealBlock);
            vm.roll(market.challengeBlock(miner, period));
            if (market.isFrozen(heir)) vm.roll(market.periodEnd(heir, market.periodAt(heir, block_())));
            assertTrue(market.isFrozen(miner));
            uint32 from = period + 1;
            uint32 end = view_(old).end;
            exactly = exactly || from + NOTICE == end;
            assertEq(
                uint256(tryActivate(activation(id))),
                uint256(from + NOTICE < end ? SkipReason.ReplacedFrozen : SkipReason.None)
            );
            assertEq(view_(old).end, end);
            // The next one begins with nothing drawn and nothing due.
            live(market.periodEnd(miner, end) + market.params().collateralHold);
        }
        assertTrue(exactly, "the limit itself was not met");
    }

    // ---------------------------------------------------------------- without notice

    function test_waived_endsAtTheLastClosedPeriod() public {
        bytes32 old = oldDeal();
        bytes32 id = announce(old);
        ids_ = [old, id];
        vm.expectEmit(address(market));
        emit IMarketEvents.NoticeWaived(old, miner);
        waive(old, operator);
        (,, bool waived) = market.handOver(old);
        assertTrue(waived);
        (uint256 clientBefore, uint256 minerBefore) = (balanceOf(client), balanceOf(miner));
        DealView memory v = readyToTakeOver(old, id);
        uint256 paid = (uint256(v.price) * v.proved) / v.periods;
        uint256 newlyPaid = balanceOf(miner) - minerBefore;
        uint256 lockedBefore = view_(id).price;
        vm.expectEmit(address(market));
        emit IMarketEvents.DealHandedOver(old, id, v.cursor, v.cursor, 0, uint96(v.price - paid));
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.None));
        assertEq(balanceOf(client), clientBefore + lockedBefore + v.price - paid - proposalOf[id].price);
        assertEq(balanceOf(miner), minerBefore + newlyPaid, "no collateral yet");
        DealView memory o = view_(old);
        assertEq(uint256(o.state), uint256(DealState.Active));
        assertEq(o.end, v.cursor);
        assertEq(o.cursor, o.end);
        assertEq(uint256(o.price) + o.periods + o.proved + o.missed, 0);
        noOverlap(old, id);
        assertConserved();
        // Nothing is drawn of it any more, and anyone purges it.
        market.purge(one(old));
        assertTrue(view_(old).removed);
        // Its collateral is held as long as that of any deal that has ended.
        uint256 due = market.periodEnd(miner, o.end - 1) + market.params().collateralHold;
        if (block_() < due - 1) vm.roll(due - 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotOver.selector, old, due, due - 1));
        market.complete(old);
        vm.roll(due);
        vm.expectEmit(address(market));
        emit IMarketEvents.DealCompleted(old, v.collateral, 0);
        market.complete(old);
        assertEq(balanceOf(miner), minerBefore + newlyPaid + v.collateral);
        assertConserved();
    }

    function test_waived_beforeTheFirstPeriod() public {
        bytes32 old = activeDeal(proposal(100, PERIODS));
        waive(old, miner);
        bytes32 id = announce(old);
        vm.roll(view_(id).sealBlock + 1);
        uint32 start = view_(old).start;
        assertTrue(block_() < market.challengeBlock(miner, start));
        takeOver(id);
        assertEq(view_(old).end, start);
        vm.roll(market.periodEnd(miner, start - 1) + market.params().collateralHold);
        if (market.isFrozen(miner)) rollToNextPeriod();
        market.complete(old);
        assertEq(view_(old).missed, 0);
    }

    function test_waiveNotice_onceIsEnough() public {
        bytes32 old = oldDeal();
        waive(old, miner);
        waive(old, operator);
        (,, bool waived) = market.handOver(old);
        assertTrue(waived);
    }

    function test_waiveNotice_changesNothingElse() public {
        bytes32 old = oldDeal();
        bytes32 before = keccak256(abi.encode(view_(old), balanceOf(client), balanceOf(miner)));
        waive(old, operator);
        assertEq(keccak256(abi.encode(view_(old), balanceOf(client), balanceOf(miner))), before);
        assertEq(
            uint256(tryExtend(extension(old, 1), operator)),
            uint256(SkipReason.None),
            "it goes on if it is not handed over"
        );
    }

    function test_revert_waiveNotice() public {
        bytes32 old = oldDeal();
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotOperator.selector, old, client));
        waive(old, client);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotOperator.selector, old, heirOperator));
        waive(old, heirOperator);
        // While its owner has paused the miner the hot key gives up nothing; the owner does.
        vm.prank(miner);
        registry.setAccepting(false);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotOperator.selector, old, operator));
        waive(old, operator);
        waive(old, miner);
        bytes32 unknown = keccak256("unknown");
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.WrongState.selector, unknown, uint8(DealState.None)));
        waive(unknown, miner);
    }

    // ---------------------------------------------------------------- while it is pending

    function test_pending_nothingTakesTheEscrowAway() public {
        bytes32 old = oldDeal();
        bytes32 id = announce(old);
        assertEq(uint256(tryExtend(extension(old, 5), operator)), uint256(SkipReason.HandOverPending));
        EarlyEnd memory e = earlyEnd(old, false);
        bytes memory pending = abi.encodeWithSelector(IMarketEvents.HandOverPending.selector, old, bytes23(id));
        vm.expectRevert(pending);
        vm.prank(client);
        market.endEarly(e, "");
        e = earlyEnd(old, true);
        bytes memory signature = signEarlyEnd(e);
        vm.expectRevert(pending);
        vm.prank(operator);
        market.endEarly(e, signature);
        skipped(replacement(old, heir), SkipReason.HandOverPending);
        address third = actor("third");
        addMiner(third, heirOperator);
        skipped(replacement(old, third), SkipReason.HandOverPending);
    }

    function test_neverActivated_theOldDealGoesOn() public {
        uint256 before = balanceOf(client);
        bytes32 old = oldDeal();
        uint256 afterOld = balanceOf(client);
        assertTrue(before > afterOld);
        bytes32 id = announce(old);
        // Not before its time, and not while it is still pending in its last block.
        live(view_(id).activateBy);
        (, bool pending,) = market.handOver(old);
        assertTrue(pending);
        live(view_(id).activateBy + 1);
        (, pending,) = market.handOver(old);
        assertFalse(pending);
        // Whether or not anybody has expired it.
        while (market.isFrozen(miner)) live(block_() + 1);
        assertEq(uint256(tryExtend(extension(old, 1), operator)), uint256(SkipReason.None));
        uint256 held = view_(id).price;
        uint256 clientBefore = balanceOf(client);
        vm.prank(stranger);
        market.expire(id);
        assertEq(balanceOf(client), clientBefore + held);
        assertEq(stateOf(old), uint256(DealState.Active));
        assertFalse(view_(old).noticed);
        assertEq(view_(old).missed, 0);
        // It can be handed over again, and noticed.
        bytes32 second = announce(old);
        takeOver(second);
        assertTrue(view_(old).noticed);
    }

    function test_neverActivated_thenNotice() public {
        bytes32 old = oldDeal();
        bytes32 id = announce(old);
        live(view_(id).activateBy + 1);
        while (market.isFrozen(miner)) live(block_() + 1);
        uint256 held = view_(id).price;
        giveNotice(old);
        assertTrue(view_(old).noticed);
        assertEq(view_(id).price, held, "what the notice gave back is the client's: nothing counts on it any more");
    }

    function test_activatedInItsLastBlock() public {
        bytes32 old = oldDeal();
        DealProposal memory p = replacement(old, heir);
        bytes32 id = announce(p);
        ids_ = [old, id];
        live(p.activateBy - 25);
        while (market.isFrozen(heir) || market.isFrozen(miner)) live(block_() + 1);
        if (block_() < p.activateBy) vm.roll(p.activateBy);
        assertFalse(market.isFrozen(heir) || market.isFrozen(miner));
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.None));
        assertConserved();
    }

    // ---------------------------------------------------------------- the old deal ends in another way

    /// @dev The old miner cannot starve the new deal by defaulting.
    function test_attack_oldMinerDefaultsWhileItIsPending() public {
        bytes32 old = oldDeal();
        DealProposal memory p = replacement(old, heir);
        p.activateBy = uint64(block_() + market.params().maxActivationBlocks);
        bytes32 id = announce(p);
        ids_ = [old, id];
        uint256 held = view_(id).price;
        market.settle(one(old), 100);
        vm.roll(market.periodEnd(miner, view_(old).cursor + 2));
        // Who would take it over has to terminate it first.
        uint256 clientBefore = balanceOf(client);
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.DealDefaulted));
        DealView memory v = view_(old);
        uint96 unspent = v.price - uint96((uint256(v.price) * v.proved) / v.periods)
            - uint96((uint256(v.price) * v.missed) / v.periods);
        uint256 settledToClient = balanceOf(client) - clientBefore;
        vm.expectEmit(address(market));
        emit IMarketEvents.EscrowMoved(old, bytes23(id), unspent);
        vm.prank(stranger);
        market.terminate(old);
        assertEq(view_(id).price, held + unspent);
        uint256 half = v.collateral / 2;
        assertEq(
            balanceOf(client), clientBefore + settledToClient + half - 1000, "of the collateral its half, less the tip"
        );
        clientBefore = balanceOf(client);
        while (market.isFrozen(heir)) live(block_() + 1);
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.None));
        assertEq(view_(id).price, p.price);
        assertEq(balanceOf(client), clientBefore + held + unspent - p.price);
        assertGe(market.periodEnd(heir, view_(id).start - 1), market.periodEnd(miner, v.cursor - 1));
        assertLe(view_(id).start, market.nextDuty(heir, block_()) + 1, "no longer than it must");
        assertConserved();
    }

    function test_theOldDealDefaults_andTheNewOneExpires() public {
        MarketParams memory rules = defaults();
        rules.maxActivationBlocks = 600;
        setUpMarket(rules);
        setUpHeir();
        uint256 before = balanceOf(client);
        bytes32 old = activeDeal(proposal(100, PERIODS));
        DealProposal memory p = replacement(old, heir);
        p.activateBy = uint64(block_() + market.params().maxActivationBlocks);
        bytes32 id = announce(p);
        ids_ = [old, id];
        vm.roll(view_(id).activateBy);
        market.terminate(old);
        vm.roll(block_() + 1);
        market.expire(id);
        assertGe(balanceOf(client), before, "all its money, and a share of the collateral");
        assertConserved();
    }

    /// @dev After activateBy nothing counts on the escrow, expired or not.
    function test_theOldDealDefaults_afterActivateBy() public {
        bytes32 old = oldDeal();
        bytes32 id = announce(old);
        uint256 held = view_(id).price;
        market.settle(one(old), 100);
        vm.roll(market.periodEnd(miner, view_(old).cursor + 3));
        if (block_() <= view_(id).activateBy) vm.roll(view_(id).activateBy + 1);
        market.terminate(old);
        assertEq(view_(id).price, held);
    }

    function test_theOldDealCompletes_whileItIsPending() public {
        bytes32 old = activeDeal(proposal(100, 1));
        bytes32 id = announce(old);
        ids_ = [old, id];
        uint256 due = market.periodEnd(miner, view_(old).end - 1) + market.params().collateralHold;
        assertLe(due, view_(id).activateBy, "over in time");
        live(due);
        market.complete(old);
        takeOver(id);
        assertEq(view_(id).price, proposalOf[id].price);
        assertEq(view_(id).start, market.nextDuty(heir, block_()));
        assertConserved();
    }

    // ---------------------------------------------------------------- why it is refused

    function skipped(DealProposal memory p, SkipReason reason) private {
        Publication memory signed = publication(p);
        uint256 before = balanceOf(client);
        assertEq(uint256(tryPublish(signed, heirOperator)), uint256(reason));
        assertEq(balanceOf(client), before);
        assertEq(stateOf(market.dealIdOf(p)), uint256(DealState.None));
    }

    function test_skip_replacesUnknown() public {
        DealProposal memory p = replacement(oldDeal(), heir);
        p.replaces = keccak256("unknown");
        skipped(p, SkipReason.ReplacesUnknown);
        // Published, but not active; and one that has ended.
        p.replaces = publish(proposal());
        skipped(p, SkipReason.ReplacesUnknown);
        vm.roll(view_(p.replaces).activateBy + 1);
        market.expire(p.replaces);
        (p.publishBy, p.activateBy) = (uint64(block_() + 100), uint64(block_() + 200));
        skipped(p, SkipReason.ReplacesUnknown);
    }

    function test_skip_replacesForeign() public {
        bytes32 old = oldDeal();
        DealProposal memory p = replacement(old, heir);
        uint256 key = uint256(keccak256("other client"));
        p.client = vm.addr(key);
        fund(p.client, 1e9);
        assertEq(uint256(tryPublish(publication(p, key), heirOperator)), uint256(SkipReason.ReplacesForeign));
    }

    function test_skip_replacesSameMiner() public {
        bytes32 old = oldDeal();
        DealProposal memory p = replacement(old, miner);
        assertEq(uint256(tryPublish(publication(p), operator)), uint256(SkipReason.ReplacesSameMiner));
    }

    function test_skip_dealOver() public {
        bytes32 old = oldDeal();
        while (market.isFrozen(miner)) live(block_() + 1);
        giveNotice(old);
        skipped(replacement(old, heir), SkipReason.DealOver);
        live(market.periodEnd(miner, view_(old).end - 1));
        skipped(replacement(old, heir), SkipReason.DealOver);
    }

    /// @dev Its last block is still its own.
    function test_skip_dealOver_fromItsEndOn() public {
        bytes32 other = activeDeal(proposal(100, 3));
        bytes32 old = activeDeal(proposal(100, 3));
        uint256 over = market.periodEnd(miner, view_(old).end - 1);
        assertEq(view_(other).end, view_(old).end);
        live(over - 1);
        announce(other);
        live(over);
        skipped(replacement(old, heir), SkipReason.DealOver);
    }

    function test_skip_dealDefaulted() public {
        bytes32 old = oldDeal();
        market.settle(one(old), 100);
        vm.roll(market.periodEnd(miner, view_(old).cursor + 3));
        market.settle(one(old), 100);
        skipped(replacement(old, heir), SkipReason.DealDefaulted);
    }

    /// @dev Two freezes may have to be waited for, one after the other.
    function test_skip_badActivateBy() public {
        bytes32 old = oldDeal();
        DealProposal memory p = replacement(old, heir);
        (p.publishBy, p.activateBy) = (uint64(block_()), uint64(block_() + 4 + 2 * 20));
        skipped(p, SkipReason.BadActivateBy);
        p.activateBy += 1;
        announce(p);
    }

    function test_skip_replacedFrozen() public {
        bytes32 old = oldDeal();
        bytes32 id = announce(old);
        uint32 period = market.nextDuty(miner, view_(id).sealBlock);
        vm.roll(market.challengeBlock(miner, period));
        if (market.isFrozen(heir)) vm.roll(market.periodEnd(heir, market.periodAt(heir, block_())));
        assertTrue(market.isFrozen(miner));
        market.settle(one(old), 100);
        bytes32 before = keccak256(abi.encode(view_(old), balanceOf(client)));
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.ReplacedFrozen));
        assertEq(keccak256(abi.encode(view_(old), balanceOf(client))), before);
        assertEq(stateOf(id), uint256(DealState.Published));
        // Proved, it is free; the proof is paid at the old price.
        prove(period);
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.None));
        assertEq(view_(old).end, period + 1 + NOTICE);
    }

    /// @dev One call settles at most 1,024 periods; what is left is settled first.
    function test_skip_dealUnsettled() public {
        MarketParams memory p = defaults();
        p.challenges = 1;
        setUpMarket(p);
        setUpHeir();
        bytes32 old = activeDeal(proposal(100, 2000));
        uint32 start = view_(old).start;
        for (uint32 period = start; period < start + 1025; ++period) {
            this.proveOutside(period);
        }
        rollToNextPeriod();
        bytes32 id = announce(old);
        vm.roll(view_(id).sealBlock + 1);
        if (market.isFrozen(heir)) vm.roll(market.periodEnd(heir, market.periodAt(heir, block_())));
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.DealUnsettled));
        market.settle(one(old), 100);
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.None));
    }

    /// @dev A call of its own, so that its memory is given back.
    function proveOutside(uint32 period) external {
        prove(period);
    }

    // ---------------------------------------------------------------- once it is handed over

    function test_handedOver_isFinal() public {
        bytes32 old = oldDeal();
        bytes32 id = announce(old);
        takeOver(id);
        while (market.isFrozen(miner)) live(block_() + 1);
        assertEq(uint256(tryExtend(extension(old, 1), operator)), uint256(SkipReason.DealOver));
        uint32 end = view_(old).end;
        EarlyEnd memory e = earlyEnd(old, false);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotSooner.selector, old, end));
        vm.prank(client);
        market.endEarly(e, "");
        address third = actor("third");
        addMiner(third, heirOperator);
        skipped(replacement(old, third), SkipReason.DealOver);
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.NotPublished));
        // A waiver comes too late.
        waive(old, miner);
        assertEq(view_(old).end, end);
    }

    function test_handedOver_bothSidesMayStillEndItAtOnce() public {
        bytes32 old = oldDeal();
        bytes32 id = announce(old);
        ids_ = [old, id];
        takeOver(id);
        EarlyEnd memory e = earlyEnd(old, true);
        bytes memory signature = signEarlyEnd(e);
        vm.prank(operator);
        market.endEarly(e, signature);
        assertEq(stateOf(old), uint256(DealState.Completed));
        assertConserved();
    }

    function test_chain_aDealThatHasNotBegunIsHandedOver() public {
        bytes32 old = oldDeal();
        bytes32 id = announce(old);
        takeOver(id);
        uint32 start = view_(id).start;
        address third = actor("third");
        addMiner(third, heirOperator);
        vm.prank(heir);
        market.waiveNotice(one(id));
        DealProposal memory p = replacement(id, third);
        assertEq(uint256(tryPublish(publication(p), heirOperator)), uint256(SkipReason.None));
        bytes32 next = market.dealIdOf(p);
        ids_ = [old, id, next];
        live(view_(next).sealBlock + 1);
        while (market.isFrozen(miner) || market.isFrozen(heir)) live(block_() + 1);
        uint256 before = balanceOf(heir);
        assertEq(uint256(tryActivate(activation(next))), uint256(SkipReason.None));
        assertEq(view_(id).end, start, "it ends where it would have begun");
        assertEq(view_(id).price, 0);
        assertGe(market.periodEnd(third, view_(next).start - 1), market.periodEnd(heir, start - 1));
        assertEq(view_(next).price, p.price);
        assertEq(balanceOf(heir), before);
        assertEq(
            balanceOf(client) + balanceOf(miner) + balanceOf(heir) + balanceOf(third) + market.burned() + locked(ids_),
            token.balanceOf(address(market))
        );
    }

    function test_chain_noticeOfADealThatHasNotBegun() public {
        bytes32 old = oldDeal();
        bytes32 id = announce(old);
        takeOver(id);
        uint32 start = view_(id).start;
        address third = actor("third");
        addMiner(third, heirOperator);
        DealProposal memory p = replacement(id, third);
        uint256 cover = coverFor(id, p);
        assertEq(uint256(tryPublish(publication(p), heirOperator)), uint256(SkipReason.None));
        assertEq(view_(market.dealIdOf(p)).price, p.price - cover);
        live(view_(market.dealIdOf(p)).sealBlock + 1);
        while (market.isFrozen(miner) || market.isFrozen(heir)) live(block_() + 1);
        assertEq(uint256(tryActivate(activation(market.dealIdOf(p)))), uint256(SkipReason.None));
        assertEq(view_(id).end, start + NOTICE);
    }

    function test_handOver_inAnExcusedPeriod() public {
        bytes32 old = oldDeal();
        uint32 period = currentPeriod() + 2;
        vm.prank(miner);
        market.announceMaintenance(miner, period, 1);
        live(market.periodEnd(miner, period - 1));
        bytes32 id = announce(old);
        ids_ = [old, id];
        live(view_(id).sealBlock + 1);
        while (market.isFrozen(heir)) live(block_() + 1);
        assertEq(currentPeriod(), period);
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.None));
        assertEq(
            view_(old).end, period + 1 + NOTICE, "the excused period is settled, and the notice counts from the next"
        );
        noOverlap(old, id);
        assertConserved();
    }

    // ---------------------------------------------------------------- attacks

    /// @dev A hand-over takes from a miner what a notice given in the same block would take, and no more.
    function test_attack_handOverIsNoWayRoundTheNotice() public {
        bytes32 old = oldDeal();
        bytes32 twin = activeDeal(proposal(100, PERIODS));
        DealProposal memory p = replacement(old, heir);
        // The client and the new miner may be one.
        bytes32 id = announce(p);
        live(view_(id).sealBlock + 1);
        while (market.isFrozen(miner) || market.isFrozen(heir)) live(block_() + 1);
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.None));
        giveNotice(twin);
        assertEq(view_(old).end, view_(twin).end);
    }

    /// @dev Refunds of missed periods go to the client, but never out of what the new deal counts on.
    function test_attack_missesUpToTheLastBlockDoNotStarveTheNewDeal() public {
        bytes32 old = activeDeal(proposal(100, PERIODS));
        if (market.isFrozen(miner)) rollToNextPeriod();
        DealProposal memory p = replacement(old, heir);
        p.activateBy = uint64(block_() + market.params().maxActivationBlocks);
        bytes32 id = announce(p);
        ids_ = [old, id];
        leaveClientWith(0);
        // Two of three periods are missed.
        vm.roll(market.periodEnd(miner, view_(old).start + 1));
        prove(view_(old).start + 2);
        market.settle(one(old), 100);
        while (market.isFrozen(heir)) rollBy(1);
        if (block_() < p.activateBy && !frozenAt(p.activateBy)) vm.roll(p.activateBy);
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.None));
        assertEq(view_(id).price, p.price);
        assertConserved();
    }

    function frozenAt(uint256 blockNumber) private view returns (bool) {
        uint32 period = market.periodAt(miner, blockNumber);
        return blockNumber >= market.challengeBlock(miner, period) && !market.isProved(miner, period);
    }

    function test_attack_takeOverByAnybodyElse() public {
        bytes32 old = oldDeal();
        bytes32 id = announce(old);
        DealProposal memory p = proposalOf[id];
        address[4] memory senders = [client, heir, heirOperator, stranger];
        for (uint256 i = 0; i < senders.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotMarket.selector, senders[i]));
            vm.prank(senders[i]);
            market.takeOver(p);
        }
    }

    function test_attack_twoSuccessorsInOneBatch() public {
        bytes32 old = oldDeal();
        Publication[] memory batch = new Publication[](2);
        batch[0] = publication(replacement(old, heir));
        batch[1] = publication(replacement(old, heir));
        vm.prank(heirOperator);
        SkipReason[] memory reasons = market.publishDeals(batch);
        assertEq(uint256(reasons[0]), uint256(SkipReason.None));
        assertEq(uint256(reasons[1]), uint256(SkipReason.HandOverPending));
    }

    /// @dev The last nine bytes of the old id are nobody's: a deal is known by the first 23.
    function test_attack_otherLastBytesAreTheSameDeal() public {
        bytes32 old = oldDeal();
        announce(old);
        DealProposal memory p = replacement(old, heir);
        p.replaces = bytes32(uint256(old) ^ 1);
        skipped(p, SkipReason.HandOverPending);
    }

    function test_attack_aBadOpeningHandsNothingOver() public {
        bytes32 old = oldDeal();
        bytes32 id = announce(old);
        live(view_(id).sealBlock + 1);
        while (market.isFrozen(miner) || market.isFrozen(heir)) live(block_() + 1);
        bytes32 before = keccak256(abi.encode(view_(old), view_(id), balanceOf(client)));
        bytes memory openings = activation(id).openings;
        openings[7] ^= 0x01;
        DealProposal memory p = proposalOf[id];
        assertEq(uint256(tryActivate(Activation(p, "", openings))), uint256(SkipReason.BadOpening));
        assertEq(keccak256(abi.encode(view_(old), view_(id), balanceOf(client))), before);
    }

    /// @dev Nobody else's money and no other deal is touched when client and new miner are one.
    function test_attack_theClientTakesItsOwnDealOver() public {
        bytes32 old = oldDeal();
        vm.prank(client);
        token.approve(address(registry), type(uint256).max);
        token.mint(client, STAKE);
        vm.prank(client);
        registry.register(heirOperator, STAKE, "127.0.0.1:4002", keccak256("tls"), 10);
        DealProposal memory p = replacement(old, client);
        uint256 cover = coverFor(old, p);
        leaveClientWith(uint96(p.price - cover + p.collateral) - 1);
        skipped(p, SkipReason.ClientShort);
        fund(client, 1);
        announce(p);
        assertEq(balanceOf(client), 0);
    }
}

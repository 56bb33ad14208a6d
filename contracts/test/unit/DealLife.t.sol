// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../../src/interfaces/IMarketEvents.sol";
import {Activation, DealProposal, DealState, DealView, Publication, SkipReason} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title A deal from publication to its end, and every refusal on the way.
contract DealLifeTest is MarketFixture {
    function setUp() public {
        setUpMarket();
    }

    function skipped(DealProposal memory p, SkipReason reason) private {
        assertEq(uint256(tryPublish(publication(p), operator)), uint256(reason), "skip reason");
        assertEq(stateOf(market.dealIdOf(p)), uint256(DealState.None));
    }

    // ---------------------------------------------------------------- publish

    function test_publishDeals_locksBothSides() public {
        DealProposal memory p = proposal();
        uint256 clientBefore = balanceOf(client);
        uint256 minerBefore = balanceOf(miner);
        bytes32 id = publish(p);
        assertEq(balanceOf(client), clientBefore - p.price);
        assertEq(balanceOf(miner), minerBefore - p.collateral);
        assertEq(market.liveDeals(miner), 1);
        assertEq(view_(id).sealBlock, block_() + market.params().sealDelay);
    }

    function test_publishDeals_skipsWhatBreaksABound() public {
        DealProposal memory p = proposal();
        p.publishBy = uint64(block_() - 1);
        skipped(p, SkipReason.PublishTooLate);
        p = proposal();
        p.publishBy = uint64(block_());
        p.activateBy = uint64(block_() + market.params().sealDelay + market.params().windowBlocks);
        skipped(p, SkipReason.BadActivateBy);
        p = proposal();
        p.publishBy = p.activateBy + 1;
        skipped(p, SkipReason.BadActivateBy);
        p = proposal();
        p.publishBy = type(uint64).max;
        skipped(p, SkipReason.BadActivateBy);
        p = proposal();
        p.activateBy = uint64(block_() + market.params().maxActivationBlocks + 1);
        skipped(p, SkipReason.BadActivateBy);
        p = proposal();
        p.sealProfile = 2;
        skipped(p, SkipReason.BadProfile);
        p = proposal();
        p.periods = 0;
        skipped(p, SkipReason.BadPeriods);
        p = proposal();
        p.replaces = bytes32(uint256(1));
        skipped(p, SkipReason.ReplacesUnknown);
        p = proposal();
        p.price = 0;
        skipped(p, SkipReason.PriceTooLow);
        p = proposal();
        p.collateral = 0;
        skipped(p, SkipReason.CollateralTooLow);
        p = proposal();
        p.auditor = address(0);
        skipped(p, SkipReason.BadParties);
    }

    function test_publishDeals_skipsImpossibleSizes() public {
        DealProposal memory p = proposal();
        Publication memory q = publication(p);
        q.proposal.rawSize = 0;
        assertEq(uint256(tryPublish(q, operator)), uint256(SkipReason.BadSize));
        q.proposal.rawSize = (1 << 38) + 1;
        assertEq(uint256(tryPublish(q, operator)), uint256(SkipReason.BadSize));
        // The greatest piece passes, and what comes after is looked at.
        q.proposal.rawSize = 1 << 38;
        q.proposal.sealProfile = 2;
        assertEq(uint256(tryPublish(q, operator)), uint256(SkipReason.BadProfile));
    }

    function test_publishDeals_skipsWrongKeys() public {
        DealProposal memory p = proposal();
        assertEq(uint256(tryPublish(publication(p, 0xBAD), operator)), uint256(SkipReason.BadSignature));
        assertEq(uint256(tryPublish(publication(p), stranger)), uint256(SkipReason.NotOperator));
        vm.prank(miner);
        registry.setAccepting(false);
        assertEq(uint256(tryPublish(publication(p), operator)), uint256(SkipReason.NotOperator));
    }

    function test_publishDeals_skipsMalleableAndShortSignatures() public {
        DealProposal memory p = proposal();
        Publication memory q = publication(p);
        bytes32 id = market.dealIdOf(p);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(CLIENT_KEY, id);
        uint256 n = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        q.signature = abi.encodePacked(r, bytes32(n - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        assertEq(uint256(tryPublish(q, operator)), uint256(SkipReason.BadSignature));
        q.signature = hex"1234";
        assertEq(uint256(tryPublish(q, operator)), uint256(SkipReason.BadSignature));
    }

    function test_publishDeals_skipsWhoIsShort() public {
        DealProposal memory p = proposal();
        p.price = uint96(balanceOf(client) + 1);
        p.collateral = type(uint96).max;
        skipped(p, SkipReason.ClientShort);
        p = proposal();
        p.collateral = uint96(balanceOf(miner) + 1);
        skipped(p, SkipReason.MinerShort);
    }

    function test_publishDeals_oneBadDealNeverSinksABatch() public {
        DealProposal memory good = proposal();
        DealProposal memory bad = proposal();
        bad.sealProfile = 9;
        Publication[] memory batch = new Publication[](3);
        batch[0] = publication(bad);
        batch[1] = publication(good);
        batch[2] = batch[1];
        vm.prank(operator);
        SkipReason[] memory reasons = market.publishDeals(batch);
        assertEq(uint256(reasons[0]), uint256(SkipReason.BadProfile));
        assertEq(uint256(reasons[1]), uint256(SkipReason.None));
        assertEq(uint256(reasons[2]), uint256(SkipReason.AlreadyKnown));
    }

    function test_settle_repeatsWhateverFollowsTheKey() public {
        bytes32 id = activeDeal();
        uint32 start = view_(id).start;
        proveMany(start, 1);
        // Followers of events must not look for this id: they know the deal by its key (Protocol §3.1).
        bytes32 alias_ = id ^ bytes32(uint256(1));
        vm.expectEmit(address(market));
        uint96 pay = proposalOf[id].price / 10;
        emit IMarketEvents.DealSettled(alias_, start, start + 1, 1, 0, pay, pay / 100, 0, 0, 0);
        market.settle(one(alias_), 1);
        assertEq(view_(id).cursor, start + 1);
    }

    // ---------------------------------------------------------------- activate

    function test_activateDeals_putsTheDealIntoTheSet() public {
        DealProposal memory p = proposal();
        bytes32 id = publish(p);
        activate(id);
        DealView memory v = view_(id);
        assertEq(uint256(v.state), uint256(DealState.Active));
        assertEq(v.start, market.nextDuty(miner, block_()));
        assertEq(v.end, v.start + p.periods);
        assertEq(market.setWeight(miner), 4);
        assertEq(market.setCount(miner, 2), 1);
        (bytes32 root, uint40 leaves, uint32 end, bytes23 key) = market.setEntry(miner, 2, 0);
        assertEq(root, sealedRootOf(id, p.rawSize));
        assertEq(leaves, 4);
        assertEq(end, v.end);
        assertEq(bytes32(key), bytes32(bytes23(id)));
    }

    function test_activateDeals_skipsTooEarlyTooLateAndTwice() public {
        bytes32 id = publish(proposal());
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.SealBlockPending));
        uint256 late = view_(id).activateBy;
        vm.roll(view_(id).sealBlock + 1);
        activate(id);
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.NotPublished));
        bytes32 other = publish(proposal());
        late = view_(other).activateBy;
        vm.roll(late + 1);
        assertEq(uint256(tryActivate(activation(other))), uint256(SkipReason.ActivateTooLate));
    }

    function testFuzz_activateDeals_skipsAnyChangedByte(uint256 at) public {
        bytes32 id = publish(proposal());
        vm.roll(view_(id).sealBlock + 1);
        bytes memory openings = sealOpenings(id);
        at = bound(at, 0, openings.length - 1);
        openings[at] ^= 0x01;
        assertEq(uint256(tryActivate(withOpenings(id, openings))), uint256(SkipReason.BadOpening));
        assertEq(
            uint256(tryActivate(withOpenings(id, new bytes(openings.length - 32)))), uint256(SkipReason.BadOpening)
        );
    }

    function withOpenings(bytes32 id, bytes memory openings) private view returns (Activation memory a) {
        a.proposal = proposalOf[id];
        a.openings = openings;
    }

    function test_activateDeals_skipsWhileFrozen() public {
        bytes32 first = activeDeal();
        bytes32 id = publish(proposal());
        uint32 period = view_(first).start;
        vm.roll(market.challengeBlock(miner, period) - 1);
        assertFalse(market.isFrozen(miner));
        vm.roll(market.challengeBlock(miner, period));
        assertTrue(market.isFrozen(miner));
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.SetFrozen));
        prove(period);
        assertFalse(market.isFrozen(miner));
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.None));
        assertEq(view_(id).start, period + 1);
    }

    // ---------------------------------------------------------------- cancel and expire

    function test_cancel_onlyTheClientOnlyOnce() public {
        DealProposal memory p = proposal();
        bytes32 id = market.dealIdOf(p);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotClient.selector, id, stranger));
        vm.prank(stranger);
        market.cancel(p);
        vm.prank(client);
        market.cancel(p);
        assertEq(uint256(tryPublish(publication(p), operator)), uint256(SkipReason.AlreadyKnown));
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.WrongState.selector, id, uint8(DealState.Cancelled)));
        vm.prank(client);
        market.cancel(p);
    }

    function test_expire_returnsThePriceAndBurnsAShare() public {
        DealProposal memory p = proposal();
        uint256 clientBefore = balanceOf(client);
        uint256 minerBefore = balanceOf(miner);
        bytes32 id = publish(p);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotExpired.selector, id, p.activateBy, block_()));
        market.expire(id);
        vm.roll(p.activateBy + 1);
        vm.prank(stranger);
        market.expire(id);
        assertEq(balanceOf(client), clientBefore);
        uint256 burned = market.burned();
        assertEq(burned, (uint256(p.collateral) * market.params().expireBurnBps + 9999) / 10_000);
        assertEq(balanceOf(miner) + burned + balanceOf(stranger), minerBefore);
        assertLe(balanceOf(stranger), market.params().tipCap, "tip");
        assertEq(market.liveDeals(miner), 0);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.WrongState.selector, id, uint8(DealState.Expired)));
        market.expire(id);
    }

    // ---------------------------------------------------------------- prove

    function test_prove_revertsOutsideItsWindow() public {
        bytes32 id = activeDeal();
        uint32 period = view_(id).start;
        uint256 challenge = market.challengeBlock(miner, period);
        vm.roll(challenge);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.WindowNotOpen.selector, challenge, challenge));
        market.prove(miner, period, "", "");
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.WrongPeriod.selector, period + 1, period));
        market.prove(miner, period + 1, "", "");
        vm.roll(market.periodEnd(miner, period));
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.WrongPeriod.selector, period, period + 1));
        market.prove(miner, period, "", "");
    }

    function test_prove_firstAndLastBlockOfTheWindow() public {
        bytes32 id = activeDeal();
        uint32 period = view_(id).start;
        vm.roll(market.challengeBlock(miner, period) + 1);
        market.prove(miner, period, "", openingsOf(miner, period));
        vm.roll(market.periodEnd(miner, period + 1) - 1);
        market.prove(miner, period + 1, "", openingsOf(miner, period + 1));
        assertTrue(market.isProved(miner, period) && market.isProved(miner, period + 1));
    }

    function test_prove_revertsIfTwiceOrWithoutDuty() public {
        bytes32 id = activeDeal();
        uint32 period = view_(id).start;
        prove(period);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.AlreadyProved.selector, miner, period));
        market.prove(miner, period, "", "");
        addMiner(stranger, actor("hot"));
        uint32 idle = market.periodAt(stranger, block_());
        vm.roll(market.challengeBlock(stranger, idle) + 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NoDuty.selector, stranger));
        market.prove(stranger, idle, "", "");
    }

    function testFuzz_prove_revertsOnAnyChangedByte(uint256 at) public {
        activeDeal(proposal(5000, 10));
        uint32 period = currentPeriod();
        if (block_() >= market.challengeBlock(miner, period)) ++period;
        rollIntoWindow(period);
        bytes memory openings = openingsOf(miner, period);
        at = bound(at, 0, openings.length - 1);
        openings[at] ^= 0x80;
        vm.expectRevert();
        market.prove(miner, period, "", openings);
        assertFalse(market.isProved(miner, period));
    }

    function test_prove_revertsOnWrongLengths() public {
        activeDeal();
        uint32 period = currentPeriod();
        if (block_() >= market.challengeBlock(miner, period)) ++period;
        rollIntoWindow(period);
        bytes memory openings = openingsOf(miner, period);
        bytes memory longer = bytes.concat(openings, bytes32(0));
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.BadProofLength.selector, openings.length, longer.length));
        market.prove(miner, period, "", longer);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.BadProofLength.selector, 96, 0));
        market.prove(miner, period, "", "");
    }

    // ---------------------------------------------------------------- settle, complete, terminate, purge

    function test_complete_paysProvedPeriodsAndFreesTheCollateral() public {
        DealProposal memory p = proposal();
        uint256 clientBefore = balanceOf(client);
        uint256 minerBefore = balanceOf(miner);
        bytes32 id = activeDeal(p);
        proveMany(view_(id).start, p.periods);
        uint256 due = market.periodEnd(miner, view_(id).end - 1) + market.params().collateralHold;
        if (block_() < due) {
            vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotOver.selector, id, due, block_()));
            market.complete(id);
        }
        vm.roll(due);
        market.complete(id);
        uint256 fee = (uint256(p.price) * market.params().priceBurnBps) / 10_000;
        assertEq(balanceOf(miner), minerBefore + p.price - fee);
        assertEq(balanceOf(client), clientBefore - p.price);
        assertEq(market.burned(), fee);
        assertEq(market.setWeight(miner), 0);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.WrongState.selector, id, uint8(DealState.Completed)));
        market.complete(id);
    }

    function test_settle_skipsDealsThatAreNotActive() public {
        bytes32 id = publish(proposal());
        uint256 before = balanceOf(client);
        market.settle(one(id), 100);
        market.settle(one(bytes32(uint256(7))), 100);
        assertEq(balanceOf(client), before);
    }

    function test_terminate_onlyAfterTooManyMissesInARow() public {
        DealProposal memory p = proposal();
        bytes32 id = activeDeal(p);
        uint32 start = view_(id).start;
        uint8 most = market.params().maxMissRun;
        vm.roll(market.periodEnd(miner, start + most - 1));
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotDefaulted.selector, id, most, most));
        market.terminate(id);
        vm.roll(market.periodEnd(miner, start + most));
        uint256 before = balanceOf(stranger);
        vm.prank(stranger);
        market.terminate(id);
        assertEq(stateOf(id), uint256(DealState.Terminated));
        assertLe(balanceOf(stranger) - before, market.params().tipCap, "tip");
        assertEq(view_(id).collateral, 0);
        assertTrue(market.burned() * 2 >= p.collateral, "at least half of what is slashed is burned");
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.WrongState.selector, id, uint8(DealState.Terminated)));
        market.terminate(id);
    }

    function test_complete_revertsIfDefaulted() public {
        bytes32 id = activeDeal();
        vm.roll(market.periodEnd(miner, view_(id).end) + market.params().collateralHold);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.Defaulted.selector, id));
        market.complete(id);
    }

    function test_terminate_whileFrozenLeavesTheEntryForThatPeriodOnly() public {
        bytes32 id = activeDeal();
        uint32 start = view_(id).start;
        uint32 period = start + market.params().maxMissRun + 1;
        vm.roll(market.challengeBlock(miner, period));
        assertTrue(market.isFrozen(miner));
        market.terminate(id);
        (,, uint32 end,) = market.setEntry(miner, 2, 0);
        assertEq(end, period + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketEvents.SetFrozenUntil.selector, miner, market.periodEnd(miner, period))
        );
        market.purge(one(id));
        vm.roll(market.periodEnd(miner, period));
        market.purge(one(id));
        assertEq(market.setWeight(miner), 0);
        market.purge(one(id));
    }

    function test_purge_revertsWhileTheEntryIsDrawn() public {
        bytes32 id = activeDeal();
        prove(view_(id).start);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotPurgeable.selector, id));
        market.purge(one(id));
    }

    function test_purge_keepsIndicesWhenTheLastEntryMoves() public {
        bytes32 a = activeDeal(proposal(100, 2));
        bytes32 b = activeDeal(proposal(100, 30));
        bytes32 c = activeDeal(proposal(100, 30));
        for (uint32 p = view_(a).start; p < view_(c).start + 3; ++p) {
            if (p >= currentPeriod()) prove(p);
        }
        vm.roll(market.periodEnd(miner, currentPeriod()));
        market.purge(one(a));
        assertEq(market.setCount(miner, 2), 2);
        (,,, bytes23 first) = market.setEntry(miner, 2, 0);
        (,,, bytes23 second) = market.setEntry(miner, 2, 1);
        assertEq(bytes32(first), bytes32(bytes23(c)));
        assertEq(bytes32(second), bytes32(bytes23(b)));
        assertEq(view_(c).sealedRoot, sealedRootOf(c, 100));
        assertEq(view_(b).sealedRoot, sealedRootOf(b, 100));
    }
}

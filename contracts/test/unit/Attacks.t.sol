// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../../src/interfaces/IMarketEvents.sol";
import {IMinerRegistry} from "../../src/interfaces/IMinerRegistry.sol";
import {
    Activation,
    DealProposal,
    DealState,
    DealView,
    DrawnLeaf,
    Publication,
    SkipReason
} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title Attacks that belong to no one capability (docs/threat-model.md).
contract AttacksTest is MarketFixture {
    uint256 private constant SELF_KEY = 0x5E1F;

    function setUp() public {
        setUpMarket();
    }

    // ---------------------------------------------------------------- T5 grinding the proving set

    /// @dev From the challenge block on nobody changes what is drawn from, in whichever way.
    function test_attack_grindingTheSetOnceTheDrawIsKnown() public {
        bytes32 kept = activeDeal(proposal(100, 30));
        bytes32 ends = activeDeal(proposal(200, 30));
        bytes32 waits = publish(proposal(300, 30));
        vm.roll(market.challengeBlock(miner, currentPeriod()));
        if (block_() <= view_(waits).sealBlock || !market.isFrozen(miner)) {
            rollToNextPeriod();
            vm.roll(market.challengeBlock(miner, currentPeriod()));
        }
        assertTrue(market.isFrozen(miner));
        bytes32 before = setDigest();
        uint256 over = market.periodEnd(miner, currentPeriod());
        bytes memory frozenUntil = abi.encodeWithSelector(IMarketEvents.SetFrozenUntil.selector, miner, over);
        assertEq(uint256(tryActivate(activation(waits))), uint256(SkipReason.SetFrozen));
        assertEq(uint256(tryExtend(extension(kept, 5), operator)), uint256(SkipReason.SetFrozen));
        vm.expectRevert(frozenUntil);
        giveNotice(ends);
        vm.expectRevert(frozenUntil);
        vm.prank(operator);
        market.declareFaults(one(ends));
        assertEq(setDigest(), before, "the set changed in a freeze");
        // Maintenance does not excuse the drawn period either.
        uint32 drawn = currentPeriod();
        vm.expectRevert();
        vm.prank(operator);
        market.announceMaintenance(miner, drawn, 1);
    }

    function setDigest() private view returns (bytes32 all) {
        for (uint8 h = 2; h <= 5; ++h) {
            for (uint256 i = 0; i < market.setCount(miner, h); ++i) {
                (bytes32 root, uint40 leaves, uint32 end, bytes23 key) = market.setEntry(miner, h, i);
                all = keccak256(abi.encode(all, root, leaves, end, key));
            }
        }
    }

    // ---------------------------------------------------------------- T7, T9 being first

    /// @dev A publication seen in the mempool is worth nothing to others, and an activation does the same whoever sends it.
    function test_attack_frontRunningPublishAndActivation() public {
        DealProposal memory p = proposal();
        assertEq(uint256(tryPublish(publication(p), stranger)), uint256(SkipReason.NotOperator));
        p.miner = stranger;
        assertEq(uint256(tryPublish(publication(p), stranger)), uint256(SkipReason.NotOperator));
        bytes32 id = publish(proposal());
        vm.roll(view_(id).sealBlock + 1);
        if (market.isFrozen(miner)) rollToNextPeriod();
        uint256 before = balanceOf(stranger);
        Activation[] memory batch = new Activation[](1);
        batch[0] = activation(id);
        vm.prank(stranger);
        market.activateDeals(batch);
        assertEq(stateOf(id), uint256(DealState.Active));
        assertEq(view_(id).miner, miner);
        assertEq(balanceOf(stranger), before);
        // The miner's own, right behind it, is skipped and costs no deal.
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.NotPublished));
    }

    // ---------------------------------------------------------------- T8 padding leaves, short paths, inner nodes

    function test_attack_paddingLeavesShortPathsAndInnerNodes() public {
        // 5 of 8 leaves: the draw names none of the padding.
        DealProposal memory p = proposal(128, 10);
        bytes32 id = activeDeal(p);
        uint32 period = view_(id).start;
        rollIntoWindow(period);
        (, DrawnLeaf[] memory leaves) = market.drawnLeaves(miner, period, "");
        uint256 count = (128 + 126) / 127 * 4;
        for (uint256 i = 0; i < leaves.length; ++i) {
            assertTrue(leaves[i].leafIndex < count, "a padding leaf was drawn");
        }
        bytes memory good = openingsOf(miner, period);
        // One node less everywhere: an inner node as leaf, its shorter path behind it.
        uint256 opening = good.length / leaves.length;
        bytes memory short_;
        for (uint256 i = 0; i < leaves.length; ++i) {
            bytes memory inner = new bytes(opening - 32);
            for (uint256 j = 0; j < inner.length; ++j) {
                inner[j] = good[i * opening + 32 + j];
            }
            short_ = bytes.concat(short_, inner);
        }
        vm.expectRevert();
        market.prove(miner, period, "", short_);
        assertFalse(market.isProved(miner, period));
        market.prove(miner, period, "", good);
    }

    function test_prove_revertsOnALeafOfAnotherPlace() public {
        bytes32 id = activeDeal(proposal(1000, 10));
        uint32 period = view_(id).start;
        rollIntoWindow(period);
        (, DrawnLeaf[] memory leaves) = market.drawnLeaves(miner, period, "");
        bytes memory wrong = openingsOf(miner, period);
        wrong[0] ^= 0x01;
        vm.expectRevert(
            abi.encodeWithSelector(IMarketEvents.BadProof.selector, 0, leaves[0].dealKey, uint40(leaves[0].leafIndex))
        );
        market.prove(miner, period, "", wrong);
    }

    // ---------------------------------------------------------------- T3 partial sealing

    /// @dev What activation does not draw it may miss; one leaf, once opened, costs the whole collateral.
    function test_attack_partialSealingCostsTheCollateral() public {
        (bytes32 id, uint64 leaf) = badlySealedDeal();
        assertEq(stateOf(id), uint256(DealState.Active), "not drawn at activation");
        uint96 collateral = view_(id).collateral;
        uint256 minerBefore = balanceOf(miner);
        uint256 burnedBefore = market.burned();
        bytes memory shown = bothOpenings(id, leaf);
        vm.prank(stranger);
        market.disputeSeal(proposalOf[id], leaf, shown);
        assertEq(stateOf(id), uint256(DealState.Terminated));
        assertTrue(balanceOf(miner) <= minerBefore);
        assertEq(market.burned() - burnedBefore, collateral - collateral / 2);
    }

    // ---------------------------------------------------------------- T15 dust and edges of types

    function test_attack_dustDeals() public {
        DealProposal memory p = proposal(1, 1);
        p.price = uint96(10 * 4) - 1;
        assertEq(uint256(tryPublish(publication(p), operator)), uint256(SkipReason.PriceTooLow));
        p.price = 10 * 4;
        p.collateral = 100 * 4 - 1;
        assertEq(uint256(tryPublish(publication(p), operator)), uint256(SkipReason.CollateralTooLow));
        // The cheapest deal there is: all that it moved is accounted for.
        p.collateral = 100 * 4;
        uint256 before = balanceOf(client) + balanceOf(miner) + market.burned();
        bytes32 id = activeDeal(p);
        DealView memory v = view_(id);
        prove(v.start);
        vm.roll(market.periodEnd(miner, v.end - 1) + market.params().collateralHold);
        market.complete(id);
        assertEq(balanceOf(client) + balanceOf(miner) + market.burned(), before, "dust was lost or made");
    }

    function test_attack_edgesOfTypes() public {
        DealProposal memory p = proposal();
        p.price = type(uint96).max;
        p.collateral = type(uint96).max;
        assertEq(uint256(tryPublish(publication(p), operator)), uint256(SkipReason.ClientShort));
        p = proposal();
        p.collateral = type(uint96).max;
        assertEq(uint256(tryPublish(publication(p), operator)), uint256(SkipReason.MinerShort));
        p = proposal();
        p.periods = type(uint32).max;
        assertEq(uint256(tryPublish(publication(p), operator)), uint256(SkipReason.BadPeriods));
        p = proposal();
        p.rawSize = type(uint64).max;
        assertEq(uint256(trySize(p)), uint256(SkipReason.BadSize));
        p = proposal();
        (p.publishBy, p.activateBy) = (type(uint64).max, type(uint64).max);
        assertEq(uint256(tryPublish(publication(p), operator)), uint256(SkipReason.BadActivateBy));
        vm.prank(client);
        market.requestWithdrawal(type(uint96).max);
        rollBy(market.params().withdrawNotice);
        uint256 all = balanceOf(client);
        vm.prank(client);
        assertEq(market.withdraw(client), all, "no more than there is");
        market.settle(one(bytes32(type(uint256).max)), type(uint32).max);
        assertFalse(market.isProved(miner, type(uint32).max));
        assertEq(market.setEntries(miner, type(uint8).max, type(uint256).max, 1).length, 0);
    }

    /// @dev The piece would be too large to hash here.
    function trySize(DealProposal memory p) private returns (SkipReason) {
        bytes memory signature = sign(CLIENT_KEY, market.dealIdOf(p));
        return tryPublish(Publication(p, bytes32(uint256(1)), signature), operator);
    }

    // ---------------------------------------------------------------- T6 stuffed blocks

    /// @dev Whoever fills every block of maxMissRun whole windows costs a miner so many slashes, and no deal.
    function test_attack_blockStuffingForWholeWindows() public {
        bytes32 id = activeDeal(proposal(100, 20));
        uint32 start = view_(id).start;
        uint96 collateral = view_(id).collateral;
        uint32 stuffed = market.params().maxMissRun;
        prove(start);
        vm.roll(market.periodEnd(miner, start + stuffed));
        vm.expectRevert();
        market.terminate(id);
        assertEq(stateOf(id), uint256(DealState.Active));
        // One window with a single free block is enough to go on.
        prove(start + stuffed + 1);
        market.settle(one(id), 1024);
        DealView memory v = view_(id);
        assertEq(v.missRun, 0);
        assertEq(v.missed, stuffed);
        assertTrue(v.collateral < collateral && v.collateral > 0);
    }

    // ---------------------------------------------------------------- T16 leaving

    function test_attack_leavingDodgesNoPenalty() public {
        bytes32 id = activeDeal(proposal(100, 20));
        uint32 start = view_(id).start;
        vm.prank(miner);
        registry.announceExit();
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.DealsLive.selector, miner, 1));
        vm.prank(miner);
        registry.withdrawStake(miner);
        uint256 all = balanceOf(miner);
        vm.prank(miner);
        market.requestWithdrawal(uint96(all));
        rollBy(market.params().withdrawNotice);
        vm.prank(miner);
        market.withdraw(miner);
        // Its collateral is not among what it took, and pays for what it misses from now on.
        vm.roll(market.periodEnd(miner, start + market.params().maxMissRun));
        uint256 burned = market.burned();
        vm.prank(stranger);
        market.terminate(id);
        assertEq(stateOf(id), uint256(DealState.Terminated));
        assertTrue(market.burned() > burned);
        assertEq(balanceOf(miner), 0, "nothing came back");
    }

    // ---------------------------------------------------------------- T15, T18 the blocks around every border

    function test_attack_periodBoundariesByOneBlock() public {
        DealProposal memory p = proposal(100, 3);
        vm.roll(p.publishBy);
        p.activateBy = uint64(block_() + 300);
        bytes32 id = publish(p);
        DealProposal memory late = proposal();
        vm.roll(late.publishBy + 1);
        late.activateBy = uint64(block_() + 100);
        assertEq(uint256(tryPublish(publication(late), operator)), uint256(SkipReason.PublishTooLate));
        activate(id);
        DealView memory v = view_(id);
        uint256 challenge = market.challengeBlock(miner, v.start);
        vm.roll(challenge);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.WindowNotOpen.selector, challenge, challenge));
        market.prove(miner, v.start, "", "");
        vm.roll(challenge + 1);
        market.prove(miner, v.start, "", openingsOf(miner, v.start));
        vm.roll(market.periodEnd(miner, v.start + 1) - 1);
        market.prove(miner, v.start + 1, "", openingsOf(miner, v.start + 1));
        uint256 end = market.periodEnd(miner, v.start + 2);
        vm.roll(end);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.WrongPeriod.selector, v.start + 2, v.start + 3));
        market.prove(miner, v.start + 2, "", "");
        uint256 due = end + market.params().collateralHold;
        vm.roll(due - 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotOver.selector, id, due, due - 1));
        market.complete(id);
        vm.roll(due);
        market.complete(id);
        assertEq(stateOf(id), uint256(DealState.Completed));
    }

    // ---------------------------------------------------------------- T2 dilution, self-dealing

    /// @dev From now on the fixture's miner is one that can sign as a client too.
    function becomeSelfDealer() private {
        miner = vm.addr(SELF_KEY);
        operator = miner;
        addMiner(miner, operator);
    }

    function selfDeal(uint64 size, uint32 periods) private returns (bytes32 id) {
        DealProposal memory p = proposal(size, periods);
        (p.client, p.auditor) = (miner, miner);
        assertEq(uint256(tryPublish(publication(p, SELF_KEY), operator)), uint256(SkipReason.None), "skipped");
        id = market.dealIdOf(p);
        activate(id);
    }

    /// @dev Ends it whichever way it ends, the tip being its own too.
    function endSelfDeal(bytes32 id) private {
        vm.roll(market.periodEnd(miner, view_(id).end - 1) + market.params().collateralHold);
        market.settle(one(id), 1024);
        bool defaulted = view_(id).missRun > market.params().maxMissRun;
        vm.prank(miner);
        if (defaulted) market.terminate(id);
        else market.complete(id);
    }

    /// @dev A miner that is its own client and auditor pays itself, less what is burned: whatever it proves, it ends poorer.
    function testFuzz_attack_selfDealingIsNeverProfitable(uint256 proofs, uint16 size, uint8 periods) public {
        becomeSelfDealer();
        uint256 before = balanceOf(miner);
        bytes32 id = selfDeal(uint64(bound(size, 1, 900)), uint32(bound(periods, 1, 12)));
        DealView memory v = view_(id);
        for (uint32 i = 0; i < v.periods; ++i) {
            if ((proofs >> i) & 1 == 1) prove(v.start + i);
        }
        endSelfDeal(id);
        uint256 burned = market.burned();
        assertEq(balanceOf(miner) + burned, before, "conservation");
        assertTrue(burned > 0, "a period costs something, proved or missed");
    }

    /// @dev Junk deals make it less likely that a lost replica is drawn. They have to be as large as what they hide, are sealed and
    /// proved like any, and burn their share of at least the least price for every leaf and period.
    function test_attack_dilutionCostsMoreThanStoring() public {
        bytes32 lost = activeDeal(proposal(900, 12));
        DealView memory v = view_(lost);
        becomeSelfDealer();
        uint256 before = balanceOf(miner);
        bytes32 junk = selfDeal(900, 12);
        v = view_(junk);
        for (uint32 i = 0; i < v.periods; ++i) {
            prove(v.start + i);
        }
        endSelfDeal(junk);
        uint256 cost = before - balanceOf(miner);
        uint256 least = uint256(v.price) * market.params().priceBurnBps / 10_000;
        assertEq(cost, least, "what is burned of a price that is bounded from below");
        assertTrue(v.price >= market.params().minPricePerLeafPeriod * 32 * 12);
        // And a junk deal that is not stored itself forfeits half of its collateral for good.
        before = balanceOf(miner);
        junk = selfDeal(900, 12);
        uint96 collateral = view_(junk).collateral;
        endSelfDeal(junk);
        assertTrue(before - balanceOf(miner) >= collateral / 2);
    }

    // ---------------------------------------------------------------- refusals that need an odd state

    function test_activateDeals_skipsWithoutASealSeed() public {
        bytes32 id = publish(proposal());
        uint256 sealBlock = view_(id).sealBlock;
        vm.roll(sealBlock + 1);
        if (market.isFrozen(miner)) rollToNextPeriod();
        Activation memory a = activation(id);
        seeds.forget(sealBlock);
        assertEq(uint256(tryActivate(a)), uint256(SkipReason.SealSeedGone));
        assertEq(stateOf(id), uint256(DealState.Published));
    }

    /// @dev Ended entries that nobody has purged are never drawn, however often it is tried.
    function test_prove_revertsIfOnlyEndedEntriesAreLeft() public {
        bytes32 id = activeDeal(proposal(100, 1));
        DealView memory v = view_(id);
        prove(v.start);
        rollIntoWindow(v.end);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.DrawExhausted.selector, miner));
        market.prove(miner, v.end, "", "");
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.DrawExhausted.selector, miner));
        market.drawnLeaves(miner, v.end, "");
    }

    /// @dev Sixteen million entries of one height, written straight into the storage of the market: its third word is the first of
    /// MarketState, and the sets are that one's third.
    function test_activateAndRecover_refuseAFullHeight() public {
        bytes32 faulty = activeDeal(proposal(100, 30));
        prove(view_(faulty).start);
        declareFault(faulty);
        activeDeal(proposal(100, 30));
        bytes32 set = keccak256(abi.encode(miner, uint256(4)));
        bytes32 counts = keccak256(abi.encode(uint256(0), uint256(set) + 1));
        assertEq(uint256(vm.load(address(market), counts)), 1 << 64, "the storage lies otherwise");
        bytes32 id = publish(proposal(100, 30));
        vm.roll(view_(id).sealBlock + 1);
        if (market.isFrozen(miner)) rollToNextPeriod();
        uint32 drawn = view_(faulty).faultySince;
        if (block_() <= market.challengeBlock(miner, drawn)) vm.roll(market.periodEnd(miner, drawn));
        vm.store(address(market), counts, bytes32(uint256((1 << 24) - 1) << 64));
        assertEq(market.setCount(miner, 2), (1 << 24) - 1);
        if (block_() > view_(id).activateBy) revert("too late");
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.SetFull));
        Activation memory a = recovery(faulty);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.SetFull.selector, miner, 2));
        vm.prank(operator);
        market.recover(a);
    }

    function test_prove_revertsWithoutASeed() public {
        bytes32 id = activeDeal(proposal(100, 10));
        uint32 period = view_(id).start;
        uint256 challenge = market.challengeBlock(miner, period);
        rollIntoWindow(period);
        bytes memory proof = openingsOf(miner, period);
        seeds.forget(challenge);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.SeedUnavailable.selector, challenge));
        market.prove(miner, period, "", proof);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.SeedUnavailable.selector, challenge));
        market.drawnLeaves(miner, period, "");
    }

    function test_drawnLeaves_revertsWithoutDuty() public {
        uint32 period = currentPeriod();
        rollIntoWindow(period);
        period = currentPeriod();
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NoDuty.selector, miner));
        market.drawnLeaves(miner, period, "");
    }

    /// @dev 2,000 periods, proved by writing their bits: one call settles 1,024 of them.
    function test_complete_revertsIfArrearsAreLeft() public {
        bytes32 id = activeDeal(proposal(100, 2000));
        DealView memory v = view_(id);
        bytes32 words = keccak256(abi.encode(miner, uint256(5)));
        for (uint256 word = v.start >> 7; word <= v.end >> 7; ++word) {
            vm.store(address(market), keccak256(abi.encode(word, words)), bytes32(uint256(type(uint128).max)));
        }
        assertTrue(market.isProved(miner, v.start + 1500), "the storage lies otherwise");
        vm.roll(market.periodEnd(miner, v.end - 1) + market.params().collateralHold);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.Unsettled.selector, id, v.start + 1024, v.end));
        market.complete(id);
        market.settle(one(id), 1024);
        market.complete(id);
        assertEq(stateOf(id), uint256(DealState.Completed));
    }
}

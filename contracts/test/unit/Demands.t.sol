// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../../src/interfaces/IMarketEvents.sol";
import {IStorageMarket} from "../../src/interfaces/IStorageMarket.sol";
import {Answer, DealProposal, DealState, DealView, Demand, EarlyEnd, SkipReason} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @notice A client that takes no ether, or calls back when it gets some.
contract Purse {
    IStorageMarket private immutable MARKET;
    bool public mean;
    bool public greedy;
    bool public refusedAgain;

    constructor(IStorageMarket market) payable {
        MARKET = market;
    }

    function demand(DealProposal calldata p, uint64 leaf, uint256 bond) external {
        MARKET.demandProof{value: bond}(p, leaf);
    }

    function withdraw(bool mean_, bool greedy_) external {
        (mean, greedy) = (mean_, greedy_);
        MARKET.withdrawEther(address(this));
    }

    receive() external payable {
        require(!mean, "no ether");
        if (greedy) {
            try MARKET.withdrawEther(address(this)) {}
            catch {
                refusedAgain = true;
            }
        }
    }
}

/// @title Demands (Protocol §6.1): raised, answered, resolved, and every reason to refuse.
contract DemandsTest is MarketFixture {
    uint256 private constant LEAVES = 4;

    function setUp() public {
        setUpMarket();
    }

    function raiseAs(address by, DealProposal memory p, uint64 leaf, uint256 bond, bytes memory reason) private {
        vm.deal(by, by.balance + bond);
        vm.expectRevert(reason);
        vm.prank(by);
        market.demandProof{value: bond}(p, leaf);
    }

    // ---------------------------------------------------------------- raise and answer

    function test_demandProof_isAnsweredAndPaysTheMiner() public {
        bytes32 id = activeDeal();
        uint256 bond = market.leastBond();
        uint64 deadline = uint64(block_() + market.params().demandBlocks);
        vm.deal(client, bond);
        DealProposal memory p = proposalOf[id];
        vm.expectEmit(address(market));
        emit IMarketEvents.DemandRaised(id, miner, client, false, 3, uint96(bond), deadline);
        vm.prank(client);
        market.demandProof{value: bond}(p, 3);
        Demand memory open = openDemand(id, false);
        assertEq(open.bond, bond);
        assertEq(open.deadline, deadline);
        assertEq(open.leafIndex, 3);
        assertEq(market.lastDeadline(miner), deadline);
        assertEq(address(market).balance, bond);

        vm.roll(deadline);
        Answer memory a = answerTo(id, false);
        vm.expectEmit(address(market));
        emit IMarketEvents.DemandAnswered(id, miner, false, uint96(bond));
        vm.prank(stranger);
        assertEq(uint256(tryAnswer(a)), 0);
        assertEq(openDemand(id, false).deadline, 0);
        assertEq(market.etherOf(miner), bond, "the miner's, whoever answers");
        assertEq(market.etherOf(stranger), 0);
        assertEq(stateOf(id), uint256(DealState.Active));

        vm.expectEmit(address(market));
        emit IMarketEvents.EtherWithdrawn(miner, auditor, bond);
        vm.prank(miner);
        assertEq(market.withdrawEther(auditor), bond);
        assertEq(auditor.balance, bond);
        assertEq(market.etherOf(miner), 0);
        assertEq(address(market).balance, 0);
    }

    function test_demandProof_oneSlotEach() public {
        bytes32 id = activeDeal();
        demand(client, id, 0);
        demand(auditor, id, 3);
        uint64 first = openDemand(id, false).deadline;
        assertEq(openDemand(id, true).deadline, first + market.params().demandSpacing, "the queue");
        raiseAs(
            client,
            proposalOf[id],
            1,
            1 ether,
            abi.encodeWithSelector(IMarketEvents.AlreadyDemanded.selector, id, false, first)
        );
        // Answered in any order; then the slot is free.
        answer(id, true);
        answer(id, false);
        demand(client, id, 1);
        assertEq(openDemand(id, false).leafIndex, 1);
    }

    function test_demandProof_clientAsAuditorHasOneSlot() public {
        DealProposal memory p = proposal();
        p.auditor = client;
        bytes32 id = activeDeal(p);
        demand(client, id, 0);
        assertEq(openDemand(id, true).deadline, 0);
        raiseAs(
            client,
            p,
            1,
            1 ether,
            abi.encodeWithSelector(IMarketEvents.AlreadyDemanded.selector, id, false, openDemand(id, false).deadline)
        );
    }

    function test_demandProof_revertsIfNotDemander() public {
        bytes32 id = activeDeal();
        bytes memory reason = abi.encodeWithSelector(IMarketEvents.NotDemander.selector, id, stranger);
        raiseAs(stranger, proposalOf[id], 0, 1 ether, reason);
        // A proposal that names him is another deal.
        DealProposal memory p = proposalOf[id];
        p.auditor = stranger;
        reason = abi.encodeWithSelector(IMarketEvents.WrongState.selector, market.dealIdOf(p), 0);
        raiseAs(stranger, p, 0, 1 ether, reason);
    }

    function test_demandProof_revertsIfNotActive() public {
        bytes32 id = publish(proposal());
        raiseAs(client, proposalOf[id], 0, 1 ether, abi.encodeWithSelector(IMarketEvents.WrongState.selector, id, 1));
    }

    function test_demandProof_revertsIfLeafOutOfRange() public {
        bytes32 id = activeDeal();
        raiseAs(
            client,
            proposalOf[id],
            4,
            1 ether,
            abi.encodeWithSelector(IMarketEvents.LeafOutOfRange.selector, id, 4, LEAVES)
        );
    }

    function test_demandProof_revertsIfBondTooLow() public {
        bytes32 id = activeDeal();
        uint256 least = 200_000 * 1 gwei;
        assertEq(market.leastBond(), least, "a floor where gas costs nothing");
        raiseAs(
            client,
            proposalOf[id],
            0,
            least - 1,
            abi.encodeWithSelector(IMarketEvents.BondTooLow.selector, least - 1, least)
        );
        vm.fee(70 gwei);
        assertEq(market.leastBond(), 70 * least);
        raiseAs(
            client,
            proposalOf[id],
            0,
            70 * least - 1,
            abi.encodeWithSelector(IMarketEvents.BondTooLow.selector, 70 * least - 1, 70 * least)
        );
        demand(client, id, 0);
    }

    function test_demandProof_revertsIfBondTooHigh() public {
        bytes32 id = activeDeal();
        raiseAs(
            client,
            proposalOf[id],
            0,
            1 << 96,
            abi.encodeWithSelector(IMarketEvents.BondTooHigh.selector, 1 << 96, (1 << 96) - 1)
        );
        vm.deal(client, (1 << 96) - 1);
        DealProposal memory p = proposalOf[id];
        vm.prank(client);
        market.demandProof{value: (1 << 96) - 1}(p, 0);
        answer(id, false);
        assertEq(market.etherOf(miner), (1 << 96) - 1);
    }

    function test_demandProof_untilTheHoldIsOver() public {
        bytes32 id = activeDeal();
        uint256 over = market.periodEnd(miner, view_(id).end - 1) + market.params().collateralHold;
        proveMany(view_(id).start, 10);
        vm.roll(over - 1);
        demand(client, id, 0);
        vm.roll(over);
        raiseAs(
            auditor,
            proposalOf[id],
            0,
            1 ether,
            abi.encodeWithSelector(IMarketEvents.DemandsOver.selector, id, over, over)
        );
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.DemandOpen.selector, id));
        market.complete(id);
        answer(id, false);
        market.complete(id);
        assertEq(stateOf(id), uint256(DealState.Completed));
    }

    // ---------------------------------------------------------------- skipped answers

    function skipped(Answer memory a, SkipReason reason) private {
        bytes32 id = market.dealIdOf(a.proposal);
        vm.expectEmit(address(market));
        emit IMarketEvents.DealSkipped(id, miner, reason);
        assertEq(uint256(tryAnswer(a)), uint256(reason));
    }

    function test_answerDemands_skipsWhatIsWrong() public {
        bytes32 id = activeDeal();
        bytes32 other = activeDeal();
        demand(client, id, 2);
        Answer memory good = answerTo(id, false);
        Answer memory a = answerTo(id, false);
        a.byAuditor = true;
        skipped(a, SkipReason.NoDemand);
        a = answerTo(id, false);
        a.openings = bothOpenings(id, 1);
        skipped(a, SkipReason.BadOpening);
        // The replica of another deal on the same piece.
        a.openings = bothOpenings(other, 2);
        skipped(a, SkipReason.BadOpening);
        a.openings = bytes.concat(good.openings, bytes32(0));
        skipped(a, SkipReason.BadOpening);
        a.openings = "";
        skipped(a, SkipReason.BadOpening);
        for (uint256 i = 0; i < good.openings.length; i += 16) {
            a.openings = bytes.concat(good.openings);
            a.openings[i] ^= 0x01;
            skipped(a, SkipReason.BadOpening);
        }
        // A batch goes on after a bad one.
        demand(auditor, id, 1);
        Answer[] memory batch = new Answer[](4);
        (batch[0], batch[1], batch[2], batch[3]) = (good, good, a, answerTo(id, true));
        SkipReason[] memory reasons = market.answerDemands(batch);
        assertEq(uint256(reasons[0]), uint256(SkipReason.None));
        assertEq(uint256(reasons[1]), uint256(SkipReason.NoDemand));
        assertEq(uint256(reasons[2]), uint256(SkipReason.NoDemand));
        assertEq(uint256(reasons[3]), uint256(SkipReason.None));
        assertEq(market.etherOf(miner), 2 * market.leastBond());
    }

    function test_answerDemands_skipsAfterTheDeadline() public {
        bytes32 id = activeDeal();
        demand(client, id, 2);
        vm.roll(openDemand(id, false).deadline + 1);
        skipped(answerTo(id, false), SkipReason.AnswerTooLate);
    }

    function test_answerDemands_afterTheEntryWasPurged() public {
        DealProposal memory p = proposal(100, 1);
        bytes32 id = activeDeal(p);
        bytes32 root = view_(id).sealedRoot;
        bytes32 keeper = activeDeal();
        prove(view_(id).start);
        vm.roll(market.periodEnd(miner, view_(id).end - 1));
        market.purge(one(id));
        assertTrue(view_(id).removed);
        assertEq(view_(id).sealedRoot, root, "kept until the collateral is freed");
        demand(auditor, id, 1);
        answer(id, true);
        market.purge(one(id));
        rollBy(market.params().collateralHold);
        market.complete(id);
        assertEq(view_(keeper).sealedRoot, sealedRootOf(keeper, 100));
    }

    // ---------------------------------------------------------------- resolve

    function test_resolveDemand_endsTheDealAsTerminateDoes() public {
        bytes32 id = activeDeal();
        uint32 start = view_(id).start;
        uint256 clientBefore = balanceOf(client);
        uint256 bond = demand(auditor, id, 1);
        uint64 deadline = openDemand(id, true).deadline;
        vm.roll(deadline);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.DemandPending.selector, id, deadline, deadline));
        market.resolveDemand(proposalOf[id], true);
        vm.roll(market.periodEnd(miner, start));
        market.settle(one(id), 10);
        DealView memory v = view_(id);
        assertEq(v.missed, 1);
        uint256 before = balanceOf(client);
        uint256 burned = market.burned();
        vm.expectEmit(address(market));
        emit IMarketEvents.DemandResolved(id, auditor, true, uint96(bond));
        resolve(stranger, id, true);
        assertEq(stateOf(id), uint256(DealState.Terminated));
        uint256 unspent = v.price - uint256(v.price) / v.periods;
        uint256 tip = market.params().tipCap;
        assertEq(balanceOf(stranger), tip);
        assertEq(balanceOf(client) - before, unspent + v.collateral / 2 - tip);
        assertEq(market.burned() - burned, v.collateral - v.collateral / 2);
        assertTrue(balanceOf(client) > clientBefore);
        assertEq(market.etherOf(auditor), bond);
        assertEq(openDemand(id, true).deadline, 0);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotDemanded.selector, id, true));
        market.resolveDemand(proposalOf[id], true);
    }

    /// @dev Money moves at once; the entry is drawn until the period is over.
    function test_resolveDemand_whileFrozen() public {
        bytes32 id = activeDeal();
        activeDeal();
        uint32 start = view_(id).start;
        demand(client, id, 1);
        prove(start);
        rollIntoWindow(start + 1);
        assertTrue(market.isFrozen(miner));
        resolve(stranger, id, false);
        assertEq(stateOf(id), uint256(DealState.Terminated));
        assertFalse(view_(id).removed);
        assertEq(view_(id).proved, 1, "settled before");
        prove(start + 1);
        rollToNextPeriod();
        market.purge(one(id));
        assertEq(market.setCount(miner, 2), 1);
        assertEq(view_(id).sealedRoot, 0, "a forfeited deal needs its root no more");
    }

    function test_resolveDemand_revertsIfArrearsAreLong() public {
        DealProposal memory p = proposal(100, 3000);
        p.price = 40 * 3000;
        p.collateral = 1e12;
        bytes32 id = activeDeal(p);
        uint32 start = view_(id).start;
        demand(client, id, 1);
        for (uint32 i = 0; i < 1026; ++i) {
            prove(start + i);
        }
        vm.roll(market.periodEnd(miner, start + 1025));
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.Unsettled.selector, id, start + 1024, start + 1026));
        market.resolveDemand(proposalOf[id], false);
        market.settle(one(id), 1024);
        market.resolveDemand(proposalOf[id], false);
        assertEq(view_(id).proved, 1026);
    }

    /// @dev Where a deal ends otherwise while a demand is open, the bond is the demander's at once.
    function test_resolveDemand_givesTheBondBackAfterADefault() public {
        bytes32 id = activeDeal();
        uint256 bond = demand(client, id, 1);
        demand(auditor, id, 1);
        uint32 start = view_(id).start;
        // In arrears of a default, with the deadline to come.
        vm.roll(market.periodEnd(miner, start + 2));
        market.terminate(id);
        Answer memory late = answerTo(id, false);
        skipped(late, SkipReason.NoDemand);
        uint256 tipped = balanceOf(stranger);
        resolve(stranger, id, false);
        resolve(stranger, id, true);
        assertEq(balanceOf(stranger), tipped, "no second tip");
        assertEq(market.etherOf(client), bond);
        assertEq(market.etherOf(auditor), bond);
        assertEq(address(market).balance, 2 * bond);
    }

    // ---------------------------------------------------------------- exits

    function test_endEarly_revertsIfADemandIsOpen() public {
        bytes32 id = activeDeal();
        if (market.isFrozen(miner)) rollToNextPeriod();
        demand(auditor, id, 1);
        EarlyEnd memory e = earlyEnd(id, true);
        bytes memory signature = signEarlyEnd(e);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.DemandOpen.selector, id));
        vm.prank(operator);
        market.endEarly(e, signature);
        // Notice frees no collateral.
        answer(id, true);
        vm.prank(operator);
        market.endEarly(e, signature);
        assertEq(stateOf(id), uint256(DealState.Completed));
    }

    function test_notice_andExtensionGoOnUnderADemand() public {
        bytes32 id = activeDeal();
        if (market.isFrozen(miner)) rollToNextPeriod();
        demand(client, id, 1);
        assertEq(uint256(tryExtend(extension(id, 2), operator)), uint256(SkipReason.None));
        giveNotice(id);
        assertEq(openDemand(id, false).leafIndex, 1);
        answer(id, false);
    }

    // ---------------------------------------------------------------- ether

    function test_withdrawEther_revertsIfNothingOrNowhere() public {
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NoEther.selector, address(this)));
        market.withdrawEther(address(this));
        vm.expectRevert(IMarketEvents.ZeroAddress.selector);
        market.withdrawEther(address(0));
    }

    function test_attack_aMeanOrGreedyPurseHarmsOnlyItself() public {
        Purse purse = new Purse(market);
        DealProposal memory p = proposal();
        p.auditor = address(purse);
        bytes32 id = activeDeal(p);
        uint256 bond = market.leastBond();
        vm.deal(address(purse), bond);
        purse.demand(p, 0, bond);
        demand(client, id, 1);
        vm.roll(openDemand(id, false).deadline + 1);
        // A demander that takes no ether does not hinder the end.
        resolve(stranger, id, true);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.EtherRefused.selector, address(purse), bond));
        purse.withdraw(true, false);
        assertEq(market.etherOf(address(purse)), bond);
        purse.withdraw(false, true);
        assertTrue(purse.refusedAgain());
        assertEq(address(purse).balance, bond, "once");
        assertEq(address(market).balance, bond, "the client's");
        resolve(stranger, id, false);
        assertEq(market.etherOf(client), bond);
    }

    // ---------------------------------------------------------------- attacks

    /// @dev However many there are, the miner has demandSpacing blocks for each.
    function test_attack_demandsDoNotPileUp() public {
        uint256 spacing = market.params().demandSpacing;
        bytes32[] memory ids = new bytes32[](6);
        for (uint256 i = 0; i < ids.length; ++i) {
            ids[i] = activeDeal();
        }
        uint64 last;
        for (uint256 i = 0; i < ids.length; ++i) {
            demand(client, ids[i], 0);
            uint64 due = openDemand(ids[i], false).deadline;
            assertTrue(last == 0 || due == last + spacing);
            demand(auditor, ids[i], 0);
            last = openDemand(ids[i], true).deadline;
            assertEq(last, due + spacing);
        }
        // All of them in one transaction.
        Answer[] memory all = new Answer[](12);
        for (uint256 i = 0; i < 12; ++i) {
            all[i] = answerTo(ids[i / 2], i & 1 == 1);
        }
        SkipReason[] memory reasons = market.answerDemands(all);
        for (uint256 i = 0; i < 12; ++i) {
            assertEq(uint256(reasons[i]), 0);
        }
        assertEq(market.etherOf(miner), 12 * market.leastBond());
        // Another miner has a queue of its own.
        address second = actor("second");
        addMiner(second, actor("second operator"));
        DealProposal memory p = proposal();
        p.miner = second;
        assertEq(uint256(tryPublish(publication(p), actor("second operator"))), 0);
        activate(market.dealIdOf(p));
        demand(client, market.dealIdOf(p), 0);
        assertEq(market.lastDeadline(second), block_() + market.params().demandBlocks);
        assertTrue(market.lastDeadline(second) < last);
    }

    /// @dev Disks may be away in announced maintenance: nobody takes the collateral meanwhile.
    function test_attack_demandsDoNotFallDueInMaintenance() public {
        bytes32 id = activeDeal();
        uint32 first = currentPeriod() + 2;
        vm.prank(miner);
        market.announceMaintenance(miner, first, 2);
        uint256 over = market.periodEnd(miner, first + 1);
        uint256 time = market.params().demandBlocks;
        // It begins before the time is over.
        vm.roll(market.periodEnd(miner, first - 1) - time);
        demand(client, id, 0);
        assertEq(openDemand(id, false).deadline, over + time, "raised before it");
        vm.roll(over - 1);
        demand(auditor, id, 0);
        assertEq(openDemand(id, true).deadline, over + time + market.params().demandSpacing, "raised in it");
        vm.roll(over + time);
        answer(id, false);
        answer(id, true);
        demand(client, id, 0);
        assertEq(openDemand(id, false).deadline, block_() + time, "raised after it");
    }

    function test_demandProof_beforeMaintenanceIsDueBeforeIt() public {
        bytes32 id = activeDeal();
        uint32 first = currentPeriod() + 2;
        vm.prank(miner);
        market.announceMaintenance(miner, first, 1);
        uint256 time = market.params().demandBlocks;
        vm.roll(market.periodEnd(miner, first - 1) - time - 1);
        demand(client, id, 0);
        assertEq(openDemand(id, false).deadline, market.periodEnd(miner, first - 1) - 1);
    }

    /// @dev A miner that is its own client, auditor and caller loses the half that burns.
    function test_attack_noCoalitionGainsFromALostDemand() public {
        DealProposal memory p = proposal();
        bytes32 id = activeDeal(p);
        uint256 together = balanceOf(client) + balanceOf(miner) + balanceOf(auditor) + balanceOf(stranger);
        uint256 locked = uint256(p.price) + p.collateral;
        uint256 bond = demand(auditor, id, 0);
        vm.roll(openDemand(id, true).deadline + 1);
        resolve(stranger, id, true);
        uint256 now_ = balanceOf(client) + balanceOf(miner) + balanceOf(auditor) + balanceOf(stranger);
        assertTrue(now_ + p.collateral / 2 <= together + locked, "half of the collateral is gone");
        assertEq(market.etherOf(auditor), bond, "no ether is made");
    }

    /// @dev Whoever copies an answer pays the gas; the bond is the miner's all the same.
    function test_attack_aCopiedAnswerPaysTheMiner() public {
        bytes32 id = activeDeal();
        demand(client, id, 0);
        Answer memory a = answerTo(id, false);
        vm.prank(stranger);
        tryAnswer(a);
        skipped(a, SkipReason.NoDemand);
        assertEq(market.etherOf(miner), market.leastBond());
    }

    /// @dev Demands held open until the hold is over do not hold the collateral for ever.
    function test_attack_collateralIsNotHeldForEver() public {
        bytes32 id = activeDeal();
        uint256 over = market.periodEnd(miner, view_(id).end - 1) + market.params().collateralHold;
        proveMany(view_(id).start, 10);
        while (block_() < over) {
            demand(client, id, 0);
            answer(id, false);
            rollBy(10);
        }
        market.complete(id);
    }
}

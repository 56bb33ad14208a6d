// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {RenewalLimits} from "../../src/interfaces/IMinerRegistry.sol";
import {
    Activation,
    Answer,
    Cancellation,
    DealProposal,
    DrawnLeaf,
    EarlyEnd,
    Extension,
    Mandate,
    Publication,
    SignedExtension,
    SkipReason,
    WithdrawalPayout,
    WithdrawalRequest
} from "../../src/types/MarketTypes.sol";
import {Demands} from "../../src/libraries/Demands.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";
import {SparseTree} from "../utils/SparseTree.sol";

/// @title What each function costs, in a state as it is found in practice; written to snapshots/ and compared there.
/// @dev Isolated: every call is a transaction of its own, so storage is cold, and the gas is that of its receipt. The seed
/// source is a stub. docs/gas.md has whole periods of real deals.
/// forge-config: default.isolate = true
contract MarketGas is MarketFixture {
    string private constant MARKET = "StorageMarket";
    string private constant REGISTRY = "MinerRegistry";
    /// @dev A piece of 32 GiB.
    uint8 private constant TALL = 30;
    uint256 private constant ALICE_KEY = 0xA11CE;

    function setUp() public {
        setUpMarket();
        // A balance that was zero costs more the first time; nobody's is.
        fund(stranger, 1000);
        activeDeal();
    }

    function snapshot(string memory group, string memory name) private {
        vm.snapshotGasLastCall(group, name);
    }

    // ---------------------------------------------------------------- money

    function test_gas_deposit() public {
        token.mint(client, 1000);
        vm.prank(client);
        market.deposit(client, 1000);
        snapshot(MARKET, "deposit");
    }

    function test_gas_depositWithPermit() public {
        address alice = vm.addr(ALICE_KEY);
        token.mint(alice, 2000);
        bytes32 permit = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                alice,
                address(market),
                1000,
                token.nonces(alice),
                type(uint256).max
            )
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(ALICE_KEY, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), permit)));
        vm.prank(stranger);
        market.depositWithPermit(alice, 1000, type(uint256).max, v, r, s);
        snapshot(MARKET, "depositWithPermit, relayed");
    }

    function test_gas_withdrawal() public {
        vm.prank(client);
        market.requestWithdrawal(1000);
        snapshot(MARKET, "requestWithdrawal");
        rollBy(market.params().withdrawNotice);
        token.mint(client, 1);
        vm.prank(client);
        market.withdraw(client);
        snapshot(MARKET, "withdraw");
    }

    function test_gas_relayedWithdrawal() public {
        WithdrawalRequest memory r = WithdrawalRequest(client, 1000, 0, uint64(block_()));
        bytes memory signature = sign(CLIENT_KEY, market.withdrawalRequestDigest(r));
        vm.prank(stranger);
        market.requestWithdrawalFor(r, signature);
        snapshot(MARKET, "requestWithdrawalFor, the account's first order");
        rollBy(market.params().withdrawNotice);
        token.mint(client, 1);
        WithdrawalPayout memory w = WithdrawalPayout(client, client, 1000, 1, uint64(block_()));
        signature = sign(CLIENT_KEY, market.withdrawalPayoutDigest(w));
        vm.prank(stranger);
        market.withdrawFor(w, signature);
        snapshot(MARKET, "withdrawFor");
    }

    function test_gas_relayedCancellation() public {
        DealProposal memory p = proposal();
        uint64 by = uint64(block_());
        bytes memory signature = sign(CLIENT_KEY, market.cancellationDigest(Cancellation(market.dealIdOf(p), by)));
        vm.prank(stranger);
        market.cancelFor(p, by, signature);
        snapshot(MARKET, "cancelFor");
    }

    // ---------------------------------------------------------------- deals

    function batchOf(uint256 count) private returns (Publication[] memory batch) {
        batch = new Publication[](count);
        for (uint256 i = 0; i < count; ++i) {
            batch[i] = publication(proposal());
        }
    }

    function test_gas_publishDeals() public {
        Publication[] memory single = batchOf(1);
        Publication[] memory batch = batchOf(10);
        vm.prank(operator);
        market.publishDeals(single);
        snapshot(MARKET, "publishDeals, 1 deal");
        vm.prank(operator);
        market.publishDeals(batch);
        snapshot(MARKET, "publishDeals, 10 deals");
        assertEq(market.liveDeals(miner), 12);
    }

    /// @dev In a window that is open, so the slot of what is spent is not new.
    function test_gas_publishDeals_withABudget() public {
        Publication[] memory single = batchOf(1);
        Publication[] memory batch = batchOf(10);
        vm.prank(miner);
        registry.setCollateralBudget(FUNDS, 1000);
        publish(proposal());
        vm.prank(operator);
        market.publishDeals(single);
        snapshot(MARKET, "publishDeals, 1 deal, collateral budget");
        vm.prank(operator);
        market.publishDeals(batch);
        snapshot(MARKET, "publishDeals, 10 deals, collateral budget");
        assertEq(market.liveDeals(miner), 13);
    }

    function test_gas_activateDeals() public {
        Publication[] memory publications = batchOf(11);
        vm.prank(operator);
        market.publishDeals(publications);
        rollBy(market.params().sealDelay + 1);
        if (market.isFrozen(miner)) rollToNextPeriod();
        Activation[] memory single = new Activation[](1);
        Activation[] memory batch = new Activation[](10);
        for (uint256 i = 0; i < 11; ++i) {
            Activation memory a = activation(market.dealIdOf(publications[i].proposal));
            if (i == 0) single[0] = a;
            else batch[i - 1] = a;
        }
        market.activateDeals(single);
        snapshot(MARKET, "activateDeals, 1 deal");
        market.activateDeals(batch);
        snapshot(MARKET, "activateDeals, 10 deals");
        assertEq(market.setCount(miner, 2), 12);
    }

    function test_gas_cancel() public {
        DealProposal memory p = proposal();
        vm.prank(client);
        market.cancel(p);
        snapshot(MARKET, "cancel");
    }

    function test_gas_expire() public {
        bytes32 id = publish(proposal());
        vm.roll(view_(id).activateBy + 1);
        vm.prank(stranger);
        market.expire(id);
        snapshot(MARKET, "expire");
    }

    function test_gas_settle() public {
        bytes32 id = activeDeal();
        uint32 start = view_(id).start;
        proveMany(start, 3);
        vm.prank(stranger);
        market.settle(one(id), 1);
        snapshot(MARKET, "settle, 1 proved period");
        vm.prank(stranger);
        market.settle(one(id), 10);
        snapshot(MARKET, "settle, 2 proved periods");
        rollToNextPeriod();
        vm.prank(stranger);
        market.settle(one(id), 10);
        snapshot(MARKET, "settle, 1 missed period");
    }

    function test_gas_settleLongArrears() public {
        bytes32 id = activeDeal(proposal(100, 300));
        proveMany(view_(id).start, 300);
        vm.prank(stranger);
        market.settle(one(id), 300);
        snapshot(MARKET, "settle, 300 proved periods");
        assertEq(view_(id).proved, 300);
    }

    function test_gas_complete() public {
        bytes32 id = activeDeal(proposal(100, 3));
        proveMany(view_(id).start, 3);
        market.settle(one(id), 3);
        rollBy(market.params().collateralHold);
        if (market.isFrozen(miner)) rollToNextPeriod();
        vm.prank(stranger);
        market.complete(id);
        snapshot(MARKET, "complete, settled before");
    }

    function test_gas_terminate() public {
        bytes32 id = activeDeal();
        vm.roll(market.periodEnd(miner, view_(id).start + 2));
        vm.prank(stranger);
        market.terminate(id);
        snapshot(MARKET, "terminate, with 3 missed periods");
    }

    function test_gas_extendDeals() public {
        bytes32[] memory ids = new bytes32[](22);
        for (uint256 i = 0; i < ids.length; ++i) {
            ids[i] = activeDeal(proposal(100, 30));
        }
        // As in practice: the last closed period is settled by the planner, then the deal is extended.
        if (market.isFrozen(miner)) rollToNextPeriod();
        prove(currentPeriod());
        rollToNextPeriod();
        bytes32[] memory settled = new bytes32[](21);
        for (uint256 i = 0; i < settled.length; ++i) {
            settled[i] = ids[i + 1];
        }
        market.settle(settled, 10);
        SignedExtension[] memory arrears = extensions(ids, 0, 1);
        SignedExtension[] memory single = extensions(ids, 1, 1);
        SignedExtension[] memory batch = extensions(ids, 2, 20);
        vm.prank(operator);
        market.extendDeals(single);
        snapshot(MARKET, "extendDeals, 1 deal, settled before");
        vm.prank(operator);
        market.extendDeals(arrears);
        snapshot(MARKET, "extendDeals, 1 deal with a period to settle, collateral topped up");
        vm.prank(operator);
        market.extendDeals(batch);
        snapshot(MARKET, "extendDeals, 20 deals, settled before");
        for (uint256 i = 0; i < ids.length; ++i) {
            assertEq(view_(ids[i]).end, view_(ids[i]).start + 60);
        }
    }

    function test_gas_executeMandate() public {
        vm.prank(miner);
        registry.setRenewalLimits(RenewalLimits(1200, 1e6, 30));
        snapshot("MinerRegistry", "setRenewalLimits");
        // Somebody who has executed mandates before.
        fund(stranger, 1);
        bytes32 id = activeDeal(proposal(100, 3));
        if (market.isFrozen(miner)) rollToNextPeriod();
        prove(currentPeriod());
        rollToNextPeriod();
        market.settle(one(id), 10);
        Mandate memory m = Mandate(id, 30, 5, 1e6, 0, 1e12, 100, uint64(block_() + 1000));
        bytes memory signature = sign(CLIENT_KEY, market.mandateDigest(m));
        vm.prank(stranger);
        market.executeMandate(m, signature);
        snapshot(MARKET, "executeMandate, settled before");
        vm.prank(client);
        market.revokeMandate(m);
        snapshot(MARKET, "revokeMandate");
    }

    function extensions(bytes32[] memory ids, uint256 from, uint256 count)
        private
        view
        returns (SignedExtension[] memory batch)
    {
        batch = new SignedExtension[](count);
        for (uint256 i = 0; i < count; ++i) {
            Extension memory e = extension(ids[from + i], 30);
            if (from == 0) e.collateral = view_(ids[0]).collateral + 1000;
            batch[i] = signedExtension(e);
        }
    }

    function test_gas_endEarly() public {
        bytes32[] memory ids = new bytes32[](3);
        for (uint256 i = 0; i < ids.length; ++i) {
            ids[i] = activeDeal(proposal(100, 30));
        }
        if (market.isFrozen(miner)) rollToNextPeriod();
        prove(currentPeriod());
        rollToNextPeriod();
        market.settle(ids, 10);
        EarlyEnd memory e = earlyEnd(ids[0], false);
        vm.prank(client);
        market.endEarly(e, "");
        snapshot(MARKET, "endEarly, with notice, settled before");
        e = earlyEnd(ids[1], false);
        bytes memory signature = signEarlyEnd(e);
        vm.prank(stranger);
        market.endEarly(e, signature);
        snapshot(MARKET, "endEarly, with notice, relayed, settled before");
        e = earlyEnd(ids[2], true);
        signature = signEarlyEnd(e);
        vm.prank(operator);
        market.endEarly(e, signature);
        snapshot(MARKET, "endEarly, at once, settled before");
        assertTrue(view_(ids[2]).removed);
    }

    function test_gas_handOver() public {
        (address heir, address hot) = (actor("heir"), actor("heir hot"));
        addMiner(heir, hot);
        DealProposal memory own = proposal();
        own.miner = heir;
        assertEq(uint256(tryPublish(publication(own), hot)), uint256(SkipReason.None));
        activate(market.dealIdOf(own));
        bytes32[2] memory olds = [activeDeal(proposal(100, 30)), activeDeal(proposal(100, 30))];
        Publication[] memory publications = new Publication[](1);
        for (uint256 i = 0; i < olds.length; ++i) {
            publications[0] = publication(replacement(olds[i], heir));
            vm.prank(hot);
            market.publishDeals(publications);
            if (i == 0) snapshot(MARKET, "publishDeals, 1 deal that replaces another");
        }
        vm.prank(operator);
        market.waiveNotice(one(olds[1]));
        snapshot(MARKET, "waiveNotice, 1 deal");
        rollBy(market.params().sealDelay + 1);
        while (market.isFrozen(miner) || market.isFrozen(heir)) rollBy(1);
        market.settle(one(olds[0]), 10);
        market.settle(one(olds[1]), 10);
        Activation[] memory activations = new Activation[](1);
        for (uint256 i = 0; i < olds.length; ++i) {
            (bytes23 successor,,) = market.handOver(olds[i]);
            activations[0] = activation(idOf[successor]);
            market.activateDeals(activations);
            snapshot(
                MARKET,
                i == 0
                    ? "activateDeals, 1 that replaces another"
                    : "activateDeals, 1 that replaces another, notice waived"
            );
            assertTrue(view_(olds[i]).noticed);
        }
    }

    function test_gas_announceMaintenance() public {
        uint32 first = currentPeriod() + 2;
        if (first / 12 != (first + 2) / 12) first = (first / 12 + 1) * 12;
        vm.prank(operator);
        market.announceMaintenance(miner, first, 1);
        snapshot(MARKET, "announceMaintenance, 1 period");
        vm.prank(operator);
        market.announceMaintenance(miner, first + 1, 2);
        snapshot(MARKET, "announceMaintenance, 2 more periods of the quarter");
        assertEq(market.maintenanceLeft(miner, first), 0);
    }

    function test_gas_settleMaintenance() public {
        bytes32 id = activeDeal();
        uint32 start = view_(id).start;
        vm.prank(operator);
        market.announceMaintenance(miner, start + 2, 1);
        proveMany(start, 2);
        market.settle(one(id), 2);
        vm.prank(stranger);
        market.settle(one(id), 10);
        snapshot(MARKET, "settle, 1 excused period");
        assertEq(view_(id).cursor, start + 3);
    }

    function test_gas_faults() public {
        bytes32[] memory ids = new bytes32[](12);
        for (uint256 i = 0; i < ids.length; ++i) {
            ids[i] = activeDeal();
        }
        while (market.isFrozen(miner)) rollToNextPeriod();
        market.settle(ids, 100);
        bytes32[] memory ten = new bytes32[](10);
        for (uint256 i = 0; i < 10; ++i) {
            ten[i] = ids[i + 1];
        }
        vm.prank(operator);
        market.declareFaults(one(ids[0]));
        snapshot(MARKET, "declareFaults, 1 deal, settled before, another entry moves");
        vm.prank(operator);
        market.declareFaults(ten);
        snapshot(MARKET, "declareFaults, 10 deals, settled before");
        prove(view_(ids[0]).faultySince);
        Activation memory a = recovery(ids[0]);
        vm.prank(operator);
        market.recover(a);
        snapshot(MARKET, "recover, 1 deal of 4 leaves, a period to settle");
        vm.prank(stranger);
        market.settle(one(ids[1]), 10);
        snapshot(MARKET, "settle, 1 faulty period");
        vm.roll(market.challengeBlock(miner, view_(ids[2]).faultySince + 5));
        vm.prank(stranger);
        market.terminate(ids[2]);
        snapshot(MARKET, "terminate, with 5 faulty periods");
    }

    function test_gas_purge() public {
        bytes32 id = activeDeal();
        activeDeal();
        // Terminated inside a freeze, the entry stays behind.
        vm.roll(market.challengeBlock(miner, view_(id).start + 3));
        market.terminate(id);
        rollToNextPeriod();
        vm.prank(stranger);
        market.purge(one(id));
        snapshot(MARKET, "purge, another entry moves");
        assertTrue(view_(id).removed);
    }

    // ---------------------------------------------------------------- proving

    function measureProof(address of_, uint32 period, bytes memory openings, string memory name) private {
        vm.prank(stranger);
        market.prove(of_, period, "", openings);
        snapshot(MARKET, name);
        assertTrue(market.isProved(of_, period));
    }

    function test_gas_prove() public {
        uint32 period = market.nextDuty(miner, block_());
        rollIntoWindow(period);
        measureProof(miner, period, openingsOf(miner, period), "prove, 5 challenges, 1 deal of 4 leaves");
        rollToNextPeriod();
        rollIntoWindow(++period);
        measureProof(miner, period, openingsOf(miner, period), "prove, the next period");
    }

    function test_gas_proveManyDeals() public {
        // Six heights, four deals of each.
        for (uint256 i = 0; i < 24; ++i) {
            activeDeal(proposal(uint64(100 * 2 ** (i % 6)), 30));
        }
        uint32 period = market.nextDuty(miner, block_());
        rollIntoWindow(period);
        measureProof(miner, period, openingsOf(miner, period), "prove, 5 challenges, 25 deals of 6 heights");
    }

    /// @dev A piece of zeros, and of its replica only what is ever opened: where, does not depend on the sealed root.
    function test_gas_tallTree() public {
        address tall = actor("tall");
        addMiner(tall, actor("tallOperator"));
        SparseTree.Leaf[] memory zeros;
        DealProposal memory p = proposal();
        p.miner = tall;
        p.pieceRoot = SparseTree.node(zeros, TALL, 0);
        p.rawSize = uint64(127) << (TALL - 2);
        p.price = uint96(20) << TALL << 4;
        p.collateral = uint96(1000) << TALL;
        bytes32 id = market.dealIdOf(p);
        uint256[] memory sealAt = sealPositions(id, block_() + market.params().sealDelay);
        uint32 period = market.nextDuty(tall, block_() + market.params().sealDelay + 1);
        uint256[] memory provedAt = provedPositions(tall, period);
        SparseTree.Leaf[] memory replica = masked(id, sealAt, provedAt);

        Publication[] memory publications = new Publication[](1);
        publications[0] = Publication(p, SparseTree.node(replica, TALL, 0), sign(CLIENT_KEY, id));
        vm.prank(actor("tallOperator"));
        market.publishDeals(publications);
        vm.roll(view_(id).sealBlock + 1);
        bytes memory openings;
        for (uint256 i = 0; i < sealAt.length; ++i) {
            openings = bytes.concat(
                openings, SparseTree.opening(zeros, TALL, sealAt[i]), SparseTree.opening(replica, TALL, sealAt[i])
            );
        }
        Activation[] memory activations = new Activation[](1);
        activations[0] = Activation(p, "", openings);
        SkipReason[] memory reasons = market.activateDeals(activations);
        snapshot(MARKET, "activateDeals, 1 deal of 2^30 leaves");
        assertEq(uint256(reasons[0]), uint256(SkipReason.None), "activation was skipped");

        vm.roll(market.challengeBlock(tall, period) + 1);
        (, DrawnLeaf[] memory drawn) = market.drawnLeaves(tall, period, "");
        openings = "";
        for (uint256 i = 0; i < drawn.length; ++i) {
            openings = bytes.concat(openings, SparseTree.opening(replica, TALL, drawn[i].leafIndex));
        }
        measureProof(tall, period, openings, "prove, 5 challenges, 1 deal of 2^30 leaves");
    }

    function sealPositions(bytes32 id, uint256 sealBlock) private view returns (uint256[] memory) {
        bytes32 seed = keccak256(abi.encode(seeds.valueAt(sealBlock, ""), address(market), id));
        return positions(seed, market.params().sealChallenges);
    }

    function provedPositions(address of_, uint32 period) private view returns (uint256[] memory) {
        bytes32 value = seeds.valueAt(market.challengeBlock(of_, period), "");
        return positions(keccak256(abi.encode(value, address(market), of_, period)), market.params().challenges);
    }

    function positions(bytes32 seed, uint256 count) private pure returns (uint256[] memory at) {
        at = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            at[i] = uint256(sha256(abi.encode(seed, i))) % 2 ** TALL;
        }
    }

    function masked(bytes32 id, uint256[] memory a, uint256[] memory b)
        private
        pure
        returns (SparseTree.Leaf[] memory leaves)
    {
        leaves = new SparseTree.Leaf[](a.length + b.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            uint256 at = i < a.length ? a[i] : b[i - a.length];
            leaves[i] = SparseTree.Leaf(at, sha256(abi.encodePacked(id, uint64(at))));
        }
    }

    // ---------------------------------------------------------------- demands and disputes

    function test_gas_demands() public {
        uint256 first = measureDemands(20, uint64(127) << 18, "2^20 leaves");
        assertLe(first, 125_000, "answer");
        snapshotEther();
    }

    /// @dev What the bond has to pay for at the very least.
    function test_gas_demandsOfTheLargestPiece() public {
        assertLe(
            measureDemands(34, 1 << 38, "the largest piece"), Demands.MIN_GAS, "the least demandGas covers any answer"
        );
    }

    function snapshotEther() private {
        vm.prank(actor("tall"));
        market.withdrawEther(actor("purse"));
        snapshot(MARKET, "withdrawEther");
    }

    SparseTree.Leaf[] private _piece;
    SparseTree.Leaf[] private _replica;
    DealProposal private _tall;

    /// @dev A deal of a tall tree whose leaves 7 and 6 are not zero: no byte of the openings is cheap.
    function tallDeal(uint8 height, uint64 rawSize) private returns (bytes32 id) {
        address tall = actor("tall");
        addMiner(tall, actor("tallOperator"));
        _piece.push(SparseTree.Leaf(7, keccak256("7") & ~bytes32(uint256(0xc0))));
        _piece.push(SparseTree.Leaf(6, keccak256("6") & ~bytes32(uint256(0xc0))));
        DealProposal memory p = proposal();
        p.miner = tall;
        p.pieceRoot = SparseTree.node(_piece, height, 0);
        p.rawSize = rawSize;
        p.price = uint96(20) << height << 4;
        p.collateral = uint96(1000) << height;
        p.salt = keccak256("salt");
        id = market.dealIdOf(p);
        _tall = p;
        bytes32 seed =
            keccak256(abi.encode(seeds.valueAt(block_() + market.params().sealDelay, ""), address(market), id));
        for (uint256 i = 0; i < 2; ++i) {
            _replica.push(SparseTree.Leaf(_piece[i].index, _piece[i].value ^ maskOf(id, _piece[i].index)));
        }
        uint256[2] memory at;
        for (uint256 i = 0; i < 2; ++i) {
            at[i] = uint256(sha256(abi.encode(seed, i))) % (4 * ((uint256(rawSize) + 126) / 127));
            _replica.push(SparseTree.Leaf(at[i], maskOf(id, at[i])));
        }
        Publication[] memory publications = new Publication[](1);
        publications[0] = Publication(p, SparseTree.node(_replica, height, 0), sign(CLIENT_KEY, id));
        vm.prank(actor("tallOperator"));
        market.publishDeals(publications);
        vm.roll(view_(id).sealBlock + 1);
        Activation[] memory activations = new Activation[](1);
        activations[0] = Activation(p, "", bytes.concat(tallOpening(height, at[0]), tallOpening(height, at[1])));
        assertEq(uint256(market.activateDeals(activations)[0]), 0, "activation was skipped");
    }

    function maskOf(bytes32 id, uint256 at) private pure returns (bytes32) {
        return sha256(abi.encodePacked(id, uint64(at)));
    }

    function tallOpening(uint8 height, uint256 at) private view returns (bytes memory) {
        return bytes.concat(SparseTree.opening(_piece, height, at), SparseTree.opening(_replica, height, at));
    }

    function measureDemands(uint8 height, uint64 rawSize, string memory what) private returns (uint256 first) {
        tallDeal(height, rawSize);
        uint256 bond = market.leastBond();
        Answer[] memory answers = new Answer[](1);
        answers[0] = Answer(_tall, false, tallOpening(height, 7));
        for (uint256 i = 0; i < 2; ++i) {
            vm.deal(client, 10 ether);
            vm.prank(client);
            market.demandProof{value: bond}(_tall, 7);
            snapshot(MARKET, string.concat("demandProof", i == 0 ? ", the miner's first" : ""));
            vm.prank(stranger);
            assertEq(uint256(market.answerDemands(answers)[0]), 0, "the answer was skipped");
            uint256 used = vm.snapshotGasLastCall(
                MARKET, string.concat("answerDemands, 1 answer, ", what, i == 0 ? ", the miner's first" : "")
            );
            if (i == 0) first = used;
        }
        answers = new Answer[](2);
        for (uint256 i = 0; i < 2; ++i) {
            address by = i == 0 ? client : auditor;
            vm.deal(by, 10 ether);
            vm.prank(by);
            market.demandProof{value: bond}(_tall, 7);
            answers[i] = Answer(_tall, i == 1, tallOpening(height, 7));
        }
        vm.prank(stranger);
        market.answerDemands(answers);
        snapshot(MARKET, string.concat("answerDemands, 2 answers, ", what));
    }

    function test_gas_resolveDemand() public {
        bytes32 id = activeDeal();
        demand(client, id, 1);
        vm.roll(openDemand(id, false).deadline + 1);
        if (market.isFrozen(miner)) rollToNextPeriod();
        resolve(stranger, id, false);
        snapshot(MARKET, "resolveDemand, 1 period in arrears");
    }

    function test_gas_disputeSeal() public {
        (bytes32 id, uint64 leaf) = badlySealedDeal();
        bytes memory openings = bothOpenings(id, leaf);
        DealProposal memory p = proposalOf[id];
        vm.prank(stranger);
        market.disputeSeal(p, leaf, openings);
        snapshot(MARKET, "disputeSeal, 32 leaves");
    }

    // ---------------------------------------------------------------- registry

    function test_gas_register() public {
        address id = actor("newcomer");
        token.mint(id, 2 * STAKE);
        vm.prank(id);
        token.approve(address(registry), type(uint256).max);
        vm.prank(id);
        registry.register(actor("hot"), STAKE, "miner.example.org:4000", keccak256("tls"), 10);
        snapshot(REGISTRY, "register");
    }

    function test_gas_update() public {
        vm.prank(operator);
        registry.update(miner, "miner.example.org:4001", keccak256("other"), 11);
        snapshot(REGISTRY, "update");
    }

    function test_gas_setOperator() public {
        vm.prank(miner);
        registry.setOperator(actor("hot"));
        snapshot(REGISTRY, "setOperator");
    }

    function test_gas_setAccepting() public {
        vm.prank(miner);
        registry.setAccepting(false);
        snapshot(REGISTRY, "setAccepting, pause");
    }

    function test_gas_addStake() public {
        token.mint(miner, 2000);
        vm.prank(miner);
        registry.addStake(1000);
        snapshot(REGISTRY, "addStake");
    }

    function test_gas_exit() public {
        address id = actor("leaver");
        addMiner(id, actor("hot"));
        addMiner(actor("stayer"), actor("stays hot"));
        vm.prank(id);
        registry.announceExit();
        snapshot(REGISTRY, "announceExit");
        vm.prank(id);
        registry.withdrawStake(id);
        snapshot(REGISTRY, "withdrawStake, another miner moves");
    }

    function test_gas_registerAuditor() public {
        vm.prank(auditor);
        registry.registerAuditor("auditor.example.org:4100", keccak256("tls"));
        snapshot(REGISTRY, "registerAuditor");
    }
}

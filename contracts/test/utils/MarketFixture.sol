// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMinerRegistry} from "../../src/interfaces/IMinerRegistry.sol";
import {IStorageMarket} from "../../src/interfaces/IStorageMarket.sol";
import {DevToken} from "../../src/dev/DevToken.sol";
import {PieceMath} from "../../src/libraries/PieceMath.sol";
import {
    Activation,
    Answer,
    DealProposal,
    DealState,
    DealView,
    Demand,
    DrawnLeaf,
    EarlyEnd,
    Extension,
    MarketParams,
    Publication,
    SignedExtension,
    SkipReason
} from "../../src/types/MarketTypes.sol";
import {PlainTree} from "./PlainTree.sol";
import {SeedStub} from "./SeedStub.sol";
import {Test} from "./Test.sol";

/// @notice A market with one client and one miner, and what both do off chain: pieces, replicas, openings.
abstract contract MarketFixture is Test {
    uint256 internal constant CLIENT_KEY = 0xC11E47;
    uint256 internal constant START_BLOCK = 10_000;
    uint96 internal constant FUNDS = 1e24;
    uint96 internal constant STAKE = 1e18;

    DevToken internal token;
    SeedStub internal seeds;
    IMinerRegistry internal registry;
    IStorageMarket internal market;
    address internal client;
    address internal miner;
    address internal operator;
    address internal auditor;
    address internal stranger;
    uint256 private _salts;
    mapping(bytes23 dealKey => bytes32 dealId) internal idOf;
    mapping(bytes32 dealId => DealProposal) internal proposalOf;
    /// @dev One more than the index of the leaf that the miner has sealed wrong, or 0.
    mapping(bytes32 dealId => uint256) internal wrongLeaf;

    function setUpMarket(MarketParams memory p) internal {
        vm.roll(START_BLOCK);
        client = vm.addr(CLIENT_KEY);
        vm.label(client, "client");
        miner = actor("miner");
        operator = actor("operator");
        auditor = actor("auditor");
        stranger = actor("stranger");
        token = new DevToken();
        seeds = new SeedStub();
        (registry, market) = deployMarket(p);
        fund(client, FUNDS);
        addMiner(miner, operator);
    }

    function setUpMarket() internal {
        setUpMarket(defaults());
    }

    /// @dev Token, seed source and registry are filled in on deployment.
    function defaults() internal pure returns (MarketParams memory p) {
        p.periodBlocks = 100;
        p.windowBlocks = 20;
        p.challenges = 5;
        p.sealChallenges = 2;
        p.sealDelay = 4;
        p.maxMissRun = 2;
        p.withdrawNotice = 10;
        p.collateralHold = 50;
        p.maxPeriods = 5000;
        p.maxActivationBlocks = 300;
        p.missPenaltyBps = 10_000;
        p.priceBurnBps = 100;
        p.expireBurnBps = 1000;
        p.tipCap = 1000;
        p.minPricePerLeafPeriod = 10;
        p.minCollateralPerLeaf = 100;
        p.maintenanceNotice = 2;
        p.maintenancePeriods = 3;
        p.maintenanceQuarter = 12;
        p.demandBlocks = 30;
        p.demandSpacing = 5;
        p.demandGas = 200_000;
        p.maxFaultyPeriods = 4;
        p.faultFeeBps = 10_000;
    }

    function deployMarket(MarketParams memory p) internal returns (IMinerRegistry r, IStorageMarket m) {
        if (p.token == address(0)) p.token = address(token);
        if (p.seedSource == address(0)) p.seedSource = address(seeds);
        p.registry = deployRegistry(p.token);
        r = IMinerRegistry(p.registry);
        m = IStorageMarket(deployParts(p));
    }

    /// @dev The contracts of a market from the last to the first: each names the one that follows it.
    function parts() internal pure returns (string[5] memory) {
        return ["MarketReads", "MarketExits", "MarketFaults", "MarketTerms", "StorageMarket"];
    }

    /// @dev The registry names the market, which is deployed after all its other parts.
    function deployRegistry(address token_) internal returns (address) {
        uint64 first = vm.getNonce(address(this)) + 1;
        address next = vm.computeCreateAddress(address(this), first + parts().length - 1);
        return vm.deployCode("MinerRegistry", abi.encode(token_, next, STAKE));
    }

    function deployParts(MarketParams memory p) internal returns (address last) {
        for (uint256 i = 0; i < parts().length; ++i) {
            last = vm.deployCode(parts()[i], i == 0 ? abi.encode(p) : abi.encode(p, last));
        }
    }

    function fund(address account, uint96 amount) internal {
        token.mint(account, amount);
        vm.prank(account);
        token.approve(address(market), type(uint256).max);
        vm.prank(account);
        market.deposit(account, amount);
    }

    function addMiner(address id, address hotKey) internal {
        token.mint(id, STAKE);
        vm.prank(id);
        token.approve(address(registry), type(uint256).max);
        vm.prank(id);
        registry.register(hotKey, STAKE, "127.0.0.1:4000", keccak256("tls"), 10);
        fund(id, FUNDS);
    }

    // ---------------------------------------------------------------- time

    function block_() internal view returns (uint256) {
        return vm.getBlockNumber();
    }

    function rollBy(uint256 blocks) internal {
        vm.roll(block_() + blocks);
    }

    function currentPeriod() internal view returns (uint32) {
        return market.periodAt(miner, block_());
    }

    /// @notice Into the window of `period`, if not there yet.
    function rollIntoWindow(uint32 period) internal {
        uint256 at = market.challengeBlock(miner, period) + 1;
        if (block_() < at) vm.roll(at);
    }

    /// @notice To the first block of the miner's next period.
    function rollToNextPeriod() internal {
        vm.roll(market.periodEnd(miner, currentPeriod()));
    }

    // ---------------------------------------------------------------- pieces

    function pieceLeaves(uint64 rawSize) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](PieceMath.leafCount(rawSize));
        for (uint256 i = 0; i < leaves.length; ++i) {
            // The two top bits of an FR32 leaf are zero.
            leaves[i] = keccak256(abi.encode("piece", rawSize, i)) & ~bytes32(uint256(0xc0));
        }
    }

    function replicaLeaves(bytes32 dealId, uint64 rawSize) internal view returns (bytes32[] memory leaves) {
        leaves = pieceLeaves(rawSize);
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = leaves[i] ^ sha256(abi.encodePacked(dealId, uint64(i)));
        }
        if (wrongLeaf[dealId] != 0) leaves[wrongLeaf[dealId] - 1] ^= bytes32(uint256(1));
    }

    function heightOf(uint64 rawSize) internal pure returns (uint8) {
        return PieceMath.height(PieceMath.leafCount(rawSize));
    }

    function sealedRootOf(bytes32 dealId, uint64 rawSize) internal view returns (bytes32) {
        return PlainTree.root(replicaLeaves(dealId, rawSize), heightOf(rawSize));
    }

    // ---------------------------------------------------------------- deals

    /// @notice A proposal the default market accepts: 4 leaves, 10 periods.
    function proposal() internal returns (DealProposal memory) {
        return proposal(100, 10);
    }

    function proposal(uint64 rawSize, uint32 periods) internal returns (DealProposal memory p) {
        uint96 leaves = PieceMath.leafCount(rawSize);
        p.client = client;
        p.miner = miner;
        p.auditor = auditor;
        p.pieceRoot = PlainTree.root(pieceLeaves(rawSize), heightOf(rawSize));
        p.rawSize = rawSize;
        p.sealProfile = 1;
        p.periods = periods;
        p.price = 1000 * leaves * periods + 7; // does not divide by the periods
        p.collateral = 10_000 * leaves;
        p.publishBy = uint64(block_() + 100);
        p.activateBy = uint64(block_() + 200);
        p.salt = bytes32(++_salts);
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function publication(DealProposal memory p) internal returns (Publication memory) {
        return publication(p, CLIENT_KEY);
    }

    function publication(DealProposal memory p, uint256 key) internal returns (Publication memory) {
        bytes32 id = market.dealIdOf(p);
        idOf[bytes23(id)] = id;
        proposalOf[id] = p;
        return Publication(p, sealedRootOf(id, p.rawSize), sign(key, id));
    }

    function tryPublish(Publication memory publication_, address sender) internal returns (SkipReason) {
        Publication[] memory batch = new Publication[](1);
        batch[0] = publication_;
        vm.prank(sender);
        return market.publishDeals(batch)[0];
    }

    function publish(DealProposal memory p) internal returns (bytes32 id) {
        SkipReason reason = tryPublish(publication(p), operator);
        assertEq(uint256(reason), uint256(SkipReason.None), "publish was skipped");
        return market.dealIdOf(p);
    }

    /// @notice Openings of both trees at the positions the seal block draws (Protocol §4).
    function sealOpenings(bytes32 id) internal view returns (bytes memory) {
        uint256 sealBlock = market.deal(id).sealBlock;
        return dualOpenings(id, keccak256(abi.encode(seeds.valueAt(sealBlock, ""), address(market), id)));
    }

    /// @notice Openings of both trees at the positions that the seed expands to.
    function dualOpenings(bytes32 id, bytes32 seed) internal view returns (bytes memory out) {
        uint64 rawSize = proposalOf[id].rawSize;
        for (uint256 i = 0; i < market.params().sealChallenges; ++i) {
            uint256 leaf = uint256(sha256(abi.encodePacked(seed, i))) % PieceMath.leafCount(rawSize);
            out = bytes.concat(
                out,
                PlainTree.opening(pieceLeaves(rawSize), heightOf(rawSize), leaf),
                PlainTree.opening(replicaLeaves(id, rawSize), heightOf(rawSize), leaf)
            );
        }
    }

    function activation(bytes32 id) internal view returns (Activation memory) {
        return Activation(proposalOf[id], "", sealOpenings(id));
    }

    function tryActivate(Activation memory activation_) internal returns (SkipReason) {
        Activation[] memory batch = new Activation[](1);
        batch[0] = activation_;
        return market.activateDeals(batch)[0];
    }

    /// @notice Activates in the first block that allows it.
    function activate(bytes32 id) internal {
        uint256 sealBlock = market.deal(id).sealBlock;
        if (block_() <= sealBlock) vm.roll(sealBlock + 1);
        address m = proposalOf[id].miner;
        if (market.isFrozen(m)) vm.roll(market.periodEnd(m, market.periodAt(m, block_())));
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.None), "activation was skipped");
    }

    function activeDeal() internal returns (bytes32 id) {
        return activeDeal(proposal());
    }

    function activeDeal(DealProposal memory p) internal returns (bytes32 id) {
        id = publish(p);
        activate(id);
    }

    // ---------------------------------------------------------------- extensions

    /// @notice An extension the default market accepts: so many periods more, somewhat dearer, no more collateral.
    function extension(bytes32 id, uint32 more) internal view returns (Extension memory e) {
        uint96 leaves = PieceMath.leafCount(proposalOf[id].rawSize);
        uint32 end = view_(id).end;
        return Extension(id, end, end + more, 1100 * leaves, 0, uint64(block_() + 10_000));
    }

    function signedExtension(Extension memory e) internal view returns (SignedExtension memory) {
        return signedExtension(e, CLIENT_KEY);
    }

    function signedExtension(Extension memory e, uint256 key) internal view returns (SignedExtension memory) {
        return SignedExtension(e, sign(key, market.extensionDigest(e)));
    }

    function tryExtend(SignedExtension memory x, address sender) internal returns (SkipReason) {
        SignedExtension[] memory batch = new SignedExtension[](1);
        batch[0] = x;
        vm.prank(sender);
        return market.extendDeals(batch)[0];
    }

    function tryExtend(Extension memory e, address sender) internal returns (SkipReason) {
        return tryExtend(signedExtension(e), sender);
    }

    // ---------------------------------------------------------------- early ends

    function earlyEnd(bytes32 id, bool immediate) internal view returns (EarlyEnd memory) {
        return EarlyEnd(id, immediate, uint64(block_() + 10_000));
    }

    function signEarlyEnd(EarlyEnd memory e) internal view returns (bytes memory) {
        return sign(CLIENT_KEY, market.earlyEndDigest(e));
    }

    /// @notice The client gives notice itself.
    function giveNotice(bytes32 id) internal {
        EarlyEnd memory e = earlyEnd(id, false);
        vm.prank(client);
        market.endEarly(e, "");
    }

    // ---------------------------------------------------------------- demands and disputes

    /// @notice One leaf opened in the piece tree and in the replica's.
    function bothOpenings(bytes32 id, uint256 leaf) internal view returns (bytes memory) {
        uint64 rawSize = proposalOf[id].rawSize;
        return bytes.concat(
            PlainTree.opening(pieceLeaves(rawSize), heightOf(rawSize), leaf),
            PlainTree.opening(replicaLeaves(id, rawSize), heightOf(rawSize), leaf)
        );
    }

    /// @notice Raised with the least bond.
    function demand(address by, bytes32 id, uint64 leaf) internal returns (uint256 bond) {
        bond = market.leastBond();
        vm.deal(by, by.balance + bond);
        DealProposal memory p = proposalOf[id];
        vm.prank(by);
        market.demandProof{value: bond}(p, leaf);
    }

    function openDemand(bytes32 id, bool byAuditor) internal view returns (Demand memory) {
        return market.demands(one(id))[byAuditor ? 1 : 0];
    }

    /// @notice The answer to an open demand.
    function answerTo(bytes32 id, bool byAuditor) internal view returns (Answer memory) {
        return Answer(proposalOf[id], byAuditor, bothOpenings(id, openDemand(id, byAuditor).leafIndex));
    }

    function tryAnswer(Answer memory a) internal returns (SkipReason) {
        Answer[] memory batch = new Answer[](1);
        batch[0] = a;
        return market.answerDemands(batch)[0];
    }

    function answer(bytes32 id, bool byAuditor) internal {
        assertEq(uint256(tryAnswer(answerTo(id, byAuditor))), uint256(SkipReason.None), "the answer was skipped");
    }

    function resolve(address by, bytes32 id, bool byAuditor) internal {
        DealProposal memory p = proposalOf[id];
        vm.prank(by);
        market.resolveDemand(p, byAuditor);
    }

    /// @notice Active, with one leaf sealed wrong that activation did not draw.
    function badlySealedDeal() internal returns (bytes32 id, uint64 leaf) {
        DealProposal memory p = proposal(1000, 10); // 32 leaves
        id = market.dealIdOf(p);
        uint256 sealBlock = block_() + market.params().sealDelay;
        bytes32 sealSeed = keccak256(abi.encode(seeds.valueAt(sealBlock, ""), address(market), id));
        uint256 a = uint256(sha256(abi.encodePacked(sealSeed, uint256(0)))) % 32;
        uint256 b = uint256(sha256(abi.encodePacked(sealSeed, uint256(1)))) % 32;
        while (leaf == a || leaf == b) ++leaf;
        wrongLeaf[id] = leaf + 1;
        activeDeal(p);
    }

    // ---------------------------------------------------------------- declared faults

    /// @notice Without waiting for the set to thaw.
    function declareFault(bytes32 id) internal {
        vm.prank(operator);
        market.declareFaults(one(id));
    }

    /// @notice Openings of both trees at the positions that the challenge block of `period` draws for a recovery.
    function recovery(bytes32 id, uint32 period) internal view returns (Activation memory) {
        bytes32 value = seeds.valueAt(market.challengeBlock(proposalOf[id].miner, period), "");
        bytes32 seed = keccak256(abi.encode(value, address(market), id, period, bytes32("recovery")));
        return Activation(proposalOf[id], "", dualOpenings(id, seed));
    }

    /// @notice What would recover the deal now.
    function recovery(bytes32 id) internal view returns (Activation memory) {
        return recovery(id, market.nextDuty(proposalOf[id].miner, block_()) - 1);
    }

    function recover(bytes32 id) internal {
        Activation memory a = recovery(id);
        vm.prank(operator);
        market.recover(a);
    }

    // ---------------------------------------------------------------- hand-overs

    /// @notice A proposal of the same client and piece to another miner, which replaces the deal.
    function replacement(bytes32 id, address to) internal returns (DealProposal memory p) {
        p = proposal(proposalOf[id].rawSize, proposalOf[id].periods);
        p.client = proposalOf[id].client;
        p.miner = to;
        p.replaces = id;
    }

    /// @notice What the escrow of a deal leaves for one that replaces it, whatever happens until its last block for activation.
    function coverFor(bytes32 id, DealProposal memory p) internal view returns (uint256) {
        DealView memory v = view_(id);
        uint256 cursor = market.periodAt(v.miner, p.activateBy) + 1;
        if (cursor < v.cursor) cursor = v.cursor;
        uint256 end = cursor + market.params().maxMissRun + 1;
        if (end >= v.end) return 0;
        return v.price - (uint256(v.price) * (end - (v.end - v.periods))) / v.periods;
    }

    // ---------------------------------------------------------------- proving

    /// @notice The openings that `prove` asks for now.
    function openingsOf(address miner_, uint32 period) internal view returns (bytes memory out) {
        (, DrawnLeaf[] memory leaves) = market.drawnLeaves(miner_, period, "");
        for (uint256 i = 0; i < leaves.length; ++i) {
            bytes32 id = idOf[leaves[i].dealKey];
            uint64 rawSize = proposalOf[id].rawSize;
            out = bytes.concat(
                out, PlainTree.opening(replicaLeaves(id, rawSize), heightOf(rawSize), leaves[i].leafIndex)
            );
        }
    }

    function prove(uint32 period) internal {
        rollIntoWindow(period);
        market.prove(miner, period, "", openingsOf(miner, period));
    }

    /// @notice Proves the `count` periods from `from` on and leaves the last one's window closed.
    function proveMany(uint32 from, uint32 count) internal {
        for (uint32 p = from; p < from + count; ++p) {
            prove(p);
        }
        vm.roll(market.periodEnd(miner, from + count - 1));
    }

    // ---------------------------------------------------------------- the way out

    /// @notice Ends and purges whatever is left of these deals, as anyone can from any state once time has passed; nobody
    /// proves or signs anything any more.
    function windUp(bytes32[] memory ids) internal {
        uint256 to = block_();
        for (uint256 i = 0; i < ids.length; ++i) {
            DealView memory v = view_(ids[i]);
            uint256 due = lastDeadline(ids[i]) + 1;
            if (due > to) to = due;
            if (v.state == DealState.Published) due = uint256(v.activateBy) + 1;
            if (v.state == DealState.Active || v.state == DealState.Faulty) {
                due = market.periodEnd(v.miner, v.end - 1) + market.params().collateralHold;
            }
            if (due > to) to = due;
        }
        vm.roll(to);
        for (uint256 i = 0; i < ids.length; ++i) {
            if (view_(ids[i]).state == DealState.Published) asStranger(abi.encodeCall(market.expire, (ids[i])));
            endAsStranger(ids[i]);
        }
        for (uint256 i = 0; i < ids.length; ++i) {
            DealView memory v = view_(ids[i]);
            if (v.end == 0 || v.removed) continue;
            if (market.isFrozen(v.miner)) vm.roll(market.periodEnd(v.miner, market.periodAt(v.miner, block_())));
            asStranger(abi.encodeCall(market.purge, (one(ids[i]))));
        }
    }

    function lastDeadline(bytes32 id) private view returns (uint256) {
        uint256 a = openDemand(id, false).deadline;
        uint256 b = openDemand(id, true).deadline;
        return a > b ? a : b;
    }

    /// @dev A demand that nobody answers forfeits its deal; on one that has ended it only gives the bond back.
    function endAsStranger(bytes32 id) private {
        uint32 cursor;
        do {
            cursor = view_(id).cursor;
            asStranger(abi.encodeCall(market.settle, (one(id), 1024)));
        } while (view_(id).cursor != cursor);
        for (uint256 side = 0; side < 2; ++side) {
            if (openDemand(id, side == 1).deadline == 0) continue;
            asStranger(abi.encodeCall(market.resolveDemand, (proposalOf[id], side == 1)));
        }
        DealView memory v = view_(id);
        bool defaulted = v.missRun > market.params().maxMissRun;
        if (v.state == DealState.Faulty) {
            defaulted = v.cursor - v.faultySince > market.params().maxFaultyPeriods || v.collateral == 0;
        } else if (v.state != DealState.Active) {
            return;
        }
        asStranger(defaulted ? abi.encodeCall(market.terminate, (id)) : abi.encodeCall(market.complete, (id)));
    }

    function asStranger(bytes memory call_) private {
        vm.prank(stranger);
        (bool ok, bytes memory result) = address(market).call(call_);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
    }

    /// @notice The owner takes out its stake, if it has one, and its whole balance.
    /// @return left what it got
    function withdrawAll(address owner) internal returns (uint256 left) {
        uint256 before = token.balanceOf(owner);
        uint256 stake = registry.miner(owner).stake;
        if (stake != 0) {
            if (!registry.miner(owner).exiting) {
                vm.prank(owner);
                registry.announceExit();
            }
            vm.prank(owner);
            registry.withdrawStake(owner);
        }
        uint256 balance = balanceOf(owner);
        if (balance != 0) {
            vm.prank(owner);
            market.requestWithdrawal(uint96(balance));
            rollBy(market.params().withdrawNotice);
            vm.prank(owner);
            market.withdraw(owner);
        }
        left = token.balanceOf(owner) - before;
        assertEq(left, stake + balance, "withdrawn");
    }

    // ---------------------------------------------------------------- reading

    function stateOf(bytes32 id) internal view returns (uint256) {
        return uint256(market.deal(id).state);
    }

    function balanceOf(address account) internal view returns (uint256) {
        return market.account(account).balance;
    }

    function view_(bytes32 id) internal view returns (DealView memory) {
        return market.deal(id);
    }

    function one(bytes32 id) internal pure returns (bytes32[] memory ids) {
        ids = new bytes32[](1);
        ids[0] = id;
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../../src/interfaces/IMarketEvents.sol";
import {PieceMath} from "../../src/libraries/PieceMath.sol";
import {
    Activation,
    DealProposal,
    DealView,
    Extension,
    MarketParams,
    Publication,
    SkipReason
} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";
import {PlainTree} from "../utils/PlainTree.sol";

/// @title Limits to the last unit and block, and openings that are right but not of this replica: what a change of a single
/// comparison would get past the other tests (found by mutation).
contract BoundariesTest is MarketFixture {
    function setUp() public {
        setUpMarket();
    }

    function assertReason(SkipReason found, SkipReason wanted) private pure {
        assertEq(uint256(found), uint256(wanted));
    }

    // ---------------------------------------------------------------- sealing

    /// @dev The positions that a seed draws first and second.
    function drawn(bytes32 seed, uint256 leaves) private pure returns (uint256 a, uint256 b) {
        a = uint256(sha256(abi.encodePacked(seed, uint256(0)))) % leaves;
        b = uint256(sha256(abi.encodePacked(seed, uint256(1)))) % leaves;
    }

    /// @dev From now on the replica of the deal has one wrong leaf that the seed does not draw.
    function spoilUndrawn(bytes32 id, bytes32 seed) private {
        uint256 leaves = PieceMath.leafCount(proposalOf[id].rawSize);
        (uint256 a, uint256 b) = drawn(seed, leaves);
        uint256 leaf = 0;
        while (leaf == a || leaf == b) ++leaf;
        wrongLeaf[id] = leaf + 1;
    }

    function test_activateDeals_refusesWhatIsNotSealed() public {
        DealProposal memory p = proposal(1000, 10);
        Publication memory x = publication(p);
        x.sealedRoot = p.pieceRoot;
        assertReason(tryPublish(x, operator), SkipReason.None);
        bytes32 id = market.dealIdOf(p);
        vm.roll(view_(id).sealBlock + 1);
        bytes32 seed = keccak256(abi.encode(seeds.valueAt(view_(id).sealBlock, ""), address(market), id));
        (uint256 a, uint256 b) = drawn(seed, PieceMath.leafCount(p.rawSize));
        bytes32[] memory leaves = pieceLeaves(p.rawSize);
        bytes memory first = PlainTree.opening(leaves, heightOf(p.rawSize), a);
        bytes memory second = PlainTree.opening(leaves, heightOf(p.rawSize), b);
        bytes memory openings = bytes.concat(first, first, second, second);
        assertReason(tryActivate(Activation(p, "", openings)), SkipReason.BadOpening);
    }

    function test_activateDeals_refusesAnotherTreeWhoseDrawnLeavesAreRight() public {
        bytes32 id = publish(proposal(1000, 10));
        vm.roll(view_(id).sealBlock + 1);
        spoilUndrawn(id, keccak256(abi.encode(seeds.valueAt(view_(id).sealBlock, ""), address(market), id)));
        assertReason(tryActivate(activation(id)), SkipReason.BadOpening);
        wrongLeaf[id] = 0;
        activate(id);
    }

    function test_recover_refusesAnotherTreeWhoseDrawnLeavesAreRight() public {
        bytes32 id = activeDeal(proposal(1000, 10));
        while (market.isFrozen(miner)) rollToNextPeriod();
        declareFault(id);
        uint32 from = view_(id).faultySince;
        vm.roll(market.challengeBlock(miner, from) + 1);
        bytes32 value = seeds.valueAt(market.challengeBlock(miner, from), "");
        spoilUndrawn(id, keccak256(abi.encode(value, address(market), id, from, bytes32("recovery"))));
        Activation memory a = recovery(id);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.BadRecovery.selector, id, from));
        vm.prank(operator);
        market.recover(a);
        wrongLeaf[id] = 0;
        recover(id);
    }

    function test_activateDeals_notInTheSealBlock() public {
        bytes32 id = publish(proposal());
        vm.roll(view_(id).sealBlock);
        assertReason(tryActivate(activation(id)), SkipReason.SealBlockPending);
    }

    // ---------------------------------------------------------------- publishing

    function test_publishDeals_refusesNobody() public {
        DealProposal memory p = proposal();
        p.client = address(0);
        assertReason(tryPublish(publication(p), operator), SkipReason.BadParties);
        p = proposal();
        p.auditor = address(0);
        assertReason(tryPublish(publication(p), operator), SkipReason.BadParties);
    }

    function test_publishDeals_takesEachLimitItself() public {
        MarketParams memory m = market.params();
        DealProposal memory p = proposal();
        p.publishBy = uint64(block_());
        p.activateBy = uint64(block_() + m.sealDelay + m.windowBlocks + 1);
        publish(p);
        p = proposal();
        p.publishBy = p.activateBy;
        publish(p);
        p = proposal();
        p.activateBy = uint64(block_() + m.maxActivationBlocks);
        publish(p);
        p = proposal(100, uint32(m.maxPeriods));
        p.price = uint96(m.minPricePerLeafPeriod * 4 * m.maxPeriods);
        publish(p);
        p = proposal(100, 10);
        p.collateral = uint96(m.minCollateralPerLeaf * 4);
        p.price = uint96(m.minPricePerLeafPeriod * 4 * 10);
        publish(p);
    }

    function test_constructor_takesTheLongestDeals() public {
        MarketParams memory p = defaults();
        p.maxPeriods = type(uint32).max / 2;
        deployMarket(p);
    }

    // ---------------------------------------------------------------- expiry

    function test_expire_tipsWhatIsLeftOfASmallCollateral() public {
        DealProposal memory p = proposal();
        p.price = 400;
        p.collateral = 1000; // 100 burned; the 900 left are less than the tip's cap, 1100 would not be
        uint256 before = balanceOf(miner);
        bytes32 id = publish(p);
        vm.roll(p.activateBy);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotExpired.selector, id, p.activateBy, block_()));
        market.expire(id);
        vm.roll(p.activateBy + 1);
        vm.prank(stranger);
        market.expire(id);
        assertEq(market.burned(), 100);
        assertEq(balanceOf(stranger), 900);
        assertEq(before - balanceOf(miner), 1000);
    }

    // ---------------------------------------------------------------- money

    /// @dev Where the client's half of the slash is as much as the refund, both are its own.
    function test_settle_refundAndHalfOfTheSlashMayBeEqual() public {
        MarketParams memory m = defaults();
        m.missPenaltyBps = 20_000;
        setUpMarket(m);
        DealProposal memory p = proposal();
        p.price = 40_000;
        bytes32 id = activeDeal(p);
        uint256 before = balanceOf(client);
        vm.roll(market.periodEnd(miner, view_(id).start));
        market.settle(one(id), 1);
        assertEq(view_(id).missed, 1);
        assertEq(balanceOf(client) - before, 4000 + 4000);
        assertEq(view_(id).collateral, p.collateral - 8000);
    }

    function test_extendDeals_afterAsManyMissesAsAreAllowed() public {
        bytes32 id = activeDeal();
        DealView memory v = view_(id);
        vm.roll(market.periodEnd(miner, v.start + uint32(market.params().maxMissRun) - 1));
        market.settle(one(id), 1024);
        assertEq(view_(id).missRun, market.params().maxMissRun);
        Extension memory e = extension(id, 5);
        e.collateral = proposalOf[id].collateral;
        assertReason(tryExtend(e, operator), SkipReason.None);
    }

    // ---------------------------------------------------------------- demands

    /// @dev Only maintenance puts an answer off; a proof of the period does not.
    function test_demandProof_inAProvedPeriodIsDueAsEver() public {
        bytes32 id = activeDeal();
        prove(view_(id).start);
        demand(client, id, 1);
        assertEq(openDemand(id, false).deadline, block_() + market.params().demandBlocks);
    }
}

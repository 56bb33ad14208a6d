// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DealProposal, SkipReason} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "./MarketFixture.sol";

/// @title A second miner, and deals that move to it (Protocol §3.9).
abstract contract HandOverFixture is MarketFixture {
    /// @dev maxMissRun + 1.
    uint32 internal constant NOTICE = 3;
    uint32 internal constant PERIODS = 30;

    address internal heir;
    address internal heirOperator;

    function setUpHeir() internal {
        heir = actor("heir");
        heirOperator = actor("heir operator");
        addMiner(heir, heirOperator);
    }

    // ---------------------------------------------------------------- what both miners do

    function outsideProof(address m, uint32 period) external {
        market.prove(m, period, "", openingsOf(m, period));
    }

    /// @dev Time passes; whoever of the two has something to prove proves it.
    function live(uint256 to) internal {
        while (block_() < to) {
            vm.roll(block_() + 5 < to ? block_() + 5 : to);
            proveIfOpen(miner);
            proveIfOpen(heir);
        }
    }

    function proveIfOpen(address m) internal {
        uint32 period = market.periodAt(m, block_());
        if (market.isProved(m, period) || market.isExcused(m, period) || market.setWeight(m) == 0) return;
        if (block_() <= market.challengeBlock(m, period)) return;
        // Of ended entries there is nothing to open.
        try this.outsideProof(m, period) {} catch {}
    }

    function oldDeal() internal returns (bytes32 id) {
        id = activeDeal(proposal(100, PERIODS));
        live(market.periodEnd(miner, view_(id).start + 1));
    }

    function announce(DealProposal memory p) internal returns (bytes32 id) {
        assertEq(uint256(tryPublish(publication(p), heirOperator)), uint256(SkipReason.None), "skipped");
        return market.dealIdOf(p);
    }

    function announce(bytes32 old) internal returns (bytes32) {
        return announce(replacement(old, heir));
    }

    /// @dev In the first block in which nothing is frozen.
    function takeOver(bytes32 id) internal {
        live(view_(id).sealBlock + 1);
        while (market.isFrozen(miner) || market.isFrozen(heir)) {
            live(block_() + 1);
        }
        assertEq(uint256(tryActivate(activation(id))), uint256(SkipReason.None), "activation was skipped");
    }

    function waive(bytes32 id, address sender) internal {
        vm.prank(sender);
        market.waiveNotice(one(id));
    }
}

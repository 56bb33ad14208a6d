// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DealProposal, DealState, DealView, SkipReason} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title A hand-over against a naive model of the old deal's two stretches and the new deal (Protocol §3.9).
contract HandOverFuzz is MarketFixture {
    uint32 private constant PERIODS = 12;
    uint32 private constant NOTICE = 3;

    address private heir;
    address private heirOperator;

    struct Run {
        uint256 clientBefore;
        uint256 minerBefore;
        uint256 heirBefore;
        uint256 clientBalance; // what the model says
        uint256 minerBalance;
        bytes32 old;
        bytes32 id;
        uint32 at; // the old deal's cursor at the activation of the new one
    }

    function setUp() public {
        setUpMarket();
    }

    function isMissed(uint256 pattern, uint256 period) private pure returns (bool) {
        return (pattern >> (period & 255)) & 1 == 0 && period & 1 == 1;
    }

    function outsideProof(address m, uint32 period) external {
        market.prove(m, period, "", openingsOf(m, period));
    }

    /// @dev The heir proves all, the old miner what the pattern has; never two misses in a row.
    function live(uint256 to, uint256 pattern) private {
        while (block_() < to) {
            vm.roll(block_() + 9 < to ? block_() + 9 : to);
            if (!isMissed(pattern, currentPeriod())) proveIfOpen(miner);
            proveIfOpen(heir);
        }
    }

    function proveIfOpen(address m) private {
        uint32 period = market.periodAt(m, block_());
        if (market.isProved(m, period) || market.setWeight(m) == 0) return;
        if (block_() <= market.challengeBlock(m, period)) return;
        // Of ended entries there is nothing to open.
        try this.outsideProof(m, period) {} catch {}
    }

    /// @param pattern which periods the old miner proves
    /// @param salt of the new miner, and so of its clock
    /// @param wait blocks from the old deal's activation to the new one's publication
    /// @param linger blocks from there to its activation
    function testFuzz_handOver_agreesWithTheNaiveModel(
        uint256 pattern,
        uint16 salt,
        uint16 wait,
        uint8 linger,
        uint96 price,
        bool waived
    ) public {
        heir = actor(string(abi.encodePacked("heir", salt)));
        heirOperator = actor("heir operator");
        addMiner(heir, heirOperator);
        Run memory r;
        (r.clientBefore, r.minerBefore, r.heirBefore) = (balanceOf(client), balanceOf(miner), balanceOf(heir));
        DealProposal memory p = proposal(100, PERIODS);
        p.price = uint96(bound(price, 40 * PERIODS, 6500 * PERIODS));
        r.old = activeDeal(p);
        live(block_() + bound(wait, 0, 700), pattern);
        publishAndTakeOver(r, pattern, linger, waived);
        uint32 end = view_(r.old).end;
        uint256 over = market.periodEnd(miner, end - 1);
        uint32 start = view_(r.id).start;
        assertGe(market.periodEnd(heir, start - 1), over, "a block is paid twice");
        if (start > market.nextDuty(heir, block_())) {
            assertTrue(market.periodEnd(heir, start - 1) < over + market.params().periodBlocks, "a gap beyond need");
        }

        uint256 to = market.periodEnd(heir, view_(r.id).end - 1);
        live((to > over ? to : over) + market.params().collateralHold, pattern);
        market.complete(r.old);
        market.complete(r.id);
        model(r, pattern, p.price, end);
        assertEq(balanceOf(miner), r.minerBalance, "old miner");
        assertEq(balanceOf(client), r.clientBalance, "client");
        assertEq(
            token.balanceOf(address(market)),
            balanceOf(client) + balanceOf(miner) + balanceOf(heir) + market.burned(),
            "conservation"
        );
    }

    function publishAndTakeOver(Run memory r, uint256 pattern, uint256 linger, bool waived) private {
        DealProposal memory p = replacement(r.old, heir);
        p.periods = 2;
        p.price = 40 * 2 * 17 + 1;
        uint256 cover = coverFor(r.old, p);
        if (cover > p.price) cover = p.price;
        uint256 before = balanceOf(client);
        assertEq(uint256(tryPublish(publication(p), heirOperator)), 0, "publish");
        assertEq(before - balanceOf(client), p.price - cover, "locked at publication");
        r.id = market.dealIdOf(p);
        if (waived) {
            vm.prank(miner);
            market.waiveNotice(one(r.old));
        }
        live(view_(r.id).sealBlock + 1 + bound(linger, 0, 120), pattern);
        while (market.isFrozen(miner) || market.isFrozen(heir)) {
            live(block_() + 1, pattern);
        }
        // As if whoever activates it had settled before, or not: it makes no difference.
        if (linger & 1 == 0) market.settle(one(r.old), 100);
        assertEq(uint256(tryActivate(activation(r.id))), uint256(SkipReason.None), "activate");
        DealView memory v = view_(r.old);
        r.at = v.cursor;
        assertEq(view_(r.id).price, p.price, "the new deal holds its whole price");
    }

    /// @dev Period by period: [start, at) of the whole price, [at, end) of what was left, or all of it if it was not shortened.
    function model(Run memory r, uint256 pattern, uint256 price, uint32 end) private view {
        uint32 start = view_(r.old).start;
        uint256 next = proposalOf[r.id].price;
        // The new deal is proved whole.
        (r.clientBalance, r.minerBalance) = (r.clientBefore - next, r.minerBefore);
        assertEq(balanceOf(heir), r.heirBefore + next - next / 100, "new miner");
        if (end == start + PERIODS) {
            stretch(r, pattern, price, PERIODS, start, end);
        } else {
            stretch(r, pattern, price, PERIODS, start, r.at);
            uint32 left = end - r.at;
            if (left != 0) stretch(r, pattern, (price * left) / PERIODS, left, r.at, end);
        }
        assertEq(uint256(view_(r.old).state), uint256(DealState.Completed));
    }

    function stretch(Run memory r, uint256 pattern, uint256 price, uint256 periods, uint32 from, uint32 to)
        private
        view
    {
        uint256 missed;
        for (uint32 i = from; i < to; ++i) {
            if (!market.isProved(miner, i)) ++missed;
            assertEq(
                market.isProved(miner, i) ? 1 : 0, isMissed(pattern, i) ? 0 : 1, "what it meant to prove it proved"
            );
        }
        uint256 paid = (price * (to - from - missed)) / periods;
        uint256 each = (price * market.params().missPenaltyBps + 10_000 * periods - 1) / (10_000 * periods);
        // forge-lint: disable-next-line(divide-before-multiply)
        r.clientBalance = r.clientBalance + (each / 2) * missed - paid;
        r.minerBalance = r.minerBalance + paid - (paid * market.params().priceBurnBps) / 10_000 - each * missed;
    }
}

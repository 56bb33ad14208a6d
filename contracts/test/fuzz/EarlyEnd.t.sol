// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DealProposal, DealState, DealView, EarlyEnd} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title A deal that ends early, against a naive model of its two stretches (Protocol §3.4, §3.7).
contract EarlyEndFuzz is MarketFixture {
    uint32 private constant PERIODS = 12;
    uint32 private constant NOTICE = 3;

    struct Outcome {
        uint256 clientBefore;
        uint256 minerBefore;
        uint256 clientPaid;
        uint256 clientGot;
        uint256 minerPaid;
        uint256 minerGot;
    }

    function setUp() public {
        setUpMarket();
    }

    function isMissed(uint256 pattern, uint256 i) private pure returns (bool) {
        return (pattern >> i) & 1 == 0 && i & 1 == 1;
    }

    function run(uint32 start, uint32 from, uint32 to, uint256 pattern) private {
        for (uint32 i = from; i < to; ++i) {
            if (!isMissed(pattern, i)) prove(start + i);
            vm.roll(market.periodEnd(miner, start + i));
        }
    }

    /// @param pattern bit i: period i is proved; never two misses in a row, so that the deal does not default
    /// @param at periods that are over when it is ended
    /// @param consent at once; else with notice
    function testFuzz_endEarly_agreesWithTheNaiveModel(
        uint256 pattern,
        uint8 at,
        uint96 price,
        bool consent,
        bool settledBefore
    ) public {
        DealProposal memory p = proposal(100, PERIODS);
        p.price = uint96(bound(price, 40 * PERIODS, 6500 * PERIODS));
        Outcome memory o;
        (o.clientBefore, o.minerBefore) = (balanceOf(client), balanceOf(miner));
        bytes32 id = activeDeal(p);
        uint32 start = view_(id).start;
        uint32 when = uint32(bound(at, 0, PERIODS - NOTICE - 1));
        if (market.isFrozen(miner)) rollToNextPeriod();
        run(start, 0, when, pattern);
        if (settledBefore) market.settle(one(id), 100);

        account(o, pattern, p.price, PERIODS, 0, when);
        if (consent) {
            EarlyEnd memory e = earlyEnd(id, true);
            bytes memory signature = signEarlyEnd(e);
            vm.prank(operator);
            market.endEarly(e, signature);
        } else {
            giveNotice(id);
            uint256 rest = (uint256(p.price) * NOTICE) / PERIODS;
            DealView memory v = view_(id);
            assertEq(v.price, rest);
            assertEq(v.end, start + when + NOTICE);
            // Before any of it is proved all but the notice is back.
            assertEq(balanceOf(client), o.clientBefore - o.clientPaid - rest + o.clientGot, "refunded at once");
            run(start, when, when + NOTICE, pattern);
            vm.roll(market.periodEnd(miner, v.end - 1) + market.params().collateralHold);
            if (market.isFrozen(miner)) rollToNextPeriod();
            market.complete(id);
            account(o, pattern, rest, NOTICE, when, when + NOTICE);
        }
        assertEq(stateOf(id), uint256(DealState.Completed));
        assertTrue(view_(id).removed);
        assertEq(balanceOf(client), o.clientBefore - o.clientPaid + o.clientGot, "client");
        assertEq(balanceOf(miner), o.minerBefore - o.minerPaid + o.minerGot, "miner");
        assertEq(
            token.balanceOf(address(market)), balanceOf(client) + balanceOf(miner) + market.burned(), "conservation"
        );
    }

    function account(Outcome memory o, uint256 pattern, uint256 price, uint256 periods, uint256 from, uint256 to)
        private
        view
    {
        uint256 proved;
        uint256 missed;
        for (uint256 i = from; i < to; ++i) {
            if (isMissed(pattern, i)) ++missed;
            else ++proved;
        }
        uint256 paid = (price * proved) / periods;
        uint256 each = (price * market.params().missPenaltyBps + 10_000 * periods - 1) / (10_000 * periods);
        o.clientPaid += paid;
        // forge-lint: disable-next-line(divide-before-multiply)
        o.clientGot += (each / 2) * missed;
        o.minerPaid += each * missed;
        o.minerGot += paid - (paid * market.params().priceBurnBps) / 10_000;
    }
}

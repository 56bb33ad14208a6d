// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DealProposal, Extension, SkipReason} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title A deal that is extended once, against a naive model of its two stretches (Protocol §3.4, §3.6).
contract RenewalFuzz is MarketFixture {
    struct Stretch {
        uint256 price;
        uint256 periods;
        uint256 proved;
        uint256 missed;
    }

    /// @dev What everybody has more, or less, than before.
    struct Outcome {
        uint256 clientBefore;
        uint256 minerBefore;
        int256 client;
        int256 miner;
        uint256 burned;
    }

    function setUp() public {
        setUpMarket();
    }

    /// @param pattern bit i: period i is proved; never two misses in a row, so that the deal does not default
    /// @param at the period before whose challenge it is extended
    function testFuzz_extend_agreesWithTheNaiveModel(
        uint256 pattern,
        uint8 at,
        uint8 more,
        uint96 price,
        uint96 topUp,
        bool settledBefore
    ) public {
        DealProposal memory p = proposal(100, 6);
        Outcome memory o;
        (o.clientBefore, o.minerBefore) = (balanceOf(client), balanceOf(miner));
        bytes32 id = activeDeal(p);
        uint32 start = view_(id).start;
        uint32 when = uint32(bound(at, 0, p.periods - 1));
        if (market.isFrozen(miner)) rollToNextPeriod();
        run(start, 0, when, pattern);

        Extension memory e = extension(id, uint32(bound(more, 1, 6)));
        // So that the collateral lasts for every miss there can be.
        e.pricePerPeriod = uint96(bound(price, 40, 6500));
        e.collateral = p.collateral + uint96(bound(topUp, 0, 1e12));
        if (settledBefore) market.settle(one(id), 100);
        assertEq(uint256(tryExtend(e, operator)), uint256(SkipReason.None), "extension was skipped");
        assertEq(view_(id).collateral, e.collateral, "topped up to what was signed");
        assertEq(view_(id).cursor, start + when);

        run(start, when, e.newEnd - start, pattern);
        vm.roll(market.periodEnd(miner, e.newEnd - 1) + market.params().collateralHold);
        if (market.isFrozen(miner)) rollToNextPeriod();
        market.complete(id);

        account(o, stretch(pattern, p.price, p.periods, 0, when));
        uint256 left = e.newEnd - start - when;
        account(o, stretch(pattern, uint256(e.pricePerPeriod) * left, left, when, when + left));
        assertEq(balanceOf(client), uint256(int256(o.clientBefore) + o.client), "client");
        assertEq(balanceOf(miner), uint256(int256(o.minerBefore) + o.miner), "miner");
        assertEq(market.burned(), o.burned, "burned");
        assertEq(
            token.balanceOf(address(market)), balanceOf(client) + balanceOf(miner) + market.burned(), "conservation"
        );
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

    function stretch(uint256 pattern, uint256 price, uint256 periods, uint256 from, uint256 to)
        private
        pure
        returns (Stretch memory s)
    {
        (s.price, s.periods) = (price, periods);
        for (uint256 i = from; i < to; ++i) {
            if (isMissed(pattern, i)) ++s.missed;
            else ++s.proved;
        }
    }

    function account(Outcome memory o, Stretch memory s) private view {
        uint256 paid = (s.price * s.proved) / s.periods;
        uint256 fee = (paid * market.params().priceBurnBps) / 10_000;
        uint256 each = (s.price * market.params().missPenaltyBps + 10_000 * s.periods - 1) / (10_000 * s.periods);
        // forge-lint: disable-next-line(divide-before-multiply)
        uint256 toClient = (each / 2) * s.missed;
        o.client += int256(toClient) - int256(paid);
        o.miner += int256(paid) - int256(fee + each * s.missed);
        o.burned += fee + each * s.missed - toClient;
    }
}

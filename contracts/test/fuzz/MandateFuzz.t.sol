// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {RenewalLimits} from "../../src/interfaces/IMinerRegistry.sol";
import {DealView, Mandate} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title Mandates against the extension that they stand for, and against their own limits (Protocol §3.8).
contract MandateFuzz is MarketFixture {
    function setUp() public {
        setUpMarket();
    }

    /// @dev However often and whenever it is tried, a mandate takes at most its budget, at most so many times, adds only what
    /// it says, and what left the client's balance is locked in the deal or was the tip.
    function testFuzz_executeMandate_staysWithinWhatWasSigned(
        uint96 perLeaf,
        uint96 budget,
        uint96 tip,
        uint8 times,
        uint8 more,
        uint256 pattern
    ) public {
        bytes32 id = activeDeal(proposal());
        if (market.isFrozen(miner)) rollToNextPeriod();
        Mandate memory m;
        m.dealId = id;
        m.periods = uint32(bound(more, 1, 6));
        m.times = uint32(bound(times, 0, 4));
        m.budget = uint96(bound(budget, 0, 200_000));
        m.tip = uint96(bound(tip, 0, 3000));
        m.maxPricePerPeriod = 4 * 2000;
        m.expiresAt = uint64(block_() + 4000);
        vm.prank(miner);
        registry.setRenewalLimits(RenewalLimits(uint96(bound(perLeaf, 5, 2200)), 1e6, 5));
        bytes memory signature = sign(CLIENT_KEY, market.mandateDigest(m));
        uint256 renewals;
        uint256 taken;
        for (uint256 i = 0; i < 30 && currentPeriod() < view_(id).end; ++i) {
            (bool done, uint256 left) = attempt(m, signature);
            if (done) ++renewals;
            taken += left;
            if ((pattern >> i) & 3 != 0 && !market.isProved(miner, currentPeriod())) prove(currentPeriod());
            rollToNextPeriod();
        }
        assertLe(renewals, m.times, "times");
        assertLe(taken, m.budget, "budget");
        assertEq(market.mandateUse(market.mandateDigest(m)).used, renewals);
        assertEq(market.mandateUse(market.mandateDigest(m)).spent, taken);
    }

    function attempt(Mandate memory m, bytes memory signature) private returns (bool done, uint256 taken) {
        market.settle(one(m.dealId), 100);
        DealView memory v = view_(m.dealId);
        uint256 before = balanceOf(client);
        uint256 strangers = balanceOf(stranger);
        vm.prank(stranger);
        (done,) = address(market).call(abi.encodeCall(market.executeMandate, (m, signature)));
        DealView memory w = view_(m.dealId);
        if (!done) {
            assertEq(keccak256(abi.encode(v)), keccak256(abi.encode(w)), "refused, and nothing changed");
            assertEq(balanceOf(client), before);
            return (false, 0);
        }
        assertEq(w.end, v.end + m.periods, "adds what it says");
        assertLe(uint256(v.end), uint256(currentPeriod()) + 3, "near the end");
        assertEq(uint256(w.price) / w.periods * w.periods, w.price, "a whole price a period");
        assertLe(uint256(w.price) / w.periods, m.maxPricePerPeriod, "price");
        uint256 spent = (uint256(v.price) * v.proved) / v.periods + (uint256(v.price) * v.missed) / v.periods;
        uint256 unspent = v.price - spent;
        uint256 tipped = balanceOf(stranger) - strangers;
        assertEq(tipped, m.tip < market.params().tipCap ? m.tip : market.params().tipCap, "tip");
        assertEq(balanceOf(client) + w.price + tipped, before + unspent, "nothing is lost");
        taken = (w.price > unspent ? w.price - unspent : 0) + tipped;
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DealProposal, DealView} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title Settlement against a naive model, period by period, whoever settles when (Protocol §3.4, §5.5).
contract SettlementFuzz is MarketFixture {
    function setUp() public {
        setUpMarket();
    }

    struct Model {
        uint256 proved;
        uint256 missed;
        uint256 run;
        uint256 collateral;
        uint256 burned;
        uint256 toClient;
        uint256 settled;
    }

    /// @param pattern bit i: period i is proved
    /// @param chunks how many periods each settlement may take, four bits each
    function testFuzz_settle_agreesWithTheNaiveModel(uint256 pattern, uint256 chunks, uint8 length) public {
        uint32 periods = uint32(bound(length, 1, 14));
        DealProposal memory p = proposal(100, periods);
        uint256 clientBefore = balanceOf(client);
        uint256 minerBefore = balanceOf(miner);
        bytes32 id = activeDeal(p);
        uint32 start = view_(id).start;
        Model memory m = model(p, pattern);
        for (uint32 i = 0; i < periods; ++i) {
            if ((pattern >> i) & 1 == 1) prove(start + i);
            else vm.roll(market.periodEnd(miner, start + i));
            if ((chunks >> (i * 4)) & 3 == 0) market.settle(one(id), uint32((chunks >> (i * 4 + 2)) & 3) + 1);
        }
        vm.roll(market.periodEnd(miner, start + periods));
        market.settle(one(id), 1024);
        DealView memory v = view_(id);
        assertEq(v.proved, m.proved, "proved");
        assertEq(v.missed, m.missed, "missed");
        assertEq(v.cursor, start + m.settled, "cursor");
        assertEq(v.collateral, m.collateral, "collateral");
        uint256 paid = (uint256(p.price) * m.proved) / periods;
        uint256 fee = (paid * market.params().priceBurnBps) / 10_000;
        uint256 refunded = (uint256(p.price) * m.missed) / periods;
        assertEq(balanceOf(miner), minerBefore - p.collateral + paid - fee, "miner");
        assertEq(balanceOf(client), clientBefore - p.price + refunded + m.toClient, "client");
        assertEq(market.burned(), fee + m.burned, "burned");
    }

    function model(DealProposal memory p, uint256 pattern) private view returns (Model memory m) {
        uint256 bps = market.params().missPenaltyBps;
        uint256 each = (uint256(p.price) * bps + 10_000 * uint256(p.periods) - 1) / (10_000 * uint256(p.periods));
        if (each == 0) each = 1;
        m.collateral = p.collateral;
        for (uint256 i = 0; i < p.periods && m.run <= market.params().maxMissRun; ++i) {
            ++m.settled;
            if ((pattern >> i) & 1 == 1) {
                ++m.proved;
                m.run = 0;
                continue;
            }
            ++m.missed;
            ++m.run;
            uint256 cut = each < m.collateral ? each : m.collateral;
            m.collateral -= cut;
            m.toClient += cut / 2;
            m.burned += cut - cut / 2;
        }
    }
}

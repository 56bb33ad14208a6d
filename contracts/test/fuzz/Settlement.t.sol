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

    /// @dev Settlement takes proved periods in a row at once, word by word: long deals whose bits are written directly, proved,
    /// missed and excused, most of them in rows that cross words.
    /// @param rows seed of rows of equal periods
    /// @param chunk most periods of one settlement
    function testFuzz_settle_crossesWords(uint256 rows, uint8 chunk) public {
        DealProposal memory p = proposal(100, 400);
        bytes32 id = activeDeal(p);
        uint32 start = view_(id).start;
        Model memory m;
        m.collateral = p.collateral;
        uint256 excused;
        for (uint256 i = 0; i < p.periods;) {
            rows = uint256(keccak256(abi.encode(rows)));
            uint256 kind = rows % 8; // 0: missed, 1: excused, else proved
            uint256 length = kind < 2 ? 1 + (rows >> 8) % 3 : 1 + (rows >> 8) % 150;
            for (; length > 0 && i < p.periods; --length) {
                if (kind > 0) setBit(uint256(start) + i, kind == 1);
                ++i;
                if (m.run > market.params().maxMissRun) continue;
                ++m.settled;
                if (kind > 1) ++m.proved;
                else if (kind == 1) ++excused;
                else ++m.missed;
                m.run = kind > 1 ? 0 : kind == 1 ? m.run : m.run + 1;
            }
        }
        vm.roll(market.periodEnd(miner, start + p.periods));
        for (uint256 i = 0; i < 400 && view_(id).cursor < start + m.settled; ++i) {
            market.settle(one(id), uint32(bound(chunk, 1, 255)));
        }
        market.settle(one(id), 1024);
        DealView memory v = view_(id);
        assertEq(v.cursor, start + m.settled, "cursor");
        assertEq(v.proved, m.proved, "proved");
        assertEq(v.missed, m.missed + excused, "missed");
        assertEq(v.missRun, m.run, "run");
    }

    /// @dev `periods` is the fourth mapping of MarketState, which follows the two strings of EIP712.
    function setBit(uint256 period, bool excused) private {
        bytes32 slot = keccak256(abi.encode(period >> 7, keccak256(abi.encode(miner, uint256(5)))));
        uint256 word = market.periodWord(miner, period >> 7) | (uint256(1) << ((excused ? 128 : 0) + (period & 127)));
        vm.store(address(market), slot, bytes32(word));
        assertTrue(excused ? market.isExcused(miner, uint32(period)) : market.isProved(miner, uint32(period)));
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

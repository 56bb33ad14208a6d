// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DealProposal, DealView, MarketParams} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title Announcements, and settlement with excused periods, against naive models (Protocol §5.7).
contract MaintenanceFuzz is MarketFixture {
    uint32 private constant QUARTER = 64;

    struct Model {
        uint256 proved;
        uint256 excused;
        uint256 missed;
        uint256 run;
        uint256 settled;
        uint256 collateral;
        uint256 burned;
        uint256 toClient;
    }

    function setUp() public {
        MarketParams memory p = defaults();
        (p.maintenancePeriods, p.maintenanceQuarter) = (QUARTER / 4, QUARTER);
        setUpMarket(p);
    }

    /// @param pattern bit i: period i is proved
    /// @param excused bit i: period i is announced as maintenance, in which case nobody can prove it
    /// @param chunks how many periods each settlement may take, four bits each
    function testFuzz_settle_agreesWithTheNaiveModel(uint256 pattern, uint256 excused, uint256 chunks, uint8 length)
        public
    {
        uint32 periods = uint32(bound(length, 1, 14));
        excused &= ~uint256(3); // announced too late
        DealProposal memory p = proposal(100, periods);
        uint256 clientBefore = balanceOf(client);
        uint256 minerBefore = balanceOf(miner);
        bytes32 id = activeDeal(p);
        uint32 start = view_(id).start;
        for (uint32 i = 0; i < periods; ++i) {
            if ((excused >> i) & 1 == 0) continue;
            vm.prank(operator);
            market.announceMaintenance(miner, start + i, 1);
        }
        for (uint32 i = 0; i < periods; ++i) {
            if ((excused >> i) & 1 == 0 && (pattern >> i) & 1 == 1) prove(start + i);
            else vm.roll(market.periodEnd(miner, start + i));
            if ((chunks >> (i * 4)) & 3 == 0) market.settle(one(id), uint32((chunks >> (i * 4 + 2)) & 3) + 1);
        }
        vm.roll(market.periodEnd(miner, start + periods));
        market.settle(one(id), 1024);
        Model memory m = model(p, pattern, excused);
        DealView memory v = view_(id);
        assertEq(v.proved, m.proved, "proved");
        assertEq(v.missed, m.missed + m.excused, "not proved");
        assertEq(v.missRun, m.run, "run");
        assertEq(v.cursor, start + m.settled, "cursor");
        assertEq(v.collateral, m.collateral, "collateral");
        uint256 paid = (uint256(p.price) * m.proved) / periods;
        uint256 fee = (paid * market.params().priceBurnBps) / 10_000;
        uint256 refunded = (uint256(p.price) * (m.missed + m.excused)) / periods;
        assertEq(balanceOf(miner), minerBefore - p.collateral + paid - fee, "miner");
        assertEq(balanceOf(client), clientBefore - p.price + refunded + m.toClient, "client");
        assertEq(market.burned(), fee + m.burned, "burned");
    }

    function model(DealProposal memory p, uint256 pattern, uint256 excused) private view returns (Model memory m) {
        uint256 bps = market.params().missPenaltyBps;
        uint256 each = (uint256(p.price) * bps + 10_000 * uint256(p.periods) - 1) / (10_000 * uint256(p.periods));
        m.collateral = p.collateral;
        for (uint256 i = 0; i < p.periods && m.run <= market.params().maxMissRun; ++i) {
            ++m.settled;
            if ((excused >> i) & 1 == 1) {
                ++m.excused;
            } else if ((pattern >> i) & 1 == 1) {
                ++m.proved;
                m.run = 0;
            } else {
                ++m.missed;
                ++m.run;
                uint256 cut = each < m.collateral ? each : m.collateral;
                m.collateral -= cut;
                m.toClient += cut / 2;
                m.burned += cut - cut / 2;
            }
        }
    }

    /// @notice Two windows of any size and place: what is accepted sets just its bits, and no quarter has too many.
    function testFuzz_announce_agreesWithTheNaiveModel(uint16 first, uint8 count, uint16 second, uint8 more) public {
        uint32 from = currentPeriod();
        uint32[2] memory starts = [from + first % 300, from + second % 300];
        uint32[2] memory counts = [uint32(count) % 40, uint32(more) % 40];
        bool[400] memory wanted;
        for (uint256 i = 0; i < 2; ++i) {
            bool good = counts[i] > 0 && starts[i] >= from + 2;
            for (uint32 p = starts[i]; p < starts[i] + counts[i]; ++p) {
                if (wanted[p - from]) good = false;
                uint256 used = 1;
                for (uint32 q = p / QUARTER * QUARTER; q < (p / QUARTER + 1) * QUARTER; ++q) {
                    bool earlier = q >= from && q < from + 400 && wanted[q - from];
                    if (earlier || (q >= starts[i] && q < p)) ++used;
                }
                if (used > QUARTER / 4) good = false;
            }
            vm.prank(miner);
            (bool ok,) = address(market).call(abi.encodeCall(market.announceMaintenance, (miner, starts[i], counts[i])));
            assertEq(ok ? 1 : 0, good ? 1 : 0, "accepted");
            if (!ok) continue;
            for (uint32 p = starts[i]; p < starts[i] + counts[i]; ++p) {
                wanted[p - from] = true;
            }
        }
        for (uint32 p = 0; p < 400; ++p) {
            assertEq(market.isExcused(miner, from + p) ? 1 : 0, wanted[p] ? 1 : 0, "bits");
        }
    }
}

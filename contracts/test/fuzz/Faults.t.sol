// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DealProposal, DealState, DealView, MarketParams} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title Declarations, recoveries, proofs and misses in any order, against a naive model (Protocol §5.8).
/// @notice Beside the deal of the model there is another, so that its bits are set while the first is faulty.
contract FaultsFuzz is MarketFixture {
    uint32 private constant PERIODS = 14;

    struct Model {
        bool faulty;
        bool over;
        uint256 faultyPeriods;
        uint256 proved;
        uint256 unproved;
        uint256 run;
        uint256 settled;
        uint256 collateral;
        uint256 burned;
        uint256 toClient;
    }

    uint256 private _price;
    uint256 private _miss;
    uint256 private _fee;

    function setUp() public {
        MarketParams memory p = defaults();
        (p.missPenaltyBps, p.faultFeeBps) = (17_000, 12_345);
        setUpMarket(p);
    }

    /// @param plan four bits a period: 1 declare at its beginning, 2 prove the others' deal, 4 recover in or after its window,
    /// 8 settle at its end
    /// @param chunks how many periods that settlement may take, two bits a period
    function testFuzz_faults_agreeWithTheNaiveModel(uint256 plan, uint256 chunks, uint96 collateral, uint96 price)
        public
    {
        activeDeal(proposal(100, 200));
        DealProposal memory p = proposal(100, PERIODS);
        p.price = uint96(bound(price, 40 * PERIODS, 7000 * PERIODS));
        _price = p.price;
        _miss = (_price * 17_000 + 10_000 * uint256(PERIODS) - 1) / (10_000 * uint256(PERIODS));
        _fee = (_price * 12_345 + 10_000 * uint256(PERIODS) - 1) / (10_000 * uint256(PERIODS));
        p.collateral = uint96(bound(collateral, 3 * _miss > 400 ? 3 * _miss : 400, 12 * _miss + 400));
        bytes32 id = activeDeal(p);
        (uint256 clientBefore, uint256 minerBefore) = (balanceOf(client), balanceOf(miner));
        Model memory m = play(id, plan, chunks, p.collateral);

        vm.roll(market.periodEnd(miner, view_(id).end));
        market.settle(one(id), 1024);
        DealView memory v = view_(id);
        assertEq(v.proved, m.proved, "proved");
        assertEq(v.missed, m.unproved, "not proved");
        assertEq(v.missRun, m.run, "run");
        assertEq(v.cursor, v.start + m.settled, "cursor");
        assertEq(v.collateral, m.collateral, "collateral");
        assertEq(uint256(v.state), uint256(m.faulty ? DealState.Faulty : DealState.Active), "state");
        uint256 paid = (_price * m.proved) / PERIODS;
        assertEq(balanceOf(miner), minerBefore + paid - paid / 100, "miner");
        assertEq(balanceOf(client), clientBefore + (_price * m.unproved) / PERIODS + m.toClient, "client");
        assertEq(market.burned(), paid / 100 + m.burned, "burned");
        (bool ok,) = address(market).call(abi.encodeCall(market.terminate, (id)));
        assertEq(ok ? 1 : 0, m.over ? 1 : 0, "defaulted");
    }

    function play(bytes32 id, uint256 plan, uint256 chunks, uint256 collateral) private returns (Model memory m) {
        m.collateral = collateral;
        uint32 start = view_(id).start;
        if (currentPeriod() < start) rollToNextPeriod();
        for (uint32 i = 0; i < PERIODS; ++i) {
            uint256 wish = plan >> (i * 4);
            if (wish & 1 == 1 && !m.faulty) {
                bool ok = send(abi.encodeCall(market.declareFaults, (one(id))));
                assertEq(ok ? 1 : 0, m.over ? 0 : 1, "declaration");
                // Without collateral the fault is over at once.
                if (ok) (m.faulty, m.faultyPeriods, m.over) = (true, 0, m.collateral == 0);
            }
            if (wish & 2 == 2) prove(start + i);
            count(m, wish & 2 == 2);
            bool recovers = wish & 4 == 4 && m.faulty;
            if (recovers && wish & 2 == 2) tryRecovery(m, id, i);
            vm.roll(market.periodEnd(miner, start + i));
            if (recovers && wish & 2 == 0) tryRecovery(m, id, i);
            if (wish & 8 == 8) market.settle(one(id), uint32((chunks >> (i * 2)) & 3));
        }
    }

    function tryRecovery(Model memory m, bytes32 id, uint32 i) private {
        bool ok = send(abi.encodeCall(market.recover, (recovery(id))));
        assertEq(ok ? 1 : 0, m.over || i == PERIODS - 1 ? 0 : 1, "recovery");
        if (ok) m.faulty = false;
    }

    function send(bytes memory call_) private returns (bool ok) {
        vm.prank(operator);
        (ok,) = address(market).call(call_);
    }

    function count(Model memory m, bool proved) private view {
        if (m.over) return;
        ++m.settled;
        if (proved && !m.faulty) {
            ++m.proved;
            m.run = 0;
            return;
        }
        ++m.unproved;
        cut(m, m.faulty ? _fee : _miss);
        if (m.faulty) m.over = ++m.faultyPeriods > 4 || m.collateral == 0;
        else m.over = ++m.run > 2;
    }

    function cut(Model memory m, uint256 each) private pure {
        uint256 taken = each < m.collateral ? each : m.collateral;
        m.collateral -= taken;
        m.toClient += taken / 2;
        m.burned += taken - taken / 2;
    }
}

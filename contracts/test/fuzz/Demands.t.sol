// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DealProposal, DealState, DealView, SkipReason} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title The queue of deadlines and the ledger of bonds against a model that keeps a list (Protocol §6.1).
contract DemandsFuzz is MarketFixture {
    bytes32[3] private _ids;

    struct Raised {
        bytes32 id;
        bool byAuditor;
        uint256 bond;
        uint256 deadline;
        bool open;
    }

    Raised[] private _raised;
    uint256 private _minersDue;
    uint256 private _clientsDue;
    uint256 private _auditorsDue;

    function setUp() public {
        setUpMarket();
        for (uint256 i = 0; i < 3; ++i) {
            _ids[i] = activeDeal(proposal(100, 100));
        }
    }

    /// @dev No two deadlines lie closer than c, none is nearer than R, and each is as early as that allows.
    function deadlineOf() private view returns (uint256 due) {
        due = block_() + market.params().demandBlocks;
        for (uint256 i = 0; i < _raised.length; ++i) {
            uint256 next = _raised[i].deadline + market.params().demandSpacing;
            if (next > due) due = next;
        }
    }

    function openOf(bytes32 id, bool byAuditor) private view returns (uint256 at, bool found) {
        for (uint256 i = 0; i < _raised.length; ++i) {
            if (_raised[i].open && _raised[i].id == id && _raised[i].byAuditor == byAuditor) return (i, true);
        }
    }

    function testFuzz_demands_areAQueueAndTheirBondsAreConserved(uint256[24] calldata moves) public {
        for (uint256 i = 0; i < moves.length; ++i) {
            step(moves[i] % 4, _ids[(moves[i] >> 8) % 3], (moves[i] >> 16) & 1 == 1, moves[i] >> 32);
            uint256 open;
            for (uint256 j = 0; j < _raised.length; ++j) {
                if (_raised[j].open) open += _raised[j].bond;
            }
            assertEq(market.etherOf(miner), _minersDue, "the miner's");
            assertEq(market.etherOf(client), _clientsDue, "the client's");
            assertEq(market.etherOf(auditor), _auditorsDue, "the auditor's");
            assertEq(address(market).balance, open + _minersDue + _clientsDue + _auditorsDue, "ether held");
        }
    }

    function step(uint256 what, bytes32 id, bool byAuditor, uint256 luck) private {
        if (what == 0) {
            rollBy(luck % 40);
            vm.fee((luck >> 8) % 100 * 1 gwei);
            return;
        }
        (uint256 at, bool found) = openOf(id, byAuditor);
        bool live = stateOf(id) == uint256(DealState.Active);
        if (what == 1) {
            if (found || !live) return;
            uint256 due = deadlineOf();
            uint256 bond = demand(byAuditor ? auditor : client, id, uint64(luck % 4));
            assertEq(openDemand(id, byAuditor).deadline, due, "deadline");
            assertEq(market.lastDeadline(miner), due, "the end of the queue");
            _raised.push(Raised(id, byAuditor, bond, due, true));
        } else if (what == 2) {
            SkipReason reason = tryAnswer(answerTo(id, byAuditor));
            bool good = found && live && block_() <= _raised[at].deadline;
            assertEq(reason == SkipReason.None ? 1 : 0, good ? 1 : 0, "answered in time and only then");
            if (!good) return;
            _raised[at].open = false;
            _minersDue += _raised[at].bond;
        } else {
            bool good = found && (!live || block_() > _raised[at].deadline);
            DealProposal memory p = proposalOf[id];
            vm.prank(stranger);
            (bool ok,) = address(market).call(abi.encodeCall(market.resolveDemand, (p, byAuditor)));
            assertEq(ok ? 1 : 0, good ? 1 : 0, "resolved after the deadline and only then");
            if (!good) return;
            assertTrue(stateOf(id) == uint256(DealState.Terminated));
            _raised[at].open = false;
            if (byAuditor) _auditorsDue += _raised[at].bond;
            else _clientsDue += _raised[at].bond;
        }
    }

    /// @dev Half (rounded down) of the collateral to the client and the caller's capped tip, the rest burned, whatever was settled.
    function testFuzz_forfeit_sharesTheCollateralAsTerminateDoes(uint8 proved, uint16 size, uint16 wait, bool dispute)
        public
    {
        bytes32 id;
        if (dispute) (id,) = badlySealedDeal();
        else id = activeDeal(proposal(uint64(bound(size, 1, 600)), 10));
        demand(auditor, id, 0);
        uint32 start = view_(id).start;
        for (uint32 i = 0; i < proved % 3; ++i) {
            prove(start + i);
        }
        uint256 due = openDemand(id, true).deadline + 1;
        if (block_() < due) vm.roll(due);
        rollBy(wait % 150);
        market.settle(one(id), 1024);
        DealView memory v = view_(id);
        uint256 unspent = v.price - uint256(v.price) * v.proved / v.periods - uint256(v.price) * v.missed / v.periods;
        uint256[4] memory before = [balanceOf(client), balanceOf(miner), balanceOf(stranger), market.burned()];
        uint256 tip;
        if (dispute) {
            uint64 leaf = uint64(wrongLeaf[id] - 1);
            bytes memory openings = bothOpenings(id, leaf);
            DealProposal memory p = proposalOf[id];
            vm.prank(stranger);
            market.disputeSeal(p, leaf, openings);
        } else {
            tip = v.collateral / 2 < market.params().tipCap ? v.collateral / 2 : market.params().tipCap;
            resolve(stranger, id, true);
        }
        assertEq(balanceOf(client) - before[0], unspent + v.collateral / 2 - tip, "client");
        assertEq(balanceOf(miner), before[1], "miner");
        assertEq(balanceOf(stranger) - before[2], tip, "tip");
        assertEq(market.burned() - before[3], v.collateral - v.collateral / 2, "burned");
    }
}

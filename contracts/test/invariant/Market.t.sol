// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DealProposal, DealState, DealView} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title Random actions of everybody, and what must hold after each (the invariants of StorageMarket's header).
contract MarketInvariants is MarketFixture {
    bytes32[] private _ids;
    mapping(bytes32 id => uint32) private _lastCursor;
    mapping(address owner => uint256) private _allowedOut;

    function setUp() public {
        setUpMarket();
    }

    /// @dev forge calls only this contract's `act`.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(this);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = this.act.selector;
        targets[0] = FuzzSelector(address(this), selectors);
    }

    /// @notice One random action; what the contract refuses is simply not done.
    function act(uint8 what, uint256 pick, uint16 amount) external {
        what = what % 12;
        if (what == 0 && _ids.length < 12) {
            _ids.push(publish(proposal(uint64(bound(amount, 1, 900)), uint32(bound(pick, 1, 6)))));
        } else if (what <= 2 && _ids.length > 0) {
            bytes32 id = _ids[pick % _ids.length];
            if (view_(id).state == DealState.Published && block_() <= view_(id).activateBy) tryToActivate(id);
        } else if (what <= 5) {
            tryToProve();
        } else if (what == 6) {
            rollBy(bound(amount, 1, 12));
        } else if (what == 7) {
            vm.roll(market.periodEnd(miner, currentPeriod()));
        } else if (_ids.length > 0) {
            end(what, _ids[pick % _ids.length], uint32(bound(amount, 1, 4)));
        }
    }

    function tryToActivate(bytes32 id) private {
        if (block_() <= view_(id).sealBlock) vm.roll(view_(id).sealBlock + 1);
        if (!market.isFrozen(miner) && block_() <= view_(id).activateBy) {
            tryActivate(activation(id));
        }
    }

    function tryToProve() private {
        uint32 period = currentPeriod();
        if (market.setWeight(miner) == 0 || market.isProved(miner, period)) return;
        rollIntoWindow(period);
        try this.drawn(period) returns (bytes memory openings) {
            market.prove(miner, period, "", openings);
        } catch {
            // Only ended entries are left in the set: there is nothing to open.
        }
    }

    function drawn(uint32 period) external view returns (bytes memory) {
        return openingsOf(miner, period);
    }

    function end(uint8 what, bytes32 id, uint32 chunk) private {
        vm.prank(stranger);
        if (what == 8) {
            market.settle(one(id), chunk);
        } else if (what == 9) {
            try market.complete(id) {} catch {}
        } else if (what == 10) {
            try market.terminate(id) {} catch {}
        } else {
            try market.purge(one(id)) {} catch {}
        }
        if (view_(id).state == DealState.Published && block_() > view_(id).activateBy) market.expire(id);
    }

    function locked() private view returns (uint256 sum) {
        for (uint256 i = 0; i < _ids.length; ++i) {
            DealView memory v = view_(_ids[i]);
            if (v.state == DealState.Published) sum += uint256(v.price) + v.collateral;
            if (v.state == DealState.Active) {
                sum += uint256(v.price) - (uint256(v.price) * v.proved) / v.periods - (uint256(v.price) * v.missed)
                / v.periods + v.collateral;
            }
        }
    }

    /// @notice Σ balances + Σ locks + burned = tokens held.
    function invariant_moneyIsConserved() public view {
        uint256 owned = balanceOf(client) + balanceOf(miner) + balanceOf(stranger) + balanceOf(address(this));
        assertEq(owned + locked() + market.burned(), token.balanceOf(address(market)), "conservation");
    }

    /// @notice No period is both paid and slashed, and none is settled twice.
    function invariant_everySettledPeriodIsProvedOrMissedOnce() public view {
        for (uint256 i = 0; i < _ids.length; ++i) {
            DealView memory v = view_(_ids[i]);
            if (v.end == 0) continue;
            assertEq(uint256(v.proved) + v.missed, v.cursor - v.start, "settled periods");
            assertLe(v.cursor, v.end, "cursor");
            uint256 proved;
            for (uint32 p = v.start; p < v.cursor; ++p) {
                if (market.isProved(miner, p)) ++proved;
            }
            assertEq(proved, v.proved, "paid periods are those whose bit is set");
        }
    }

    /// @notice The set's words agree with its entries, and every entry belongs to a deal.
    function invariant_setIsConsistent() public view {
        uint256 weight;
        uint256 entries;
        for (uint8 h = 2; h <= 6; ++h) {
            uint256 n = market.setCount(miner, h);
            weight += n << h;
            entries += n;
            for (uint256 i = 0; i < n; ++i) {
                (bytes32 root,,, bytes23 key) = market.setEntry(miner, h, i);
                assertEq(market.deal(idOf[key]).sealedRoot, root, "entry and deal");
            }
        }
        assertEq(market.setWeight(miner), weight, "weight");
        uint256 inSet;
        for (uint256 i = 0; i < _ids.length; ++i) {
            DealView memory v = view_(_ids[i]);
            if (v.end != 0 && !v.removed) ++inSet;
        }
        assertEq(entries, inSet, "entries");
    }

    /// @notice Live deals are those Published or Active.
    function invariant_liveDealsAreCounted() public view {
        uint256 live;
        for (uint256 i = 0; i < _ids.length; ++i) {
            DealState s = view_(_ids[i]).state;
            if (s == DealState.Published || s == DealState.Active) ++live;
        }
        assertEq(market.liveDeals(miner), live, "live deals");
    }
}

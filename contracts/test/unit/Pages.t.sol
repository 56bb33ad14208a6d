// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../../src/interfaces/IMarketEvents.sol";
import {Account, DealView, SetEntry} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title Views of many: what they return is what the views of one do, and no call asks for more than a page.
contract PagesTest is MarketFixture {
    bytes32[] private _all;

    function setUp() public {
        setUpMarket();
        for (uint256 i = 0; i < 7; ++i) {
            // Of three heights.
            _all.push(activeDeal(proposal(uint64(100 + 400 * (i % 3)), 10)));
        }
        _all.push(keccak256("nobody's"));
    }

    function test_deals_areThoseOfOne() public view {
        DealView[] memory views = market.deals(_all);
        assertEq(views.length, _all.length);
        for (uint256 i = 0; i < views.length; ++i) {
            assertEq(keccak256(abi.encode(views[i])), keccak256(abi.encode(view_(_all[i]))), "a view");
        }
        assertEq(market.deals(new bytes32[](0)).length, 0);
    }

    function test_accounts_areThoseOfOne() public view {
        address[] memory owners = new address[](3);
        (owners[0], owners[1], owners[2]) = (client, miner, address(0xdead));
        Account[] memory accounts = market.accounts(owners);
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(keccak256(abi.encode(accounts[i])), keccak256(abi.encode(market.account(owners[i]))));
        }
    }

    function testFuzz_setEntries_pagesMakeUpTheWhole(uint8 size, uint8 from) public view {
        uint256 limit = bound(size, 1, 10);
        for (uint8 h = 0; h <= 34; ++h) {
            uint256 n = market.setCount(miner, h);
            uint256 seen;
            for (uint256 at = 0;; at += limit) {
                SetEntry[] memory page = market.setEntries(miner, h, at, limit);
                for (uint256 i = 0; i < page.length; ++i) {
                    (bytes32 root, uint40 leafCount, uint32 end, bytes23 key) = market.setEntry(miner, h, at + i);
                    assertEq(keccak256(abi.encode(page[i])), keccak256(abi.encode(SetEntry(root, leafCount, end, key))));
                }
                seen += page.length;
                if (page.length < limit) break;
            }
            assertEq(seen, n, "entries");
            assertEq(market.setEntries(miner, h, uint256(from) + n, limit).length, 0, "beyond the end");
        }
        assertEq(market.setEntries(miner, 3, type(uint256).max, limit).length, 0);
    }

    function test_setEntries_lastPageIsAsLongAsWhatIsLeft() public view {
        uint256 entries;
        for (uint8 h = 0; h <= 34; ++h) {
            uint256 n = market.setCount(miner, h);
            entries += n;
            for (uint256 at = 0; at <= n + 1; ++at) {
                for (uint256 limit = 1; limit <= 4; ++limit) {
                    uint256 left = at < n ? n - at : 0;
                    assertEq(market.setEntries(miner, h, at, limit).length, left < limit ? left : limit, "a page");
                }
            }
        }
        assertEq(entries, 7);
    }

    function test_periodWords_areThoseOfOne() public {
        uint32 proved = view_(_all[0]).start;
        prove(proved);
        assertTrue(market.isProved(miner, proved));
        assertFalse(market.isExcused(miner, proved));
        uint256 word = market.periodAt(miner, block_()) >> 7;
        uint256[] memory words = market.periodWords(miner, word, 3);
        assertTrue(words[0] != 0, "a proved period");
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(words[i], market.periodWord(miner, word + i));
        }
    }

    function test_revert_aPageTooLong() public {
        uint256 page = market.PAGE();
        assertEq(page, 256);
        bytes memory why = abi.encodeWithSelector(IMarketEvents.PageTooLong.selector, page + 1, page);
        vm.expectRevert(why);
        market.deals(new bytes32[](page + 1));
        vm.expectRevert(why);
        market.accounts(new address[](page + 1));
        vm.expectRevert(why);
        market.setEntries(miner, 3, 0, page + 1);
        vm.expectRevert(why);
        market.periodWords(miner, 0, page + 1);
        assertEq(market.deals(new bytes32[](page)).length, page);
        assertEq(market.periodWords(miner, 0, page).length, page);
    }
}

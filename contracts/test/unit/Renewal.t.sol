// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../../src/interfaces/IMarketEvents.sol";
import {
    DealProposal,
    DealState,
    DealView,
    DrawnLeaf,
    Extension,
    MarketParams,
    SignedExtension,
    SkipReason
} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";
import {Wallet} from "../utils/Wallets.sol";

/// @title Longer deals on the same replica (Protocol §3.6): what an extension changes, and every reason to refuse one.
contract RenewalTest is MarketFixture {
    uint32 private constant MORE = 5;

    function setUp() public {
        setUpMarket();
    }

    function readyDeal() private returns (bytes32) {
        return readyDeal(proposal());
    }

    /// @dev Active, and its set not frozen: the first deal of a set may be activated in the middle of a window.
    function readyDeal(DealProposal memory p) private returns (bytes32 id) {
        id = activeDeal(p);
        if (market.isFrozen(miner)) rollToNextPeriod();
    }

    function assertExtended(Extension memory e) private {
        assertEq(uint256(tryExtend(e, operator)), uint256(SkipReason.None), "extension was skipped");
    }

    function assertSkipped(Extension memory e, SkipReason reason) private {
        assertSkipped(signedExtension(e), operator, reason);
    }

    /// @dev Refused for that reason, and nothing of it changed: neither money, nor the deal, nor its entry.
    function assertSkipped(SignedExtension memory x, address sender, SkipReason reason) private {
        // Settlement is not the extension's: it is done before, so that what is compared is the extension alone.
        market.settle(one(x.extension.dealId), 5000);
        bytes32 before = stateDigest(x.extension.dealId);
        assertEq(uint256(tryExtend(x, sender)), uint256(reason), "reason");
        assertEq(stateDigest(x.extension.dealId), before, "a refused extension changed something");
    }

    function stateDigest(bytes32 id) private view returns (bytes32) {
        (bytes32 root, uint40 leaves, uint32 end,) = market.setEntry(miner, 2, 0);
        return keccak256(abi.encode(view_(id), balanceOf(client), balanceOf(miner), market.burned(), root, leaves, end));
    }

    // ---------------------------------------------------------------- what it changes

    function test_extend_countsTheNewPriceFromTheCursorOn() public {
        DealProposal memory p = proposal();
        uint256 clientBefore = balanceOf(client);
        uint256 minerBefore = balanceOf(miner);
        bytes32 id = readyDeal(p);
        uint32 start = view_(id).start;
        proveMany(start, 3);
        vm.roll(market.periodEnd(miner, start + 3));
        Extension memory e = extension(id, MORE);
        e.pricePerPeriod = 7777;
        // Three periods were proved and one missed at the old price.
        uint256 paid = (uint256(p.price) * 3) / p.periods;
        uint96 price = 7777 * uint96(p.periods - 4 + MORE);
        market.settle(one(id), 100);
        uint96 left = view_(id).collateral;
        {
            uint96 carried = uint96(p.price - paid - uint256(p.price) / p.periods);
            SignedExtension[] memory batch = new SignedExtension[](1);
            batch[0] = signedExtension(e);
            vm.expectEmit(address(market));
            emit IMarketEvents.DealExtended(id, miner, start + 4, e.newEnd, price, left, carried);
            vm.prank(operator);
            market.extendDeals(batch);
        }
        assertCountedAnew(view_(id), start, p.periods, price, left);
        {
            (,, uint32 drawnTo,) = market.setEntry(miner, 2, 0);
            assertEq(drawnTo, e.newEnd, "the entry is drawn to the new end");
        }

        // The first period at the new price, then the rest to the new end.
        prove(start + 4);
        {
            uint256 before = balanceOf(miner);
            market.settle(one(id), 100);
            assertEq(balanceOf(miner) - before, 7777 - 77, "one period's pay less the burned hundredth");
        }
        proveMany(start + 5, e.newEnd - start - 5);
        vm.roll(market.periodEnd(miner, e.newEnd - 1) + market.params().collateralHold);
        market.complete(id);
        assertEq(stateOf(id), uint256(DealState.Completed));
        // Of the miss half a slash, rounded down, came to the client.
        uint256 slash = p.collateral - left;
        uint256 fee = paid / 100 + uint256(price) / 100;
        assertEq(balanceOf(client), clientBefore - paid - price + slash / 2, "client");
        assertEq(market.burned(), fee + slash - slash / 2, "burned");
        minerBefore = minerBefore + paid + price;
        assertEq(balanceOf(miner), minerBefore - slash - fee, "miner");
        assertEq(token.balanceOf(address(market)), balanceOf(client) + balanceOf(miner) + market.burned());
    }

    function assertCountedAnew(DealView memory v, uint32 start, uint32 periods, uint96 price, uint96 left)
        private
        pure
    {
        assertEq(v.start, start, "the deal began when it began");
        assertEq(v.end, start + periods + MORE);
        assertEq(v.periods, periods - 4 + MORE);
        assertEq(v.price, price);
        assertEq(v.cursor, start + 4);
        assertEq(uint256(v.proved) + v.missed, 0, "counted anew");
        assertEq(v.missRun, 1, "a run goes on");
        assertEq(v.collateral, left);
        assertFalse(v.removed);
    }

    function test_extend_fillsTheCollateralUpAndNeverTakesSomeOut() public {
        bytes32 id = readyDeal();
        uint96 locked = view_(id).collateral;
        uint256 before = balanceOf(miner);
        Extension memory e = extension(id, MORE);
        e.collateral = locked + 5;
        assertExtended(e);
        assertEq(view_(id).collateral, locked + 5);
        assertEq(balanceOf(miner), before - 5);
        e = extension(id, MORE);
        e.collateral = 0;
        assertExtended(e);
        assertEq(view_(id).collateral, locked + 5, "what is locked stays locked");
        assertEq(balanceOf(miner), before - 5);
    }

    function test_extend_returnsWhatALowerPriceLeaves() public {
        DealProposal memory p = proposal();
        bytes32 id = readyDeal(p);
        uint256 before = balanceOf(client);
        Extension memory e = extension(id, 1);
        e.pricePerPeriod = market.params().minPricePerLeafPeriod * 4;
        assertExtended(e);
        assertEq(view_(id).price, e.pricePerPeriod * 11);
        assertEq(balanceOf(client), before + p.price - e.pricePerPeriod * 11);
    }

    function test_extend_byTheOwnerToo() public {
        bytes32 id = readyDeal();
        assertEq(uint256(tryExtend(signedExtension(extension(id, MORE)), miner)), uint256(SkipReason.None));
    }

    /// @dev While new deals are paused the hot key may not prolong old ones; the owner may.
    function test_extend_whilePausedByTheOwnerOnly() public {
        bytes32 id = readyDeal();
        vm.prank(miner);
        registry.setAccepting(false);
        assertSkipped(extension(id, MORE), SkipReason.NotOperator);
        assertEq(uint256(tryExtend(signedExtension(extension(id, MORE)), miner)), uint256(SkipReason.None));
    }

    /// @dev Once a period is proved its price is settled: the new one counts from the next.
    function test_extend_afterTheProofCountsFromTheNextPeriod() public {
        DealProposal memory p = proposal();
        bytes32 id = readyDeal(p);
        uint32 start = view_(id).start;
        prove(start);
        uint256 before = balanceOf(miner);
        Extension memory e = extension(id, MORE);
        e.pricePerPeriod = 2 * 4000;
        assertExtended(e);
        uint256 paid = p.price / p.periods;
        assertEq(balanceOf(miner), before + paid - paid / 100, "the proved period at the old price");
        assertEq(view_(id).cursor, start + 1);
    }

    function test_extend_inTheLastPeriodOnceItIsProved() public {
        DealProposal memory p = proposal(100, 1);
        bytes32 id = readyDeal(p);
        uint32 start = view_(id).start;
        prove(start);
        assertExtended(extension(id, 1));
        vm.roll(market.periodEnd(miner, start));
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotPurgeable.selector, id));
        market.purge(one(id));
        prove(start + 1);
        market.settle(one(id), 10);
        assertEq(view_(id).cursor, start + 2);
        assertEq(view_(id).proved, 1);
    }

    /// @dev Neither what is drawn in the current period nor the way from a draw to its leaf.
    function test_extend_changesNoDraw() public {
        bytes32 id = readyDeal();
        readyDeal(proposal(500, 20));
        uint32 period = market.nextDuty(miner, block_());
        rollIntoWindow(period);
        (bytes32 seed, DrawnLeaf[] memory expected) = market.drawnLeaves(miner, period, "");
        vm.roll(market.challengeBlock(miner, period) - 1);
        assertExtended(extension(id, MORE));
        rollIntoWindow(period);
        (bytes32 again, DrawnLeaf[] memory drawn) = market.drawnLeaves(miner, period, "");
        assertEq(again, seed);
        assertEq(keccak256(abi.encode(drawn)), keccak256(abi.encode(expected)));
    }

    function test_extend_aWalletsDeal() public {
        DealProposal memory p = proposal();
        // The wallet agrees to one digest: to the deal first, then, replaced, to its extension.
        address wallet = actor("wallet");
        p.client = wallet;
        bytes32 id = market.dealIdOf(p);
        vm.etch(wallet, address(new Wallet(id)).code);
        fund(wallet, 1e9);
        publication(p);
        readyDeal(p);
        Extension memory e = extension(id, MORE);
        assertSkipped(e, SkipReason.BadSignature);
        vm.etch(wallet, address(new Wallet(market.extensionDigest(e))).code);
        assertExtended(e);
    }

    function test_extend_aBadOneDoesNotSinkTheBatch() public {
        bytes32 a = readyDeal();
        bytes32 b = readyDeal();
        bytes32 c = readyDeal();
        SignedExtension[] memory batch = new SignedExtension[](4);
        (batch[0], batch[1]) = (signedExtension(extension(a, 1)), signedExtension(extension(b, 2)));
        batch[1].extension.pricePerPeriod += 1;
        batch[2] = batch[0];
        batch[3] = signedExtension(extension(c, 3));
        vm.prank(operator);
        SkipReason[] memory reasons = market.extendDeals(batch);
        assertEq(uint256(reasons[0]), uint256(SkipReason.None));
        assertEq(uint256(reasons[1]), uint256(SkipReason.BadSignature));
        assertEq(uint256(reasons[2]), uint256(SkipReason.EndMoved), "the same extension twice");
        assertEq(uint256(reasons[3]), uint256(SkipReason.None));
        assertEq(view_(a).end - view_(a).start, 11);
        assertEq(view_(b).end - view_(b).start, 10);
        assertEq(view_(c).end - view_(c).start, 13);
    }

    // ---------------------------------------------------------------- why it is refused

    function test_skip_notActive() public {
        bytes32 id = publish(proposal());
        Extension memory e = extension(id, MORE);
        assertSkipped(e, SkipReason.NotActive);
        e.dealId = keccak256("nobody's");
        assertSkipped(e, SkipReason.NotActive);
    }

    function test_skip_notOperator() public {
        bytes32 id = readyDeal();
        SignedExtension memory x = signedExtension(extension(id, MORE));
        vm.expectEmit(address(market));
        emit IMarketEvents.DealSkipped(id, miner, SkipReason.NotOperator);
        tryExtend(x, stranger);
        assertSkipped(x, stranger, SkipReason.NotOperator);
        assertSkipped(x, client, SkipReason.NotOperator);
        address other = actor("other operator");
        addMiner(actor("other miner"), other);
        assertSkipped(x, other, SkipReason.NotOperator);
    }

    function test_skip_extendTooLate() public {
        bytes32 id = readyDeal();
        Extension memory e = extension(id, MORE);
        e.executeBy = uint64(block_());
        SignedExtension memory x = signedExtension(e);
        rollBy(1);
        assertSkipped(x, operator, SkipReason.ExtendTooLate);
        vm.roll(e.executeBy);
        assertEq(uint256(tryExtend(x, operator)), uint256(SkipReason.None), "the last block counts");
    }

    function test_skip_endMoved() public {
        bytes32 id = readyDeal();
        Extension memory e = extension(id, MORE);
        e.oldEnd -= 1;
        assertSkipped(e, SkipReason.EndMoved);
        e.oldEnd += 1;
        SignedExtension memory x = signedExtension(e);
        // Of two that the client signed one is taken: the end grows, so neither is ever taken again.
        Extension memory rival = extension(id, MORE + 1);
        assertExtended(e);
        assertSkipped(x, operator, SkipReason.EndMoved);
        assertSkipped(rival, SkipReason.EndMoved);
    }

    function test_skip_dealDefaulted() public {
        bytes32 id = readyDeal();
        vm.roll(market.periodEnd(miner, view_(id).start + market.params().maxMissRun));
        assertSkipped(extension(id, MORE), SkipReason.DealDefaulted);
    }

    function test_skip_dealOver() public {
        bytes32 id = readyDeal(proposal(100, 2));
        proveMany(view_(id).start, 2);
        assertSkipped(extension(id, MORE), SkipReason.DealOver);
    }

    function test_skip_dealOver_whenItsEntryHasLeft() public {
        bytes32 id = readyDeal(proposal(100, 1));
        readyDeal();
        uint32 start = view_(id).start;
        prove(start);
        market.purge(one(id));
        assertEq(currentPeriod(), start, "still in its last period");
        assertSkipped(extension(id, MORE), SkipReason.DealOver);
    }

    function test_skip_setFrozen() public {
        bytes32 id = readyDeal();
        uint32 start = view_(id).start;
        SignedExtension memory x = signedExtension(extension(id, MORE));
        vm.roll(market.challengeBlock(miner, start));
        assertSkipped(x, operator, SkipReason.SetFrozen);
        vm.roll(market.periodEnd(miner, start) - 1);
        assertSkipped(x, operator, SkipReason.SetFrozen);
        prove(start);
        assertEq(uint256(tryExtend(x, operator)), uint256(SkipReason.None), "the proof ends the freeze");
    }

    function test_extend_inTheLastBlockBeforeTheChallenge() public {
        bytes32 id = readyDeal();
        vm.roll(market.challengeBlock(miner, view_(id).start) - 1);
        assertExtended(extension(id, MORE));
    }

    /// @dev One call settles at most 1,024 periods; what is left is settled first.
    function test_skip_dealUnsettled() public {
        MarketParams memory p = defaults();
        p.challenges = 1;
        setUpMarket(p);
        bytes32 id = readyDeal(proposal(100, 1030));
        uint32 start = view_(id).start;
        for (uint32 period = start; period < start + 1025; ++period) {
            this.proveOutside(period);
        }
        rollToNextPeriod();
        Extension memory e = extension(id, MORE);
        SignedExtension memory x = signedExtension(e);
        assertEq(uint256(tryExtend(x, operator)), uint256(SkipReason.DealUnsettled));
        assertEq(view_(id).cursor, start + 1024, "what it settled stays settled");
        assertEq(uint256(tryExtend(x, operator)), uint256(SkipReason.None));
    }

    /// @dev A call of its own, so that its memory is given back.
    function proveOutside(uint32 period) external {
        prove(period);
    }

    function test_skip_badPeriods() public {
        bytes32 id = readyDeal();
        DealView memory v = view_(id);
        Extension memory e = extension(id, MORE);
        e.newEnd = v.end;
        assertSkipped(e, SkipReason.BadPeriods);
        e.newEnd = v.end - 1;
        assertSkipped(e, SkipReason.BadPeriods);
        e.newEnd = 0;
        assertSkipped(e, SkipReason.BadPeriods);
        e.newEnd = v.cursor + market.params().maxPeriods + 1;
        assertSkipped(e, SkipReason.BadPeriods);
        e.newEnd -= 1;
        assertExtended(e);
    }

    function test_skip_priceTooLow() public {
        bytes32 id = readyDeal();
        Extension memory e = extension(id, MORE);
        e.pricePerPeriod = 4 * market.params().minPricePerLeafPeriod - 1;
        assertSkipped(e, SkipReason.PriceTooLow);
        e.pricePerPeriod += 1;
        assertExtended(e);
    }

    function test_skip_collateralTooLow_forTheSlashes() public {
        bytes32 id = readyDeal();
        Extension memory e = extension(id, MORE);
        uint96 locked = view_(id).collateral;
        // A third of the collateral a miss is the most that three misses in a row may cost.
        e.pricePerPeriod = locked / 3 + 1;
        assertSkipped(e, SkipReason.CollateralTooLow);
        e.collateral = 3 * e.pricePerPeriod;
        assertExtended(e);
        assertEq(view_(id).collateral, 3 * e.pricePerPeriod);
    }

    function test_skip_collateralTooLow_forTheLeaves() public {
        MarketParams memory p = defaults();
        p.minCollateralPerLeaf = 10_000;
        setUpMarket(p);
        bytes32 id = readyDeal();
        uint96 least = view_(id).collateral;
        // A miss leaves less than the least for its leaves.
        rollIntoWindow(view_(id).start);
        rollToNextPeriod();
        Extension memory e = extension(id, MORE);
        e.pricePerPeriod = 4 * market.params().minPricePerLeafPeriod;
        assertSkipped(e, SkipReason.CollateralTooLow);
        e.collateral = least - 1;
        assertSkipped(e, SkipReason.CollateralTooLow);
        e.collateral = least;
        assertExtended(e);
        assertEq(view_(id).collateral, least);
    }

    function test_skip_clientShort() public {
        bytes32 id = readyDeal();
        Extension memory e = extension(id, MORE);
        uint96 most = uint96(balanceOf(client));
        DealView memory v = view_(id);
        uint32 periods = e.newEnd - v.cursor;
        e.pricePerPeriod = (most + v.price) / periods + 1;
        e.collateral = type(uint96).max;
        // Whatever it signs.
        assertSkipped(e, SkipReason.ClientShort);
        e.pricePerPeriod = type(uint96).max;
        assertSkipped(e, SkipReason.ClientShort);
    }

    function test_extend_withTheClientsLastToken() public {
        bytes32 id = readyDeal();
        Extension memory e = extension(id, MORE);
        uint256 due = uint256(e.pricePerPeriod) * (e.newEnd - view_(id).cursor) - view_(id).price;
        uint96 rest = uint96(balanceOf(client) - due + 1);
        vm.prank(client);
        market.requestWithdrawal(rest);
        rollBy(market.params().withdrawNotice);
        vm.prank(client);
        market.withdraw(client);
        assertSkipped(e, SkipReason.ClientShort);
        fund(client, 1);
        assertExtended(e);
        assertEq(balanceOf(client), 0);
    }

    function test_skip_minerShort() public {
        bytes32 id = readyDeal();
        Extension memory e = extension(id, MORE);
        e.collateral = view_(id).collateral + uint96(balanceOf(miner)) + 1;
        assertSkipped(e, SkipReason.MinerShort);
        e.collateral -= 1;
        assertExtended(e);
        assertEq(balanceOf(miner), 0);
    }

    /// @dev Who is both pays both out of one balance.
    function test_skip_whoIsBothPaysBoth() public {
        DealProposal memory p = proposal();
        p.miner = client;
        token.mint(client, STAKE);
        vm.prank(client);
        token.approve(address(registry), type(uint256).max);
        vm.prank(client);
        registry.register(actor("client's operator"), STAKE, "127.0.0.1:4001", keccak256("tls"), 10);
        publication(p);
        bytes32 id = market.dealIdOf(p);
        tryPublish(publication(p), actor("client's operator"));
        activate(id);
        Extension memory e = extension(id, MORE);
        uint256 due = uint256(e.pricePerPeriod) * (e.newEnd - view_(id).cursor) - view_(id).price;
        e.collateral = view_(id).collateral + uint96(balanceOf(client) - due) + 1;
        assertEq(uint256(tryExtend(signedExtension(e), client)), uint256(SkipReason.ClientShort));
        e.collateral -= 1;
        assertEq(uint256(tryExtend(signedExtension(e), client)), uint256(SkipReason.None));
        assertEq(balanceOf(client), 0);
    }

    function test_skip_badSignature() public {
        bytes32 id = readyDeal();
        Extension memory e = extension(id, MORE);
        SignedExtension memory x = signedExtension(e, 0xBAD);
        assertSkipped(x, operator, SkipReason.BadSignature);
        x = signedExtension(e);
        x.extension.newEnd += 1;
        assertSkipped(x, operator, SkipReason.BadSignature);
        x = signedExtension(e);
        x.extension.pricePerPeriod -= 1;
        assertSkipped(x, operator, SkipReason.BadSignature);
        x = signedExtension(e);
        x.extension.executeBy += 1;
        assertSkipped(x, operator, SkipReason.BadSignature);
        x = signedExtension(e);
        x.signature = "";
        assertSkipped(x, operator, SkipReason.BadSignature);
        // Another deal's, another chain's.
        x = signedExtension(e);
        x.extension.dealId = readyDeal();
        x.extension.oldEnd = view_(x.extension.dealId).end;
        assertSkipped(x, operator, SkipReason.BadSignature);
        x = signedExtension(e);
        vm.chainId(77);
        assertSkipped(x, operator, SkipReason.BadSignature);
    }
}

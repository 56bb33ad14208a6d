// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../../src/interfaces/IMarketEvents.sol";
import {
    DealProposal,
    DealState,
    DealView,
    DrawnLeaf,
    EarlyEnd,
    Extension,
    MarketParams,
    SkipReason
} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";
import {Wallet} from "../utils/Wallets.sol";

/// @title Deals that end before their end (Protocol §3.7): by notice and by consent, and every reason to refuse.
contract EarlyEndTest is MarketFixture {
    /// @dev maxMissRun + 1.
    uint32 private constant NOTICE = 3;

    function setUp() public {
        setUpMarket();
    }

    /// @dev Active, and its set not frozen.
    function readyDeal(DealProposal memory p) private returns (bytes32 id) {
        id = activeDeal(p);
        if (market.isFrozen(miner)) rollToNextPeriod();
    }

    function readyDeal() private returns (bytes32) {
        return readyDeal(proposal());
    }

    /// @dev Sent by the operator with the client's signature.
    function endAtOnce(bytes32 id) private {
        EarlyEnd memory e = earlyEnd(id, true);
        bytes memory signature = signEarlyEnd(e);
        vm.prank(operator);
        market.endEarly(e, signature);
    }

    /// @dev Refused for that reason, and nothing of it changed.
    function assertRefused(address sender, EarlyEnd memory e, bytes memory signature, bytes memory reason) private {
        bytes32 before = stateDigest(e.dealId);
        vm.expectRevert(reason);
        vm.prank(sender);
        market.endEarly(e, signature);
        assertEq(stateDigest(e.dealId), before, "a refused end changed something");
    }

    function stateDigest(bytes32 id) private view returns (bytes32) {
        (bytes32 root, uint40 leaves, uint32 end,) = market.setEntry(miner, 2, 0);
        return keccak256(abi.encode(view_(id), balanceOf(client), balanceOf(miner), market.burned(), root, leaves, end));
    }

    // ---------------------------------------------------------------- notice

    function test_notice_paysTheNoticeAndReturnsTheRestAtOnce() public {
        DealProposal memory p = proposal();
        uint256 clientBefore = balanceOf(client);
        uint256 minerBefore = balanceOf(miner);
        bytes32 id = readyDeal(p);
        uint32 start = view_(id).start;
        proveMany(start, 2);
        uint256 paid = (uint256(p.price) * 2) / p.periods;
        uint96 rest = uint96((uint256(p.price) * NOTICE) / p.periods);
        uint96 refunded = uint96(p.price - paid - rest);
        vm.expectEmit(address(market));
        emit IMarketEvents.DealShortened(id, miner, start + 2, start + 2 + NOTICE, rest, refunded);
        giveNotice(id);

        assertEq(balanceOf(client), clientBefore - paid - rest, "refunded at once");
        DealView memory v = view_(id);
        assertEq(uint256(v.state), uint256(DealState.Active));
        assertEq(v.start, start);
        assertEq(v.end, start + 2 + NOTICE);
        assertTrue(v.noticed);
        assertEq(v.periods, NOTICE);
        assertEq(v.price, rest);
        assertEq(uint256(v.proved) + v.missed, 0, "counted anew");
        assertEq(v.collateral, p.collateral);
        (,, uint32 end,) = market.setEntry(miner, 2, 0);
        assertEq(end, v.end, "the entry is drawn to the new end");

        // The notice is paid when it is proved; then the deal ends as any.
        proveMany(start + 2, NOTICE);
        vm.expectRevert(
            abi.encodeWithSelector(
                IMarketEvents.NotOver.selector, id, block_() + market.params().collateralHold, block_()
            )
        );
        market.complete(id);
        rollBy(market.params().collateralHold);
        market.complete(id);
        assertEq(stateOf(id), uint256(DealState.Completed));
        uint256 fee = paid / 100 + uint256(rest) / 100;
        assertEq(balanceOf(client), clientBefore - paid - rest, "no dust: the rest is paid out whole");
        assertEq(balanceOf(miner), minerBefore + paid + rest - fee, "pay and collateral");
        assertEq(market.burned(), fee);
        assertEq(token.balanceOf(address(market)), balanceOf(client) + balanceOf(miner) + market.burned());
    }

    function test_notice_missedPeriodsAreSlashedAsBefore() public {
        DealProposal memory p = proposal();
        bytes32 id = readyDeal(p);
        uint32 start = view_(id).start;
        giveNotice(id);
        vm.roll(market.periodEnd(miner, start));
        market.settle(one(id), 10);
        uint256 slash = (uint256(p.price) + p.periods - 1) / p.periods;
        assertEq(p.collateral - view_(id).collateral, slash, "the whole pay of a period, rounded up");
        // A run of misses ends a deal under notice too.
        vm.roll(market.periodEnd(miner, start + NOTICE - 1));
        market.terminate(id);
        assertEq(stateOf(id), uint256(DealState.Terminated));
    }

    function test_notice_aRunOfMissesGoesOn() public {
        bytes32 id = readyDeal();
        vm.roll(market.periodEnd(miner, view_(id).start + 1));
        giveNotice(id);
        assertEq(view_(id).missRun, 2);
        rollToNextPeriod();
        market.terminate(id);
    }

    function test_notice_relayedByAnyone() public {
        bytes32 id = readyDeal();
        EarlyEnd memory e = earlyEnd(id, false);
        e.executeBy = uint64(block_());
        bytes memory signature = signEarlyEnd(e);
        vm.prank(stranger);
        market.endEarly(e, signature);
        assertEq(view_(id).periods, NOTICE);
    }

    function test_notice_ofAWallet() public {
        DealProposal memory p = proposal();
        address wallet = actor("wallet");
        p.client = wallet;
        bytes32 id = market.dealIdOf(p);
        vm.etch(wallet, address(new Wallet(id)).code);
        fund(wallet, 1e9);
        publication(p);
        readyDeal(p);
        EarlyEnd memory e = earlyEnd(id, false);
        assertRefused(
            stranger, e, signEarlyEnd(e), abi.encodeWithSelector(IMarketEvents.NotClient.selector, id, stranger)
        );
        vm.etch(wallet, address(new Wallet(market.earlyEndDigest(e))).code);
        bytes memory signature = signEarlyEnd(e);
        vm.prank(stranger);
        market.endEarly(e, signature);
        assertEq(view_(id).periods, NOTICE);
    }

    /// @dev Once a period is proved it is paid at the old price, and the notice counts from the next.
    function test_notice_afterTheProof() public {
        bytes32 id = readyDeal();
        uint32 start = view_(id).start;
        prove(start);
        giveNotice(id);
        assertEq(view_(id).cursor, start + 1);
        assertEq(view_(id).end, start + 1 + NOTICE);
    }

    function test_notice_changesNoDraw() public {
        bytes32 id = readyDeal();
        readyDeal(proposal(500, 20));
        uint32 period = market.nextDuty(miner, block_());
        rollIntoWindow(period);
        (, DrawnLeaf[] memory expected) = market.drawnLeaves(miner, period, "");
        vm.roll(market.challengeBlock(miner, period) - 1);
        giveNotice(id);
        rollIntoWindow(period);
        (, DrawnLeaf[] memory drawn) = market.drawnLeaves(miner, period, "");
        assertEq(keccak256(abi.encode(drawn)), keccak256(abi.encode(expected)));
    }

    /// @dev An extension that was taken before could be taken again if its deal came back to its old end.
    function test_notice_isFinal() public {
        bytes32 id = readyDeal(proposal(100, 1 + NOTICE));
        Extension memory e = extension(id, 5);
        assertEq(uint256(tryExtend(e, operator)), uint256(SkipReason.None));
        prove(view_(id).start);
        giveNotice(id);
        assertEq(view_(id).end, e.oldEnd, "back at the end that the extension was signed for");
        assertEq(uint256(tryExtend(e, operator)), uint256(SkipReason.DealOver));
        assertEq(uint256(tryExtend(extension(id, 1), operator)), uint256(SkipReason.DealOver));
        EarlyEnd memory again = earlyEnd(id, false);
        assertRefused(client, again, "", abi.encodeWithSelector(IMarketEvents.NotSooner.selector, id, e.oldEnd));
        rollToNextPeriod();
        assertRefused(client, again, "", abi.encodeWithSelector(IMarketEvents.NotSooner.selector, id, e.oldEnd));
    }

    function test_notice_purgedAtTheNewEnd() public {
        bytes32 id = readyDeal();
        uint32 start = view_(id).start;
        giveNotice(id);
        proveMany(start, NOTICE - 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotPurgeable.selector, id));
        market.purge(one(id));
        prove(start + NOTICE - 1);
        market.purge(one(id));
        assertTrue(view_(id).removed);
    }

    // ---------------------------------------------------------------- consent

    function test_atOnce_freesBothSides() public {
        DealProposal memory p = proposal();
        uint256 clientBefore = balanceOf(client);
        uint256 minerBefore = balanceOf(miner);
        bytes32 id = readyDeal(p);
        uint32 start = view_(id).start;
        proveMany(start, 2);
        vm.roll(market.periodEnd(miner, start + 2));
        market.settle(one(id), 10);
        uint96 left = view_(id).collateral;
        uint256 paid = (uint256(p.price) * 2) / p.periods;
        uint256 refunded = uint256(p.price) / p.periods;
        uint96 rest = uint96(p.price - paid - refunded);
        vm.expectEmit(address(market));
        emit IMarketEvents.DealShortened(id, miner, start + 3, start + 3, 0, rest);
        vm.expectEmit(address(market));
        emit IMarketEvents.EntryPurged(id, miner);
        vm.expectEmit(address(market));
        emit IMarketEvents.DealCompleted(id, left, 0);
        endAtOnce(id);

        assertEq(stateOf(id), uint256(DealState.Completed));
        assertTrue(view_(id).removed);
        assertEq(view_(id).collateral, 0);
        assertEq(market.setWeight(miner), 0);
        assertEq(market.liveDeals(miner), 0);
        // The miss before it stays slashed; the end itself costs nobody anything.
        uint256 slash = p.collateral - left;
        assertEq(balanceOf(miner), minerBefore + paid - paid / 100 - slash, "miner");
        assertEq(balanceOf(client), clientBefore - paid + slash / 2, "client");
        assertEq(token.balanceOf(address(market)), balanceOf(client) + balanceOf(miner) + market.burned());
        // Nothing replays.
        EarlyEnd memory e = earlyEnd(id, true);
        assertRefused(
            operator,
            e,
            signEarlyEnd(e),
            abi.encodeWithSelector(IMarketEvents.WrongState.selector, id, uint8(DealState.Completed))
        );
    }

    function test_atOnce_beforeTheFirstPeriod() public {
        uint256 clientBefore = balanceOf(client);
        uint256 minerBefore = balanceOf(miner);
        bytes32 id = readyDeal();
        endAtOnce(id);
        assertEq(balanceOf(client), clientBefore);
        assertEq(balanceOf(miner), minerBefore);
        assertEq(view_(id).missed, 0);
    }

    function test_atOnce_byTheOwnerToo() public {
        bytes32 id = readyDeal();
        vm.prank(miner);
        registry.setAccepting(false);
        EarlyEnd memory e = earlyEnd(id, true);
        bytes memory signature = signEarlyEnd(e);
        // While its owner has paused the miner the hot key gives up no deals either.
        assertRefused(operator, e, signature, abi.encodeWithSelector(IMarketEvents.NotOperator.selector, id, operator));
        vm.prank(miner);
        market.endEarly(e, signature);
        assertEq(stateOf(id), uint256(DealState.Completed));
    }

    function test_atOnce_underNotice() public {
        DealProposal memory p = proposal();
        uint256 clientBefore = balanceOf(client);
        bytes32 id = readyDeal(p);
        giveNotice(id);
        prove(view_(id).start);
        uint256 rest = (uint256(p.price) * NOTICE) / p.periods;
        assertTrue(view_(id).noticed);
        endAtOnce(id);
        assertEq(balanceOf(client), clientBefore - rest / NOTICE);
    }

    function test_atOnce_movesTheLastEntry() public {
        bytes32 a = readyDeal();
        bytes32 b = readyDeal();
        endAtOnce(a);
        (,,, bytes23 key) = market.setEntry(miner, 2, 0);
        assertEq(bytes32(key), bytes32(bytes23(b)));
        prove(view_(b).start);
    }

    // ---------------------------------------------------------------- why it is refused

    function test_revert_wrongState() public {
        bytes32 id = publish(proposal());
        assertRefused(
            client,
            earlyEnd(id, false),
            "",
            abi.encodeWithSelector(IMarketEvents.WrongState.selector, id, uint8(DealState.Published))
        );
    }

    function test_revert_tooLate() public {
        bytes32 id = readyDeal();
        EarlyEnd memory e = earlyEnd(id, false);
        e.executeBy = uint64(block_());
        rollBy(1);
        assertRefused(
            client, e, "", abi.encodeWithSelector(IMarketEvents.TooLate.selector, id, e.executeBy, e.executeBy + 1)
        );
    }

    function test_revert_notClient() public {
        bytes32 id = readyDeal();
        EarlyEnd memory e = earlyEnd(id, false);
        bytes memory signature = signEarlyEnd(e);
        // Nobody gives the client's notice: not the miner, and nobody with a signature over anything else.
        assertRefused(miner, e, "", abi.encodeWithSelector(IMarketEvents.NotClient.selector, id, miner));
        e.executeBy += 1;
        assertRefused(stranger, e, signature, abi.encodeWithSelector(IMarketEvents.NotClient.selector, id, stranger));
        e.executeBy -= 1;
        // Whoever signed a notice has not agreed to an end without one.
        e.immediate = true;
        assertRefused(operator, e, signature, abi.encodeWithSelector(IMarketEvents.NotClient.selector, id, operator));
        bytes32 other = readyDeal();
        e = earlyEnd(other, false);
        assertRefused(stranger, e, signature, abi.encodeWithSelector(IMarketEvents.NotClient.selector, other, stranger));
    }

    function test_revert_notOperator() public {
        bytes32 id = readyDeal();
        EarlyEnd memory e = earlyEnd(id, true);
        bytes memory signature = signEarlyEnd(e);
        assertRefused(client, e, signature, abi.encodeWithSelector(IMarketEvents.NotOperator.selector, id, client));
        address other = actor("other operator");
        addMiner(actor("other miner"), other);
        assertRefused(other, e, signature, abi.encodeWithSelector(IMarketEvents.NotOperator.selector, id, other));
    }

    function test_revert_setFrozenUntil() public {
        bytes32 id = readyDeal();
        uint32 start = view_(id).start;
        bytes memory reason =
            abi.encodeWithSelector(IMarketEvents.SetFrozenUntil.selector, miner, market.periodEnd(miner, start));
        EarlyEnd memory notice = earlyEnd(id, false);
        EarlyEnd memory now_ = earlyEnd(id, true);
        bytes memory signature = signEarlyEnd(now_);
        vm.roll(market.challengeBlock(miner, start));
        assertRefused(client, notice, "", reason);
        assertRefused(operator, now_, signature, reason);
        vm.roll(market.periodEnd(miner, start) - 1);
        assertRefused(client, notice, "", reason);
        vm.roll(market.periodEnd(miner, start));
        vm.prank(client);
        market.endEarly(notice, "");
        assertEq(view_(id).missed, 0, "what was missed is settled at the old price, before the notice counts");
        assertEq(view_(id).missRun, 1);
    }

    function test_notice_inTheLastBlockBeforeTheChallenge() public {
        bytes32 id = readyDeal();
        vm.roll(market.challengeBlock(miner, view_(id).start) - 1);
        giveNotice(id);
        assertEq(view_(id).end, view_(id).start + NOTICE);
    }

    function test_revert_defaulted() public {
        bytes32 id = readyDeal();
        vm.roll(market.periodEnd(miner, view_(id).start + market.params().maxMissRun));
        EarlyEnd memory e = earlyEnd(id, true);
        assertRefused(client, earlyEnd(id, false), "", abi.encodeWithSelector(IMarketEvents.Defaulted.selector, id));
        assertRefused(operator, e, signEarlyEnd(e), abi.encodeWithSelector(IMarketEvents.Defaulted.selector, id));
    }

    function test_revert_notSooner() public {
        bytes32 id = readyDeal(proposal(100, NOTICE));
        uint32 end = view_(id).end;
        assertRefused(
            client, earlyEnd(id, false), "", abi.encodeWithSelector(IMarketEvents.NotSooner.selector, id, end)
        );
        prove(end - NOTICE);
        prove(end - 2);
        prove(end - 1);
        EarlyEnd memory e = earlyEnd(id, true);
        assertRefused(operator, e, signEarlyEnd(e), abi.encodeWithSelector(IMarketEvents.NotSooner.selector, id, end));
    }

    /// @dev One call settles at most 1,024 periods; what is left is settled first.
    function test_revert_unsettled() public {
        MarketParams memory p = defaults();
        p.challenges = 1;
        setUpMarket(p);
        bytes32 id = readyDeal(proposal(100, 2000));
        uint32 start = view_(id).start;
        for (uint32 period = start; period < start + 1025; ++period) {
            this.proveOutside(period);
        }
        rollToNextPeriod();
        assertRefused(
            client,
            earlyEnd(id, false),
            "",
            abi.encodeWithSelector(IMarketEvents.Unsettled.selector, id, start + 1024, start + 1025)
        );
        market.settle(one(id), 1);
        giveNotice(id);
        assertEq(view_(id).end, start + 1025 + NOTICE);
    }

    /// @dev A call of its own, so that its memory is given back.
    function proveOutside(uint32 period) external {
        prove(period);
    }
}

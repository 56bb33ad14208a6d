// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../../src/interfaces/IMarketEvents.sol";
import {IMinerRegistry, RenewalLimits} from "../../src/interfaces/IMinerRegistry.sol";
import {IStorageMarket} from "../../src/interfaces/IStorageMarket.sol";
import {DealProposal, DealState, DealView, Mandate, SkipReason} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";
import {Wallet} from "../utils/Wallets.sol";

/// @title Standing orders to renew (Protocol §3.8): what one allows, and every reason to refuse it.
contract MandateTest is MarketFixture {
    uint96 private constant PER_LEAF = 1200;
    /// @dev The default deal has four leaves.
    uint96 private constant PER_PERIOD = 4 * PER_LEAF;
    uint32 private constant NOTICE = 3;
    uint256 private constant SELF_KEY = 0x5E1F;
    address private executor;

    function setUp() public {
        setUpMarket();
        executor = actor("executor");
        limit(RenewalLimits(PER_LEAF, 1e6, 10));
    }

    function limit(RenewalLimits memory limits) private {
        vm.prank(miner);
        registry.setRenewalLimits(limits);
    }

    function mandate(bytes32 id) private view returns (Mandate memory) {
        return Mandate(id, 5, 3, PER_PERIOD, 0, 1e12, 100, uint64(block_() + 10_000));
    }

    function signed(Mandate memory m) private view returns (bytes memory) {
        return sign(CLIENT_KEY, market.mandateDigest(m));
    }

    /// @dev A deal so near its end that mandates run, not frozen, every period proved.
    function nearEnd() private returns (bytes32 id) {
        id = activeDeal(proposal());
        if (market.isFrozen(miner)) rollToNextPeriod();
        DealView memory v = view_(id);
        proveMany(v.start, v.end - v.start - NOTICE);
        market.settle(one(id), 100);
    }

    function execute(Mandate memory m) private {
        bytes memory signature = signed(m);
        vm.prank(executor);
        market.executeMandate(m, signature);
    }

    /// @dev Refused, and nothing changed.
    function refused(Mandate memory m, bytes memory signature, bytes memory why) private {
        bytes32 before = digestOf(m);
        vm.prank(executor);
        vm.expectRevert(why);
        market.executeMandate(m, signature);
        assertEq(digestOf(m), before, "a refused mandate changed something");
    }

    function refused(Mandate memory m, bytes memory why) private {
        refused(m, signed(m), why);
    }

    function refused(Mandate memory m, SkipReason reason) private {
        refused(m, abi.encodeWithSelector(IMarketEvents.MandateRefused.selector, m.dealId, reason));
    }

    function digestOf(Mandate memory m) private view returns (bytes32) {
        return keccak256(
            abi.encode(
                view_(m.dealId),
                balanceOf(client),
                balanceOf(miner),
                balanceOf(executor),
                market.mandateUse(market.mandateDigest(m))
            )
        );
    }

    // ---------------------------------------------------------------- what it does

    function test_executeMandate_renewsAtTheMinersPriceForATip() public {
        bytes32 id = nearEnd();
        DealView memory v = view_(id);
        Mandate memory m = mandate(id);
        (uint256 clientBefore, uint256 locked) = (balanceOf(client), v.collateral);
        uint96 unspent = uint96(v.price - (uint256(v.price) * v.proved) / v.periods);
        uint96 price = PER_PERIOD * (NOTICE + 5);
        bytes32 digest = market.mandateDigest(m);
        bytes memory signature = signed(m);
        vm.expectEmit(address(market));
        emit IMarketEvents.MandateExecuted(id, digest, executor, 1, price - unspent + 100, 100);
        vm.expectEmit(address(market));
        emit IMarketEvents.DealExtended(id, miner, v.cursor, v.end + 5, price, uint96(locked), unspent);
        vm.prank(executor);
        market.executeMandate(m, signature);
        assertEq(view_(id).end, v.end + 5);
        assertEq(view_(id).price, price);
        assertEq(balanceOf(executor), 100);
        assertEq(balanceOf(client), clientBefore - (price - unspent) - 100);
        assertEq(market.mandateUse(digest).spent, price - unspent + 100);
        assertEq(market.mandateUse(digest).used, 1);
        (,, uint32 end,) = market.setEntry(miner, 2, 0);
        assertEq(end, v.end + 5, "the entry is drawn to the new end");
    }

    function test_executeMandate_againEachTimeTheEndComesNear() public {
        bytes32 id = nearEnd();
        Mandate memory m = mandate(id);
        m.times = 2;
        bytes memory signature = signed(m);
        for (uint32 i = 1; i <= 2; ++i) {
            vm.prank(executor);
            market.executeMandate(m, signature);
            assertEq(market.mandateUse(market.mandateDigest(m)).used, i);
            DealView memory v = view_(id);
            proveMany(v.cursor, v.end - NOTICE - v.cursor);
        }
        refused(m, signature, abi.encodeWithSelector(IMarketEvents.MandateUsedUp.selector, id, 2));
    }

    function test_executeMandate_fillsTheCollateralUp() public {
        bytes32 id = nearEnd();
        Mandate memory m = mandate(id);
        m.collateral = view_(id).collateral + 7;
        uint256 before = balanceOf(miner);
        execute(m);
        assertEq(view_(id).collateral, m.collateral);
        assertEq(balanceOf(miner), before - 7);
    }

    function test_executeMandate_cheaperGivesBackAndCountsOnlyTheTip() public {
        limit(RenewalLimits(10, 1e6, 10));
        bytes32 id = nearEnd();
        Mandate memory m = mandate(id);
        m.periods = 1;
        m.budget = 100;
        uint256 before = balanceOf(client);
        execute(m);
        assertEq(market.mandateUse(market.mandateDigest(m)).spent, 100);
        assertTrue(balanceOf(client) > before, "what was not spent at the old price came back");
    }

    function test_executeMandate_takesAWalletsSignature() public {
        bytes32 id = nearEnd();
        Mandate memory m = mandate(id);
        vm.etch(client, address(new Wallet(market.mandateDigest(m))).code);
        vm.prank(executor);
        market.executeMandate(m, "no key's");
        assertEq(view_(id).periods, NOTICE + 5);
    }

    /// @dev The tip is at most the market's, whatever the mandate says.
    function test_executeMandate_capsTheTip() public {
        bytes32 id = nearEnd();
        Mandate memory m = mandate(id);
        m.tip = 1e9;
        execute(m);
        assertEq(balanceOf(executor), market.params().tipCap);
    }

    function test_revokeMandate_endsItForGood() public {
        bytes32 id = nearEnd();
        Mandate memory m = mandate(id);
        bytes32 digest = market.mandateDigest(m);
        vm.expectEmit(address(market));
        emit IMarketEvents.MandateRevocation(id, digest);
        vm.prank(client);
        market.revokeMandate(m);
        assertTrue(market.mandateUse(digest).revoked);
        refused(m, abi.encodeWithSelector(IMarketEvents.MandateRevoked.selector, id));
        vm.prank(client);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.MandateRevoked.selector, id));
        market.revokeMandate(m);
    }

    function test_revokeMandate_revertsIfNotTheClient() public {
        bytes32 id = nearEnd();
        Mandate memory m = mandate(id);
        vm.prank(miner);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotClient.selector, id, miner));
        market.revokeMandate(m);
        m.dealId = bytes32(uint256(1) << 255);
        vm.prank(client);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotClient.selector, m.dealId, client));
        market.revokeMandate(m);
    }

    // ---------------------------------------------------------------- what it must not

    function test_executeMandate_revertsIfNotActive() public {
        bytes32 id = publish(proposal());
        refused(mandate(id), abi.encodeWithSelector(IMarketEvents.WrongState.selector, id, uint8(DealState.Published)));
    }

    function test_executeMandate_revertsIfExpired() public {
        bytes32 id = nearEnd();
        Mandate memory m = mandate(id);
        m.expiresAt = uint64(block_());
        execute(m);
        ++m.times;
        --m.expiresAt;
        refused(m, abi.encodeWithSelector(IMarketEvents.TooLate.selector, id, m.expiresAt, block_()));
    }

    /// @dev Not a period sooner than the client itself could end the deal.
    function test_attack_executingAMandateEarly() public {
        bytes32 id = activeDeal(proposal());
        if (market.isFrozen(miner)) rollToNextPeriod();
        DealView memory v = view_(id);
        uint32 periods = v.end - v.start - NOTICE;
        proveMany(v.start, periods - 1);
        market.settle(one(id), 100);
        uint32 period = currentPeriod();
        assertEq(period, v.end - NOTICE - 1);
        refused(mandate(id), abi.encodeWithSelector(IMarketEvents.MandateTooEarly.selector, id, period, v.end - NOTICE));
        prove(period);
        rollToNextPeriod();
        execute(mandate(id));
    }

    function test_executeMandate_revertsIfTheMinerTakesNone() public {
        bytes32 id = nearEnd();
        bytes memory why = abi.encodeWithSelector(IMarketEvents.MandatesNotTaken.selector, miner);
        limit(RenewalLimits(0, 1e6, 10));
        refused(mandate(id), why);
        limit(RenewalLimits(PER_LEAF, 1e6, 10));
        vm.prank(miner);
        registry.setAccepting(false);
        refused(mandate(id), why);
        vm.prank(miner);
        registry.setAccepting(true);
        vm.prank(miner);
        registry.announceExit();
        refused(mandate(id), why);
    }

    function test_executeMandate_revertsBeyondTheMinersLimits() public {
        bytes32 id = nearEnd();
        Mandate memory m = mandate(id);
        m.periods = 11;
        refused(m, abi.encodeWithSelector(IMarketEvents.MandateTooLong.selector, id, 11, 10));
        m = mandate(id);
        uint96 locked = view_(id).collateral;
        limit(RenewalLimits(PER_LEAF, locked / 4, 10));
        m.collateral = locked + 1;
        refused(m, abi.encodeWithSelector(IMarketEvents.MandateCollateralTooHigh.selector, id, locked + 1, locked));
        // What is locked already may stay, whatever the limit has become.
        limit(RenewalLimits(PER_LEAF, 1, 10));
        m.collateral = locked;
        execute(m);
    }

    /// @dev A miner that raises its price in the block before gets what the client signed for, or nothing.
    function test_attack_raisingThePriceBeforeAMandate() public {
        bytes32 id = nearEnd();
        Mandate memory m = mandate(id);
        limit(RenewalLimits(PER_LEAF + 1, 1e6, 10));
        refused(
            m, abi.encodeWithSelector(IMarketEvents.MandateTooDear.selector, id, PER_PERIOD + 4, m.maxPricePerPeriod)
        );
        m.maxPricePerPeriod = PER_PERIOD + 4;
        execute(m);
    }

    function test_attack_takingOneUnitMoreThanTheBudget() public {
        bytes32 id = nearEnd();
        Mandate memory m = mandate(id);
        DealView memory v = view_(id);
        uint96 unspent = uint96(v.price - (uint256(v.price) * v.proved) / v.periods);
        uint96 taken = PER_PERIOD * (NOTICE + 5) - unspent + 100;
        m.budget = taken - 1;
        refused(m, abi.encodeWithSelector(IMarketEvents.MandateOverBudget.selector, id, taken, taken - 1));
        m.budget = taken;
        execute(m);
    }

    function test_attack_twoExecutorsRacing() public {
        bytes32 id = nearEnd();
        Mandate memory m = mandate(id);
        bytes memory signature = signed(m);
        execute(m);
        uint32 end = view_(id).end;
        // The end has moved away: nothing is left to take until it comes near again.
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketEvents.MandateTooEarly.selector, id, currentPeriod(), end - NOTICE)
        );
        market.executeMandate(m, signature);
    }

    function test_attack_aMandateAfterNotice() public {
        bytes32 id = activeDeal(proposal());
        if (market.isFrozen(miner)) rollToNextPeriod();
        Mandate memory m = mandate(id);
        giveNotice(id);
        refused(m, SkipReason.DealOver);
    }

    function test_attack_aMandateOfAnotherMarketOrChain() public {
        bytes32 id = nearEnd();
        Mandate memory m = mandate(id);
        (, IStorageMarket other) = deployMarket(defaults());
        bytes memory signature = sign(CLIENT_KEY, other.mandateDigest(m));
        bytes memory why = abi.encodeWithSelector(IMarketEvents.MandateRefused.selector, id, SkipReason.BadSignature);
        refused(m, signature, why);
        uint256 here = block.chainid;
        vm.chainId(999);
        signature = signed(m);
        vm.chainId(here);
        refused(m, signature, why);
        // Nor of anybody else, nor for other numbers.
        refused(m, sign(0xBAD, market.mandateDigest(m)), why);
        signature = signed(m);
        ++m.budget;
        refused(m, signature, why);
    }

    function test_executeMandate_revertsIfFrozen() public {
        bytes32 id = nearEnd();
        vm.roll(market.challengeBlock(miner, currentPeriod()));
        refused(mandate(id), SkipReason.SetFrozen);
        // Once the period is proved the set is free.
        prove(currentPeriod());
        execute(mandate(id));
    }

    function test_executeMandate_revertsIfDefaulted() public {
        bytes32 id = activeDeal(proposal());
        DealView memory v = view_(id);
        vm.roll(market.periodEnd(miner, v.end - 2));
        refused(mandate(id), SkipReason.DealDefaulted);
    }

    function test_executeMandate_revertsIfTheClientIsShort() public {
        bytes32 id = nearEnd();
        Mandate memory m = mandate(id);
        leave(client, 0);
        refused(m, SkipReason.ClientShort);
        // Enough for the renewal, but not for the tip.
        DealView memory v = view_(id);
        uint96 due = uint96(PER_PERIOD * (NOTICE + 5) - (v.price - (uint256(v.price) * v.proved) / v.periods));
        fund(client, due + 99);
        refused(m, SkipReason.ClientShort);
        fund(client, 1);
        execute(m);
        assertEq(balanceOf(client), 0);
    }

    function test_executeMandate_revertsIfTheMinerIsShort() public {
        bytes32 id = nearEnd();
        Mandate memory m = mandate(id);
        m.collateral = view_(id).collateral + 10;
        leave(miner, 9);
        refused(m, SkipReason.MinerShort);
    }

    /// @dev What the miner adds to its collateral is no debt of the client's.
    function test_executeMandate_theClientPaysNoCollateral() public {
        bytes32 id = nearEnd();
        Mandate memory m = mandate(id);
        m.collateral = view_(id).collateral + 10;
        DealView memory v = view_(id);
        uint96 due = uint96(PER_PERIOD * (NOTICE + 5) - (v.price - (uint256(v.price) * v.proved) / v.periods));
        leave(client, due + 100);
        execute(m);
        assertEq(balanceOf(client), 0);
        assertEq(view_(id).collateral, m.collateral);
    }

    /// @dev Unless it is the miner itself, which pays both.
    function test_executeMandate_aMinerThatIsItsOwnClientPaysBoth() public {
        miner = vm.addr(SELF_KEY);
        operator = miner;
        addMiner(miner, operator);
        limit(RenewalLimits(PER_LEAF, 1e6, 10));
        DealProposal memory p = proposal();
        (p.client, p.auditor) = (miner, miner);
        assertEq(uint256(tryPublish(publication(p, SELF_KEY), operator)), uint256(SkipReason.None));
        bytes32 id = market.dealIdOf(p);
        activate(id);
        if (market.isFrozen(miner)) rollToNextPeriod();
        DealView memory v = view_(id);
        proveMany(v.start, v.end - v.start - NOTICE);
        market.settle(one(id), 100);
        v = view_(id);
        Mandate memory m = mandate(id);
        m.collateral = v.collateral + 10;
        bytes memory signature = sign(SELF_KEY, market.mandateDigest(m));
        uint96 due = uint96(PER_PERIOD * (NOTICE + 5) - (v.price - (uint256(v.price) * v.proved) / v.periods));
        leave(miner, due + 100 + 9);
        refused(m, signature, abi.encodeWithSelector(IMarketEvents.MandateRefused.selector, id, SkipReason.ClientShort));
        fund(miner, 1);
        vm.prank(executor);
        market.executeMandate(m, signature);
        assertEq(balanceOf(miner), 0);
        assertEq(view_(id).collateral, m.collateral);
    }

    /// @dev The numbers of an extension are checked as any's.
    function test_executeMandate_revertsIfNothingIsAdded() public {
        bytes32 id = nearEnd();
        Mandate memory m = mandate(id);
        m.periods = 0;
        refused(m, SkipReason.BadPeriods);
        limit(RenewalLimits(PER_LEAF, 1e6, type(uint32).max));
        m.periods = type(uint32).max;
        refused(m, SkipReason.BadPeriods);
        limit(RenewalLimits(9, 1e6, 10));
        refused(mandate(id), SkipReason.PriceTooLow);
    }

    /// @dev All but `left` of an account is withdrawn.
    function leave(address owner, uint96 left) private {
        uint96 amount = uint96(balanceOf(owner)) - left;
        vm.prank(owner);
        market.requestWithdrawal(amount);
        rollBy(market.params().withdrawNotice);
        vm.prank(owner);
        market.withdraw(owner);
    }

    // ---------------------------------------------------------------- the miner's limits

    function test_setRenewalLimits_isTheOwners() public {
        vm.expectEmit(address(registry));
        emit IMinerRegistry.RenewalLimitsChanged(miner, 1, 2, 3);
        limit(RenewalLimits(1, 2, 3));
        assertEq(keccak256(abi.encode(registry.renewalLimits(miner))), keccak256(abi.encode(RenewalLimits(1, 2, 3))));
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.NotRegistered.selector, operator));
        registry.setRenewalLimits(RenewalLimits(1, 2, 3));
    }

    function test_setRenewalLimits_areForgottenWithTheMiner() public {
        vm.prank(miner);
        registry.announceExit();
        vm.prank(miner);
        registry.withdrawStake(miner);
        addMiner(miner, operator);
        assertEq(registry.renewalLimits(miner).pricePerLeafPeriod, 0);
    }
}

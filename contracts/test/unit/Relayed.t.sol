// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../../src/interfaces/IMarketEvents.sol";
import {IStorageMarket} from "../../src/interfaces/IStorageMarket.sol";
import {
    Cancellation,
    DealProposal,
    DealState,
    Mandate,
    Revocation,
    SkipReason,
    WithdrawalPayout,
    WithdrawalRequest
} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";
import {Wallet} from "../utils/Wallets.sol";

/// @title What others send for an account that has signed it (Protocol §3.10), and every reason to refuse.
contract RelayedTest is MarketFixture {
    uint256 private constant OTHER_KEY = 0xBAD;
    address private constant PAYEE = address(0xCAFE);

    function setUp() public {
        setUpMarket();
    }

    function request(uint96 amount, uint256 nonce) private view returns (WithdrawalRequest memory) {
        return WithdrawalRequest(client, amount, nonce, uint64(block_() + 1000));
    }

    function payout(uint96 least, uint256 nonce) private view returns (WithdrawalPayout memory) {
        return WithdrawalPayout(client, PAYEE, least, nonce, uint64(block_() + 1000));
    }

    function signed(WithdrawalRequest memory r) private view returns (bytes memory) {
        return sign(CLIENT_KEY, market.withdrawalRequestDigest(r));
    }

    function signed(WithdrawalPayout memory w) private view returns (bytes memory) {
        return sign(CLIENT_KEY, market.withdrawalPayoutDigest(w));
    }

    function send(WithdrawalRequest memory r, bytes memory signature) private {
        vm.prank(stranger);
        market.requestWithdrawalFor(r, signature);
    }

    function send(WithdrawalPayout memory w, bytes memory signature) private returns (uint96) {
        vm.prank(stranger);
        return market.withdrawFor(w, signature);
    }

    /// @dev All that an order could change, and what its relayer could gain.
    function digest() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                market.account(client),
                market.orderNonce(client),
                balanceOf(stranger),
                token.balanceOf(stranger),
                token.balanceOf(PAYEE),
                token.balanceOf(address(market))
            )
        );
    }

    function assertRefused(WithdrawalRequest memory r, bytes memory signature, bytes memory reason) private {
        bytes32 before = digest();
        vm.expectRevert(reason);
        send(r, signature);
        assertEq(digest(), before, "a refused order changed something");
    }

    function assertRefused(WithdrawalPayout memory w, bytes memory signature, bytes memory reason) private {
        bytes32 before = digest();
        vm.expectRevert(reason);
        send(w, signature);
        assertEq(digest(), before, "a refused order changed something");
    }

    function notSigned(address account) private view returns (bytes memory) {
        return abi.encodeWithSelector(IMarketEvents.NotSigned.selector, account, stranger);
    }

    function wrongNonce(uint256 nonce, uint256 expected) private view returns (bytes memory) {
        return abi.encodeWithSelector(IMarketEvents.WrongNonce.selector, client, nonce, expected);
    }

    // ---------------------------------------------------------------- withdrawals

    function test_relay_takesAWholeWithdrawalFromItsRequestToThePayee() public {
        uint256 before = balanceOf(client);
        WithdrawalRequest memory r = request(500, 0);
        // Both are signed at once: the second waits for the first's nonce.
        WithdrawalPayout memory w = payout(500, 1);
        bytes memory second = signed(w);
        assertRefused(w, second, wrongNonce(1, 0));
        bytes memory first = signed(r);
        vm.expectEmit(address(market));
        emit IMarketEvents.WithdrawalRequested(client, 500, uint64(block_() + 10));
        send(r, first);
        assertEq(market.account(client).requested, 500);
        assertRefused(
            w, second, abi.encodeWithSelector(IMarketEvents.WithdrawalNotDue.selector, block_() + 10, block_())
        );
        rollBy(10);
        vm.expectEmit(address(market));
        emit IMarketEvents.Withdrawn(client, PAYEE, 500);
        assertEq(send(w, second), 500);
        assertEq(token.balanceOf(PAYEE), 500, "to whom the account signed");
        assertEq(balanceOf(client), before - 500);
        assertEq(balanceOf(stranger) + token.balanceOf(stranger), 0, "the relayer has nothing of it");
        assertEq(market.orderNonce(client), 2);
        assertEq(token.balanceOf(address(market)), balanceOf(client) + balanceOf(miner) + market.burned());
    }

    function test_relay_refusesWhatIsNotSignedByTheAccount() public {
        WithdrawalRequest memory r = request(500, 0);
        assertRefused(r, sign(OTHER_KEY, market.withdrawalRequestDigest(r)), notSigned(client));
        assertRefused(r, "", notSigned(client));
        bytes memory signature = signed(r);
        r.amount = 501;
        assertRefused(r, signature, notSigned(client));
        (r.amount, r.executeBy) = (500, r.executeBy + 1);
        assertRefused(r, signature, notSigned(client));
        (r.account, r.executeBy) = (miner, r.executeBy - 1);
        assertRefused(r, signature, notSigned(miner));
    }

    function test_attack_aRelayerCannotSendTheMoneyElsewhere() public {
        send(request(500, 0), signed(request(500, 0)));
        rollBy(10);
        WithdrawalPayout memory w = payout(500, 1);
        bytes memory signature = signed(w);
        w.to = stranger;
        assertRefused(w, signature, notSigned(client));
        (w.to, w.least) = (PAYEE, 0);
        assertRefused(w, signature, notSigned(client));
        w.least = 500;
        assertEq(send(w, signature), 500);
    }

    function test_attack_nothingReplays() public {
        WithdrawalRequest memory r = request(500, 0);
        bytes memory signature = signed(r);
        send(r, signature);
        assertRefused(r, signature, wrongNonce(0, 1));
        rollBy(10);
        WithdrawalPayout memory w = payout(500, 1);
        bytes memory second = signed(w);
        send(w, second);
        // Even when as much is announced again.
        r = request(500, 2);
        send(r, signed(r));
        rollBy(10);
        assertRefused(w, second, wrongNonce(1, 3));
    }

    function test_attack_noOrderIsGoodOnAnotherChainOrMarket() public {
        WithdrawalRequest memory r = request(500, 0);
        bytes memory signature = signed(r);
        (, IStorageMarket other) = deployMarket(defaults());
        vm.expectRevert(notSigned(client));
        vm.prank(stranger);
        other.requestWithdrawalFor(r, signature);
        vm.chainId(999);
        assertRefused(r, signature, notSigned(client));
    }

    function test_attack_aRequestDoesNotPassForAPayoutOrACancellation() public {
        WithdrawalPayout memory w = payout(0, 0);
        assertRefused(w, signed(request(500, 0)), notSigned(client));
        Cancellation memory c = Cancellation(market.dealIdOf(proposal()), uint64(block_() + 10));
        assertRefused(w, sign(CLIENT_KEY, market.cancellationDigest(c)), notSigned(client));
    }

    function test_attack_aRelayerThatWaitsForALockedBalanceSpoilsNothing() public {
        DealProposal memory p = proposal();
        uint96 all = uint96(balanceOf(client));
        send(request(all, 0), signed(request(all, 0)));
        rollBy(10);
        p.publishBy = uint64(block_() + 5);
        p.activateBy = p.publishBy + 100;
        publish(p);
        WithdrawalPayout memory w = payout(all, 1);
        assertRefused(w, signed(w), abi.encodeWithSelector(IMarketEvents.PaysTooLittle.selector, all - p.price, all));
        w.least = all - p.price;
        assertEq(send(w, signed(w)), all - p.price, "what is left, when the account agrees");
    }

    function test_relay_endsAtItsBlock() public {
        WithdrawalRequest memory r = request(500, 0);
        r.executeBy = uint64(block_());
        bytes memory signature = signed(r);
        rollBy(1);
        assertRefused(r, signature, abi.encodeWithSelector(IMarketEvents.OrderExpired.selector, r.executeBy, block_()));
        vm.roll(r.executeBy);
        send(r, signature);
        assertEq(market.account(client).requested, 500, "its last block counts");
    }

    function test_relay_anAccountTakesBackWhatItSignedByUsingTheNonceItself() public {
        WithdrawalRequest memory old = request(500, 0);
        bytes memory signature = signed(old);
        vm.prank(client);
        market.requestWithdrawalFor(request(0, 0), "");
        assertRefused(old, signature, wrongNonce(0, 1));
        assertEq(market.account(client).requested, 0);
    }

    function test_relay_refusesWhatTheOwnerCouldNotDoEither() public {
        WithdrawalPayout memory w = payout(0, 0);
        assertRefused(w, signed(w), abi.encodeWithSelector(IMarketEvents.NothingRequested.selector, client));
        w.to = address(0);
        assertRefused(w, signed(w), abi.encodeWithSelector(IMarketEvents.ZeroAddress.selector));
    }

    function test_relay_contractWalletsSignByErc1271() public {
        // The wallet's address depends on the digest it agrees to, and the digest on its address.
        address wallet = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        WithdrawalRequest memory r = request(7, 0);
        r.account = wallet;
        assertEq(address(new Wallet(market.withdrawalRequestDigest(r))), wallet);
        send(r, "anything");
        assertEq(market.account(wallet).requested, 7);
        (r.nonce, r.amount) = (1, 8);
        assertRefused(r, "anything", notSigned(wallet));
    }

    function testFuzz_relay_onlyTheSignedOrderGoesThrough(uint96 amount, uint96 other, bool honest, uint64 wait)
        public
    {
        if (honest) other = amount;
        WithdrawalRequest memory r = request(amount, 0);
        bytes memory signature = signed(r);
        vm.roll(block_() + wait % 2000);
        r.amount = other;
        vm.prank(stranger);
        (bool ok,) = address(market).call(abi.encodeCall(market.requestWithdrawalFor, (r, signature)));
        assertTrue(ok == (other == amount && block_() <= r.executeBy), "the plain rule");
        assertEq(market.orderNonce(client), ok ? 1 : 0);
    }

    // ---------------------------------------------------------------- cancellation

    function cancellation(DealProposal memory p, uint64 executeBy) private view returns (bytes memory) {
        return sign(CLIENT_KEY, market.cancellationDigest(Cancellation(market.dealIdOf(p), executeBy)));
    }

    function test_relay_cancelsAProposalSoThatNobodyPublishesIt() public {
        DealProposal memory p = proposal();
        bytes32 id = market.dealIdOf(p);
        uint64 by = uint64(block_());
        bytes memory signature = cancellation(p, by);
        vm.expectEmit(address(market));
        emit IMarketEvents.DealCancelled(id, client, miner);
        vm.prank(stranger);
        market.cancelFor(p, by, signature);
        assertEq(stateOf(id), uint256(DealState.Cancelled));
        assertEq(uint256(tryPublish(publication(p), operator)), uint256(SkipReason.AlreadyKnown));
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.WrongState.selector, id, uint8(DealState.Cancelled)));
        market.cancelFor(p, by, signature);
    }

    function test_relay_cancelsOnlyOnTheClientsSignatureInTime() public {
        DealProposal memory p = proposal();
        bytes32 id = market.dealIdOf(p);
        uint64 by = uint64(block_() + 3);
        bytes memory signature = cancellation(p, by);
        // The signature on the proposal, which the miner has, is not one on its cancellation.
        bytes memory offered = publication(p).signature;
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotClient.selector, id, operator));
        vm.prank(operator);
        market.cancelFor(p, by, offered);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotClient.selector, id, stranger));
        vm.prank(stranger);
        market.cancelFor(p, by + 1, signature);
        rollBy(4);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.TooLate.selector, id, by, block_()));
        vm.prank(stranger);
        market.cancelFor(p, by, signature);
        assertEq(stateOf(id), uint256(DealState.None));
        // Nor does it touch a deal that is published.
        publish(p);
        by = uint64(block_());
        signature = cancellation(p, by);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.WrongState.selector, id, uint8(DealState.Published)));
        vm.prank(stranger);
        market.cancelFor(p, by, signature);
    }

    // ---------------------------------------------------------------- mandates

    function mandate(bytes32 id) private view returns (Mandate memory) {
        return Mandate(id, 5, 3, type(uint96).max / 2, 0, type(uint96).max / 2, 0, uint64(block_() + 10_000));
    }

    function revocation(Mandate memory m, uint64 executeBy) private view returns (bytes memory) {
        return sign(CLIENT_KEY, market.revocationDigest(Revocation(market.mandateDigest(m), executeBy)));
    }

    function test_relay_takesAMandateBack() public {
        bytes32 id = activeDeal(proposal(100, 10));
        Mandate memory m = mandate(id);
        uint64 by = uint64(block_() + 1);
        bytes memory signature = revocation(m, by);
        vm.expectEmit(address(market));
        emit IMarketEvents.MandateRevocation(id, market.mandateDigest(m));
        vm.prank(stranger);
        market.revokeMandateFor(m, by, signature);
        assertTrue(market.mandateUse(market.mandateDigest(m)).revoked);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.MandateRevoked.selector, id));
        vm.prank(stranger);
        market.revokeMandateFor(m, by, signature);
    }

    function test_relay_takesAMandateBackOnlyOnTheClientsSignatureInTime() public {
        bytes32 id = activeDeal(proposal(100, 10));
        Mandate memory m = mandate(id);
        uint64 by = uint64(block_() + 1);
        bytes memory signature = revocation(m, by);
        // The mandate itself, which whoever executes it has, does not take it back.
        bytes memory given = sign(CLIENT_KEY, market.mandateDigest(m));
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotClient.selector, id, stranger));
        market.revokeMandateFor(m, by, given);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotClient.selector, id, stranger));
        market.revokeMandateFor(m, by + 1, signature);
        Mandate memory another = mandate(id);
        another.times = 4;
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotClient.selector, id, stranger));
        market.revokeMandateFor(another, by, signature);
        Mandate memory unknown = mandate(bytes32(uint256(7)));
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NotClient.selector, unknown.dealId, stranger));
        market.revokeMandateFor(unknown, by, signature);
        rollBy(2);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.TooLate.selector, id, by, block_()));
        market.revokeMandateFor(m, by, signature);
        vm.stopPrank();
        assertFalse(market.mandateUse(market.mandateDigest(m)).revoked);
        // The client itself needs none.
        vm.prank(client);
        market.revokeMandateFor(m, uint64(block_()), "");
        assertTrue(market.mandateUse(market.mandateDigest(m)).revoked);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DevToken} from "../../src/dev/DevToken.sol";
import {IPaymentChannels} from "../../src/interfaces/IPaymentChannels.sol";
import {
    CloseConsent,
    CloseRequest,
    Deposit,
    Permit,
    SignedVoucher,
    Voucher,
    VoucherSkip,
    Withdrawal
} from "../../src/types/ChannelTypes.sol";
import {ChannelFixture} from "../utils/ChannelFixture.sol";
import {BlacklistToken, ReentrantToken} from "../utils/OddTokens.sol";

/// @notice Each way to another's tokens that somebody may try (threat T24).
contract ChannelAttacksTest is ChannelFixture {
    function setUp() public {
        setUpChannels(new DevToken());
    }

    function assertSkipped(SignedVoucher memory v, VoucherSkip reason) private {
        assertEq(uint256(redeem(v)), uint256(reason));
    }

    // ---------------------------------------------------------------- vouchers

    function test_attack_aVoucherIsNotPaidAgainByANewChannel() public {
        open(1000);
        SignedVoucher memory old = voucher(400);
        redeem(400);
        vm.prank(miner);
        channels.close(client, miner);
        withdrawBy(client);
        open(500);
        assertChannel(500, 400, 0);
        assertSkipped(old, VoucherSkip.NothingNew);
        redeem(401);
        assertBalance(miner, 401);
    }

    function test_attack_aVoucherOfAnotherContractOrChain() public {
        open(1000);
        SignedVoucher memory here = voucher(400);
        IPaymentChannels original = channels;
        channels = deployChannels(address(token), CHALLENGE);
        stock(client, FUNDS);
        open(1000);
        assertSkipped(here, VoucherSkip.BadSignature);
        channels = original;
        vm.chainId(5);
        assertSkipped(here, VoucherSkip.BadSignature);
        SignedVoucher memory there = voucher(400);
        assertSkipped(there, VoucherSkip.None);
    }

    function test_attack_aVoucherForAnotherMinerOrOfAnotherClient() public {
        open(1000);
        depositBy(stranger, stranger, 1000);
        SignedVoucher memory v = voucher(400);
        v.voucher.client = stranger;
        assertSkipped(v, VoucherSkip.BadSignature);
        v = voucher(400);
        v.voucher.miner = stranger;
        vm.prank(client);
        channels.deposit(client, stranger, 1000);
        assertSkipped(v, VoucherSkip.BadSignature);
        // Nor does the miner's own name do.
        v.voucher = Voucher(client, miner, 500);
        v.signature = sign(MINER_KEY, channels.voucherDigest(v.voucher));
        assertSkipped(v, VoucherSkip.BadSignature);
        // Two who are client and miner of each other: a voucher goes one way.
        vm.prank(client);
        channels.deposit(miner, client, 1000);
        v = voucher(400);
        (v.voucher.client, v.voucher.miner) = (miner, client);
        assertSkipped(v, VoucherSkip.BadSignature);
    }

    function test_attack_aMalleableSignature() public {
        open(1000);
        Voucher memory v = Voucher(client, miner, 400);
        (uint8 sv, bytes32 r, bytes32 s) = vm.sign(CLIENT_KEY, channels.voucherDigest(v));
        bytes32 n = bytes32(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141);
        bytes32 high = bytes32(uint256(n) - uint256(s));
        assertSkipped(SignedVoucher(v, abi.encodePacked(r, high, sv == 27 ? 28 : 27)), VoucherSkip.BadSignature);
        assertSkipped(SignedVoucher(v, abi.encodePacked(r, s, sv == 27 ? 28 : 27)), VoucherSkip.BadSignature);
        assertSkipped(SignedVoucher(v, abi.encodePacked(r, s, sv, sv)), VoucherSkip.BadSignature);
        assertSkipped(SignedVoucher(v, abi.encodePacked(r, s)), VoucherSkip.BadSignature);
        assertSkipped(SignedVoucher(v, abi.encodePacked(r, s, sv)), VoucherSkip.None);
    }

    function test_attack_aSignatureOfNobodyForTheZeroAddress() public {
        assertSkipped(SignedVoucher(Voucher(address(0), miner, 1), new bytes(65)), VoucherSkip.ChannelEmpty);
        vm.expectRevert(IPaymentChannels.ZeroAddress.selector);
        depositBy(stranger, address(0), 1);
    }

    // ---------------------------------------------------------------- deposits

    /// @dev A permit says how much and to which contract, not for which miner.
    function test_attack_aPermitTakenFromItsDepositFillsNoOtherChannel() public {
        vm.prank(client);
        token.approve(address(channels), 0);
        Permit memory p = permit(300);
        Deposit memory d = Deposit(client, stranger, 300, 0, uint64(block_()));
        bytes memory forged = sign(STRANGER_KEY, channels.depositDigest(d));
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotSigner.selector, client, stranger));
        vm.prank(stranger);
        channels.depositWithPermit(d, forged, p);
        // Sent by itself it moves nothing, and the client's own deposit still works.
        token.permit(client, address(channels), 300, p.deadline, p.v, p.r, p.s);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotSigner.selector, client, stranger));
        vm.prank(stranger);
        channels.depositWithPermit(d, forged, p);
        d = depositTerms(300);
        channels.depositWithPermit(d, signDeposit(d), p);
        assertChannel(300, 0, 0);
    }

    function test_attack_aDepositIsNotSentTwice() public {
        Deposit memory d = depositTerms(300);
        bytes memory signature = signDeposit(d);
        channels.depositWithPermit(d, signature, noPermit());
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.WrongNonce.selector, client, 0, 1));
        channels.depositWithPermit(d, signature, noPermit());
        // Nor once signed and once by the client itself.
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.WrongNonce.selector, client, 0, 1));
        vm.prank(client);
        channels.depositWithPermit(d, "", noPermit());
    }

    /// @dev Else a miner could keep its clients' tokens for ever, for one unit each time.
    function test_attack_dustKeepsNoClosingOpen() public {
        open(1000);
        requestClose();
        stock(miner, 10);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.ChannelClosing.selector, client, miner, block_() + CHALLENGE)
        );
        depositBy(miner, client, 1);
        rollBy(CHALLENGE);
        channels.close(client, miner);
        assertBalance(client, 1000);
    }

    /// @dev What the client signed before it asked to close must not open the channel again.
    function test_attack_anOldDepositReopensNoClosingChannel() public {
        open(1000);
        Deposit memory d = depositTerms(1);
        bytes memory signature = signDeposit(d);
        requestClose();
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.WrongNonce.selector, client, 0, 1));
        vm.prank(miner);
        channels.depositWithPermit(d, signature, noPermit());
        // The signed request is no other.
        open(1);
        d = depositTerms(1);
        signature = signDeposit(d);
        CloseRequest memory r = closeRequest();
        channels.requestCloseFor(r, signRequest(r));
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.WrongNonce.selector, client, 1, 2));
        vm.prank(miner);
        channels.depositWithPermit(d, signature, noPermit());
    }

    // ---------------------------------------------------------------- closing

    /// @dev A client that closes, reopens and closes again never has less than a whole challenge period before it.
    function test_attack_noDetourShortensTheChallengePeriod() public {
        open(1000);
        requestClose();
        rollBy(CHALLENGE);
        open(1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotClosing.selector, client, miner));
        channels.close(client, miner);
        requestClose();
        uint256 due = block_() + CHALLENGE;
        vm.roll(due - 1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.CloseNotDue.selector, due, due - 1));
        channels.close(client, miner);
        redeem(1001);
        vm.roll(due);
        channels.close(client, miner);
        assertBalance(client, 0);
        assertBalance(miner, 1001);
    }

    function test_attack_aRequestIsNotReplayed() public {
        open(1000);
        CloseRequest memory r = closeRequest();
        bytes memory signature = signRequest(r);
        channels.requestCloseFor(r, signature);
        open(1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.WrongNonce.selector, client, 0, 1));
        channels.requestCloseFor(r, signature);
    }

    /// @dev A client keeps a consent, has the channel closed another way, opens it again and is served on new vouchers.
    function test_attack_anOldConsentClosesNoNewChannel() public {
        open(1000);
        CloseConsent memory c = consent();
        bytes memory signature = signConsent(c);
        requestClose();
        rollBy(CHALLENGE);
        channels.close(client, miner);
        open(500);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.WrongNonce.selector, miner, 0, 1));
        vm.prank(client);
        channels.closeWithConsent(c, signature);
        vm.prank(miner);
        channels.close(client, miner);
        open(100);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.WrongNonce.selector, miner, 0, 2));
        vm.prank(client);
        channels.closeWithConsent(c, signature);
        assertChannel(100, 0, 0);
    }

    function test_attack_aConsentClosesNoOtherChannel() public {
        open(1000);
        depositBy(stranger, stranger, 1000);
        CloseConsent memory c = consent();
        bytes memory signature = signConsent(c);
        c.client = stranger;
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotSigner.selector, miner, stranger));
        vm.prank(stranger);
        channels.closeWithConsent(c, signature);
    }

    /// @dev Request and consent have the same fields; whoever signs one has not signed the other.
    function test_attack_aRequestIsNoConsent() public {
        // The miner is a client of the client's too, so that names and nonces agree.
        stock(miner, 100);
        vm.prank(miner);
        channels.deposit(miner, client, 100);
        open(1000);
        CloseRequest memory r = CloseRequest(miner, client, 0, uint64(block_()));
        bytes memory request = sign(MINER_KEY, channels.closeRequestDigest(r));
        CloseConsent memory c = CloseConsent(client, miner, 0, r.executeBy);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotSigner.selector, miner, client));
        vm.prank(client);
        channels.closeWithConsent(c, request);
        c = CloseConsent(miner, client, 0, r.executeBy);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotSigner.selector, client, stranger));
        vm.prank(stranger);
        channels.closeWithConsent(c, request);
    }

    function test_attack_signedMessagesOfAnotherChain() public {
        open(1000);
        redeem(100);
        CloseRequest memory r = closeRequest();
        CloseConsent memory c = consent();
        Withdrawal memory w = withdrawal(miner, miner);
        Deposit memory d = depositTerms(1);
        bytes[4] memory signatures = [signRequest(r), signConsent(c), signWithdrawal(MINER_KEY, w), signDeposit(d)];
        vm.chainId(5);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotSigner.selector, client, address(this)));
        channels.requestCloseFor(r, signatures[0]);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotSigner.selector, miner, address(this)));
        channels.closeWithConsent(c, signatures[1]);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotSigner.selector, miner, address(this)));
        channels.withdrawFor(w, signatures[2]);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotSigner.selector, client, address(this)));
        channels.depositWithPermit(d, signatures[3], noPermit());
    }

    // ---------------------------------------------------------------- tokens

    function test_attack_aBlacklistedOwnerBlocksNobodyElse() public {
        BlacklistToken odd = new BlacklistToken();
        setUpChannels(odd);
        open(1000);
        depositBy(stranger, stranger, 1000);
        odd.blacklist(miner);
        SignedVoucher[] memory batch = new SignedVoucher[](2);
        batch[0] = voucher(400);
        batch[1] = voucherOf(stranger, STRANGER_KEY, miner, 100);
        channels.redeem(batch);
        assertBalance(miner, 500);
        requestClose();
        rollBy(CHALLENGE);
        channels.close(client, miner);
        assertEq(withdrawBy(client), 600);
        vm.expectRevert(bytes("blacklisted"));
        withdrawBy(miner);
        // It can still be paid elsewhere.
        vm.prank(miner);
        assertEq(channels.withdraw(actor("to")), 500);
    }

    function reenter(bytes memory call_) private returns (bool) {
        ReentrantToken odd = new ReentrantToken();
        setUpChannels(odd);
        // The token itself has a balance and a channel: its callbacks are acts of its own.
        odd.mint(address(odd), 1000);
        vm.prank(address(odd));
        odd.approve(address(channels), 1000);
        vm.prank(address(odd));
        channels.deposit(address(odd), address(odd), 500);
        vm.prank(address(odd));
        channels.close(address(odd), address(odd));
        vm.prank(address(odd));
        channels.deposit(address(odd), address(odd), 200);
        odd.attack(address(channels), call_);
        open(1000);
        assertTrue(odd.attempted());
        assertChannel(1000, 0, 0);
        assertEq(
            odd.balanceOf(address(channels)),
            1000 + uint256(channels.channel(address(odd), address(odd)).left) + channels.balanceOf(address(odd)),
            "conservation"
        );
        return odd.succeeded();
    }

    function test_attack_reentrancy() public {
        assertFalse(reenter(abi.encodeCall(IPaymentChannels.withdraw, (stranger))));
        assertFalse(reenter(abi.encodeCall(IPaymentChannels.deposit, (client, miner, 1))));
        // What only moves ledger entries may be called from within; the sums are the same.
        address odd = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        assertTrue(reenter(abi.encodeCall(IPaymentChannels.close, (odd, odd))));
        odd = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        assertTrue(reenter(abi.encodeCall(IPaymentChannels.requestClose, (odd))));
    }

    function test_attack_aWithdrawalIsNotReentered() public {
        ReentrantToken odd = new ReentrantToken();
        setUpChannels(odd);
        open(1000);
        depositBy(stranger, address(odd), 500);
        vm.prank(miner);
        channels.close(address(odd), miner);
        redeem(300);
        odd.attack(address(channels), abi.encodeCall(IPaymentChannels.withdraw, (address(odd))));
        assertEq(withdrawBy(miner), 300);
        assertTrue(odd.attempted() && !odd.succeeded());
        assertEq(odd.balanceOf(address(channels)), 1200);
    }
}

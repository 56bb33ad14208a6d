// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
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
import {FalseToken, FeeToken, PhantomPermitToken} from "../utils/OddTokens.sol";
import {DirtyWallet, GreedyWallet, LongWindedWallet, ShortWallet, Wallet} from "../utils/Wallets.sol";

/// @notice What each function does, and each of its refusals.
contract PaymentChannelsTest is ChannelFixture {
    function setUp() public {
        setUpChannels(new DevToken());
    }

    // ---------------------------------------------------------------- construction

    function test_constructor_keepsWhatItWasGiven() public view {
        assertEq(channels.token(), address(token));
        assertEq(channels.challengeBlocks(), CHALLENGE);
    }

    /// @dev A call of its own: a deployment that reverts as expected would otherwise end the test there and then.
    function deploy(address token_, uint32 challengeBlocks) external returns (IPaymentChannels) {
        return deployChannels(token_, challengeBlocks);
    }

    function test_constructor_revertsIfBadParameter() public {
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.BadParameter.selector, "token", uint256(uint160(client)))
        );
        this.deploy(client, CHALLENGE);
        // With one block there would be none in which the miner can answer.
        uint32[3] memory bad = [0, 1, uint32(31_536_001)];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.BadParameter.selector, "challengeBlocks", bad[i]));
            this.deploy(address(token), bad[i]);
        }
        deployChannels(address(token), 2);
        deployChannels(address(token), 31_536_000);
    }

    function test_codeSize_leavesRoom() public view {
        // 15 % below EIP-170's 24,576 bytes.
        assertLe(address(channels).code.length, 20_889, "PaymentChannels");
    }

    // ---------------------------------------------------------------- deposit

    function test_deposit_opensAndTopsUp() public {
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Deposited(client, miner, client, 400, 400);
        open(400);
        assertChannel(400, 0, 0);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Deposited(client, miner, client, 100, 500);
        open(100);
        assertChannel(500, 0, 0);
        assertEq(token.balanceOf(client), FUNDS - 500);
        assertConserved();
    }

    function test_deposit_byAnybodyForAClient() public {
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Deposited(client, miner, stranger, 300, 300);
        depositBy(stranger, client, 300);
        assertChannel(300, 0, 0);
        assertEq(token.balanceOf(stranger), FUNDS - 300);
        assertEq(token.balanceOf(client), FUNDS);
    }

    function test_deposit_revertsIfZeroAmount() public {
        vm.expectRevert(IPaymentChannels.ZeroAmount.selector);
        open(0);
    }

    function test_deposit_revertsIfZeroAddress() public {
        vm.expectRevert(IPaymentChannels.ZeroAddress.selector);
        depositBy(client, address(0), 1);
        vm.expectRevert(IPaymentChannels.ZeroAddress.selector);
        vm.prank(client);
        channels.deposit(client, address(0), 1);
    }

    function test_deposit_revertsIfTooMuch() public {
        // All that the contract may ever hold is 2^96 - 1, whoever sent it and however.
        token.mint(address(channels), uint256(type(uint96).max) - 999);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.TooMuch.selector, uint256(type(uint96).max) + 1));
        open(1000);
        open(999);
    }

    function test_deposit_revertsIfTokenTakesFee() public {
        setUpChannels(new FeeToken());
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.TransferAmountMismatch.selector, 1000, 990));
        open(1000);
    }

    function test_deposit_revertsIfTokenAnswersFalse() public {
        FalseToken odd = new FalseToken();
        setUpChannels(odd);
        odd.setRefusing(true);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(odd)));
        open(1000);
    }

    function test_deposit_byTheClientTakesItsRequestBack() public {
        open(400);
        requestClose();
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Reopened(client, miner);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Deposited(client, miner, client, 1, 401);
        open(1);
        assertChannel(401, 0, 0);
        rollBy(CHALLENGE);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotClosing.selector, client, miner));
        channels.close(client, miner);
    }

    function test_deposit_revertsIfOthersPayIntoAClosingChannel() public {
        open(400);
        requestClose();
        bytes memory closing =
            abi.encodeWithSelector(IPaymentChannels.ChannelClosing.selector, client, miner, block_() + CHALLENGE);
        vm.expectRevert(closing);
        depositBy(stranger, client, 1);
        rollBy(CHALLENGE);
        vm.expectRevert(closing);
        depositBy(stranger, client, 1);
        channels.close(client, miner);
        depositBy(stranger, client, 1);
    }

    // ---------------------------------------------------------------- depositWithPermit

    function dropAllowance() private {
        vm.prank(client);
        token.approve(address(channels), 0);
    }

    function test_depositWithPermit_needsNoEther() public {
        dropAllowance();
        Deposit memory d = depositTerms(300);
        bytes memory signature = signDeposit(d);
        Permit memory p = permit(300);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Deposited(client, miner, client, 300, 300);
        vm.prank(stranger);
        channels.depositWithPermit(d, signature, p);
        assertChannel(300, 0, 0);
        assertEq(channels.nonce(client, miner), 1);
        assertEq(token.balanceOf(client), FUNDS - 300);
        assertEq(token.balanceOf(stranger), FUNDS);
    }

    function test_depositWithPermit_byTheClientNeedsNoSignature() public {
        dropAllowance();
        Deposit memory d = depositTerms(300);
        Permit memory p = permit(300);
        vm.prank(client);
        channels.depositWithPermit(d, "", p);
        assertChannel(300, 0, 0);
    }

    function test_depositWithPermit_survivesAFrontRunPermit() public {
        dropAllowance();
        Deposit memory d = depositTerms(300);
        bytes memory signature = signDeposit(d);
        Permit memory p = permit(300);
        token.permit(client, address(channels), 300, p.deadline, p.v, p.r, p.s);
        channels.depositWithPermit(d, signature, noPermit());
        assertChannel(300, 0, 0);
    }

    function test_depositWithPermit_ofAWalletWithAnAllowance() public {
        address wallet = actor("wallet");
        Deposit memory d = Deposit(wallet, miner, 300, 0, uint64(block_()));
        vm.etch(wallet, address(new Wallet(channels.depositDigest(d))).code);
        stock(wallet, 300);
        channels.depositWithPermit(d, "", noPermit());
        assertEq(channels.channel(wallet, miner).left, 300, "left");
    }

    function test_depositWithPermit_reopens() public {
        open(400);
        requestClose();
        Deposit memory d = depositTerms(1);
        channels.depositWithPermit(d, signDeposit(d), noPermit());
        assertChannel(401, 0, 0);
    }

    function test_depositWithPermit_revertsIfPermitAndAllowanceFail() public {
        dropAllowance();
        Deposit memory d = depositTerms(300);
        bytes memory signature = signDeposit(d);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.PermitFailed.selector, client));
        channels.depositWithPermit(d, signature, noPermit());
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.PermitFailed.selector, client));
        vm.prank(client);
        channels.depositWithPermit(d, "", noPermit());
    }

    function test_depositWithPermit_revertsIfTheTokenOnlySwallowsPermits() public {
        setUpChannels(DevToken(address(new PhantomPermitToken())));
        Deposit memory d = depositTerms(300);
        // A stranger cannot use the allowance without the client's signature.
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotSigner.selector, client, stranger));
        vm.prank(stranger);
        channels.depositWithPermit(d, "", noPermit());
        bytes memory signature = signDeposit(d);
        vm.prank(stranger);
        channels.depositWithPermit(d, signature, noPermit());
        assertChannel(300, 0, 0);
        dropAllowance();
        d = depositTerms(300);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(channels), 0, 300)
        );
        vm.prank(client);
        channels.depositWithPermit(d, "", noPermit());
        assertChannel(300, 0, 0);
    }

    function test_depositWithPermit_revertsIfSignatureExpired() public {
        Deposit memory d = depositTerms(300);
        bytes memory signature = signDeposit(d);
        vm.roll(d.executeBy + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.SignatureExpired.selector, d.executeBy, d.executeBy + 1)
        );
        channels.depositWithPermit(d, signature, noPermit());
        vm.roll(d.executeBy);
        channels.depositWithPermit(d, signature, noPermit());
    }

    function test_depositWithPermit_revertsIfWrongNonce() public {
        Deposit memory d = depositTerms(300);
        d.nonce = 1;
        bytes memory signature = signDeposit(d);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.WrongNonce.selector, client, 1, 0));
        channels.depositWithPermit(d, signature, noPermit());
    }

    function test_depositWithPermit_revertsIfAnythingIsNotAsSigned() public {
        Deposit memory d = depositTerms(300);
        bytes memory signature = signDeposit(d);
        for (uint256 i = 0; i < 4; ++i) {
            Deposit memory other = depositTerms(300);
            if (i == 0) other.miner = stranger;
            else if (i == 1) other.amount = 301;
            else if (i == 2) other.executeBy += 1;
            else other.client = stranger;
            vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotSigner.selector, other.client, address(this)));
            channels.depositWithPermit(other, signature, noPermit());
        }
        channels.depositWithPermit(d, signature, noPermit());
    }

    function test_depositWithPermit_revertsIfZeroAmountOrMiner() public {
        Deposit memory d = depositTerms(0);
        vm.expectRevert(IPaymentChannels.ZeroAmount.selector);
        vm.prank(client);
        channels.depositWithPermit(d, "", noPermit());
        d = Deposit(client, address(0), 1, 0, uint64(block_()));
        vm.expectRevert(IPaymentChannels.ZeroAddress.selector);
        vm.prank(client);
        channels.depositWithPermit(d, "", noPermit());
    }

    // ---------------------------------------------------------------- redeem

    function test_redeem_paysTheDifference() public {
        open(1000);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Redeemed(client, miner, 300, 300);
        vm.prank(stranger);
        channels.redeem(one(voucher(300)));
        assertChannel(700, 300, 0);
        assertBalance(miner, 300);
        assertBalance(stranger, 0);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Redeemed(client, miner, 150, 450);
        redeem(450);
        assertBalance(miner, 450);
        assertConserved();
    }

    /// @dev A miner is never worse off for having redeemed early or for a channel that was too small.
    function test_redeem_paysWhatIsThereAndTheRestAfterADeposit() public {
        open(1000);
        redeem(1500);
        assertChannel(0, 1000, 0);
        assertBalance(miner, 1000);
        assertEq(uint256(redeem(voucher(1500))), uint256(VoucherSkip.ChannelEmpty));
        open(2000);
        redeem(1500);
        assertChannel(1500, 1500, 0);
        assertBalance(miner, 1500);
        assertEq(uint256(redeem(voucher(1500))), uint256(VoucherSkip.NothingNew));
    }

    function test_redeem_aBatchPassesOverBadOnes() public {
        address other = vm.addr(7);
        stock(other, 100);
        vm.prank(other);
        channels.deposit(other, miner, 100);
        open(1000);
        SignedVoucher[] memory batch = new SignedVoucher[](7);
        batch[0] = voucher(100);
        batch[1] = voucher(100);
        batch[2] = voucher(90);
        batch[3] = voucher(200);
        batch[3].voucher.total = 201;
        batch[4] = voucherOf(stranger, STRANGER_KEY, miner, 5);
        batch[5] = voucherOf(other, 7, miner, 60);
        batch[6] = voucher(250);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Redeemed(client, miner, 100, 100);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.VoucherSkipped(client, miner, 100, VoucherSkip.NothingNew);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.VoucherSkipped(client, miner, 90, VoucherSkip.NothingNew);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.VoucherSkipped(client, miner, 201, VoucherSkip.BadSignature);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.VoucherSkipped(stranger, miner, 5, VoucherSkip.ChannelEmpty);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Redeemed(other, miner, 60, 60);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Redeemed(client, miner, 150, 250);
        VoucherSkip[] memory reasons = channels.redeem(batch);
        uint8[7] memory expected = [0, 1, 1, 3, 2, 0, 0];
        for (uint256 i = 0; i < 7; ++i) {
            assertEq(uint256(reasons[i]), expected[i]);
        }
        assertBalance(miner, 310);
    }

    function test_redeem_nothing() public {
        assertEq(channels.redeem(new SignedVoucher[](0)).length, 0);
    }

    function test_redeem_afterTheChallengePeriodAsLongAsSomethingIsLeft() public {
        open(1000);
        requestClose();
        rollBy(CHALLENGE + 5);
        redeem(400);
        channels.close(client, miner);
        assertBalance(miner, 400);
        assertBalance(client, 600);
    }

    function test_redeem_theMostThereIs() public {
        token.mint(client, type(uint96).max - token.totalSupply());
        uint96 all = uint96(token.balanceOf(client));
        vm.prank(client);
        token.approve(address(channels), all);
        open(all);
        redeem(type(uint96).max);
        assertBalance(miner, all);
        assertChannel(0, all, 0);
    }

    function test_redeem_ofAWallet() public {
        address wallet = actor("wallet");
        Voucher memory v = Voucher(wallet, miner, 70);
        vm.etch(wallet, address(new Wallet(channels.voucherDigest(v))).code);
        depositBy(stranger, wallet, 100);
        assertEq(uint256(redeem(SignedVoucher(v, "anything"))), uint256(VoucherSkip.None));
        assertBalance(miner, 70);
        v.total = 71;
        assertEq(uint256(redeem(SignedVoucher(v, "anything"))), uint256(VoucherSkip.BadSignature));
    }

    /// @dev A wallet that burns what it is given, or answers oddly, costs a bounded sum and sinks no batch.
    function test_redeem_oddWalletsSinkNoBatch() public {
        address[4] memory code = [
            address(new GreedyWallet()),
            address(new LongWindedWallet()),
            address(new ShortWallet()),
            address(new DirtyWallet())
        ];
        SignedVoucher[] memory batch = new SignedVoucher[](5);
        for (uint256 i = 0; i < 4; ++i) {
            address wallet = vm.addr(100 + i);
            vm.etch(wallet, code[i].code);
            depositBy(stranger, wallet, 100);
            batch[i] = SignedVoucher(Voucher(wallet, miner, 10), "");
        }
        open(1000);
        batch[4] = voucher(5);
        uint256 before = gasleft();
        VoucherSkip[] memory reasons = channels.redeem(batch);
        assertLe(before - gasleft(), 1_000_000, "gas");
        assertEq(uint256(reasons[0]), uint256(VoucherSkip.BadSignature));
        // Only one word of an answer is read.
        assertEq(uint256(reasons[1]), uint256(VoucherSkip.None));
        assertEq(uint256(reasons[2]), uint256(VoucherSkip.BadSignature));
        assertEq(uint256(reasons[3]), uint256(VoucherSkip.BadSignature));
        assertEq(uint256(reasons[4]), uint256(VoucherSkip.None));
        assertBalance(miner, 15);
    }

    // ---------------------------------------------------------------- closing

    function test_requestClose_thenCloseByAnybody() public {
        open(1000);
        uint256 due = block_() + CHALLENGE;
        vm.expectEmit(address(channels));
        emit IPaymentChannels.CloseRequested(client, miner, uint40(due));
        requestClose();
        assertChannel(1000, 0, due);
        redeem(400);
        assertChannel(600, 400, due);
        vm.roll(due - 1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.CloseNotDue.selector, due, due - 1));
        channels.close(client, miner);
        vm.roll(due);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Closed(client, miner, 600);
        vm.prank(stranger);
        channels.close(client, miner);
        assertChannel(0, 400, 0);
        assertBalance(client, 600);
        assertBalance(miner, 400);
        assertConserved();
    }

    function test_requestClose_revertsIfChannelEmpty() public {
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.ChannelEmpty.selector, client, miner));
        requestClose();
        // Only the client's own channel is meant.
        open(10);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.ChannelEmpty.selector, miner, miner));
        vm.prank(miner);
        channels.requestClose(miner);
    }

    function test_requestClose_revertsIfClosingAlready() public {
        open(10);
        requestClose();
        uint256 due = block_() + CHALLENGE;
        rollBy(1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.ChannelClosing.selector, client, miner, due));
        requestClose();
    }

    function test_requestCloseFor_relayedByAnybody() public {
        open(10);
        CloseRequest memory r = closeRequest();
        bytes memory signature = signRequest(r);
        vm.prank(stranger);
        channels.requestCloseFor(r, signature);
        assertChannel(10, 0, block_() + CHALLENGE);
        assertEq(channels.nonce(client, miner), 1);
    }

    function test_requestCloseFor_byTheClientNeedsNoSignature() public {
        open(10);
        CloseRequest memory r = closeRequest();
        vm.prank(client);
        channels.requestCloseFor(r, "");
        assertChannel(10, 0, block_() + CHALLENGE);
    }

    function test_requestCloseFor_reverts() public {
        open(10);
        CloseRequest memory r = closeRequest();
        bytes memory signature = signRequest(r);
        bytes memory forged = sign(STRANGER_KEY, channels.closeRequestDigest(r));
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotSigner.selector, client, stranger));
        vm.prank(stranger);
        channels.requestCloseFor(r, forged);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotSigner.selector, client, miner));
        vm.prank(miner);
        channels.requestCloseFor(r, "");
        vm.roll(r.executeBy + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.SignatureExpired.selector, r.executeBy, r.executeBy + 1)
        );
        channels.requestCloseFor(r, signature);
        vm.roll(r.executeBy);
        channels.requestCloseFor(r, signature);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.WrongNonce.selector, client, 0, 1));
        channels.requestCloseFor(r, signature);
        r = closeRequest();
        signature = signRequest(r);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.ChannelClosing.selector, client, miner, block_() + CHALLENGE)
        );
        channels.requestCloseFor(r, signature);
    }

    function test_requestCloseFor_revertsIfChannelEmpty() public {
        CloseRequest memory r = closeRequest();
        bytes memory signature = signRequest(r);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.ChannelEmpty.selector, client, miner));
        channels.requestCloseFor(r, signature);
        assertEq(channels.nonce(client, miner), 0, "what was refused is not used up");
    }

    function test_close_byTheMinerAtAnyTime() public {
        open(1000);
        redeem(300);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Closed(client, miner, 700);
        vm.prank(miner);
        channels.close(client, miner);
        assertChannel(0, 300, 0);
        assertBalance(client, 700);
        open(50);
        requestClose();
        vm.prank(miner);
        channels.close(client, miner);
        assertBalance(client, 750);
        assertChannel(0, 300, 0);
    }

    function test_close_ofAnEmptiedChannelEndsItsClosing() public {
        open(100);
        requestClose();
        redeem(100);
        rollBy(CHALLENGE);
        channels.close(client, miner);
        assertChannel(0, 100, 0);
        assertBalance(client, 0);
        depositBy(stranger, client, 5);
    }

    function test_close_revertsIfNotClosing() public {
        open(1000);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotClosing.selector, client, miner));
        vm.prank(client);
        channels.close(client, miner);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotClosing.selector, client, miner));
        vm.prank(stranger);
        channels.close(client, miner);
    }

    function test_closeWithConsent_atOnce() public {
        open(1000);
        redeem(300);
        CloseConsent memory c = consent();
        bytes memory signature = signConsent(c);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Closed(client, miner, 700);
        vm.prank(client);
        channels.closeWithConsent(c, signature);
        assertChannel(0, 300, 0);
        assertBalance(client, 700);
        assertEq(channels.nonce(miner, client), 1);
    }

    function test_closeWithConsent_byTheMinerNeedsNoSignature() public {
        open(1000);
        CloseConsent memory c = consent();
        vm.prank(miner);
        channels.closeWithConsent(c, "");
        assertBalance(client, 1000);
    }

    function test_closeWithConsent_reverts() public {
        open(1000);
        CloseConsent memory c = consent();
        bytes memory signature = signConsent(c);
        bytes memory forged = sign(CLIENT_KEY, channels.closeConsentDigest(c));
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotSigner.selector, miner, client));
        vm.prank(client);
        channels.closeWithConsent(c, forged);
        vm.roll(c.executeBy + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.SignatureExpired.selector, c.executeBy, c.executeBy + 1)
        );
        channels.closeWithConsent(c, signature);
        vm.roll(c.executeBy);
        channels.closeWithConsent(c, signature);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.WrongNonce.selector, miner, 0, 1));
        channels.closeWithConsent(c, signature);
    }

    // ---------------------------------------------------------------- paying out

    function test_withdraw_paysAll() public {
        open(1000);
        redeem(300);
        address to = actor("to");
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Withdrawn(miner, to, 300);
        vm.prank(miner);
        assertEq(channels.withdraw(to), 300);
        assertEq(token.balanceOf(to), 300);
        assertBalance(miner, 0);
        assertConserved();
    }

    function test_withdraw_revertsIfZeroAmount() public {
        vm.expectRevert(IPaymentChannels.ZeroAmount.selector);
        withdrawBy(miner);
    }

    function test_withdraw_revertsIfBadRecipient() public {
        open(1000);
        redeem(300);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.BadRecipient.selector, address(0)));
        vm.prank(miner);
        channels.withdraw(address(0));
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.BadRecipient.selector, address(channels)));
        vm.prank(miner);
        channels.withdraw(address(channels));
    }

    function test_withdraw_revertsIfTokenAnswersFalse() public {
        FalseToken odd = new FalseToken();
        setUpChannels(odd);
        open(1000);
        redeem(300);
        odd.setRefusing(true);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(odd)));
        withdrawBy(miner);
        assertBalance(miner, 300);
        odd.setRefusing(false);
        assertEq(withdrawBy(miner), 300);
    }

    function test_withdrawFor_relayedByAnybody() public {
        open(1000);
        vm.prank(miner);
        channels.close(client, miner);
        Withdrawal memory w = withdrawal(client, actor("to"));
        bytes memory signature = signWithdrawal(CLIENT_KEY, w);
        vm.prank(stranger);
        assertEq(channels.withdrawFor(w, signature), 1000);
        assertEq(token.balanceOf(w.to), 1000);
        assertEq(channels.nonce(client, address(0)), 1);
    }

    function test_withdrawFor_reverts() public {
        open(1000);
        redeem(300);
        Withdrawal memory w = withdrawal(miner, miner);
        bytes memory signature = signWithdrawal(MINER_KEY, w);
        // Nobody sends it elsewhere.
        w.to = stranger;
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NotSigner.selector, miner, stranger));
        vm.prank(stranger);
        channels.withdrawFor(w, signature);
        w.to = miner;
        vm.roll(w.executeBy + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.SignatureExpired.selector, w.executeBy, w.executeBy + 1)
        );
        channels.withdrawFor(w, signature);
        vm.roll(w.executeBy);
        channels.withdrawFor(w, signature);
        redeem(400);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.WrongNonce.selector, miner, 0, 1));
        channels.withdrawFor(w, signature);
        w = withdrawal(miner, address(channels));
        signature = signWithdrawal(MINER_KEY, w);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.BadRecipient.selector, address(channels)));
        channels.withdrawFor(w, signature);
        w = withdrawal(stranger, stranger);
        signature = signWithdrawal(STRANGER_KEY, w);
        vm.expectRevert(IPaymentChannels.ZeroAmount.selector);
        channels.withdrawFor(w, signature);
    }
}

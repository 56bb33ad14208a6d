// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DevToken} from "../../src/dev/DevToken.sol";
import {IPaymentChannels} from "../../src/interfaces/IPaymentChannels.sol";
import {
    Channel,
    CloseConsent,
    CloseRequest,
    Deposit,
    Permit,
    SignedVoucher,
    Voucher,
    VoucherSkip,
    Withdrawal
} from "../../src/types/ChannelTypes.sol";
import {Test} from "./Test.sol";

/// @notice Channels over a token that client and miner hold, and what both sign off chain.
abstract contract ChannelFixture is Test {
    uint256 internal constant CLIENT_KEY = uint256(keccak256("client"));
    uint256 internal constant MINER_KEY = uint256(keccak256("miner"));
    uint256 internal constant STRANGER_KEY = uint256(keccak256("stranger"));
    uint256 internal constant START_BLOCK = 10_000;
    uint32 internal constant CHALLENGE = 20;
    uint96 internal constant FUNDS = 1_000_000;

    DevToken internal token;
    IPaymentChannels internal channels;
    address internal client;
    address internal miner;
    address internal stranger;

    function setUpChannels(DevToken token_) internal {
        vm.roll(START_BLOCK);
        client = actor("client");
        miner = actor("miner");
        stranger = actor("stranger");
        token = token_;
        channels = deployChannels(address(token), CHALLENGE);
        stock(client, FUNDS);
        stock(stranger, FUNDS);
    }

    function deployChannels(address token_, uint32 challengeBlocks) internal returns (IPaymentChannels) {
        return IPaymentChannels(vm.deployCode("PaymentChannels", abi.encode(token_, challengeBlocks)));
    }

    /// @notice Tokens with an allowance for just as many.
    function stock(address account, uint256 amount) internal {
        token.mint(account, amount);
        vm.prank(account);
        token.approve(address(channels), amount);
    }

    function block_() internal view returns (uint256) {
        return vm.getBlockNumber();
    }

    function rollBy(uint256 blocks) internal {
        vm.roll(block_() + blocks);
    }

    // ---------------------------------------------------------------- acting

    function depositBy(address from, address client_, uint96 amount) internal {
        vm.prank(from);
        channels.deposit(client_, miner, amount);
    }

    function open(uint96 amount) internal {
        depositBy(client, client, amount);
    }

    function requestClose() internal {
        vm.prank(client);
        channels.requestClose(miner);
    }

    function withdrawBy(address account) internal returns (uint96) {
        vm.prank(account);
        return channels.withdraw(account);
    }

    // ---------------------------------------------------------------- signing

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function voucher(uint96 total) internal view returns (SignedVoucher memory) {
        return voucherOf(client, CLIENT_KEY, miner, total);
    }

    function voucherOf(address client_, uint256 key, address miner_, uint96 total)
        internal
        view
        returns (SignedVoucher memory)
    {
        Voucher memory v = Voucher(client_, miner_, total);
        return SignedVoucher(v, sign(key, channels.voucherDigest(v)));
    }

    function one(SignedVoucher memory v) internal pure returns (SignedVoucher[] memory batch) {
        batch = new SignedVoucher[](1);
        batch[0] = v;
    }

    function redeem(SignedVoucher memory v) internal returns (VoucherSkip) {
        return channels.redeem(one(v))[0];
    }

    /// @notice Redeems the client's voucher, which must pay something.
    function redeem(uint96 total) internal {
        assertEq(uint256(redeem(voucher(total))), uint256(VoucherSkip.None), "skipped");
    }

    function depositTerms(uint96 amount) internal view returns (Deposit memory) {
        return Deposit(client, miner, amount, channels.nonce(client, miner), uint64(block_() + 100));
    }

    function signDeposit(Deposit memory d) internal view returns (bytes memory) {
        return sign(CLIENT_KEY, channels.depositDigest(d));
    }

    function permit(address owner, uint256 key, uint96 amount) internal view returns (Permit memory p) {
        bytes32 typeHash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 content =
            keccak256(abi.encode(typeHash, owner, address(channels), amount, token.nonces(owner), type(uint256).max));
        p.deadline = type(uint256).max;
        (p.v, p.r, p.s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), content)));
    }

    function permit(uint96 amount) internal view returns (Permit memory) {
        return permit(client, CLIENT_KEY, amount);
    }

    function noPermit() internal pure returns (Permit memory) {
        return Permit(type(uint256).max, 27, bytes32(uint256(1)), bytes32(uint256(1)));
    }

    function closeRequest() internal view returns (CloseRequest memory) {
        return CloseRequest(client, miner, channels.nonce(client, miner), uint64(block_() + 100));
    }

    function signRequest(CloseRequest memory r) internal view returns (bytes memory) {
        return sign(CLIENT_KEY, channels.closeRequestDigest(r));
    }

    function consent() internal view returns (CloseConsent memory) {
        return CloseConsent(client, miner, channels.nonce(miner, client), uint64(block_() + 100));
    }

    function signConsent(CloseConsent memory c) internal view returns (bytes memory) {
        return sign(MINER_KEY, channels.closeConsentDigest(c));
    }

    function withdrawal(address account, address to) internal view returns (Withdrawal memory) {
        return Withdrawal(account, to, channels.nonce(account, address(0)), uint64(block_() + 100));
    }

    function signWithdrawal(uint256 key, Withdrawal memory w) internal view returns (bytes memory) {
        return sign(key, channels.withdrawalDigest(w));
    }

    // ---------------------------------------------------------------- reading

    function state() internal view returns (Channel memory) {
        return channels.channel(client, miner);
    }

    function assertChannel(uint256 left, uint256 redeemed, uint256 closableAt) internal view {
        Channel memory c = state();
        assertEq(c.left, left, "left");
        assertEq(c.redeemed, redeemed, "redeemed");
        assertEq(c.closableAt, closableAt, "closableAt");
    }

    function assertBalance(address account, uint256 expected) internal view {
        assertEq(channels.balanceOf(account), expected, "balance");
    }

    /// @notice All that the contract holds belongs to the client's channel or to one of the three.
    function assertConserved() internal view {
        assertEq(
            token.balanceOf(address(channels)),
            uint256(state().left) + channels.balanceOf(client) + channels.balanceOf(miner)
                + channels.balanceOf(stranger),
            "conservation"
        );
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

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
} from "../types/ChannelTypes.sol";

/// @title Payment channels from clients to miners (Protocol §7).
/// @notice Immutable, no admin keys. Tokens move only in deposits and withdrawals; all else are ledger entries. What a signer may
/// send itself it can also sign for others to send, so that it needs no ether.
interface IPaymentChannels {
    /// @notice `left` is what the channel holds now.
    event Deposited(address indexed client, address indexed miner, address indexed from, uint96 amount, uint96 left);
    /// @notice From block `closableAt` on anyone may close; the miner redeems before.
    event CloseRequested(address indexed client, address indexed miner, uint40 closableAt);
    /// @notice The client has paid in again and thereby taken its request to close back.
    event Reopened(address indexed client, address indexed miner);
    /// @notice `refunded` went to the client's balance.
    event Closed(address indexed client, address indexed miner, uint96 refunded);
    /// @notice `paid` went to the miner's balance; `redeemed` is all that was ever paid from this client to it.
    event Redeemed(address indexed client, address indexed miner, uint96 paid, uint96 redeemed);
    /// @notice A voucher of a batch paid nothing.
    event VoucherSkipped(address indexed client, address indexed miner, uint96 total, VoucherSkip reason);
    event Withdrawn(address indexed account, address indexed to, uint96 amount);

    error BadParameter(string name, uint256 value);
    error ZeroAmount();
    error ZeroAddress();
    /// @notice Neither zero nor the channels themselves are paid.
    error BadRecipient(address to);
    /// @notice The contract keeps at most 2^96 - 1 token units, so that no ledger entry can overflow.
    error TooMuch(uint256 held);
    error TransferAmountMismatch(uint256 expected, uint256 received);
    error PermitFailed(address owner);
    /// @notice The client has asked to close; only its own deposit opens the channel again.
    error ChannelClosing(address client, address miner, uint256 closableAt);
    error ChannelEmpty(address client, address miner);
    /// @notice The client has not asked to close, and the sender is not the miner.
    error NotClosing(address client, address miner);
    error CloseNotDue(uint256 closableAt, uint256 currentBlock);
    error SignatureExpired(uint256 executeBy, uint256 currentBlock);
    error WrongNonce(address signer, uint256 nonce, uint256 expected);
    error NotSigner(address signer, address sender);

    // ================================================================ paying in
    /// @notice Opens a channel or tops it up, from the caller's tokens (ERC-20 allowance needed). Anyone; a client that pays in
    /// itself takes its request to close back, others cannot pay into a closing channel.
    function deposit(address client, address miner, uint96 amount) external;
    /// @notice The same from the client's tokens, whoever sends it, with the client's permit and, unless the client sends it, the
    /// client's signature: a permit alone does not say for which miner. A permit that fails is passed over when the allowance suffices.
    function depositWithPermit(Deposit calldata d, bytes calldata signature, Permit calldata permit) external;

    // ================================================================ being paid
    /// @notice Pays `total - redeemed` of each voucher to its miner's balance, as far as the channel reaches; the rest can be
    /// redeemed after a deposit. Anyone may send it. A bad voucher is passed over with an event.
    /// @return reasons for each voucher why it paid nothing, or None
    function redeem(SignedVoucher[] calldata vouchers) external returns (VoucherSkip[] memory reasons);

    // ================================================================ closing
    /// @notice The calling client asks to close; all that it has signed for this channel and nobody has sent yet is void, vouchers
    /// excepted.
    function requestClose(address miner) external;
    /// @notice The same, signed by the client. Anyone.
    function requestCloseFor(CloseRequest calldata r, bytes calldata signature) external;
    /// @notice Moves what is left to the client's balance: anyone, from `closableAt` on; the miner, at any time.
    function close(address client, address miner) external;
    /// @notice Moves what is left to the client's balance at once, as the miner signed. Anyone.
    function closeWithConsent(CloseConsent calldata c, bytes calldata signature) external;

    // ================================================================ paying out
    /// @notice Pays out all of the caller's balance.
    function withdraw(address to) external returns (uint96 amount);
    /// @notice The same, signed by the balance's owner. Anyone.
    function withdrawFor(Withdrawal calldata w, bytes calldata signature) external returns (uint96 amount);

    // ================================================================ views
    function token() external view returns (address);
    /// @notice Blocks from a request to close to the first in which it is carried out.
    function challengeBlocks() external view returns (uint32);
    function channel(address client, address miner) external view returns (Channel memory);
    /// @notice What `withdraw` would pay: a miner's earnings, and what clients got back.
    function balanceOf(address account) external view returns (uint96);
    /// @notice The nonce of the next message of `signer` that concerns `other`: the other side of the channel, or zero for a
    /// withdrawal.
    function nonce(address signer, address other) external view returns (uint256);
    function domainSeparator() external view returns (bytes32);
    /// @notice What is signed.
    function voucherDigest(Voucher calldata v) external view returns (bytes32);
    function depositDigest(Deposit calldata d) external view returns (bytes32);
    function closeRequestDigest(CloseRequest calldata r) external view returns (bytes32);
    function closeConsentDigest(CloseConsent calldata c) external view returns (bytes32);
    function withdrawalDigest(Withdrawal calldata w) external view returns (bytes32);
}

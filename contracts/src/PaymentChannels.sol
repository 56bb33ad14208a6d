// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IPaymentChannels} from "./interfaces/IPaymentChannels.sol";
import {ClientSignature} from "./libraries/ClientSignature.sol";
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
} from "./types/ChannelTypes.sol";

/// @title Payment channels (Protocol §7): one for each client and miner, which the client fills and vouchers empty.
/// @notice Invariants, in words; contracts/test/invariant holds them under random actions:
/// 1. Conservation: Σ left of all channels + Σ balances = tokens deposited and not withdrawn.
/// 2. What was redeemed of a channel never falls, whether it is closed or opened again, and never passes the highest total that its
///    client has signed for its miner: no voucher is paid twice.
/// 3. A channel's tokens go to its miner, by the client's voucher, or back to its client; nowhere else.
/// 4. They go back only by the miner's act or consent, or `challengeBlocks` after a request to close that still stands; until then,
///    and as long after as something is left, the miner redeems.
/// 5. A balance falls only by its owner's withdrawal, sent or signed by it.
/// 6. Nothing is stranded: whatever is in a channel its client can request, close and withdraw without anybody's help.
/// No token moves in redeem or close, so an owner that the token refuses to pay blocks nobody else.
contract PaymentChannels is IPaymentChannels, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    bytes32 private constant VOUCHER_TYPEHASH = keccak256("Voucher(address client,address miner,uint96 total)");
    bytes32 private constant DEPOSIT_TYPEHASH =
        keccak256("Deposit(address client,address miner,uint96 amount,uint256 nonce,uint64 executeBy)");
    bytes32 private constant CLOSE_REQUEST_TYPEHASH =
        keccak256("CloseRequest(address client,address miner,uint256 nonce,uint64 executeBy)");
    bytes32 private constant CLOSE_CONSENT_TYPEHASH =
        keccak256("CloseConsent(address client,address miner,uint256 nonce,uint64 executeBy)");
    bytes32 private constant WITHDRAWAL_TYPEHASH =
        keccak256("Withdrawal(address account,address to,uint256 nonce,uint64 executeBy)");
    /// @dev A year of one-second blocks: a client's tokens are not locked for longer by a slip of the deployer.
    uint32 private constant MAX_CHALLENGE_BLOCKS = 31_536_000;

    IERC20 private immutable TOKEN;
    /// @inheritdoc IPaymentChannels
    uint32 public immutable challengeBlocks;

    mapping(address client => mapping(address miner => Channel)) private _channels;
    mapping(address account => uint96) private _balances;
    mapping(address signer => mapping(address other => uint256)) private _nonces;

    /// @param token_ ERC-20 that is paid with
    /// @param challengeBlocks_ from a request to close to the first block in which it is carried out, at least 2: else there is no
    /// block in which the miner can answer
    constructor(address token_, uint32 challengeBlocks_) EIP712("Granary Channels", "1") {
        if (token_.code.length == 0) revert BadParameter("token", uint160(token_));
        if (challengeBlocks_ < 2 || challengeBlocks_ > MAX_CHALLENGE_BLOCKS) {
            revert BadParameter("challengeBlocks", challengeBlocks_);
        }
        TOKEN = IERC20(token_);
        challengeBlocks = challengeBlocks_;
    }

    // ================================================================ paying in

    /// @inheritdoc IPaymentChannels
    function deposit(address client, address miner, uint96 amount) external nonReentrant {
        pull(msg.sender, amount);
        fill(client, miner, msg.sender, amount);
    }

    /// @inheritdoc IPaymentChannels
    function depositWithPermit(Deposit calldata d, bytes calldata signature, Permit calldata permit)
        external
        nonReentrant
    {
        use(d.client, d.miner, d.nonce, d.executeBy, depositDigest(d), signature);
        // From here on the client has agreed to just this deposit, so an old allowance serves as well as the permit; and somebody
        // may have sent the permit first.
        try IERC20Permit(address(TOKEN))
            .permit(d.client, address(this), d.amount, permit.deadline, permit.v, permit.r, permit.s) {}
        catch {
            if (TOKEN.allowance(d.client, address(this)) < d.amount) revert PermitFailed(d.client);
        }
        pull(d.client, d.amount);
        fill(d.client, d.miner, d.client, d.amount);
    }

    /// @dev A token that takes a fee would leave the contract short of what it owes.
    function pull(address from, uint96 amount) private {
        if (amount == 0) revert ZeroAmount();
        uint256 before = TOKEN.balanceOf(address(this));
        TOKEN.safeTransferFrom(from, address(this), amount);
        uint256 held = TOKEN.balanceOf(address(this));
        if (held - before != amount) revert TransferAmountMismatch(amount, held - before);
        if (held > type(uint96).max) revert TooMuch(held);
    }

    /// @dev Were others' deposits to reopen a channel, a miner could keep a client's tokens for ever at a unit each time.
    function fill(address client, address miner, address from, uint96 amount) private {
        if (client == address(0) || miner == address(0)) revert ZeroAddress();
        Channel memory c = _channels[client][miner];
        if (c.closableAt != 0) {
            if (from != client) revert ChannelClosing(client, miner, c.closableAt);
            c.closableAt = 0;
            emit Reopened(client, miner);
        }
        c.left += amount;
        _channels[client][miner] = c;
        emit Deposited(client, miner, from, amount, c.left);
    }

    // ================================================================ being paid

    /// @inheritdoc IPaymentChannels
    function redeem(SignedVoucher[] calldata vouchers) external returns (VoucherSkip[] memory reasons) {
        reasons = new VoucherSkip[](vouchers.length);
        for (uint256 i = 0; i < vouchers.length; ++i) {
            Voucher calldata v = vouchers[i].voucher;
            Channel memory c = _channels[v.client][v.miner];
            VoucherSkip reason = refusal(c, v, vouchers[i].signature);
            if (reason == VoucherSkip.None) pay(c, v);
            else emit VoucherSkipped(v.client, v.miner, v.total, reason);
            reasons[i] = reason;
        }
    }

    /// @dev Why a voucher pays nothing now; the signature, which costs most, last.
    function refusal(Channel memory c, Voucher calldata v, bytes calldata signature)
        private
        view
        returns (VoucherSkip)
    {
        if (v.total <= c.redeemed) return VoucherSkip.NothingNew;
        if (c.left == 0) return VoucherSkip.ChannelEmpty;
        if (!ClientSignature.isValid(v.client, voucherDigest(v), signature)) return VoucherSkip.BadSignature;
        return VoucherSkip.None;
    }

    function pay(Channel memory c, Voucher calldata v) private {
        uint96 owed = v.total - c.redeemed;
        uint96 paid = owed < c.left ? owed : c.left;
        c.left -= paid;
        c.redeemed += paid;
        _channels[v.client][v.miner] = c;
        _balances[v.miner] += paid;
        emit Redeemed(v.client, v.miner, paid, c.redeemed);
    }

    // ================================================================ closing

    /// @inheritdoc IPaymentChannels
    function requestClose(address miner) external {
        // Else a deposit that the client signed before could be sent now and open the channel again.
        ++_nonces[msg.sender][miner];
        startClosing(msg.sender, miner);
    }

    /// @inheritdoc IPaymentChannels
    function requestCloseFor(CloseRequest calldata r, bytes calldata signature) external {
        use(r.client, r.miner, r.nonce, r.executeBy, closeRequestDigest(r), signature);
        startClosing(r.client, r.miner);
    }

    function startClosing(address client, address miner) private {
        Channel storage c = _channels[client][miner];
        if (c.left == 0) revert ChannelEmpty(client, miner);
        // Asking again would only put the end off.
        if (c.closableAt != 0) revert ChannelClosing(client, miner, c.closableAt);
        c.closableAt = uint40(block.number + challengeBlocks);
        emit CloseRequested(client, miner, c.closableAt);
    }

    /// @inheritdoc IPaymentChannels
    function close(address client, address miner) external {
        if (msg.sender != miner) {
            uint256 closableAt = _channels[client][miner].closableAt;
            if (closableAt == 0) revert NotClosing(client, miner);
            if (block.number < closableAt) revert CloseNotDue(closableAt, block.number);
        }
        // A consent is for the channel as it was; the next one must not be closed with it.
        ++_nonces[miner][client];
        finish(client, miner);
    }

    /// @inheritdoc IPaymentChannels
    function closeWithConsent(CloseConsent calldata c, bytes calldata signature) external {
        use(c.miner, c.client, c.nonce, c.executeBy, closeConsentDigest(c), signature);
        finish(c.client, c.miner);
    }

    function finish(address client, address miner) private {
        Channel storage c = _channels[client][miner];
        uint96 refunded = c.left;
        c.left = 0;
        c.closableAt = 0;
        _balances[client] += refunded;
        emit Closed(client, miner, refunded);
    }

    // ================================================================ paying out

    /// @inheritdoc IPaymentChannels
    function withdraw(address to) external nonReentrant returns (uint96 amount) {
        return payOut(msg.sender, to);
    }

    /// @inheritdoc IPaymentChannels
    function withdrawFor(Withdrawal calldata w, bytes calldata signature) external nonReentrant returns (uint96) {
        use(w.account, address(0), w.nonce, w.executeBy, withdrawalDigest(w), signature);
        return payOut(w.account, w.to);
    }

    function payOut(address account, address to) private returns (uint96 amount) {
        // What the contract sends to itself would belong to nobody.
        if (to == address(0) || to == address(this)) revert BadRecipient(to);
        amount = _balances[account];
        if (amount == 0) revert ZeroAmount();
        _balances[account] = 0;
        emit Withdrawn(account, to, amount);
        TOKEN.safeTransfer(to, amount);
    }

    /// @dev Takes what `signer` has signed, once. Sent by the signer itself it needs no signature, and its nonce is used all the same:
    /// of what is signed and what is sent of the same one is done.
    function use(
        address signer,
        address other,
        uint256 nonce_,
        uint64 executeBy,
        bytes32 digest,
        bytes calldata signature
    ) private {
        if (block.number > executeBy) revert SignatureExpired(executeBy, block.number);
        uint256 expected = _nonces[signer][other];
        if (nonce_ != expected) revert WrongNonce(signer, nonce_, expected);
        _nonces[signer][other] = expected + 1;
        if (msg.sender != signer && !ClientSignature.isValid(signer, digest, signature)) {
            revert NotSigner(signer, msg.sender);
        }
    }

    // ================================================================ views

    /// @inheritdoc IPaymentChannels
    function token() external view returns (address) {
        return address(TOKEN);
    }

    /// @inheritdoc IPaymentChannels
    function channel(address client, address miner) external view returns (Channel memory) {
        return _channels[client][miner];
    }

    /// @inheritdoc IPaymentChannels
    function balanceOf(address account) external view returns (uint96) {
        return _balances[account];
    }

    /// @inheritdoc IPaymentChannels
    function nonce(address signer, address other) external view returns (uint256) {
        return _nonces[signer][other];
    }

    /// @inheritdoc IPaymentChannels
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @inheritdoc IPaymentChannels
    function voucherDigest(Voucher calldata v) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(VOUCHER_TYPEHASH, v)));
    }

    /// @inheritdoc IPaymentChannels
    function depositDigest(Deposit calldata d) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(DEPOSIT_TYPEHASH, d)));
    }

    /// @inheritdoc IPaymentChannels
    function closeRequestDigest(CloseRequest calldata r) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CLOSE_REQUEST_TYPEHASH, r)));
    }

    /// @inheritdoc IPaymentChannels
    function closeConsentDigest(CloseConsent calldata c) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CLOSE_CONSENT_TYPEHASH, c)));
    }

    /// @inheritdoc IPaymentChannels
    function withdrawalDigest(Withdrawal calldata w) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(WITHDRAWAL_TYPEHASH, w)));
    }
}

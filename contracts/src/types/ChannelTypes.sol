// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What one client keeps for one miner (Protocol §7.2); one slot.
/// @param left token units in the channel
/// @param redeemed token units that the miner was ever paid out of it; never falls, also when the channel is emptied
/// @param closableAt first block in which anyone may close it; 0 unless the client has asked for that
struct Channel {
    uint96 left;
    uint96 redeemed;
    uint40 closableAt;
}

/// @notice A client's promise (Protocol §7.3), signed as EIP-712 under the channels' domain.
/// @param total token units that the client owes the miner for everything so far, what was redeemed included
struct Voucher {
    address client;
    address miner;
    uint96 total;
}

/// @notice One voucher to redeem.
/// @param signature the client's: 65 bytes r‖s‖v, or whatever its wallet contract takes (ERC-1271)
struct SignedVoucher {
    Voucher voucher;
    bytes signature;
}

/// @notice Why a voucher of a batch paid nothing; the rest of the batch goes on.
enum VoucherSkip {
    None,
    NothingNew, // total ≤ redeemed
    ChannelEmpty, // nothing is left in the channel; redeemable again after a deposit
    BadSignature // not the client's signature over this voucher
}

/// @notice A client's deposit that others send (Protocol §7.2).
/// @param amount token units, from the client's wallet
/// @param nonce `nonce(client, miner)`
/// @param executeBy last block in which it may be sent
struct Deposit {
    address client;
    address miner;
    uint96 amount;
    uint256 nonce;
    uint64 executeBy;
}

/// @notice An ERC-2612 permit of a deposit's client for its amount, with the channels as spender.
/// @param deadline Unix seconds
struct Permit {
    uint256 deadline;
    uint8 v;
    bytes32 r;
    bytes32 s;
}

/// @notice A client's request to close, for others to send (Protocol §7.5).
/// @param nonce `nonce(client, miner)`
/// @param executeBy last block in which it may be sent
struct CloseRequest {
    address client;
    address miner;
    uint256 nonce;
    uint64 executeBy;
}

/// @notice A miner's consent to close at once (Protocol §7.5).
/// @param nonce `nonce(miner, client)`
/// @param executeBy last block in which it may be sent
struct CloseConsent {
    address client;
    address miner;
    uint256 nonce;
    uint64 executeBy;
}

/// @notice A wish to be paid out, for others to send (Protocol §7.6).
/// @param to where all of the account's balance goes
/// @param nonce `nonce(account, 0)`
/// @param executeBy last block in which it may be sent
struct Withdrawal {
    address account;
    address to;
    uint256 nonce;
    uint64 executeBy;
}

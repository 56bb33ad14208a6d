// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IMarketEvents} from "../interfaces/IMarketEvents.sol";
import {Account, WithdrawalPayout, WithdrawalRequest} from "../types/MarketTypes.sol";
import {ClientSignature} from "./ClientSignature.sol";
import {MarketState} from "./MarketState.sol";

/// @title How tokens leave an account, sent by its owner or relayed (Protocol §3.4, §3.10).
library Withdrawals {
    using SafeERC20 for IERC20;

    bytes32 private constant REQUEST_TYPEHASH =
        keccak256("WithdrawalRequest(address account,uint96 amount,uint256 nonce,uint64 executeBy)");
    bytes32 private constant PAYOUT_TYPEHASH =
        keccak256("WithdrawalPayout(address account,address to,uint96 least,uint256 nonce,uint64 executeBy)");

    /// @notice EIP-712 hash of the struct.
    function structHash(WithdrawalRequest calldata r) internal pure returns (bytes32) {
        return keccak256(abi.encode(REQUEST_TYPEHASH, r));
    }

    /// @notice EIP-712 hash of the struct.
    function structHash(WithdrawalPayout calldata w) internal pure returns (bytes32) {
        return keccak256(abi.encode(PAYOUT_TYPEHASH, w));
    }

    /// @notice Announces a withdrawal, in place of an earlier announcement.
    function request(MarketState storage s, uint256 notice, address account, uint96 amount) internal {
        Account storage a = s.accounts[account];
        a.requested = amount;
        a.releaseBlock = uint64(block.number + notice);
        emit IMarketEvents.WithdrawalRequested(account, amount, a.releaseBlock);
    }

    /// @notice Pays what was announced, or what is left of the balance if less.
    /// @param least refused when it is not that much
    function pay(MarketState storage s, IERC20 token, address account, address to, uint96 least)
        internal
        returns (uint96 amount)
    {
        if (to == address(0)) revert IMarketEvents.ZeroAddress();
        Account storage a = s.accounts[account];
        if (a.requested == 0) revert IMarketEvents.NothingRequested(account);
        if (block.number < a.releaseBlock) revert IMarketEvents.WithdrawalNotDue(a.releaseBlock, block.number);
        amount = a.requested < a.balance ? a.requested : a.balance;
        if (amount == 0) revert IMarketEvents.ZeroAmount();
        if (amount < least) revert IMarketEvents.PaysTooLittle(amount, least);
        a.requested = 0;
        a.balance -= amount;
        emit IMarketEvents.Withdrawn(account, to, amount);
        token.safeTransfer(to, amount);
    }

    /// @notice `request` on the account's signature.
    function requestFor(
        MarketState storage s,
        uint256 notice,
        bytes32 domainSeparator,
        WithdrawalRequest calldata r,
        bytes calldata signature
    ) internal {
        use(s, r.account, r.nonce, r.executeBy, domainSeparator, structHash(r), signature);
        request(s, notice, r.account, r.amount);
    }

    /// @notice `pay` on the account's signature.
    function payFor(
        MarketState storage s,
        IERC20 token,
        bytes32 domainSeparator,
        WithdrawalPayout calldata w,
        bytes calldata signature
    ) internal returns (uint96) {
        use(s, w.account, w.nonce, w.executeBy, domainSeparator, structHash(w), signature);
        return pay(s, token, w.account, w.to, w.least);
    }

    /// @dev Takes an order once. Sent by the account itself it needs no signature, and its nonce is used all the same: so an
    /// account takes back what it has signed.
    function use(
        MarketState storage s,
        address account,
        uint256 nonce,
        uint64 executeBy,
        bytes32 domainSeparator,
        bytes32 hash,
        bytes calldata signature
    ) private {
        if (block.number > executeBy) {
            revert IMarketEvents.OrderExpired(executeBy, block.number);
        }
        uint256 expected = s.nonces[account];
        if (nonce != expected) revert IMarketEvents.WrongNonce(account, nonce, expected);
        if (
            msg.sender != account
                && !ClientSignature.isValid(account, MessageHashUtils.toTypedDataHash(domainSeparator, hash), signature)
        ) revert IMarketEvents.NotSigned(account, msg.sender);
        s.nonces[account] = nonce + 1;
        emit IMarketEvents.OrderTaken(account, nonce);
    }
}

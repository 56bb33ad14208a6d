// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IMarketEvents} from "../interfaces/IMarketEvents.sol";
import {IMinerRegistry, RenewalLimits} from "../interfaces/IMinerRegistry.sol";
import {
    Deal,
    DealState,
    Extension,
    Mandate,
    MandateUse,
    MarketParams,
    Revocation,
    SkipReason
} from "../types/MarketTypes.sol";
import {ClientSignature} from "./ClientSignature.sol";
import {MarketState} from "./MarketState.sol";
import {Renewals} from "./Renewals.sol";

/// @title Deals that go on while their clients are away (Protocol §3.8).
/// @notice A mandate is an extension that the client has signed without its numbers: the price is the one that the miner's owner
/// has set on chain, the end follows the deal's. What it takes out of the client's balance is counted against its budget.
library Mandates {
    bytes32 private constant MANDATE_TYPEHASH = keccak256(
        "Mandate(bytes32 dealId,uint32 periods,uint32 times,uint96 maxPricePerPeriod,uint96 collateral,uint96 budget,uint96 tip,uint64 expiresAt)"
    );

    /// @notice EIP-712 hash of the struct.
    function structHash(Mandate calldata m) internal pure returns (bytes32) {
        return keccak256(abi.encode(MANDATE_TYPEHASH, m));
    }

    bytes32 private constant REVOCATION_TYPEHASH = keccak256("Revocation(bytes32 mandate,uint64 executeBy)");

    /// @notice EIP-712 hash of the struct.
    function structHash(Revocation memory r) internal pure returns (bytes32) {
        return keccak256(abi.encode(REVOCATION_TYPEHASH, r));
    }

    /// @notice Takes a mandate back for good. Its client only.
    function revoke(MarketState storage s, bytes32 domainSeparator, Mandate calldata m) internal {
        if (msg.sender != s.deals[bytes23(m.dealId)].client) revert IMarketEvents.NotClient(m.dealId, msg.sender);
        revoke(s, m, MessageHashUtils.toTypedDataHash(domainSeparator, structHash(m)));
    }

    /// @notice Takes a mandate back for good, on its client's signature.
    function revokeFor(
        MarketState storage s,
        bytes32 domainSeparator,
        Mandate calldata m,
        uint64 executeBy,
        bytes calldata signature
    ) internal {
        if (block.number > executeBy) revert IMarketEvents.TooLate(m.dealId, executeBy, block.number);
        address client = s.deals[bytes23(m.dealId)].client;
        bytes32 digest = MessageHashUtils.toTypedDataHash(domainSeparator, structHash(m));
        bytes32 order = MessageHashUtils.toTypedDataHash(domainSeparator, structHash(Revocation(digest, executeBy)));
        if (msg.sender != client && !ClientSignature.isValid(client, order, signature)) {
            revert IMarketEvents.NotClient(m.dealId, msg.sender);
        }
        revoke(s, m, digest);
    }

    function revoke(MarketState storage s, Mandate calldata m, bytes32 digest) private {
        if (s.mandates[digest].revoked) revert IMarketEvents.MandateRevoked(m.dealId);
        s.mandates[digest].revoked = true;
        emit IMarketEvents.MandateRevocation(m.dealId, digest);
    }

    /// @notice Renews a deal once by its client's mandate.
    function execute(
        MarketState storage s,
        MarketParams memory p,
        bytes32 domainSeparator,
        Mandate calldata m,
        bytes calldata signature
    ) internal {
        Deal storage d = s.deals[bytes23(m.dealId)];
        if (d.state != DealState.Active) revert IMarketEvents.WrongState(m.dealId, uint8(d.state));
        if (block.number > m.expiresAt) revert IMarketEvents.TooLate(m.dealId, m.expiresAt, block.number);
        bytes32 digest = MessageHashUtils.toTypedDataHash(domainSeparator, structHash(m));
        MandateUse storage use = s.mandates[digest];
        if (use.revoked) revert IMarketEvents.MandateRevoked(m.dealId);
        if (use.used >= m.times) revert IMarketEvents.MandateUsedUp(m.dealId, m.times);
        Renewals.Change memory c;
        Renewals.settle(s, p, m.dealId, d, c);
        requireNearEnd(p, m.dealId, c);
        Extension memory e = extensionOf(s, p, m, c);
        SkipReason reason = Renewals.refusal(s, p, e, c);
        if (reason != SkipReason.None) revert IMarketEvents.MandateRefused(m.dealId, reason);
        if (!ClientSignature.isValid(c.client, digest, signature)) {
            revert IMarketEvents.MandateRefused(m.dealId, SkipReason.BadSignature);
        }
        spend(s, p, m, use, digest, c);
        Renewals.extend(s, d, e, c);
    }

    /// @dev No sooner than its client could have ended it by notice (Protocol §3.7).
    function requireNearEnd(MarketParams memory p, bytes32 dealId, Renewals.Change memory c) private pure {
        uint256 earliest = uint256(c.end) - (c.end < uint256(p.maxMissRun) + 1 ? c.end : uint256(p.maxMissRun) + 1);
        if (c.period < earliest) revert IMarketEvents.MandateTooEarly(dealId, c.period, earliest);
    }

    /// @dev The extension that the mandate stands for now, within what the miner's owner allows.
    function extensionOf(MarketState storage s, MarketParams memory p, Mandate calldata m, Renewals.Change memory c)
        private
        view
        returns (Extension memory e)
    {
        RenewalLimits memory limits = IMinerRegistry(p.registry).renewalLimits(c.miner);
        if (limits.pricePerLeafPeriod == 0) revert IMarketEvents.MandatesNotTaken(c.miner);
        if (m.periods > limits.maxPeriods) revert IMarketEvents.MandateTooLong(m.dealId, m.periods, limits.maxPeriods);
        uint256 leaves = s.sets[c.miner].entries[c.height][c.index].leafCount;
        uint256 price = uint256(limits.pricePerLeafPeriod) * leaves;
        if (price > m.maxPricePerPeriod) {
            revert IMarketEvents.MandateTooDear(m.dealId, price, m.maxPricePerPeriod);
        }
        // What is locked already the miner has agreed to before.
        uint256 most = uint256(limits.maxCollateralPerLeaf) * leaves;
        if (m.collateral > most && m.collateral > c.left) {
            revert IMarketEvents.MandateCollateralTooHigh(m.dealId, m.collateral, most);
        }
        // A mandate whose periods would pass the type's end can add none.
        uint256 newEnd = uint256(c.end) + m.periods;
        if (newEnd > type(uint32).max) newEnd = c.end;
        e = Extension(m.dealId, c.end, uint32(newEnd), uint96(price), m.collateral, m.expiresAt);
    }

    /// @dev The tip, and what the renewal takes out of the client's balance, against the budget.
    function spend(
        MarketState storage s,
        MarketParams memory p,
        Mandate calldata m,
        MandateUse storage use,
        bytes32 digest,
        Renewals.Change memory c
    ) private {
        uint96 tip = m.tip < p.tipCap ? m.tip : p.tipCap;
        uint256 taken = (c.price > c.unspent ? c.price - c.unspent : 0) + tip;
        uint256 spent = use.spent + taken;
        if (spent > m.budget) revert IMarketEvents.MandateOverBudget(m.dealId, spent, m.budget);
        uint256 due = c.client == c.miner ? taken + c.topUp : taken;
        if (s.accounts[c.client].balance < due) {
            revert IMarketEvents.MandateRefused(m.dealId, SkipReason.ClientShort);
        }
        ++use.used;
        use.spent = uint96(spent);
        s.accounts[c.client].balance -= tip;
        s.accounts[msg.sender].balance += tip;
        emit IMarketEvents.MandateExecuted(m.dealId, digest, msg.sender, use.used, uint96(taken), tip);
    }
}

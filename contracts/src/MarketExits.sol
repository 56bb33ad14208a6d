// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {MarketPart} from "./MarketPart.sol";
import {IMarketExits} from "./interfaces/IMarketExits.sol";
import {DealEnds} from "./libraries/DealEnds.sol";
import {HandOvers} from "./libraries/HandOvers.sol";
import {Mandates} from "./libraries/Mandates.sol";
import {Withdrawals} from "./libraries/Withdrawals.sol";
import {
    Cancellation,
    DealProposal,
    EarlyEnd,
    Mandate,
    MarketParams,
    SkipReason,
    WithdrawalPayout,
    WithdrawalRequest
} from "./types/MarketTypes.sol";

/// @title The market's fourth contract: ways out of a deal before its end, and orders that others send
/// (Protocol §3.7, §3.9, §3.10).
/// @notice Holds to the invariants of StorageMarket, whose storage it works on.
contract MarketExits is IMarketExits, MarketPart, ReentrancyGuardTransient {
    /// @param next MarketReads
    constructor(MarketParams memory p, address next) MarketPart(p, next) {}

    /// @inheritdoc IMarketExits
    function endEarly(EarlyEnd calldata e, bytes calldata signature) external {
        DealEnds.endEarly(_s, rules(), _domainSeparatorV4(), e, signature);
    }

    /// @inheritdoc IMarketExits
    function waiveNotice(bytes32[] calldata dealIds) external {
        HandOvers.waiveNotice(_s, REGISTRY, dealIds);
    }

    /// @inheritdoc IMarketExits
    function coverOf(DealProposal calldata proposal) external view returns (SkipReason, uint96) {
        return HandOvers.refusal(_s, rules(), proposal);
    }

    /// @inheritdoc IMarketExits
    /// @dev A call of StorageMarket to its own address: inlined there, it would make ordinary activations dearer.
    function takeOver(DealProposal calldata proposal) external returns (SkipReason, uint32) {
        if (msg.sender != address(this)) revert NotMarket(msg.sender);
        return HandOvers.takeOver(_s, rules(), proposalId(proposal), proposal);
    }

    // ================================================================ relayed orders

    /// @inheritdoc IMarketExits
    function requestWithdrawalFor(WithdrawalRequest calldata r, bytes calldata signature) external {
        Withdrawals.requestFor(_s, WITHDRAW_NOTICE, _domainSeparatorV4(), r, signature);
    }

    /// @inheritdoc IMarketExits
    function withdrawFor(WithdrawalPayout calldata w, bytes calldata signature)
        external
        nonReentrant
        returns (uint96 amount)
    {
        return Withdrawals.payFor(_s, TOKEN, _domainSeparatorV4(), w, signature);
    }

    /// @inheritdoc IMarketExits
    function cancelFor(DealProposal calldata proposal, uint64 executeBy, bytes calldata signature) external {
        Cancellation memory c = Cancellation(proposalId(proposal), executeBy);
        DealEnds.cancelFor(_s, _domainSeparatorV4(), c, proposal.client, proposal.miner, signature);
    }

    /// @inheritdoc IMarketExits
    function revokeMandateFor(Mandate calldata m, uint64 executeBy, bytes calldata signature) external {
        Mandates.revokeFor(_s, _domainSeparatorV4(), m, executeBy, signature);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {MarketPart} from "./MarketPart.sol";
import {IMarketTerms} from "./interfaces/IMarketTerms.sol";
import {DealEnds} from "./libraries/DealEnds.sol";
import {Maintenance} from "./libraries/Maintenance.sol";
import {Renewals} from "./libraries/Renewals.sol";
import {Withdrawals} from "./libraries/Withdrawals.sol";
import {
    Cancellation,
    DealProposal,
    EarlyEnd,
    MarketParams,
    SignedExtension,
    SkipReason,
    WithdrawalPayout,
    WithdrawalRequest
} from "./types/MarketTypes.sol";

/// @title The market's second contract: how deals change and end (Protocol §3.5 to §3.9, §5.7).
/// @notice Holds to the invariants of StorageMarket, whose storage it works on.
contract MarketTerms is IMarketTerms, MarketPart, ReentrancyGuardTransient {
    /// @param next MarketFaults
    constructor(MarketParams memory p, address next) MarketPart(p, next) {}

    /// @inheritdoc IMarketTerms
    function extendDeals(SignedExtension[] calldata extensions) external returns (SkipReason[] memory) {
        return Renewals.extendDeals(_s, rules(), _domainSeparatorV4(), extensions);
    }

    /// @inheritdoc IMarketTerms
    function endEarly(EarlyEnd calldata e, bytes calldata signature) external {
        DealEnds.endEarly(_s, rules(), _domainSeparatorV4(), e, signature);
    }

    /// @inheritdoc IMarketTerms
    function cancel(DealProposal calldata proposal) external {
        DealEnds.cancel(_s, proposalId(proposal), proposal.client, proposal.miner);
    }

    /// @inheritdoc IMarketTerms
    function expire(bytes32 dealId) external {
        DealEnds.expire(_s, rules(), dealId);
    }

    /// @inheritdoc IMarketTerms
    function complete(bytes32 dealId) external {
        DealEnds.complete(_s, rules(), dealId);
    }

    /// @inheritdoc IMarketTerms
    function terminate(bytes32 dealId) external {
        DealEnds.terminate(_s, rules(), dealId);
    }

    /// @inheritdoc IMarketTerms
    function purge(bytes32[] calldata dealIds) external {
        DealEnds.purge(_s, rules(), dealIds);
    }

    /// @inheritdoc IMarketTerms
    function announceMaintenance(address miner, uint32 firstPeriod, uint32 count) external {
        Maintenance.announce(_s, rules(), miner, firstPeriod, count);
    }

    /// @inheritdoc IMarketTerms
    function requestWithdrawalFor(WithdrawalRequest calldata r, bytes calldata signature) external {
        Withdrawals.requestFor(_s, WITHDRAW_NOTICE, _domainSeparatorV4(), r, signature);
    }

    /// @inheritdoc IMarketTerms
    function withdrawFor(WithdrawalPayout calldata w, bytes calldata signature)
        external
        nonReentrant
        returns (uint96 amount)
    {
        return Withdrawals.payFor(_s, TOKEN, _domainSeparatorV4(), w, signature);
    }

    /// @inheritdoc IMarketTerms
    function cancelFor(DealProposal calldata proposal, uint64 executeBy, bytes calldata signature) external {
        Cancellation memory c = Cancellation(proposalId(proposal), executeBy);
        DealEnds.cancelFor(_s, _domainSeparatorV4(), c, proposal.client, proposal.miner, signature);
    }
}

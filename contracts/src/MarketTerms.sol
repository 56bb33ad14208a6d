// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MarketPart} from "./MarketPart.sol";
import {IMarketTerms} from "./interfaces/IMarketTerms.sol";
import {DealEnds} from "./libraries/DealEnds.sol";
import {Maintenance} from "./libraries/Maintenance.sol";
import {Mandates} from "./libraries/Mandates.sol";
import {Renewals} from "./libraries/Renewals.sol";
import {DealProposal, Mandate, MarketParams, SignedExtension, SkipReason} from "./types/MarketTypes.sol";

/// @title The market's second contract: how deals change and end (Protocol §3.5, §3.6, §3.8, §5.7).
/// @notice Holds to the invariants of StorageMarket, whose storage it works on.
contract MarketTerms is IMarketTerms, MarketPart {
    /// @param next MarketFaults
    constructor(MarketParams memory p, address next) MarketPart(p, next) {}

    /// @inheritdoc IMarketTerms
    function extendDeals(SignedExtension[] calldata extensions) external returns (SkipReason[] memory) {
        return Renewals.extendDeals(_s, rules(), _domainSeparatorV4(), extensions);
    }

    /// @inheritdoc IMarketTerms
    function executeMandate(Mandate calldata m, bytes calldata signature) external {
        Mandates.execute(_s, rules(), _domainSeparatorV4(), m, signature);
    }

    /// @inheritdoc IMarketTerms
    function revokeMandate(Mandate calldata m) external {
        Mandates.revoke(_s, _domainSeparatorV4(), m);
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
}

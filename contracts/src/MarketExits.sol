// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MarketPart} from "./MarketPart.sol";
import {IMarketExits} from "./interfaces/IMarketExits.sol";
import {DealEnds} from "./libraries/DealEnds.sol";
import {HandOvers} from "./libraries/HandOvers.sol";
import {DealProposal, EarlyEnd, MarketParams, SkipReason} from "./types/MarketTypes.sol";

/// @title The market's fourth contract: ways out of a deal before its end (Protocol §3.7, §3.9).
/// @notice Holds to the invariants of StorageMarket, whose storage it works on.
contract MarketExits is IMarketExits, MarketPart {
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
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {MarketPart} from "./MarketPart.sol";
import {IMarketFaults} from "./interfaces/IMarketFaults.sol";
import {Demands} from "./libraries/Demands.sol";
import {Faults} from "./libraries/Faults.sol";
import {Forfeits} from "./libraries/Forfeits.sol";
import {Activation, Answer, DealProposal, MarketParams, SkipReason} from "./types/MarketTypes.sol";

/// @title The market's third contract: what goes wrong with a replica, and who says so (Protocol §5, §6).
/// @notice Holds to the invariants of StorageMarket, whose storage it works on.
contract MarketFaults is IMarketFaults, MarketPart, ReentrancyGuardTransient {
    /// @param next MarketExits
    constructor(MarketParams memory p, address next) MarketPart(p, next) {}

    // ================================================================ demands and disputes

    /// @inheritdoc IMarketFaults
    function demandProof(DealProposal calldata proposal, uint64 leafIndex) external payable {
        Demands.raise(_s, rules(), proposalId(proposal), proposal, leafIndex);
    }

    /// @inheritdoc IMarketFaults
    function answerDemands(Answer[] calldata answers) external returns (SkipReason[] memory reasons) {
        reasons = new SkipReason[](answers.length);
        for (uint256 i = 0; i < answers.length; ++i) {
            bytes32 dealId = proposalId(answers[i].proposal);
            SkipReason reason = Demands.answer(_s, dealId, answers[i]);
            if (reason != SkipReason.None) emit DealSkipped(dealId, answers[i].proposal.miner, reason);
            reasons[i] = reason;
        }
    }

    /// @inheritdoc IMarketFaults
    function resolveDemand(DealProposal calldata proposal, bool byAuditor) external {
        Forfeits.resolve(_s, rules(), proposalId(proposal), proposal, byAuditor);
    }

    /// @inheritdoc IMarketFaults
    function disputeSeal(DealProposal calldata proposal, uint64 leafIndex, bytes calldata openings) external {
        Forfeits.dispute(_s, rules(), proposalId(proposal), proposal, leafIndex, openings);
    }

    /// @inheritdoc IMarketFaults
    function withdrawEther(address to) external nonReentrant returns (uint256 amount) {
        if (to == address(0)) revert ZeroAddress();
        amount = _s.etherOf[msg.sender];
        if (amount == 0) revert NoEther(msg.sender);
        _s.etherOf[msg.sender] = 0;
        emit EtherWithdrawn(msg.sender, to, amount);
        (bool done,) = to.call{value: amount}("");
        if (!done) revert EtherRefused(to, amount);
    }

    // ================================================================ declared faults

    /// @inheritdoc IMarketFaults
    function declareFaults(bytes32[] calldata dealIds) external {
        Faults.declare(_s, rules(), dealIds);
    }

    /// @inheritdoc IMarketFaults
    function recover(Activation calldata recovery) external {
        Faults.recover(_s, rules(), proposalId(recovery.proposal), recovery);
    }
}

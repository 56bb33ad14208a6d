// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Activation, Answer, DealProposal, SkipReason} from "../types/MarketTypes.sol";

/// @title What goes wrong with a replica, and who says so (Protocol §5, §6).
interface IMarketFaults {
    // ---------------------------------------------------------------- demands and disputes
    /// @notice Demands that the miner of an active deal opens a leaf in both trees (Protocol §6.1). The client or the auditor that
    /// the proposal names, one open demand each; until the collateral hold is over. The ether that comes along is the bond,
    /// at least `leastBond()`: the miner's with the answer, else the demander's again.
    function demandProof(DealProposal calldata proposal, uint64 leafIndex) external payable;
    /// @notice Answers many demands; a bad one is skipped with its reason. Anyone; each bond goes to the deal's miner.
    function answerDemands(Answer[] calldata answers) external returns (SkipReason[] memory);
    /// @notice After the deadline: settles, then ends the deal of a demand without answer as `terminate` does, frozen or not.
    /// Where the deal has ended otherwise, at once: only gives the bond back. Anyone, for a tip.
    function resolveDemand(DealProposal calldata proposal, bool byAuditor) external;
    /// @notice Settles, then ends an active deal of whose replica one leaf is not the piece's leaf under its mask, frozen or
    /// not (Protocol §6.2). The collateral is forfeit as by `terminate`, but nobody has a tip. Anyone.
    /// @param openings piece leaf, piece path, sealed leaf, sealed path of the leaf; 32 bytes a node, paths bottom-up of
    /// exactly ⌈log2 leafCount⌉ nodes, concatenated
    function disputeSeal(DealProposal calldata proposal, uint64 leafIndex, bytes calldata openings) external;
    /// @notice Pays all of the sender's ether balance, that of bonds, to `to`.
    function withdrawEther(address to) external returns (uint256 amount);

    // ---------------------------------------------------------------- declared faults
    /// @notice Settles active deals, then takes their entries out of the proving set, outside a freeze: their miner cannot prove
    /// these replicas and pays the fee for every period from the next duty on, until it recovers them (Protocol §5.8). All or
    /// none. The miner or its operator.
    function declareFaults(bytes32[] calldata dealIds) external;
    /// @notice Settles a faulty deal up to the next duty, and puts it back into the proving set, outside a freeze: the miner opens,
    /// as at activation, positions that the latest challenge block draws, which lies after the declaration. The miner or
    /// its operator, and nobody else: STREAM replicas can be computed by anyone who has the piece, and an entry that the
    /// miner cannot prove would spoil the proofs of all its other deals.
    function recover(Activation calldata recovery) external;
}

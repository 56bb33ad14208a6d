// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Activation, Publication, SkipReason} from "../types/MarketTypes.sol";

/// @title What runs every period: money in and out, publish, activate, prove, settle (Protocol §3 to §5).
/// @notice Tokens move only in deposit and withdraw; all else are ledger entries.
interface IMarketCore {
    /// @notice Moves tokens from the caller into `account`'s balance.
    function deposit(address account, uint96 amount) external;
    /// @notice Deposits `amount` of `owner`'s tokens into `owner`'s balance by ERC-2612 permit; anyone may relay it.
    /// A permit that was front-run does no harm when the owner itself is the caller and its allowance suffices.
    function depositWithPermit(address owner, uint96 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;
    /// @notice Announces a withdrawal; replaces an earlier announcement. Zero withdraws the announcement.
    function requestWithdrawal(uint96 amount) external;
    /// @notice Pays out the announced amount (or what is left of the balance, if less) after the notice.
    function withdraw(address to) external returns (uint96 amount);
    /// @notice Publishes many deals; a bad one is skipped with its reason. Operator of each proposal's miner only.
    function publishDeals(Publication[] calldata publications) external returns (SkipReason[] memory);
    /// @notice Activates many deals; a bad one is skipped with its reason. Anyone.
    function activateDeals(Activation[] calldata activations) external returns (SkipReason[] memory);
    /// @notice Settles at most `maxPeriods` closed periods of each deal. Anyone.
    function settle(bytes32[] calldata dealIds, uint32 maxPeriods) external;
    /// @notice Proves `period` for all of a miner's deals at once. Anyone.
    /// @param openings for each of the k draws: leaf, then its path bottom-up, exactly as many nodes as the drawn
    /// entry's height; 32 bytes a node; concatenated
    function prove(address miner, uint32 period, bytes calldata seedProof, bytes calldata openings) external;
}

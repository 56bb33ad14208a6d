// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    DealProposal,
    EarlyEnd,
    SignedExtension,
    SkipReason,
    WithdrawalPayout,
    WithdrawalRequest
} from "../types/MarketTypes.sol";

/// @title How deals change and end (Protocol §3.5 to §3.9, §5.7).
interface IMarketTerms {
    /// @notice Settles active deals, then extends them as their clients signed; a bad one is skipped with its reason.
    /// Operator of each deal's miner, or the miner itself.
    function extendDeals(SignedExtension[] calldata extensions) external returns (SkipReason[] memory);
    /// @notice Settles an active deal, then ends it early (Protocol §3.7), outside a freeze. With notice: the end moves to the
    /// next duty + maxMissRun + 1; the client, or anyone with its signature. At once, without slash: operator of the deal's
    /// miner, or the miner itself, with the client's signature. What is not spent then returns to the client.
    /// @param signature the client's EIP-712 signature over `e`; empty when it is the sender
    function endEarly(EarlyEnd calldata e, bytes calldata signature) external;
    /// @notice The client takes back a signed proposal that was never published.
    function cancel(DealProposal calldata proposal) external;
    /// @notice Ends a deal that was published and not activated in time. Anyone, for a tip.
    function expire(bytes32 dealId) external;
    /// @notice Settles what is left and ends a deal whose periods and collateral hold are over. Anyone.
    function complete(bytes32 dealId) external;
    /// @notice Settles, then ends a deal with more than maxMissRun misses in a row. Anyone, for a tip.
    function terminate(bytes32 dealId) external;
    /// @notice Removes ended entries from their miners' proving sets, outside a freeze. Anyone.
    function purge(bytes32[] calldata dealIds) external;
    /// @notice Excuses whole periods to come: no duty, no pay, no slash, and no run of misses is broken. Cannot be taken back.
    /// The miner or its operator.
    function announceMaintenance(address miner, uint32 firstPeriod, uint32 count) external;

    // Relayed orders (Protocol §3.9). Anyone, with the account's EIP-712 signature; empty when the account is the sender.

    /// @notice `requestWithdrawal` for the account that signed it.
    function requestWithdrawalFor(WithdrawalRequest calldata r, bytes calldata signature) external;
    /// @notice `withdraw` for the account that signed it; refused when it would pay less than `w.least`.
    function withdrawFor(WithdrawalPayout calldata w, bytes calldata signature) external returns (uint96 amount);
    /// @notice `cancel` for the client that signed it.
    function cancelFor(DealProposal calldata proposal, uint64 executeBy, bytes calldata signature) external;
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DealProposal, Mandate, SignedExtension, SkipReason} from "../types/MarketTypes.sol";

/// @title How deals change and end (Protocol §3.5, §3.6, §3.8, §5.7).
interface IMarketTerms {
    /// @notice Settles active deals, then extends them as their clients signed; a bad one is skipped with its reason.
    /// Operator of each deal's miner, or the miner itself.
    function extendDeals(SignedExtension[] calldata extensions) external returns (SkipReason[] memory);
    /// @notice Settles an active deal, then renews it by its client's mandate (Protocol §3.8), near its end and outside a freeze.
    /// Anyone, for a tip.
    /// @param signature the client's EIP-712 signature over `m`
    function executeMandate(Mandate calldata m, bytes calldata signature) external;
    /// @notice The client takes a mandate back, for good.
    function revokeMandate(Mandate calldata m) external;
    /// @notice The client takes back a signed proposal that was never published.
    function cancel(DealProposal calldata proposal) external;
    /// @notice Ends a deal that was published and not activated in time. Anyone, for a tip.
    function expire(bytes32 dealId) external;
    /// @notice Settles what is left and ends a deal whose periods and collateral hold are over. Anyone.
    function complete(bytes32 dealId) external;
    /// @notice Settles, then ends a deal with more than maxMissRun misses in a row, or with a declared fault of more than
    /// maxFaultyPeriods or without collateral. Anyone, for a tip.
    function terminate(bytes32 dealId) external;
    /// @notice Removes ended entries from their miners' proving sets, outside a freeze. Anyone.
    function purge(bytes32[] calldata dealIds) external;
    /// @notice Excuses whole periods to come: no duty, no pay, no slash, and no run of misses is broken. Cannot be taken back.
    /// The miner or its operator.
    function announceMaintenance(address miner, uint32 firstPeriod, uint32 count) external;
}

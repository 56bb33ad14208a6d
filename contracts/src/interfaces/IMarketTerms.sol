// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DealProposal, EarlyEnd, SignedExtension, SkipReason} from "../types/MarketTypes.sol";

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
    /// @notice Active deals' miner agrees, for good, that they end without notice when they are handed over (Protocol §3.9). The
    /// miner, or its operator while the registry lets it publish.
    function waiveNotice(bytes32[] calldata dealIds) external;
    /// @notice Why a proposal cannot replace the deal that it names, if so, and what that deal's escrow leaves for it at least:
    /// publication locks only the rest of its price.
    function coverOf(DealProposal calldata proposal) external view returns (SkipReason reason, uint96 covered);
    /// @notice Part of the activation of a deal that replaces another one; the market itself only.
    /// @return reason why the other one cannot be handed over now
    /// @return earliest first period in which the new one may begin
    function takeOver(DealProposal calldata proposal) external returns (SkipReason reason, uint32 earliest);
}

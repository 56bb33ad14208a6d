// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    DealProposal,
    EarlyEnd,
    Mandate,
    SkipReason,
    WithdrawalPayout,
    WithdrawalRequest
} from "../types/MarketTypes.sol";

/// @title Ways out: of a deal before its end, and of the market through others' transactions (Protocol §3.7, §3.9, §3.10).
interface IMarketExits {
    /// @notice Settles an active deal, then ends it early (Protocol §3.7), outside a freeze. With notice: the end moves to the
    /// next duty + maxMissRun + 1; the client, or anyone with its signature. At once, without slash: operator of the deal's
    /// miner, or the miner itself, with the client's signature. What is not spent then returns to the client.
    /// @param signature the client's EIP-712 signature over `e`; empty when it is the sender
    function endEarly(EarlyEnd calldata e, bytes calldata signature) external;
    /// @notice The miner of running deals agrees, for good, that they end without notice when they are handed over (Protocol §3.9). The
    /// miner, or its operator while the registry lets it publish.
    function waiveNotice(bytes32[] calldata dealIds) external;
    /// @notice Why a proposal cannot replace the deal that it names, if so, and what that deal's escrow leaves for it at least:
    /// publication locks only the rest of its price.
    function coverOf(DealProposal calldata proposal) external view returns (SkipReason reason, uint96 covered);
    /// @notice Part of the activation of a deal that replaces another one; the market itself only.
    /// @return reason why the other one cannot be handed over now
    /// @return earliest first period in which the new one may begin
    function takeOver(DealProposal calldata proposal) external returns (SkipReason reason, uint32 earliest);

    // ---------------------------------------------------------------- relayed orders
    // Anyone sends these, with the account's EIP-712 signature (Protocol §3.10); empty when the account is the sender.
    /// @notice `requestWithdrawal` for the account that signed it.
    function requestWithdrawalFor(WithdrawalRequest calldata r, bytes calldata signature) external;
    /// @notice `withdraw` for the account that signed it; refused when it would pay less than `w.least`.
    function withdrawFor(WithdrawalPayout calldata w, bytes calldata signature) external returns (uint96 amount);
    /// @notice `cancel` for the client that signed it.
    function cancelFor(DealProposal calldata proposal, uint64 executeBy, bytes calldata signature) external;
    /// @notice `revokeMandate` for the client that signed it.
    function revokeMandateFor(Mandate calldata m, uint64 executeBy, bytes calldata signature) external;
}

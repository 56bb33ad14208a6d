// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    Account,
    Cancellation,
    DealProposal,
    DealView,
    Demand,
    DrawnLeaf,
    EarlyEnd,
    Extension,
    Mandate,
    MandateUse,
    MarketParams,
    Revocation,
    SetEntry,
    WithdrawalPayout,
    WithdrawalRequest
} from "../types/MarketTypes.sol";

/// @title Everything that only reads.
interface IMarketReads {
    function params() external view returns (MarketParams memory);
    function domainSeparator() external view returns (bytes32);
    function dealIdOf(DealProposal calldata proposal) external view returns (bytes32);
    /// @notice What the client signs to extend a deal.
    function extensionDigest(Extension calldata extension) external view returns (bytes32);
    /// @notice What the client signs as a mandate.
    function mandateDigest(Mandate calldata m) external view returns (bytes32);
    /// @notice What has become of a mandate, by its digest.
    function mandateUse(bytes32 digest) external view returns (MandateUse memory);
    /// @notice What the client signs to end a deal early.
    function earlyEndDigest(EarlyEnd calldata e) external view returns (bytes32);
    function deal(bytes32 dealId) external view returns (DealView memory);
    /// @notice Many deals in one call, in their order; at most `PAGE`.
    function deals(bytes32[] calldata dealIds) external view returns (DealView[] memory);
    /// @notice Most items that one of the views of many returns.
    function PAGE() external view returns (uint256);
    /// @notice Of the hand-over of a deal (Protocol §3.9): the first 23 bytes of the last deal that was published to replace it,
    /// whether that one may yet be activated, and whether the miner has waived its notice.
    function handOver(bytes32 dealId) external view returns (bytes23 successor, bool pending, bool waived);
    function account(address owner) external view returns (Account memory);
    /// @notice Tokens burned so far; they stay in the contract, owned by nobody.
    function burned() external view returns (uint256);
    /// @notice Deals of a miner that are Published, Active or Faulty.
    function liveDeals(address miner) external view returns (uint256);
    /// @notice What a miner's operator has locked in the window of its collateral budget that is open now, and the first block after
    /// that window; zeros while none is open.
    function spentBudget(address miner) external view returns (uint96 amount, uint64 until);
    function periodAt(address miner, uint256 blockNumber) external view returns (uint32);
    /// @notice First period whose challenge block lies after `blockNumber`.
    function nextDuty(address miner, uint256 blockNumber) external view returns (uint32);
    function challengeBlock(address miner, uint32 period) external view returns (uint256);
    /// @notice First block after the period.
    function periodEnd(address miner, uint32 period) external view returns (uint256);
    function isProved(address miner, uint32 period) external view returns (bool);
    function isExcused(address miner, uint32 period) external view returns (bool);
    /// @notice Bits of 128 periods from 128 · word: the lower 128 of those proved, the upper 128 of those excused.
    function periodWord(address miner, uint256 word) external view returns (uint256);
    /// @notice Periods that the miner may still excuse in the quarter of `period`.
    function maintenanceLeft(address miner, uint32 period) external view returns (uint256);
    function isFrozen(address miner) external view returns (bool);
    /// @notice The draw of the current window: what `prove` will ask for, in order.
    function drawnLeaves(address miner, uint32 period, bytes calldata seedProof)
        external
        view
        returns (bytes32 seed, DrawnLeaf[] memory leaves);
    /// @notice Entries of one height of a miner's proving set.
    function setCount(address miner, uint8 height) external view returns (uint256);
    function setEntry(address miner, uint8 height, uint256 index)
        external
        view
        returns (bytes32 sealedRoot, uint40 leafCount, uint32 end, bytes23 dealKey);
    /// @notice Entries [from, from + limit) of one height of a miner's proving set, fewer at its end; `limit` at most `PAGE`.
    function setEntries(address miner, uint8 height, uint256 from, uint256 limit)
        external
        view
        returns (SetEntry[] memory);
    /// @notice `periodWord` of the words [from, from + count); `count` at most `PAGE`.
    function periodWords(address miner, uint256 from, uint256 count) external view returns (uint256[] memory);
    /// @notice Balances of many accounts, in their order; at most `PAGE`.
    function accounts(address[] calldata owners) external view returns (Account[] memory);
    /// @notice Σ over heights of count · 2^height: what a draw is taken modulo.
    function setWeight(address miner) external view returns (uint256);
    /// @notice Open demands on deals: the client's of the i-th at 2·i, the auditor's at 2·i + 1; zero where there is none. Those
    /// of a deal that has ended are what `resolveDemand` gives back.
    function demands(bytes32[] calldata dealIds) external view returns (Demand[] memory);
    /// @notice Least bond of a demand in this block, wei: demandGas at the base fee, or at 1 gwei if that is more.
    function leastBond() external view returns (uint256);
    /// @notice Deadline of the demand last raised on a miner, or 0.
    function lastDeadline(address miner) external view returns (uint64);
    /// @notice Wei that an address may withdraw.
    function etherOf(address account) external view returns (uint256);
    /// @notice Nonce of the next order that an account signs for others to send (Protocol §3.10).
    function orderNonce(address owner) external view returns (uint256);
    /// @notice What an account signs to have a withdrawal announced.
    function withdrawalRequestDigest(WithdrawalRequest calldata r) external view returns (bytes32);
    /// @notice What an account signs to be paid what it has announced.
    function withdrawalPayoutDigest(WithdrawalPayout calldata w) external view returns (bytes32);
    /// @notice What a client signs to have a proposal cancelled.
    function cancellationDigest(Cancellation calldata c) external view returns (bytes32);
    /// @notice What a client signs to have a mandate taken back.
    function revocationDigest(Revocation calldata r) external view returns (bytes32);
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    Account,
    Activation,
    DealProposal,
    DealView,
    DrawnLeaf,
    EarlyEnd,
    Extension,
    MarketParams,
    Publication,
    SignedExtension,
    SkipReason
} from "../types/MarketTypes.sol";

/// @title The storage market: deals, proving sets, period bitmaps and balances (Protocol §3 to §6, §9).
/// @notice Immutable, no admin keys. Tokens move only in deposit and withdraw; all else are ledger entries.
interface IStorageMarket {
    // ---------------------------------------------------------------- money
    event Deposited(address indexed account, address indexed from, uint96 amount);
    event WithdrawalRequested(address indexed account, uint96 amount, uint64 releaseBlock);
    event Withdrawn(address indexed account, address indexed to, uint96 amount);

    error ZeroAmount();
    /// @notice The market keeps at most 2^96 - 1 token units, so that no ledger entry can overflow.
    error TooMuch(uint256 held);
    error ZeroAddress();
    error TransferAmountMismatch(uint256 expected, uint256 received);
    error NothingRequested(address account);
    error WithdrawalNotDue(uint256 releaseBlock, uint256 currentBlock);
    error PermitFailed(address owner);

    // ---------------------------------------------------------------- deals
    /// @notice Terms go out whole, so that all state can be rebuilt from logs.
    event DealPublished(
        bytes32 indexed dealId,
        address indexed client,
        address indexed miner,
        DealProposal proposal,
        bytes32 sealedRoot,
        uint40 sealBlock
    );
    /// @notice An item of a batch (publication, activation, extension) was passed over.
    event DealSkipped(bytes32 indexed dealId, address indexed miner, SkipReason reason);
    /// @notice The entry is appended to the proving set array of its height.
    event DealActivated(bytes32 indexed dealId, address indexed miner, uint32 start, uint32 end);
    /// @notice From period `from` on the deal costs `price` for all of [from, end); `carried` of it is what was not spent of
    /// the price before, the rest came out of (or, if less, went back to) the client's balance. `collateral` is what the
    /// deal holds now.
    event DealExtended(
        bytes32 indexed dealId,
        address indexed miner,
        uint32 from,
        uint32 end,
        uint96 price,
        uint96 collateral,
        uint96 carried
    );
    /// @notice The end has moved nearer: from period `from` on the deal costs `price` for all of [from, end), and `refunded`, the
    /// rest of what was not spent, went back to the client. `end` = `from`: both sides have agreed to end it at once, and
    /// DealCompleted follows, which frees the collateral.
    event DealShortened(
        bytes32 indexed dealId, address indexed miner, uint32 from, uint32 end, uint96 price, uint96 refunded
    );
    event DealCancelled(bytes32 indexed dealId, address indexed client);
    /// @notice collateral = burned + tip + returned to the miner; the whole price is returned to the client.
    event DealExpired(bytes32 indexed dealId, address indexed by, uint96 burned, uint96 tip);
    /// @notice Periods [from, to) were settled: `proved` of them proved, `excused` announced maintenance, the others missed.
    /// @param paid to the miner; @param feeBurned share of the pay that was burned; @param refunded to the client for
    /// missed and excused periods; @param slashed cut from the collateral, of which `slashedToClient` went to the client and the rest was burned
    event DealSettled(
        bytes32 indexed dealId,
        uint32 from,
        uint32 to,
        uint32 proved,
        uint32 excused,
        uint96 paid,
        uint96 feeBurned,
        uint96 refunded,
        uint96 slashed,
        uint96 slashedToClient
    );
    /// @notice Ran to its end: `dust` (rounding) to the client, the collateral back to the miner.
    event DealCompleted(bytes32 indexed dealId, uint96 collateral, uint96 dust);
    /// @notice Forfeited. `exitPeriod`: first period in which its entry is no longer drawn. The unspent price goes
    /// back to the client; of the collateral `toClient` + `tip` ≤ half, the rest burned.
    event DealTerminated(
        bytes32 indexed dealId,
        address indexed by,
        uint32 exitPeriod,
        uint96 refunded,
        uint96 toClient,
        uint96 tip,
        uint96 burned
    );
    /// @notice The entry left its array; the last entry of that height took its slot.
    event EntryPurged(bytes32 indexed dealId, address indexed miner);

    error WrongState(bytes32 dealId, uint8 state);
    /// @notice Neither the client nor the bearer of its signature over just this.
    error NotClient(bytes32 dealId, address caller);
    error NotExpired(bytes32 dealId, uint256 activateBy, uint256 currentBlock);
    error NotOver(bytes32 dealId, uint256 dueBlock, uint256 currentBlock);
    error Unsettled(bytes32 dealId, uint32 cursor, uint32 target);
    error NotDefaulted(bytes32 dealId, uint8 missRun, uint8 maxMissRun);
    error Defaulted(bytes32 dealId);
    /// @notice Neither the miner itself nor its operator, or the miner takes no deals.
    error NotOperator(bytes32 dealId, address caller);
    error TooLate(bytes32 dealId, uint64 executeBy, uint256 currentBlock);
    /// @notice The deal ends at `end` anyway: no later than it would then.
    error NotSooner(bytes32 dealId, uint32 end);
    error NotPurgeable(bytes32 dealId);
    error SetFrozenUntil(address miner, uint256 blockNumber);

    // ---------------------------------------------------------------- proving
    event PeriodProved(address indexed miner, uint32 indexed period, address sender);
    /// @notice Periods [firstPeriod, firstPeriod + count) are excused, for good.
    event MaintenanceAnnounced(address indexed miner, uint32 firstPeriod, uint32 count);

    error WrongPeriod(uint32 period, uint32 current);
    error WindowNotOpen(uint256 challengeBlock, uint256 currentBlock);
    error AlreadyProved(address miner, uint32 period);
    error NoDuty(address miner);
    error SeedUnavailable(uint256 blockNumber);
    error BadProofLength(uint256 expected, uint256 actual);
    error BadProof(uint256 draw, bytes23 dealKey, uint40 leafIndex);
    error DrawExhausted(address miner);
    error PeriodExcused(address miner, uint32 period);
    error NotMiner(address miner, address caller);
    error MaintenanceEmpty();
    error MaintenanceTooSoon(uint32 firstPeriod, uint256 earliest);
    /// @notice Nothing is announced further ahead than the longest deal, counted from the earliest period possible.
    error MaintenanceTooFar(uint256 end, uint256 latest);
    error MaintenanceExhausted(address miner, uint256 quarter, uint256 wanted, uint256 left);
    error AlreadyExcused(address miner, uint32 period);

    // ---------------------------------------------------------------- construction
    error BadParameter(string name, uint256 value);

    // ================================================================ money
    /// @notice Moves tokens from the caller into `account`'s balance.
    function deposit(address account, uint96 amount) external;
    /// @notice Deposits `amount` of `owner`'s tokens into `owner`'s balance by ERC-2612 permit; anyone may relay it.
    /// A permit that was front-run does no harm when the owner itself is the caller and its allowance suffices.
    function depositWithPermit(address owner, uint96 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;
    /// @notice Announces a withdrawal; replaces an earlier announcement. Zero withdraws the announcement.
    function requestWithdrawal(uint96 amount) external;
    /// @notice Pays out the announced amount (or what is left of the balance, if less) after the notice.
    function withdraw(address to) external returns (uint96 amount);

    // ================================================================ deals
    /// @notice Publishes many deals; a bad one is skipped with its reason. Operator of each proposal's miner only.
    function publishDeals(Publication[] calldata publications) external returns (SkipReason[] memory);
    /// @notice Activates many deals; a bad one is skipped with its reason. Anyone.
    function activateDeals(Activation[] calldata activations) external returns (SkipReason[] memory);
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
    /// @notice Settles at most `maxPeriods` closed periods of each deal. Anyone.
    function settle(bytes32[] calldata dealIds, uint32 maxPeriods) external;
    /// @notice Settles what is left and ends a deal whose periods and collateral hold are over. Anyone.
    function complete(bytes32 dealId) external;
    /// @notice Settles, then ends a deal with more than maxMissRun misses in a row. Anyone, for a tip.
    function terminate(bytes32 dealId) external;
    /// @notice Removes ended entries from their miners' proving sets, outside a freeze. Anyone.
    function purge(bytes32[] calldata dealIds) external;

    // ================================================================ proving
    /// @notice Proves `period` for all of a miner's deals at once. Anyone.
    /// @param openings for each of the k draws: leaf, then its path bottom-up, exactly as many nodes as the drawn
    /// entry's height; 32 bytes a node; concatenated
    function prove(address miner, uint32 period, bytes calldata seedProof, bytes calldata openings) external;
    /// @notice Excuses whole periods to come: no duty, no pay, no slash, and no run of misses is broken. Cannot be taken back.
    /// The miner or its operator.
    function announceMaintenance(address miner, uint32 firstPeriod, uint32 count) external;

    // ================================================================ views
    function params() external view returns (MarketParams memory);
    function domainSeparator() external view returns (bytes32);
    function dealIdOf(DealProposal calldata proposal) external view returns (bytes32);
    /// @notice What the client signs to extend a deal.
    function extensionDigest(Extension calldata extension) external view returns (bytes32);
    /// @notice What the client signs to end a deal early.
    function earlyEndDigest(EarlyEnd calldata e) external view returns (bytes32);
    function deal(bytes32 dealId) external view returns (DealView memory);
    function account(address owner) external view returns (Account memory);
    /// @notice Tokens burned so far; they stay in the contract, owned by nobody.
    function burned() external view returns (uint256);
    /// @notice Deals of a miner that are Published or Active.
    function liveDeals(address miner) external view returns (uint256);
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
    /// @notice Σ over heights of count · 2^height: what a draw is taken modulo.
    function setWeight(address miner) external view returns (uint256);
}

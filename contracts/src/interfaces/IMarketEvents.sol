// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DealProposal, SkipReason} from "../types/MarketTypes.sol";

/// @title Events and errors of a market, whichever of its contracts raises them.
interface IMarketEvents {
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
    /// @notice An item of a batch (publication, activation, extension, answer) was passed over.
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
    /// @notice DealExtended, which follows, came of the client's mandate with this digest, for the `used`th time: `taken` in all left
    /// the client's balance, `tip` of it to `by`.
    event MandateExecuted(
        bytes32 indexed dealId, bytes32 indexed digest, address indexed by, uint32 used, uint96 taken, uint96 tip
    );
    event MandateRevocation(bytes32 indexed dealId, bytes32 indexed digest);
    event DealCancelled(bytes32 indexed dealId, address indexed client, address indexed miner);
    /// @notice collateral = burned + tip + returned to the miner; what was locked of the price is returned to the client.
    event DealExpired(bytes32 indexed dealId, address indexed by, uint96 burned, uint96 tip);
    /// @notice Periods [from, to) were settled: `proved` of them proved, `excused` announced maintenance, the others missed.
    /// While the deal's fault is declared (since FaultDeclared) none is proved, and what is slashed is the fee.
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

    /// @notice A published deal may take this one over; of its price `locked` is locked now, the rest is to come from this one.
    event HandOverAnnounced(bytes32 indexed dealId, bytes32 indexed newDealId, uint96 locked);
    /// @notice With the operator's key and under a collateral budget, `amount` was locked in the window that began in block `since`.
    event BudgetSpent(address indexed miner, uint96 amount, uint64 since);
    /// @notice The miner of this deal wants no notice when it is handed over.
    event NoticeWaived(bytes32 indexed dealId, address indexed miner);
    /// @notice `newDealId` is being activated, and replaces this one, which from period `from` on costs `price` for all of [from, end)
    /// and then is over; `carried`, the rest of what was not spent, is now in the new deal's lock. What that lock then has
    /// beyond the new deal's price went back to the client.
    event DealHandedOver(
        bytes32 indexed dealId, bytes32 indexed newDealId, uint32 from, uint32 end, uint96 price, uint96 carried
    );
    /// @notice Of a deal that ends while its hand-over is pending: `amount`, all that was not spent, is now in the lock of the
    /// deal that replaces it, not in the client's balance.
    event EscrowMoved(bytes32 indexed dealId, bytes23 indexed successor, uint96 amount);

    error WrongState(bytes32 dealId, uint8 state);
    /// @notice The deal whose id begins with `successor` may yet take this one over, and counts on its escrow.
    error HandOverPending(bytes32 dealId, bytes23 successor);
    /// @notice Only the market itself calls this.
    error NotMarket(address caller);
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
    error MandateRevoked(bytes32 dealId);
    error MandateUsedUp(bytes32 dealId, uint32 times);
    error MandateTooEarly(bytes32 dealId, uint256 period, uint256 earliest);
    /// @notice The miner's owner has set no renewal limits, or the miner takes no deals.
    error MandatesNotTaken(address miner);
    error MandateTooLong(bytes32 dealId, uint32 periods, uint32 maxPeriods);
    error MandateTooDear(bytes32 dealId, uint256 pricePerPeriod, uint96 maxPricePerPeriod);
    error MandateCollateralTooHigh(bytes32 dealId, uint96 collateral, uint256 most);
    error MandateOverBudget(bytes32 dealId, uint256 spent, uint96 budget);
    /// @notice An extension of these numbers would be skipped for this reason.
    error MandateRefused(bytes32 dealId, SkipReason reason);
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

    // ---------------------------------------------------------------- relayed orders
    /// @notice The account's next order has the nonce after this one.
    event OrderTaken(address indexed account, uint256 nonce);

    error OrderExpired(uint64 executeBy, uint256 currentBlock);
    error WrongNonce(address account, uint256 nonce, uint256 expected);
    /// @notice Neither the account nor the bearer of its signature over just this.
    error NotSigned(address account, address caller);
    error PaysTooLittle(uint96 amount, uint96 least);

    // ---------------------------------------------------------------- demands and disputes
    /// @notice `bond` wei wait for an answer; `deadline` is the last block for it.
    event DemandRaised(
        bytes32 indexed dealId,
        address indexed miner,
        address indexed demander,
        bool byAuditor,
        uint40 leafIndex,
        uint96 bond,
        uint64 deadline
    );
    /// @notice Both trees were opened: the bond is the miner's.
    event DemandAnswered(bytes32 indexed dealId, address indexed miner, bool byAuditor, uint96 bond);
    /// @notice The bond is the demander's again. If the deal was live, nobody answered in time, and DealTerminated follows.
    event DemandResolved(bytes32 indexed dealId, address indexed demander, bool byAuditor, uint96 bond);
    /// @notice The leaf is not sealed as it must be; DealTerminated follows, without a tip.
    event SealDisputed(bytes32 indexed dealId, address indexed by, uint40 leafIndex);
    event EtherWithdrawn(address indexed account, address indexed to, uint256 amount);

    /// @notice Neither the deal's client nor its auditor.
    error NotDemander(bytes32 dealId, address caller);
    error LeafOutOfRange(bytes32 dealId, uint64 leafIndex, uint40 leafCount);
    /// @notice `least` covers demandGas at the base fee of this block.
    error BondTooLow(uint256 bond, uint256 least);
    error BondTooHigh(uint256 bond, uint256 most);
    error AlreadyDemanded(bytes32 dealId, bool byAuditor, uint64 deadline);
    /// @notice The collateral hold is over from `since` on.
    error DemandsOver(bytes32 dealId, uint256 since, uint256 currentBlock);
    /// @notice An open demand holds the collateral.
    error DemandOpen(bytes32 dealId);
    error NotDemanded(bytes32 dealId, bool byAuditor);
    error DemandPending(bytes32 dealId, uint64 deadline, uint256 currentBlock);
    error BadDisputeOpening(bytes32 dealId, uint40 leafIndex);
    /// @notice The leaf is sealed as it must be.
    error SealIsRight(bytes32 dealId, uint40 leafIndex);
    error NoEther(address account);
    error EtherRefused(address to, uint256 amount);
    // ---------------------------------------------------------------- declared faults
    /// @notice The miner cannot prove the replica: from period `from` on each period of the deal costs the fee instead of being
    /// proved, until it has recovered. Its entry has left the proving set (EntryPurged goes before).
    event FaultDeclared(bytes32 indexed dealId, address indexed miner, uint32 from);
    /// @notice The miner has opened what the challenge block of period `drawnBy` drew; the entry is appended to the proving set
    /// array of its height again, and the duty begins with period `from`.
    event DealRecovered(bytes32 indexed dealId, address indexed miner, uint32 from, uint32 drawnBy);

    /// @notice No period is left for which a fault could be declared, or to which the deal could be recovered.
    error PastEnd(bytes32 dealId, uint32 end);
    /// @notice The fault may last longer: `periods` of at most `maxFaultyPeriods` are settled, and collateral is left.
    error StillFaulty(bytes32 dealId, uint32 periods, uint32 maxFaultyPeriods);
    /// @notice The positions to open are drawn by a challenge block after the declaration.
    error RecoveryTooSoon(bytes32 dealId, uint256 challengeBlock, uint256 currentBlock);
    /// @notice Not the openings that were drawn: wrong length, wrong mask, or a path that misses its root.
    error BadRecovery(bytes32 dealId, uint32 drawnBy);
    /// @notice The proving set array of that height has 2^24 - 1 entries.
    error SetFull(address miner, uint8 height);

    // ---------------------------------------------------------------- views of many
    error PageTooLong(uint256 wanted, uint256 most);

    // ---------------------------------------------------------------- construction
    error BadParameter(string name, uint256 value);
}

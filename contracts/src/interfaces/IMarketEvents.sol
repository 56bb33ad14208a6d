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

    // ---------------------------------------------------------------- relayed orders
    error OrderExpired(uint64 executeBy, uint256 currentBlock);
    error WrongNonce(address account, uint256 nonce, uint256 expected);
    /// @notice Neither the account nor the bearer of its signature over just this.
    error NotSigned(address account, address caller);
    error PaysTooLittle(uint96 amount, uint96 least);

    // ---------------------------------------------------------------- construction
    error BadParameter(string name, uint256 value);
}

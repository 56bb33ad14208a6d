// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {MarketPart} from "./MarketPart.sol";
import {IMarketCore} from "./interfaces/IMarketCore.sol";
import {IMarketExits} from "./interfaces/IMarketExits.sol";
import {IMinerRegistry} from "./interfaces/IMinerRegistry.sol";
import {ISeedSource} from "./interfaces/ISeedSource.sol";
import {ClientSignature} from "./libraries/ClientSignature.sol";
import {DealSlots} from "./libraries/DealSlots.sol";
import {Demands} from "./libraries/Demands.sol";
import {HandOvers} from "./libraries/HandOvers.sol";
import {MerkleTree} from "./libraries/MerkleTree.sol";
import {Pay} from "./libraries/Pay.sol";
import {PieceMath} from "./libraries/PieceMath.sol";
import {ProvingSet} from "./libraries/ProvingSet.sol";
import {SealOpenings} from "./libraries/SealOpenings.sol";
import {Publisher} from "./libraries/Publisher.sol";
import {Settlement} from "./libraries/Settlement.sol";
import {StreamSeal} from "./libraries/StreamSeal.sol";
import {Withdrawals} from "./libraries/Withdrawals.sol";
import {
    Activation,
    Deal,
    DealProposal,
    DealState,
    MarketParams,
    Publication,
    SkipReason
} from "./types/MarketTypes.sol";

/// @title The storage market (Protocol §3 to §5).
/// @notice Invariants, in words; contracts/test/invariant holds them under random actions:
/// 1. Conservation: Σ balances + Σ locks + burned = tokens deposited and not withdrawn. The lock of a Published deal is
///    price + collateral; of an Active or Faulty one, price less what was paid and refunded of it, plus the collateral left;
///    else zero.
/// 2. No period of a deal is both paid and slashed, and none is settled twice: the cursor only grows. An excused period is
///    neither, and none is both proved and excused. A period of a declared fault is never paid, whatever is proved in it.
/// 3. Nobody but its owner moves tokens out of an account: balances fall only by the owner's withdrawal, by a
///    proposal or extension that the owner signed (client), or that its operator sent (miner).
/// 4. A miner's proving set does not change from a challenge block until its period is proved or over; an excused period
///    has no challenges.
///    An extension, an early end or a hand-over moves the end of an entry only outside of that, and only then a fault is
///    declared or recovered from. A Faulty deal has no entry.
/// 5. The outcome of a deal does not depend on who settles it, when, or in how many steps.
/// 6. Ether: Σ bonds of open demands + Σ ether balances = ether held, but for what was forced upon the contract.
/// 7. No collateral goes back to a miner while a demand on its deal is open, and none at all for a replica with a wrong leaf
///    once that was shown.
/// 8. Only a miner or its operator declares a fault or recovers: nobody else takes its entries out of the set or puts them in.
/// 9. No block lies both in a period that a deal is paid for and in one that a deal which it replaces is paid for.
/// 10. From every state there is a way that anyone can go to an end of every deal, and then every token but the burned ones is
///    in an account that its owner can empty.
contract StorageMarket is IMarketCore, MarketPart, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using DealSlots for Deal;
    using ProvingSet for ProvingSet.Set;

    /// @param next the rest of the market: MarketTerms, and what follows it
    constructor(MarketParams memory p, address next) MarketPart(p, next) {
        checkParams(p);
    }

    /// @dev A deployment in which nobody could prove, or in which junk deals would be free, is impossible.
    function checkParams(MarketParams memory p) private view {
        if (p.token.code.length == 0) revert BadParameter("token", uint160(p.token));
        if (p.seedSource.code.length == 0) revert BadParameter("seedSource", uint160(p.seedSource));
        if (
            p.registry.code.length == 0 || IMinerRegistry(p.registry).market() != address(this)
                || IMinerRegistry(p.registry).token() != p.token
        ) revert BadParameter("registry", uint160(p.registry));
        uint256 reach = ISeedSource(p.seedSource).reach();
        if (p.windowBlocks <= ISeedSource(p.seedSource).lag() || p.windowBlocks > reach) {
            revert BadParameter("windowBlocks", p.windowBlocks);
        }
        if (p.periodBlocks < 2 * uint256(p.windowBlocks)) revert BadParameter("periodBlocks", p.periodBlocks);
        if (p.challenges == 0 || p.challenges > 32) revert BadParameter("challenges", p.challenges);
        if (p.sealChallenges == 0 || p.sealChallenges > 16) revert BadParameter("sealChallenges", p.sealChallenges);
        if (p.sealDelay == 0) revert BadParameter("sealDelay", p.sealDelay);
        if (p.maxActivationBlocks < uint256(p.sealDelay) + p.windowBlocks + 1 || p.maxActivationBlocks > reach) {
            revert BadParameter("maxActivationBlocks", p.maxActivationBlocks);
        }
        if (p.maxMissRun > 254) revert BadParameter("maxMissRun", p.maxMissRun);
        if (p.maxPeriods == 0 || p.maxPeriods > type(uint32).max / 2) revert BadParameter("maxPeriods", p.maxPeriods);
        if (p.missPenaltyBps == 0) revert BadParameter("missPenaltyBps", p.missPenaltyBps);
        if (p.priceBurnBps > Pay.BPS / 2) revert BadParameter("priceBurnBps", p.priceBurnBps);
        if (p.expireBurnBps > Pay.BPS) revert BadParameter("expireBurnBps", p.expireBurnBps);
        if (p.minPricePerLeafPeriod == 0) revert BadParameter("minPricePerLeafPeriod", 0);
        if (p.minCollateralPerLeaf == 0) revert BadParameter("minCollateralPerLeaf", 0);
        // The current period may be drawn already; no later one is.
        if (p.maintenanceNotice == 0) revert BadParameter("maintenanceNotice", 0);
        // A miner is on duty three quarters of the time.
        if (p.maintenanceQuarter == 0 || p.maintenanceQuarter / 4 < p.maintenancePeriods) {
            revert BadParameter("maintenanceQuarter", p.maintenanceQuarter);
        }
        // A miner looks at the chain once in every window; no demand falls due between two looks. At most a period, so that a
        // demand looks at few periods for maintenance.
        if (p.demandBlocks < p.windowBlocks || p.demandBlocks > p.periodBlocks) {
            revert BadParameter("demandBlocks", p.demandBlocks);
        }
        if (p.demandSpacing == 0) revert BadParameter("demandSpacing", 0);
        // A bond that did not pay for the answer of the largest piece would be a way to make a miner spend.
        if (p.demandGas < Demands.MIN_GAS || p.demandGas > Demands.MAX_GAS) {
            revert BadParameter("demandGas", p.demandGas);
        }
        // A fault lasts at least the period whose challenge block draws its recovery.
        if (p.maxFaultyPeriods == 0) revert BadParameter("maxFaultyPeriods", 0);
        // Never cheaper than the pay, never dearer than missing: whoever lost a replica says so.
        if (p.faultFeeBps < Pay.BPS || p.faultFeeBps > p.missPenaltyBps) {
            revert BadParameter("faultFeeBps", p.faultFeeBps);
        }
    }

    // ================================================================ money

    /// @inheritdoc IMarketCore
    function deposit(address owner, uint96 amount) external nonReentrant {
        if (owner == address(0)) revert ZeroAddress();
        pull(msg.sender, owner, amount);
    }

    /// @inheritdoc IMarketCore
    function depositWithPermit(address owner, uint96 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
    {
        IERC20Permit permits = IERC20Permit(address(TOKEN));
        // A stranger must not use an old allowance of the owner's. A token without permit whose fallback swallows any
        // call would let it, so for a stranger the owner's nonce must move.
        bool stranger = msg.sender != owner;
        uint256 nonce = stranger ? permits.nonces(owner) : 0;
        try permits.permit(owner, address(this), amount, deadline, v, r, s) {
            if (stranger && permits.nonces(owner) == nonce) revert PermitFailed(owner);
        } catch {
            // Somebody may have sent the owner's permit first.
            if (stranger || TOKEN.allowance(owner, address(this)) < amount) revert PermitFailed(owner);
        }
        pull(owner, owner, amount);
    }

    /// @inheritdoc IMarketCore
    function requestWithdrawal(uint96 amount) external {
        Withdrawals.request(_s, WITHDRAW_NOTICE, msg.sender, amount);
    }

    /// @inheritdoc IMarketCore
    function withdraw(address to) external nonReentrant returns (uint96 amount) {
        return Withdrawals.pay(_s, TOKEN, msg.sender, to, 0);
    }

    function pull(address from, address owner, uint96 amount) private {
        if (amount == 0) revert ZeroAmount();
        uint256 before = TOKEN.balanceOf(address(this));
        TOKEN.safeTransferFrom(from, address(this), amount);
        uint256 held = TOKEN.balanceOf(address(this));
        if (held - before != amount) revert TransferAmountMismatch(amount, held - before);
        if (held > type(uint96).max) revert TooMuch(held);
        _s.accounts[owner].balance += amount;
        emit Deposited(owner, from, amount);
    }

    // ================================================================ deals

    /// @inheritdoc IMarketCore
    function publishDeals(Publication[] calldata publications) external returns (SkipReason[] memory reasons) {
        reasons = new SkipReason[](publications.length);
        Publisher.Sender memory sender;
        for (uint256 i = 0; i < publications.length; ++i) {
            Publication calldata p = publications[i];
            bytes32 dealId = proposalId(p.proposal);
            (SkipReason reason, uint96 due) = refusal(dealId, p, sender);
            if (reason == SkipReason.None) publish(dealId, p, sender, due);
            else emit DealSkipped(dealId, p.proposal.miner, reason);
            reasons[i] = reason;
        }
    }

    /// @dev Why a deal cannot be published now (Protocol §3.3), and what of its price is due now. Only views: a refused one
    /// leaves no trace.
    function refusal(bytes32 dealId, Publication calldata p, Publisher.Sender memory sender)
        private
        view
        returns (SkipReason, uint96 due)
    {
        DealProposal calldata t = p.proposal;
        if (_s.deals[bytes23(dealId)].state != DealState.None) return (SkipReason.AlreadyKnown, due);
        if (sender.miner != t.miner) Publisher.load(sender, _s.spent, REGISTRY, t.miner);
        if (!sender.allowed) return (SkipReason.NotOperator, due);
        if (t.client == address(0) || t.miner == address(0) || t.auditor == address(0)) {
            return (SkipReason.BadParties, due);
        }
        if (block.number > t.publishBy) return (SkipReason.PublishTooLate, due);
        if (
            t.publishBy > t.activateBy || t.activateBy < block.number + SEAL_DELAY + WINDOW_BLOCKS + 1
                || t.activateBy > block.number + MAX_ACTIVATION_BLOCKS
        ) return (SkipReason.BadActivateBy, due);
        if (t.rawSize == 0 || t.rawSize > PieceMath.MAX_RAW_SIZE) return (SkipReason.BadSize, due);
        if (t.sealProfile != StreamSeal.PROFILE) return (SkipReason.BadProfile, due);
        if (t.periods == 0 || t.periods > MAX_PERIODS) return (SkipReason.BadPeriods, due);
        uint256 leaves = PieceMath.leafCount(t.rawSize);
        if (t.price < MIN_PRICE * leaves * t.periods) return (SkipReason.PriceTooLow, due);
        uint256 misses = (MAX_MISS_RUN + 1) * uint256(Pay.slashPerMiss(t.price, t.periods, MISS_PENALTY_BPS));
        if (t.collateral < MIN_COLLATERAL * leaves || t.collateral < misses) return (SkipReason.CollateralTooLow, due);
        due = t.price;
        if (t.replaces != 0) {
            (SkipReason reason, uint96 covered) = IMarketExits(address(this)).coverOf(t);
            if (reason != SkipReason.None) return (reason, 0);
            due -= covered < due ? covered : due;
        }
        uint256 own = t.client == t.miner ? uint256(due) + t.collateral : due;
        if (_s.accounts[t.client].balance < own) return (SkipReason.ClientShort, due);
        if (_s.accounts[t.miner].balance < t.collateral) return (SkipReason.MinerShort, due);
        if (t.collateral > sender.left) return (SkipReason.OverBudget, due);
        if (!ClientSignature.isValid(t.client, dealId, p.signature)) return (SkipReason.BadSignature, due);
        return (SkipReason.None, due);
    }

    function publish(bytes32 dealId, Publication calldata p, Publisher.Sender memory sender, uint96 due) private {
        DealProposal calldata t = p.proposal;
        _s.accounts[t.client].balance -= due;
        _s.accounts[t.miner].balance -= t.collateral;
        Publisher.count(_s.spent, sender, t.collateral);
        ++_s.sets[t.miner].liveDeals;
        uint256 sealBlock = block.number + SEAL_DELAY;
        _s.deals[bytes23(dealId)].publish(t, due, sealBlock, p.sealedRoot);
        if (t.replaces != 0) HandOvers.announce(_s, t.replaces, dealId, due);
        emit DealPublished(dealId, t.client, t.miner, t, p.sealedRoot, uint40(sealBlock));
    }

    /// @inheritdoc IMarketCore
    function activateDeals(Activation[] calldata activations) external returns (SkipReason[] memory reasons) {
        reasons = new SkipReason[](activations.length);
        for (uint256 i = 0; i < activations.length; ++i) {
            Activation calldata a = activations[i];
            bytes32 dealId = proposalId(a.proposal);
            (SkipReason reason, bytes32 sealedRoot) = sealRefusal(dealId, a);
            uint32 earliest;
            if (a.proposal.replaces != 0 && reason == SkipReason.None) {
                (reason, earliest) = IMarketExits(address(this)).takeOver(a.proposal);
            }
            if (reason == SkipReason.None) activate(dealId, a.proposal, sealedRoot, earliest);
            else emit DealSkipped(dealId, a.proposal.miner, reason);
            reasons[i] = reason;
        }
    }

    /// @dev Why a deal cannot be activated now, its openings included (Protocol §4), and the root that they lead to.
    function sealRefusal(bytes32 dealId, Activation calldata a) private view returns (SkipReason, bytes32 sealedRoot) {
        Deal storage d = _s.deals[bytes23(dealId)];
        if (d.state != DealState.Published) return (SkipReason.NotPublished, 0);
        if (block.number > d.activateByOrStart) return (SkipReason.ActivateTooLate, 0);
        uint256 sealBlock = d.sealBlock;
        if (block.number <= sealBlock) return (SkipReason.SealBlockPending, 0);
        // The proposal's miner is the deal's: the id is the proposal's hash.
        if (frozen(a.proposal.miner)) return (SkipReason.SetFrozen, 0);
        bytes32 seed = SEED_SOURCE.valueAt(sealBlock, a.seedProof);
        if (seed == 0) return (SkipReason.SealSeedGone, 0);
        seed = keccak256(abi.encode(seed, address(this), dealId));
        uint256 leaves = PieceMath.leafCount(a.proposal.rawSize);
        uint256 height = PieceMath.height(leaves);
        if (_s.sets[a.proposal.miner].count(height) >= ProvingSet.MAX_ENTRIES) return (SkipReason.SetFull, 0);
        (bool right, bytes32 root) =
            SealOpenings.rootOf(dealId, seed, a.proposal.pieceRoot, leaves, height, a.openings, SEAL_CHALLENGES);
        if (!right || !d.isSealedAs(root)) return (SkipReason.BadOpening, 0);
        return (SkipReason.None, root);
    }

    function activate(bytes32 dealId, DealProposal calldata t, bytes32 sealedRoot, uint32 earliest) private {
        uint32 start = dutyAfter(t.miner, block.number);
        // Drawn at once all the same, it is paid and slashed from then on.
        if (start < earliest) start = earliest;
        uint32 end = start + t.periods;
        uint40 leaves = PieceMath.leafCount(t.rawSize);
        uint8 height = PieceMath.height(leaves);
        uint24 index = _s.sets[t.miner].insert(height, ProvingSet.Entry(sealedRoot, leaves, end, bytes23(dealId)));
        _s.deals[bytes23(dealId)].activate(height, index, start, t.periods);
        emit DealActivated(dealId, t.miner, start, end);
    }

    /// @inheritdoc IMarketCore
    function settle(bytes32[] calldata dealIds, uint32 maxPeriods) external {
        Settlement.Rules memory closing =
            Settlement.Rules(PERIOD_BLOCKS, MAX_MISS_RUN, MISS_PENALTY_BPS, PRICE_BURN_BPS);
        for (uint256 i = 0; i < dealIds.length; ++i) {
            Deal storage d = _s.deals[bytes23(dealIds[i])];
            DealState state = d.state;
            if (state == DealState.Active) Settlement.settle(_s, closing, dealIds[i], d, maxPeriods);
            else if (state == DealState.Faulty) Settlement.settleFaulty(_s, rules(), dealIds[i], d, maxPeriods);
        }
    }

    // ================================================================ proving

    /// @inheritdoc IMarketCore
    function prove(address miner, uint32 period, bytes calldata seedProof, bytes calldata openings) external {
        bytes32 seed = openSeed(miner, period, seedProof);
        uint256 word = _s.periods[miner][period >> 7];
        uint256 bit = uint256(1) << (period & 127);
        if (word & (bit | (bit << 128)) != 0) {
            if (word & bit != 0) revert AlreadyProved(miner, period);
            revert PeriodExcused(miner, period);
        }
        ProvingSet.Set storage set = _s.sets[miner];
        if (set.weight == 0) revert NoDuty(miner);
        uint256 at;
        assembly ("memory-safe") {
            at := openings.offset
        }
        uint256 end = at + openings.length;
        uint256 hashes;
        ProvingSet.Header memory header = set.header();
        ProvingSet.Drawn memory drawn;
        for (uint256 i = 0; i < CHALLENGES; ++i) {
            hashes = set.draw(header, seed, period, hashes, CHALLENGES * ProvingSet.TRIES, drawn);
            if (hashes == 0) revert DrawExhausted(miner);
            uint256 next = at + ((drawn.height + 1) << 5);
            if (next > end) revert BadProofLength(next - (end - openings.length), openings.length);
            if (MerkleTree.rootOf(at, drawn.leaf, drawn.height) != drawn.sealedRoot) {
                revert BadProof(i, set.keyOf(drawn), uint40(drawn.leaf));
            }
            at = next;
        }
        if (at != end) revert BadProofLength(at - (end - openings.length), openings.length);
        _s.periods[miner][period >> 7] = word | bit;
        emit PeriodProved(miner, period, msg.sender);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {MarketPart} from "./MarketPart.sol";
import {IMarketCore} from "./interfaces/IMarketCore.sol";
import {IMinerRegistry} from "./interfaces/IMinerRegistry.sol";
import {ISeedSource} from "./interfaces/ISeedSource.sol";
import {ClientSignature} from "./libraries/ClientSignature.sol";
import {DealSlots} from "./libraries/DealSlots.sol";
import {MerkleTree} from "./libraries/MerkleTree.sol";
import {Pay} from "./libraries/Pay.sol";
import {PieceMath} from "./libraries/PieceMath.sol";
import {ProvingSet} from "./libraries/ProvingSet.sol";
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
///    price + collateral; of an Active one, price less what was paid and refunded of it, plus the collateral left; else zero.
/// 2. No period of a deal is both paid and slashed, and none is settled twice: the cursor only grows. An excused period is
///    neither, and none is both proved and excused.
/// 3. Nobody but its owner moves tokens out of an account: balances fall only by the owner's withdrawal, by a
///    proposal or extension that the owner signed (client), or that its operator sent (miner).
/// 4. A miner's proving set does not change from a challenge block until its period is proved or over; an excused period
///    has no challenges.
///    An extension or an early end moves the end of an entry only outside of that.
/// 5. The outcome of a deal does not depend on who settles it, when, or in how many steps.
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
        Sender memory sender;
        for (uint256 i = 0; i < publications.length; ++i) {
            Publication calldata p = publications[i];
            bytes32 dealId = proposalId(p.proposal);
            SkipReason reason = refusal(dealId, p, sender);
            if (reason == SkipReason.None) publish(dealId, p);
            else emit DealSkipped(dealId, p.proposal.miner, reason);
            reasons[i] = reason;
        }
    }

    /// @dev Whether the caller may publish for a miner; the deals of a batch are mostly of one.
    struct Sender {
        address miner;
        bool allowed;
    }

    /// @dev Why a deal cannot be published now (Protocol §3.3). Only views: a refused one leaves no trace.
    function refusal(bytes32 dealId, Publication calldata p, Sender memory sender) private view returns (SkipReason) {
        DealProposal calldata t = p.proposal;
        if (_s.deals[bytes23(dealId)].state != DealState.None) return SkipReason.AlreadyKnown;
        if (sender.miner != t.miner) {
            sender.miner = t.miner;
            sender.allowed = REGISTRY.mayPublish(t.miner, msg.sender);
        }
        if (!sender.allowed) return SkipReason.NotOperator;
        if (t.client == address(0) || t.miner == address(0) || t.auditor == address(0)) return SkipReason.BadParties;
        if (block.number > t.publishBy) return SkipReason.PublishTooLate;
        if (
            t.publishBy > t.activateBy || t.activateBy < block.number + SEAL_DELAY + WINDOW_BLOCKS + 1
                || t.activateBy > block.number + MAX_ACTIVATION_BLOCKS
        ) return SkipReason.BadActivateBy;
        if (t.rawSize == 0 || t.rawSize > PieceMath.MAX_RAW_SIZE) return SkipReason.BadSize;
        if (t.sealProfile != StreamSeal.PROFILE) return SkipReason.BadProfile;
        if (t.periods == 0 || t.periods > MAX_PERIODS) return SkipReason.BadPeriods;
        if (t.replaces != 0) return SkipReason.ReplacesUnknown;
        uint256 leaves = PieceMath.leafCount(t.rawSize);
        if (t.price < MIN_PRICE * leaves * t.periods) return SkipReason.PriceTooLow;
        uint256 misses = (MAX_MISS_RUN + 1) * uint256(Pay.slashPerMiss(t.price, t.periods, MISS_PENALTY_BPS));
        if (t.collateral < MIN_COLLATERAL * leaves || t.collateral < misses) return SkipReason.CollateralTooLow;
        uint256 own = t.client == t.miner ? uint256(t.price) + t.collateral : t.price;
        if (_s.accounts[t.client].balance < own) return SkipReason.ClientShort;
        if (_s.accounts[t.miner].balance < t.collateral) return SkipReason.MinerShort;
        if (!ClientSignature.isValid(t.client, dealId, p.signature)) return SkipReason.BadSignature;
        return SkipReason.None;
    }

    function publish(bytes32 dealId, Publication calldata p) private {
        DealProposal calldata t = p.proposal;
        _s.accounts[t.client].balance -= t.price;
        _s.accounts[t.miner].balance -= t.collateral;
        ++_s.sets[t.miner].liveDeals;
        uint256 sealBlock = block.number + SEAL_DELAY;
        _s.deals[bytes23(dealId)].publish(t, sealBlock, p.sealedRoot);
        emit DealPublished(dealId, t.client, t.miner, t, p.sealedRoot, uint40(sealBlock));
    }

    /// @inheritdoc IMarketCore
    function activateDeals(Activation[] calldata activations) external returns (SkipReason[] memory reasons) {
        reasons = new SkipReason[](activations.length);
        for (uint256 i = 0; i < activations.length; ++i) {
            Activation calldata a = activations[i];
            bytes32 dealId = proposalId(a.proposal);
            (SkipReason reason, bytes32 sealedRoot) = sealRefusal(dealId, a);
            if (reason == SkipReason.None) activate(dealId, a.proposal, sealedRoot);
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
        if (a.openings.length != (SEAL_CHALLENGES * (height + 1)) << 6) return (SkipReason.BadOpening, 0);
        (bool right, bytes32 root) = opens(dealId, a, seed, leaves, height);
        if (!right || !d.isSealedAs(root)) return (SkipReason.BadOpening, 0);
        return (SkipReason.None, root);
    }

    /// @dev Whether the openings are those of the positions that the seed draws, all to the piece root and one sealed root.
    function opens(bytes32 dealId, Activation calldata a, bytes32 seed, uint256 leaves, uint256 height)
        private
        view
        returns (bool, bytes32 sealedRoot)
    {
        uint256 half = (height + 1) << 5;
        uint256 at;
        bytes calldata openings = a.openings;
        assembly ("memory-safe") {
            at := openings.offset
        }
        for (uint256 i = 0; i < SEAL_CHALLENGES; ++i) {
            uint256 leaf = ProvingSet.expand(seed, i) % leaves;
            bytes32 xored;
            assembly ("memory-safe") {
                xored := xor(calldataload(at), calldataload(add(at, half)))
            }
            if (xored != StreamSeal.mask(dealId, uint64(leaf))) return (false, 0);
            if (MerkleTree.rootOf(at, leaf, height) != a.proposal.pieceRoot) return (false, 0);
            bytes32 root = MerkleTree.rootOf(at + half, leaf, height);
            if (i == 0) sealedRoot = root;
            else if (root != sealedRoot) return (false, 0);
            at += 2 * half;
        }
        return (true, sealedRoot);
    }

    function activate(bytes32 dealId, DealProposal calldata t, bytes32 sealedRoot) private {
        uint32 start = dutyAfter(t.miner, block.number);
        uint32 end = start + t.periods;
        uint40 leaves = PieceMath.leafCount(t.rawSize);
        uint8 height = PieceMath.height(leaves);
        uint24 index = _s.sets[t.miner].insert(height, ProvingSet.Entry(sealedRoot, leaves, end, bytes23(dealId)));
        _s.deals[bytes23(dealId)].activate(height, index, start, t.periods);
        emit DealActivated(dealId, t.miner, start, end);
    }

    /// @inheritdoc IMarketCore
    function settle(bytes32[] calldata dealIds, uint32 maxPeriods) external {
        Settlement.Rules memory rules = Settlement.Rules(PERIOD_BLOCKS, MAX_MISS_RUN, MISS_PENALTY_BPS, PRICE_BURN_BPS);
        for (uint256 i = 0; i < dealIds.length; ++i) {
            Deal storage d = _s.deals[bytes23(dealIds[i])];
            if (d.state == DealState.Active) Settlement.settle(_s, rules, dealIds[i], d, maxPeriods);
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

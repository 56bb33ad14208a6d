// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MarketBase} from "./MarketBase.sol";
import {IMarketReads} from "./interfaces/IMarketReads.sol";
import {DealEnds} from "./libraries/DealEnds.sol";
import {Demands} from "./libraries/Demands.sol";
import {HandOvers} from "./libraries/HandOvers.sol";
import {Maintenance} from "./libraries/Maintenance.sol";
import {Mandates} from "./libraries/Mandates.sol";
import {PeriodClock} from "./libraries/PeriodClock.sol";
import {ProvingSet} from "./libraries/ProvingSet.sol";
import {Publisher} from "./libraries/Publisher.sol";
import {Renewals} from "./libraries/Renewals.sol";
import {Settlement} from "./libraries/Settlement.sol";
import {Withdrawals} from "./libraries/Withdrawals.sol";
import {
    Account,
    Cancellation,
    Deal,
    DealProposal,
    DealState,
    DealView,
    Demand,
    DrawnLeaf,
    EarlyEnd,
    Extension,
    Mandate,
    MandateUse,
    Leaving,
    MarketParams,
    Revocation,
    SetEntry,
    WithdrawalPayout,
    WithdrawalRequest
} from "./types/MarketTypes.sol";

/// @title The market's last contract: everything that only reads.
contract MarketReads is IMarketReads, MarketBase {
    using ProvingSet for ProvingSet.Set;

    constructor(MarketParams memory p) MarketBase(p) {}

    /// @inheritdoc IMarketReads
    function params() external view returns (MarketParams memory) {
        return rules();
    }

    /// @inheritdoc IMarketReads
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @inheritdoc IMarketReads
    function dealIdOf(DealProposal calldata proposal) external view returns (bytes32) {
        return proposalId(proposal);
    }

    /// @inheritdoc IMarketReads
    function extensionDigest(Extension calldata extension) external view returns (bytes32) {
        return _hashTypedDataV4(Renewals.structHash(extension));
    }

    /// @inheritdoc IMarketReads
    function mandateDigest(Mandate calldata m) external view returns (bytes32) {
        return _hashTypedDataV4(Mandates.structHash(m));
    }

    /// @inheritdoc IMarketReads
    function mandateUse(bytes32 digest) external view returns (MandateUse memory) {
        return _s.mandates[digest];
    }

    /// @inheritdoc IMarketReads
    function earlyEndDigest(EarlyEnd calldata e) external view returns (bytes32) {
        return _hashTypedDataV4(DealEnds.structHash(e));
    }

    /// @inheritdoc IMarketReads
    uint256 public constant PAGE = 256;

    /// @inheritdoc IMarketReads
    function deal(bytes32 dealId) external view returns (DealView memory) {
        return viewOf(dealId);
    }

    /// @inheritdoc IMarketReads
    function deals(bytes32[] calldata dealIds) external view returns (DealView[] memory views) {
        requirePage(dealIds.length);
        views = new DealView[](dealIds.length);
        for (uint256 i = 0; i < dealIds.length; ++i) {
            views[i] = viewOf(dealIds[i]);
        }
    }

    /// @inheritdoc IMarketReads
    function accounts(address[] calldata owners) external view returns (Account[] memory all) {
        requirePage(owners.length);
        all = new Account[](owners.length);
        for (uint256 i = 0; i < owners.length; ++i) {
            all[i] = _s.accounts[owners[i]];
        }
    }

    /// @inheritdoc IMarketReads
    function setEntries(address miner, uint8 height, uint256 from, uint256 limit)
        external
        view
        returns (SetEntry[] memory entries)
    {
        requirePage(limit);
        ProvingSet.Set storage set = _s.sets[miner];
        uint256 n = set.count(height);
        uint256 size = from >= n ? 0 : n - from < limit ? n - from : limit;
        entries = new SetEntry[](size);
        for (uint256 i = 0; i < size; ++i) {
            ProvingSet.Entry storage e = set.entries[height][from + i];
            entries[i] = SetEntry(e.sealedRoot, e.leafCount, e.end, e.dealKey);
        }
    }

    /// @inheritdoc IMarketReads
    function periodWords(address miner, uint256 from, uint256 count) external view returns (uint256[] memory words) {
        requirePage(count);
        words = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            words[i] = _s.periods[miner][from + i];
        }
    }

    /// @dev What a caller may ask for in one call is bounded, so that no answer runs out of gas or memory.
    function requirePage(uint256 wanted) private pure {
        if (wanted > PAGE) revert PageTooLong(wanted, PAGE);
    }

    function viewOf(bytes32 dealId) private view returns (DealView memory v) {
        Deal storage d = _s.deals[bytes23(dealId)];
        v.state = d.state;
        v.client = d.client;
        v.miner = d.miner;
        v.price = d.price;
        v.collateral = d.collateral;
        v.sealBlock = d.sealBlock;
        // Until it is activated the other fields have no meaning.
        if (d.state == DealState.Published || d.end == 0) {
            v.activateBy = d.activateByOrStart;
            return v;
        }
        v.start = uint32(d.activateByOrStart);
        v.periods = d.periods;
        v.end = d.end;
        v.missed = d.cursor - (d.end - d.periods) - d.proved;
        v.removed = d.height == 0;
        v.cursor = d.cursor;
        v.proved = d.proved;
        v.missRun = d.missRun;
        v.sealedRoot = d.height == 0 ? d.sealedRoot : _s.sets[d.miner].entries[d.height][d.index].sealedRoot;
        v.noticed = d.leaving == Leaving.Noticed;
        if (d.state == DealState.Faulty) v.faultySince = d.cursor - d.index;
    }

    /// @inheritdoc IMarketReads
    function handOver(bytes32 dealId) external view returns (bytes23 successor, bool pending, bool waived) {
        successor = _s.handOvers[bytes23(dealId)].successor;
        pending = HandOvers.isPending(_s, dealId);
        waived = _s.handOvers[bytes23(dealId)].waived;
    }

    /// @inheritdoc IMarketReads
    function account(address owner) external view returns (Account memory) {
        return _s.accounts[owner];
    }

    /// @inheritdoc IMarketReads
    function burned() external view returns (uint256) {
        return _s.burned;
    }

    /// @inheritdoc IMarketReads
    function liveDeals(address miner) external view returns (uint256) {
        return _s.sets[miner].liveDeals;
    }

    /// @inheritdoc IMarketReads
    function spentBudget(address miner) external view returns (uint96 amount, uint64 until) {
        (,, uint32 blocks) = REGISTRY.publishingRights(miner, address(0));
        (uint256 spent, uint256 since) = Publisher.open(_s.spent[miner], blocks);
        if (spent != 0) (amount, until) = (uint96(spent), uint64(since + blocks));
    }

    /// @inheritdoc IMarketReads
    function periodAt(address miner, uint256 blockNumber) external view returns (uint32) {
        return periodOf(miner, blockNumber);
    }

    /// @inheritdoc IMarketReads
    function nextDuty(address miner, uint256 blockNumber) external view returns (uint32) {
        return dutyAfter(miner, blockNumber);
    }

    /// @inheritdoc IMarketReads
    function challengeBlock(address miner, uint32 period) external view returns (uint256) {
        return challengeOf(miner, period);
    }

    /// @inheritdoc IMarketReads
    function periodEnd(address miner, uint32 period) external view returns (uint256) {
        return PeriodClock.endOf(period, PeriodClock.shiftOf(miner, PERIOD_BLOCKS), PERIOD_BLOCKS);
    }

    /// @inheritdoc IMarketReads
    function isProved(address miner, uint32 period) external view returns (bool) {
        return Settlement.bitsOf(_s, miner, period) == 1;
    }

    /// @inheritdoc IMarketReads
    function isExcused(address miner, uint32 period) external view returns (bool) {
        return Settlement.bitsOf(_s, miner, period) > 1;
    }

    /// @inheritdoc IMarketReads
    function periodWord(address miner, uint256 word) external view returns (uint256) {
        return _s.periods[miner][word];
    }

    /// @inheritdoc IMarketReads
    function maintenanceLeft(address miner, uint32 period) external view returns (uint256) {
        return Maintenance.left(_s, MAINTENANCE_PERIODS, period / MAINTENANCE_QUARTER, miner);
    }

    /// @inheritdoc IMarketReads
    function isFrozen(address miner) external view returns (bool) {
        return frozen(miner);
    }

    /// @inheritdoc IMarketReads
    function drawnLeaves(address miner, uint32 period, bytes calldata seedProof)
        external
        view
        returns (bytes32 seed, DrawnLeaf[] memory leaves)
    {
        seed = openSeed(miner, period, seedProof);
        ProvingSet.Set storage set = _s.sets[miner];
        if (set.weight == 0) revert NoDuty(miner);
        leaves = new DrawnLeaf[](CHALLENGES);
        uint256 hashes;
        ProvingSet.Header memory header = set.header();
        ProvingSet.Drawn memory drawn;
        for (uint256 i = 0; i < CHALLENGES; ++i) {
            hashes = set.draw(header, seed, period, hashes, CHALLENGES * ProvingSet.TRIES, drawn);
            if (hashes == 0) revert DrawExhausted(miner);
            leaves[i] = DrawnLeaf(set.keyOf(drawn), uint40(drawn.leaf));
        }
    }

    /// @inheritdoc IMarketReads
    function setCount(address miner, uint8 height) external view returns (uint256) {
        return _s.sets[miner].count(height);
    }

    /// @inheritdoc IMarketReads
    function setEntry(address miner, uint8 height, uint256 index)
        external
        view
        returns (bytes32 sealedRoot, uint40 leafCount, uint32 end, bytes23 dealKey)
    {
        ProvingSet.Entry storage e = _s.sets[miner].entries[height][index];
        return (e.sealedRoot, e.leafCount, e.end, e.dealKey);
    }

    /// @inheritdoc IMarketReads
    function setWeight(address miner) external view returns (uint256) {
        return _s.sets[miner].weight;
    }

    /// @inheritdoc IMarketReads
    function demands(bytes32[] calldata dealIds) external view returns (Demand[] memory open) {
        open = new Demand[](2 * dealIds.length);
        for (uint256 i = 0; i < open.length; ++i) {
            open[i] = _s.demands[bytes23(dealIds[i / 2])][i & 1];
        }
    }

    /// @inheritdoc IMarketReads
    function leastBond() external view returns (uint256) {
        return Demands.leastBond(DEMAND_GAS);
    }

    /// @inheritdoc IMarketReads
    function lastDeadline(address miner) external view returns (uint64) {
        return _s.lastDeadlines[miner];
    }

    /// @inheritdoc IMarketReads
    function etherOf(address account_) external view returns (uint256) {
        return _s.etherOf[account_];
    }

    /// @inheritdoc IMarketReads
    function orderNonce(address owner) external view returns (uint256) {
        return _s.nonces[owner];
    }

    /// @inheritdoc IMarketReads
    function withdrawalRequestDigest(WithdrawalRequest calldata r) external view returns (bytes32) {
        return _hashTypedDataV4(Withdrawals.structHash(r));
    }

    /// @inheritdoc IMarketReads
    function withdrawalPayoutDigest(WithdrawalPayout calldata w) external view returns (bytes32) {
        return _hashTypedDataV4(Withdrawals.structHash(w));
    }

    /// @inheritdoc IMarketReads
    function cancellationDigest(Cancellation calldata c) external view returns (bytes32) {
        return _hashTypedDataV4(DealEnds.structHash(c));
    }

    /// @inheritdoc IMarketReads
    function revocationDigest(Revocation calldata r) external view returns (bytes32) {
        return _hashTypedDataV4(Mandates.structHash(r));
    }
}

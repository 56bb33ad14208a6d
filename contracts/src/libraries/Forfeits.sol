// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../interfaces/IMarketEvents.sol";
import {Deal, DealProposal, Demand, MarketParams} from "../types/MarketTypes.sol";
import {BothTrees} from "./BothTrees.sol";
import {DealEnds} from "./DealEnds.sol";
import {Demands} from "./Demands.sol";
import {MarketState} from "./MarketState.sol";
import {PieceMath} from "./PieceMath.sol";

/// @title How a deal is forfeited for its replica: by a demand without answer, or by one wrong leaf (Protocol §6.1, §6.2).
library Forfeits {
    /// @notice Closes a demand that was not answered in time, and with it the deal; or gives the bond of a deal that has ended
    /// otherwise back to its demander.
    function resolve(
        MarketState storage s,
        MarketParams memory p,
        bytes32 dealId,
        DealProposal calldata t,
        bool byAuditor
    ) internal {
        Demand memory open = s.demands[bytes23(dealId)][Demands.slotOf(byAuditor)];
        if (open.deadline == 0) revert IMarketEvents.NotDemanded(dealId, byAuditor);
        Deal storage d = s.deals[bytes23(dealId)];
        bool live = Demands.isLive(d);
        if (live && block.number <= open.deadline) {
            revert IMarketEvents.DemandPending(dealId, open.deadline, block.number);
        }
        address demander = byAuditor ? t.auditor : t.client;
        delete s.demands[bytes23(dealId)][Demands.slotOf(byAuditor)];
        s.etherOf[demander] += open.bond;
        emit IMarketEvents.DemandResolved(dealId, demander, byAuditor, open.bond);
        if (live) DealEnds.forfeit(s, p, dealId, d, p.tipCap);
    }

    /// @notice Ends a deal of whose replica one leaf is not what it must be. Whoever shows it earns nothing, so nothing is
    /// gained by showing it first.
    function dispute(
        MarketState storage s,
        MarketParams memory p,
        bytes32 dealId,
        DealProposal calldata t,
        uint64 leafIndex,
        bytes calldata openings
    ) internal {
        Deal storage d = s.deals[bytes23(dealId)];
        if (!Demands.isLive(d)) revert IMarketEvents.WrongState(dealId, uint8(d.state));
        uint40 leaves = PieceMath.leafCount(t.rawSize);
        if (leafIndex >= leaves) revert IMarketEvents.LeafOutOfRange(dealId, leafIndex, leaves);
        {
            uint256 height = PieceMath.height(leaves);
            uint256 half = (height + 1) << 5;
            uint256 at;
            assembly ("memory-safe") {
                at := openings.offset
            }
            if (
                openings.length != 2 * half
                    || !BothTrees.opens(at, half, height, leafIndex, t.pieceRoot, Demands.sealedRootOf(s, d))
            ) revert IMarketEvents.BadDisputeOpening(dealId, uint40(leafIndex));
            if (BothTrees.isSealed(at, half, dealId, leafIndex)) {
                revert IMarketEvents.SealIsRight(dealId, uint40(leafIndex));
            }
        }
        emit IMarketEvents.SealDisputed(dealId, msg.sender, uint40(leafIndex));
        DealEnds.forfeit(s, p, dealId, d, 0);
    }
}

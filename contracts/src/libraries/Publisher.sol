// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../interfaces/IMarketEvents.sol";
import {IMinerRegistry} from "../interfaces/IMinerRegistry.sol";

/// @title Who locks a miner's collateral, and how much of it (Protocol §3.3, §9).
/// @notice The budget's window begins with the first collateral locked under it and is `blocks` long; the next begins with the first
/// locked after that. So any `blocks` blocks touch two windows at most, and less than twice the budget is locked in them.
library Publisher {
    /// @notice The caller's rights for a miner; the deals of a batch are mostly of one, so they are read once for them all.
    /// @param left collateral that the caller may still lock now
    /// @param budget most that it locks in a window; meaningless when there is no budget
    /// @param since block in which the window began; 0: there is no budget
    struct Sender {
        address miner;
        bool allowed;
        uint256 left;
        uint256 budget;
        uint256 since;
    }

    /// @param amount locked with the operator's key since `since`
    /// @param since block in which the window began
    struct Spent {
        uint96 amount;
        uint64 since;
    }

    /// @notice Reads the caller's rights for a miner from the registry.
    function load(Sender memory sender, mapping(address => Spent) storage spent, IMinerRegistry registry, address miner)
        internal
        view
    {
        (bool allowed, uint96 budget, uint32 blocks) = registry.publishingRights(miner, msg.sender);
        loadOwner(sender, miner);
        sender.allowed = allowed;
        if (blocks == 0) return;
        (uint256 amount, uint256 since) = open(spent[miner], blocks);
        sender.left = amount < budget ? budget - amount : 0;
        sender.budget = budget;
        sender.since = since;
    }

    /// @notice The miner itself may lock all it has.
    function loadOwner(Sender memory sender, address miner) internal pure {
        sender.miner = miner;
        sender.allowed = true;
        sender.left = type(uint256).max;
        sender.since = 0;
    }

    /// @notice Counts collateral that the caller locks; no more than what is left.
    function count(mapping(address => Spent) storage spent, Sender memory sender, uint96 collateral) internal {
        if (sender.since == 0) return;
        sender.left -= collateral;
        uint96 amount = uint96(sender.budget - sender.left);
        spent[sender.miner] = Spent(amount, uint64(sender.since));
        emit IMarketEvents.BudgetSpent(sender.miner, amount, uint64(sender.since));
    }

    /// @notice The window that is open now, or would open.
    function open(Spent storage s, uint256 blocks) internal view returns (uint256 amount, uint256 since) {
        (amount, since) = (s.amount, s.since);
        // Nothing was ever spent, or long ago. A window may be longer than the chain.
        if (amount == 0 || block.number >= since + blocks) (amount, since) = (0, block.number);
    }
}

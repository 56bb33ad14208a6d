// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Account, Deal, Demand, HandOver, MandateUse} from "../types/MarketTypes.sol";
import {ProvingSet} from "./ProvingSet.sol";
import {Publisher} from "./Publisher.sol";

/// @notice All that a market stores, in one struct so that its libraries work on it.
/// @param accounts unlocked tokens by owner
/// @param deals by the first 23 bytes of the id, which is what an entry of a proving set has room for. A second proposal
/// that collides with a published one is AlreadyKnown. To pass for the published one at activation it would have to hit
/// those 184 bits of an id that the client's salt is in: a second preimage, not a birthday.
/// @param sets proving sets by miner
/// @param periods word p >> 7 of a miner: bit p & 127 when it has proved period p, bit 128 + (p & 127) when p is excused; never
/// both. One word, because `prove` reads it anyway.
/// @param burned tokens that nobody owns any more
/// @param mandates what has become of clients' standing orders, by their digests
/// @param maintained periods of a quarter that the miner has excused
/// @param demands open demands on a deal: the client's, the auditor's
/// @param lastDeadlines latest deadline of all demands ever raised on a miner: the end of its queue
/// @param etherOf wei of bonds that an address may withdraw
/// @param spent what a miner's operator has locked under its collateral budget; not kept while there is none
/// @param handOvers of deals to other miners, by the old deal
/// @param nonces of the next order that an account signs for others to send
struct MarketState {
    mapping(address owner => Account) accounts;
    mapping(bytes23 dealKey => Deal) deals;
    mapping(address miner => ProvingSet.Set) sets;
    mapping(address miner => mapping(uint256 word => uint256)) periods;
    uint256 burned;
    mapping(address miner => mapping(uint256 quarter => uint256)) maintained;
    mapping(bytes23 dealKey => Demand[2]) demands;
    mapping(address miner => uint64) lastDeadlines;
    mapping(address owner => uint256) etherOf;
    mapping(bytes32 digest => MandateUse) mandates;
    mapping(address miner => Publisher.Spent) spent;
    mapping(bytes23 dealKey => HandOver) handOvers;
    mapping(address account => uint256) nonces;
}

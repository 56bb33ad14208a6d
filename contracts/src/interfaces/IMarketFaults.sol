// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Activation} from "../types/MarketTypes.sol";

/// @title What goes wrong with a replica, and who says so (Protocol §5, §6).
interface IMarketFaults {
    /// @notice Settles active deals, then takes their entries out of the proving set, outside a freeze: their miner cannot prove
    /// these replicas and pays the fee for every period from the next duty on, until it recovers them (Protocol §5.8). All or
    /// none. The miner or its operator.
    function declareFaults(bytes32[] calldata dealIds) external;
    /// @notice Settles a faulty deal up to the next duty, and puts it back into the proving set, outside a freeze: the miner opens,
    /// as at activation, positions that the latest challenge block draws, which lies after the declaration. The miner or
    /// its operator, and nobody else: STREAM replicas can be computed by anyone who has the piece, and an entry that the
    /// miner cannot prove would spoil the proofs of all its other deals.
    function recover(Activation calldata recovery) external;
}

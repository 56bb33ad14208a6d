// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MarketPart} from "./MarketPart.sol";
import {IMarketFaults} from "./interfaces/IMarketFaults.sol";
import {Faults} from "./libraries/Faults.sol";
import {Activation, MarketParams} from "./types/MarketTypes.sol";

/// @title The market's third contract: what goes wrong with a replica, and who says so (Protocol §5, §6).
/// @notice Holds to the invariants of StorageMarket, whose storage it works on.
contract MarketFaults is IMarketFaults, MarketPart {
    /// @param next MarketReads
    constructor(MarketParams memory p, address next) MarketPart(p, next) {}

    /// @inheritdoc IMarketFaults
    function declareFaults(bytes32[] calldata dealIds) external {
        Faults.declare(_s, rules(), dealIds);
    }

    /// @inheritdoc IMarketFaults
    function recover(Activation calldata recovery) external {
        Faults.recover(_s, rules(), proposalId(recovery.proposal), recovery);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MarketPart} from "./MarketPart.sol";
import {IMarketFaults} from "./interfaces/IMarketFaults.sol";
import {MarketParams} from "./types/MarketTypes.sol";

/// @title The market's third contract: what goes wrong with a replica, and who says so (Protocol §5, §6).
/// @notice Holds to the invariants of StorageMarket, whose storage it works on.
contract MarketFaults is IMarketFaults, MarketPart {
    /// @param next MarketReads
    constructor(MarketParams memory p, address next) MarketPart(p, next) {}
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketCore} from "./IMarketCore.sol";
import {IMarketEvents} from "./IMarketEvents.sol";
import {IMarketExits} from "./IMarketExits.sol";
import {IMarketFaults} from "./IMarketFaults.sol";
import {IMarketReads} from "./IMarketReads.sol";
import {IMarketTerms} from "./IMarketTerms.sol";

/// @title The storage market: deals, proving sets, period bitmaps and balances (Protocol §3 to §6, §9).
/// @notice Immutable, no admin keys. One address; which of its contracts has a function is nobody's business but theirs.
interface IStorageMarket is IMarketEvents, IMarketCore, IMarketTerms, IMarketFaults, IMarketExits, IMarketReads {}

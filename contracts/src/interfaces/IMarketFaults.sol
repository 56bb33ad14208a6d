// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title What goes wrong with a replica, and who says so (Protocol §5, §6).
interface IMarketFaults {}

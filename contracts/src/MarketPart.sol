// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MarketBase} from "./MarketBase.sol";
import {MarketParams} from "./types/MarketTypes.sol";

/// @title A contract of a market that another one follows: it passes on what it does not know.
abstract contract MarketPart is MarketBase {
    address private immutable NEXT;

    /// @param next the contract that follows, made with the same parameters
    constructor(MarketParams memory p, address next) MarketBase(p) {
        if (next.code.length == 0 || MarketBase(next).paramsHash() != paramsHash) {
            revert BadParameter("next", uint160(next));
        }
        NEXT = next;
    }

    /// @dev OpenZeppelin's Proxy writes over memory that Solidity manages. The compiler then keeps nothing there for the whole
    /// contract, and publishing costs 2,400 gas more. This one uses free memory only.
    fallback() external payable {
        address next = NEXT;
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, 0, calldatasize())
            let done := delegatecall(gas(), next, data, calldatasize(), 0, 0)
            returndatacopy(data, 0, returndatasize())
            if iszero(done) { revert(data, returndatasize()) }
            return(data, returndatasize())
        }
    }
}

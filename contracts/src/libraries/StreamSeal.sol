// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Seal profile 1 (Protocol §4): replica leaf = piece leaf XOR mask.
/// @dev The one place that a further seal profile touches.
library StreamSeal {
    uint8 internal constant PROFILE = 1;

    /// @notice mask(i) = sha256(dealId ‖ uint64 i).
    function mask(bytes32 dealId, uint64 leafIndex) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(dealId, leafIndex));
    }
}

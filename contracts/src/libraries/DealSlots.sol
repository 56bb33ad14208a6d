// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Deal, DealProposal, DealState} from "../types/MarketTypes.sol";

/// @title How a deal lies in its slots when it is published and activated.
/// @notice Whole slots at once: field by field the compiler reads and writes a slot again for each, some 200 gas a field.
/// @dev `DealSlotsTest` holds what is written equal to what the compiler reads.
library DealSlots {
    /// @notice Slots 0 to 2 of a published deal. The fields of the third from `leaving` on have no meaning yet; the first
    /// 20 bytes of the sealed root take their room, so that publishing writes three slots and not four.
    /// @param locked of the price
    /// @dev 160 bits are what Ethereum's own addresses rest on. The rest of the root comes with the openings at activation.
    function publish(Deal storage d, DealProposal calldata t, uint96 locked, uint256 sealBlock, bytes32 sealedRoot)
        internal
    {
        uint256 clientAndPrice = uint256(uint160(t.client)) | (uint256(locked) << 160);
        uint256 minerAndCollateral = uint256(uint160(t.miner)) | (uint256(t.collateral) << 160);
        uint256 clock = uint256(uint8(DealState.Published)) | (uint256(uint40(t.activateBy)) << 24)
            | (uint256(uint32(sealBlock)) << 64) | ((uint256(sealedRoot) >> 96) << 96);
        assembly ("memory-safe") {
            let slot := d.slot
            sstore(slot, clientAndPrice)
            sstore(add(slot, 1), minerAndCollateral)
            sstore(add(slot, 2), clock)
        }
    }

    /// @notice Whether a published deal was published with this sealed root.
    function isSealedAs(Deal storage d, bytes32 sealedRoot) internal view returns (bool same) {
        assembly ("memory-safe") {
            same := eq(shr(96, sload(add(d.slot, 2))), shr(96, sealedRoot))
        }
    }

    /// @notice The third slot of a deal that has become active.
    function activate(Deal storage d, uint256 height, uint256 index, uint256 start, uint256 periods) internal {
        uint256 clock = uint256(uint8(DealState.Active)) | (height << 8) | (start << 24) | (uint256(d.sealBlock) << 64)
            | (periods << 104) | (start << 168) | ((start + periods) << 200) | (index << 232);
        assembly ("memory-safe") {
            sstore(add(d.slot, 2), clock)
        }
    }

    /// @notice Takes the sealed root out of a deal that was never activated.
    function forget(Deal storage d) internal {
        assembly ("memory-safe") {
            let slot := add(d.slot, 2)
            sstore(slot, and(sload(slot), 0xffffffffffffffffffffffff))
        }
    }
}

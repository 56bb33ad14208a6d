// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {PastBlocks} from "./PastBlocks.sol";
import {ISeedSource} from "./interfaces/ISeedSource.sol";

/// @title Seeds from block hashes (Protocol §5.6).
/// @notice The value of a block is its hash; no proof. Cheap, and whoever builds the block chooses the value among as many
/// as it can hash in its slot.
contract BlockHashSeed is ISeedSource, PastBlocks {
    /// @inheritdoc ISeedSource
    function valueAt(uint256 blockNumber, bytes calldata) external view returns (bytes32 value) {
        return hashOf(blockNumber);
    }

    /// @inheritdoc ISeedSource
    function reach() external view returns (uint256 blocks) {
        return hashReach();
    }

    /// @inheritdoc ISeedSource
    function lag() external pure returns (uint256 blocks) {
        return 1;
    }

    /// @inheritdoc ISeedSource
    function kind() external pure returns (bytes32 name) {
        return "blockhash";
    }
}

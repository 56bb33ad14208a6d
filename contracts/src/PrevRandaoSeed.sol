// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {PastBlocks} from "./PastBlocks.sol";
import {ISeedSource} from "./interfaces/ISeedSource.sol";
import {BlockHeader} from "./libraries/BlockHeader.sol";

/// @title Seeds from the beacon chain's randomness (Protocol §5.6).
/// @notice The value of block n is the `mixHash` (EIP-4399: prevRandao) of block n + lookahead; the proof is the RLP of that
/// block's header. A block's mixHash is what the proposers of the blocks *before* it revealed: the proposer of block n − 1
/// knows block n's while it builds n − 1. So the lookahead is 1 at least, and whoever would know the value of n before
/// block n, when a proving set can still change, must propose all of n − 1 … n + lookahead − 1.
contract PrevRandaoSeed is ISeedSource, PastBlocks {
    /// @notice The lookahead is zero, or so great that no market could have a window for it.
    error BadLookahead(uint256 blocks);

    uint256 private constant MAX_LOOKAHEAD = 128;

    /// @notice How many blocks after a block its value is fixed.
    uint256 public immutable lookahead;

    /// @param blocks the lookahead, 1 … 128; 32 is an epoch of the beacon chain
    constructor(uint256 blocks) {
        if (blocks == 0 || blocks > MAX_LOOKAHEAD) revert BadLookahead(blocks);
        lookahead = blocks;
    }

    /// @inheritdoc ISeedSource
    function valueAt(uint256 blockNumber, bytes calldata header) external view returns (bytes32 value) {
        if (blockNumber >= block.number) return 0;
        uint256 source = blockNumber + lookahead;
        bytes32 known = hashOf(source);
        if (known == 0 || keccak256(header) != known) return 0;
        return BlockHeader.mixHashOf(header, source);
    }

    /// @inheritdoc ISeedSource
    function lag() external view returns (uint256 blocks) {
        return lookahead + 1;
    }

    /// @inheritdoc ISeedSource
    function reach() external view returns (uint256 blocks) {
        return hashReach() + lookahead;
    }

    /// @inheritdoc ISeedSource
    function kind() external pure returns (bytes32 name) {
        return "randao";
    }
}

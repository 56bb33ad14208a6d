// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Hashes of past blocks, for seed sources (Protocol §5.6).
/// @notice Uses the EIP-2935 history contract where it agrees with `blockhash` at construction, else `blockhash` alone.
abstract contract PastBlocks {
    /// @dev The system contract of EIP-2935.
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    uint256 private constant HISTORY_BLOCKS = 8191;
    uint256 private constant OPCODE_BLOCKS = 256;

    /// @notice True when the history contract is used for blocks that `blockhash` no longer reaches.
    bool public immutable hasHistory;

    constructor() {
        uint256 parent = block.number == 0 ? 0 : block.number - 1;
        bytes32 known = blockhash(parent);
        hasHistory = known != 0 && fromHistory(parent) == known;
    }

    /// @dev Hash of a block, or zero when it is not in the past or more than `hashReach()` blocks back.
    function hashOf(uint256 blockNumber) internal view returns (bytes32 value) {
        if (blockNumber >= block.number) return 0;
        value = blockhash(blockNumber);
        if (value == 0 && hasHistory && block.number - blockNumber <= HISTORY_BLOCKS) value = fromHistory(blockNumber);
    }

    /// @dev How many blocks back `hashOf` reaches.
    function hashReach() internal view returns (uint256 blocks) {
        return hasHistory ? HISTORY_BLOCKS : OPCODE_BLOCKS;
    }

    function fromHistory(uint256 blockNumber) private view returns (bytes32 value) {
        (bool ok, bytes memory answer) = HISTORY.staticcall(abi.encode(blockNumber));
        if (ok && answer.length == 32) value = abi.decode(answer, (bytes32));
    }
}

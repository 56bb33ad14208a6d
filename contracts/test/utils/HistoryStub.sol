// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Stands in for the system contract of EIP-2935: answers what its storage holds, reverts outside its reach.
contract HistoryStub {
    mapping(uint256 => bytes32) public hashes;

    function set(uint256 blockNumber, bytes32 hash) external {
        hashes[blockNumber] = hash;
    }

    fallback(bytes calldata input) external returns (bytes memory) {
        uint256 n = abi.decode(input, (uint256));
        // In a call of its own the opcode is read anew.
        // solhint-disable-next-line foundry-no-block-time-number
        require(n < block.number && block.number - n <= 8191);
        return abi.encode(hashes[n]);
    }
}

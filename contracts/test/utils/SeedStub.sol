// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ISeedSource} from "../../src/interfaces/ISeedSource.sol";

/// @notice A seed source that knows every past block until told to forget one.
contract SeedStub is ISeedSource {
    uint256 public reach = 8191;
    uint256 public lag = 1;
    mapping(uint256 blockNumber => bool) private _gone;

    function setReach(uint256 blocks) external {
        reach = blocks;
    }

    function setLag(uint256 blocks) external {
        lag = blocks;
    }

    function forget(uint256 blockNumber) external {
        _gone[blockNumber] = true;
    }

    function valueAt(uint256 blockNumber, bytes calldata) external view returns (bytes32) {
        return _gone[blockNumber] ? bytes32(0) : keccak256(abi.encode("seed", blockNumber));
    }

    function kind() external pure returns (bytes32) {
        return "stub";
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title The token of development networks: anyone may mint, so it is worth nothing.
contract DevToken is ERC20, ERC20Permit {
    constructor() ERC20("Granary Development Token", "GRAN") ERC20Permit("Granary Development Token") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {DevToken} from "../../src/dev/DevToken.sol";

/// @notice Keeps 1 % of every transfer.
contract FeeToken is DevToken {
    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && to != address(0)) super._update(to, address(0xFEE), value / 100);
    }
}

/// @notice Answers false where others revert.
contract FalseToken is DevToken {
    bool public refusing;

    function setRefusing(bool refusing_) external {
        refusing = refusing_;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return !refusing && super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        return !refusing && super.transferFrom(from, to, value);
    }
}

/// @notice Calls back into the market before it moves anything, and remembers how that went.
contract ReentrantToken is DevToken {
    address private _target;
    bytes private _call;
    bool public attempted;
    bool public succeeded;

    function attack(address target, bytes calldata call_) external {
        _target = target;
        _call = call_;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (_target != address(0)) {
            address target = _target;
            _target = address(0);
            attempted = true;
            (succeeded,) = target.call(_call);
        }
        super._update(from, to, value);
    }
}

/// @notice No permit, but a fallback that swallows any call, as wrapped ether has.
contract PhantomPermitToken is ERC20 {
    constructor() ERC20("Phantom", "PHM") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function nonces(address) external pure returns (uint256) {
        return 0;
    }

    fallback() external {}
}

/// @notice Pays nothing to those it has blacklisted.
contract BlacklistToken is DevToken {
    mapping(address account => bool) private _blacklisted;

    function blacklist(address account) external {
        _blacklisted[account] = true;
    }

    function _update(address from, address to, uint256 value) internal override {
        require(!_blacklisted[to] && !_blacklisted[from], "blacklisted");
        super._update(from, to, value);
    }
}

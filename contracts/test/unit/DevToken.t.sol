// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DevToken} from "../../src/dev/DevToken.sol";
import {Test} from "../utils/Test.sol";

contract DevTokenTest is Test {
    function test_mint_isOpenToAnyone() public {
        DevToken token = new DevToken();
        vm.prank(actor("anyone"));
        token.mint(actor("to"), 5);
        assertEq(token.balanceOf(actor("to")), 5);
        assertEq(token.name(), "Granary Development Token");
        assertEq(token.symbol(), "GRAN");
        assertEq(token.decimals(), 18);
    }
}

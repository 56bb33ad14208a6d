// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DevToken} from "../../src/dev/DevToken.sol";
import {Auditor, IMinerRegistry, Miner} from "../../src/interfaces/IMinerRegistry.sol";
import {FalseToken, FeeToken, ReentrantToken} from "../utils/OddTokens.sol";
import {Test} from "../utils/Test.sol";

contract MarketStub {
    mapping(address => uint256) public liveDeals;

    function setLiveDeals(address miner, uint256 n) external {
        liveDeals[miner] = n;
    }
}

contract MinerRegistryTest is Test {
    uint96 private constant MIN = 100;
    bytes32 private constant TLS = keccak256("tls");
    MarketStub private market;
    DevToken private token;
    IMinerRegistry private registry;
    address private owner;
    address private operator;

    function setUp() public {
        owner = actor("owner");
        operator = actor("operator");
        market = new MarketStub();
        use(new DevToken());
    }

    function use(DevToken token_) private {
        token = token_;
        registry = IMinerRegistry(vm.deployCode("MinerRegistry", abi.encode(address(token), address(market), MIN)));
    }

    function rich(address account) private {
        token.mint(account, 1000);
        vm.prank(account);
        token.approve(address(registry), 1000);
    }

    function register(address id, address hotKey) private {
        rich(id);
        vm.prank(id);
        registry.register(hotKey, MIN, "a:1", TLS, 5);
    }

    function test_constructor_setsImmutables() public view {
        assertEq(registry.token(), address(token));
        assertEq(registry.market(), address(market));
        assertEq(registry.minStake(), MIN);
    }

    function test_register_storesAndTakesStake() public {
        rich(owner);
        vm.expectEmit(address(registry));
        emit IMinerRegistry.MinerRegistered(owner, operator, MIN + 1, "host:1", TLS, 5);
        vm.prank(owner);
        registry.register(operator, MIN + 1, "host:1", TLS, 5);
        Miner memory m = registry.miner(owner);
        assertEq(m.operator, operator);
        assertEq(m.stake, MIN + 1);
        assertTrue(m.accepting && !m.exiting);
        assertEq(m.pricePerLeafPeriod, 5);
        assertEq(m.tlsKeyHash, TLS);
        assertEq(m.endpoint, "host:1");
        assertEq(token.balanceOf(address(registry)), MIN + 1);
        assertEq(registry.minerCount(), 1);
        assertTrue(registry.mayPublish(owner, operator) && registry.isOperator(owner, operator));
        assertFalse(registry.mayPublish(owner, owner) || registry.isOperator(owner, owner));
    }

    function test_register_revertsIfAlreadyRegistered() public {
        register(owner, operator);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.AlreadyRegistered.selector, owner));
        vm.prank(owner);
        registry.register(actor("other"), MIN, "a:1", TLS, 5);
    }

    function test_register_revertsIfStakeTooLow() public {
        rich(owner);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.StakeTooLow.selector, MIN - 1, MIN));
        vm.prank(owner);
        registry.register(operator, MIN - 1, "a:1", TLS, 5);
    }

    function test_register_revertsIfBadEndpoint() public {
        rich(owner);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.BadEndpoint.selector, 0));
        vm.prank(owner);
        registry.register(operator, MIN, "", TLS, 5);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.BadEndpoint.selector, 260));
        vm.prank(owner);
        registry.register(operator, MIN, string(new bytes(260)), TLS, 5);
        vm.prank(owner);
        registry.register(operator, MIN, string(new bytes(259)), TLS, 5);
    }

    function test_register_revertsIfZeroTlsKeyHash() public {
        rich(owner);
        vm.expectRevert(IMinerRegistry.ZeroTlsKeyHash.selector);
        vm.prank(owner);
        registry.register(operator, MIN, "a:1", 0, 5);
    }

    function test_register_revertsIfZeroOperator() public {
        rich(owner);
        vm.expectRevert(IMinerRegistry.ZeroOperator.selector);
        vm.prank(owner);
        registry.register(address(0), MIN, "a:1", TLS, 5);
    }

    function test_register_nobodyCanTakeAnOperatorAway() public {
        register(actor("second"), operator);
        register(owner, operator);
        assertTrue(registry.isOperator(owner, operator));
    }

    function test_register_revertsIfTokenTakesFee() public {
        use(new FeeToken());
        rich(owner);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.TransferAmountMismatch.selector, MIN, MIN - 1));
        vm.prank(owner);
        registry.register(operator, MIN, "a:1", TLS, 5);
    }

    function test_register_revertsIfTokenAnswersFalse() public {
        FalseToken odd = new FalseToken();
        use(odd);
        rich(owner);
        odd.setRefusing(true);
        vm.expectRevert();
        vm.prank(owner);
        registry.register(operator, MIN, "a:1", TLS, 5);
    }

    function test_update_ownerOrOperator() public {
        register(owner, operator);
        vm.expectEmit(address(registry));
        emit IMinerRegistry.MinerUpdated(owner, "b:2", bytes32(uint256(2)), 7);
        vm.prank(operator);
        registry.update(owner, "b:2", bytes32(uint256(2)), 7);
        vm.prank(owner);
        registry.update(owner, "c:3", bytes32(uint256(3)), 8);
        Miner memory m = registry.miner(owner);
        assertEq(m.endpoint, "c:3");
        assertEq(m.tlsKeyHash, bytes32(uint256(3)));
        assertEq(m.pricePerLeafPeriod, 8);
    }

    function test_update_revertsIfStranger() public {
        register(owner, operator);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.NotRegistered.selector, address(this)));
        registry.update(owner, "b:2", TLS, 7);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.NotRegistered.selector, address(this)));
        registry.update(address(this), "b:2", TLS, 7);
    }

    function test_update_revertsIfBadEndpointOrKey() public {
        register(owner, operator);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.BadEndpoint.selector, 0));
        vm.prank(owner);
        registry.update(owner, "", TLS, 7);
        vm.expectRevert(IMinerRegistry.ZeroTlsKeyHash.selector);
        vm.prank(owner);
        registry.update(owner, "a:1", 0, 7);
    }

    function test_setOperator_takesEffectAtOnce() public {
        register(owner, operator);
        address next = actor("next");
        vm.expectEmit(address(registry));
        emit IMinerRegistry.OperatorChanged(owner, next);
        vm.prank(owner);
        registry.setOperator(next);
        assertTrue(registry.isOperator(owner, next));
        assertFalse(registry.isOperator(owner, operator) || registry.mayPublish(owner, operator));
    }

    function test_setOperator_cannotBeBlockedByAStranger() public {
        register(owner, operator);
        address next = actor("next");
        register(actor("second"), next);
        vm.prank(owner);
        registry.setOperator(next);
        assertTrue(registry.isOperator(owner, next));
        assertTrue(registry.isOperator(actor("second"), next));
    }

    function test_setOperator_acceptsTheSameKey() public {
        register(owner, operator);
        vm.prank(owner);
        registry.setOperator(operator);
        assertTrue(registry.isOperator(owner, operator));
    }

    function test_setOperator_revertsIfNotRegistered() public {
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.NotRegistered.selector, address(this)));
        registry.setOperator(operator);
    }

    function test_setOperator_revertsIfZero() public {
        register(owner, operator);
        vm.expectRevert(IMinerRegistry.ZeroOperator.selector);
        vm.prank(owner);
        registry.setOperator(address(0));
    }

    function test_setAccepting_pausesAndResumes() public {
        register(owner, operator);
        vm.expectEmit(address(registry));
        emit IMinerRegistry.AcceptingChanged(owner, false);
        vm.prank(owner);
        registry.setAccepting(false);
        assertFalse(registry.mayPublish(owner, operator));
        assertTrue(registry.isOperator(owner, operator));
        vm.prank(owner);
        registry.setAccepting(true);
        assertTrue(registry.mayPublish(owner, operator));
    }

    function test_setAccepting_revertsIfOperator() public {
        register(owner, operator);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.NotRegistered.selector, operator));
        vm.prank(operator);
        registry.setAccepting(false);
    }

    function test_addStake_adds() public {
        register(owner, operator);
        vm.expectEmit(address(registry));
        emit IMinerRegistry.StakeAdded(owner, 50);
        vm.prank(owner);
        registry.addStake(50);
        assertEq(registry.miner(owner).stake, MIN + 50);
        assertEq(token.balanceOf(address(registry)), MIN + 50);
    }

    function test_addStake_revertsIfNotRegistered() public {
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.NotRegistered.selector, address(this)));
        registry.addStake(1);
    }

    function test_addStake_revertsIfExiting() public {
        register(owner, operator);
        vm.prank(owner);
        registry.announceExit();
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.MinerExiting.selector, owner));
        vm.prank(owner);
        registry.addStake(1);
    }

    function test_announceExit_stopsNewDeals() public {
        register(owner, operator);
        vm.expectEmit(address(registry));
        emit IMinerRegistry.ExitAnnounced(owner);
        vm.prank(owner);
        registry.announceExit();
        assertFalse(registry.mayPublish(owner, operator));
        assertTrue(registry.miner(owner).exiting);
    }

    function test_announceExit_revertsIfTwice() public {
        register(owner, operator);
        vm.prank(owner);
        registry.announceExit();
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.MinerExiting.selector, owner));
        vm.prank(owner);
        registry.announceExit();
    }

    function test_announceExit_revertsIfNotRegistered() public {
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.NotRegistered.selector, address(this)));
        registry.announceExit();
    }

    function exit(address id) private {
        vm.prank(id);
        registry.announceExit();
        vm.prank(id);
        registry.withdrawStake(id);
    }

    function test_withdrawStake_paysAndForgets() public {
        register(owner, operator);
        vm.prank(owner);
        registry.announceExit();
        address to = actor("to");
        vm.expectEmit(address(registry));
        emit IMinerRegistry.StakeWithdrawn(owner, to, MIN);
        vm.prank(owner);
        registry.withdrawStake(to);
        assertEq(token.balanceOf(to), MIN);
        assertEq(registry.minerCount(), 0);
        assertEq(registry.miner(owner).operator, address(0));
        assertEq(registry.miner(owner).endpoint, "");
        assertFalse(registry.isOperator(owner, operator) || registry.isOperator(owner, address(0)));
        // Owner and operator can start anew.
        register(owner, operator);
        assertTrue(registry.mayPublish(owner, operator));
    }

    function test_withdrawStake_keepsTheListDense() public {
        address[4] memory ids = [actor("m0"), actor("m1"), actor("m2"), actor("m3")];
        for (uint256 i = 0; i < 4; ++i) {
            register(ids[i], vm.addr(i + 1));
        }
        exit(ids[1]);
        address[] memory page = registry.miners(0, 10);
        assertEq(page.length, 3);
        assertEq(page[0], ids[0]);
        assertEq(page[1], ids[3]);
        assertEq(page[2], ids[2]);
        exit(ids[2]);
        exit(ids[3]);
        page = registry.miners(0, 10);
        assertEq(page.length, 1);
        assertEq(page[0], ids[0]);
    }

    function test_withdrawStake_revertsIfNotExiting() public {
        register(owner, operator);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.MinerNotExiting.selector, owner));
        vm.prank(owner);
        registry.withdrawStake(owner);
    }

    function test_withdrawStake_revertsIfDealsLive() public {
        register(owner, operator);
        vm.prank(owner);
        registry.announceExit();
        market.setLiveDeals(owner, 3);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.DealsLive.selector, owner, 3));
        vm.prank(owner);
        registry.withdrawStake(owner);
    }

    function test_withdrawStake_revertsIfZeroRecipient() public {
        register(owner, operator);
        vm.prank(owner);
        registry.announceExit();
        vm.expectRevert(IMinerRegistry.ZeroRecipient.selector);
        vm.prank(owner);
        registry.withdrawStake(address(0));
    }

    function test_withdrawStake_revertsIfNotRegistered() public {
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.NotRegistered.selector, address(this)));
        registry.withdrawStake(address(this));
    }

    function test_withdrawStake_cannotBeReentered() public {
        ReentrantToken odd = new ReentrantToken();
        use(odd);
        register(address(odd), operator);
        register(owner, actor("other"));
        vm.prank(address(odd));
        registry.announceExit();
        odd.attack(address(registry), abi.encodeCall(IMinerRegistry.withdrawStake, (address(odd))));
        vm.prank(address(odd));
        registry.withdrawStake(address(odd));
        assertTrue(odd.attempted() && !odd.succeeded());
        assertEq(token.balanceOf(address(registry)), MIN);
    }

    function test_miners_pages() public {
        for (uint256 i = 1; i <= 5; ++i) {
            register(vm.addr(100 + i), vm.addr(i));
        }
        assertEq(registry.miners(0, 2).length, 2);
        assertEq(registry.miners(4, 2).length, 1);
        assertEq(registry.miners(4, type(uint256).max)[0], vm.addr(105));
        assertEq(registry.miners(5, 2).length, 0);
        assertEq(registry.miners(type(uint256).max, 2).length, 0);
    }

    function test_registerAuditor_storesAndChanges() public {
        vm.expectEmit(address(registry));
        emit IMinerRegistry.AuditorRegistered(address(this), "a:1", TLS);
        registry.registerAuditor("a:1", TLS);
        registry.registerAuditor("b:2", bytes32(uint256(2)));
        Auditor memory a = registry.auditor(address(this));
        assertEq(a.endpoint, "b:2");
        assertEq(a.tlsKeyHash, bytes32(uint256(2)));
    }

    function test_registerAuditor_revertsIfBadEndpointOrKey() public {
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.BadEndpoint.selector, 0));
        registry.registerAuditor("", TLS);
        vm.expectRevert(IMinerRegistry.ZeroTlsKeyHash.selector);
        registry.registerAuditor("a:1", 0);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IMarketEvents} from "../../src/interfaces/IMarketEvents.sol";
import {DevToken} from "../../src/dev/DevToken.sol";
import {Account} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";
import {FalseToken, FeeToken, PhantomPermitToken, ReentrantToken} from "../utils/OddTokens.sol";

contract MoneyTest is MarketFixture {
    uint256 private constant ALICE_KEY = 0xA11CE;
    address private alice;

    function setUp() public {
        setUpMarket();
        alice = vm.addr(ALICE_KEY);
        stock(1000);
    }

    /// @dev A market over another token, alice with 1000 of it approved.
    function use(DevToken token_) private {
        token = token_;
        (registry, market) = deployMarket(defaults());
        stock(1000);
    }

    function stock(uint96 amount) private {
        token.mint(alice, amount);
        vm.prank(alice);
        token.approve(address(market), amount);
    }

    function request(uint96 amount) private {
        vm.prank(alice);
        market.requestWithdrawal(amount);
    }

    // ---------------------------------------------------------------- deposit

    function test_deposit_creditsAnyAccount() public {
        address to = actor("to");
        vm.expectEmit(address(market));
        emit IMarketEvents.Deposited(to, alice, 400);
        vm.prank(alice);
        market.deposit(to, 400);
        assertEq(balanceOf(to), 400);
        assertEq(balanceOf(alice), 0);
        assertEq(token.balanceOf(alice), 600);
    }

    function test_deposit_revertsIfZeroAmount() public {
        vm.expectRevert(IMarketEvents.ZeroAmount.selector);
        vm.prank(alice);
        market.deposit(alice, 0);
    }

    function test_deposit_revertsIfZeroAddress() public {
        vm.expectRevert(IMarketEvents.ZeroAddress.selector);
        vm.prank(alice);
        market.deposit(address(0), 1);
    }

    function test_deposit_revertsIfTokenTakesFee() public {
        use(new FeeToken());
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.TransferAmountMismatch.selector, 1000, 990));
        vm.prank(alice);
        market.deposit(alice, 1000);
    }

    function test_deposit_revertsIfTokenAnswersFalse() public {
        FalseToken odd = new FalseToken();
        use(odd);
        odd.setRefusing(true);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(odd)));
        vm.prank(alice);
        market.deposit(alice, 1000);
        assertEq(balanceOf(alice), 0);
    }

    function test_deposit_revertsIfTooMuch() public {
        // All the market may ever hold is 2^96 - 1, whoever sent it and however.
        uint256 room = type(uint96).max - token.balanceOf(address(market));
        token.mint(address(market), room - 999);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.TooMuch.selector, uint256(type(uint96).max) + 1));
        vm.prank(alice);
        market.deposit(alice, 1000);
        vm.prank(alice);
        market.deposit(alice, 999);
    }

    function test_deposit_cannotBeReentered() public {
        ReentrantToken odd = new ReentrantToken();
        use(odd);
        odd.attack(address(market), abi.encodeCall(market.deposit, (alice, 1)));
        vm.prank(alice);
        market.deposit(alice, 1000);
        assertTrue(odd.attempted() && !odd.succeeded());
        assertEq(balanceOf(alice), 1000);
    }

    // ---------------------------------------------------------------- depositWithPermit

    struct Permit {
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    function permit(uint96 amount) private view returns (Permit memory p) {
        bytes32 typeHash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 content =
            keccak256(abi.encode(typeHash, alice, address(market), amount, token.nonces(alice), type(uint256).max));
        (p.v, p.r, p.s) = vm.sign(ALICE_KEY, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), content)));
    }

    function depositWith(Permit memory p, uint96 amount, address sender) private {
        vm.prank(sender);
        market.depositWithPermit(alice, amount, type(uint256).max, p.v, p.r, p.s);
    }

    function dropAllowance() private {
        vm.prank(alice);
        token.approve(address(market), 0);
    }

    function test_depositWithPermit_needsNoEther() public {
        dropAllowance();
        Permit memory p = permit(300);
        vm.expectEmit(address(market));
        emit IMarketEvents.Deposited(alice, alice, 300);
        depositWith(p, 300, stranger);
        assertEq(balanceOf(alice), 300);
    }

    function test_depositWithPermit_survivesAFrontRunPermit() public {
        dropAllowance();
        Permit memory p = permit(300);
        token.permit(alice, address(market), 300, type(uint256).max, p.v, p.r, p.s);
        depositWith(p, 300, alice);
        assertEq(balanceOf(alice), 300);
    }

    function test_depositWithPermit_revertsIfAStrangerUsesAnOldAllowance() public {
        // alice approved 1000 once; a stranger has no permit of hers.
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.PermitFailed.selector, alice));
        depositWith(Permit(27, bytes32(uint256(1)), bytes32(uint256(1))), 300, stranger);
    }

    function test_depositWithPermit_revertsIfPermitAndAllowanceFail() public {
        dropAllowance();
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.PermitFailed.selector, alice));
        depositWith(Permit(27, bytes32(uint256(1)), bytes32(uint256(1))), 300, alice);
    }

    function test_depositWithPermit_revertsIfThePermitIsReplayed() public {
        Permit memory p = permit(300);
        depositWith(p, 300, stranger);
        stock(1000);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.PermitFailed.selector, alice));
        depositWith(p, 300, stranger);
    }

    function test_depositWithPermit_revertsIfTheTokenOnlySwallowsPermits() public {
        use(DevToken(address(new PhantomPermitToken())));
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.PermitFailed.selector, alice));
        depositWith(Permit(27, 0, 0), 300, stranger);
        depositWith(Permit(27, 0, 0), 300, alice);
        assertEq(balanceOf(alice), 300);
    }

    function test_depositWithPermit_revertsIfZeroAmount() public {
        Permit memory p = permit(0);
        vm.expectRevert(IMarketEvents.ZeroAmount.selector);
        depositWith(p, 0, stranger);
    }

    // ---------------------------------------------------------------- withdraw

    function withMoney(uint96 amount) private {
        vm.prank(alice);
        market.deposit(alice, amount);
    }

    function test_requestWithdrawal_announces() public {
        withMoney(500);
        vm.expectEmit(address(market));
        emit IMarketEvents.WithdrawalRequested(alice, 300, uint64(block_() + 10));
        request(300);
        Account memory a = market.account(alice);
        assertEq(a.balance, 500);
        assertEq(a.requested, 300);
        assertEq(a.releaseBlock, block_() + 10);
    }

    function test_requestWithdrawal_replacesAndStartsTheNoticeAnew() public {
        withMoney(500);
        request(300);
        rollBy(9);
        request(200);
        rollBy(9);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.WithdrawalNotDue.selector, block_() + 1, block_()));
        vm.prank(alice);
        market.withdraw(alice);
        rollBy(1);
        vm.prank(alice);
        assertEq(market.withdraw(alice), 200);
    }

    function test_withdraw_paysAnyRecipient() public {
        withMoney(500);
        request(300);
        rollBy(10);
        address to = actor("to");
        vm.expectEmit(address(market));
        emit IMarketEvents.Withdrawn(alice, to, 300);
        vm.prank(alice);
        assertEq(market.withdraw(to), 300);
        assertEq(token.balanceOf(to), 300);
        Account memory a = market.account(alice);
        assertEq(a.balance, 200);
        assertEq(a.requested, 0);
    }

    function test_withdraw_paysWhatIsLeftIfLess() public {
        withMoney(500);
        request(type(uint96).max);
        rollBy(10);
        vm.prank(alice);
        assertEq(market.withdraw(alice), 500);
        assertEq(balanceOf(alice), 0);
    }

    function test_withdraw_revertsIfNothingRequested() public {
        withMoney(500);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NothingRequested.selector, alice));
        vm.prank(alice);
        market.withdraw(alice);
        request(300);
        request(0);
        rollBy(10);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.NothingRequested.selector, alice));
        vm.prank(alice);
        market.withdraw(alice);
    }

    function test_withdraw_revertsIfZeroAmount() public {
        request(300);
        rollBy(10);
        vm.expectRevert(IMarketEvents.ZeroAmount.selector);
        vm.prank(alice);
        market.withdraw(alice);
    }

    function test_withdraw_revertsIfZeroAddress() public {
        vm.expectRevert(IMarketEvents.ZeroAddress.selector);
        vm.prank(alice);
        market.withdraw(address(0));
    }

    function test_withdraw_revertsIfTokenAnswersFalse() public {
        FalseToken odd = new FalseToken();
        use(odd);
        withMoney(500);
        request(300);
        rollBy(10);
        odd.setRefusing(true);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(odd)));
        vm.prank(alice);
        market.withdraw(alice);
        assertEq(balanceOf(alice), 500);
    }

    function test_withdraw_cannotBeReentered() public {
        ReentrantToken odd = new ReentrantToken();
        use(odd);
        // The token itself has an account: its callback is a withdrawal of its own.
        withMoney(500);
        odd.mint(address(odd), 500);
        vm.prank(address(odd));
        odd.approve(address(market), 500);
        vm.prank(address(odd));
        market.deposit(address(odd), 500);
        vm.prank(address(odd));
        market.requestWithdrawal(500);
        request(500);
        rollBy(10);
        odd.attack(address(market), abi.encodeCall(market.withdraw, (address(odd))));
        vm.prank(alice);
        market.withdraw(alice);
        assertTrue(odd.attempted() && !odd.succeeded());
        assertEq(odd.balanceOf(address(market)), 500);
    }

    function test_withdraw_announcedMoneyCanStillBeLocked() public {
        vm.prank(client);
        market.requestWithdrawal(FUNDS);
        bytes32 id = publish(proposal());
        rollBy(10);
        vm.prank(client);
        assertEq(market.withdraw(client), FUNDS - proposalOf[id].price);
    }
}

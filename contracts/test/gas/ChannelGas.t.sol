// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DevToken} from "../../src/dev/DevToken.sol";
import {CloseConsent, CloseRequest, Deposit, Permit, SignedVoucher, Withdrawal} from "../../src/types/ChannelTypes.sol";
import {ChannelFixture} from "../utils/ChannelFixture.sol";

/// @title What each function of the channels costs, as MarketGas measures.
/// forge-config: default.isolate = true
contract ChannelGas is ChannelFixture {
    function setUp() public {
        setUpChannels(new DevToken());
        // Nobody's balance and no nonce is zero, as in practice after the first time.
        open(10_000);
        redeem(1000);
        requestClose();
        vm.prank(miner);
        channels.close(client, miner);
        open(10_000);
    }

    function snapshot(string memory name) private {
        vm.snapshotGasLastCall("PaymentChannels", name);
    }

    function test_gas_deposit() public {
        open(100);
        snapshot("deposit");
        Deposit memory d = depositTerms(100);
        Permit memory p = permit(100);
        bytes memory signature = signDeposit(d);
        vm.prank(stranger);
        channels.depositWithPermit(d, signature, p);
        snapshot("depositWithPermit, relayed");
    }

    function test_gas_firstDeposit() public {
        vm.prank(client);
        channels.deposit(client, stranger, 100);
        snapshot("deposit, first of a channel");
    }

    function test_gas_redeem() public {
        SignedVoucher[] memory single = one(voucher(2000));
        vm.prank(stranger);
        channels.redeem(single);
        snapshot("redeem, 1 voucher");
        SignedVoucher[] memory batch = new SignedVoucher[](10);
        for (uint256 i = 0; i < 10; ++i) {
            uint256 key = 1000 + i;
            address other = vm.addr(key);
            depositBy(stranger, other, 1000);
            batch[i] = voucherOf(other, key, miner, 100);
            channels.redeem(one(batch[i]));
            batch[i] = voucherOf(other, key, miner, 500);
        }
        vm.prank(stranger);
        channels.redeem(batch);
        snapshot("redeem, 10 vouchers of 10 clients");
        assertBalance(miner, 2000 + 10 * 500);
    }

    function test_gas_closing() public {
        requestClose();
        snapshot("requestClose");
        rollBy(CHALLENGE);
        vm.prank(stranger);
        channels.close(client, miner);
        snapshot("close");
    }

    function test_gas_closingSigned() public {
        CloseRequest memory r = closeRequest();
        bytes memory signature = signRequest(r);
        vm.prank(stranger);
        channels.requestCloseFor(r, signature);
        snapshot("requestCloseFor");
        CloseConsent memory c = consent();
        signature = signConsent(c);
        vm.prank(client);
        channels.closeWithConsent(c, signature);
        snapshot("closeWithConsent");
    }

    function test_gas_withdraw() public {
        token.mint(miner, 1);
        token.mint(client, 1);
        withdrawBy(miner);
        snapshot("withdraw");
        Withdrawal memory w = withdrawal(client, client);
        bytes memory signature = signWithdrawal(CLIENT_KEY, w);
        vm.prank(stranger);
        channels.withdrawFor(w, signature);
        snapshot("withdrawFor, first of an account");
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DevToken} from "../../src/dev/DevToken.sol";
import {SignedVoucher, VoucherSkip} from "../../src/types/ChannelTypes.sol";
import {ChannelFixture} from "../utils/ChannelFixture.sol";

/// @title What a channel pays, against a naive model (Protocol §7.4).
contract PaymentChannelsFuzz is ChannelFixture {
    function setUp() public {
        setUpChannels(new DevToken());
        token.mint(client, uint256(type(uint96).max) - token.totalSupply());
        vm.prank(client);
        token.approve(address(channels), type(uint256).max);
    }

    /// @notice Deposits and vouchers in any order: the miner has min(highest total, all deposited), never more, never less, once
    /// the highest voucher is redeemed after the last deposit.
    /// @param amounts deposits; each bounded by what the wallet has left
    /// @param totals vouchers, one after each deposit
    function testFuzz_redeem_paysTheHighestTotalAsFarAsItReaches(uint96[6] calldata amounts, uint96[6] calldata totals)
        public
    {
        uint256 deposited;
        uint256 paid;
        uint96 highest;
        for (uint256 i = 0; i < 6; ++i) {
            uint96 amount = uint96(bound(amounts[i], 0, token.balanceOf(client)));
            if (amount > 0) open(amount);
            deposited += amount;
            if (totals[i] > highest) highest = totals[i];
            VoucherSkip reason = redeem(voucher(totals[i]));
            uint256 reach = totals[i] < deposited ? totals[i] : deposited;
            VoucherSkip expected = totals[i] <= paid
                ? VoucherSkip.NothingNew
                : deposited == paid ? VoucherSkip.ChannelEmpty : VoucherSkip.None;
            assertEq(uint256(reason), uint256(expected));
            if (reach > paid) paid = reach;
            assertChannel(deposited - paid, paid, 0);
            assertBalance(miner, paid);
        }
        redeem(voucher(highest));
        assertBalance(miner, highest < deposited ? highest : deposited);
        assertConserved();
    }

    /// @notice One batch pays what the same vouchers pay one by one, and in any order the same in all.
    function testFuzz_redeem_aBatchIsItsVouchersOneByOne(uint96 amount, uint96[5] calldata totals) public {
        amount = uint96(bound(amount, 1, token.balanceOf(client)));
        open(amount);
        SignedVoucher[] memory batch = new SignedVoucher[](5);
        uint96 highest;
        for (uint256 i = 0; i < 5; ++i) {
            batch[i] = voucher(totals[i]);
            if (totals[i] > highest) highest = totals[i];
        }
        channels.redeem(batch);
        uint256 expected = highest < amount ? highest : amount;
        assertBalance(miner, expected);
        for (uint256 i = 0; i < 5; ++i) {
            assertTrue(redeem(batch[4 - i]) != VoucherSkip.None, "paid twice");
        }
        assertChannel(amount - expected, expected, 0);
    }

    /// @notice No bit of what is signed can be changed.
    function testFuzz_redeem_takesOnlyWhatWasSigned(uint96 total, uint96 other, uint256 bit) public {
        open(1000);
        total = uint96(bound(total, 1, type(uint96).max));
        other = uint96(bound(other, 1, type(uint96).max));
        SignedVoucher memory v = voucher(total);
        v.voucher.total = other;
        if (other != total) assertEq(uint256(redeem(v)), uint256(VoucherSkip.BadSignature));
        v.voucher.total = total;
        bit = bound(bit, 0, 65 * 8 - 1);
        v.signature[bit / 8] ^= bytes1(0x01) << (bit % 8);
        assertEq(uint256(redeem(v)), uint256(VoucherSkip.BadSignature));
        assertBalance(miner, 0);
    }

    /// @notice Whenever the miner redeems up to the end of the challenge period, it has all that it was promised.
    function testFuzz_close_givesTheMinerTheWholeChallengePeriod(uint96 amount, uint96 total, uint8 wait) public {
        amount = uint96(bound(amount, 1, FUNDS));
        total = uint96(bound(total, 1, amount));
        open(amount);
        requestClose();
        rollBy(bound(wait, 0, CHALLENGE - 1));
        redeem(total);
        rollBy(CHALLENGE);
        if (state().closableAt != 0) channels.close(client, miner);
        assertBalance(miner, total);
        assertBalance(client, amount - total);
    }
}

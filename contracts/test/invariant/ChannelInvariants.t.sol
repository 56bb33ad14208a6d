// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DevToken} from "../../src/dev/DevToken.sol";
import {IPaymentChannels} from "../../src/interfaces/IPaymentChannels.sol";
import {
    Channel,
    CloseConsent,
    CloseRequest,
    Deposit,
    SignedVoucher,
    Voucher,
    VoucherSkip,
    Withdrawal
} from "../../src/types/ChannelTypes.sol";
import {ChannelFixture} from "../utils/ChannelFixture.sol";

/// @title Random actions of everybody, and what must hold after each (the invariants of PaymentChannels' header).
/// @notice Three clients and two miners, one of whom is a client too; what they sign is kept and sent again by a stranger, who also
/// forges, closes too early and pays where he should not.
contract PaymentChannelsInvariants is ChannelFixture {
    uint256 private constant PARTIES = 4;
    uint256 private constant MAX_KEPT = 24;

    uint256[PARTIES] private _keys;
    address[PARTIES] private _parties; // 0, 1, 2 are clients; 2 and 3 are miners

    // What has happened, kept apart from the contract.
    uint256 private _deposited;
    uint256 private _withdrawn;
    mapping(address client => mapping(address miner => uint256)) private _promised; // highest total signed
    SignedVoucher[] private _vouchers;
    bytes[] private _sent; // calls with signatures that have been accepted once

    // The ledger before the current action, and what the action says it does.
    Channel[2][3] private _before;
    uint256[PARTIES] private _balanceBefore;
    uint256[2][3] private _paidIn;
    uint256[PARTIES] private _paidOut;
    address private _closer;

    uint256 private _violations;
    string private _violated;
    uint256 private _calls;
    uint256 private _idle;
    bool private _useful;

    function setUp() public {
        setUpChannels(new DevToken());
        for (uint256 i = 0; i < PARTIES; ++i) {
            _keys[i] = uint256(keccak256(abi.encode("party", i)));
            _parties[i] = vm.addr(_keys[i]);
            stock(_parties[i], 1e24);
        }
    }

    /// @dev forge calls only this contract's actions.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(this);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        bytes4[] memory s = new bytes4[](16);
        (s[0], s[1], s[2]) = (this.payIn.selector, this.payIn.selector, this.payInSigned.selector);
        (s[3], s[4], s[5]) = (this.signMore.selector, this.signMore.selector, this.redeemSome.selector);
        (s[6], s[7], s[8]) = (this.redeemSome.selector, this.requestOne.selector, this.requestOne.selector);
        (s[9], s[10], s[11]) = (this.closeDue.selector, this.closeByMiner.selector, this.payOut.selector);
        (s[12], s[13], s[14]) = (this.forge.selector, this.replay.selector, this.meddle.selector);
        s[15] = this.pass.selector;
        targets[0] = FuzzSelector(address(this), s);
    }

    // ---------------------------------------------------------------- around every action

    function clientAt(uint256 i) private view returns (address) {
        return _parties[i % 3];
    }

    function minerAt(uint256 i) private view returns (address) {
        return _parties[2 + (i & 1)];
    }

    function violation(bool happened, string memory what) private {
        if (happened) {
            ++_violations;
            _violated = what;
        }
    }

    /// @dev Every movement must be explained by what the action says it did: a channel loses to its miner what was redeemed, and to
    /// its client the rest, which only a miner or the end of a challenge period sets free; balances gain just that.
    modifier watched() {
        ++_calls;
        _useful = false;
        _closer = address(0);
        for (uint256 i = 0; i < PARTIES; ++i) {
            (_balanceBefore[i], _paidOut[i]) = (channels.balanceOf(_parties[i]), 0);
        }
        for (uint256 c = 0; c < 3; ++c) {
            for (uint256 m = 0; m < 2; ++m) {
                (_before[c][m], _paidIn[c][m]) = (channels.channel(clientAt(c), minerAt(m)), 0);
            }
        }
        _;
        uint256[PARTIES] memory gained;
        for (uint256 c = 0; c < 3; ++c) {
            for (uint256 m = 0; m < 2; ++m) {
                (uint256 redeemed, uint256 refunded) = explain(c, m);
                gained[2 + m] += redeemed;
                gained[c] += refunded;
            }
        }
        for (uint256 i = 0; i < PARTIES; ++i) {
            violation(
                channels.balanceOf(_parties[i]) + _paidOut[i] != _balanceBefore[i] + gained[i],
                "a balance moved without a reason"
            );
        }
        if (!_useful) ++_idle;
    }

    function explain(uint256 c, uint256 m) private returns (uint256 redeemed, uint256 refunded) {
        Channel memory was = _before[c][m];
        Channel memory now_ = channels.channel(clientAt(c), minerAt(m));
        if (now_.redeemed < was.redeemed) {
            violation(true, "redeemed fell");
            return (0, 0);
        }
        redeemed = now_.redeemed - was.redeemed;
        violation(
            now_.redeemed > was.redeemed && now_.redeemed > _promised[clientAt(c)][minerAt(m)],
            "more was redeemed than signed"
        );
        uint256 available = was.left + _paidIn[c][m];
        if (now_.left + redeemed > available) {
            violation(true, "a channel has what nobody paid in");
            return (redeemed, 0);
        }
        refunded = available - redeemed - now_.left;
        if (refunded > 0) {
            bool due = was.closableAt != 0 && block_() >= was.closableAt;
            violation(!due && _closer != minerAt(m), "refunded before its time");
            violation(now_.left != 0 || now_.closableAt != 0, "closed in part");
        }
    }

    function attack(bool accepted, string memory what) private {
        _useful = true;
        violation(accepted, what);
    }

    function may(address from, bytes memory call_) private returns (bool ok) {
        vm.prank(from);
        (ok,) = address(channels).call(call_);
    }

    // ---------------------------------------------------------------- what everybody may do

    function payIn(uint8 c, uint8 m, uint96 amount, bool byOther) external watched {
        address to = clientAt(c);
        address from = byOther ? _parties[3] : to;
        amount = uint96(bound(amount, 1, 1e18));
        bool closing = channels.channel(to, minerAt(m)).closableAt != 0;
        bool ok = may(from, abi.encodeCall(IPaymentChannels.deposit, (to, minerAt(m), amount)));
        if (from != to && closing) {
            attack(ok, "a stranger's deposit into a closing channel");
            return;
        }
        violation(!ok, "a deposit was refused");
        if (!ok) return;
        violation(from == to && channels.channel(to, minerAt(m)).closableAt != 0, "a client's deposit reopened nothing");
        credit(c, m, amount);
    }

    function credit(uint256 c, uint256 m, uint256 amount) private {
        _paidIn[c % 3][m & 1] = amount;
        _deposited += amount;
        _useful = true;
    }

    function payInSigned(uint8 c, uint8 m, uint96 amount) external watched {
        amount = uint96(bound(amount, 1, 1e18));
        address of_ = clientAt(c);
        Deposit memory d = Deposit(of_, minerAt(m), amount, channels.nonce(of_, minerAt(m)), uint64(block_() + 10_000));
        bytes memory call_ = abi.encodeCall(
            IPaymentChannels.depositWithPermit, (d, sign(_keys[c % 3], channels.depositDigest(d)), noPermit())
        );
        violation(!may(stranger, call_), "a signed deposit was refused");
        violation(channels.channel(of_, minerAt(m)).closableAt != 0, "a signed deposit reopened nothing");
        keep(call_);
        credit(c, m, amount);
    }

    function keep(bytes memory call_) private {
        if (_sent.length < MAX_KEPT) _sent.push(call_);
        else _sent[_calls % MAX_KEPT] = call_;
    }

    /// @notice A client signs more to a miner; sometimes more than is in the channel.
    function signMore(uint8 c, uint8 m, uint96 more) external watched {
        address from = clientAt(c);
        uint256 total = _promised[from][minerAt(m)] + bound(more, 1, 5e17);
        _promised[from][minerAt(m)] = total;
        SignedVoucher memory v = voucherOf(from, _keys[c % 3], minerAt(m), uint96(total));
        if (_vouchers.length < MAX_KEPT) _vouchers.push(v);
        else _vouchers[_calls % MAX_KEPT] = v;
        _useful = true;
    }

    /// @notice Anybody redeems up to four of all vouchers, old ones too.
    function redeemSome(uint256 pick, uint8 count) external watched {
        if (_vouchers.length == 0) return;
        SignedVoucher[] memory batch = new SignedVoucher[](1 + count % 4);
        for (uint256 i = 0; i < batch.length; ++i) {
            batch[i] = _vouchers[uint256(keccak256(abi.encode(pick, i))) % _vouchers.length];
        }
        vm.prank(stranger);
        VoucherSkip[] memory reasons = channels.redeem(batch);
        for (uint256 i = 0; i < batch.length; ++i) {
            if (reasons[i] == VoucherSkip.None) _useful = true;
            violation(reasons[i] == VoucherSkip.BadSignature, "a good signature was refused");
            Voucher memory v = batch[i].voucher;
            Channel memory c = channels.channel(v.client, v.miner);
            violation(c.redeemed < v.total && c.left > 0, "a miner was paid less than there was");
        }
    }

    function requestOne(uint8 c, uint8 m, bool signed) external watched {
        address from = clientAt(c);
        Channel memory was = channels.channel(from, minerAt(m));
        CloseRequest memory r =
            CloseRequest(from, minerAt(m), channels.nonce(from, minerAt(m)), uint64(block_() + 10_000));
        bytes memory call_ = signed
            ? abi.encodeCall(IPaymentChannels.requestCloseFor, (r, sign(_keys[c % 3], channels.closeRequestDigest(r))))
            : abi.encodeCall(IPaymentChannels.requestClose, (minerAt(m)));
        bool ok = may(signed ? stranger : from, call_);
        violation(ok != (was.left > 0 && was.closableAt == 0), "a request to close");
        if (ok && signed) keep(call_);
        _useful = ok;
    }

    function closeDue(uint256 c, uint256 m, bool early) external watched {
        // One that is closing, if there is any.
        (c, m) = (c % 3, m % 2);
        for (uint256 i = 0; i < 6 && channels.channel(clientAt(c), minerAt(m)).closableAt == 0; ++i) {
            if (i & 1 == 0) ++m;
            else ++c;
        }
        uint256 closableAt = channels.channel(clientAt(c), minerAt(m)).closableAt;
        if (closableAt != 0 && !early && block_() < closableAt) vm.roll(closableAt);
        bool due = closableAt != 0 && block_() >= closableAt;
        bool ok = may(stranger, abi.encodeCall(IPaymentChannels.close, (clientAt(c), minerAt(m))));
        if (due) violation(!ok, "a due close was refused");
        else attack(ok, "closed before its time");
        if (due) _useful = true;
    }

    function closeByMiner(uint8 c, uint8 m, bool signed) external watched {
        address by = minerAt(m);
        _closer = by;
        CloseConsent memory a =
            CloseConsent(clientAt(c), by, channels.nonce(by, clientAt(c)), uint64(block_() + 10_000));
        bytes memory call_ = signed
            ? abi.encodeCall(
                IPaymentChannels.closeWithConsent, (a, sign(_keys[2 + (m & 1)], channels.closeConsentDigest(a)))
            )
            : abi.encodeCall(IPaymentChannels.close, (clientAt(c), by));
        violation(!may(signed ? stranger : by, call_), "a miner's close was refused");
        if (signed) keep(call_);
        _useful = true;
    }

    function payOut(uint8 who, bool signed) external watched {
        address from = _parties[who % PARTIES];
        uint256 balance = channels.balanceOf(from);
        Withdrawal memory w = Withdrawal(from, from, channels.nonce(from, address(0)), uint64(block_() + 10_000));
        bytes memory call_ = signed
            ? abi.encodeCall(
                IPaymentChannels.withdrawFor, (w, sign(_keys[who % PARTIES], channels.withdrawalDigest(w)))
            )
            : abi.encodeCall(IPaymentChannels.withdraw, (from));
        uint256 wallet = token.balanceOf(from);
        bool ok = may(signed ? stranger : from, call_);
        violation(ok != (balance > 0), "a withdrawal");
        violation(token.balanceOf(from) != wallet + balance, "not all was paid out");
        if (!ok) return;
        if (signed) keep(call_);
        (_paidOut[who % PARTIES], _useful) = (balance, true);
        _withdrawn += balance;
    }

    function pass(uint8 blocks) external watched {
        rollBy(bound(blocks, 1, CHALLENGE));
        _useful = true;
    }

    // ---------------------------------------------------------------- what nobody may do

    /// @notice A voucher that its client has not signed.
    function forge(uint8 c, uint8 m, uint96 total, uint8 how) external watched {
        address from = clientAt(c);
        Channel memory is_ = channels.channel(from, minerAt(m));
        if (is_.left == 0) return;
        total = uint96(bound(total, uint256(is_.redeemed) + 1, type(uint96).max));
        SignedVoucher memory v = voucherOf(from, _keys[c % 3], minerAt(m), total);
        if (how % 3 == 0) v.signature = sign(_keys[3], channels.voucherDigest(v.voucher));
        else if (how % 3 == 1) v.signature[how % 64] ^= 0x01;
        else v.signature = voucherOf(from, _keys[c % 3], minerAt(m), total - 1).signature;
        vm.prank(minerAt(m));
        attack(channels.redeem(one(v))[0] != VoucherSkip.BadSignature, "a forged voucher");
    }

    /// @notice What was signed and accepted once is sent again.
    function replay(uint256 pick) external watched {
        if (_sent.length == 0) return;
        attack(may(stranger, _sent[pick % _sent.length]), "a signed message was taken twice");
    }

    /// @notice A stranger acts in others' names, with his own signature or another of the client's.
    function meddle(uint8 c, uint8 m, uint8 how) external watched {
        attack(may(stranger, meddling(c, m, how % 6)), "a stranger's call");
    }

    function meddling(uint8 c, uint8 m, uint8 how) private view returns (bytes memory) {
        (address from, address to) = (clientAt(c), minerAt(m));
        uint64 by = uint64(block_() + 10);
        CloseRequest memory r = CloseRequest(from, to, channels.nonce(from, to), by);
        if (how == 0) {
            Deposit memory d = Deposit(from, stranger, 1, channels.nonce(from, stranger), by);
            bytes memory own = sign(STRANGER_KEY, channels.depositDigest(d));
            return abi.encodeCall(IPaymentChannels.depositWithPermit, (d, own, noPermit()));
        }
        if (how == 1) {
            bytes memory own = sign(STRANGER_KEY, channels.closeRequestDigest(r));
            return abi.encodeCall(IPaymentChannels.requestCloseFor, (r, own));
        }
        if (how == 2) {
            // The client's request is not the miner's consent.
            CloseConsent memory a = CloseConsent(from, to, channels.nonce(to, from), by);
            bytes memory request = sign(_keys[c % 3], channels.closeRequestDigest(r));
            return abi.encodeCall(IPaymentChannels.closeWithConsent, (a, request));
        }
        if (how == 3) {
            Withdrawal memory w = Withdrawal(to, stranger, channels.nonce(to, address(0)), by);
            bytes memory own = sign(STRANGER_KEY, channels.withdrawalDigest(w));
            return abi.encodeCall(IPaymentChannels.withdrawFor, (w, own));
        }
        if (how == 4) return abi.encodeCall(IPaymentChannels.withdraw, (stranger));
        return abi.encodeCall(IPaymentChannels.requestClose, (to));
    }

    // ---------------------------------------------------------------- what must hold

    /// @notice Most actions do something or are an attack; and nothing is stranded: every client gets out what is left, without
    /// anybody's help, and every owner its balance, whatever has happened before.
    function afterInvariant() public {
        if (_calls >= 50) assertLe(10 * _idle, 6 * _calls, "actions that did nothing");
        for (uint256 c = 0; c < 3; ++c) {
            for (uint256 m = 0; m < 2; ++m) {
                Channel memory is_ = channels.channel(clientAt(c), minerAt(m));
                if (is_.closableAt == 0 && is_.left > 0) {
                    vm.prank(clientAt(c));
                    channels.requestClose(minerAt(m));
                }
            }
        }
        rollBy(CHALLENGE);
        for (uint256 c = 0; c < 3; ++c) {
            for (uint256 m = 0; m < 2; ++m) {
                if (channels.channel(clientAt(c), minerAt(m)).closableAt == 0) continue;
                vm.prank(clientAt(c));
                channels.close(clientAt(c), minerAt(m));
            }
        }
        for (uint256 i = 0; i < PARTIES; ++i) {
            if (channels.balanceOf(_parties[i]) > 0) withdrawBy(_parties[i]);
        }
        assertEq(token.balanceOf(address(channels)), 0, "stranded");
    }

    /// @dev One campaign instead of one for each property: every action costs far more than every check.
    function invariant_channels() public view {
        moneyIsConserved();
        noVoucherIsPaidTwice();
        nothingMovesWithoutAReason();
        requestsAreBounded();
        strangersGainNothing();
    }

    /// @notice 1. Σ left + Σ balances = deposited − withdrawn = tokens held.
    function moneyIsConserved() private view {
        uint256 owned;
        for (uint256 i = 0; i < PARTIES; ++i) {
            owned += channels.balanceOf(_parties[i]);
        }
        for (uint256 c = 0; c < 3; ++c) {
            for (uint256 m = 0; m < 2; ++m) {
                owned += channels.channel(clientAt(c), minerAt(m)).left;
            }
        }
        assertEq(owned, _deposited - _withdrawn, "ledger");
        assertEq(owned, token.balanceOf(address(channels)), "tokens");
    }

    /// @notice 2. Never more is redeemed than was signed, whatever was closed and opened meanwhile.
    function noVoucherIsPaidTwice() private view {
        for (uint256 c = 0; c < 3; ++c) {
            for (uint256 m = 0; m < 2; ++m) {
                assertLe(
                    channels.channel(clientAt(c), minerAt(m)).redeemed,
                    _promised[clientAt(c)][minerAt(m)],
                    "redeemed beyond what was signed"
                );
            }
        }
    }

    /// @notice 3. to 5. Every movement is explained; nothing comes back before its time; no forgery, replay or meddling is taken.
    function nothingMovesWithoutAReason() private view {
        assertEq(_violations, 0, _violated);
    }

    /// @notice A request to close never ends further ahead than a challenge period: its client waits no longer.
    function requestsAreBounded() private view {
        for (uint256 c = 0; c < 3; ++c) {
            for (uint256 m = 0; m < 2; ++m) {
                assertLe(channels.channel(clientAt(c), minerAt(m)).closableAt, block_() + CHALLENGE, "too far ahead");
            }
        }
    }

    /// @notice A stranger, who signs and earns nothing, never has a balance.
    function strangersGainNothing() private view {
        assertBalance(stranger, 0);
        assertEq(token.balanceOf(stranger), FUNDS, "a stranger's wallet");
    }
}

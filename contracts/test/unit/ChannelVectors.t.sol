// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DevToken} from "../../src/dev/DevToken.sol";
import {IPaymentChannels} from "../../src/interfaces/IPaymentChannels.sol";
import {CloseConsent, CloseRequest, Deposit, Voucher, Withdrawal} from "../../src/types/ChannelTypes.sol";
import {ChannelFixture} from "../utils/ChannelFixture.sol";

/// @title What is signed for channels, against the vectors of contracts/tools/make-vectors.mjs.
contract ChannelVectorsTest is ChannelFixture {
    string private _json;

    function setUp() public {
        setUpChannels(new DevToken());
        _json = vm.readFile("../protocol/src/test/resources/vectors/protocol.json");
    }

    function num(string memory path, string memory key) private view returns (uint256) {
        return vm.parseJsonUint(_json, string.concat(path, key));
    }

    function addressAt(string memory path, string memory key) private view returns (address) {
        return vm.parseJsonAddress(_json, string.concat(path, key));
    }

    function test_channelMessages() public {
        uint256 n;
        for (; vm.keyExistsJson(_json, at(n)); ++n) {
            string memory v = at(n);
            IPaymentChannels there = IPaymentChannels(addressAt(v, ".channels"));
            vm.etch(address(there), address(channels).code);
            vm.chainId(num(v, ".chainId"));
            assertEq(there.domainSeparator(), vm.parseJsonBytes32(_json, string.concat(v, ".domainSeparator")), v);
            bytes32 digest = digestAt(there, v);
            assertEq(digest, vm.parseJsonBytes32(_json, string.concat(v, ".digest")), v);
            // Signatures are deterministic: what another EIP-712 signed is this digest.
            assertEq(
                keccak256(sign(num(v, ".key"), digest)),
                keccak256(vm.parseJsonBytes(_json, string.concat(v, ".signature"))),
                v
            );
        }
        assertEq(n, 12);
    }

    function at(uint256 n) private pure returns (string memory) {
        return string.concat(".channelMessages[", vm.toString(n), "]");
    }

    function digestAt(IPaymentChannels there, string memory v) private view returns (bytes32) {
        bytes32 kind = keccak256(bytes(vm.parseJsonString(_json, string.concat(v, ".type"))));
        string memory m = string.concat(v, ".message");
        if (kind == keccak256("Voucher")) {
            return
                there.voucherDigest(Voucher(addressAt(m, ".client"), addressAt(m, ".miner"), uint96(num(m, ".total"))));
        }
        uint256 nonce = num(m, ".nonce");
        uint64 executeBy = uint64(num(m, ".executeBy"));
        if (kind == keccak256("Withdrawal")) {
            return there.withdrawalDigest(Withdrawal(addressAt(m, ".account"), addressAt(m, ".to"), nonce, executeBy));
        }
        address client_ = addressAt(m, ".client");
        address miner_ = addressAt(m, ".miner");
        if (kind == keccak256("Deposit")) {
            return there.depositDigest(Deposit(client_, miner_, uint96(num(m, ".amount")), nonce, executeBy));
        }
        if (kind == keccak256("CloseRequest")) {
            return there.closeRequestDigest(CloseRequest(client_, miner_, nonce, executeBy));
        }
        assertEq(kind, keccak256("CloseConsent"), v);
        return there.closeConsentDigest(CloseConsent(client_, miner_, nonce, executeBy));
    }
}

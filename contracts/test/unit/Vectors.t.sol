// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IStorageMarket} from "../../src/interfaces/IStorageMarket.sol";
import {MerkleTree} from "../../src/libraries/MerkleTree.sol";
import {Pay} from "../../src/libraries/Pay.sol";
import {PeriodClock} from "../../src/libraries/PeriodClock.sol";
import {PieceMath} from "../../src/libraries/PieceMath.sol";
import {ProvingSet} from "../../src/libraries/ProvingSet.sol";
import {StreamSeal} from "../../src/libraries/StreamSeal.sol";
import {
    Cancellation,
    DealProposal,
    EarlyEnd,
    Extension,
    Mandate,
    MarketParams,
    Revocation,
    WithdrawalPayout,
    WithdrawalRequest
} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title The contracts against the vectors that Java is held against too (contracts/tools/make-vectors.mjs).
contract VectorsTest is MarketFixture {
    using ProvingSet for ProvingSet.Set;

    string private _json;
    mapping(uint256 number => ProvingSet.Set) private _sets;

    function setUp() public {
        setUpMarket();
        _json = vm.readFile("../protocol/src/test/resources/vectors/protocol.json");
    }

    // ---------------------------------------------------------------- reading

    function nth(string memory list, uint256 i) private pure returns (string memory) {
        return string.concat(list, "[", vm.toString(i), "]");
    }

    function has(string memory path) private view returns (bool) {
        return vm.keyExistsJson(_json, path);
    }

    function num(string memory path, string memory key) private view returns (uint256) {
        return vm.parseJsonUint(_json, string.concat(path, key));
    }

    function word(string memory path, string memory key) private view returns (bytes32) {
        return vm.parseJsonBytes32(_json, string.concat(path, key));
    }

    function addressAt(string memory path, string memory key) private view returns (address) {
        return vm.parseJsonAddress(_json, string.concat(path, key));
    }

    function blob(string memory path, string memory key) private view returns (bytes memory) {
        return vm.parseJsonBytes(_json, string.concat(path, key));
    }

    // ---------------------------------------------------------------- pieces and seals

    function checkSizes(string memory list) private view returns (uint256 n) {
        for (; has(nth(list, n)); ++n) {
            string memory v = nth(list, n);
            uint256 leaves = PieceMath.leafCount(uint64(num(v, ".size")));
            assertEq(leaves, num(v, ".leafCount"), v);
            assertEq(PieceMath.height(leaves), num(v, ".height"), v);
        }
    }

    function test_sizes() public view {
        assertEq(checkSizes(".pieces") + checkSizes(".sizes"), 17);
    }

    function rootOf(bytes calldata opening, uint256 index, uint256 height) external view returns (bytes32) {
        uint256 at;
        assembly {
            at := opening.offset
        }
        return MerkleTree.rootOf(at, index, height);
    }

    function test_masksAndOpenings() public view {
        uint256 opened;
        uint256 n;
        for (; has(nth(".seals", n)); ++n) {
            string memory v = nth(".seals", n);
            for (uint256 i = 0; has(nth(string.concat(v, ".openings"), i)); ++i) {
                checkOpening(v, nth(string.concat(v, ".openings"), i));
                ++opened;
            }
        }
        assertEq(n, 5);
        assertEq(opened, 20);
    }

    function checkOpening(string memory v, string memory o) private view {
        uint256 height = PieceMath.height(num(v, ".leafCount"));
        uint256 leaf = num(o, ".leaf");
        bytes memory piece = blob(o, ".piece");
        bytes memory replica = blob(o, ".sealed");
        bytes32 mask = StreamSeal.mask(word(v, ".dealId"), uint64(leaf));
        assertEq(mask, word(o, ".mask"), o);
        assertEq(bytes32(piece) ^ mask, bytes32(replica), o);
        assertEq(piece.length, 32 * (height + 1), o);
        assertEq(replica.length, 32 * (height + 1), o);
        assertEq(this.rootOf(piece, leaf, height), word(v, ".pieceRoot"), o);
        assertEq(this.rootOf(replica, leaf, height), word(v, ".sealedRoot"), o);
    }

    function checkPositions(string memory v, bytes32 seed) private view {
        uint256[] memory positions = vm.parseJsonUintArray(_json, string.concat(v, ".positions"));
        assertTrue(positions.length >= 4, v);
        for (uint256 i = 0; i < positions.length; ++i) {
            assertEq(ProvingSet.expand(seed, i) % num(v, ".leafCount"), positions[i], v);
        }
    }

    function test_sealChallenges() public view {
        uint256 n;
        for (; has(nth(".sealChallenges", n)); ++n) {
            string memory v = nth(".sealChallenges", n);
            // As StorageMarket.sealRefusal encodes it; DealLife.t.sol shows that it does.
            bytes32 seed = keccak256(abi.encode(word(v, ".value"), addressAt(v, ".market"), word(v, ".dealId")));
            assertEq(seed, word(v, ".seed"), v);
            checkPositions(v, seed);
        }
        assertEq(n, 5);
    }

    function test_recoveries() public view {
        uint256 n;
        for (; has(nth(".recoveries", n)); ++n) {
            string memory v = nth(".recoveries", n);
            // As Faults.recoverySeed encodes it; Faults.t.sol shows that it does.
            bytes32 seed = keccak256(
                abi.encode(
                    word(v, ".value"),
                    addressAt(v, ".market"),
                    word(v, ".dealId"),
                    uint32(num(v, ".period")),
                    bytes32("recovery")
                )
            );
            assertEq(seed, word(v, ".seed"), v);
            checkPositions(v, seed);
        }
        assertEq(n, 3);
    }

    function test_audits() public view {
        uint256 n;
        for (; has(nth(".audits", n)); ++n) {
            string memory v = nth(".audits", n);
            checkPositions(v, sha256(abi.encodePacked(word(v, ".periodSeed"), word(v, ".dealId"))));
        }
        assertEq(n, 4);
    }

    // ---------------------------------------------------------------- proving

    function test_clocks() public {
        uint256 n;
        for (; has(nth(".clocks", n)); ++n) {
            string memory v = nth(".clocks", n);
            MarketParams memory p = defaults();
            p.periodBlocks = uint32(num(v, ".periodBlocks"));
            p.windowBlocks = uint32(num(v, ".windowBlocks"));
            p.demandBlocks = p.windowBlocks;
            p.maxActivationBlocks = 8191;
            (, IStorageMarket m) = deployMarket(p);
            assertEq(
                PeriodClock.shiftOf(addressAt(v, ".miner"), p.periodBlocks),
                num(v, ".shift"),
                string.concat(v, " shift")
            );
            for (uint256 i = 0; has(nth(string.concat(v, ".blocks"), i)); ++i) {
                checkClock(m, addressAt(v, ".miner"), nth(string.concat(v, ".blocks"), i));
            }
        }
        assertEq(n, 12);
    }

    function checkClock(IStorageMarket m, address of_, string memory b) private view {
        uint32 period = m.periodAt(of_, num(b, ".block"));
        assertEq(period, num(b, ".period"), b);
        assertEq(m.challengeBlock(of_, period), num(b, ".challengeBlock"), b);
        assertEq(m.periodEnd(of_, period), num(b, ".periodEnd"), b);
        assertEq(m.nextDuty(of_, num(b, ".block")), num(b, ".nextDuty"), b);
    }

    function test_draws() public {
        uint256 n;
        for (; has(nth(".draws", n)); ++n) {
            string memory v = nth(".draws", n);
            ProvingSet.Set storage set = _sets[n];
            for (uint256 i = 0; has(nth(string.concat(v, ".entries"), i)); ++i) {
                string memory e = nth(string.concat(v, ".entries"), i);
                set.insert(
                    PieceMath.height(num(e, ".leafCount")),
                    ProvingSet.Entry(
                        word(e, ".sealedRoot"),
                        uint40(num(e, ".leafCount")),
                        uint32(num(e, ".end")),
                        bytes23(word(e, ".dealId"))
                    )
                );
            }
            assertEq(set.weight, num(v, ".weight"), v);
            // As StorageMarket.openSeed encodes it.
            bytes32 seed = keccak256(
                abi.encode(
                    word(v, ".value"), addressAt(v, ".market"), addressAt(v, ".miner"), uint32(num(v, ".period"))
                )
            );
            assertEq(seed, word(v, ".seed"), v);
            checkDraws(set, v, seed);
        }
        assertEq(n, 7);
    }

    function checkDraws(ProvingSet.Set storage set, string memory v, bytes32 seed) private view {
        ProvingSet.Header memory header = set.header();
        ProvingSet.Drawn memory drawn;
        uint256 count = num(v, ".count");
        uint256 hashes;
        uint256 found;
        for (; found < count; ++found) {
            hashes = set.draw(header, seed, uint32(num(v, ".period")), hashes, count * ProvingSet.TRIES, drawn);
            if (hashes == 0) break;
            string memory d = nth(string.concat(v, ".draws"), found);
            assertEq(bytes32(set.keyOf(drawn)), bytes32(bytes23(word(d, ".dealId"))), d);
            assertEq(drawn.leaf, num(d, ".leaf"), d);
        }
        if (found == count) assertFalse(has(nth(string.concat(v, ".draws"), found)));
        else assertFalse(has(nth(string.concat(v, ".draws"), 0)));
    }

    // ---------------------------------------------------------------- money

    function test_money() public view {
        uint256 n;
        for (; has(nth(".money", n)); ++n) {
            string memory v = nth(".money", n);
            uint96 price = uint96(num(v, ".price"));
            uint32 periods = uint32(num(v, ".periods"));
            assertEq(Pay.slashPerMiss(price, periods, uint16(num(v, ".missPenaltyBps"))), num(v, ".slashPerMiss"), v);
            for (uint256 i = 0; has(nth(string.concat(v, ".settled"), i)); ++i) {
                string memory s = nth(string.concat(v, ".settled"), i);
                uint96 worth = Pay.share(price, num(s, ".count"), periods);
                assertEq(worth, num(s, ".worth"), s);
                assertEq(Pay.burnOf(worth, uint16(num(v, ".priceBurnBps"))), num(s, ".burned"), s);
            }
        }
        assertEq(n, 9);
    }

    // ---------------------------------------------------------------- the deal id

    function proposalAt(string memory p) private view returns (DealProposal memory) {
        return DealProposal({
            client: addressAt(p, ".client"),
            miner: addressAt(p, ".miner"),
            auditor: addressAt(p, ".auditor"),
            pieceRoot: word(p, ".pieceRoot"),
            rawSize: uint64(num(p, ".rawSize")),
            sealProfile: uint8(num(p, ".sealProfile")),
            periods: uint32(num(p, ".periods")),
            price: uint96(num(p, ".price")),
            collateral: uint96(num(p, ".collateral")),
            publishBy: uint64(num(p, ".publishBy")),
            activateBy: uint64(num(p, ".activateBy")),
            replaces: word(p, ".replaces"),
            salt: word(p, ".salt")
        });
    }

    function test_extensions() public {
        uint256 n;
        for (; has(nth(".extensions", n)); ++n) {
            string memory v = nth(".extensions", n);
            string memory e = string.concat(v, ".extension");
            IStorageMarket there = IStorageMarket(addressAt(v, ".market"));
            vm.etch(address(there), address(market).code);
            vm.chainId(num(v, ".chainId"));
            bytes32 digest = there.extensionDigest(
                Extension({
                    dealId: word(e, ".dealId"),
                    oldEnd: uint32(num(e, ".oldEnd")),
                    newEnd: uint32(num(e, ".newEnd")),
                    pricePerPeriod: uint96(num(e, ".pricePerPeriod")),
                    collateral: uint96(num(e, ".collateral")),
                    executeBy: uint64(num(e, ".executeBy"))
                })
            );
            assertEq(digest, word(v, ".digest"), v);
            assertEq(keccak256(sign(num(v, ".key"), digest)), keccak256(blob(v, ".signature")), v);
        }
        assertEq(n, 4);
    }

    function test_mandates() public {
        uint256 n;
        for (; has(nth(".mandates", n)); ++n) {
            string memory v = nth(".mandates", n);
            string memory m = string.concat(v, ".mandate");
            IStorageMarket there = IStorageMarket(addressAt(v, ".market"));
            vm.etch(address(there), address(market).code);
            vm.chainId(num(v, ".chainId"));
            bytes32 digest = there.mandateDigest(
                Mandate({
                    dealId: word(m, ".dealId"),
                    periods: uint32(num(m, ".periods")),
                    times: uint32(num(m, ".times")),
                    maxPricePerPeriod: uint96(num(m, ".maxPricePerPeriod")),
                    collateral: uint96(num(m, ".collateral")),
                    budget: uint96(num(m, ".budget")),
                    tip: uint96(num(m, ".tip")),
                    expiresAt: uint64(num(m, ".expiresAt"))
                })
            );
            assertEq(digest, word(v, ".digest"), v);
            assertEq(keccak256(sign(num(v, ".key"), digest)), keccak256(blob(v, ".signature")), v);
        }
        assertEq(n, 4);
    }

    function test_earlyEnds() public {
        uint256 n;
        for (; has(nth(".earlyEnds", n)); ++n) {
            string memory v = nth(".earlyEnds", n);
            string memory e = string.concat(v, ".earlyEnd");
            IStorageMarket there = IStorageMarket(addressAt(v, ".market"));
            vm.etch(address(there), address(market).code);
            vm.chainId(num(v, ".chainId"));
            bytes32 digest = there.earlyEndDigest(
                EarlyEnd({
                    dealId: word(e, ".dealId"),
                    immediate: vm.parseJsonBool(_json, string.concat(e, ".immediate")),
                    executeBy: uint64(num(e, ".executeBy"))
                })
            );
            assertEq(digest, word(v, ".digest"), v);
            assertEq(keccak256(sign(num(v, ".key"), digest)), keccak256(blob(v, ".signature")), v);
        }
        assertEq(n, 4);
    }

    function test_relayedOrders() public {
        uint256 n;
        for (; has(nth(".orders", n)); ++n) {
            string memory v = nth(".orders", n);
            IStorageMarket there = IStorageMarket(addressAt(v, ".market"));
            vm.etch(address(there), address(market).code);
            vm.chainId(num(v, ".chainId"));
            bytes32 digest = orderDigest(
                there,
                keccak256(bytes(vm.parseJsonString(_json, string.concat(v, ".type")))),
                string.concat(v, ".order")
            );
            assertEq(digest, word(v, ".digest"), v);
            assertEq(keccak256(sign(num(v, ".key"), digest)), keccak256(blob(v, ".signature")), v);
        }
        assertEq(n, 10);
    }

    function orderDigest(IStorageMarket there, bytes32 kind, string memory o) private view returns (bytes32) {
        uint64 executeBy = uint64(num(o, ".executeBy"));
        if (kind == keccak256("Cancellation")) {
            return there.cancellationDigest(Cancellation(word(o, ".dealId"), executeBy));
        }
        if (kind == keccak256("Revocation")) {
            return there.revocationDigest(Revocation(word(o, ".mandate"), executeBy));
        }
        address account = addressAt(o, ".account");
        uint256 nonce = num(o, ".nonce");
        if (kind == keccak256("WithdrawalRequest")) {
            return
                there.withdrawalRequestDigest(WithdrawalRequest(account, uint96(num(o, ".amount")), nonce, executeBy));
        }
        return there.withdrawalPayoutDigest(
            WithdrawalPayout(account, addressAt(o, ".to"), uint96(num(o, ".least")), nonce, executeBy)
        );
    }

    function test_dealIds() public {
        uint256 n;
        for (; has(nth(".deals", n)); ++n) {
            string memory v = nth(".deals", n);
            // The market at the vector's address and on its chain: the domain follows both.
            IStorageMarket there = IStorageMarket(addressAt(v, ".market"));
            vm.etch(address(there), address(market).code);
            vm.chainId(num(v, ".chainId"));
            assertEq(there.domainSeparator(), word(v, ".domainSeparator"), v);
            bytes32 dealId = there.dealIdOf(proposalAt(string.concat(v, ".proposal")));
            assertEq(dealId, word(v, ".dealId"), v);
            // Signatures are deterministic: what another EIP-712 signed is this digest.
            assertEq(keccak256(sign(num(v, ".key"), dealId)), keccak256(blob(v, ".signature")), v);
        }
        assertEq(n, 5);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ISeedSource} from "../../src/interfaces/ISeedSource.sol";
import {HeaderReader} from "../utils/HeaderReader.sol";
import {HistoryStub} from "../utils/HistoryStub.sol";
import {Test} from "../utils/Test.sol";

interface IPrevRandaoSeed is ISeedSource {
    error BadLookahead(uint256 blocks);

    function hasHistory() external view returns (bool);
    function lookahead() external view returns (uint256);
}

/// @title The RANDAO seed source, on headers that contracts/tools/make-vectors.mjs encodes.
contract PrevRandaoSeedTest is Test {
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    uint256 private constant LOOKAHEAD = 3;
    // Of the vector "Prague".
    uint256 private constant NUMBER = 23_456_789;

    string private _json;
    IPrevRandaoSeed private _seeds;
    bytes private _header;
    bytes32 private _randao;

    function setUp() public {
        _json = vm.readFile("../protocol/src/test/resources/vectors/protocol.json");
        vm.roll(NUMBER + 1);
        vm.etch(HISTORY, "");
        _seeds = this.deploy(LOOKAHEAD);
        string memory v = vector("Prague");
        _header = vm.parseJsonBytes(_json, string.concat(v, ".rlp"));
        _randao = vm.parseJsonBytes32(_json, string.concat(v, ".value"));
        vm.setBlockhash(NUMBER, vm.parseJsonBytes32(_json, string.concat(v, ".hash")));
    }

    /// @dev A call of its own, so that a revert is not the end of the test.
    function deploy(uint256 lookahead) external returns (IPrevRandaoSeed) {
        return IPrevRandaoSeed(vm.deployCode("PrevRandaoSeed", abi.encode(lookahead)));
    }

    function vector(string memory name) private view returns (string memory v) {
        for (uint256 i = 0;; ++i) {
            v = string.concat(".headers[", vm.toString(i), "]");
            if (keccak256(bytes(vm.parseJsonString(_json, string.concat(v, ".name")))) == keccak256(bytes(name))) {
                return v;
            }
        }
    }

    /// @dev What the source says of a header if the chain had it: as the block whose number the source expects.
    function valueOf(bytes memory header, uint256 number) private returns (bytes32) {
        vm.roll(number + 1);
        vm.setBlockhash(number, keccak256(header));
        return _seeds.valueAt(number - LOOKAHEAD, header);
    }

    // ---------------------------------------------------------------- what it is

    function test_constructor_boundsTheLookahead() public {
        vm.expectRevert(abi.encodeWithSelector(IPrevRandaoSeed.BadLookahead.selector, 0));
        this.deploy(0);
        vm.expectRevert(abi.encodeWithSelector(IPrevRandaoSeed.BadLookahead.selector, 129));
        this.deploy(129);
        assertEq(this.deploy(1).lag(), 2);
        assertEq(this.deploy(128).lag(), 129);
    }

    function test_views() public view {
        assertEq(_seeds.kind(), bytes32("randao"));
        assertEq(_seeds.lookahead(), LOOKAHEAD);
        assertEq(_seeds.lag(), LOOKAHEAD + 1);
        assertEq(_seeds.reach(), 256 + LOOKAHEAD);
        assertFalse(_seeds.hasHistory());
    }

    // ---------------------------------------------------------------- what it takes

    function test_valueAt_isTheMixHashOfEachHeader() public {
        uint256 good;
        uint256 n;
        for (; vm.keyExistsJson(_json, string.concat(".headers[", vm.toString(n), "]")); ++n) {
            string memory v = string.concat(".headers[", vm.toString(n), "]");
            bytes memory header = vm.parseJsonBytes(_json, string.concat(v, ".rlp"));
            assertEq(keccak256(header), vm.parseJsonBytes32(_json, string.concat(v, ".hash")), v);
            uint256 number = vm.parseJsonUint(_json, string.concat(v, ".number"));
            bytes32 value = vm.parseJsonBytes32(_json, string.concat(v, ".value"));
            if (value != 0) ++good;
            // No block before mainnet's first asks for it.
            if (number >= LOOKAHEAD) assertEq(valueOf(header, number), value, v);
            (bytes32 mixHash, uint256 found) = HeaderReader.read(header);
            assertEq(mixHash, value, v);
            if (value != 0) assertEq(found, number, v);
        }
        assertEq(n, 13);
        assertEq(good, 11);
    }

    function test_valueAt_comesWithTheLag() public {
        uint256 asked = NUMBER - LOOKAHEAD;
        vm.roll(NUMBER);
        assertEq(_seeds.valueAt(asked, _header), bytes32(0), "a block too early");
        vm.roll(asked + _seeds.lag());
        assertEq(_seeds.valueAt(asked, _header), _randao);
    }

    function test_valueAt_endsWithTheReach() public {
        uint256 asked = NUMBER - LOOKAHEAD;
        bytes32 hash = keccak256(_header);
        vm.roll(asked + _seeds.reach());
        vm.setBlockhash(NUMBER, hash);
        assertEq(_seeds.valueAt(asked, _header), _randao);
        vm.roll(asked + _seeds.reach() + 1);
        assertEq(_seeds.valueAt(asked, _header), bytes32(0), "one block too old");
    }

    function test_valueAt_reachesAsFarAsHistory() public {
        vm.etch(HISTORY, address(new HistoryStub()).code);
        HistoryStub(HISTORY).set(NUMBER, keccak256(_header));
        _seeds = this.deploy(LOOKAHEAD);
        assertTrue(_seeds.hasHistory());
        assertEq(_seeds.reach(), 8191 + LOOKAHEAD);
        uint256 asked = NUMBER - LOOKAHEAD;
        vm.roll(asked + _seeds.reach());
        assertEq(_seeds.valueAt(asked, _header), _randao);
        vm.roll(asked + _seeds.reach() + 1);
        assertEq(_seeds.valueAt(asked, _header), bytes32(0), "one block too old");
    }

    // ---------------------------------------------------------------- what it refuses

    function test_valueAt_isZeroForTheCurrentAndLaterBlocks() public view {
        for (uint256 i = 0; i < LOOKAHEAD; ++i) {
            assertEq(_seeds.valueAt(NUMBER - i, _header), bytes32(0));
        }
        assertEq(_seeds.valueAt(NUMBER + 1, _header), bytes32(0));
        assertEq(_seeds.valueAt(type(uint256).max, _header), bytes32(0));
        assertEq(_seeds.valueAt(type(uint256).max - LOOKAHEAD + 1, _header), bytes32(0));
    }

    function test_valueAt_isZeroForTheHeaderOfAnotherBlock() public {
        vm.setBlockhash(NUMBER - 1, keccak256("another block"));
        assertEq(_seeds.valueAt(NUMBER - LOOKAHEAD - 1, _header), bytes32(0));
        // Its hash is that of the block, its number is not: what a chain with other numbers would have.
        vm.setBlockhash(NUMBER - 1, keccak256(_header));
        assertEq(_seeds.valueAt(NUMBER - LOOKAHEAD - 1, _header), bytes32(0));
    }

    function test_valueAt_isZeroWithoutAProof() public view {
        assertEq(_seeds.valueAt(NUMBER - LOOKAHEAD, ""), bytes32(0));
        assertEq(_seeds.valueAt(NUMBER - LOOKAHEAD, abi.encode(_randao)), bytes32(0));
    }

    function test_valueAt_isZeroForOneByteMoreOrLess() public {
        bytes memory longer = bytes.concat(_header, hex"00");
        bytes memory shorter = _header;
        assembly {
            mstore(shorter, sub(mload(shorter), 1))
        }
        assertEq(_seeds.valueAt(NUMBER - LOOKAHEAD, longer), bytes32(0));
        assertEq(_seeds.valueAt(NUMBER - LOOKAHEAD, shorter), bytes32(0));
        // Also where the chain would vouch for these bytes.
        assertEq(valueOf(longer, NUMBER), bytes32(0));
        assertEq(valueOf(shorter, NUMBER), bytes32(0));
        assertEq(valueOf(_header, NUMBER), _randao);
    }

    /// @dev Every byte, and a chain that vouches for none of them.
    function test_valueAt_isZeroForEveryFlippedByte() public view {
        for (uint256 i = 0; i < _header.length; ++i) {
            bytes memory flipped = _header;
            flipped[i] ^= bytes1(uint8(1 + (i * 37) % 255));
            assertEq(_seeds.valueAt(NUMBER - LOOKAHEAD, flipped), bytes32(0));
        }
    }

    // ---------------------------------------------------------------- the parser, where the chain vouches for any bytes

    /// @dev A header of 22 byte strings, each as it is given; the encoding is this test's, not the vectors'.
    function encode(bytes[] memory items) private pure returns (bytes memory) {
        bytes memory body;
        for (uint256 i = 0; i < items.length; ++i) {
            body = bytes.concat(body, items[i]);
        }
        return bytes.concat(hex"f9", bytes2(uint16(body.length)), body);
    }

    function usual() private view returns (bytes[] memory items) {
        items = HeaderReader.split(_header);
        assertEq(keccak256(encode(items)), keccak256(_header));
    }

    function refused(uint256 item, bytes memory instead) private {
        bytes[] memory items = usual();
        items[item] = instead;
        assertEq(valueOf(encode(items), NUMBER), bytes32(0), string.concat("item ", vm.toString(item)));
    }

    function taken(uint256 item, bytes memory instead) private {
        bytes[] memory items = usual();
        items[item] = instead;
        assertEq(valueOf(encode(items), NUMBER), _randao, string.concat("item ", vm.toString(item)));
    }

    function test_header_itemsOfOtherLengths() public {
        for (uint256 i = 0; i < 6; ++i) {
            bytes memory shorter =
                i == 2 ? bytes(hex"9301010101010101010101010101010101010101") : bytes.concat(hex"9f", new bytes(31));
            refused(i, shorter);
            refused(i, hex"80");
            refused(i, bytes.concat(hex"e0", new bytes(32)));
        }
        refused(6, bytes.concat(hex"b90101", new bytes(257)));
        refused(6, bytes.concat(hex"b8ff", new bytes(255)));
        refused(6, bytes.concat(hex"ba000100", new bytes(256)));
        // As long as the right one, so that all after it lies where it should.
        refused(6, bytes.concat(hex"b90101", new bytes(256)));
        refused(6, bytes.concat(hex"ba0100", new bytes(256)));
    }

    /// @dev The shortest header that there can be: of block 5, every number in one byte.
    function test_header_shortest() public {
        bytes[] memory all = usual();
        bytes[] memory items = new bytes[](16);
        for (uint256 i = 0; i < 15; ++i) {
            items[i] = i < 8 || i > 12 ? all[i] : bytes(hex"05");
        }
        items[15] = hex"07";
        bytes memory header = encode(items);
        assertEq(header.length, 497);
        assertEq(valueOf(header, 5), _randao);
    }

    function test_header_ofProofOfWork() public {
        refused(7, hex"01");
        refused(7, hex"00");
        refused(7, hex"8405f5e100");
    }

    function test_header_numbersInTheirOneEncoding() public {
        taken(8, hex"840165ec15");
        refused(8, hex"85000165ec15");
        refused(8, hex"8600000165ec15");
        refused(8, hex"8365ec15");
        refused(8, hex"840165ec16");
        refused(8, hex"80");
        refused(8, hex"00");
        // Nine bytes, of which the last eight are the number.
        refused(8, hex"89010000000000000165ec15");
        for (uint256 i = 9; i < 12; ++i) {
            taken(i, hex"80");
            taken(i, hex"01");
            taken(i, hex"7f");
            taken(i, hex"8180");
            taken(i, hex"88ffffffffffffffff");
            refused(i, hex"00");
            refused(i, hex"817f");
            refused(i, hex"8100");
            refused(i, hex"820001");
            refused(i, hex"89ffffffffffffffffff");
            refused(i, hex"c0");
            refused(i, hex"b80101");
        }
    }

    function test_header_extraDataOfAtMost32Bytes() public {
        taken(12, hex"80");
        taken(12, hex"00");
        taken(12, hex"7f");
        taken(12, hex"8180");
        taken(12, hex"820000");
        taken(12, bytes.concat(hex"a0", new bytes(32)));
        refused(12, hex"8100");
        refused(12, bytes.concat(hex"a1", new bytes(33)));
        refused(12, bytes.concat(hex"b861", new bytes(97)));
        refused(12, hex"c0");
    }

    function test_header_mixHashAndNonce() public {
        refused(13, bytes.concat(hex"9f", new bytes(31)));
        refused(13, hex"80");
        refused(13, bytes.concat(hex"e0", new bytes(32)));
        refused(14, hex"80");
        refused(14, bytes.concat(hex"87", new bytes(7)));
        taken(14, hex"880000000000000001");
    }

    function test_header_listPrefix() public {
        bytes memory wrong = _header;
        wrong[2] ^= 0x01;
        assertEq(valueOf(wrong, NUMBER), bytes32(0), "another length");
        wrong = _header;
        wrong[0] = 0xfa;
        assertEq(valueOf(wrong, NUMBER), bytes32(0), "three bytes of length");
        wrong[0] = 0xb9;
        assertEq(valueOf(wrong, NUMBER), bytes32(0), "a string");
    }

    /// @dev Cut off after each byte, with a list prefix that fits: nothing before the base fee is enough.
    function test_header_cutOff() public {
        bytes[] memory items = usual();
        uint256 enough = 3;
        for (uint256 i = 0; i < 15; ++i) {
            enough += items[i].length;
        }
        for (uint256 length = 0; length <= _header.length; ++length) {
            bytes memory cut = _header;
            assembly {
                mstore(cut, length)
            }
            if (length > 3) {
                cut[1] = bytes1(uint8((length - 3) >> 8));
                cut[2] = bytes1(uint8(length - 3));
            }
            assertEq(valueOf(cut, NUMBER), length > enough ? _randao : bytes32(0), vm.toString(length));
        }
    }

    function test_header_greaterThanAListOfTwoLengthBytes() public {
        bytes memory great = bytes.concat(_header, new bytes(65_536 - 3));
        great[1] = 0xff;
        great[2] = 0xff;
        // The list says 65,535 and the bytes go on: the length does not fit two bytes.
        assertEq(valueOf(bytes.concat(great, new bytes(4)), NUMBER), bytes32(0));
        bytes memory greatest = bytes.concat(_header, new bytes(65_535 + 3 - _header.length));
        greatest[1] = 0xff;
        greatest[2] = 0xff;
        assertEq(valueOf(greatest, NUMBER), _randao);
    }

    /// @dev A reader written otherwise agrees about whatever became of a header.
    function testFuzz_header_agreesWithAnotherReader(uint256 where, uint8 to, uint8 how, uint256 which) public {
        string[6] memory names = [
            "Paris",
            "Prague",
            "an empty block, nothing in extraData",
            "one small byte of extraData",
            "eight bytes of each number",
            "mainnet's first: proof of work"
        ];
        string memory v = vector(names[which % 6]);
        bytes memory header = vm.parseJsonBytes(_json, string.concat(v, ".rlp"));
        // Half of the time among the items of variable length.
        uint256 spot = how & 1 == 0 ? bound(where, 0, header.length - 1) : bound(where, 445, 525);
        bytes memory head = slice(header, 0, spot);
        bytes memory tail = slice(header, spot + 1, header.length);
        uint256 kind = (how >> 1) % 3;
        if (kind == 0) header = bytes.concat(head, bytes1(to), tail);
        if (kind == 1) header = bytes.concat(head, tail);
        if (kind == 2) header = bytes.concat(head, bytes1(to), header[spot], tail);
        // Half of the time the list's length fits again.
        if (how & 128 == 0) {
            header[1] = bytes1(uint8((header.length - 3) >> 8));
            header[2] = bytes1(uint8(header.length - 3));
        }
        (bytes32 mixHash, uint256 number) = HeaderReader.read(header);
        uint256 at = number >= LOOKAHEAD && number < 2 ** 63 ? number : NUMBER;
        assertEq(valueOf(header, at), at == number ? mixHash : bytes32(0), vm.toString(number));
    }

    function slice(bytes memory b, uint256 from, uint256 to) private pure returns (bytes memory part) {
        part = new bytes(to > from ? to - from : 0);
        for (uint256 i = 0; i < part.length; ++i) {
            part[i] = b[from + i];
        }
    }

    /// @dev Whatever bytes a stranger sends, the source answers; the market turns zero into a refusal.
    function testFuzz_valueAt_neverReverts(uint256 blockNumber, bytes calldata proof) public {
        assertEq(_seeds.valueAt(blockNumber, proof), bytes32(0));
        uint256 number = bound(blockNumber, 300, 1 << 40);
        assertEq(valueOf(proof, number), bytes32(0));
    }
}

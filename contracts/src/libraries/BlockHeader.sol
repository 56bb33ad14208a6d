// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Reads the RLP of a block header (Protocol §5.6). Any fork's since the merge: what comes after the nonce is not
/// looked at, for each fork appends fields.
library BlockHeader {
    // Seven items of fixed length come first, so all but the last few positions are constants: parent, ommers, beneficiary,
    // state, transactions, receipts, bloom. Then difficulty, number, gas limit, gas used, time, extra data, mixHash, nonce.
    uint256 private constant BLOOM_AT = 189;
    uint256 private constant DIFFICULTY_AT = 448;
    uint256 private constant NUMBER_AT = 449;
    // With every item of variable length one byte long: five of them, mixHash, nonce, base fee.
    uint256 private constant LEAST_LENGTH = NUMBER_AT + 5 + 33 + 9 + 1;

    /// @notice The mixHash of a header of a proof-of-stake block, or zero when it is none or not of that number. Never reverts.
    /// @param h the whole header and nothing else; the caller has checked its hash
    /// @param number the block's
    function mixHashOf(bytes calldata h, uint256 number) internal pure returns (bytes32) {
        // One list of 256 … 65,535 bytes that ends where the bytes end.
        if (h.length < LEAST_LENGTH || h.length > 0xffff + 3) return 0;
        if (uint24(bytes3(h[:3])) != 0xf90000 + (h.length - 3)) return 0;
        if (h[3] != 0xa0 || h[36] != 0xa0 || h[69] != 0x94 || h[90] != 0xa0 || h[123] != 0xa0 || h[156] != 0xa0) {
            return 0;
        }
        if (bytes3(h[BLOOM_AT:BLOOM_AT + 3]) != 0xb90100) return 0;
        // Under proof of work mixHash is no randomness; other consensus engines keep a difficulty too.
        if (h[DIFFICULTY_AT] != 0x80) return 0;
        (uint256 pos, uint256 value) = scalar(h, NUMBER_AT);
        if (value != number) return 0;
        for (uint256 i = 0; i < 3; ++i) {
            (pos,) = scalar(h, pos);
        }
        pos = afterString(h, pos);
        // mixHash, then the nonce, then at least the base fee. What led past the end fails here.
        if (pos >= h.length || h.length - pos < 33 + 9 + 1) return 0;
        if (h[pos] != 0xa0 || h[pos + 33] != 0x88) return 0;
        return bytes32(h[pos + 1:pos + 33]);
    }

    /// @dev A number of at most 64 bits in its one encoding, without leading zeros. Whatever is not that leads past the end.
    function scalar(bytes calldata h, uint256 pos) private pure returns (uint256 next, uint256 value) {
        next = afterString(h, pos);
        if (next > h.length) return (next, 0);
        uint256 first = uint8(h[pos]);
        if (next - pos == 1) return first == 0 ? (type(uint256).max, 0) : (next, first & 0x7f);
        if (next - pos > 9 || h[pos + 1] == 0) return (type(uint256).max, 0);
        for (uint256 i = pos + 1; i < next; ++i) {
            value = (value << 8) | uint8(h[i]);
        }
    }

    /// @dev Where the item after the string at `pos` begins; past the end when there is no string of at most 32 bytes in its
    /// one encoding.
    function afterString(bytes calldata h, uint256 pos) private pure returns (uint256 next) {
        if (pos >= h.length) return type(uint256).max;
        uint256 first = uint8(h[pos]);
        if (first < 0x80) return pos + 1;
        if (first > 0xa0) return type(uint256).max;
        next = pos + first - 0x7f;
        // One byte below 0x80 is its own encoding.
        if (first == 0x81 && (next > h.length || h[pos + 1] < 0x80)) return type(uint256).max;
    }
}

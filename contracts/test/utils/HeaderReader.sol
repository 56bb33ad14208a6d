// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title A second reader of headers, by the text of RLP: cuts the whole list into items, then looks at each.
library HeaderReader {
    struct Cursor {
        bytes b;
        uint256 pos;
        bool bad;
    }

    /// @notice mixHash and number of a well-formed proof-of-stake header, else zeros. What follows the nonce may be anything,
    /// if it is something.
    function read(bytes memory header) internal pure returns (bytes32 mixHash, uint256 number) {
        Cursor memory c = Cursor(header, 0, false);
        uint256 length = list(c);
        if (c.bad || length != header.length - 3) return (0, 0);
        uint8[7] memory lengths = [32, 32, 20, 32, 32, 32, 0];
        for (uint256 i = 0; i < 15; ++i) {
            bytes memory item = next(c);
            if (c.bad) return (0, 0);
            if (i < 6 && item.length != lengths[i]) return (0, 0);
            if (i == 6 && item.length != 256) return (0, 0);
            if (i == 7 && item.length != 0) return (0, 0);
            if (i >= 8 && i <= 11 && (item.length > 8 || item.length > 0 && item[0] == 0)) return (0, 0);
            if (i == 8) number = toNumber(item);
            if (i == 12 && item.length > 32) return (0, 0);
            if (i == 13 && item.length != 32) return (0, 0);
            if (i == 13) mixHash = bytes32(item);
            if (i == 14 && item.length != 8) return (0, 0);
        }
        if (c.pos == header.length) return (0, 0);
    }

    /// @notice The items of a list, each still in its encoding.
    function split(bytes memory header) internal pure returns (bytes[] memory items) {
        bytes[] memory found = new bytes[](64);
        Cursor memory c = Cursor(header, 3, false);
        uint256 n;
        while (c.pos < header.length) {
            uint256 from = c.pos;
            next(c);
            require(!c.bad, "no list of strings");
            found[n++] = cut(header, from, c.pos - from);
        }
        items = new bytes[](n);
        for (uint256 i = 0; i < n; ++i) {
            items[i] = found[i];
        }
    }

    function list(Cursor memory c) private pure returns (uint256 length) {
        if (c.b.length < 3 || c.b[0] != 0xf9) {
            c.bad = true;
            return 0;
        }
        c.pos = 3;
        return (uint256(uint8(c.b[1])) << 8) + uint8(c.b[2]);
    }

    /// @dev One string: a byte itself, a short one, or a long one with its length in the fewest bytes.
    function next(Cursor memory c) private pure returns (bytes memory item) {
        if (c.pos >= c.b.length) return fail(c);
        uint256 first = uint8(c.b[c.pos]);
        if (first < 0x80) {
            item = cut(c.b, c.pos, 1);
            c.pos += 1;
            return item;
        }
        if (first >= 0xc0) return fail(c);
        uint256 length = first - 0x80;
        uint256 from = c.pos + 1;
        if (first > 0xb7) {
            uint256 digits = first - 0xb7;
            if (digits > 4 || from + digits > c.b.length) return fail(c);
            length = toNumber(cut(c.b, from, digits));
            if (length < 56 || c.b[from] == 0) return fail(c);
            from += digits;
        }
        if (from + length > c.b.length) return fail(c);
        item = cut(c.b, from, length);
        if (length == 1 && uint8(item[0]) < 0x80) return fail(c);
        c.pos = from + length;
    }

    function fail(Cursor memory c) private pure returns (bytes memory) {
        c.bad = true;
        return "";
    }

    function toNumber(bytes memory digits) private pure returns (uint256 value) {
        for (uint256 i = 0; i < digits.length; ++i) {
            value = value * 256 + uint8(digits[i]);
        }
    }

    function cut(bytes memory b, uint256 from, uint256 length) private pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            part[i] = b[from + i];
        }
    }
}

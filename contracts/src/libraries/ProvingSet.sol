// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title A miner's proving set and the draw from it (Protocol §5.2, §5.3).
/// @notice One array per tree height. A draw needs no walk over deals: it picks a height by weight, a slot, a leaf.
library ProvingSet {
    uint8 internal constant MAX_HEIGHT = 34;
    uint256 internal constant MAX_ENTRIES = (1 << 24) - 1;
    /// @notice Hashes per challenge before a draw gives up.
    uint256 internal constant TRIES = 64;

    /// @notice Two slots, so that a draw is two cold reads.
    /// @param end first period in which the entry is no longer drawn
    /// @param dealKey first 23 bytes of the deal id
    struct Entry {
        bytes32 sealedRoot;
        uint40 leafCount;
        uint32 end;
        bytes23 dealKey;
    }

    /// @param weight Σ count · 2^height
    /// @param heights bit h is set while the array of height h has entries
    /// @param liveDeals deals Published, Active or Faulty
    struct Set {
        uint72 weight;
        uint40 heights;
        uint32 liveDeals;
        // Eight 32-bit counts a word: word h / 8, lane h % 8.
        mapping(uint256 word => uint256) counts;
        mapping(uint256 height => mapping(uint256 index => Entry)) entries;
    }

    function count(Set storage self, uint256 height) internal view returns (uint256) {
        return uint32(self.counts[height >> 3] >> ((height & 7) << 5));
    }

    /// @notice Appends an entry; the caller checks the freeze and MAX_ENTRIES.
    function insert(Set storage self, uint8 height, Entry memory entry) internal returns (uint24 index) {
        uint256 n = count(self, height);
        write(self.entries[height][n], entry);
        setCount(self, height, n + 1);
        self.weight += uint72(uint256(1) << height);
        self.heights |= uint40(uint256(1) << height);
        return uint24(n);
    }

    /// @dev Each slot once; the compiler would read and write the second for each of its fields.
    function write(Entry storage to, Entry memory entry) private {
        bytes32 root = entry.sealedRoot;
        uint256 rest = uint256(entry.leafCount) | (uint256(entry.end) << 40) | (uint256(uint184(entry.dealKey)) << 72);
        assembly ("memory-safe") {
            sstore(to.slot, root)
            sstore(add(to.slot, 1), rest)
        }
    }

    /// @notice Removes an entry; the last one of the height takes its slot.
    /// @return moved key of the deal whose entry moved to `index`, or zero
    function remove(Set storage self, uint8 height, uint24 index) internal returns (bytes23 moved) {
        uint256 last = count(self, height) - 1;
        mapping(uint256 => Entry) storage list = self.entries[height];
        if (index != last) {
            Entry memory entry = list[last];
            list[index] = entry;
            moved = entry.dealKey;
        }
        delete list[last];
        setCount(self, height, last);
        self.weight -= uint72(uint256(1) << height);
        if (last == 0) self.heights &= ~uint40(uint256(1) << height);
    }

    /// @notice A valid draw.
    /// @param height of the drawn entry's tree
    /// @param leaf the drawn leaf
    /// @param index slot of the drawn entry in the array of its height
    /// @param sealedRoot root of the drawn entry
    struct Drawn {
        uint256 height;
        uint256 leaf;
        uint256 index;
        bytes32 sealedRoot;
    }

    /// @notice The next valid draw.
    /// @param totals weight and heights, read once by the caller for all draws
    /// @param hashes hashes made so far
    /// @param limit hashes allowed in all
    /// @param drawn is filled in
    /// @return used hashes made in all, or zero when the limit was reached
    function draw(
        Set storage self,
        Header memory totals,
        bytes32 seed,
        uint32 period,
        uint256 hashes,
        uint256 limit,
        Drawn memory drawn
    ) internal view returns (uint256 used) {
        used = hashes;
        while (used < limit) {
            uint256 r = expand(seed, used) % totals.weight;
            ++used;
            (uint256 height, uint256 index, uint256 leaf) = locate(self, totals.heights, r);
            Entry storage e = self.entries[height][index];
            if (leaf < e.leafCount && period < e.end) {
                (drawn.height, drawn.index, drawn.leaf) = (height, index, leaf);
                drawn.sealedRoot = e.sealedRoot;
                return used;
            }
        }
        return 0;
    }

    /// @notice Deal of a drawn entry; read only where it is told.
    function keyOf(Set storage self, Drawn memory drawn) internal view returns (bytes23) {
        return self.entries[drawn.height][drawn.index].dealKey;
    }

    /// @notice What a draw needs of the set's first word.
    struct Header {
        uint256 weight;
        uint256 heights;
    }

    function header(Set storage self) internal view returns (Header memory h) {
        h.weight = self.weight;
        h.heights = self.heights;
    }

    /// @notice sha256(seed ‖ counter) as a number: how every challenge is expanded (Protocol §4, §5.3).
    /// @dev Assembly saves some 300 gas a draw over abi.encode; `TreesFuzz` holds it equal to the plain form.
    function expand(bytes32 seed, uint256 counter) internal view returns (uint256 value) {
        assembly ("memory-safe") {
            mstore(0x00, seed)
            mstore(0x20, counter)
            // The precompile fails only for want of gas.
            if iszero(staticcall(gas(), 2, 0x00, 0x40, 0x00, 0x20)) { revert(0, 0) }
            value := mload(0x00)
        }
    }

    function setCount(Set storage self, uint256 height, uint256 value) private {
        uint256 lane = (height & 7) << 5;
        uint256 word = self.counts[height >> 3];
        self.counts[height >> 3] = (word & ~(uint256(type(uint32).max) << lane)) | (value << lane);
    }

    /// @dev Heights ascending; only those that have entries are visited, each word of counts is read once.
    function locate(Set storage self, uint256 heights, uint256 r)
        private
        view
        returns (uint256 height, uint256 index, uint256 leaf)
    {
        uint256 word;
        uint256 loaded = type(uint256).max;
        while (true) {
            // The lowest bit that is set, and where it stands.
            uint256 bit = heights & (~heights + 1);
            assembly ("memory-safe") {
                height := sub(255, clz(bit))
            }
            if (height >> 3 != loaded) {
                loaded = height >> 3;
                word = self.counts[loaded];
            }
            uint256 w = uint256(uint32(word >> ((height & 7) << 5))) << height;
            heights ^= bit;
            // r lies below the weight, so the last height holds whatever is left.
            if (r < w || heights == 0) break;
            r -= w;
        }
        index = r >> height;
        leaf = r & ((uint256(1) << height) - 1);
    }
}

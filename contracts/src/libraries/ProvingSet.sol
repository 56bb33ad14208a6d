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
    /// @param liveDeals deals Published or Active
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
        self.entries[height][n] = entry;
        setCount(self, height, n + 1);
        self.weight += uint72(uint256(1) << height);
        self.heights |= uint40(uint256(1) << height);
        return uint24(n);
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

    /// @notice The next valid draw.
    /// @param hashes hashes made so far
    /// @param limit hashes allowed in all
    /// @return found false when the limit was reached
    /// @return height of the drawn entry's tree
    /// @return leaf the drawn leaf
    /// @return entry the drawn entry
    /// @return used hashes made in all
    function draw(Set storage self, bytes32 seed, uint32 period, uint256 hashes, uint256 limit)
        internal
        view
        returns (bool found, uint256 height, uint256 leaf, Entry memory entry, uint256 used)
    {
        uint256 weight = self.weight;
        uint256 heights = self.heights;
        used = hashes;
        while (used < limit) {
            uint256 r = uint256(sha256(abi.encode(seed, used))) % weight;
            ++used;
            uint256 index;
            (height, index, leaf) = locate(self, heights, r);
            Entry storage e = self.entries[height][index];
            uint40 leaves = e.leafCount;
            if (leaf < leaves && period < e.end) {
                entry.leafCount = leaves;
                entry.sealedRoot = e.sealedRoot;
                entry.dealKey = e.dealKey;
                return (true, height, leaf, entry, used);
            }
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
        for (height = 2; height <= MAX_HEIGHT; ++height) {
            if ((heights >> height) & 1 == 0) continue;
            if (height >> 3 != loaded) {
                loaded = height >> 3;
                word = self.counts[loaded];
            }
            uint256 w = uint256(uint32(word >> ((height & 7) << 5))) << height;
            if (r < w) break;
            r -= w;
        }
        index = r >> height;
        leaf = r & ((uint256(1) << height) - 1);
    }
}

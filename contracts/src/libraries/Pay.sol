// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Money of a deal as functions of what was settled (Protocol §3.4). Cumulative, so rounding never accumulates.
library Pay {
    uint256 internal constant BPS = 10_000;

    /// @notice ⌊price · n / periods⌋.
    function share(uint96 price, uint256 n, uint32 periods) internal pure returns (uint96) {
        return uint96((uint256(price) * n) / periods);
    }

    /// @notice Burned share of a cumulative payment.
    function burnOf(uint96 paid, uint16 bps) internal pure returns (uint96) {
        return uint96((uint256(paid) * bps) / BPS);
    }

    /// @notice Cut from the collateral for one missed period, at least 1.
    /// @dev A penalty of several times the pay may pass uint96; then no collateral suffices for the deal.
    function slashPerMiss(uint96 price, uint32 periods, uint16 penaltyBps) internal pure returns (uint96) {
        uint256 d = BPS * uint256(periods);
        uint256 s = (uint256(price) * penaltyBps + d - 1) / d;
        return s == 0 ? 1 : s > type(uint96).max ? type(uint96).max : uint96(s);
    }
}

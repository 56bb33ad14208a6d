// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice A registered miner.
/// @param operator hot key: publishes and activates
/// @param accepting false while the owner has paused new deals
/// @param exiting true once the owner has announced to leave
/// @param budgetBlocks window of the operator's collateral budget; 0: there is none
/// @param stake tokens staked in the registry
/// @param pricePerLeafPeriod posted ask in token units for one leaf for one period
/// @param tlsKeyHash SHA-256 of the DER SubjectPublicKeyInfo of the node's TLS key
/// @param endpoint host:port of the node's gRPC services
/// @param collateralBudget most that the operator locks in a window, when there is a budget
struct Miner {
    address operator;
    bool accepting;
    bool exiting;
    uint32 budgetBlocks;
    uint96 stake;
    uint96 pricePerLeafPeriod;
    bytes32 tlsKeyHash;
    string endpoint;
    uint96 collateralBudget;
}

/// @notice At what a miner goes on with deals by their clients' mandates (Protocol §3.8); its collateral is bound without its
/// asking each time, so only its owner says it.
/// @param pricePerLeafPeriod price of one leaf for one period; zero: it takes no mandates
/// @param maxCollateralPerLeaf most collateral of one leaf that a renewed deal may hold
/// @param maxPeriods most periods that one renewal adds
struct RenewalLimits {
    uint96 pricePerLeafPeriod;
    uint96 maxCollateralPerLeaf;
    uint32 maxPeriods;
}

/// @notice An auditor service that miners push proofs to.
struct Auditor {
    bytes32 tlsKeyHash;
    string endpoint;
}

/// @title Who the miners and auditors are (Protocol §9). A miner is known by its owner's address.
interface IMinerRegistry {
    event MinerRegistered(
        address indexed miner,
        address operator,
        uint96 stake,
        string endpoint,
        bytes32 tlsKeyHash,
        uint96 pricePerLeafPeriod
    );
    event MinerUpdated(address indexed miner, string endpoint, bytes32 tlsKeyHash, uint96 pricePerLeafPeriod);
    event OperatorChanged(address indexed miner, address operator);
    event AcceptingChanged(address indexed miner, bool accepting);
    event StakeAdded(address indexed miner, uint96 amount);
    event ExitAnnounced(address indexed miner);
    event StakeWithdrawn(address indexed miner, address to, uint96 amount);
    event CollateralBudgetSet(address indexed miner, uint96 amount, uint32 blocks);
    event AuditorRegistered(address indexed auditor, string endpoint, bytes32 tlsKeyHash);

    event RenewalLimitsChanged(
        address indexed miner, uint96 pricePerLeafPeriod, uint96 maxCollateralPerLeaf, uint32 maxPeriods
    );

    error AlreadyRegistered(address miner);
    error NotRegistered(address miner);
    error StakeTooLow(uint96 stake, uint96 minStake);
    error BadEndpoint(uint256 length);
    error ZeroOperator();
    error ZeroTlsKeyHash();
    error ZeroRecipient();
    error MinerExiting(address miner);
    error MinerNotExiting(address miner);
    error DealsLive(address miner, uint256 liveDeals);
    error TransferAmountMismatch(uint256 expected, uint256 received);
    /// @notice Zero blocks lift the budget, and no amount goes with them.
    error BudgetWithoutWindow(uint96 amount);

    /// @notice Registers the caller (the owner key) as a miner and takes its stake (ERC-20 allowance needed).
    function register(
        address operator,
        uint96 stake,
        string calldata endpoint,
        bytes32 tlsKeyHash,
        uint96 pricePerLeafPeriod
    ) external;

    /// @notice Changes endpoint, TLS key and ask. Owner or operator.
    function update(address miner, string calldata endpoint, bytes32 tlsKeyHash, uint96 pricePerLeafPeriod) external;

    /// @notice Owner only; effective in the same block.
    function setOperator(address operator) external;

    /// @notice Owner only: pauses or resumes new deals.
    function setAccepting(bool accepting) external;

    /// @notice Owner only; effective in the same block. A price of zero: no mandates.
    function setRenewalLimits(RenewalLimits calldata limits) external;

    /// @notice Owner only, effective in the same block: the operator may lock at most `amount` of the miner's collateral in a window
    /// of `blocks` blocks, by publishing and by filling up what an extension asks for (Protocol §9). Until it is first set there is
    /// no limit. It limits what is locked from now on, and what was locked under a budget before in the same window counts.
    /// @param amount token units; zero: the operator locks nothing
    /// @param blocks length of the window; zero, with a zero amount, lifts the limit
    function setCollateralBudget(uint96 amount, uint32 blocks) external;

    /// @notice Owner only.
    function addStake(uint96 amount) external;

    /// @notice Owner only: no new deals from now on; the stake leaves once no deal is live.
    function announceExit() external;

    /// @notice Owner only, after announceExit and once the market has no live deal of the miner. Forgets the miner.
    function withdrawStake(address to) external;

    /// @notice Registers or changes the caller as an auditor service.
    function registerAuditor(string calldata endpoint, bytes32 tlsKeyHash) external;

    function miner(address id) external view returns (Miner memory);
    function auditor(address id) external view returns (Auditor memory);
    function minerCount() external view returns (uint256);
    /// @notice A page of registered miners' ids.
    function miners(uint256 offset, uint256 limit) external view returns (address[] memory ids);
    /// @notice True when `operator` may publish for `id` now: it is the operator, and the miner accepts deals.
    function mayPublish(address id, address operator) external view returns (bool);
    /// @notice The same as `mayPublish`, and how much collateral it may lock at most in a window of `blocks` blocks; no limit when
    /// `blocks` is zero.
    function publishingRights(address id, address operator)
        external
        view
        returns (bool allowed, uint96 budget, uint32 blocks);
    function isOperator(address id, address operator) external view returns (bool);
    /// @notice At what the miner renews deals by mandate now; all zero while it takes no deals.
    function renewalLimits(address id) external view returns (RenewalLimits memory);
    function minStake() external view returns (uint96);
    function market() external view returns (address);
    function token() external view returns (address);
}

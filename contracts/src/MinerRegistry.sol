// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Auditor, IMinerRegistry, Miner, RenewalLimits} from "./interfaces/IMinerRegistry.sol";
import {IStorageMarket} from "./interfaces/IStorageMarket.sol";

/// @title Stakes and identities (Protocol §9).
/// @notice Invariants: the tokens held equal the sum of all stakes (plus what strangers sent unasked); a stake leaves
/// only to its owner's choice, and only when the market has no live deal of that miner. An operator needs no consent and may
/// serve several miners: were its address anybody's to take, a stranger could block an owner from replacing a stolen key.
contract MinerRegistry is IMinerRegistry {
    using SafeERC20 for IERC20;

    /// @dev A DNS name has at most 253 characters, a port 5.
    uint256 private constant MAX_ENDPOINT = 259;

    /// @inheritdoc IMinerRegistry
    address public immutable token;
    /// @inheritdoc IMinerRegistry
    address public immutable market;
    /// @inheritdoc IMinerRegistry
    uint96 public immutable minStake;

    mapping(address id => Miner) private _miners;
    mapping(address id => uint256) private _position; // 1-based in _ids
    mapping(address id => Auditor) private _auditors;
    mapping(address id => RenewalLimits) private _renewals;
    address[] private _ids;

    /// @param market_ the market's address, which its deployer predicts: the two name each other
    constructor(address token_, address market_, uint96 minStake_) {
        token = token_;
        market = market_;
        minStake = minStake_;
    }

    /// @inheritdoc IMinerRegistry
    function register(
        address operator,
        uint96 stake,
        string calldata endpoint,
        bytes32 tlsKeyHash,
        uint96 pricePerLeafPeriod
    ) external {
        if (_position[msg.sender] != 0) revert AlreadyRegistered(msg.sender);
        if (stake < minStake) revert StakeTooLow(stake, minStake);
        checkReachability(endpoint, tlsKeyHash);
        if (operator == address(0)) revert ZeroOperator();
        _ids.push(msg.sender);
        _position[msg.sender] = _ids.length;
        Miner storage m = _miners[msg.sender];
        m.operator = operator;
        m.accepting = true;
        m.stake = stake;
        m.pricePerLeafPeriod = pricePerLeafPeriod;
        m.tlsKeyHash = tlsKeyHash;
        m.endpoint = endpoint;
        emit MinerRegistered(msg.sender, operator, stake, endpoint, tlsKeyHash, pricePerLeafPeriod);
        pull(stake);
    }

    /// @inheritdoc IMinerRegistry
    function update(address id, string calldata endpoint, bytes32 tlsKeyHash, uint96 pricePerLeafPeriod) external {
        Miner storage m = _miners[id];
        if (_position[id] == 0 || (msg.sender != id && msg.sender != m.operator)) revert NotRegistered(msg.sender);
        checkReachability(endpoint, tlsKeyHash);
        m.endpoint = endpoint;
        m.tlsKeyHash = tlsKeyHash;
        m.pricePerLeafPeriod = pricePerLeafPeriod;
        emit MinerUpdated(id, endpoint, tlsKeyHash, pricePerLeafPeriod);
    }

    /// @inheritdoc IMinerRegistry
    function setOperator(address operator) external {
        if (operator == address(0)) revert ZeroOperator();
        own().operator = operator;
        emit OperatorChanged(msg.sender, operator);
    }

    /// @inheritdoc IMinerRegistry
    function setAccepting(bool accepting) external {
        own().accepting = accepting;
        emit AcceptingChanged(msg.sender, accepting);
    }

    /// @inheritdoc IMinerRegistry
    function setRenewalLimits(RenewalLimits calldata limits) external {
        own();
        _renewals[msg.sender] = limits;
        emit RenewalLimitsChanged(msg.sender, limits.pricePerLeafPeriod, limits.maxCollateralPerLeaf, limits.maxPeriods);
    }

    /// @inheritdoc IMinerRegistry
    function setCollateralBudget(uint96 amount, uint32 blocks) external {
        if (blocks == 0 && amount != 0) revert BudgetWithoutWindow(amount);
        Miner storage m = own();
        m.collateralBudget = amount;
        m.budgetBlocks = blocks;
        emit CollateralBudgetSet(msg.sender, amount, blocks);
    }

    /// @inheritdoc IMinerRegistry
    function addStake(uint96 amount) external {
        Miner storage m = own();
        if (m.exiting) revert MinerExiting(msg.sender);
        m.stake += amount;
        emit StakeAdded(msg.sender, amount);
        pull(amount);
    }

    /// @inheritdoc IMinerRegistry
    function announceExit() external {
        Miner storage m = own();
        if (m.exiting) revert MinerExiting(msg.sender);
        m.exiting = true;
        emit ExitAnnounced(msg.sender);
    }

    /// @inheritdoc IMinerRegistry
    function withdrawStake(address to) external {
        Miner storage m = own();
        if (to == address(0)) revert ZeroRecipient();
        if (!m.exiting) revert MinerNotExiting(msg.sender);
        uint256 live = IStorageMarket(market).liveDeals(msg.sender);
        if (live != 0) revert DealsLive(msg.sender, live);
        uint96 amount = m.stake;
        delete _miners[msg.sender];
        delete _renewals[msg.sender];
        uint256 position = _position[msg.sender];
        address last = _ids[_ids.length - 1];
        _ids[position - 1] = last;
        _position[last] = position;
        _ids.pop();
        delete _position[msg.sender];
        emit StakeWithdrawn(msg.sender, to, amount);
        IERC20(token).safeTransfer(to, amount);
    }

    /// @inheritdoc IMinerRegistry
    function registerAuditor(string calldata endpoint, bytes32 tlsKeyHash) external {
        checkReachability(endpoint, tlsKeyHash);
        _auditors[msg.sender] = Auditor(tlsKeyHash, endpoint);
        emit AuditorRegistered(msg.sender, endpoint, tlsKeyHash);
    }

    /// @inheritdoc IMinerRegistry
    function miner(address id) external view returns (Miner memory) {
        return _miners[id];
    }

    /// @inheritdoc IMinerRegistry
    function auditor(address id) external view returns (Auditor memory) {
        return _auditors[id];
    }

    /// @inheritdoc IMinerRegistry
    function minerCount() external view returns (uint256) {
        return _ids.length;
    }

    /// @inheritdoc IMinerRegistry
    function miners(uint256 offset, uint256 limit) external view returns (address[] memory ids) {
        uint256 n = _ids.length;
        if (offset >= n) return ids;
        uint256 size = n - offset < limit ? n - offset : limit;
        ids = new address[](size);
        for (uint256 i = 0; i < size; ++i) {
            ids[i] = _ids[offset + i];
        }
    }

    /// @inheritdoc IMinerRegistry
    function mayPublish(address id, address operator) public view returns (bool) {
        Miner storage m = _miners[id];
        return operator != address(0) && m.operator == operator && m.accepting && !m.exiting;
    }

    /// @inheritdoc IMinerRegistry
    function publishingRights(address id, address operator)
        external
        view
        returns (bool allowed, uint96 budget, uint32 blocks)
    {
        allowed = mayPublish(id, operator);
        blocks = _miners[id].budgetBlocks;
        // A slot of its own, which nobody pays for who has no budget.
        if (blocks != 0) budget = _miners[id].collateralBudget;
    }

    /// @inheritdoc IMinerRegistry
    function isOperator(address id, address operator) external view returns (bool) {
        return operator != address(0) && _miners[id].operator == operator;
    }

    /// @inheritdoc IMinerRegistry
    function renewalLimits(address id) external view returns (RenewalLimits memory limits) {
        Miner storage m = _miners[id];
        if (m.accepting && !m.exiting) limits = _renewals[id];
    }

    function own() private view returns (Miner storage) {
        if (_position[msg.sender] == 0) revert NotRegistered(msg.sender);
        return _miners[msg.sender];
    }

    function checkReachability(string calldata endpoint, bytes32 tlsKeyHash) private pure {
        uint256 length = bytes(endpoint).length;
        if (length == 0 || length > MAX_ENDPOINT) revert BadEndpoint(length);
        if (tlsKeyHash == 0) revert ZeroTlsKeyHash();
    }

    /// @dev A token that takes a fee would leave the registry short of the stakes it owes.
    function pull(uint96 amount) private {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        if (received != amount) revert TransferAmountMismatch(amount, received);
    }
}

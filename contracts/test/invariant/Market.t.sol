// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {RenewalLimits} from "../../src/interfaces/IMinerRegistry.sol";
import {
    Account,
    Activation,
    Answer,
    DealProposal,
    DealState,
    DealView,
    Demand,
    EarlyEnd,
    Extension,
    Mandate,
    Publication,
    SignedExtension,
    SkipReason,
    WithdrawalPayout,
    WithdrawalRequest
} from "../../src/types/MarketTypes.sol";
import {PieceMath} from "../../src/libraries/PieceMath.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// @title Random actions of everybody, and what must hold after each (the invariants of StorageMarket's header).
/// @notice Two clients; a miner that proves and one that mostly does not; their owners, who withdraw; and a stranger who tries
/// whatever he can. Actions look for something they can be done to, so that few of them do nothing (`afterInvariant`).
contract MarketInvariants is MarketFixture {
    uint256 private constant MAX_DEALS = 10;
    uint256 private constant STRANGER_KEY = uint256(keccak256("stranger"));

    address[] private _clients;
    uint256[] private _clientKeys;
    address[] private _miners;
    address[] private _operators;
    address[] private _accounts; // everybody who can have tokens in the market
    address[] private _owners; // those who withdraw
    bytes32[] private _ids; // all but those that have ended and left the set
    bytes32[] private _buried;
    mapping(bytes32 id => Publication) private _published;

    // What the owner of an account agreed to lose in the current action, and what went beyond that in any.
    mapping(address owner => uint256) private _before;
    mapping(address owner => uint256) private _agreed;
    uint256 private _lostWithoutConsent;

    // The set as it was when its freeze was first seen, by miner.
    mapping(address miner => uint32) private _frozenPeriod;
    mapping(address miner => bytes32) private _frozenSet;
    uint256 private _changesInAFreeze;

    // First period of the fault that was declared last and not recovered from; faulty periods of those that were.
    mapping(bytes32 id => uint32) private _faultySince;
    mapping(bytes32 id => mapping(uint32 period => bool)) private _recovered;

    // The budgets of operators, and what each has locked under the one it has: block and amount.
    struct Lock {
        uint256 at;
        uint256 amount;
    }

    mapping(address miner => uint256) private _budget;
    mapping(address miner => uint256) private _budgetBlocks;
    mapping(address miner => Lock[]) private _locks;
    uint256 private _overBudget;
    // New deals that were published to replace old ones.
    bytes32[] private _heirs;

    // Attacks that were not refused; actions in all, and those that neither did anything nor were an attack.
    uint256 private _attacksAccepted;
    uint256 private _calls;
    uint256 private _idle;
    bool private _useful;

    function setUp() public {
        setUpMarket();
        uint256 key = uint256(keccak256("client 2"));
        _clients = [client, vm.addr(key)];
        _clientKeys = [CLIENT_KEY, key];
        fund(_clients[1], FUNDS);
        _miners = [miner, actor("lazy")];
        _operators = [operator, actor("lazy operator")];
        addMiner(_miners[1], _operators[1]);
        fund(stranger, 1000);
        _accounts =
            [_clients[0], _clients[1], _miners[0], _miners[1], _operators[0], _operators[1], stranger, address(this)];
        _owners = [_clients[0], _clients[1], _miners[0], _miners[1]];
    }

    /// @dev forge calls only this contract's actions.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(this);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        bytes4[] memory s = new bytes4[](48);
        // What a deal lives of comes more often.
        (s[0], s[1], s[2]) = (this.publishOne.selector, this.activateOne.selector, this.activateOne.selector);
        (s[3], s[4], s[5]) = (this.proveOne.selector, this.proveOne.selector, this.pass.selector);
        (s[6], s[7], s[8]) = (this.settleOne.selector, this.endOne.selector, this.purgeOne.selector);
        (s[9], s[10], s[11]) = (this.depositSome.selector, this.announce.selector, this.withdrawSome.selector);
        (s[12], s[13], s[14]) = (this.cancelOne.selector, this.forge.selector, this.forgeOpenings.selector);
        (s[15], s[16], s[17]) = (this.forgeProof.selector, this.rob.selector, this.meddle.selector);
        (s[18], s[19]) = (this.proveOne.selector, this.proveOne.selector);
        (s[20], s[21]) = (this.extendOne.selector, this.forgeExtension.selector);
        (s[22], s[23]) = (this.endOneEarly.selector, this.forgeEarlyEnd.selector);
        s[24] = this.maintain.selector;
        (s[25], s[26], s[27]) = (this.demandOne.selector, this.answerOne.selector, this.resolveOne.selector);
        (s[28], s[29]) = (this.disputeOne.selector, this.forgeDemand.selector);
        (s[30], s[31], s[32]) = (this.declareOne.selector, this.recoverOne.selector, this.forgeRecovery.selector);
        (s[33], s[34]) = (this.renewByMandate.selector, this.limit.selector);
        (s[35], s[36], s[37]) = (this.publishOne.selector, this.publishOne.selector, this.activateOne.selector);
        (s[38], s[39], s[40]) = (this.activateOne.selector, this.proveOne.selector, this.proveOne.selector);
        (s[41], s[42]) = (this.pass.selector, this.proveOne.selector);
        (s[43], s[44]) = (this.handOverOne.selector, this.handOverOne.selector);
        (s[45], s[46]) = (this.waiveOne.selector, this.forgeHandOver.selector);
        s[47] = this.relayOne.selector;
        targets[0] = FuzzSelector(address(this), s);
    }

    // ---------------------------------------------------------------- around every action

    modifier watched() {
        ++_calls;
        _useful = false;
        for (uint256 i = 0; i < _accounts.length; ++i) {
            _before[_accounts[i]] = balanceOf(_accounts[i]);
            _agreed[_accounts[i]] = 0;
        }
        _;
        for (uint256 i = 0; i < _accounts.length; ++i) {
            uint256 floor = _before[_accounts[i]] - _agreed[_accounts[i]];
            uint256 now_ = balanceOf(_accounts[i]);
            if (now_ < floor) _lostWithoutConsent += floor - now_;
        }
        if (!_useful) ++_idle;
        observeFreezes();
    }

    /// @dev Time passes only here, so that each freeze is seen before anything is done in it.
    function travel(uint256 to) private {
        if (to <= block_()) return;
        // A freeze that the journey skips or enters in its middle changes nothing: nobody acts on the way.
        vm.roll(to);
        observeFreezes();
    }

    function observeFreezes() private {
        for (uint256 i = 0; i < _miners.length; ++i) {
            address m = _miners[i];
            uint32 period = market.periodAt(m, block_());
            // Nothing is drawn in an excused period.
            bool frozen = market.setWeight(m) > 0 && block_() >= market.challengeBlock(m, period)
                && !market.isProved(m, period) && !market.isExcused(m, period);
            if (_frozenSet[m] != 0 && _frozenPeriod[m] == period && !market.isProved(m, period)) {
                // Whatever the weight is now: a set that was emptied is no longer frozen, but it was.
                if (digestOf(m, period) != _frozenSet[m]) ++_changesInAFreeze;
            } else {
                (_frozenPeriod[m], _frozenSet[m]) = (period, frozen ? digestOf(m, period) : bytes32(0));
            }
        }
    }

    /// @dev All that the draw of a period sees of a set.
    function digestOf(address m, uint32 period) private view returns (bytes32 digest) {
        for (uint8 h = 2; h <= 4; ++h) {
            uint256 n = market.setCount(m, h);
            for (uint256 i = 0; i < n; ++i) {
                (bytes32 root, uint40 leaves, uint32 end, bytes23 key) = market.setEntry(m, h, i);
                digest = keccak256(abi.encode(digest, h, root, leaves, period < end, key));
            }
        }
    }

    function done() private {
        _useful = true;
    }

    function attack(bool accepted) private {
        _useful = true;
        if (accepted) ++_attacksAccepted;
    }

    /// @notice A deal in that state, looked for from a random place on.
    function find(uint256 pick, DealState wanted) private view returns (bytes32) {
        for (uint256 i = 0; i < _ids.length; ++i) {
            bytes32 id = _ids[(pick % _ids.length + i) % _ids.length];
            if (view_(id).state == wanted) return id;
        }
        return 0;
    }

    // ---------------------------------------------------------------- what everybody may do

    function fresh(uint256 pick, uint256 size, uint256 periods) private returns (DealProposal memory p) {
        p = proposal(uint64(bound(size, 1, 400)), uint32(bound(periods, 1, 8)));
        p.client = _clients[pick & 1];
        p.miner = _miners[(pick >> 1) & 1];
    }

    function publishOne(uint256 pick, uint16 size, uint8 periods) external watched {
        if (publishFresh(pick, size, periods) != 0) done();
    }

    function publishFresh(uint256 pick, uint256 size, uint256 periods) private returns (bytes32 id) {
        bury();
        if (_ids.length == MAX_DEALS) return 0;
        DealProposal memory p = fresh(pick, size, periods);
        // Sometimes one leaf is sealed wrong; activation may find it.
        if ((pick >> 2) % 4 == 0) wrongLeaf[market.dealIdOf(p)] = 1 + (pick >> 4) % PieceMath.leafCount(p.rawSize);
        Publication memory signed = publication(p, _clientKeys[pick & 1]);
        if (tryPublish(signed, _operators[(pick >> 1) & 1]) != SkipReason.None) return 0;
        _agreed[p.client] += p.price;
        _agreed[p.miner] += p.collateral;
        lockedByOperator(p.miner, p.collateral);
        id = market.dealIdOf(p);
        _ids.push(id);
        _published[id] = signed;
    }

    /// @dev Room for new deals; what is buried locks nothing, and only `forge` digs it up.
    function bury() private {
        for (uint256 i = _ids.length; i > 0; --i) {
            DealView memory v = view_(_ids[i - 1]);
            if (isLive(v.state) || (v.end != 0 && !v.removed)) continue;
            // Its bonds are to be had still.
            if (openDemand(_ids[i - 1], false).deadline != 0 || openDemand(_ids[i - 1], true).deadline != 0) continue;
            _buried.push(_ids[i - 1]);
            _ids[i - 1] = _ids[_ids.length - 1];
            _ids.pop();
        }
    }

    /// @dev Sometimes too late, which `endOne` expires.
    function activateOne(uint256 pick, uint8 idle) external watched {
        bytes32 id = find(pick, DealState.Published);
        if (id == 0) id = publishFresh(pick, idle, idle);
        if (id == 0) return;
        travel(view_(id).sealBlock + 1);
        if (idle % 8 == 0) travel(view_(id).activateBy + 1);
        // Most freezes are waited for, the others are run into.
        address m = view_(id).miner;
        if (idle % 4 != 1 && market.isFrozen(m)) travel(market.periodEnd(m, market.periodAt(m, block_())));
        bytes32 old = proposalOf[id].replaces;
        if (old != 0 && idle % 4 != 1 && view_(old).missRun > market.params().maxMissRun) {
            strangerMay(abi.encodeCall(market.terminate, (old)));
        }
        // A faulty deal has nothing in the set.
        bool frozen = old != 0 && market.isFrozen(view_(old).miner) && view_(old).state == DealState.Active;
        uint32 end = view_(old).end;
        if (tryActivate(activation(id)) != SkipReason.None) return;
        done();
        if (old == 0) return;
        // Its whole price is locked, whatever has become of the old deal, whose end has not moved in a freeze.
        attack(view_(id).price != proposalOf[id].price);
        attack(frozen && view_(old).end != end);
    }

    /// @dev The client and the other miner agree; what the old escrow is good for is not locked.
    function handOverOne(uint256 pick, uint16 size, uint8 periods, uint16 wait) external watched {
        bytes32 old = find(pick, wait & 1 == 0 ? DealState.Faulty : DealState.Active);
        if (old == 0) old = find(pick, DealState.Active);
        bury();
        if (old == 0 || _ids.length == MAX_DEALS) return;
        DealView memory v = view_(old);
        DealProposal memory p = fresh(pick, size, periods);
        p.client = v.client;
        p.miner = v.miner == _miners[0] ? _miners[1] : _miners[0];
        p.replaces = old;
        p.activateBy = uint64(block_() + bound(wait, 45, 300));
        if (p.publishBy > p.activateBy) p.publishBy = p.activateBy;
        (, uint96 covered) = market.coverOf(p);
        Publication memory signed = publication(p, keyOf(p.client));
        if (tryPublish(signed, operatorOf(p.miner)) != SkipReason.None) return;
        done();
        uint256 due = covered < p.price ? p.price - covered : 0;
        _agreed[p.client] += due;
        _agreed[p.miner] += p.collateral;
        lockedByOperator(p.miner, p.collateral);
        bytes32 id = market.dealIdOf(p);
        attack(view_(id).price != due);
        _ids.push(id);
        _heirs.push(id);
        _published[id] = signed;
        // One successor at a time.
        p.salt = keccak256(abi.encode(p.salt));
        attack(tryPublish(publication(p, keyOf(p.client)), operatorOf(p.miner)) == SkipReason.None);
    }

    /// @dev It moves nothing by itself.
    function waiveOne(uint256 pick, bool owner) external watched {
        bytes32 id = find(pick, DealState.Active);
        if (id == 0) return;
        address m = view_(id).miner;
        attack(strangerMay(abi.encodeCall(market.waiveNotice, (one(id)))));
        bytes32 before = keccak256(abi.encode(view_(id)));
        if (may(owner ? m : operatorOf(m), address(market), abi.encodeCall(market.waiveNotice, (one(id))))) done();
        attack(keccak256(abi.encode(view_(id))) != before);
    }

    function openings(address m, uint32 period) external view returns (bytes memory) {
        return openingsOf(m, period);
    }

    /// @dev The lazy miner proves one time in four.
    function proveOne(uint8 luck) external watched {
        address m = _miners[luck & 1];
        if (market.setWeight(m) == 0) m = _miners[1 - (luck & 1)];
        if (market.setWeight(m) == 0) return;
        uint32 period = market.periodAt(m, block_());
        while (market.isProved(m, period) || market.isExcused(m, period)) travel(market.periodEnd(m, period++));
        if (m == _miners[1] && luck & 6 != 0) {
            travel(market.periodEnd(m, period));
            done();
            return;
        }
        travel(market.challengeBlock(m, period) + 1);
        try this.openings(m, period) returns (bytes memory proof) {
            market.prove(m, period, "", proof);
            done();
        } catch {
            // Only ended entries are left in the set: there is nothing to open.
        }
    }

    /// @dev Both miners take all that they get, and try for more; what is refused leaves no trace.
    function maintain(uint8 who, uint8 ahead, uint8 count, bool owner) external watched {
        address m = _miners[who & 1];
        uint32 current = market.periodAt(m, block_());
        uint32 first = current + ahead % 8;
        bytes memory call_ = abi.encodeCall(market.announceMaintenance, (m, first, count % 6));
        uint256 left = market.maintenanceLeft(m, first);
        if (may(owner ? m : operatorOf(m), address(market), call_)) {
            done();
            attack(first < current + market.params().maintenanceNotice);
            attack(left == 0);
            // Once is all.
            attack(may(m, address(market), call_));
        }
        attack(strangerMay(abi.encodeCall(market.announceMaintenance, (m, current + 2, 1))));
    }

    function pass(uint8 blocks) external watched {
        travel(block_() + 1 + blocks % 60);
        done();
    }

    function operatorOf(address m) private view returns (address) {
        return _operators[m == _miners[0] ? 0 : 1];
    }

    function keyOf(address client_) private view returns (uint256) {
        return _clientKeys[client_ == _clients[0] ? 0 : 1];
    }

    function atLeast(address owner) private returns (uint256 balance) {
        balance = balanceOf(owner);
        if (balance < _before[owner]) _lostWithoutConsent += _before[owner] - balance;
    }

    /// @dev Dearer or cheaper, sometimes with more collateral; most freezes are waited for, the others are run into.
    function extendOne(uint256 pick, uint8 more, uint16 price, uint16 topUp, uint8 how) external watched {
        bytes32 id = find(pick, DealState.Active);
        if (id == 0) return;
        address m = view_(id).miner;
        if (how % 4 != 0 && market.isFrozen(m)) travel(market.periodEnd(m, market.periodAt(m, block_())));
        // Settled before, so that what the extension itself takes is known to the unit.
        vm.prank(stranger);
        market.settle(one(id), 1024);
        DealView memory v = view_(id);
        // What came in may go out again in the same action.
        (_before[v.client], _before[m]) = (atLeast(v.client), atLeast(m));
        Extension memory e = extension(id, uint32(bound(more, 1, 5)));
        e.pricePerPeriod = uint96(bound(price, e.pricePerPeriod / 110, 3 * e.pricePerPeriod));
        if (how & 8 == 0) e.collateral = v.collateral + topUp;
        SignedExtension memory x = signedExtension(e, keyOf(v.client));
        bool frozen = market.isFrozen(m);
        if (tryExtend(x, how & 16 == 0 ? operatorOf(m) : m) != SkipReason.None) return;
        done();
        attack(frozen);
        uint256 due = uint256(e.pricePerPeriod) * (e.newEnd - v.cursor);
        uint256 spent = (uint256(v.price) * v.proved) / v.periods + (uint256(v.price) * v.missed) / v.periods;
        if (due > v.price - spent) _agreed[v.client] += due - (v.price - spent);
        if (e.collateral > v.collateral) {
            _agreed[m] += e.collateral - v.collateral;
            if (how & 16 == 0) lockedByOperator(m, e.collateral - v.collateral);
        }
        // Once is all.
        attack(tryExtend(x, operatorOf(m)) == SkipReason.None);
    }

    /// @dev By a stranger, for a tip; mostly when the end is near and nothing is frozen, sometimes not.
    function renewByMandate(uint256 pick, uint8 more, uint16 price, uint16 budget, uint8 how) external watched {
        bytes32 id = find(pick, DealState.Active);
        if (id == 0) return;
        address m = view_(id).miner;
        uint32 end = view_(id).end;
        uint256 near = market.periodEnd(m, end - 2) - 1;
        if (how & 3 != 0 && block_() < near) travel(market.challengeBlock(m, end - 1) - 1);
        vm.prank(stranger);
        market.settle(one(id), 1024);
        vm.prank(m);
        registry.setRenewalLimits(RenewalLimits(uint96(price) / 16, 1e9, 5));
        Mandate memory x = Mandate(id, uint32(bound(more, 1, 6)), 1, 1e9, 0, uint96(budget) * 100, 50, type(uint64).max);
        if (how & 4 == 0) x.collateral = view_(id).collateral + price;
        (_before[view_(id).client], _before[m]) = (atLeast(view_(id).client), atLeast(m));
        executeOnce(x, view_(id), market.isFrozen(m) || market.periodAt(m, block_()) + 3 < end);
    }

    function executeOnce(Mandate memory x, DealView memory v, bool mustFail) private {
        bytes memory signature = sign(keyOf(v.client), market.mandateDigest(x));
        bytes memory call_ = abi.encodeCall(market.executeMandate, (x, signature));
        if (!may(stranger, address(market), call_)) return;
        done();
        attack(mustFail);
        uint256 spent = market.mandateUse(market.mandateDigest(x)).spent;
        attack(spent > x.budget);
        _agreed[v.client] += spent;
        if (x.collateral > v.collateral) _agreed[v.miner] += x.collateral - v.collateral;
        // Once is all.
        attack(may(stranger, address(market), call_));
    }

    /// @dev By notice, sent or relayed, or by consent; most freezes are waited for, the others are run into.
    function endOneEarly(uint256 pick, uint8 how) external watched {
        bytes32 id = find(pick, DealState.Active);
        if (id == 0) return;
        address m = view_(id).miner;
        if (how % 4 != 0 && market.isFrozen(m)) travel(market.periodEnd(m, market.periodAt(m, block_())));
        vm.prank(stranger);
        market.settle(one(id), 1024);
        DealView memory v = view_(id);
        EarlyEnd memory e = earlyEnd(id, how & 8 == 0);
        bytes memory signature = sign(keyOf(v.client), market.earlyEndDigest(e));
        address sender = e.immediate ? (how & 16 == 0 ? operatorOf(m) : m) : (how & 16 == 0 ? stranger : v.client);
        bool frozen = market.isFrozen(m);
        (uint256 before, uint256 minerBefore) = (balanceOf(v.client), balanceOf(m));
        if (!may(sender, address(market), abi.encodeCall(market.endEarly, (e, signature)))) return;
        done();
        attack(frozen);
        // The client gets what is not spent but for the notice, the miner its collateral when there is none.
        DealView memory w = view_(id);
        {
            uint256 spent = (uint256(v.price) * v.proved) / v.periods + (uint256(v.price) * v.missed) / v.periods;
            attack(balanceOf(v.client) - before != v.price - spent - (e.immediate ? 0 : w.price));
        }
        attack(balanceOf(m) - minerBefore != (e.immediate ? v.collateral : 0));
        attack(w.end > v.end || (!e.immediate && w.end < market.nextDuty(m, block_())));
        // Once is all, and nothing brings it back.
        attack(may(sender, address(market), abi.encodeCall(market.endEarly, (e, signature))));
        attack(tryExtend(signedExtension(extension(id, 1), keyOf(v.client)), operatorOf(m)) == SkipReason.None);
    }

    /// @dev By the client or the auditor, who is one for all; the state of the queue is watched.
    function demandOne(uint256 pick, uint8 leaf, bool byAuditor) external watched {
        bytes32 id = find(pick, DealState.Active);
        if (id == 0) return;
        DealProposal memory p = proposalOf[id];
        uint64 before = market.lastDeadline(p.miner);
        address by = byAuditor ? auditor : p.client;
        bytes memory call_ = abi.encodeCall(market.demandProof, (p, leaf % PieceMath.leafCount(p.rawSize)));
        if (!mayPaying(by, market.leastBond(), call_)) return;
        done();
        uint64 due = openDemand(id, byAuditor).deadline;
        attack(due < before + market.params().demandSpacing || due < block_() + market.params().demandBlocks);
        // One slot each.
        attack(mayPaying(by, market.leastBond(), call_));
    }

    function mayPaying(address by, uint256 bond, bytes memory call_) private returns (bool ok) {
        vm.deal(by, by.balance + bond);
        vm.prank(by);
        (ok,) = address(market).call{value: bond}(call_);
    }

    /// @notice A deal with an open demand, looked for from a random place on.
    function findDemand(uint256 pick) private view returns (bytes32, bool) {
        for (uint256 i = 0; i < 2 * _ids.length; ++i) {
            uint256 at = (pick % (2 * _ids.length) + i) % (2 * _ids.length);
            if (openDemand(_ids[at / 2], at & 1 == 1).deadline != 0) return (_ids[at / 2], at & 1 == 1);
        }
        return (0, false);
    }

    /// @dev By anyone, in time or not; sometimes with one wrong byte before.
    function answerOne(uint256 pick, uint8 flip, bool late) external watched {
        (bytes32 id, bool byAuditor) = findDemand(pick);
        if (id == 0) return;
        Demand memory open = openDemand(id, byAuditor);
        if (late) travel(open.deadline + 1);
        Answer memory a = answerTo(id, byAuditor);
        if (flip != 0) {
            a.openings[pick % a.openings.length] ^= bytes1(flip);
            attack(tryAnswer(a) == SkipReason.None);
            a = answerTo(id, byAuditor);
        }
        uint256 before = market.etherOf(a.proposal.miner);
        bool live = isLive(view_(id).state);
        bool accepted = tryAnswer(a) == SkipReason.None;
        if (!accepted) return;
        done();
        attack(block_() > open.deadline || !live || wrongLeaf[id] == open.leafIndex + 1);
        attack(market.etherOf(a.proposal.miner) - before != open.bond);
        attack(tryAnswer(a) == SkipReason.None);
    }

    /// @dev Too early now and then; what is left of a deal that ended otherwise, too.
    function resolveOne(uint256 pick, bool wait) external watched {
        (bytes32 id, bool byAuditor) = findDemand(pick);
        if (id == 0) return;
        Demand memory open = openDemand(id, byAuditor);
        if (wait) travel(open.deadline + 1);
        DealProposal memory p = proposalOf[id];
        bool live = isLive(view_(id).state);
        address demander = byAuditor ? auditor : p.client;
        uint256 before = market.etherOf(demander);
        if (!strangerMay(abi.encodeCall(market.resolveDemand, (p, byAuditor)))) return;
        done();
        attack(live && block_() <= open.deadline);
        attack(market.etherOf(demander) - before != open.bond);
        attack(isLive(view_(id).state));
        attack(strangerMay(abi.encodeCall(market.resolveDemand, (p, byAuditor))));
        // A demander takes what is its own, once.
        vm.prank(demander);
        attack(market.withdrawEther(demander) != before + open.bond);
        attack(may(demander, address(market), abi.encodeCall(market.withdrawEther, (demander))));
    }

    /// @dev Of a right leaf never; of a wrong one, where the miner has sealed one, always.
    function disputeOne(uint256 pick, uint8 at) external watched {
        bytes32 id = find(pick, DealState.Active);
        if (id == 0) return;
        DealProposal memory p = proposalOf[id];
        uint64 leaf = at % PieceMath.leafCount(p.rawSize);
        attack(
            strangerMay(abi.encodeCall(market.disputeSeal, (p, leaf, bothOpenings(id, leaf))))
                && wrongLeaf[id] != leaf + 1
        );
        if (wrongLeaf[id] == 0 || view_(id).state != DealState.Active) return;
        leaf = uint64(wrongLeaf[id] - 1);
        uint256 before = balanceOf(stranger);
        bool accepted = strangerMay(abi.encodeCall(market.disputeSeal, (p, leaf, bothOpenings(id, leaf))));
        attack(!accepted || balanceOf(stranger) != before || view_(id).state != DealState.Terminated);
    }

    /// @notice Demands of those who may not, without bond, beyond the piece; and bonds of others.
    function forgeDemand(uint256 pick, uint8 how) external watched {
        bytes32 id = find(pick, DealState.Active);
        if (id == 0) return;
        DealProposal memory p = proposalOf[id];
        uint256 bond = market.leastBond();
        if (how % 5 == 0) {
            attack(mayPaying(stranger, bond, abi.encodeCall(market.demandProof, (p, 0))));
        } else if (how % 5 == 1) {
            attack(mayPaying(p.client, bond - 1, abi.encodeCall(market.demandProof, (p, 0))));
        } else if (how % 5 == 2) {
            attack(mayPaying(p.client, bond, abi.encodeCall(market.demandProof, (p, PieceMath.leafCount(p.rawSize)))));
        } else if (how % 5 == 3) {
            p.auditor = stranger;
            attack(mayPaying(stranger, bond, abi.encodeCall(market.demandProof, (p, 0))));
        } else {
            attack(strangerMay(abi.encodeCall(market.withdrawEther, (stranger))));
        }
        // An open demand holds the collateral.
        if (openDemand(id, false).deadline == 0 && openDemand(id, true).deadline == 0) return;
        attack(strangerMay(abi.encodeCall(market.complete, (id))));
        DealView memory v = view_(id);
        EarlyEnd memory e = earlyEnd(id, true);
        bytes memory signature = sign(keyOf(v.client), market.earlyEndDigest(e));
        attack(may(v.miner, address(market), abi.encodeCall(market.endEarly, (e, signature))));
    }

    /// @dev Owner or operator; most freezes are waited for, the others are run into.
    function declareOne(uint256 pick, uint8 how) external watched {
        declareAny(pick, how);
    }

    function declareAny(uint256 pick, uint8 how) private returns (bytes32 id) {
        id = find(pick, DealState.Active);
        if (id == 0) return 0;
        address m = view_(id).miner;
        if (how % 4 != 0 && market.isFrozen(m)) travel(market.periodEnd(m, market.periodAt(m, block_())));
        bytes memory call_ = abi.encodeCall(market.declareFaults, (one(id)));
        attack(strangerMay(call_));
        attack(may(view_(id).client, address(market), call_));
        attack(may(operatorOf(m == _miners[0] ? _miners[1] : _miners[0]), address(market), call_));
        bool frozen = market.isFrozen(m);
        if (!may(how & 8 == 0 ? m : operatorOf(m), address(market), call_)) return 0;
        attack(frozen);
        DealView memory v = view_(id);
        attack(v.state != DealState.Faulty || !v.removed || v.faultySince < market.nextDuty(m, block_()));
        _faultySince[id] = v.faultySince;
        // Once is all, and it is not recovered by what was drawn before.
        attack(may(m, address(market), call_));
        attack(may(m, address(market), abi.encodeCall(market.recover, (recovery(id)))));
    }

    /// @dev In the first window after the declaration or some later time; the fault may have lasted too long by then.
    function recoverOne(uint256 pick, uint8 later) external watched {
        bytes32 id = find(pick, DealState.Faulty);
        if (id == 0) id = declareAny(pick, later | 1);
        if (id == 0) return;
        DealView memory v = view_(id);
        uint32 since = v.faultySince;
        travel(market.challengeBlock(v.miner, since + (later % 4 == 3 ? 5 : later % 2)) + 1);
        if (later & 16 == 0 && market.isFrozen(v.miner)) {
            travel(market.periodEnd(v.miner, market.periodAt(v.miner, block_())));
        }
        bytes memory call_ = abi.encodeCall(market.recover, (recovery(id)));
        // Who has the piece has the openings, too.
        attack(may(v.client, address(market), call_));
        attack(strangerMay(call_));
        bool frozen = market.isFrozen(v.miner);
        if (!may(later & 8 == 0 ? v.miner : operatorOf(v.miner), address(market), call_)) return;
        attack(frozen);
        v = view_(id);
        attack(v.state != DealState.Active || v.removed || v.cursor < market.nextDuty(v.miner, block_()));
        attack(v.cursor - since > market.params().maxFaultyPeriods || v.collateral == 0);
        for (uint32 p = since; p < v.cursor; ++p) {
            _recovered[id][p] = true;
        }
        _faultySince[id] = 0;
        attack(may(v.miner, address(market), call_));
    }

    function isFaulty(bytes32 id, uint32 period) private view returns (bool) {
        return _recovered[id][period] || (_faultySince[id] != 0 && period >= _faultySince[id]);
    }

    function isLive(DealState s) private pure returns (bool) {
        return s == DealState.Published || s == DealState.Active || s == DealState.Faulty;
    }

    /// @dev Whatever can be settled; else what time passes to settle.
    function settleOne(uint256 pick, uint8 chunk) external watched {
        if (settleAny(pick, 1 + chunk % 4) || _ids.length == 0) return;
        address m = view_(_ids[pick % _ids.length]).miner;
        travel(market.periodEnd(m, market.periodAt(m, block_())));
        settleAny(pick, 1 + chunk % 4);
    }

    function settleAny(uint256 pick, uint32 chunk) private returns (bool) {
        for (uint256 i = 0; i < _ids.length; ++i) {
            bytes32 id = _ids[(pick % _ids.length + i) % _ids.length];
            uint32 cursor = view_(id).cursor;
            vm.prank(stranger);
            market.settle(one(id), chunk);
            if (view_(id).cursor == cursor) continue;
            done();
            return true;
        }
        return false;
    }

    /// @dev Whatever can be ended; else what time passes to end.
    function endOne(uint256 pick) external watched {
        if (endAny(pick) || _ids.length == 0) return;
        address m = view_(_ids[pick % _ids.length]).miner;
        travel(market.periodEnd(m, market.periodAt(m, block_())));
        endAny(pick);
    }

    function endAny(uint256 pick) private returns (bool) {
        for (uint256 i = 0; i < _ids.length; ++i) {
            if (!tryToEnd(_ids[(pick % _ids.length + i) % _ids.length])) continue;
            done();
            return true;
        }
        return false;
    }

    function tryToEnd(bytes32 id) private returns (bool) {
        DealState s = view_(id).state;
        if (s == DealState.Published) return strangerMay(abi.encodeCall(market.expire, (id)));
        if (s != DealState.Active && s != DealState.Faulty) return false;
        return strangerMay(abi.encodeCall(market.complete, (id))) || strangerMay(abi.encodeCall(market.terminate, (id)));
    }

    function strangerMay(bytes memory call_) private returns (bool ok) {
        return may(stranger, address(market), call_);
    }

    function may(address sender, address target, bytes memory call_) private returns (bool ok) {
        vm.prank(sender);
        (ok,) = target.call(call_);
    }

    /// @dev Of any deal: what is not purgeable is refused.
    function purgeOne(uint256 pick) external watched {
        for (uint256 i = 0; i < _ids.length; ++i) {
            bytes32 id = _ids[(pick % _ids.length + i) % _ids.length];
            DealView memory v = view_(id);
            if (v.end == 0 || v.removed) continue;
            if (strangerMay(abi.encodeCall(market.purge, (one(id)))) && view_(id).removed) {
                done();
                return;
            }
        }
    }

    function depositSome(uint8 who, uint32 amount) external watched {
        token.mint(address(this), uint256(amount) + 1);
        token.approve(address(market), uint256(amount) + 1);
        market.deposit(_accounts[who % _accounts.length], uint96(amount) + 1);
        done();
    }

    function announce(uint8 who, uint256 amount) external watched {
        address owner = _owners[who % _owners.length];
        // Seldom everything: clients and miners without money do little.
        vm.prank(owner);
        market.requestWithdrawal(uint96(who < 16 ? type(uint96).max : amount % (FUNDS / 8)));
        done();
    }

    function withdrawSome(uint8 who, uint64 amount, bool early) external watched {
        address first = _owners[who % _owners.length];
        if (market.account(first).requested == 0) {
            vm.prank(first);
            market.requestWithdrawal(amount);
        }
        for (uint256 i = 0; i < _owners.length; ++i) {
            address owner = _owners[(uint256(who) + i) % _owners.length];
            Account memory a = market.account(owner);
            if (a.requested == 0) continue;
            if (!early) travel(a.releaseBlock);
            if (block_() >= a.releaseBlock) _agreed[owner] = a.requested < a.balance ? a.requested : a.balance;
            if (!may(owner, address(market), abi.encodeCall(market.withdraw, (owner)))) continue;
            done();
            return;
        }
    }

    /// @dev Both halves of a withdrawal, signed by a client and sent by a stranger: in order, once, unchanged, to whom it says.
    function relayOne(uint8 who, uint64 amount, uint8 how) external watched {
        address owner = _clients[who & 1];
        uint256 key = _clientKeys[who & 1];
        uint64 by = uint64(block_() + 10_000);
        Account memory a = market.account(owner);
        if (a.requested == 0) {
            WithdrawalRequest memory r = WithdrawalRequest(owner, amount, market.orderNonce(owner), by);
            bytes memory signature = sign(key, market.withdrawalRequestDigest(r));
            r.amount += 1;
            attack(strangerMay(abi.encodeCall(market.requestWithdrawalFor, (r, signature))));
            r.amount -= 1;
            if (!strangerMay(abi.encodeCall(market.requestWithdrawalFor, (r, signature)))) return;
            done();
            attack(strangerMay(abi.encodeCall(market.requestWithdrawalFor, (r, signature))));
            return;
        }
        WithdrawalPayout memory w = WithdrawalPayout(owner, owner, 0, market.orderNonce(owner), by);
        bytes memory signed = sign(key, market.withdrawalPayoutDigest(w));
        if (how % 4 != 0) travel(a.releaseBlock);
        w.to = stranger;
        attack(strangerMay(abi.encodeCall(market.withdrawFor, (w, signed))));
        w.to = owner;
        if (block_() >= a.releaseBlock) _agreed[owner] = a.requested < a.balance ? a.requested : a.balance;
        if (!strangerMay(abi.encodeCall(market.withdrawFor, (w, signed)))) return;
        done();
        attack(strangerMay(abi.encodeCall(market.withdrawFor, (w, signed))));
    }

    /// @dev Nobody but the client, and nothing that was published; afterwards nobody can publish it.
    function cancelOne(uint256 pick, uint16 size) external watched {
        DealProposal memory p = fresh(pick, size, 3);
        Publication memory signed = publication(p, _clientKeys[pick & 1]);
        attack(strangerMay(abi.encodeCall(market.cancel, (p))));
        attack(may(p.miner, address(market), abi.encodeCall(market.cancel, (p))));
        vm.prank(p.client);
        market.cancel(p);
        attack(tryPublish(signed, _operators[(pick >> 1) & 1]) == SkipReason.None);
        if (_ids.length > 0) {
            p = proposalOf[_ids[pick % _ids.length]];
            attack(may(p.client, address(market), abi.encodeCall(market.cancel, (p))));
        }
        done();
    }

    // ---------------------------------------------------------------- what nobody may do

    /// @notice Publications that the client did not sign, that the operator does not send, or that were sent before.
    function forge(uint256 pick, uint8 how, uint16 size) external watched {
        Publication memory signed = publication(fresh(pick, size, 3), _clientKeys[pick & 1]);
        address sender = _operators[(pick >> 1) & 1];
        if (how % 6 == 0) {
            sender = stranger;
        } else if (how % 6 == 1) {
            signed = publication(signed.proposal, STRANGER_KEY);
        } else if (how % 6 == 2) {
            signed.proposal.price += 1;
        } else if (how % 6 == 3) {
            // The other miner's operator.
            sender = _operators[1 - ((pick >> 1) & 1)];
        } else if (how % 6 == 4) {
            // A stranger's own offer, at the expense of a miner who never agreed.
            signed.proposal.client = stranger;
            signed = publication(signed.proposal, STRANGER_KEY);
            sender = stranger;
        } else if (_ids.length + _buried.length > 0) {
            uint256 at = pick % (_ids.length + _buried.length);
            signed = _published[at < _ids.length ? _ids[at] : _buried[at - _ids.length]];
            for (uint256 i = 0; i < _operators.length; ++i) {
                if (_miners[i] == signed.proposal.miner) sender = _operators[i];
            }
        } else {
            return;
        }
        attack(tryPublish(signed, sender) == SkipReason.None);
    }

    /// @notice Extensions that the client did not sign, that were changed, or that neither miner nor operator sends.
    function forgeExtension(uint256 pick, uint8 how, uint96 price, uint64 executeBy) external watched {
        bytes32 id = find(pick, DealState.Active);
        if (id == 0) return;
        DealView memory v = view_(id);
        Extension memory e = extension(id, 1 + how % 7);
        SignedExtension memory x = signedExtension(e, keyOf(v.client));
        address sender = operatorOf(v.miner);
        if (how % 6 == 0) x = signedExtension(e, STRANGER_KEY);
        else if (how % 6 == 1) sender = stranger;
        else if (how % 6 == 2) sender = v.client;
        else if (how % 6 == 3) x.extension.pricePerPeriod = price == e.pricePerPeriod ? price + 1 : price;
        else if (how % 6 == 4) x.extension.executeBy = executeBy == e.executeBy ? executeBy + 1 : executeBy;
        else x.extension.newEnd += 1;
        attack(tryExtend(x, sender) == SkipReason.None);
    }

    /// @notice Early ends that the client did not sign, that were changed, or that are the miner's to send.
    function forgeEarlyEnd(uint256 pick, uint8 how, uint64 executeBy) external watched {
        bytes32 id = find(pick, DealState.Active);
        if (id == 0) return;
        DealView memory v = view_(id);
        EarlyEnd memory e = earlyEnd(id, how % 5 < 3);
        uint256 key = how % 5 == 0 ? STRANGER_KEY : keyOf(v.client);
        bytes memory signature = sign(key, market.earlyEndDigest(e));
        address sender = operatorOf(v.miner);
        if (how % 5 == 1) sender = how & 64 == 0 ? stranger : v.client;
        else if (how % 5 == 2) e.executeBy = executeBy == e.executeBy ? executeBy + 1 : executeBy;
        else if (how % 5 == 3) e.immediate = true;
        else if (how % 5 == 4) signature = "";
        attack(may(sender, address(market), abi.encodeCall(market.endEarly, (e, signature))));
    }

    /// @notice Replacements of another client's deal, of one with the same miner, of none, and a call that is the market's own.
    function forgeHandOver(uint256 pick, uint8 how) external watched {
        bytes32 old = find(pick, DealState.Active);
        if (old == 0) return;
        DealView memory v = view_(old);
        DealProposal memory p = fresh(pick, how, 3);
        p.client = v.client;
        p.miner = v.miner == _miners[0] ? _miners[1] : _miners[0];
        p.replaces = old;
        if (how % 4 == 0) p.client = v.client == _clients[0] ? _clients[1] : _clients[0];
        else if (how % 4 == 1) p.miner = v.miner;
        else if (how % 4 == 2) p.replaces = keccak256(abi.encode(pick));
        else attack(strangerMay(abi.encodeCall(market.takeOver, (p))));
        if (how % 4 != 3) {
            attack(tryPublish(publication(p, keyOf(p.client)), operatorOf(p.miner)) == SkipReason.None);
        }
    }

    /// @notice An activation of which one byte is wrong.
    function forgeOpenings(uint256 pick, uint256 at, uint8 flip) external watched {
        bytes32 id = find(pick, DealState.Published);
        if (id == 0) return;
        travel(view_(id).sealBlock + 1);
        Activation memory a = activation(id);
        a.openings[at % a.openings.length] ^= bytes1(flip == 0 ? 1 : flip);
        attack(tryActivate(a) == SkipReason.None);
        a.openings = abi.encodePacked(at);
        attack(tryActivate(a) == SkipReason.None);
    }

    /// @notice A recovery of which one byte is wrong, or that opens what an earlier challenge block drew.
    function forgeRecovery(uint256 pick, uint256 at, uint8 flip) external watched {
        bytes32 id = find(pick, DealState.Faulty);
        if (id == 0) return;
        DealView memory v = view_(id);
        travel(market.challengeBlock(v.miner, v.faultySince) + 1);
        Activation memory a = recovery(id);
        a.openings[at % a.openings.length] ^= bytes1(flip == 0 ? 1 : flip);
        attack(may(v.miner, address(market), abi.encodeCall(market.recover, (a))));
        a.openings = abi.encodePacked(at);
        attack(may(v.miner, address(market), abi.encodeCall(market.recover, (a))));
        // Few leaves are here: another draw may be the same.
        bytes memory good = recovery(id).openings;
        a = recovery(id, v.faultySince - 1);
        if (keccak256(a.openings) != keccak256(good)) {
            attack(may(v.miner, address(market), abi.encodeCall(market.recover, (a))));
        }
    }

    /// @notice Proofs with one wrong byte, of wrong length, of another period, or sent twice.
    function forgeProof(uint8 who, uint256 at, uint8 flip) external watched {
        address m = _miners[who & 1];
        uint32 period = market.periodAt(m, block_());
        if (market.isProved(m, period)) {
            attack(strangerMay(abi.encodeCall(market.prove, (m, period, "", ""))));
            return;
        }
        travel(market.challengeBlock(m, period) + 1);
        if (market.isExcused(m, period)) {
            // Good openings, but no duty.
            try this.openings(m, period) returns (bytes memory good) {
                attack(strangerMay(abi.encodeCall(market.prove, (m, period, "", good))));
            } catch {}
            return;
        }
        attack(strangerMay(abi.encodeCall(market.prove, (m, period, "", abi.encodePacked(at)))));
        if (market.setWeight(m) == 0) return;
        try this.openings(m, period) returns (bytes memory proof) {
            attack(strangerMay(abi.encodeCall(market.prove, (m, period - 1, "", proof))));
            attack(strangerMay(abi.encodeCall(market.prove, (m, period + 1, "", proof))));
            proof[at % proof.length] ^= bytes1(flip == 0 ? 1 : flip);
            attack(strangerMay(abi.encodeCall(market.prove, (m, period, "", proof))));
        } catch {}
    }

    /// @notice A stranger helps himself; his own balance, tips included, is his.
    function rob(uint8 who, uint96 amount) external watched {
        address victim = _owners[who % _owners.length];
        bytes32 junk = keccak256(abi.encode(amount));
        attack(
            strangerMay(abi.encodeCall(market.depositWithPermit, (victim, amount, type(uint256).max, 27, junk, junk)))
        );
        vm.prank(stranger);
        market.requestWithdrawal(amount);
        attack(strangerMay(abi.encodeCall(market.withdraw, (stranger))));
        travel(block_() + market.params().withdrawNotice);
        uint256 own = balanceOf(stranger);
        _agreed[stranger] = own;
        uint256 wallet = token.balanceOf(stranger);
        strangerMay(abi.encodeCall(market.withdraw, (stranger)));
        attack(token.balanceOf(stranger) - wallet > own);
    }

    /// @notice A stranger acts for a miner.
    function meddle(uint8 who, uint8 how) external watched {
        address m = _miners[who & 1];
        bytes[6] memory calls = [
            abi.encodeCall(registry.update, (m, "mine:1", keccak256("mine"), 1)),
            abi.encodeCall(registry.setOperator, (stranger)),
            abi.encodeCall(registry.setAccepting, (false)),
            abi.encodeCall(registry.announceExit, ()),
            abi.encodeCall(registry.withdrawStake, (stranger)),
            abi.encodeCall(registry.setCollateralBudget, (0, 0))
        ];
        attack(may(stranger, address(registry), calls[how % 6]));
        // Nor may the operator touch what is the owner's.
        attack(may(_operators[who & 1], address(registry), calls[1 + how % 5]));
    }

    /// @dev The owner limits its operator, mostly for long windows, or lifts the limit.
    function limit(uint8 who, uint96 amount, uint16 blocks) external watched {
        address m = _miners[who & 1];
        bool lift = who % 4 > 1;
        (_budget[m], _budgetBlocks[m]) = lift
            ? (0, 0)
            : (bound(amount, 20_000, 1_000_000), blocks % 8 == 0 ? type(uint32).max : bound(blocks, 1, 1000));
        delete _locks[m];
        vm.prank(m);
        registry.setCollateralBudget(uint96(_budget[m]), uint32(_budgetBlocks[m]));
        done();
    }

    /// @dev All that lies less than a window back is at most twice the budget, and what is locked in one block once.
    function lockedByOperator(address m, uint256 amount) private {
        if (_budgetBlocks[m] == 0) return;
        Lock[] storage locks = _locks[m];
        locks.push(Lock(block_(), amount));
        uint256 recent;
        uint256 here;
        for (uint256 i = 0; i < locks.length; ++i) {
            if (locks[i].at + _budgetBlocks[m] > block_()) recent += locks[i].amount;
            if (locks[i].at == block_()) here += locks[i].amount;
        }
        if (recent > 2 * _budget[m] || here > _budget[m]) ++_overBudget;
    }

    // ---------------------------------------------------------------- what must hold

    /// @notice Most actions do something or are an attack; what needs a state that no deal is in does nothing.
    function afterInvariant() public {
        // What shrinks a failure makes runs too short for shares.
        if (_calls >= 50) assertLe(10 * _idle, 8 * _calls, "actions that did nothing");
        everybodyCanLeave();
    }

    /// @notice 10. Whatever has happened, time and strangers free all, and every owner takes out all that is its own; what is
    /// left is burned.
    function everybodyCanLeave() private {
        windUp(_ids);
        for (uint256 i = 0; i < _miners.length; ++i) {
            assertEq(market.liveDeals(_miners[i]), 0, "live deals");
            assertEq(market.setWeight(_miners[i]), 0, "entries");
        }
        for (uint256 i = 0; i < _accounts.length; ++i) {
            withdrawAll(_accounts[i]);
        }
        assertEq(token.balanceOf(address(market)), market.burned(), "stranded in the market");
        assertEq(token.balanceOf(address(registry)), 0, "stranded in the registry");
    }

    /// @dev One campaign instead of one for each property: every action costs far more than every check. A failure names the
    /// property by its message.
    function invariant_moneyAndSetsHold() public view {
        moneyIsConserved();
        everySettledPeriodIsProvedOrMissedOnce();
        nobodyButItsOwnerEmptiesAnAccount();
        etherIsConserved();
        noBlockIsPaidTwice();
        setIsFrozenUntilProvedOrOver();
        maintenanceIsBoundedAndApartFromProofs();
        setIsConsistent();
        liveDealsAreCounted();
    }

    function isRunning(DealState state) private pure returns (bool) {
        return state == DealState.Active || state == DealState.Faulty;
    }

    function locked() private view returns (uint256 sum) {
        for (uint256 i = 0; i < _ids.length; ++i) {
            DealView memory v = view_(_ids[i]);
            if (v.state == DealState.Published) sum += uint256(v.price) + v.collateral;
            // Handed over without notice, a deal has neither price nor periods left.
            if (isRunning(v.state) && v.periods == 0) {
                sum += v.collateral;
            } else if (isRunning(v.state)) {
                sum += uint256(v.price) - (uint256(v.price) * v.proved) / v.periods - (uint256(v.price) * v.missed)
                / v.periods + v.collateral;
            }
        }
    }

    /// @notice 1. Σ balances + Σ locks + burned = tokens held.
    function moneyIsConserved() private view {
        uint256 owned;
        for (uint256 i = 0; i < _accounts.length; ++i) {
            owned += balanceOf(_accounts[i]);
        }
        assertEq(owned + locked() + market.burned(), token.balanceOf(address(market)), "conservation");
    }

    /// @notice 6. Σ bonds of open demands + Σ ether balances = ether held.
    function etherIsConserved() private view {
        uint256 owned = market.etherOf(auditor);
        for (uint256 i = 0; i < _accounts.length; ++i) {
            owned += market.etherOf(_accounts[i]);
        }
        for (uint256 i = 0; i < _ids.length + _buried.length; ++i) {
            bytes32 id = i < _ids.length ? _ids[i] : _buried[i - _ids.length];
            owned += uint256(openDemand(id, false).bond) + openDemand(id, true).bond;
        }
        assertEq(owned, address(market).balance, "ether");
    }

    /// @notice 2. No period is both paid and slashed, and none is settled twice.
    function everySettledPeriodIsProvedOrMissedOnce() private view {
        for (uint256 i = 0; i < _ids.length; ++i) {
            DealView memory v = view_(_ids[i]);
            if (v.end == 0) continue;
            // Those before the last extension were checked before it.
            uint32 from = v.end - v.periods;
            assertLe(v.start, from, "start");
            assertEq(uint256(v.proved) + v.missed, v.cursor - from, "settled periods");
            assertLe(v.cursor, v.end, "cursor");
            uint256 proved;
            for (uint32 p = from; p < v.cursor; ++p) {
                if (market.isProved(v.miner, p) && !isFaulty(_ids[i], p)) ++proved;
            }
            assertEq(proved, v.proved, "paid periods are those whose bit is set");
            assertEq(runOf(_ids[i], v), v.missRun, "excused and faulty periods neither break a run nor add to it");
        }
    }

    /// @dev From the bits alone, over all of the deal.
    function runOf(bytes32 id, DealView memory v) private view returns (uint256 run) {
        for (uint32 p = v.start; p < v.cursor; ++p) {
            if (isFaulty(id, p)) continue;
            if (market.isProved(v.miner, p)) run = 0;
            else if (!market.isExcused(v.miner, p)) ++run;
        }
    }

    /// @notice No period is both proved (and so paid) and excused, and no quarter has more excused ones than allowed.
    function maintenanceIsBoundedAndApartFromProofs() private view {
        uint256 quarter = market.params().maintenanceQuarter;
        uint256 most = market.params().maintenancePeriods;
        for (uint256 m = 0; m < _miners.length; ++m) {
            uint256 begin = market.periodAt(_miners[m], START_BLOCK);
            uint256 end = market.periodAt(_miners[m], block_()) + 20;
            for (uint256 w = begin >> 7; w <= end >> 7; ++w) {
                uint256 word = market.periodWord(_miners[m], w);
                assertEq((word >> 128) & word, 0, "proved and excused");
            }
            for (uint256 q = begin / quarter; q <= end / quarter; ++q) {
                uint256 used;
                for (uint256 p = q * quarter; p < (q + 1) * quarter; ++p) {
                    if ((market.periodWord(_miners[m], p >> 7) >> (128 + (p & 127))) & 1 == 1) ++used;
                }
                assertLe(used, most, "excused in a quarter");
                assertEq(used + market.maintenanceLeft(_miners[m], uint32(q * quarter)), most, "left in a quarter");
            }
        }
    }

    /// @notice 3. Nobody but its owner moves tokens out of an account, and no forgery is accepted.
    function nobodyButItsOwnerEmptiesAnAccount() private view {
        assertEq(_lostWithoutConsent, 0, "lost without consent");
        assertEq(_attacksAccepted, 0, "attacks accepted");
        assertEq(_overBudget, 0, "locked over budget");
    }

    /// @notice 6. A deal that replaces another one begins when the last period that the other is paid for is over.
    function noBlockIsPaidTwice() private view {
        for (uint256 i = 0; i < _heirs.length; ++i) {
            DealView memory v = view_(_heirs[i]);
            if (v.end == 0) continue;
            DealView memory o = view_(proposalOf[_heirs[i]].replaces);
            uint32 end = isRunning(o.state) ? o.end : o.cursor;
            assertLe(
                market.periodEnd(o.miner, end - 1), market.periodEnd(v.miner, v.start - 1), "a block is paid twice"
            );
        }
    }

    /// @notice 4. A set does not change from a challenge block until its period is proved or over.
    function setIsFrozenUntilProvedOrOver() private view {
        assertEq(_changesInAFreeze, 0, "changes in a freeze");
    }

    /// @notice The set's words agree with its entries, and every entry belongs to a deal.
    function setIsConsistent() private view {
        uint256 all;
        for (uint256 m = 0; m < _miners.length; ++m) {
            uint256 weight;
            for (uint8 h = 2; h <= 4; ++h) {
                uint256 n = market.setCount(_miners[m], h);
                weight += n << h;
                all += n;
                for (uint256 i = 0; i < n; ++i) {
                    (bytes32 root,,, bytes23 key) = market.setEntry(_miners[m], h, i);
                    assertEq(market.deal(idOf[key]).sealedRoot, root, "entry and deal");
                    assertEq(market.deal(idOf[key]).miner, _miners[m]);
                }
            }
            assertEq(market.setWeight(_miners[m]), weight, "weight");
        }
        uint256 inSet;
        for (uint256 i = 0; i < _ids.length; ++i) {
            DealView memory v = view_(_ids[i]);
            if (v.end != 0 && !v.removed) ++inSet;
        }
        assertEq(all, inSet, "entries");
    }

    /// @notice Live deals are those Published, Active or Faulty.
    function liveDealsAreCounted() private view {
        uint256[2] memory live;
        for (uint256 i = 0; i < _ids.length; ++i) {
            DealView memory v = view_(_ids[i]);
            if (isLive(v.state)) ++live[v.miner == _miners[0] ? 0 : 1];
        }
        assertEq(market.liveDeals(_miners[0]), live[0], "live deals");
        assertEq(market.liveDeals(_miners[1]), live[1], "live deals");
    }
}

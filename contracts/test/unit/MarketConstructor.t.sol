// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../../src/interfaces/IMarketEvents.sol";
import {IStorageMarket} from "../../src/interfaces/IStorageMarket.sol";
import {DevToken} from "../../src/dev/DevToken.sol";
import {MarketParams} from "../../src/types/MarketTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

contract MarketConstructorTest is MarketFixture {
    MarketParams private p;

    function setUp() public {
        setUpMarket();
        p = defaults();
    }

    function refused(string memory name, uint256 value) private {
        MarketParams memory q = p;
        if (q.token == address(0)) q.token = address(token);
        if (q.seedSource == address(0)) q.seedSource = address(seeds);
        if (q.registry == address(0)) q.registry = deployRegistry(q.token);
        address next;
        for (uint256 i = 0; i + 1 < parts().length; ++i) {
            next = vm.deployCode(parts()[i], i == 0 ? abi.encode(q) : abi.encode(q, next));
        }
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.BadParameter.selector, name, value));
        this.deploy("StorageMarket", abi.encode(q, next));
        p = defaults();
    }

    /// @dev A call of its own: a deployment that reverts as expected would otherwise end the test there and then.
    function deploy(string calldata contract_, bytes calldata arguments) external returns (address) {
        return vm.deployCode(contract_, arguments);
    }

    function accepted() private {
        deployMarket(p);
        p = defaults();
    }

    function test_constructor_storesParams() public view {
        MarketParams memory q = defaults();
        q.token = address(token);
        q.registry = address(registry);
        q.seedSource = address(seeds);
        assertEq(keccak256(abi.encode(market.params())), keccak256(abi.encode(q)));
    }

    function test_domainSeparator_isTheProtocols() public view {
        bytes32 typeHash =
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        assertEq(
            market.domainSeparator(),
            keccak256(abi.encode(typeHash, keccak256("Granary"), keccak256("1"), block.chainid, address(market)))
        );
    }

    function test_constructor_revertsIfToken() public {
        p.token = address(0xBEEF);
        refused("token", 0xBEEF);
    }

    function test_constructor_revertsIfSeedSource() public {
        p.seedSource = address(0xBEEF);
        refused("seedSource", 0xBEEF);
    }

    function test_constructor_revertsIfRegistry() public {
        p.registry = address(0xBEEF);
        refused("registry", 0xBEEF);
        // A registry of another market.
        p.registry = address(registry);
        refused("registry", uint160(address(registry)));
        // A registry with another token: its address, then the market's, come next.
        address other = address(new DevToken());
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        p.registry = vm.deployCode("MinerRegistry", abi.encode(other, next, STAKE));
        refused("registry", uint160(p.registry));
    }

    function test_constructor_revertsIfWindowBlocks() public {
        // Between the challenge block and the period's end a window of 1 has no block at all.
        p.windowBlocks = 1;
        refused("windowBlocks", 1);
        p.windowBlocks = 2;
        accepted();
        // A source that speaks later shortens the window from its beginning.
        seeds.setLag(5);
        p.windowBlocks = 5;
        refused("windowBlocks", 5);
        p.windowBlocks = 6;
        accepted();
        seeds.setLag(1);
        seeds.setReach(400);
        p.periodBlocks = 1000;
        p.windowBlocks = 401;
        refused("windowBlocks", 401);
        p.periodBlocks = 1000;
        p.windowBlocks = 400;
        refused("maxActivationBlocks", 300);
    }

    function test_constructor_revertsIfPeriodBlocks() public {
        p.periodBlocks = 39;
        refused("periodBlocks", 39);
        p.periodBlocks = 40;
        accepted();
    }

    function test_constructor_revertsIfChallenges() public {
        p.challenges = 0;
        refused("challenges", 0);
        p.challenges = 33;
        refused("challenges", 33);
        p.challenges = 32;
        accepted();
    }

    function test_constructor_revertsIfSealChallenges() public {
        p.sealChallenges = 0;
        refused("sealChallenges", 0);
        p.sealChallenges = 17;
        refused("sealChallenges", 17);
        p.sealChallenges = 16;
        accepted();
    }

    function test_constructor_revertsIfSealDelay() public {
        p.sealDelay = 0;
        refused("sealDelay", 0);
        p.sealDelay = 1;
        accepted();
    }

    function test_constructor_revertsIfMaxActivationBlocks() public {
        p.maxActivationBlocks = 24;
        refused("maxActivationBlocks", 24);
        p.maxActivationBlocks = 25;
        accepted();
        p.maxActivationBlocks = 8192;
        refused("maxActivationBlocks", 8192);
        p.maxActivationBlocks = 8191;
        accepted();
    }

    function test_constructor_revertsIfMaxMissRun() public {
        p.maxMissRun = 255;
        refused("maxMissRun", 255);
        p.maxMissRun = 0;
        accepted();
        p.maxMissRun = 254;
        accepted();
    }

    function test_constructor_revertsIfMaxPeriods() public {
        p.maxPeriods = 0;
        refused("maxPeriods", 0);
        p.maxPeriods = uint32(1) << 31;
        refused("maxPeriods", 1 << 31);
    }

    function test_constructor_revertsIfBps() public {
        p.missPenaltyBps = 0;
        refused("missPenaltyBps", 0);
        p.priceBurnBps = 5001;
        refused("priceBurnBps", 5001);
        p.expireBurnBps = 10_001;
        refused("expireBurnBps", 10_001);
        p.priceBurnBps = 5000;
        p.expireBurnBps = 10_000;
        accepted();
    }

    function test_constructor_revertsIfMinima() public {
        p.minPricePerLeafPeriod = 0;
        refused("minPricePerLeafPeriod", 0);
        p.minCollateralPerLeaf = 0;
        refused("minCollateralPerLeaf", 0);
    }

    function test_constructor_revertsIfMaintenance() public {
        p.maintenanceNotice = 0;
        refused("maintenanceNotice", 0);
        p.maintenanceNotice = 1;
        accepted();
        p.maintenanceQuarter = 11;
        refused("maintenanceQuarter", 11);
        p.maintenancePeriods = type(uint32).max;
        p.maintenanceQuarter = type(uint32).max;
        refused("maintenanceQuarter", type(uint32).max);
        (p.maintenancePeriods, p.maintenanceQuarter) = (0, 0);
        refused("maintenanceQuarter", 0);
        (p.maintenancePeriods, p.maintenanceQuarter) = (0, 1);
        accepted();
    }

    function test_constructor_revertsIfDemands() public {
        p.demandBlocks = 19;
        refused("demandBlocks", 19);
        p.demandBlocks = 101;
        refused("demandBlocks", 101);
        p.demandBlocks = 100;
        accepted();
        p.demandBlocks = 20;
        accepted();
        p.demandSpacing = 0;
        refused("demandSpacing", 0);
        p.demandSpacing = 1;
        accepted();
        p.demandGas = 149_999;
        refused("demandGas", 149_999);
        p.demandGas = 10_000_001;
        refused("demandGas", 10_000_001);
        p.demandGas = 150_000;
        accepted();
        p.demandGas = 10_000_000;
        accepted();
    }

    /// @notice EIP-170 allows 24,576 bytes; 15 % of them stay free in each contract of the market.
    function test_code_leavesRoom() public {
        assertLe(address(market).code.length, 20_889, "StorageMarket");
        address last;
        for (uint256 i = 0; i + 1 < parts().length; ++i) {
            last = vm.deployCode(parts()[i], i == 0 ? abi.encode(market.params()) : abi.encode(market.params(), last));
            assertLe(last.code.length, 20_889, parts()[i]);
        }
    }

    function test_constructor_boundsDeclaredFaults() public {
        p.maxFaultyPeriods = 0;
        refused("maxFaultyPeriods", 0);
        p.maxFaultyPeriods = 1;
        accepted();
        p.faultFeeBps = 9999;
        refused("faultFeeBps", 9999);
        p.faultFeeBps = 10_001;
        refused("faultFeeBps", 10_001);
        (p.missPenaltyBps, p.faultFeeBps) = (15_000, 15_000);
        accepted();
        (p.missPenaltyBps, p.faultFeeBps) = (15_000, 15_001);
        refused("faultFeeBps", 15_001);
        // Missing would be cheaper than the least fee.
        p.missPenaltyBps = 9999;
        refused("faultFeeBps", 10_000);
    }

    /// @dev A contract of other parameters would read the same storage by other rules.
    function test_constructor_revertsIfPartsDiffer() public {
        MarketParams memory q = market.params();
        address reads = vm.deployCode("MarketReads", abi.encode(q));
        ++q.tipCap;
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.BadParameter.selector, "next", uint160(reads)));
        this.deploy("MarketTerms", abi.encode(q, reads));
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.BadParameter.selector, "next", 0xBEEF));
        this.deploy("MarketTerms", abi.encode(q, address(0xBEEF)));
    }

    function test_fallback_revertsIfNoPartKnowsTheFunction() public {
        (bool ok, bytes memory data) = address(market).call(abi.encodeWithSignature("noSuchFunction()"));
        assertFalse(ok);
        assertEq(data.length, 0);
    }

    function test_fallback_refusesEther() public {
        vm.deal(address(this), 2);
        (bool ok,) = address(market).call{value: 1}("");
        assertFalse(ok);
        (ok,) = address(market).call{value: 1}(abi.encodeCall(market.expire, (bytes32(0))));
        assertFalse(ok);
    }

    /// @dev Called by itself a part has a storage of its own, which is empty and holds nothing.
    function test_attack_partsCalledByThemselvesAreEmpty() public {
        MarketParams memory q = market.params();
        address reads = vm.deployCode("MarketReads", abi.encode(q));
        IStorageMarket terms = IStorageMarket(vm.deployCode("MarketTerms", abi.encode(q, reads)));
        bytes32 id = activeDeal();
        assertEq(uint256(terms.deal(id).state), 0);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.WrongState.selector, id, 0));
        terms.terminate(id);
        vm.expectRevert(abi.encodeWithSelector(IMarketEvents.WrongState.selector, id, 0));
        terms.complete(id);
    }
}

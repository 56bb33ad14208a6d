#!/usr/bin/env node
// Writes protocol/src/test/resources/vectors/protocol.json, what docs/protocol.md means in numbers. JUnit and forge both read
// it, so Java and Solidity cannot agree with themselves only. This is a third implementation, slow and by the text: it shares
// no code with the other two; Keccak, ABI encoding and a second EIP-712 are cast's.
// With --check it writes nothing and fails when the committed file differs.
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { foundry } from "./foundry.mjs";

const target = join(dirname(fileURLToPath(import.meta.url)), "../../protocol/src/test/resources/vectors/protocol.json");

// ---------------------------------------------------------------- bytes and hashes

const hex = (bytes) => `0x${bytes.toString("hex")}`;
const bytesOf = (text) => Buffer.from(text.slice(2), "hex");
const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const numberOf = (bytes) => BigInt(hex(bytes));
const uint = (value, bytes) => Buffer.from(BigInt(value).toString(16).padStart(2 * bytes, "0"), "hex");
const cast = (...args) => execFileSync(foundry("cast"), args, { encoding: "utf8" }).trim();
const keccak = (text) => cast("keccak", text);
const keccakOf = (types, ...values) => keccak(cast("abi-encode", `f(${types})`, ...values.map(String)));
const hash = (name) => hex(sha256(Buffer.from(name)));
const address = (name) => hex(sha256(Buffer.from(name)).subarray(0, 20));

// ---------------------------------------------------------------- §2 pieces

/** Blocks SHA-256("granary:" i), i in decimal from 0: the data of piece-cid.json. */
function data(size) {
  const blocks = [];
  for (let i = 0; i * 32 < size; i++) blocks.push(sha256(Buffer.from(`granary:${i}`)));
  return Buffer.concat(blocks).subarray(0, size);
}

const leafCountOf = (size) => 4 * Math.ceil(size / 127);
const heightOf = (leafCount) => Math.ceil(Math.log2(leafCount));

/** FR32 on a group as one little-endian number. */
function leavesOf(raw) {
  const leaves = [];
  for (let at = 0; at < raw.length; at += 127) {
    const group = Buffer.concat([raw.subarray(at, at + 127), Buffer.alloc(127)]).subarray(0, 127);
    const bits = numberOf(Buffer.from(group).reverse());
    for (let i = 0n; i < 4n; i++) leaves.push(uint((bits >> (254n * i)) & ((1n << 254n) - 1n), 32).reverse());
  }
  return leaves;
}

function node(left, right) {
  const digest = sha256(left, right);
  digest[31] &= 0x3f;
  return digest;
}

/** All levels, leaves first, with the zero leaves. */
function levelsOf(leaves) {
  const width = 2 ** heightOf(leaves.length);
  const levels = [[...leaves, ...Array(width - leaves.length).fill(Buffer.alloc(32))]];
  while (levels.at(-1).length > 1) {
    const below = levels.at(-1);
    levels.push(Array.from({ length: below.length / 2 }, (_, i) => node(below[2 * i], below[2 * i + 1])));
  }
  return levels;
}

const rootOf = (levels) => hex(levels.at(-1)[0]);
const opening = (levels, leaf) =>
  hex(Buffer.concat([levels[0][leaf], ...levels.slice(0, -1).map((level, h) => level[Math.floor(leaf / 2 ** h) ^ 1])]));

function pieces() {
  const committed = [1, 126, 127, 128, 254, 255, 500, 508, 509, 5000, 100_000].map((size) => {
    const leafCount = leafCountOf(size);
    return { size, leafCount, height: heightOf(leafCount), root: rootOf(levelsOf(leavesOf(data(size)))) };
  });
  return committed;
}

/** Sizes whose trees nobody builds in a test. */
function sizes() {
  return [127 * 2 ** 18, 127 * 2 ** 18 + 1, 2 ** 32, 127 * 2 ** 28, 2 ** 38 - 1, 2 ** 38].map((size) => {
    const leafCount = leafCountOf(size);
    return { size, leafCount, height: heightOf(leafCount) };
  });
}

// ---------------------------------------------------------------- §4 sealing

const maskOf = (dealId, leaf) => sha256(bytesOf(dealId), uint(leaf, 8));
const xor = (a, b) => Buffer.from(a.map((byte, i) => byte ^ b[i]));

function seals() {
  return [1, 127, 128, 500, 5000].map((size) => {
    const dealId = hash(`deal of ${size}`);
    const leaves = leavesOf(data(size));
    const piece = levelsOf(leaves);
    const sealed = levelsOf(leaves.map((leaf, i) => xor(leaf, maskOf(dealId, i))));
    const opened = [...new Set([0, 1, Math.floor(leaves.length / 2), leaves.length - 1])];
    return {
      dealId,
      size,
      leafCount: leaves.length,
      pieceRoot: rootOf(piece),
      sealedRoot: rootOf(sealed),
      openings: opened.map((leaf) => ({
        leaf,
        mask: hex(maskOf(dealId, leaf)),
        piece: opening(piece, leaf),
        sealed: opening(sealed, leaf),
      })),
    };
  });
}

const expand = (seed, i) => numberOf(sha256(bytesOf(seed), uint(i, 32)));
const positionsOf = (seed, count, leafCount) => Array.from({ length: count }, (_, i) => Number(expand(seed, i) % BigInt(leafCount)));

function sealChallenges() {
  return [4, 12, 160, 2 ** 20, 4 * Math.ceil(2 ** 38 / 127)].map((leafCount, i) => {
    const [value, market, dealId] = [hash(`seal value ${i}`), address("market"), hash(`deal ${i}`)];
    const seed = keccakOf("bytes32,address,bytes32", value, market, dealId);
    return { value, market, dealId, leafCount, seed, positions: positionsOf(seed, 10, leafCount) };
  });
}

function recoveries() {
  const tag = hex(Buffer.concat([Buffer.from("recovery"), Buffer.alloc(24)]));
  return [4, 160, 4 * Math.ceil(2 ** 38 / 127)].map((leafCount, i) => {
    const [value, market, dealId] = [hash(`challenge value ${i}`), address("market"), hash(`deal ${i}`)];
    const period = [0, 71, 2 ** 32 - 1][i];
    const seed = keccakOf("bytes32,address,bytes32,uint32,bytes32", value, market, dealId, period, tag);
    return { value, market, dealId, period, leafCount, seed, positions: positionsOf(seed, 10, leafCount) };
  });
}

// ---------------------------------------------------------------- §5 proving

function clocks() {
  const lengths = [
    [100, 20],
    [2880, 240],
    [28_800, 7200],
    [7, 3],
  ];
  return lengths.flatMap(([periodBlocks, windowBlocks]) =>
    ["first", "second", "third"].map((name) => {
      const miner = address(name);
      const shift = Number(BigInt(keccakOf("address", miner)) % BigInt(periodBlocks));
      const periodEnd = (p) => (p + 1) * periodBlocks - shift;
      const at = (block) => {
        const period = Math.floor((block + shift) / periodBlocks);
        const challengeBlock = periodEnd(period) - windowBlocks;
        // The first period whose challenge block lies after the block, looked for and not computed.
        let nextDuty = 0;
        for (nextDuty = period - 1; periodEnd(nextDuty) - windowBlocks <= block; ) nextDuty++;
        return { block, period, challengeBlock, periodEnd: periodEnd(period), nextDuty };
      };
      const end = periodEnd(41);
      // Every edge of a period, and somewhere far away.
      const blocks = [end - windowBlocks - 1, end - windowBlocks, end - windowBlocks + 1, end - 1, end, end + 1, 23_456_789];
      return { miner, periodBlocks, windowBlocks, shift, blocks: blocks.map(at) };
    }),
  );
}

const TRIES = 64;

/** The contract's arrays by height, walked as §5.3 reads. */
function drawFrom(entries, seed, period, count) {
  const heights = Array.from({ length: 35 }, (_, h) => entries.filter((e) => heightOf(e.leafCount) === h));
  const weight = heights.reduce((sum, list, h) => sum + BigInt(list.length) * 2n ** BigInt(h), 0n);
  const draws = [];
  for (let j = 0; j < TRIES * count && draws.length < count; j++) {
    let r = expand(seed, j) % weight;
    let h = 2;
    while (r >= BigInt(heights[h].length) * 2n ** BigInt(h)) {
      r -= BigInt(heights[h].length) * 2n ** BigInt(h);
      h++;
    }
    const entry = heights[h][Number(r / 2n ** BigInt(h))];
    const leaf = Number(r % 2n ** BigInt(h));
    if (leaf < entry.leafCount && period < entry.end) draws.push({ dealId: entry.dealId, leaf });
  }
  return { weight: Number(weight), draws: draws.length < count ? [] : draws };
}

function draws() {
  const entry = (leafCount, end, i) => ({ dealId: hash(`entry ${i}`), sealedRoot: hash(`root ${i}`), leafCount, end });
  const sets = [
    [[4, 100]],
    [4, 8, 12, 20, 160, 4, 12, 1000].map((n) => [n, 100]),
    // Ended entries weigh as before and are never drawn; 50 is the drawn period.
    [[4, 50], [4, 51], [12, 49], [12, 1000], [160, 10], [160, 60]],
    [4, 2 ** 20, 2 ** 20 + 4, 2 ** 30, 4 * Math.ceil(2 ** 38 / 127), 36].map((n) => [n, 2 ** 32 - 1]),
    Array.from({ length: 40 }, (_, i) => [4 * (1 + ((i * i * 7) % 61)), 45 + (i % 13)]),
    // One live leaf group in a crowd of ended ones: the draw takes many hashes.
    Array.from({ length: 24 }, (_, i) => [4, i === 23 ? 51 : 50]),
    // Nothing is left to draw: exhausted.
    [[4, 50], [8, 7]],
  ];
  return sets.map((set, i) => {
    const entries = set.map(([leafCount, end], n) => entry(leafCount, end, `${i}.${n}`));
    const [value, market, miner, period, count] = [hash(`value ${i}`), address("market"), address("first"), 50, [5, 1, 8, 20, 32, 3, 5][i]];
    const seed = keccakOf("bytes32,address,address,uint32", value, market, miner, period);
    return { value, market, miner, period, seed, count, entries, ...drawFrom(entries, seed, period, count) };
  });
}

// ---------------------------------------------------------------- §6 audits

function audits() {
  return [4, 12, 1000, 2 ** 34].map((leafCount, i) => {
    const [periodSeed, dealId] = [hash(`period seed ${i}`), hash(`deal ${i}`)];
    return { periodSeed, dealId, leafCount, positions: positionsOf(hex(sha256(bytesOf(periodSeed), bytesOf(dealId))), 4, leafCount) };
  });
}

// ---------------------------------------------------------------- §3.4 money

/** Amounts are decimal strings: they pass what JSON numbers hold exactly. */
function money() {
  const max = 2n ** 96n - 1n;
  const ceil = (a, b) => (a + b - 1n) / b;
  const terms = [
    [40_007n, 10n, 10_000n, 100n],
    [1n, 3n, 1n, 0n],
    [2n, 3n, 10_000n, 5000n],
    [999_999_999_999_999_999n, 540n, 15_000n, 250n],
    [max, 2n ** 31n - 1n, 10_000n, 5000n],
    [max, 1n, 10_000n, 1n],
    [max, 1n, 65_535n, 100n], // more than a uint96: capped
    [10_000n, 1n, 1n, 1n],
    [10_001n, 1n, 1n, 1n],
  ];
  return terms.map(([price, periods, missPenaltyBps, priceBurnBps]) => {
    const wanted = ceil(price * missPenaltyBps, 10_000n * periods);
    const slash = wanted < 1n ? 1n : wanted > max ? max : wanted;
    const counts = [...new Set([0n, 1n, periods / 3n, periods / 2n, periods - 1n, periods])];
    return {
      price: `${price}`,
      periods: Number(periods),
      missPenaltyBps: Number(missPenaltyBps),
      priceBurnBps: Number(priceBurnBps),
      slashPerMiss: `${slash}`,
      settled: counts.map((count) => {
        const worth = (price * count) / periods;
        return { count: Number(count), worth: `${worth}`, burned: `${(worth * priceBurnBps) / 10_000n}` };
      }),
    };
  });
}

// ---------------------------------------------------------------- §3.1 the deal id

const FIELDS = [
  ["address", "client"],
  ["address", "miner"],
  ["address", "auditor"],
  ["bytes32", "pieceRoot"],
  ["uint64", "rawSize"],
  ["uint8", "sealProfile"],
  ["uint32", "periods"],
  ["uint96", "price"],
  ["uint96", "collateral"],
  ["uint64", "publishBy"],
  ["uint64", "activateBy"],
  ["bytes32", "replaces"],
  ["bytes32", "salt"],
];
const DOMAIN = [
  ["string", "name"],
  ["string", "version"],
  ["uint256", "chainId"],
  ["address", "verifyingContract"],
];
const typeOf = (name, fields) => `${name}(${fields.map((f) => f.join(" ")).join(",")})`;
const typeHash = (name, fields) => keccak(hex(Buffer.from(typeOf(name, fields))));

/** The domain separator, a struct's digest by the text of EIP-712, and the signature of cast, which hashes the data itself. */
function typed(chainId, market, key, name, fields, message, domainName = "Granary") {
  const domainSeparator = keccakOf(
    "bytes32,bytes32,bytes32,uint256,address",
    typeHash("EIP712Domain", DOMAIN),
    keccak(hex(Buffer.from(domainName))),
    keccak(hex(Buffer.from("1"))),
    chainId,
    market,
  );
  const types = fields.map(([type]) => type).join(",");
  const struct = keccakOf(`bytes32,${types}`, typeHash(name, fields), ...fields.map(([, field]) => message[field]));
  const digest = keccak(`0x1901${domainSeparator.slice(2)}${struct.slice(2)}`);
  const members = (list) => list.map(([type, field]) => ({ name: field, type }));
  const signature = cast("wallet", "sign", "--private-key", key, "--data", JSON.stringify({
    types: { EIP712Domain: members(DOMAIN), [name]: members(fields) },
    primaryType: name,
    domain: { name: domainName, version: "1", chainId, verifyingContract: market },
    message,
  }));
  return { domainSeparator, digest, signature };
}

function deals() {
  const key = hash("client's key");
  const client = cast("wallet", "address", "--private-key", key).toLowerCase();
  const usual = {
    client,
    miner: address("first"),
    auditor: address("auditor"),
    pieceRoot: hash("piece root"),
    rawSize: 5000,
    sealProfile: 1,
    periods: 30,
    price: "4800000",
    collateral: "1600000",
    publishBy: 1000,
    activateBy: 1200,
    replaces: hex(Buffer.alloc(32)),
    salt: hash("salt"),
  };
  const widest = {
    ...usual,
    rawSize: 2 ** 38,
    sealProfile: 255,
    periods: 2 ** 32 - 1,
    price: `${2n ** 96n - 1n}`,
    collateral: `${2n ** 96n - 1n}`,
    publishBy: 2 ** 52,
    activateBy: 2 ** 53 - 1,
    replaces: hash("replaced"),
  };
  const cases = [
    [31_337, address("market"), usual],
    [31_337, address("market"), { ...usual, salt: hash("another salt") }],
    [1, address("market"), usual],
    [31_337, address("other market"), usual],
    [2 ** 52, address("market"), widest],
  ];
  return cases.map(([chainId, market, proposal]) => {
    const { domainSeparator, digest, signature } = typed(chainId, market, key, "DealProposal", FIELDS, proposal);
    return { chainId, market, proposal, domainSeparator, dealId: digest, key, signature };
  });
}

// ---------------------------------------------------------------- §3.6 extensions

const EXTENSION = [
  ["bytes32", "dealId"],
  ["uint32", "oldEnd"],
  ["uint32", "newEnd"],
  ["uint96", "pricePerPeriod"],
  ["uint96", "collateral"],
  ["uint64", "executeBy"],
];

function extensions() {
  const key = hash("client's key");
  const usual = { dealId: hash("deal 1"), oldEnd: 130, newEnd: 160, pricePerPeriod: "160000", collateral: "1700000", executeBy: 9000 };
  const widest = {
    dealId: hash("deal 2"),
    oldEnd: 2 ** 32 - 2,
    newEnd: 2 ** 32 - 1,
    pricePerPeriod: `${2n ** 96n - 1n}`,
    collateral: `${2n ** 96n - 1n}`,
    executeBy: 2 ** 53 - 1,
  };
  const cases = [
    [31_337, address("market"), usual],
    [31_337, address("market"), { ...usual, oldEnd: 131 }],
    [1, address("other market"), { ...usual, collateral: "0" }],
    [2 ** 52, address("market"), widest],
  ];
  return cases.map(([chainId, market, extension]) => {
    const { digest, signature } = typed(chainId, market, key, "Extension", EXTENSION, extension);
    return { chainId, market, extension, digest, key, signature };
  });
}

// ---------------------------------------------------------------- §3.8 mandates

const MANDATE = [
  ["bytes32", "dealId"],
  ["uint32", "periods"],
  ["uint32", "times"],
  ["uint96", "maxPricePerPeriod"],
  ["uint96", "collateral"],
  ["uint96", "budget"],
  ["uint96", "tip"],
  ["uint64", "expiresAt"],
];

function mandates() {
  const key = hash("client's key");
  const usual = {
    dealId: hash("deal 1"),
    periods: 30,
    times: 12,
    maxPricePerPeriod: "160000",
    collateral: "1700000",
    budget: "60000000",
    tip: "1000",
    expiresAt: 9000000,
  };
  const most = `${2n ** 96n - 1n}`;
  const widest = {
    dealId: hash("deal 2"),
    periods: 2 ** 32 - 1,
    times: 2 ** 32 - 2,
    maxPricePerPeriod: most,
    collateral: `${2n ** 96n - 2n}`,
    budget: `${2n ** 96n - 3n}`,
    tip: `${2n ** 96n - 4n}`,
    expiresAt: 2 ** 53 - 1,
  };
  const cases = [
    [31_337, address("market"), usual],
    [31_337, address("market"), { ...usual, times: 13 }],
    [1, address("other market"), { ...usual, tip: "0" }],
    [2 ** 52, address("market"), widest],
  ];
  return cases.map(([chainId, market, mandate]) => {
    const { digest, signature } = typed(chainId, market, key, "Mandate", MANDATE, mandate);
    return { chainId, market, mandate, digest, key, signature };
  });
}

// ---------------------------------------------------------------- §3.7 early ends

const EARLY_END = [
  ["bytes32", "dealId"],
  ["bool", "immediate"],
  ["uint64", "executeBy"],
];

function earlyEnds() {
  const key = hash("client's key");
  const usual = { dealId: hash("deal 1"), immediate: false, executeBy: 9000 };
  const cases = [
    [31_337, address("market"), usual],
    [31_337, address("market"), { ...usual, immediate: true }],
    [1, address("other market"), { ...usual, executeBy: 0 }],
    [2 ** 52, address("market"), { dealId: hash("deal 2"), immediate: true, executeBy: 2 ** 53 - 1 }],
  ];
  return cases.map(([chainId, market, earlyEnd]) => {
    const { digest, signature } = typed(chainId, market, key, "EarlyEnd", EARLY_END, earlyEnd);
    return { chainId, market, earlyEnd, digest, key, signature };
  });
}

// ---------------------------------------------------------------- §3.10 relayed orders

const ORDERS = {
  WithdrawalRequest: [
    ["address", "account"],
    ["uint96", "amount"],
    ["uint256", "nonce"],
    ["uint64", "executeBy"],
  ],
  WithdrawalPayout: [
    ["address", "account"],
    ["address", "to"],
    ["uint96", "least"],
    ["uint256", "nonce"],
    ["uint64", "executeBy"],
  ],
  Cancellation: [
    ["bytes32", "dealId"],
    ["uint64", "executeBy"],
  ],
  Revocation: [
    ["bytes32", "mandate"],
    ["uint64", "executeBy"],
  ],
};

function orders() {
  const key = hash("client's key");
  const most = `${2n ** 96n - 1n}`;
  const request = { account: address("client"), amount: "500", nonce: 0, executeBy: 9000 };
  const payout = { account: address("client"), to: address("payee"), least: "500", nonce: 1, executeBy: 9000 };
  const cases = [
    [31_337, address("market"), "WithdrawalRequest", request],
    [1, address("other market"), "WithdrawalRequest", { ...request, amount: "0", nonce: 7 }],
    [2 ** 52, address("market"), "WithdrawalRequest", { ...request, amount: most, nonce: 2 ** 53 - 1, executeBy: 2 ** 53 - 1 }],
    [31_337, address("market"), "WithdrawalPayout", payout],
    [1, address("other market"), "WithdrawalPayout", { ...payout, to: address("client"), least: "0" }],
    [2 ** 52, address("market"), "WithdrawalPayout", { ...payout, least: most, nonce: 2 ** 53 - 1, executeBy: 2 ** 53 - 1 }],
    [31_337, address("market"), "Cancellation", { dealId: hash("deal 1"), executeBy: 9000 }],
    [2 ** 52, address("other market"), "Cancellation", { dealId: hash("deal 2"), executeBy: 2 ** 53 - 1 }],
    [31_337, address("market"), "Revocation", { mandate: hash("mandate 1"), executeBy: 9000 }],
    [2 ** 52, address("other market"), "Revocation", { mandate: hash("mandate 2"), executeBy: 2 ** 53 - 1 }],
  ];
  return cases.map(([chainId, market, type, order]) => {
    const { digest, signature } = typed(chainId, market, key, type, ORDERS[type], order);
    return { chainId, market, type, order, digest, key, signature };
  });
}

// ---------------------------------------------------------------- §5.6 block headers

/** RLP of a list of byte strings. */
function rlp(items) {
  const prefixed = (base, body) => {
    if (body.length < 56) return Buffer.concat([Buffer.from([base + body.length]), body]);
    const length = bytesOf(quantity(BigInt(body.length)));
    return Buffer.concat([Buffer.from([base + 55 + length.length]), length, body]);
  };
  const string = (bytes) => (bytes.length === 1 && bytes[0] < 0x80 ? bytes : prefixed(0x80, bytes));
  return prefixed(0xc0, Buffer.concat(items.map(string)));
}

/** Whole bytes without leading zeros; none for zero. */
const quantity = (value) => {
  const digits = value === 0n ? "" : value.toString(16);
  return `0x${digits.length % 2 ? "0" : ""}${digits}`;
};

// A header's fields as nodes name and write them, in the order of its RLP; each fork of mainnet added what comes after a number.
const HEADER = [
  "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty", "number",
  "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce", // 15, Frontier
  "baseFeePerGas", // 16, London
  "withdrawalsRoot", // 17, Shanghai
  "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", // 20, Cancun
  "requestsHash", // 21, Prague
];
const NUMBERS = ["difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed", "excessBlobGas"];

function headers() {
  const usual = {
    parentHash: hash("parent"),
    sha3Uncles: "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347", // of the empty list
    miner: address("proposer"),
    stateRoot: hash("state"),
    transactionsRoot: hash("transactions"),
    receiptsRoot: hash("receipts"),
    logsBloom: hex(Buffer.concat(Array.from({ length: 8 }, (_, i) => sha256(Buffer.from(`bloom ${i}`))))),
    difficulty: 0n,
    number: 23_456_789n,
    gasLimit: 45_000_000n,
    gasUsed: 22_123_456n,
    timestamp: 1_760_000_000n,
    extraData: hex(Buffer.from("built by nobody")),
    mixHash: hash("randao"),
    nonce: "0x0000000000000000",
    baseFeePerGas: 1_234_567_890n,
    withdrawalsRoot: hash("withdrawals"),
    blobGasUsed: 786_432n,
    excessBlobGas: 0n,
    parentBeaconBlockRoot: hash("beacon block"),
    requestsHash: hash("requests"),
  };
  const zero = hex(Buffer.alloc(32));
  // The first block of mainnet, known to everyone by its hash: this encoding is the chain's.
  const genesis = {
    parentHash: zero,
    sha3Uncles: usual.sha3Uncles,
    miner: hex(Buffer.alloc(20)),
    stateRoot: "0xd7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544",
    transactionsRoot: "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
    receiptsRoot: "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
    logsBloom: hex(Buffer.alloc(256)),
    difficulty: 0x400000000n,
    number: 0n,
    gasLimit: 5000n,
    gasUsed: 0n,
    timestamp: 0n,
    extraData: "0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa",
    mixHash: zero,
    nonce: "0x0000000000000042",
  };
  const cases = [
    ["mainnet's first: proof of work", 15, genesis],
    ["London: proof of work", 16, { ...usual, difficulty: 12_000_000_000_000_000n, nonce: "0x1122334455667788" }],
    ["Paris", 16, usual],
    ["Shanghai", 17, usual],
    ["Cancun", 20, usual],
    ["Prague", 21, usual],
    ["an empty block, nothing in extraData", 21, { ...usual, gasUsed: 0n, extraData: "0x", blobGasUsed: 0n }],
    ["32 bytes of extraData", 21, { ...usual, extraData: hash("extra") }],
    ["one small byte of extraData", 21, { ...usual, extraData: "0x7f", number: 127n }],
    ["one great byte of extraData", 21, { ...usual, extraData: "0x80", number: 128n }],
    ["one zero byte of extraData", 21, { ...usual, extraData: "0x00", number: 65_536n }],
    ["eight bytes of each number", 21, { ...usual, gasLimit: 2n ** 64n - 1n, gasUsed: 2n ** 63n, timestamp: 2n ** 56n, number: 2n ** 53n - 1n }],
    ["a field of a fork to come", 22, { ...usual, fork: hash("fork") }],
  ];
  return cases.map(([name, count, header]) => {
    const names = [...HEADER, "fork"].slice(0, count);
    const bytes = rlp(names.map((field) => bytesOf(NUMBERS.includes(field) ? quantity(header[field]) : header[field])));
    const written = names.map((field) => [field, NUMBERS.includes(field) ? `0x${header[field].toString(16)}` : header[field]]);
    const value = header.difficulty === 0n ? header.mixHash : zero;
    // What a seed source makes of it: nothing of a proof-of-work block.
    return { name, number: Number(header.number), header: Object.fromEntries(written), rlp: hex(bytes), hash: keccak(hex(bytes)), value };
  });
}

// ---------------------------------------------------------------- §7 payment channels

const PARTIES = [
  ["address", "client"],
  ["address", "miner"],
];
const ONCE = [
  ["uint256", "nonce"],
  ["uint64", "executeBy"],
];
const CHANNEL_MESSAGES = {
  Voucher: [...PARTIES, ["uint96", "total"]],
  Deposit: [...PARTIES, ["uint96", "amount"], ...ONCE],
  CloseRequest: [...PARTIES, ...ONCE],
  CloseConsent: [...PARTIES, ...ONCE],
  Withdrawal: [["address", "account"], ["address", "to"], ...ONCE],
};

/** Every message with usual and with the widest values; the last voucher is of another contract, the one before of another chain. */
function channelMessages() {
  const key = hash("client's key");
  const client = cast("wallet", "address", "--private-key", key).toLowerCase();
  const most = `${2n ** 96n - 1n}`;
  const once = { nonce: 3, executeBy: 9000 };
  const parties = { client, miner: address("first") };
  const usual = {
    Voucher: { ...parties, total: "123456789000000000000" },
    Deposit: { ...parties, amount: "5000000000000000000", ...once },
    CloseRequest: { ...parties, ...once },
    CloseConsent: { ...parties, ...once },
    Withdrawal: { account: client, to: address("recipient"), ...once },
  };
  const widest = { nonce: 2 ** 53 - 1, executeBy: 2 ** 53 - 1, total: most, amount: most };
  const widened = (message) => Object.fromEntries(Object.entries(message).map(([field, value]) => [field, widest[field] ?? value]));
  const cases = Object.keys(CHANNEL_MESSAGES).flatMap((type) => [
    [31_337, address("channels"), type, usual[type]],
    [2 ** 52, address("channels"), type, widened(usual[type])],
  ]);
  cases.push([1, address("channels"), "Voucher", usual.Voucher], [31_337, address("other channels"), "Voucher", usual.Voucher]);
  return cases.map(([chainId, channels, type, message]) => {
    const signed = typed(chainId, channels, key, type, CHANNEL_MESSAGES[type], message, "Granary Channels");
    return { chainId, channels, type, message, ...signed, key };
  });
}

// ---------------------------------------------------------------- the file

const vectors = {
  about: "Written by contracts/tools/make-vectors.mjs; data of a size is blocks SHA-256('granary:' i), i in decimal from 0",
  pieces: pieces(),
  sizes: sizes(),
  seals: seals(),
  sealChallenges: sealChallenges(),
  recoveries: recoveries(),
  clocks: clocks(),
  draws: draws(),
  audits: audits(),
  money: money(),
  deals: deals(),
  extensions: extensions(),
  mandates: mandates(),
  earlyEnds: earlyEnds(),
  orders: orders(),
  headers: headers(),
  channelMessages: channelMessages(),
};
const content = JSON.stringify(vectors, null, 1) + "\n";
if (process.argv.includes("--check")) {
  if (!existsSync(target) || readFileSync(target, "utf8") !== content) {
    console.error("stale: protocol/src/test/resources/vectors/protocol.json\nrun 'node contracts/tools/make-vectors.mjs' and commit the result");
    process.exit(1);
  }
  console.log("the protocol's vectors agree with contracts/tools/make-vectors.mjs");
} else {
  writeFileSync(target, content);
  console.log("protocol/src/test/resources/vectors/protocol.json written");
}

#!/usr/bin/env node
// Writes docs/seed-bias.md: what choosing, knowing and cutting off seeds is worth (Protocol §5.3, §5.6).
// With --check it writes nothing and fails when the committed file differs.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const target = join(dirname(fileURLToPath(import.meta.url)), "..", "docs", "seed-bias.md");
const K = 5; // challenges
const TRIES = 64; // hashes for each challenge
const MISSES = 4; // a run of so many forfeits the deal (maxMissRun + 1)
const MAX_ENTRIES = 2 ** 24; // of one height
const KEPT = [0.5, 0.8, 0.9, 0.99];

/** 1 − (1 − p)^g, without losing what is small. */
const anyOf = (p, g) => -Math.expm1(g * Math.log1p(-p));
const pass = (q, g = 1) => anyOf(q ** K, g);

/** Mean number of periods until MISSES misses in a row, each period passed with chance c. */
function untilDefault(c) {
  const run = (1 - c) ** MISSES;
  return (1 - run) / (run * c);
}

/**
 * Chance of a miner with a share `a` of the proposers, at most. Only the proposer of the last block that enters the value
 * chooses knowing; its run of t slots around that one has chance t·a^t·(1−a)^2 and at most 2^t outcomes.
 */
function passRandao(q, a) {
  let chance = (1 - a) * pass(q);
  for (let t = 1; t <= 200; t++) chance += t * a ** t * (1 - a) ** 2 * pass(q, 2 ** t);
  return chance;
}
const passBlockHash = (q, a, g) => a * pass(q, g) + (1 - a) * pass(q);

/** log2 of the chance of fewer than K valid draws among TRIES·K, each valid with chance p. */
function exhausted(p) {
  const n = TRIES * K;
  let sum = 0;
  let ways = 1;
  for (let i = 0; i < K; i++) {
    sum += ways * (p / (1 - p)) ** i;
    ways = (ways * (n - i)) / (i + 1);
  }
  return Math.log2(sum) + n * Math.log2(1 - p);
}

const percent = (x) => (x > 0.99995 ? "100 %" : x < 5e-7 ? `2^${Math.log2(x).toFixed(0)}` : `${(100 * x).toPrecision(3)} %`);
const count = (x) => (x > 1e9 ? "never" : x < 10 ? x.toFixed(1) : Math.round(x).toLocaleString("en-US"));
const row = (...cells) => `| ${cells.join(" | ")} |`;
const table = (head, ...rows) => [row(...head), row(...head.map(() => "---")), ...rows.map((r) => row(...r))].join("\n");
const both = (c) => `${percent(c)}, ${count(untilDefault(c))}`;
const weight = Array.from({ length: 33 }, (_, i) => MAX_ENTRIES * 2 ** (i + 2)).reduce((a, b) => a + b);

const content = `# What seeds can be bent to

Made by \`node tools/seed-bias.mjs\`; do not edit. A market with k = ${K} challenges a period, where ${MISSES} misses in a row forfeit a deal.

## Choosing

A miner that keeps a share *q* of its bytes passes a period with chance q^${K}, and with chance 1 − (1 − q^${K})^g when it may choose among *g* seeds.

${table(["q", ...[1, 2, 4, 16, 1024].map((g) => `g = ${g}`), "g = 2^20", "g = 2^30"], ...[0.05, 0.2, ...KEPT].map((q) => [q, ...[1, 2, 4, 16, 1024, 2 ** 20, 2 ** 30].map((g) => percent(pass(q, g)))]))}

How often it passes, and how many periods go by on average until ${MISSES} misses in a row. The *share* is that of blocks it builds
(\`blockhash\`, 2^20 tries for each), or of proposers it controls (\`randao\`, at most).

${table(
  ["q", "honest seeds", "blockhash, 1 %", "blockhash, 10 %", "blockhash, 30 %", "randao, 1 %", "randao, 10 %", "randao, 30 %"],
  ...KEPT.map((q) => [q, both(pass(q)), ...[0.01, 0.1, 0.3].map((a) => both(passBlockHash(q, a, 2 ** 20))), ...[0.01, 0.1, 0.3].map((a) => both(passRandao(q, a)))]),
)}

- \`blockhash\`: a try is a change of the block (for example of \`extraData\`) and one hash of its header; one core makes half a million a second in Java, so
  millions in a slot, and nothing is thrown away. So whoever builds a challenge block passes it. What it costs is to build that block: a proposer's luck, or what it takes to
  win the auction for it.
- \`randao\`: a try is a block that is withheld, so it costs what that block would have earned, and there is one for each slot in a row.

## Knowing early

With \`randao\` and lookahead *L*, a value is known before its block, when the set can still change, only to who proposes L + 1 blocks in a row
(at that place; the chance for one period).

${table(["share of proposers", ...[1, 2, 4, 32].map((l) => `L = ${l}`)], ...[0.01, 0.1, 0.3].map((a) => [percent(a), ...[1, 2, 4, 32].map((l) => percent(a ** (l + 1)))]))}

## Reducing

- \`r = sha256(…) mod weight\`: weight is at most 2^${Math.log2(weight).toFixed(1)} (2^24 entries of each height), so no leaf is likelier than another by more than
  one part in 2^${(256 - Math.log2(weight)).toFixed(0)}; over ${K} draws the distance from uniform is below 2^-${Math.floor(256 - Math.log2((weight * K) / 4))}.
- The draw gives up after ${TRIES}·k = ${TRIES * K} hashes. By the share of draws that are valid:

${table(["valid", "chance that it gives up"], [`1/2, the least without ended entries`, `2^${exhausted(0.5).toFixed(0)}`], ...[0.25, 0.1, 0.05, 0.02].map((p) => [percent(p), percent(2 ** exhausted(p))]))}

A miner purges its ended entries (\`purge\`); what they cost is its own chance to prove.
`;

if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== content) {
    console.error("stale: docs/seed-bias.md\nrun 'node tools/seed-bias.mjs' and commit the result");
    process.exit(1);
  }
  console.log("docs/seed-bias.md agrees with tools/seed-bias.mjs");
} else {
  writeFileSync(target, content);
  console.log("docs/seed-bias.md written");
}

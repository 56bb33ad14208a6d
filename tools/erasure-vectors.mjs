#!/usr/bin/env node
// Writes client/src/test/resources/vectors/erasure.json: what docs/file-format.md (Shards) means in numbers. A second implementation,
// slow and by the text, which shares no code with the first: products bit by bit, and the matrix's rows as solutions of linear
// equations. With --check it writes nothing and fails when the committed file differs.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const target = join(dirname(fileURLToPath(import.meta.url)), "../client/src/test/resources/vectors/erasure.json");

const UNIT = 1 << 20;

/** In GF(2^8): adds a shifted by each bit of b, and takes the polynomial away whenever a grows past 8 bits. */
function product(a, b) {
  let sum = 0;
  for (; b > 0; b >>= 1) {
    if (b & 1) sum ^= a;
    a <<= 1;
    if (a & 0x100) a ^= 0x11d;
  }
  return sum;
}

const power = (a, exponent) => (exponent === 0 ? 1 : product(a, power(a, exponent - 1)));
const vandermondeRow = (r, k) => Array.from({ length: k }, (_, c) => power(r, c));

/** The quotient by trying: b times which element is a? */
function quotient(a, b) {
  for (let q = 0; q < 256; q++) if (product(q, b) === a) return q;
  throw new Error(`${a} / ${b}`);
}

/** Row x with x · T = v, T being the top of the Vandermonde matrix: equation c is the sum over i of x_i · i^c = v_c. */
function solve(v) {
  const k = v.length;
  const equations = v.map((right, c) => [...Array.from({ length: k }, (_, i) => power(i, c)), right]);
  for (let i = 0; i < k; i++) {
    const pivot = equations.findIndex((e, at) => at >= i && e[i] !== 0);
    [equations[i], equations[pivot]] = [equations[pivot], equations[i]];
    for (let below = i + 1; below < k; below++) {
      const q = quotient(equations[below][i], equations[i][i]);
      for (let j = i; j <= k; j++) equations[below][j] ^= product(q, equations[i][j]);
    }
  }
  const x = Array(k).fill(0);
  for (let i = k - 1; i >= 0; i--) {
    let rest = equations[i][k];
    for (let j = i + 1; j < k; j++) rest ^= product(equations[i][j], x[j]);
    x[i] = quotient(rest, equations[i][i]);
  }
  return x;
}

/** Blocks SHA-256("granary:" i), i in decimal from 0. */
function data(size) {
  const blocks = [];
  for (let i = 0; i * 32 < size; i++) blocks.push(createHash("sha256").update(`granary:${i}`).digest());
  return Buffer.concat(blocks).subarray(0, size);
}

/** All shards of a file. */
function shards(k, m, file) {
  const parityRows = Array.from({ length: m }, (_, p) => solve(vandermondeRow(k + p, k)));
  const units = Array.from({ length: k + m }, () => []);
  for (let at = 0; at < file.length; at += k * UNIT) {
    const stripe = file.subarray(at, at + k * UNIT);
    const unit = 32 * Math.ceil(Math.ceil(stripe.length / k) / 32);
    const filled = Buffer.concat([stripe, Buffer.alloc(k * unit - stripe.length)]);
    const ofData = Array.from({ length: k }, (_, i) => filled.subarray(i * unit, (i + 1) * unit));
    const ofParity = parityRows.map((row) => {
      const products = row.map((coefficient) => Array.from({ length: 256 }, (_, b) => product(coefficient, b)));
      return Buffer.from(ofData[0].map((_, b) => ofData.reduce((sum, bytes, i) => sum ^ products[i][bytes[b]], 0)));
    });
    [...ofData, ...ofParity].forEach((bytes, i) => units[i].push(bytes));
  }
  return { parityRows, shards: units.map((parts) => Buffer.concat(parts)) };
}

const hex = (bytes) => Buffer.from(bytes).toString("hex");

/** Small files have their shards in the vector, large ones the shards' hashes. */
function vector(k, m, size) {
  const coded = shards(k, m, data(size));
  const small = coded.shards[0].length <= 64;
  return {
    data: k,
    parity: m,
    bytes: size,
    shardBytes: coded.shards[0].length,
    ...(small ? { parityRows: coded.parityRows.map(hex), shards: coded.shards.map(hex) } : {}),
    sha256: coded.shards.map((s) => createHash("sha256").update(s).digest("hex")),
  };
}

const vectors = [
  vector(1, 0, 1),
  vector(1, 2, 33),
  vector(2, 1, 5),
  vector(3, 0, 100),
  vector(4, 2, 129),
  vector(10, 4, 320),
  vector(17, 3, 1000),
  vector(64, 64, 2000),
  vector(4, 2, 4 * UNIT + 1),
  vector(3, 2, 6 * UNIT),
  vector(2, 2, 4 * UNIT - 1),
];
const text = `${JSON.stringify(vectors, null, 1)}\n`;
if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== text) {
    console.error(`${target} is not what tools/erasure-vectors.mjs computes`);
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
console.log(`${vectors.length} vectors of erasure coding`);

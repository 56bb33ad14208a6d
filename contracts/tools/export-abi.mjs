#!/usr/bin/env node
// Writes abi/<Contract>.{abi,bin} from forge's output, so that a Java build needs no Node. abi/StorageMarket.abi is that of the
// whole market: of all the contracts behind its address.
// With --check it writes nothing and fails when the committed files are stale.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const check = process.argv.includes("--check");
/** The contracts of a market, in the order in which one passes on to the next. */
const MARKET = ["StorageMarket", "MarketTerms", "MarketFaults", "MarketExits", "MarketReads"];
const OTHERS = ["BlockHashSeed", "DevToken", "MinerRegistry", "PaymentChannels", "PrevRandaoSeed"];

const artifactOf = (name) => JSON.parse(readFileSync(join(root, "out", `${name}.sol`, `${name}.json`), "utf8"));

/** "name(type,…)" of a function, event or error. */
function signatureOf({ name, inputs }) {
  const typeOf = ({ type, components }) =>
    type.startsWith("tuple") ? `(${components.map(typeOf).join(",")})${type.slice("tuple".length)}` : type;
  return `${name}(${inputs.map(typeOf).join(",")})`;
}

/** One ABI for all parts; fails when a function is in two of them, or when IStorageMarket and the parts differ. */
function wholeMarket() {
  const common = new Set(["eip712Domain()", "paramsHash()"]);
  const entries = new Map();
  for (const part of MARKET) {
    for (const entry of artifactOf(part).abi) {
      if (entry.type === "fallback" || (entry.type === "constructor" && part !== MARKET[0])) continue;
      const key = entry.type === "constructor" ? "constructor" : `${entry.type} ${signatureOf(entry)}`;
      if (entry.type === "function" && entries.has(key) && !common.has(signatureOf(entry))) {
        throw new Error(`${part} has ${signatureOf(entry)}, which a contract before it has too: it would never be reached`);
      }
      if (!entries.has(key)) entries.set(key, entry);
    }
  }
  const functions = (abi) => abi.filter((e) => e.type === "function").map(signatureOf).filter((s) => !common.has(s));
  const promised = new Set(functions(artifactOf("IStorageMarket").abi));
  const kept = new Set(functions([...entries.values()]));
  const differences = [...promised].filter((s) => !kept.has(s)).concat([...kept].filter((s) => !promised.has(s)));
  if (differences.length > 0) throw new Error(`IStorageMarket and the contracts of the market differ in ${differences.join(", ")}`);
  return [...entries.values()];
}

const files = {};
for (const name of [...MARKET, ...OTHERS]) {
  const { abi, bytecode, metadata } = artifactOf(name);
  const bin = bytecode.object.replace(/^0x/, "");
  if (!/^[0-9a-f]+$/.test(bin)) throw new Error(`${name}: its bytecode must be linked, which nothing here does`);
  if (name !== "DevToken" && !metadata.settings.viaIR) throw new Error(`${name} is not in foundry.toml's compilation_restrictions`);
  files[`${name}.bin`] = bin;
  if (!MARKET.includes(name)) files[`${name}.abi`] = JSON.stringify(abi, null, 1) + "\n";
}
files["StorageMarket.abi"] = JSON.stringify(wholeMarket(), null, 1) + "\n";

mkdirSync(join(root, "abi"), { recursive: true });
const stale = readdirSync(join(root, "abi")).filter((file) => !(file in files));
for (const [file, content] of Object.entries(files)) {
  const path = join(root, "abi", file);
  if (!check) writeFileSync(path, content);
  else if (!existsSync(path) || readFileSync(path, "utf8") !== content) stale.push(file);
}
if (stale.length > 0) {
  console.error(
    `stale in contracts/abi: ${stale.join(", ")}\nrun 'cd contracts && npx forge build && node tools/export-abi.mjs', remove what is listed still, and commit the result`,
  );
  process.exit(1);
}
console.log(check ? "contracts/abi agrees with the Solidity sources" : "contracts/abi written");

#!/usr/bin/env node
// Writes abi/<Contract>.{abi,bin} from forge's output, so that a Java build needs no Node; and abi/<Contract>.links for a
// contract that is linked: a line "<placeholder in the bin> <library>" for each of its libraries.
// With --check it writes nothing and fails when the committed files are stale.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const check = process.argv.includes("--check");
const stale = [];
mkdirSync(join(root, "abi"), { recursive: true });

const artifactOf = (name) => JSON.parse(readFileSync(join(root, "out", `${name}.sol`, `${name}.json`), "utf8"));

/** Each library's placeholder, read from the bytecode at the places that the compiler names. */
function linksOf(name, bin, references) {
  const links = new Map();
  for (const libraries of Object.values(references)) {
    for (const [library, places] of Object.entries(libraries)) {
      for (const { start, length } of places) {
        const placeholder = bin.slice(2 * start, 2 * (start + length));
        if (!/^__\$[0-9a-f]{34}\$__$/.test(placeholder)) throw new Error(`${name}: no placeholder of ${library} at byte ${start}`);
        links.set(placeholder, library);
      }
    }
  }
  if (/[^0-9a-f]/.test([...links.keys()].reduce((code, placeholder) => code.replaceAll(placeholder, ""), bin))) {
    throw new Error(`${name}: its bytecode has placeholders that no link reference names`);
  }
  return [...links].map(([placeholder, library]) => `${placeholder} ${library}\n`).sort().join("");
}

for (const name of ["BlockHashSeed", "DealEnds", "DevToken", "Maintenance", "MinerRegistry", "PrevRandaoSeed", "Renewals", "StorageMarket"]) {
  const { abi, bytecode } = artifactOf(name);
  const bin = bytecode.object.replace(/^0x/, "");
  const links = linksOf(name, bin, bytecode.linkReferences);
  const files = {
    [`${name}.abi`]: JSON.stringify(abi, null, 1) + "\n",
    [`${name}.bin`]: bin,
    ...(links === "" ? {} : { [`${name}.links`]: links }),
  };
  for (const [file, content] of Object.entries(files)) {
    const path = join(root, "abi", file);
    if (check) {
      if (!existsSync(path) || readFileSync(path, "utf8") !== content) stale.push(`contracts/abi/${file}`);
    } else {
      writeFileSync(path, content);
    }
  }
}
if (stale.length > 0) {
  console.error(`stale: ${stale.join(", ")}\nrun 'cd contracts && npx forge build --force && node tools/export-abi.mjs' and commit the result`);
  process.exit(1);
}
console.log(check ? "contracts/abi agrees with the Solidity sources" : "contracts/abi written");

#!/usr/bin/env node
// Writes abi/<Contract>.{abi,bin} from forge's output, so that a Java build needs no Node.
// With --check it writes nothing and fails when the committed files are stale.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const check = process.argv.includes("--check");
const stale = [];
mkdirSync(join(root, "abi"), { recursive: true });
for (const name of ["BlockHashSeed", "DevToken", "MinerRegistry", "StorageMarket"]) {
  const artifact = JSON.parse(readFileSync(join(root, "out", `${name}.sol`, `${name}.json`), "utf8"));
  const files = {
    [`${name}.abi`]: JSON.stringify(artifact.abi, null, 1) + "\n",
    [`${name}.bin`]: artifact.bytecode.object.replace(/^0x/, ""),
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
  console.error(`stale: ${stale.join(", ")}\nrun 'cd contracts && npx forge build && node tools/export-abi.mjs' and commit the result`);
  process.exit(1);
}
console.log(check ? "contracts/abi agrees with the Solidity sources" : "contracts/abi written");

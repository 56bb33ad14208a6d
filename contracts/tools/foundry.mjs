#!/usr/bin/env node
// Runs forge, cast or anvil and passes on how it ended: node tools/foundry.mjs forge fmt --check
// The npm packages' own launchers end with 0 whatever happened, so a check run through npx cannot fail.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packages = join(dirname(fileURLToPath(import.meta.url)), "..", "node_modules", "@foundry-rs");

/** The native program of a tool; npm installs that of this platform only. */
export function foundry(tool) {
  const found = (existsSync(packages) ? readdirSync(packages) : [])
    .filter((name) => name.startsWith(`${tool}-`))
    .flatMap((name) => [tool, `${tool}.exe`].map((file) => join(packages, name, "bin", file)))
    .find(existsSync);
  if (found === undefined) throw new Error(`no ${tool} in contracts/node_modules: run 'cd contracts && npm ci'`);
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [tool, ...args] = process.argv.slice(2);
  process.exit(spawnSync(foundry(tool), args, { stdio: "inherit" }).status ?? 1);
}

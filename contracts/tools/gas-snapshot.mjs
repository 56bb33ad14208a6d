#!/usr/bin/env node
// Writes snapshots/<Contract>.json: the gas of every function, as test/gas measures it.
// With --check it writes nothing and fails when the committed files differ. Forge's own check (FORGE_SNAPSHOT_CHECK) passes
// over a measurement that only one side has.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { foundry } from "./foundry.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const check = process.argv.includes("--check");
const measured = join(root, "cache", "gas"); // `snapshots` in foundry.toml
const committed = join(root, "snapshots");

rmSync(measured, { recursive: true, force: true });
const run = spawnSync(foundry("forge"), ["test", "--offline", "--match-path", "test/gas/*"], { cwd: root, encoding: "utf8" });
if (run.status !== 0) {
  console.error(`${run.stdout}${run.stderr}`);
  process.exit(1);
}
const read = (dir) => {
  const gas = {};
  for (const file of existsSync(dir) ? readdirSync(dir).sort() : []) {
    for (const [name, value] of Object.entries(JSON.parse(readFileSync(join(dir, file), "utf8")))) gas[`${file}: ${name}`] = value;
  }
  return gas;
};
const [before, now] = [read(committed), read(measured)];
if (Object.keys(now).length === 0) throw new Error("test/gas measured nothing");
if (check) {
  const differences = [...new Set([...Object.keys(before), ...Object.keys(now)])].filter((name) => before[name] !== now[name]);
  if (differences.length > 0) {
    for (const name of differences) console.error(`${name}: ${before[name] ?? "not committed"} → ${now[name] ?? "not measured"}`);
    console.error("gas differs from contracts/snapshots: if it should, run 'cd contracts && node tools/gas-snapshot.mjs' and commit the result");
    process.exit(1);
  }
  console.log(`gas of ${Object.keys(now).length} calls is as committed in contracts/snapshots`);
} else {
  rmSync(committed, { recursive: true, force: true });
  mkdirSync(committed);
  for (const file of readdirSync(measured)) writeFileSync(join(committed, file), readFileSync(join(measured, file), "utf8").trimEnd() + "\n");
  console.log("contracts/snapshots written");
}

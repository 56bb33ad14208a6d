#!/usr/bin/env node
// Coverage of src/ by the unit and fuzz tests: node tools/coverage.mjs. Takes some five minutes: the contracts are compiled without
// the optimizer, in a folder of its own, so that the tests' artifacts stay. Prints lines, branches, and what no test reaches.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const contracts = join(dirname(fileURLToPath(import.meta.url)), "..");
const root = mkdtempSync(join(tmpdir(), "granary-coverage-"));
const work = join(root, "contracts");
try {
  for (const part of ["src", "test", "tools", "foundry.toml", "package.json"]) cpSync(join(contracts, part), join(work, part), { recursive: true });
  cpSync(join(contracts, "../protocol/src/test/resources/vectors"), join(root, "protocol/src/test/resources/vectors"), { recursive: true });
  symlinkSync(join(contracts, "node_modules"), join(work, "node_modules"));
  // The sizes and one expectation of gas hold for optimized code only.
  const args = ["coverage", "--offline", "--ir-minimum", "--no-match-path", "test/{invariant,gas}/*", "--no-match-test", "test_code_leavesRoom"];
  const run = spawnSync("node", ["tools/foundry.mjs", "forge", ...args, "--report", "lcov"], { cwd: work, encoding: "utf8", maxBuffer: 1 << 28 });
  const failing = run.stdout.match(/\[FAIL[^\n]*/g) ?? [];
  if (failing.length) console.log(`tests that fail without the optimizer: ${[...new Set(failing)].join("; ")}`);
  report(readFileSync(join(work, "lcov.info"), "utf8"));
} finally {
  rmSync(root, { recursive: true, force: true });
}

/** Sums up what lies in src/; a branch is one side of a condition. */
function report(lcov) {
  const all = { lines: 0, hit: 0, branches: 0, taken: 0 };
  for (const record of lcov.split("end_of_record\n")) {
    const file = record.match(/^SF:(.*)$/m)?.[1];
    if (!file?.startsWith("src/") || file.startsWith("src/dev/")) continue;
    const source = readFileSync(join(work, file), "utf8").split("\n");
    const lines = [...record.matchAll(/^DA:(\d+),(\d+)$/gm)].map(([, line, hits]) => [Number(line), Number(hits)]);
    const branches = [...record.matchAll(/^BRDA:(\d+),\d+,\d+,(\d+|-)$/gm)].map(([, line, hits]) => [Number(line), hits === "-" ? 0 : Number(hits)]);
    // Assembly is not instrumented: its lines are never counted as reached.
    const inAssembly = assemblyLines(source);
    const counted = lines.filter(([line]) => !inAssembly.has(line));
    const sides = branches.filter(([line]) => !inAssembly.has(line));
    all.lines += counted.length;
    all.hit += counted.filter(([, hits]) => hits > 0).length;
    all.branches += sides.length;
    all.taken += sides.filter(([, hits]) => hits > 0).length;
    for (const [line, hits] of counted) if (!hits) console.log(`line   ${file}:${line}: ${source[line - 1].trim()}`);
    for (const [line, hits] of sides) if (!hits) console.log(`branch ${file}:${line}: ${source[line - 1].trim()}`);
  }
  const share = (part, of) => `${part} of ${of}, ${((100 * part) / of).toFixed(1)} %`;
  console.log(`lines: ${share(all.hit, all.lines)}; branches: ${share(all.taken, all.branches)} (assembly not counted)`);
}

function assemblyLines(source) {
  const inside = new Set();
  let depth = 0;
  source.forEach((text, n) => {
    if (depth > 0 || /\bassembly\b.*\{/.test(text)) {
      inside.add(n + 1);
      depth += (text.match(/\{/g) ?? []).length - (text.match(/\}/g) ?? []).length;
    }
  });
  return inside;
}

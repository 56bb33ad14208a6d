// Fails when a refusal of the contracts has no test that expects it, or when the threat model names a test that is not there.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const read = (path) => readFileSync(path, "utf8");

function files(dir, ending) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (["node_modules", "target", "out", "cache"].includes(entry.name)) return [];
    const path = join(dir, entry.name);
    return entry.isDirectory() ? files(path, ending) : path.endsWith(ending) ? [path] : [];
  });
}

const sources = files(join(root, "contracts/src"), ".sol").map(read).join("\n");
const contractTests = files(join(root, "contracts/test"), ".sol").map(read).join("\n");
const javaTests = files(root, ".java").filter((path) => /\/(test|it)\//.test(path));
const problems = [];

// Each custom error is expected by its selector, each reason to skip an item of a batch by its name.
const errors = [...sources.matchAll(/^\s*error (\w+)\(/gm)].map((m) => m[1]);
for (const error of new Set(errors)) {
  if (!contractTests.includes(`.${error}.selector`)) problems.push(`no test in contracts/test expects the error ${error}`);
}
const reasons = sources.match(/enum SkipReason \{([^}]*)\}/)[1].matchAll(/^\s*(\w+),?/gm);
let skips = 0;
for (const [, reason] of reasons) {
  ++skips;
  if (!contractTests.includes(`SkipReason.${reason}`)) problems.push(`no test in contracts/test expects SkipReason.${reason}`);
}

// A name in the last column: Class, Class.test or Class.prefix…
const threats = read(join(root, "docs/threat-model.md")).split("\n").filter((line) => /^\| T\d+ /.test(line));
const allTests = contractTests + "\n" + javaTests.map(read).join("\n");
let named = 0;
for (const line of threats) {
  const cells = line.split(" | ");
  const [id] = line.match(/T\d+/);
  const shown = cells[cells.length - 1];
  for (const [, name] of shown.matchAll(/`([^`]+)`/g)) {
    if (name.startsWith("./")) continue;
    ++named;
    const [owner, test] = name.split(".");
    if (!new RegExp(`\\b(class|contract) ${owner.replace("…", "")}${owner.endsWith("…") ? "" : "\\b"}`).test(allTests)) {
      // A function by itself, for example an invariant.
      const fn = owner.replace("…", "");
      if (!new RegExp(`\\b${fn}${owner.endsWith("…") ? "" : "\\b"}`).test(allTests)) problems.push(`${id} names ${name}, which is not there`);
      continue;
    }
    if (test && !new RegExp(`\\b${test.replace("…", "")}${test.endsWith("…") ? "\\w*" : "\\b"}\\s*\\(`).test(allTests)) {
      problems.push(`${id} names ${name}: there is no such test`);
    }
  }
  if (!/`[^`]+`/.test(shown) && !/stated limit/.test(shown)) problems.push(`${id} names no test`);
}

for (const problem of problems) console.error(problem);
if (problems.length) process.exit(1);
console.log(`${new Set(errors).size} errors and ${skips} reasons to skip have tests; the ${named} tests that ${threats.length} threats name are there`);

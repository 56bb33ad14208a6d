#!/usr/bin/env node
// Mutation testing of the contracts: changes one thing of src/ at a time, runs the forge tests, and tells which changes no test notices.
// All changes are compiled at once, each behind a switch that one number sets (`mutant(id)`), so that a change costs only the tests
// that it takes to notice it; what a switch cannot reach (constants, modifiers) is compiled by itself with --alone. Results go
// to a file of JSON lines; what is in it for the same text is not run again, so a run can be stopped.
//
//   node tools/mutate.mjs [--files BlockHeader,Pay:17] [--sample N] [--seed S] [--minutes M] [--results FILE] [--list] [--alone]
//                         [--tests test/unit/BlockHashSeed.t.sol,…]
//
// Fuzz and invariant tests run short (MUTATE_FUZZ, MUTATE_INVARIANT runs), so what survives here may die in a full run.
import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { foundry } from "./foundry.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { values: options } = parseArgs({
  options: {
    files: { type: "string", default: "" },
    sample: { type: "string", default: "0" },
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "0" },
    results: { type: "string", default: join(root, "cache", "mutants.jsonl") },
    tests: { type: "string", default: "test/unit/*,test/fuzz/*,test/invariant/*" },
    list: { type: "boolean", default: false },
    alone: { type: "boolean", default: false },
  },
});

// ---------------------------------------------------------------- the mutants

/** The source with comments and strings blanked out, every other character in its place. */
function codeOf(source) {
  return source.replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"/g, (text) => text.replace(/[^\n]/g, " "));
}

/** Where the bracket that opens at `from` closes. */
function closing(code, from) {
  let depth = 0;
  for (let i = from; i < code.length; i++) {
    if (code[i] === "(") depth++;
    if (code[i] === ")" && --depth === 0) return i;
  }
  throw new Error("a bracket is not closed");
}

/** The expression around a change that a switch can choose: a condition, or what is assigned or returned. */
function slotOf(code, from, length) {
  const inside = (a, b) => a <= from && from + length <= b;
  // The innermost condition.
  let best;
  for (const m of code.matchAll(/\b(?:if|while) \(/g)) {
    if (m.index > from) break;
    const open = m.index + m[0].length - 1;
    const close = closing(code, open);
    if (inside(open + 1, close)) best = { from: open + 1, to: close };
  }
  if (best) return best;
  // The statement, and in it what stands behind `return` or the last `=`.
  let start = from;
  for (let depth = 0; start > 0; start--) {
    const c = code[start - 1];
    if (c === ")" ) depth++;
    if (c === "(") { if (depth === 0) return undefined; depth--; }
    if (depth === 0 && (c === ";" || c === "{" || c === "}")) break;
  }
  let end = from;
  for (let depth = 0; end < code.length; end++) {
    if (code[end] === "(") depth++;
    if (code[end] === ")") { if (depth === 0) return undefined; depth--; }
    if (depth === 0 && code[end] === ";") break;
  }
  const statement = code.slice(start, end);
  const lead = /^\s*(?:return\b|(?:[\w.\[\]()]+\s+)*[\w.\[\]()\s]+?=(?![=>]))/.exec(statement);
  if (!lead || /^\s*(if|for|while|else|emit|revert|function|event|error|using|struct|enum|contract|library|bytes32 private constant)\b/.test(statement)) {
    return undefined;
  }
  const value = { from: start + lead[0].length, to: end };
  if (!inside(value.from, value.to)) return undefined;
  // A tuple is no expression that a switch can choose; nor is a constant's value.
  if (/\bconstant\b|\bimmutable\b/.test(statement) || commas(code.slice(value.from, value.to))) return undefined;
  return value;
}

/** Whether there is a comma outside of all brackets but one pair around the whole. */
function commas(text) {
  const inner = text.trim().startsWith("(") && closing(text.trim(), 0) === text.trim().length - 1 ? text.trim().slice(1, -1) : text;
  let depth = 0;
  for (const c of inner) {
    if ("([{".includes(c)) depth++;
    if (")]}".includes(c)) depth--;
    if (c === "," && depth === 0) return true;
  }
  return false;
}

const SWAPS = [
  [/(?<![<=>])<(?![<=])/g, "<="],
  [/(?<![<])<=(?!=)/g, "<"],
  [/(?<![=>])>(?![=>])/g, ">="],
  [/(?<![>])>=/g, ">"],
  [/==/g, "!="],
  [/!=/g, "=="],
  [/&&/g, "||"],
  [/\|\|/g, "&&"],
  [/(?<=[\w)\]] )\+(?= [\w(])/g, "-"],
  [/(?<=[\w)\]] )-(?= [\w(])/g, "+"],
  [/\+=/g, "-="],
  [/-=/g, "+="],
  [/\bnonReentrant\b/g, ""],
];

function mutantsOf(file) {
  const source = readFileSync(file, "utf8");
  const code = codeOf(source);
  const found = [];
  const add = (from, length, instead, what) => {
    const line = source.slice(0, from).split("\n").length;
    const text = source.slice(0, from) + instead + source.slice(from + length);
    found.push({ file: relative(root, file), line, what, text, from, length, instead, slot: slotOf(code, from, length) });
  };
  for (const [pattern, instead] of SWAPS) {
    for (const m of code.matchAll(pattern)) add(m.index, m[0].length, instead, `${m[0]} → ${instead || "nothing"}`);
  }
  for (const m of code.matchAll(/\bif \(/g)) {
    const end = closing(code, m.index + 3) + 1;
    const refusal = /^\s*\{?\s*(revert|return)\b[^;]*;(\s*\})?/.exec(code.slice(end));
    // A refusal in braces with more after it is left alone.
    if (!refusal || refusal[0].includes("{") !== refusal[0].trimEnd().endsWith("}")) continue;
    // `else` needs something before it.
    const rest = code.slice(end + refusal[0].length);
    const what = `without its ${refusal[1]}`;
    add(m.index, end + refusal[0].length - m.index, /^\s*else\b/.test(rest) ? "if (false) {}" : "", what);
    // Behind a switch its condition is never true.
    found.at(-1).slot = { from: m.index + 4, to: end - 1, never: true };
  }
  for (const m of code.matchAll(/\bconstant [A-Z_0-9]+ =[^;]*?\b(0x[0-9a-fA-F]{1,8}|[0-9][0-9_]*)\b/g)) {
    const number = m[1];
    const more = BigInt(number.replaceAll("_", "")) + 1n;
    add(m.index + m[0].length - number.length, number.length, `${more}`, `${number} → ${more}`);
  }
  return found.sort((a, b) => a.line - b.line).map((mutant) => ({ ...mutant, id: idOf(mutant) }));
}

const idOf = ({ file, text }) => createHash("sha256").update(file).update(text).digest("hex").slice(0, 16);

function sources() {
  const wanted = options.files.split(",").filter(Boolean).map((w) => w.split(":")[0]);
  const all = readdirSync(join(root, "src"), { recursive: true }).filter((f) => f.endsWith(".sol") && !/^(interfaces|dev|types)\//.test(f));
  const chosen = wanted.length === 0 ? all : all.filter((f) => wanted.some((w) => f === w || f.endsWith(`${w}.sol`)));
  if (chosen.length === 0) throw new Error(`no file of src/ is ${options.files}`);
  return chosen.sort().map((f) => join(root, "src", f));
}

/** Whether --files names this mutant's file, and if with lines, then its line. */
function isWanted({ file, line }) {
  const naming = options.files.split(",").map((w) => w.split(":")).filter(([name]) => name && (file.endsWith(`/${name}`) || file.endsWith(`/${name}.sol`)));
  return naming.length === 0 || naming.some(([, at]) => at === undefined || Number(at) === line);
}

/** The first n of the list, shuffled by the seed. */
function sampleOf(list, n, seed) {
  const rank = ({ id }) => createHash("sha256").update(`${seed} ${id}`).digest("hex");
  return n === 0 ? list : [...list].sort((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, n);
}

// ---------------------------------------------------------------- running them

/** A copy of what forge reads, so that work can go on meanwhile; only packages are linked. */
function copy() {
  const top = mkdtempSync(join(tmpdir(), "granary-mutants-"));
  const dir = join(top, "contracts");
  mkdirSync(dir);
  for (const name of ["src", "test", "tools", "foundry.toml", "package.json", "out", "cache"]) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(dir, name), { recursive: true, preserveTimestamps: true });
  }
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  const vectors = "protocol/src/test/resources/vectors";
  cpSync(join(root, "..", vectors), join(top, vectors), { recursive: true });
  return { top, dir };
}

const environment = {
  ...process.env,
  // A mutant may leave a name unused; the linters have their own test.
  FOUNDRY_DENY: "never",
  FOUNDRY_LINT_LINT_ON_BUILD: "false",
  FOUNDRY_FUZZ_RUNS: process.env.MUTATE_FUZZ ?? "48",
  FOUNDRY_INVARIANT_RUNS: process.env.MUTATE_INVARIANT ?? "6",
};

/** src/ with every switchable mutant in it, chosen by `block.coinbase`, which nothing here reads otherwise. */
function writeSwitches(dir, mutants) {
  writeFileSync(
    join(dir, "src", "Mutant.sol"),
    `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

function mutant(uint256 id) pure returns (bool) {
    return asPure(isChosen)(id);
}

function isChosen(uint256 id) view returns (bool) {
    return uint160(address(block.coinbase)) == id;
}

function asPure(function(uint256) view returns (bool) f) pure returns (function(uint256) pure returns (bool) g) {
    assembly ("memory-safe") {
        g := f
    }
}
`,
  );
  for (const file of new Set(mutants.map((m) => m.file))) {
    let source = readFileSync(join(root, file), "utf8");
    const slots = new Map();
    for (const m of mutants.filter((one) => one.file === file)) {
      const key = `${m.slot.from} ${m.slot.to}`;
      slots.set(key, [...(slots.get(key) ?? []), m]);
    }
    // From the last to the first, so that places stay. No slot lies within another.
    for (const own of [...slots.values()].sort((a, b) => b[0].slot.from - a[0].slot.from)) {
      const { from, to } = own[0].slot;
      const original = source.slice(from, to);
      let expression = `(${original})`;
      for (const m of own) {
        const changed = m.slot.never ? "false" : source.slice(from, m.from) + m.instead + source.slice(m.from + m.length, to);
        expression = `(mutant(${m.number}) ? (${changed}) : ${expression})`;
      }
      source = `${source.slice(0, from)} ${expression}${source.slice(to)}`;
    }
    const up = "../".repeat(file.split("/").length - 2) || "./";
    source = source.replace(/^(pragma solidity [^\n]*\n)/m, `$1\nimport {mutant} from "${up}Mutant.sol";\n`);
    writeFileSync(join(dir, file), source);
  }
}

function outcomeOf(dir, number = 0) {
  // The quick ones come first: most mutants die there.
  for (const path of options.tests.split(",")) {
    // Switches make the contracts larger than what may be deployed.
    const args = ["test", "--offline", "--fail-fast", "--match-path", path, "--no-match-test", "test_code_leavesRoom"];
    const run = spawnSync(foundry("forge"), args, {
      cwd: dir, env: { ...environment, FOUNDRY_BLOCK_COINBASE: `0x${number.toString(16).padStart(40, "0")}` }, encoding: "utf8", timeout: 600_000, maxBuffer: 1 << 28,
    });
    const said = `${run.stdout}${run.stderr}`;
    if (run.error) return { outcome: "killed", by: `did not end: ${run.error.code}` };
    if (/Compiler run failed|^Error: .*solar|^Error \(\d+\)/m.test(said)) return { outcome: "uncompilable", by: said.slice(0, 2000) };
    if (run.status !== 0) return { outcome: "killed", by: /\[FAIL[^\n]*?\] (\w+)/.exec(said)?.[1] ?? said.trim().split("\n").at(-1) };
  }
  return { outcome: "survived" };
}

// A slot within another cannot be switched: its mutants are run alone.
const all = sources().flatMap(mutantsOf);
for (const m of all) {
  const nested = m.slot && all.some((o) => o.file === m.file && o.slot && (o.slot.from !== m.slot.from || o.slot.to !== m.slot.to) && o.slot.from <= m.slot.from && m.slot.to <= o.slot.to);
  if (nested || (m.slot && m.what.startsWith("nonReentrant"))) m.slot = undefined;
}
const switched = all.filter((m) => m.slot);
switched.forEach((m, n) => (m.number = n + 1));
const mutants = sampleOf(all.filter((m) => Boolean(m.slot) !== options.alone && isWanted(m)), Number(options.sample), options.seed);
if (options.list) {
  for (const m of mutants) console.log(`${m.file}:${m.line}  ${m.what}`);
  process.exit(0);
}
const known = new Map();
if (existsSync(options.results)) {
  for (const line of readFileSync(options.results, "utf8").split("\n").filter(Boolean)) known.set(JSON.parse(line).id, JSON.parse(line));
}
const limit = Number(options.minutes) === 0 ? Infinity : Date.now() + Number(options.minutes) * 60_000;
const { top, dir } = copy();
process.on("exit", () => rmSync(top, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));
if (!options.alone) writeSwitches(dir, switched);
const unchanged = outcomeOf(dir);
if (unchanged.outcome !== "survived") throw new Error(`the tests fail without any change: ${JSON.stringify(unchanged)}`);

const results = [];
for (const { text, from, length, instead, slot, number, ...mutant } of mutants) {
  let result = known.get(mutant.id);
  if (!result) {
    if (Date.now() > limit) break;
    if (slot) {
      result = { ...mutant, ...outcomeOf(dir, number) };
    } else {
      const path = join(dir, mutant.file);
      const original = readFileSync(path, "utf8");
      writeFileSync(path, text);
      result = { ...mutant, ...outcomeOf(dir) };
      writeFileSync(path, original);
    }
    mkdirSync(dirname(options.results), { recursive: true });
    appendFileSync(options.results, `${JSON.stringify(result)}\n`);
  }
  results.push(result);
  console.log(`${result.outcome.padEnd(12)} ${mutant.file}:${mutant.line}  ${mutant.what}${result.by ? `  (${result.by})` : ""}`);
}
const of = (outcome) => results.filter((r) => r.outcome === outcome);
console.log(`\n${results.length} of ${mutants.length} mutants: ${of("killed").length} killed, ${of("survived").length} survived, ${of("uncompilable").length} uncompilable`);
for (const r of of("survived")) console.log(`survived: ${r.file}:${r.line}  ${r.what}`);
process.exit(of("survived").length > 0 ? 3 : 0);

#!/usr/bin/env node
// Fails when code or docs cite a section ("Protocol §5.3") that docs/protocol.md does not have.
import { readFileSync } from "node:fs";
import { execFileSync } from "node:child_process";

const protocol = readFileSync("docs/protocol.md", "utf8");
const sections = new Set([...protocol.matchAll(/^#+ §([0-9.]+)/gm)].map((m) => m[1].replace(/\.$/, "")));
const files = execFileSync("git", ["ls-files", "-z", "*.java", "*.sol", "*.proto", "*.md"], { encoding: "utf8", maxBuffer: 1 << 26 })
  .split("\0")
  .filter(Boolean);
let cited = 0;
const dangling = [];
for (const file of files) {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    continue; // deleted, not yet committed
  }
  for (const match of text.matchAll(/Protocol\s+§([0-9]+(?:\.[0-9]+)?)((?:(?:,| to| and)\s+§[0-9]+(?:\.[0-9]+)?)*)/g)) {
    for (const section of [match[1], ...[...match[2].matchAll(/§([0-9.]+)/g)].map((m) => m[1].replace(/\.$/, ""))]) {
      cited++;
      if (!sections.has(section)) dangling.push(`${file}: Protocol §${section}`);
    }
  }
}
if (dangling.length > 0) {
  console.error(`docs/protocol.md has no such section:\n${dangling.join("\n")}`);
  process.exit(1);
}
console.log(`${cited} citations of docs/protocol.md, all of existing sections`);

/**
 * Holds the documents to the repository: links resolve, the call chains name functions that exist, and
 * the documents that use our own terms link to the glossary.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

const text = (file: string) => readFileSync(file, "utf8");
const DOCUMENTS = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
  { encoding: "utf8" },
)
  .split("\n")
  .filter((file) => file !== "" && existsSync(file));

/** The anchor that GitHub makes of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[`*]/g, "")
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(" ", "-");
}

function anchorsOf(file: string): string[] {
  return [...text(file).matchAll(/^#+\s+(.*)$/gm)].map(([, heading = ""]) => anchorOf(heading));
}

/** Links of a document that lead nowhere. */
function brokenLinks(file: string): string[] {
  const links = [...text(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  return links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? file : normalize(join(dirname(file), path));
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    })
    .map((link) => `${file}: ${link}`);
}

/** Functions that a document names as `name` in `file` and that the file does not define. */
function missingFunctions(document: string): string[] {
  const named = [...document.matchAll(/`([#\w]+)` in `([\w./-]+)`/g)];
  return named
    .filter(([, name = "", file = ""]) => {
      if (!existsSync(file)) return true;
      return !new RegExp(`(?<![\\w#])${name}\\s*\\(`).test(text(file));
    })
    .map(([, name, file]) => `${name} in ${file}`);
}

test("every link in the documents resolves", () => {
  expect(DOCUMENTS.length).toBeGreaterThan(10);
  expect(DOCUMENTS.flatMap(brokenLinks)).toEqual([]);
});

test("the call chains name functions that exist", () => {
  const page = text("docs/ARCHITECTURE.md");
  expect([...page.matchAll(/`[#\w]+` in `/g)].length).toBeGreaterThan(40);
  expect(missingFunctions(page)).toEqual([]);
  const gone = "`#vanish` in `host-sim/sim/runtime.ts`";
  expect(missingFunctions(gone)).toEqual(["#vanish in host-sim/sim/runtime.ts"]);
});

test("the documents with terms of our own link to the glossary", () => {
  const own = ["README.md", ...DOCUMENTS.filter((file) => /^docs\/[A-Z_]+\.md$/.test(file))];
  const silent = own.filter(
    (file) => file !== "docs/GLOSSARY.md" && !/GLOSSARY\.md/.test(text(file)),
  );
  // docs/ABI.md and docs/PROBE.md are generated tables.
  expect(silent.filter((file) => !["docs/ABI.md", "docs/PROBE.md"].includes(file))).toEqual([]);
});

/** Rows of docs/FIELD.md with a verdict that lacks what it needs: a public reference, and for "Fixed" a test. */
function unfoundedVerdicts(page: string): string[] {
  const rows = [
    ...page.matchAll(/^\| (.*) \| (.*) \| (\*\*(?:Fixed|Not affected|Open)\*\*.+) \|$/gm),
  ];
  return rows
    .filter(([, report = "", , verdict = ""]) => {
      const isPublic = /\]\(https:\/\/[^)]+\)/.test(report);
      const hasTest = /\]\(\.\.\/tests\/[^)]+\.(test\.ts|yaml)\)/.test(verdict);
      return !isPublic || (verdict.startsWith("**Fixed**") && !hasTest);
    })
    .map(([, report = ""]) => report);
}

test("docs/FIELD.md cites a public report in every row, and a test for what is fixed", () => {
  const page = text("docs/FIELD.md");
  expect([...page.matchAll(/^\| \[.*\*\*(Fixed|Not affected|Open)\*\*/gm)].length).toBeGreaterThan(
    30,
  );
  expect(unfoundedVerdicts(page)).toEqual([]);
  const untested =
    "| [a/b#1](https://github.com/a/b/issues/1) | It broke. | **Fixed**: believe us |";
  expect(unfoundedVerdicts(untested)).toHaveLength(1);
  expect(unfoundedVerdicts("| a friend | It broke. | **Open**: yes |")).toEqual(["a friend"]);
});

/** Checks that the tests that docs/EVIDENCE.md names by file and title exist. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const text = readFileSync("docs/EVIDENCE.md", "utf8");
/** Rows name a file as `path` and a test as `path: title`. */
const named = [...text.matchAll(/`((?:tests|host-sim|boards|docs)\/[^`:]+)(?:: ([^`]+))?`/g)].map(
  ([, path = "", title]) => ({ path, title }),
);

test("docs/EVIDENCE.md names more than ten pieces of evidence", () => {
  expect(named.length).toBeGreaterThan(10);
});

test.each(named)("$path: $title", ({ path, title }) => {
  expect(existsSync(path)).toBe(true);
  if (title !== undefined) expect(readFileSync(path, "utf8")).toContain(title);
});

test("docs/EVIDENCE.md claims no conformity", () => {
  expect(text).not.toMatch(/\b(certified|compliant|conforms)\b/i);
});

/** Documents and clauses, with their numbers or names as in the published texts. */
const CLAUSES: Record<string, string[]> = {
  "EU CRA Annex I part I (2)": [..."abcdefghijklm"].map((letter) => `(${letter})`),
  "ETSI EN 303 645": ["5.6-1", "5.9-1", "5.9-2", "5.9-3"],
  "EN 18031-1 and EN 18031-2": [
    ...["ACM", "AUM", "SUM-1", "SUM-2", "SUM-3"],
    ...["SSM", "SCM-4", "GEC-1", "GEC-3"],
  ],
  "NIST SP 800-213A": [
    "Interface Control",
    "Secure Resource Usage",
    "Secure Device Operation",
    "Event Identification and Monitoring",
    "Update Application Support",
  ],
  "NIST SP 800-53 revision 5": ["SC-15(1)", "AC-18(3)"],
  "RFC 9124/9019 (SUIT)": ["THREAT.IMG.EXPIRED.OFFLINE"],
  "RFC 9052 (COSE)": ["COSE"],
};

test("docs/EVIDENCE.md names exactly these documents and clauses", () => {
  const parts = text.split("\n## ").slice(1, -1);
  const found = parts.map((part) => {
    const rows = [...part.matchAll(/^\| ([^|]+?) \|/gm)].map(([, clause = ""]) => clause);
    return [part.split("\n")[0], rows.filter((row) => row !== "clause" && row !== "---")];
  });
  expect(Object.fromEntries(found)).toEqual(CLAUSES);
});

test("docs/EVIDENCE.md names evidence in every row", () => {
  const rows = text.split("\n").filter((line) => /^\| .*( \|.*){4}$/.test(line));
  const clauses = rows.filter((row) => !row.startsWith("| clause |") && !row.startsWith("| --- |"));
  expect(clauses).toHaveLength(Object.values(CLAUSES).flat().length);
  expect(clauses.filter((row) => !/`(tests|docs)\/[^`]+` \|$/.test(row))).toEqual([]);
});

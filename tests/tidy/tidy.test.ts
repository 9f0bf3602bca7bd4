/**
 * Checks the project rules: allowed imports, sizes of files and functions, opening comments, and
 * where time and randomness may be read.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { type Arrow, arrowsAgainst, circles, LAYERS } from "./layers.ts";

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;
const ARCHITECTURE_LINES_MAX = 120;

/** Files that may read a clock, set a timer or draw randomness directly, by prefix; one holds a script for browsers. */
const IMPURE = [
  "host-sim/base/clock.ts",
  "host-sim/cli/",
  "host-sim/gateway/page-assets.ts",
  "tests/",
];
const IMPURITY = /\b(Date\.now|Math\.random|setTimeout|setInterval|performance\.now)\b/;

const SOURCE = /\.(ts|c|h|js)$/;
const GENERATED = /\.gen\.(ts|h)$/;

function tracked(): string[] {
  const list = ["ls-files", "--cached", "--others", "--exclude-standard"];
  const files = execFileSync("git", list, { encoding: "utf8" }).split("\n");
  return files.filter((file) => SOURCE.test(file) && !GENERATED.test(file) && existsSync(file));
}

const FILES = tracked();
const text = (file: string) => readFileSync(file, "utf8");
const codeOf = (source: string) => source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");

/** The imports of a file from files of this repository. AssemblyScript's have no ending. */
function arrowsOf(file: string): Arrow[] {
  const found = ts.preProcessFile(text(file), true, true).importedFiles;
  return found
    .filter(({ fileName }) => fileName.startsWith("."))
    .map(({ fileName }) => ({ file, target: normalize(join(dirname(file), fileName)) }));
}

const ARROWS = FILES.filter((name) => /\.(ts|js)$/.test(name)).flatMap(arrowsOf);

/** The functions of a TypeScript or AssemblyScript file that are too long, with their lengths. */
function longFunctions(file: string): string[] {
  const source = ts.createSourceFile(file, text(file), ts.ScriptTarget.ES2022, true);
  const long: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined) {
      const first = source.getLineAndCharacterOfPosition(node.getStart()).line;
      const last = source.getLineAndCharacterOfPosition(node.end).line;
      if (last - first + 1 > FUNCTION_LINES_MAX)
        long.push(`${file}:${first + 1} ${last - first + 1} lines`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return long;
}

describe("project rules", () => {
  it("imports only from folders that the table of layers allows", () => {
    expect(arrowsAgainst(LAYERS, ARROWS)).toEqual([]);
  });

  it("names both files of an import against the table", () => {
    const file = "host-sim/base/clock.ts";
    const target = "host-sim/cli/main.ts";
    expect(arrowsAgainst(LAYERS, [{ file, target }])).toEqual([
      `${file} -> ${target} (host-sim/base/ may import host-sim/base/)`,
    ]);
    const stray = { file: "host-sim/stray.ts", target };
    expect(arrowsAgainst(LAYERS, [stray])[0]).toContain("no layer has the folder");
  });

  it("has no circle of imports", () => {
    expect(circles(ARROWS)).toEqual([]);
    const there = { file: "a.ts", target: "b.ts" };
    const back = { file: "b.ts", target: "a.ts" };
    expect(circles([there, back])).toEqual(["a.ts -> b.ts -> a.ts"]);
  });

  it("starts every file with a comment", () => {
    const uncommented = FILES.filter((file) => !/^(#!.*\n)?\s*(\/\*|\/\/|;;)/.test(text(file)));
    expect(uncommented).toEqual([]);
  });

  it(`has no file of more than ${FILE_LINES_MAX} lines`, () => {
    const long = FILES.filter((file) => text(file).split("\n").length > FILE_LINES_MAX + 1);
    expect(long).toEqual([]);
  });

  it(`has no function of more than ${FUNCTION_LINES_MAX} lines`, () => {
    const sources = FILES.filter((file) => file.endsWith(".ts") && !file.startsWith("tests/"));
    expect(sources.flatMap(longFunctions)).toEqual([]);
  });

  it("reads time and randomness only in the files that may", () => {
    const hosts = FILES.filter((file) => file.startsWith("host-sim/"));
    const pure = hosts.filter((file) => !IMPURE.some((prefix) => file.startsWith(prefix)));
    expect(pure.filter((file) => IMPURITY.test(codeOf(text(file))))).toEqual([]);
  });

  it("names a board only in its own folder", () => {
    const boards = readdirSync("boards").filter((name) =>
      existsSync(join("boards", name, "board.json")),
    );
    expect(boards.length).toBeGreaterThan(0);
    const shared = FILES.filter((file) => /^(firmware|host-sim|boards\/runtime)\//.test(file));
    const named = shared.flatMap((file) =>
      boards
        .filter((board) => codeOf(text(file)).includes(`"${board}"`))
        .map((board) => `${file}: ${board}`),
    );
    expect(named).toEqual([]);
  });

  it("has no marker of unfinished work", () => {
    const marker = new RegExp(
      `\\b(${["TO", "FIX"].map((word) => `${word}${word === "TO" ? "DO" : "ME"}`).join("|")})\\b`,
    );
    expect(FILES.filter((file) => marker.test(text(file)))).toEqual([]);
  });

  it.each(["package-lock.json", "docs/site/package-lock.json"])(
    "%s locks the optional packages of every platform, so that npm ci works on each",
    (lock) => {
      type Entry = { optionalDependencies?: Record<string, string> };
      const { packages } = JSON.parse(text(lock)) as {
        packages: Record<string, Entry>;
      };
      const locked = new Set(
        Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, "")),
      );
      const optional = Object.values(packages).flatMap((entry) =>
        Object.keys(entry.optionalDependencies ?? {}),
      );
      expect(optional.length).toBeGreaterThan(0);
      expect(optional.filter((name) => !locked.has(name))).toEqual([]);
    },
  );

  it(`has no more than ${ARCHITECTURE_LINES_MAX} lines in docs/ARCHITECTURE.md`, () => {
    expect(text("docs/ARCHITECTURE.md").split("\n").length).toBeLessThanOrEqual(
      ARCHITECTURE_LINES_MAX,
    );
  });
});

/**
 * Writes the committed outputs of the circuit: `npx tsx boards/two-chip/circuit/generate.ts`. A test checks
 * that they are up to date.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildOutputs, type Outputs } from "./build.ts";
import { TWO_CHIP } from "./circuit.ts";
import { verdict } from "./claims.ts";
import { startEngine } from "./engine.ts";

/**
 * board.json with the computed fields. Its other fields, which the circuit does not determine, are
 * kept, and so is its formatting if no field changed.
 */
function mergedBoardJson(computed: string): string {
  const text = readFileSync(new URL("../board.json", import.meta.url), "utf8");
  const committed = JSON.parse(text);
  const merged = { ...committed, ...JSON.parse(computed) };
  if (JSON.stringify(merged) === JSON.stringify(committed)) return text;
  return `${JSON.stringify(merged, null, 2)}\n`;
}

/** Outputs that belong in the board's folder; the others are beside this file. */
const BOARD_FILES = new Set(["board.json", "README.md"]);

/** The committed files: path relative to this folder, and content. */
export function committedFiles(outputs: Outputs): Map<string, string> {
  return new Map([
    ...Object.entries(outputs.drawings).map(([name, drawing]): [string, string] => [
      `${name}.svg`,
      drawing,
    ]),
    ...Object.entries(outputs.texts).map(([name, content]): [string, string] => [
      BOARD_FILES.has(name) ? `../${name}` : name,
      content,
    ]),
    ["../board.json", mergedBoardJson(outputs.texts["board.json"] ?? "{}")],
    ...Object.entries(outputs.pages).map(([name, page]): [string, string] => [
      `../../../docs/${name}`,
      page,
    ]),
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outputs = await buildOutputs(await startEngine(), TWO_CHIP, {
    full: false,
    progress: () => undefined,
  });
  const failed = outputs.proof.claims.filter((claim) => !claim.holds);
  for (const claim of failed) console.error(verdict(claim));
  if (failed.length > 0) process.exit(1);
  for (const [name, content] of committedFiles(outputs)) {
    const file = new URL(name, import.meta.url);
    mkdirSync(new URL(".", file), { recursive: true });
    writeFileSync(file, content);
  }
  console.log(
    `${committedFiles(outputs).size} files written, ${outputs.proof.claims.length} claims hold`,
  );
  process.exit(0);
}

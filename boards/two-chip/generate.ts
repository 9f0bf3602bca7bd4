/**
 * Writes the committed outputs: `tsx boards/two-chip/generate.ts`. A test checks them against drift.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildOutputs, type Outputs } from "./build.ts";
import { TWO_CHIP } from "./circuit.ts";
import { verdict } from "./claims.ts";
import { startEngine } from "./engine.ts";

/** Committed files of the outputs: path relative to this folder -> content. */
export function committedFiles(outputs: Outputs): Map<string, string> {
  return new Map([
    ...Object.entries(outputs.drawings).map(([name, drawing]): [string, string] => [
      `${name}.svg`,
      drawing,
    ]),
    ...Object.entries(outputs.texts),
    ["../../docs/PROBE.md", outputs.probePage],
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outputs = await buildOutputs(await startEngine(), TWO_CHIP, {
    full: false,
    progress: () => undefined,
  });
  const fallen = outputs.proof.claims.filter((claim) => !claim.holds);
  for (const claim of fallen) console.error(verdict(claim));
  if (fallen.length > 0) process.exit(1);
  for (const [name, content] of committedFiles(outputs)) {
    writeFileSync(new URL(name, import.meta.url), content);
  }
  console.log(
    `${committedFiles(outputs).size} files written, ${outputs.proof.claims.length} claims hold`,
  );
  process.exit(0);
}

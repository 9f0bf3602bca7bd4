/** The board's functions for the commands `killswitch board` and `killswitch commission`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { TWO_CHIP } from "./circuit/circuit.ts";
import type { Claim } from "./circuit/claims.ts";
import probes from "./circuit/probe.json" with { type: "json" };
import { type CommissionTable, commissionText } from "./circuit/probe.ts";

export { type Claim, verdict } from "./circuit/claims.ts";
export type { CommissionTable } from "./circuit/probe.ts";
export { CircuitError } from "./circuit/table.ts";

export interface BoardOptions {
  /** Folder for the outputs; created if it does not exist. */
  out: string;
  /** Checks every pin state and a switch-off under every fault. Takes minutes, not seconds. */
  full: boolean;
  progress: (done: number, total: number, label: string) => void;
}

/**
 * Runs the proof and writes the outputs. A claim that does not hold is returned with `holds` false.
 * Throws CircuitError for a bad table or a refused netlist.
 */
export async function runBoard(
  options: BoardOptions,
): Promise<{ claims: Claim[]; files: string[] }> {
  // Loaded here, because the engine has 20 MB and other commands do not need it.
  const [{ startEngine }, { buildOutputs }, { png }] = await Promise.all([
    import("./circuit/engine.ts"),
    import("./circuit/build.ts"),
    import("./circuit/png.ts"),
  ]);
  const outputs = await buildOutputs(await startEngine(), TWO_CHIP, options);
  const files: string[] = [];
  const write = (name: string, content: string | Uint8Array): void => {
    const file = join(options.out, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    files.push(file);
  };
  for (const [name, drawing] of Object.entries(outputs.drawings)) {
    write(`${name}.svg`, drawing);
    write(`${name}.png`, png(drawing, 1800));
  }
  for (const [name, content] of Object.entries(outputs.texts)) write(name, content);
  return { claims: outputs.proof.claims, files };
}

/** The points to measure and their expected readings. Only renderCommission uses the options. */
export function runCommission(_options: { json: boolean }): CommissionTable {
  return probes as unknown as CommissionTable;
}

/** The table as JSON, or as text for a terminal. */
export function renderCommission(table: CommissionTable, options: { json: boolean }): string {
  return options.json ? `${JSON.stringify(table, null, 2)}\n` : commissionText(table);
}

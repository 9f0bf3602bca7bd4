/**
 * Runs a SPICE netlist in ngspice compiled to WebAssembly, and refuses what it silently dropped.
 * Must not know the circuit.
 */
import { Simulation } from "eecircuit-engine";
import { CircuitError } from "./table.ts";

/** One run: the swept quantity (state number or seconds) and voltages by node name. */
export interface Waves {
  axis: number[];
  /** Voltages of a node, one for each point of the axis. Throws CircuitError for an unknown node. */
  of: (node: string) => number[];
}

export type Engine = (netlist: string) => Promise<Waves>;

/** Names the first line of a netlist in an error. */
function titleOf(netlist: string): string {
  return netlist.slice(0, netlist.indexOf("\n"));
}

/** Builds waves out of an axis and named columns; ground reads 0. */
export function waves(title: string, axis: number[], columns: Map<string, number[]>): Waves {
  return {
    axis,
    of: (node) => {
      if (node === "0") return axis.map(() => 0);
      const values = columns.get(node);
      if (values === undefined) {
        throw new CircuitError(`${title}: no node "${node}" in the result; check the net's name`);
      }
      return values;
    },
  };
}

/** What came back of a run. */
export interface Answer {
  header: string;
  axis: readonly number[];
  /** What the engine wrote to its error stream, line by line. */
  complaints: readonly string[];
}

/**
 * Throws CircuitError unless the answer is that of the netlist: no error, no ignored line, not the
 * engine's table of constants, and as many points, or as long a run, as asked for.
 */
export function checkAnswer(netlist: string, { header, axis, complaints }: Answer): void {
  const title = titleOf(netlist);
  const fatal = complaints.some((line) => /error|ignored|singular|aborted/i.test(line));
  if (fatal || /Plotname: constants/.test(header)) {
    const reason = complaints.join(" | ") || "no reason given";
    throw new CircuitError(
      `${title}: the engine refused the netlist (${reason}); correct the part it names`,
    );
  }
  const sweep = /^\.dc \S+ (\S+) (\S+) 1$/m.exec(netlist);
  const points = sweep === null ? 1 : Number(sweep[2]) - Number(sweep[1]) + 1;
  const until = Number(/^\.tran \S+ (\S+)m /m.exec(netlist)?.[1] ?? 0) / 1000;
  const last = axis.at(-1) ?? Number.NaN;
  if (axis.length < points || (until > 0 && !(last >= until * 0.9999))) {
    throw new CircuitError(
      `${title}: the engine stopped after ${axis.length} points at ${last}; asked for ${points} points, ${until} s`,
    );
  }
}

/**
 * Starts the engine. The function it returns runs one netlist after another; it throws CircuitError
 * when the engine reports an error, ignores a line, answers with its table of constants (its way of
 * refusing a netlist), or returns fewer points than asked for.
 */
export async function startEngine(): Promise<Engine> {
  const simulation = new Simulation();
  await simulation.start();
  return async (netlist) => {
    const title = titleOf(netlist);
    simulation.setNetList(netlist);
    // The engine prints its errors as it collects them; checkAnswer reports them instead.
    const printed = console.error;
    console.error = () => undefined;
    const result = await simulation.runSim().finally(() => {
      console.error = printed;
    });
    const columns = new Map<string, number[]>();
    for (const { name, values } of result.data) {
      const reals = values.map((value) => (typeof value === "number" ? value : value.real));
      columns.set(name.replace(/^v\((.*)\)$/, "$1"), reals);
    }
    const [axis] = columns.values();
    const complaints = simulation.getError().filter((line) => line.trim() !== "");
    checkAnswer(netlist, { header: result.header, axis: axis ?? [], complaints });
    return waves(title, axis ?? [], columns);
  };
}

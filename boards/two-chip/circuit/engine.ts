/**
 * Runs a SPICE netlist in ngspice compiled to WebAssembly, and detects the errors that ngspice does
 * not return: ignored lines, refused netlists, incomplete results.
 */
import { Simulation } from "eecircuit-engine";
import { CircuitError } from "./table.ts";

/** The result of one run: the swept quantity (state number or seconds) and the node voltages. */
export interface Waves {
  axis: number[];
  /**
   * The voltages of a node, one for each point of the axis. Throws CircuitError for an unknown
   * node.
   */
  of: (node: string) => number[];
}

export type Engine = (netlist: string) => Promise<Waves>;

/** The title of a netlist (its first line), for error messages. */
function titleOf(netlist: string): string {
  return netlist.slice(0, netlist.indexOf("\n"));
}

/** Makes Waves from an axis and named columns. Ground is 0 V. */
export function waves(title: string, axis: number[], columns: Map<string, number[]>): Waves {
  return {
    axis,
    of: (node) => {
      if (node === "0") return axis.map(() => 0);
      const values = columns.get(node);
      if (values === undefined) {
        throw new CircuitError(`${title}: the result has no node "${node}"; check the net's name`);
      }
      return values;
    },
  };
}

/** The engine's raw result. */
export interface EngineResult {
  header: string;
  axis: readonly number[];
  /** Lines that the engine wrote to its error stream. */
  errors: readonly string[];
}

/**
 * Throws CircuitError unless the result is a complete one of the netlist: no error, no ignored
 * line, not the engine's table of constants (its result for a refused netlist), and all requested
 * points or time.
 */
export function checkResult(netlist: string, { header, axis, errors }: EngineResult): void {
  const title = titleOf(netlist);
  const fatal = errors.some((line) => /error|ignored|singular|aborted/i.test(line));
  if (fatal || /Plotname: constants/.test(header)) {
    const reason = errors.join(" | ") || "no reason given";
    throw new CircuitError(
      `${title}: the engine refused the netlist (${reason}); correct the part that it names`,
    );
  }
  const sweep = /^\.dc \S+ (\S+) (\S+) 1$/m.exec(netlist);
  const points = sweep === null ? 1 : Number(sweep[2]) - Number(sweep[1]) + 1;
  const until = Number(/^\.tran \S+ (\S+)m /m.exec(netlist)?.[1] ?? 0) / 1000;
  const last = axis.at(-1) ?? Number.NaN;
  if (axis.length < points || (until > 0 && !(last >= until * 0.9999))) {
    throw new CircuitError(
      `${title}: the engine stopped after ${axis.length} points at ${last}; requested: ${points} points, ${until} s`,
    );
  }
}

/**
 * Starts the engine. The returned function runs a netlist; it throws CircuitError as checkResult
 * does.
 */
export async function startEngine(): Promise<Engine> {
  const simulation = new Simulation();
  await simulation.start();
  return async (netlist) => {
    const title = titleOf(netlist);
    simulation.setNetList(netlist);
    // The engine prints its errors to the console. Suppressed, because checkResult reports them.
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
    const errors = simulation.getError().filter((line) => line.trim() !== "");
    checkResult(netlist, { header: result.header, axis: axis ?? [], errors });
    return waves(title, axis ?? [], columns);
  };
}

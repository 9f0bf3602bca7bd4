/** Builds all outputs of a circuit in memory: proof, drawings, tables, netlists and pages. */
import { bomCsv } from "./bom.ts";
import { breadboard } from "./breadboard-picture.ts";
import { buildPage } from "./build-page.ts";
import { LIMITS } from "./circuit.ts";
import type { Engine } from "./engine.ts";
import type { Proof, ProofOptions } from "./experiments.ts";
import { kicadNetlist, PICO_FOOTPRINT, picoFootprint } from "./kicad.ts";
import { boardJson, GENERATED, probePage, readme } from "./pages.ts";
import { plot } from "./plot.ts";
import { type CommissionTable, probeTable } from "./probe.ts";
import { prove } from "./proof.ts";
import { schematic } from "./schematic.ts";
import { netlist } from "./spice.ts";
import type { Circuit } from "./table.ts";

export interface Outputs {
  proof: Proof;
  probes: CommissionTable;
  /** SVG drawings, by file name without extension. */
  drawings: Record<string, string>;
  /** Other files by name. */
  texts: Record<string, string>;
  /** Pages for docs/, by file name. */
  pages: Record<string, string>;
}

const BROWN_OUT = [LIMITS.brownOutV, `brown-out ${LIMITS.brownOutV} V`] as const;
const DEAD = [LIMITS.deadV, `dead ${LIMITS.deadV} V`] as const;

function plots({ curves }: Proof): Record<string, string> {
  const volts = { y: [0, 3.6] as const };
  return {
    cut: plot({
      ...volts,
      title: "Switch-off: the radio's supply",
      subtitle:
        "One clean opening, KILL throw never reached: only the bleed R2 discharges the rail.",
      xLabel: "ms after the contact opens",
      x: [-1, 30],
      xStep: 5,
      curves: curves.cut.map((curve) => ({
        ...curve,
        name:
          { tx: "transmitting, 350 mA", rx: "receiving, 80 mA", sleep: "deep sleep" }[curve.name] ??
          curve.name,
      })),
      levels: [BROWN_OUT, DEAD],
    }),
    bounce: plot({
      ...volts,
      title: "Switch-off with bounce on both throws",
      subtitle:
        "5 ms of bounce, 3 ms of travel, 5 ms of bounce on the KILL throw; capacitors at half value.",
      xLabel: "ms after the first opening",
      x: [-1, 18],
      xStep: 2,
      curves: curves.bounce.map((curve) => ({
        ...curve,
        name: curve.name === "rx" ? "receiving, 80 mA" : "deep sleep",
      })),
      levels: [BROWN_OUT, DEAD],
    }),
    "back-power": plot({
      ...volts,
      title: "Back-power: the radio's supply with its switch open",
      subtitle:
        "Every state of the controller's pins (low, high, pull-up), sorted. Radio in deep sleep.",
      xLabel: "share of pin states, %",
      x: [0, 100],
      xStep: 10,
      curves: [...curves.backPower].reverse(),
      levels: [BROWN_OUT, DEAD],
    }),
    "switch-on": plot({
      y: [2, 3.6],
      title: "Switch-on: the controller's own supply",
      subtitle:
        "The naive circuit charges the radio's capacitor from it. The shipped one has a second regulator.",
      xLabel: "ms after the contact closes",
      x: [-0.05, 0.3],
      xStep: 0.05,
      curves: curves.dip,
      levels: [[LIMITS.controllerMinV, `lowest allowed ${LIMITS.controllerMinV} V`]],
    }),
  };
}

/** The probe table as JSON, with each band on one line. */
function probesJson(probes: CommissionTable): string {
  const spread = JSON.stringify(probes, null, 2);
  return `${spread.replace(/\[\n\s+(\S+),\n\s+(\S+)\n\s+\]/g, "[$1, $2]")}\n`;
}

/**
 * Runs the proof and builds all outputs. Throws CircuitError for a bad table or a refused netlist.
 */
export async function buildOutputs(
  engine: Engine,
  circuit: Circuit,
  options: ProofOptions,
): Promise<Outputs> {
  const proof = await prove(engine, circuit, options);
  const probes = await probeTable(engine, circuit);
  const name = circuit.name;
  return {
    proof,
    probes,
    drawings: { schematic: schematic(circuit), breadboard: breadboard(circuit), ...plots(proof) },
    texts: {
      "README.md": readme(circuit, proof),
      "board.json": boardJson(circuit, proof),
      "probe.json": probesJson(probes),
      "bom.csv": bomCsv(circuit),
      [`${name}.net`]: kicadNetlist(circuit),
      [PICO_FOOTPRINT]: picoFootprint(),
      [`${name}.cir`]: netlist(circuit, { run: { position: "kill", base: 3 } }),
    },
    pages: {
      "PROBE.md": probePage(probes, circuit),
      "BUILD_TWO_CHIP.md": buildPage(circuit, GENERATED),
    },
  };
}

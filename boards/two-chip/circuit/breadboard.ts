/**
 * The breadboard build: checks that the layout makes exactly the table's connections, lists every
 * part, wire and lead from hole to hole in the order of assembly, and draws the picture.
 */
import {
  type HoleId,
  JUMPERS,
  type Jumper,
  MODULES,
  type Module,
  PARTS,
  RAILS,
  SWITCH_LEADS,
} from "./breadboard-layout.ts";
import { type Circuit, CircuitError, onlyPart, partOf, pinsOf, valueLabel } from "./table.ts";

export interface Hole {
  board: string;
  /** A row, a to j, or a rail: its sign and side. */
  row: string;
  column: number;
}

/** The hole of an id of breadboard-layout.ts. */
export function holeOf(id: HoleId): Hole {
  const [, board = "", row = "", column = ""] = /^([AB])([a-j]|[+-][tb])(\d+)$/.exec(id) ?? [];
  if (board === "")
    throw new CircuitError(`breadboard: "${id}" is not a hole; write Aa14 or B+t14`);
  return { board, row, column: Number(column) };
}

export function isRail({ row }: Hole): boolean {
  return row.length === 2;
}

/** The holes that the board connects with a hole: a rail, or the five of half a column. */
function stripOf(id: HoleId): string {
  const hole = holeOf(id);
  if (isRail(hole)) return `${hole.board}${hole.row}`;
  return `${hole.board}${hole.row < "f" ? "lower" : "upper"}${hole.column}`;
}

/** The hole's name for people: `A a14`, `B RAIL top 14`. */
export function holeName(id: HoleId): string {
  const hole = holeOf(id);
  if (!isRail(hole)) return `${hole.board} ${hole.row}${hole.column}`;
  const net = RAILS[`${hole.board}${hole.row}`] ?? "";
  return `${hole.board} ${net} ${hole.row.endsWith("t") ? "top" : "bottom"} ${hole.column}`;
}

/** The hole of each pad of a module, by pad number. */
export function moduleHoles(module: Module): Map<string, HoleId> {
  const out = new Map<string, HoleId>();
  module.pads.forEach((pads, side) => {
    pads.forEach((pad, index) => {
      out.set(
        `${pad || `none ${side}`}`,
        `${module.board}${module.rows[side]}${module.column + index}`,
      );
    });
  });
  return out;
}

interface Pin {
  /** Its net; undefined for a module's pin that the table does not connect. */
  net: string | undefined;
  name: string;
  hole: HoleId;
}

/** Every pin of every part in its hole. Pads beneath a module (EPAD) have none. */
function placedPins(circuit: Circuit): Pin[] {
  const modules = MODULES.flatMap((module) => {
    const { ref, pins } = partOf(circuit, module.ref);
    return [...moduleHoles(module)].map(([pad, hole]): Pin => {
      const pin = Object.entries(pins).find(([, [number]]) => number === pad);
      return {
        net: pin?.[1][1],
        name: pin === undefined ? `${ref} pad ${pad}` : `${ref}.${pin[0]}`,
        hole,
      };
    });
  });
  const leads = SWITCH_LEADS.map(([pin, , hole]): Pin => {
    const part = onlyPart(circuit, "switch");
    return { net: part.pins[pin]?.[1], name: `${part.ref}.${pin}`, hole };
  });
  const parts = Object.entries(PARTS).flatMap(([ref, holes]) =>
    Object.entries(partOf(circuit, ref).pins).map(([pin, [, net]], index): Pin => {
      const hole = holes[index];
      if (hole === undefined)
        throw new CircuitError(
          `breadboard: ${ref}.${pin} has no hole; correct breadboard-layout.ts`,
        );
      return { net, name: `${ref}.${pin}`, hole };
    }),
  );
  return [...modules, ...leads, ...parts];
}

/** The conductor that each strip belongs to, by following the jumpers. */
function conductors(jumpers: readonly Jumper[]): (strip: string) => string {
  const parent = new Map<string, string>();
  const root = (strip: string): string => {
    const up = parent.get(strip);
    return up === undefined ? strip : root(up);
  };
  for (const { from, to } of jumpers) {
    const [a, b] = [root(stripOf(from)), root(stripOf(to))];
    if (a !== b) parent.set(a, b);
  }
  return root;
}

/**
 * Throws CircuitError unless the layout makes exactly the table's connections, uses no hole twice,
 * and puts nothing into the strip of a module's unconnected pin.
 */
export function checkBreadboard(
  circuit: Circuit,
  jumpers: readonly Jumper[] = JUMPERS,
): { netOf: (id: HoleId) => string } {
  const pins = placedPins(circuit);
  const used = new Map<HoleId, string>();
  const ends = jumpers.flatMap(({ from, to }) =>
    [from, to].map((hole) => ({ hole, name: `wire ${holeName(from)} to ${holeName(to)}` })),
  );
  for (const { hole, name } of [...pins, ...ends]) {
    const other = used.get(hole);
    if (other !== undefined)
      throw new CircuitError(`breadboard: ${name} and ${other} are both in ${holeName(hole)}`);
    used.set(hole, name);
  }
  const root = conductors(jumpers);
  const nets = new Map<string, { net: string; name: string }>();
  const join = (strip: string, net: string, name: string): void => {
    const there = nets.get(root(strip));
    if (there !== undefined && there.net !== net)
      throw new CircuitError(
        `breadboard: ${name} (${net}) is connected with ${there.name} (${there.net}); correct breadboard-layout.ts`,
      );
    nets.set(root(strip), { net, name });
  };
  for (const [rail, net] of Object.entries(RAILS)) join(rail, net, `rail ${rail}`);
  for (const { net, name, hole } of pins) join(stripOf(hole), net ?? `unconnected ${name}`, name);
  for (const net of Object.keys(circuit.nets)) {
    const loose = [...nets].filter(([, entry]) => entry.net === net);
    if (loose.length > 1)
      throw new CircuitError(
        `breadboard: net ${net} is in ${loose.length} pieces (${loose.map(([, { name }]) => name).join(", ")}); add a wire`,
      );
  }
  const placed = new Set(pins.map(({ name }) => name));
  for (const { part, pin } of pinsOf(circuit)) {
    if (!placed.has(`${part.ref}.${pin}`) && pin !== "EPAD")
      throw new CircuitError(`breadboard: ${part.ref}.${pin} is not placed`);
  }
  return { netOf: (id) => nets.get(root(stripOf(id)))?.net ?? "" };
}

/** The name of the hole of a part's pin; undefined if the pin has none. */
export function holeOfPin(circuit: Circuit, ref: string, pin: string): string | undefined {
  const found = placedPins(circuit).find(({ name }) => name === `${ref}.${pin}`);
  return found === undefined ? undefined : holeName(found.hole);
}

/** One thing to plug in: what, and its holes. */
export interface Item {
  what: string;
  from: string;
  to: string;
}

export interface Step {
  title: string;
  items: Item[];
}

function moduleItem(circuit: Circuit, module: Module): Item {
  const holes = [...moduleHoles(module)].filter(([pad]) => /^\d+$/.test(pad));
  const first = holes.find(([pad]) => pad === "1");
  const last = holes.reduce((a, b) => (Number(b[0]) > Number(a[0]) ? b : a));
  return {
    what: `${module.ref} ${valueLabel(partOf(circuit, module.ref))}`,
    from: `pin 1 in ${holeName(first?.[1] ?? "")}`,
    to: `pin ${last[0]} in ${holeName(last[1])}`,
  };
}

function partItems(circuit: Circuit, kinds: readonly string[]): Item[] {
  return circuit.parts
    .filter(({ kind }) => kinds.includes(kind))
    .map((part) => {
      const [from = "", to = ""] = PARTS[part.ref] ?? [];
      const [first = "", second = ""] = Object.keys(part.pins);
      const named = (pin: string, hole: HoleId): string =>
        part.kind === "led"
          ? `${holeName(hole)} (${pin === "A" ? "anode" : "cathode"})`
          : holeName(hole);
      return {
        what: part.kind === "led" ? part.ref : `${part.ref} ${valueLabel(part)}`,
        from: named(first, from),
        to: named(second, to),
      };
    });
}

/** All items in the order of assembly: nothing can be powered before the last step. */
export function steps(circuit: Circuit): Step[] {
  const { netOf } = checkBreadboard(circuit);
  const supplies = new Set(Object.values(RAILS));
  const wires = JUMPERS.map(({ from, to }): Item & { net: string } => {
    const net = netOf(from);
    return { net, what: net, from: holeName(from), to: holeName(to) };
  });
  const pick = (test: (net: string) => boolean): Item[] =>
    wires
      .filter(({ net }) => test(net))
      .map(({ what, from, to }) => ({ what, from, to }))
      .sort(
        (a, b) =>
          Object.keys(circuit.nets).indexOf(a.what) - Object.keys(circuit.nets).indexOf(b.what),
      );
  return [
    { title: "Modules", items: MODULES.map((module) => moduleItem(circuit, module)) },
    { title: "Supply wires", items: pick((net) => supplies.has(net)) },
    { title: "Resistors", items: partItems(circuit, ["resistor"]) },
    { title: "Capacitors and lamp", items: partItems(circuit, ["capacitor", "led"]) },
    { title: "Signal wires", items: pick((net) => !supplies.has(net)) },
    {
      title: "Leads of SW1",
      items: SWITCH_LEADS.map(([pin, , hole]) => {
        const part = onlyPart(circuit, "switch");
        return { what: part.ref, from: `terminal ${pin}`, to: holeName(hole) };
      }),
    },
  ];
}

/**
 * The table of layers: which folder may import from which. A file belongs to the longest prefix that
 * matches its path. docs/ARCHITECTURE.md shows the same table to readers.
 */

/** Folders of host-sim, lowest first, each with the folders that it may import from besides itself. */
const HOST: Record<string, readonly string[]> = {
  base: [],
  abi: ["base"],
  sim: ["base", "abi"],
  mqtt: ["base", "abi", "sim"],
  serial: ["base"],
  controller: ["base", "abi", "mqtt"],
  gateway: ["base", "abi", "mqtt", "controller"],
  build: ["base", "sim"],
  flash: ["base", "abi", "sim", "mqtt", "serial", "controller", "build"],
  scenario: ["base", "abi", "sim", "controller"],
  targets: ["base", "abi", "sim", "mqtt", "serial", "build", "flash", "scenario"],
  report: ["base", "abi", "scenario"],
  library: ["base", "sim", "scenario", "targets", "report"],
  prove: ["base", "abi", "sim", "controller", "build", "scenario", "targets"],
  swarm: ["base", "abi", "sim", "controller", "scenario", "targets"],
  cli: [
    ...["base", "abi", "sim", "mqtt", "serial", "controller", "gateway", "build", "flash"],
    ...["scenario", "targets", "report", "prove", "swarm"],
  ],
};

export interface Layer {
  /** Path prefix of the importing files. */
  readonly from: string;
  /** Path prefixes that they may import. */
  readonly may: readonly string[];
}

export const LAYERS: readonly Layer[] = [
  { from: "firmware/gate/", may: [] },
  { from: "firmware/mac/", may: ["firmware/mac/"] },
  { from: "firmware/sign/", may: ["firmware/sign/"] },
  { from: "firmware/device/", may: ["firmware/device/", "firmware/mac/"] },
  { from: "firmware/fixture/", may: ["firmware/fixture/", "firmware/device/abi.gen"] },
  ...Object.entries(HOST).map(([name, lower]) => ({
    from: `host-sim/${name}/`,
    may: [name, ...lower].map((folder) => `host-sim/${folder}/`),
  })),
  // A board's own tools draw and compute; they know its folder and the base alone.
  { from: "boards/esp32/", may: ["boards/esp32/", "host-sim/base/"] },
  { from: "boards/two-chip/", may: ["boards/two-chip/", "host-sim/base/"] },
  // AssemblyScript: the guest's ABI and the layout of its state.
  {
    from: "host-sim/prove/device/recorder/",
    may: [
      "host-sim/prove/device/recorder/",
      "firmware/device/abi.gen",
      "firmware/device/state.gen",
    ],
  },
  { from: "tests/", may: ["tests/", "host-sim/", "boards/", "firmware/"] },
];

export interface Arrow {
  /** The importing file and the imported one: paths from the top of the repository. */
  readonly file: string;
  readonly target: string;
}

/** Arrows against the table, as `file -> target (why)`. A file of host-sim or boards without a layer is one too. */
export function arrowsAgainst(layers: readonly Layer[], arrows: readonly Arrow[]): string[] {
  return arrows.flatMap(({ file, target }) => {
    const fitting = layers.filter(({ from }) => file.startsWith(from));
    const layer = fitting.sort((a, b) => b.from.length - a.from.length)[0];
    if (layer === undefined) {
      const mustHave = /^(firmware|host-sim|boards)\//.test(file);
      return mustHave ? [`${file} -> ${target} (no layer has the folder of the first)`] : [];
    }
    if (layer.may.some((prefix) => target.startsWith(prefix))) return [];
    return [`${file} -> ${target} (${layer.from} may import ${layer.may.join(" ") || "nothing"})`];
  });
}

/** Circles of imports, each as the files on it in order, the first repeated at the end. */
export function circles(arrows: readonly Arrow[]): string[] {
  const targets = new Map<string, string[]>();
  for (const { file, target } of arrows) {
    targets.set(file, [...(targets.get(file) ?? []), target]);
  }
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.push([...path.slice(at), file].join(" -> "));
    if (at >= 0 || done.has(file)) return;
    for (const target of targets.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  return found;
}

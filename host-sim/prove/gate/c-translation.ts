/**
 * Enumerates the gate as boards run it: gate.wasm translated to C by wasm2c, compiled for this machine,
 * and called by the loops of loops.ts, which are translated in the same way. Compares the results with
 * those of the module.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../base/paths.ts";
import { STRICT_FLAGS } from "../../build/native-image.ts";
import { runTool, toolState, toolTrouble } from "../../build/tools.ts";
import { THIRD_PARTY_FLAGS, translate } from "../../build/translate.ts";
import { FOUND, loopModule } from "./loops.ts";
import { GATE_SPEC } from "./paths.ts";
import { type GateReport, POSITIONS } from "./proof.ts";

const COMPILER = { command: "gcc", minimum: "9.0", package: "gcc" } as const;
/** As for the boards. */
const FLAGS = ["-O2", "-std=gnu11"];
const DRIVER = join("host-sim", "prove", "gate", "enumerate.c");
const CHUNKS = 64;
const CHUNK = 2 ** 26;

export interface GateInC {
  compiler: string;
  words: number;
  steps: number;
  /** Invalid words times inputs, put to step(). */
  unchecked: number;
  wordsDigest: string | null;
  stepsDigest: string;
  /** Differences between the translation and the module. */
  differs: string[];
}

/** Why the translation cannot be enumerated on this machine, or null. */
export function noCompiler(): string | null {
  return toolTrouble(toolState(COMPILER));
}

/** Compiles and runs the gate and the loops. Returns the printed values, in hexadecimal, by name. */
function run(bytes: Uint8Array<ArrayBuffer>, args: readonly number[]): Map<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "killswitch-gate-"));
  try {
    const found = Object.entries(FOUND).map(
      ([name, at]) => `-DFOUND_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}=${at}`,
    );
    const include = [`-I${join(packageRoot(), "boards", "runtime")}`, `-I${folder}`];
    const units = [
      translate(bytes, "gate", folder),
      translate(loopModule(GATE_SPEC.gapMs), "loops", folder),
      { source: join(packageRoot(), DRIVER), flags: STRICT_FLAGS },
    ];
    const objects = units.map(({ source, flags }, index) => {
      const object = join(folder, `${index}.o`);
      runTool(COMPILER.command, [
        ...FLAGS,
        ...(flags === STRICT_FLAGS ? [...STRICT_FLAGS, ...found] : THIRD_PARTY_FLAGS),
        ...include,
        "-o",
        object,
        "-c",
        source,
      ]);
      return object;
    });
    const program = join(folder, "enumerate");
    runTool(COMPILER.command, [...objects, "-o", program]);
    const { status, stdout, stderr } = spawnSync(program, args.map(String), { encoding: "utf8" });
    if (status !== 0) throw new Error(`the gate in C failed with status ${status}: ${stderr}`);
    return new Map(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split(" ") as [string, string]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Enumerates the translation of `bytes` and compares it with the results of the module. Without a digest
 * over all words, only valid words are compared. Throws a UserError if the compiler fails.
 */
export function enumerateInC(
  bytes: Uint8Array<ArrayBuffer>,
  module: Pick<GateReport, "wordsDigest" | "stepsDigest" | "steps">,
): GateInC {
  const chunks = module.wordsDigest === null ? 0 : CHUNKS;
  const found = run(bytes, [chunks, ...POSITIONS]);
  const value = (name: string) => found.get(name) ?? "nothing";
  const out: GateInC = {
    compiler: `gcc ${toolState(COMPILER).found}`,
    words: chunks * CHUNK,
    steps: module.steps,
    unchecked: chunks === 0 ? 0 : POSITIONS.length * (2 ** 32 - 2 ** 16),
    wordsDigest: chunks === 0 ? null : value("words").padStart(16, "0"),
    stepsDigest: value("steps").padStart(16, "0"),
    differs: [],
  };
  const expect = (what: string, is: string | null, due: string | null) => {
    if (is !== due) out.differs.push(`${what}: ${is} in C, ${due} in WebAssembly`);
  };
  expect(
    "digest of step() over every valid word and every input",
    out.stepsDigest,
    module.stepsDigest,
  );
  expect("steps that break a rule", value("broken"), "0");
  expect("digest of permits() and phase() over every word", out.wordsDigest, module.wordsDigest);
  expect("words that permit", value("permitting"), chunks === 0 ? "0" : "1");
  expect("words whose phase does not fit the permit", value("misnamed"), "0");
  expect("invalid words that do not step as KILLED does", value("unlike"), "0");
  return out;
}

/**
 * A WebAssembly module that reports every branch and every memory address that it takes, to show that they
 * do not depend on a secret. A `select` counts as a branch, because a compiler of its translation to C may
 * make one of it. So do the operands of a division, whose time depends on them on many processors.
 */
import binaryen from "binaryen";
import {
  childrenOf,
  constantOf,
  type Expression,
  kindOf,
  use,
} from "../../host-sim/prove/wasm-tree.ts";

/** Kinds of expressions with the operands to report. */
const REPORTED: Readonly<Record<string, readonly string[]>> = {
  If: ["Condition"],
  Break: ["Condition"],
  Switch: ["Condition"],
  Select: ["Condition"],
  Load: ["Ptr"],
  Store: ["Ptr"],
};
const DIVISIONS = ["Div", "Rem"].flatMap((name) =>
  ["S", "U"].flatMap((sign) => ["Int32", "Int64"].map((type) => `${name}${sign}${type}`)),
);

function isDivision(at: Expression): boolean {
  const op = use("Binary", "getOp", at);
  return DIVISIONS.some((name) => constantOf(name) === op);
}

/** The children of an expression and its kind, which may also be that of a global. */
function partsOf(at: Expression): [Expression[], string] {
  if (binaryen.getExpressionId(at) === constantOf("GlobalGetId")) return [[], "GlobalGet"];
  if (binaryen.getExpressionId(at) === constantOf("GlobalSetId"))
    return [[use("GlobalSet", "getValue", at)], "GlobalSet"];
  const children = childrenOf(at);
  const kind = kindOf(at);
  if (children === null || kind === undefined)
    throw new Error(`an expression that is not understood: ${binaryen.getExpressionId(at)}`);
  return [children, kind];
}

/** Makes `at` report operands that decide how long it takes. Returns how many expressions report. */
function instrument(module: binaryen.Module, at: Expression): number {
  const [children, kind] = partsOf(at);
  let count = children.reduce((sum, child) => sum + instrument(module, child), 0);
  if (kind === "Binary" && isDivision(at)) throw new Error("a division: its time may vary");
  for (const operand of REPORTED[kind] ?? []) {
    const value = use(kind, `get${operand}`, at);
    if (value === 0) continue;
    use(kind, `set${operand}`, at, module.call("report", [value], binaryen.i32));
    count++;
  }
  return count;
}

/** Number and digest of what a module reported. Two equal ones took the same path. */
export interface Path {
  readonly reports: number;
  readonly digest: number;
}

export class TracedModule {
  readonly exports: WebAssembly.Exports;
  /** How many of its expressions report. */
  readonly reporting: number;
  #reports = 0;
  #digest = 0;

  /** Throws an Error for a module with a division or with an expression that is not understood. */
  constructor(bytes: Uint8Array) {
    const module = binaryen.readBinary(bytes);
    let reporting = 0;
    for (let index = 0; index < module.getNumFunctions(); index++)
      reporting += instrument(
        module,
        binaryen.getFunctionInfo(module.getFunctionByIndex(index)).body,
      );
    module.addFunctionImport("report", "trace", "report", binaryen.i32, binaryen.i32);
    if (!module.validate()) throw new Error("the module is not valid with its reports");
    this.reporting = reporting;
    const report = (value: number) => {
      this.#reports++;
      this.#digest = Math.imul(this.#digest ^ value, 0x01000193) + this.#reports;
      return value;
    };
    const compiled = new WebAssembly.Module(module.emitBinary() as Uint8Array<ArrayBuffer>);
    this.exports = new WebAssembly.Instance(compiled, { trace: { report } }).exports;
    module.dispose();
  }

  /** The path of what `run` does. */
  pathOf(run: () => void): Path {
    this.#reports = 0;
    this.#digest = 0x811c9dc5 | 0;
    run();
    return { reports: this.#reports, digest: this.#digest };
  }
}

/**
 * Makes mutants of a module: one comparison negated or moved by one, one constant off by one, one
 * condition negated, one call or one store removed.
 */
import binaryen from "binaryen";
import {
  CHILD_LISTS,
  constantOf,
  type Expression,
  kindOf,
  SINGLE_CHILDREN,
  use,
} from "../wasm-tree.ts";

export const OPERATORS = ["negate", "boundary", "constant", "condition", "call", "store"] as const;
export type Operator = (typeof OPERATORS)[number];

/** A place where a mutant can be made. */
export interface Site {
  index: number;
  operator: Operator;
  /** The module's own name of the function. */
  inside: string;
  /** The function's number, and the code before and after. */
  place: string;
  /** Number of the expression. All sites of an expression run together. */
  expression: number;
}

type Replace = (by: Expression) => void;

/** Name of the function that a call expression calls. */
function targetOf(call: Expression): string {
  return String(use("Call", "getTarget", call));
}

const NEGATED = new Map<number, [number, string]>();
const MOVED = new Map<number, [number, string]>();
for (const size of ["Int32", "Int64"]) {
  const pair = (table: typeof NEGATED, a: string, b: string) => {
    table.set(constantOf(a + size), [constantOf(b + size), `${a} -> ${b}`]);
    table.set(constantOf(b + size), [constantOf(a + size), `${b} -> ${a}`]);
  };
  pair(NEGATED, "Eq", "Ne");
  for (const sign of ["S", "U"]) {
    pair(NEGATED, `Lt${sign}`, `Ge${sign}`);
    pair(NEGATED, `Gt${sign}`, `Le${sign}`);
    pair(MOVED, `Lt${sign}`, `Le${sign}`);
    pair(MOVED, `Gt${sign}`, `Ge${sign}`);
  }
}

/** Targets that are not sites: no mutant; no mutant, but a global at every expression that has sites. */
const NO_SITE = -1;
const EVERY_SITE = -2;

/** The global that is 1 once an expression has run. */
export function coverName(expression: number): string {
  return `ran${expression}`;
}

/** Walks a module and collects its sites. Changes the code at the site `target`. */
class Mutator {
  readonly sites: Site[] = [];
  readonly #module: binaryen.Module;
  readonly #target: number;
  #place = "";
  #expressions = 0;

  constructor(bytes: Uint8Array, target: number) {
    this.#module = binaryen.readBinary(bytes);
    this.#target = target;
  }

  run(): Uint8Array<ArrayBuffer> {
    for (let index = 0; index < this.#module.getNumFunctions(); index++) {
      const at = this.#module.getFunctionByIndex(index);
      const { name, body, module } = binaryen.getFunctionInfo(at);
      if (module !== "" && module !== null) continue;
      this.#place = name;
      this.#walk(body, (by) => use("Function", "setBody", at, by));
    }
    const out = new Uint8Array(this.#module.emitBinary());
    this.#module.dispose();
    return out;
  }

  #site(operator: Operator, what: string, make: () => void): void {
    const index = this.sites.length;
    this.sites.push({
      index,
      operator,
      inside: this.#place,
      place: `function ${this.#place}: ${what}`,
      expression: this.#expressions,
    });
    if (index === this.#target) make();
  }

  #walk(at: Expression, replace: Replace): void {
    if (at === 0) return;
    const kind = kindOf(at);
    if (kind === undefined) return;
    // Children come first, so that the number of a site does not depend on changes above it.
    for (const child of SINGLE_CHILDREN[kind] ?? [])
      this.#walk(use(kind, `get${child}`, at), (by) => use(kind, `set${child}`, at, by));
    const many = CHILD_LISTS[kind];
    if (many !== undefined) {
      const [count, get, set] = many;
      for (let index = 0; index < use(kind, count, at); index++)
        this.#walk(use(kind, get, at, index), (by) => use(kind, set, at, index, by));
    }
    const before = this.sites.length;
    this.#mutate(kind, at, replace);
    if (this.sites.length === before) return;
    if (this.#target === EVERY_SITE) this.#cover(at, replace);
    this.#expressions++;
  }

  #cover(at: Expression, replace: Replace): void {
    const module = this.#module;
    const name = coverName(this.#expressions);
    module.addGlobal(name, binaryen.i32, true, module.i32.const(0));
    module.addGlobalExport(name, name);
    replace(module.block(null, [module.global.set(name, module.i32.const(1)), at], binaryen.auto));
  }

  #mutate(kind: string, at: Expression, replace: Replace): void {
    const module = this.#module;
    if (kind === "Binary") this.#compare(at);
    else if (kind === "Const") this.#constant(at);
    else if (kind === "If" || kind === "Select" || kind === "Break") this.#condition(kind, at);
    else if (kind === "Store") this.#site("store", "store removed", () => replace(module.nop()));
    else if (kind === "Call") {
      const type = binaryen.getExpressionType(at);
      const target = targetOf(at);
      const by = type === binaryen.i32 ? () => module.i32.const(0) : () => module.nop();
      if (type === binaryen.i32 || type === binaryen.none)
        this.#site("call", `call of ${target} removed`, () => replace(by()));
    }
  }

  #compare(at: Expression): void {
    const own = use("Binary", "getOp", at);
    for (const [operator, table] of [
      ["negate", NEGATED],
      ["boundary", MOVED],
    ] as const) {
      const to = table.get(own);
      if (to !== undefined) this.#site(operator, to[1], () => use("Binary", "setOp", at, to[0]));
    }
  }

  #constant(at: Expression): void {
    if (binaryen.getExpressionType(at) !== binaryen.i32) return;
    const value = use("Const", "getValueI32", at);
    for (const by of [1, -1])
      this.#site("constant", `${value} -> ${(value + by) | 0}`, () =>
        use("Const", "setValueI32", at, (value + by) | 0),
      );
  }

  #condition(kind: string, at: Expression): void {
    const condition = use(kind, "getCondition", at);
    if (condition === 0) return;
    this.#site("condition", `condition of ${kind} negated`, () => {
      use(kind, "setCondition", at, this.#module.i32.eqz(condition));
    });
  }
}

/** All sites of a module. */
export function sitesOf(bytes: Uint8Array): Site[] {
  const mutator = new Mutator(bytes, NO_SITE);
  mutator.run();
  return mutator.sites;
}

/** The mutant of a site. */
export function mutantOf(bytes: Uint8Array, site: Site): Uint8Array<ArrayBuffer> {
  return new Mutator(bytes, site.index).run();
}

/** The module with a global for each expression that has sites, as coverName() says. */
export function coveredOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Mutator(bytes, EVERY_SITE).run();
}

/** Names of a module's functions in their order, from the comments that build.js puts before its text. */
export function functionNames(text: string): string[] {
  return [...text.matchAll(/^;; \$(?:firmware\/)?(\S+)/gm)].map(([, name = ""]) => name);
}

/** The names under which a module exports its functions, by the module's own names. */
export function exportNames(bytes: Uint8Array): Map<string, string> {
  const module = binaryen.readBinary(bytes);
  const names = new Map<string, string>();
  for (let index = 0; index < module.getNumExports(); index++) {
    const { name, value } = binaryen.getExportInfo(module.getExportByIndex(index));
    names.set(value, name);
  }
  module.dispose();
  return names;
}

/**
 * The expressions of a WebAssembly module as a tree, by binaryen. Its type declarations leave out the
 * accessors of expressions.
 */
import binaryen from "binaryen";

export type Expression = number;

interface Accessors {
  [accessor: string]: (...args: number[]) => number;
}
const accessors = binaryen as unknown as Record<string, Accessors>;

/** Calls an accessor: `use("If", "getCondition", expression)`. Throws an Error if binaryen does not have it. */
export function use(group: string, accessor: string, ...args: number[]): number {
  const found = accessors[group]?.[accessor];
  if (found === undefined) throw new Error(`binaryen has no ${group}.${accessor}`);
  return found(...args);
}

const constants = binaryen as unknown as Record<string, number>;

/** A constant of binaryen by its name; -1 if there is none. */
export function constantOf(name: string): number {
  return constants[name] ?? -1;
}

/** Kinds with single children: the names of their accessors without get and set. */
export const SINGLE_CHILDREN: Record<string, readonly string[]> = {
  If: ["Condition", "IfTrue", "IfFalse"],
  Loop: ["Body"],
  Break: ["Condition", "Value"],
  Switch: ["Condition", "Value"],
  LocalSet: ["Value"],
  Load: ["Ptr"],
  Store: ["Ptr", "Value"],
  Unary: ["Value"],
  Binary: ["Left", "Right"],
  Select: ["IfTrue", "IfFalse", "Condition"],
  Drop: ["Value"],
  Return: ["Value"],
  MemoryGrow: ["Delta"],
};
/** Kinds with a list of children: the accessors for the length, one child, and a new child. */
export const CHILD_LISTS: Record<string, readonly [string, string, string]> = {
  Block: ["getNumChildren", "getChildAt", "setChildAt"],
  Call: ["getNumOperands", "getOperandAt", "setOperandAt"],
};
const KINDS = new Map<number, string>(
  [
    ...Object.keys(SINGLE_CHILDREN),
    ...Object.keys(CHILD_LISTS),
    "Const",
    "LocalGet",
    "Nop",
    "Unreachable",
  ].map((kind) => [constantOf(`${kind}Id`), kind]),
);

/** The kind of an expression; undefined for a kind that is not in this file. */
export function kindOf(at: Expression): string | undefined {
  return KINDS.get(binaryen.getExpressionId(at));
}

/** The children of an expression in the order in which they run; null for an unknown kind. */
export function childrenOf(at: Expression): Expression[] | null {
  const kind = kindOf(at);
  if (kind === undefined) return null;
  const out = (SINGLE_CHILDREN[kind] ?? []).map((child) => use(kind, `get${child}`, at));
  const [count, get] = CHILD_LISTS[kind] ?? [];
  if (count !== undefined && get !== undefined)
    for (let index = 0; index < use(kind, count, at); index++) out.push(use(kind, get, at, index));
  return out.filter((child) => child !== 0);
}

/** The body of the function that a module exports under a name, or null. */
export function bodyOf(module: binaryen.Module, name: string): Expression | null {
  for (let index = 0; index < module.getNumExports(); index++) {
    const info = binaryen.getExportInfo(module.getExportByIndex(index));
    if (info.name === name && info.kind === binaryen.ExternalFunction)
      return binaryen.getFunctionInfo(module.getFunction(info.value)).body;
  }
  return null;
}

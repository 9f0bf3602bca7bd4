/**
 * Finds out whether step() reads its word through one expression that reads nothing else. Then step(w, i)
 * is g(f(w), i) with this expression f, and two words with the same f(w) step alike on every input.
 */
import binaryen from "binaryen";
import { bodyOf, childrenOf, type Expression, kindOf, use } from "../wasm-tree.ts";

/** The local that is the parameter `word`. */
const WORD = 0;
/** Kinds without side effects. A gate has no memory, no globals and no imports, so calls have none. */
const PURE: readonly string[] = ["Binary", "Unary", "Select", "Const", "LocalGet", "Call"];

const reads = (at: Expression) =>
  kindOf(at) === "LocalGet" && use("LocalGet", "getIndex", at) === WORD;
const sets = (at: Expression) =>
  kindOf(at) === "LocalSet" && use("LocalSet", "getIndex", at) === WORD;

/** The number of expressions in the tree `at` that are `such`; Infinity if a kind is unknown. */
function count(at: Expression, such: (at: Expression) => boolean): number {
  const children = childrenOf(at);
  if (children === null) return Number.POSITIVE_INFINITY;
  return children.reduce((sum, child) => sum + count(child, such), such(at) ? 1 : 0);
}

/** All expressions in the tree `at`, in the order in which they run if none of them branches. */
function order(at: Expression): Expression[] {
  return [...(childrenOf(at) ?? []).flatMap(order), at];
}

/** Whether the tree `at` computes from the word and nothing else. */
function pure(at: Expression): boolean {
  return (
    PURE.includes(kindOf(at) ?? "") &&
    (kindOf(at) !== "LocalGet" || reads(at)) &&
    (childrenOf(at) ?? []).every(pure)
  );
}

/** The largest expression in the tree `at` that computes from the word alone and has all `of` reads. */
function holder(at: Expression, of: number): Expression | null {
  if (pure(at)) return at;
  const inner = (childrenOf(at) ?? []).find((child) => count(child, reads) === of);
  return inner === undefined ? null : holder(inner, of);
}

/**
 * The one expression in the tree `at` that overwrites the word, if it has all reads of the word that run
 * before it; or null.
 */
function overwriter(at: Expression): Expression | null {
  const done = order(at);
  if (!done.every((each) => sets(each) || PURE.includes(kindOf(each) ?? ""))) return null;
  const place = done.findIndex(sets);
  const found = done[place];
  if (found === undefined || done.filter(sets).length !== 1) return null;
  return done.slice(0, place).filter(reads).length === count(found, reads) ? found : null;
}

/** The one expression of `body` that reads the word before its local is overwritten, or null. */
function readOf(body: Expression): Expression | null {
  const statements = kindOf(body) === "Block" ? (childrenOf(body) ?? []) : [body];
  const last = statements.findIndex((at) => count(at, sets) > 0);
  // If the local is never overwritten, every statement may read the word.
  const before = last < 0 ? statements : statements.slice(0, last);
  const statement = statements[last];
  if (statement !== undefined) {
    const setter = overwriter(statement);
    if (setter === null) return null;
    before.push(setter);
  }
  const [only, ...others] = before.filter((at) => count(at, reads) > 0);
  if (only === undefined || others.length > 0) return null;
  return holder(only, count(only, reads));
}

/**
 * The expression through which step() reads its word, as a function of (word, inputs) that ignores the
 * inputs; null if there is no such expression.
 */
export function readerOf(bytes: Uint8Array): ((word: number, inputs: number) => number) | null {
  const module = binaryen.readBinary(bytes);
  try {
    const body = bodyOf(module, "step");
    const found = body === null ? null : readOf(body);
    if (found === null) return null;
    const params = binaryen.createType([binaryen.i32, binaryen.i32]);
    module.addFunction("reader", params, binaryen.i32, [], module.copyExpression(found));
    module.addFunctionExport("reader", "reader");
    const made = new WebAssembly.Module(new Uint8Array(module.emitBinary()));
    const { reader } = new WebAssembly.Instance(made).exports;
    return reader as unknown as (word: number, inputs: number) => number;
  } finally {
    module.dispose();
  }
}

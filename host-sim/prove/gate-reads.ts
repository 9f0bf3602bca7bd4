/**
 * Whether step() reads its word through one expression alone, which reads nothing but the word: then
 * step(w, i) is g(f(w), i) for that expression f, and two words with one f step alike on every input.
 * Must not know what the expression is.
 */
import binaryen from "binaryen";
import { bodyOf, childrenOf, kindOf, use } from "./mutate.ts";

type Expression = number;

/** The parameter that is the word, as a local. */
const WORD = 0;
/** Kinds that do nothing but compute. */
const PURE: readonly string[] = ["Binary", "Unary", "Select", "Const", "LocalGet"];

const reads = (at: Expression) =>
  kindOf(at) === "LocalGet" && use("LocalGet", "getIndex", at) === WORD;
const sets = (at: Expression) =>
  kindOf(at) === "LocalSet" && use("LocalSet", "getIndex", at) === WORD;

/** How many expressions below and at `at` are such. Infinity if a kind below is not known. */
function count(at: Expression, such: (at: Expression) => boolean): number {
  const children = childrenOf(at);
  if (children === null) return Number.POSITIVE_INFINITY;
  return children.reduce((sum, child) => sum + count(child, such), such(at) ? 1 : 0);
}

/** The least expression below `at` that holds all `of` reads of the word. */
function holder(at: Expression, of: number): Expression {
  const inner = (childrenOf(at) ?? []).find((child) => count(child, reads) === of);
  return inner === undefined ? at : holder(inner, of);
}

/** The one expression of `body` that reads the word, before the word's local is overwritten; or null. */
function readOf(body: Expression): Expression | null {
  if (kindOf(body) !== "Block") return null;
  const statements = childrenOf(body) ?? [];
  const last = statements.findIndex(sets);
  // A local that keeps the word to the end is read anywhere.
  const before = last < 0 ? statements : statements.slice(0, last + 1);
  const written = before.reduce((sum, at) => sum + count(at, sets), 0);
  if (written !== (last < 0 ? 0 : 1)) return null;
  const reading = before.filter((at) => count(at, reads) > 0);
  const [only] = reading;
  if (only === undefined || reading.length !== 1) return null;
  const found = holder(only, count(only, reads));
  const pure = (at: Expression): boolean =>
    PURE.includes(kindOf(at) ?? "") &&
    (kindOf(at) !== "LocalGet" || reads(at)) &&
    (childrenOf(at) ?? []).every(pure);
  return pure(found) ? found : null;
}

/**
 * The expression through which step() reads its word, as a function of two parameters that looks at the
 * first alone; null if step() is not of that form.
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

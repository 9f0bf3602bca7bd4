/**
 * Whether step() reads its word through one expression alone, which reads nothing but the word: then
 * step(w, i) is g(f(w), i) for that expression f, and two words with one f step alike on every input.
 * Must not know what the expression is.
 */
import binaryen from "binaryen";
import { bodyOf, childrenOf, kindOf, use } from "../mutation/mutator.ts";

type Expression = number;

/** The parameter that is the word, as a local. */
const WORD = 0;
/** Kinds that do nothing but compute: a gate has no memory, no globals and no imports, so a call too. */
const PURE: readonly string[] = ["Binary", "Unary", "Select", "Const", "LocalGet", "Call"];

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

/** All expressions at and below `at` in the order in which they are done, if none of them branches. */
function order(at: Expression): Expression[] {
  return [...(childrenOf(at) ?? []).flatMap(order), at];
}

/** Whether `at` computes from the word and nothing else. */
function pure(at: Expression): boolean {
  return (
    PURE.includes(kindOf(at) ?? "") &&
    (kindOf(at) !== "LocalGet" || reads(at)) &&
    (childrenOf(at) ?? []).every(pure)
  );
}

/** The largest expression at or below `at` that computes from the word alone and holds all `of` its reads. */
function holder(at: Expression, of: number): Expression | null {
  if (pure(at)) return at;
  const inner = (childrenOf(at) ?? []).find((child) => count(child, reads) === of);
  return inner === undefined ? null : holder(inner, of);
}

/**
 * The one part of `at` that overwrites the word, if all reads of the word that are done before it are
 * in it; or null.
 */
function overwriter(at: Expression): Expression | null {
  const done = order(at);
  if (!done.every((each) => sets(each) || PURE.includes(kindOf(each) ?? ""))) return null;
  const place = done.findIndex(sets);
  const found = done[place];
  if (found === undefined || done.filter(sets).length !== 1) return null;
  return done.slice(0, place).filter(reads).length === count(found, reads) ? found : null;
}

/** The one expression of `body` that reads the word, before the word's local is overwritten; or null. */
function readOf(body: Expression): Expression | null {
  const statements = kindOf(body) === "Block" ? (childrenOf(body) ?? []) : [body];
  const last = statements.findIndex((at) => count(at, sets) > 0);
  // A local that keeps the word to the end is read anywhere.
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

/**
 * Reads YAML and checks it against a JSON Schema. Every error names the file, line and column, and what is
 * allowed there.
 */
import { readFileSync } from "node:fs";
import type { ErrorObject, ValidateFunction } from "ajv";
import {
  type Document,
  isMap,
  isNode,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit as visitNodes,
} from "yaml";
import { codeOf, EXIT, UserError } from "./errors.ts";

/** What the patterns of a schema mean in words, by pattern. */
export type Forms = Readonly<Record<string, string>>;

export interface CheckedYaml {
  readonly data: unknown;
  readonly root: Node | null;
  /** `path:line:column` of an offset in the text. */
  place(offset: number): string;
  /** An error at an offset in the text. */
  refuse(offset: number, why: string): UserError;
}

/** Reads a file; `what` it is, for errors. Throws UserError. */
export function readText(what: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = codeOf(error) === "ENOENT" ? "does not exist" : `cannot be read (${codeOf(error)})`;
    throw new UserError(`${what} ${path} ${why}`, EXIT.BAD_FILE);
  }
}

/** Parses and checks a text. `path` is used in errors. Throws UserError. */
export function checkYaml(
  text: string,
  path: string,
  validate: ValidateFunction,
  forms: Forms,
): CheckedYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const refuse = (offset: number, why: string): UserError =>
    new UserError(`${place(offset)}: ${why}`, EXIT.BAD_FILE);
  const [trouble] = [...document.errors, ...document.warnings];
  if (trouble !== undefined) throw refuse(trouble.pos[0], trouble.message.split("\n")[0] ?? "");
  if (document.contents === null) throw refuse(0, "the file is empty");
  let data: unknown;
  try {
    data = document.toJS();
  } catch (error) {
    throw refuse(undefinedAlias(document), error instanceof Error ? error.message : String(error));
  }
  if (!validate(data)) {
    const found = (validate.errors ?? []).map((error) => ({
      at: offsetOf(document.contents, error),
      why: explanationOf(error, forms),
    }));
    // One mistake can break several rules. Report the error that comes first in the file.
    const [first] = found.sort((a, b) => a.at - b.at);
    if (first !== undefined) throw refuse(first.at, first.why);
  }
  return { data, root: document.contents, place, refuse };
}

/** The offset of an alias without an anchor before it; 0 if there is none. */
function undefinedAlias(document: Document): number {
  let found = 0;
  visitNodes(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      found = startOf(alias);
      return visitNodes.BREAK;
    },
  });
  return found;
}

/** The offset of a node in the text; 0 if it is none. */
export function startOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

/** The offset in the text of a schema error. */
function offsetOf(root: Node | null, error: ErrorObject): number {
  const path = error.instancePath.split("/").slice(1);
  let node: unknown = root;
  for (const name of path) {
    const key = name.replace(/~1/g, "/").replace(/~0/g, "~");
    if (isMap(node)) node = node.get(key, true) ?? node;
    else if (isSeq(node)) node = node.items[Number(key)] ?? node;
  }
  if (error.keyword === "additionalProperties" && isMap(node)) {
    const pair = node.items.find(({ key }) => String(key) === error.params.additionalProperty);
    if (pair !== undefined) return startOf(pair.key);
  }
  return startOf(node);
}

/** Says what is wrong and what is allowed. */
function explanationOf(error: ErrorObject, forms: Forms): string {
  const { keyword, params } = error;
  const shown = JSON.stringify(error.data);
  const what = shown !== undefined && shown.length <= 40 ? shown : "this value";
  const known = Object.keys((error.parentSchema?.properties ?? {}) as object);
  if (keyword === "additionalProperties") {
    const key = String(params.additionalProperty);
    return `unknown key "${key}"${nearest(key, known)}`;
  }
  if (keyword === "required") return `"${params.missingProperty}" is missing`;
  if (keyword === "enum") {
    const allowed = (params.allowedValues as unknown[]).map(String);
    return `${what} is not allowed here${nearest(String(error.data), allowed)}`;
  }
  if (keyword === "pattern")
    return `${what} is not ${forms[params.pattern] ?? "in the right format"}`;
  if (keyword === "type") return `${what} must be of type ${[params.type].flat().join(" or ")}`;
  if (keyword === "maxProperties") return "two actions in one step: make each a step of its own";
  if (keyword === "minProperties") return `${what} is empty: use one of ${known.join(", ")}`;
  return `${what} ${error.message ?? "is not valid"}`;
}

/** `: did you mean "x"? Use one of x, y, z`. The question is left out if no name is similar. */
export function nearest(word: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const ranked = known.map((name) => ({ name, far: distance(word.toLowerCase(), name) }));
  const best = ranked.reduce((a, b) => (b.far < a.far ? b : a));
  const names = known.join(", ");
  const similar = best.far <= Math.max(2, word.length / 3);
  return similar ? `: did you mean "${best.name}"? Use one of ${names}` : `: use one of ${names}`;
}

/** The Levenshtein distance. The case of `b` is ignored. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, right] of [...b.toLowerCase()].entries()) {
      const swap = (row[j] ?? 0) + (left === right ? 0 : 1);
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

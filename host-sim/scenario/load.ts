/**
 * Reads scenario files and validates them against the schema and further rules. Every error names
 * the file, line and column, and what is allowed there.
 */
import { readFileSync } from "node:fs";
import { Ajv, type ErrorObject } from "ajv";
import {
  type Document,
  isMap,
  isNode,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit as visitNodes,
  type YAMLMap,
} from "yaml";
import { loadBoard } from "../base/board-data.ts";
import { codeOf, EXIT, UserError } from "../base/errors.ts";
import { parseRequest } from "../controller/operations.ts";
import type { Scenario, Step } from "./grammar.ts";
import { QUESTION_WIRE } from "./remote.ts";
import schema from "./schema.json" with { type: "json" };

export interface ScenarioFile {
  path: string;
  scenario: Scenario;
  /** `path:line:column` of each step. */
  places: ReadonlyMap<Step, string>;
}

const validate = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true }).compile(schema);

/** Reads and validates a file. Throws UserError. */
export function loadScenario(path: string): ScenarioFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const why = codeOf(error) === "ENOENT" ? "does not exist" : `cannot be read (${codeOf(error)})`;
    throw new UserError(`scenario ${path} ${why}`, EXIT.BAD_FILE);
  }
  return parseScenario(text, path);
}

/** Parses and validates the text of a scenario. `path` is used in errors. Throws UserError. */
export function parseScenario(text: string, path: string): ScenarioFile {
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
      why: explanationOf(error),
    }));
    // One mistake can break several rules. Report the error that comes first in the file.
    const [first] = found.sort((a, b) => a.at - b.at);
    if (first !== undefined) throw refuse(first.at, first.why);
  }
  const scenario = data as Scenario;
  const places = new Map<Step, string>();
  const root = document.contents as YAMLMap;
  checkBoard(scenario, (why) => refuse(startOf(root.get("start", true)), why));
  visit(scenario.steps, root.get("steps", true), new Set(), (step, node, why) => {
    if (why !== undefined) throw refuse(startOf(node), why);
    places.set(step, place(startOf(node)));
  });
  return { path, scenario, places };
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

function startOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

function checkBoard(scenario: Scenario, refuse: (why: string) => UserError): void {
  try {
    loadBoard(scenario.start.board);
  } catch (error) {
    if (error instanceof UserError) throw refuse(error.message);
    throw error;
  }
}

/**
 * Visits steps together with their YAML nodes and checks what the schema cannot. Calls `found` for
 * each step, and again with a reason (`why`) for an error. `saved`: names of messages saved so far.
 */
function visit(
  steps: readonly Step[],
  nodes: unknown,
  saved: Set<string>,
  found: (step: Step, node: unknown, why?: string) => void,
): void {
  for (const [index, step] of steps.entries()) {
    const node = isSeq(nodes) ? nodes.items[index] : undefined;
    found(step, node);
    const body = (key: string) => (isMap(node) ? node.get(key, true) : undefined);
    if ("repeat" in step) {
      const inner = body("repeat");
      visit(step.repeat.steps, isMap(inner) ? inner.get("steps", true) : inner, saved, found);
    }
    if ("send" in step) {
      const why = faultOfOp(step.send.op);
      const send = body("send");
      if (why !== null) found(step, isMap(send) ? send.get("op", true) : send, why);
      if (step.send.save !== undefined) saved.add(step.send.save);
    }
    if ("replay" in step && !saved.has(step.replay.message)) {
      const near = nearest(step.replay.message, [...saved]);
      found(step, body("replay"), `no earlier step saves "${step.replay.message}"${near}`);
    }
  }
}

function faultOfOp(op: string): string | null {
  const [wire = "", ...words] = op.split(/\s+/);
  try {
    if (op !== QUESTION_WIRE) parseRequest(wire, words);
    return null;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
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

const PATTERN_FORMS: Readonly<Record<string, string>> = {
  "^[0-9]{1,9}(ms|s|m|h)$": "a time like 200ms, 2s, 5m or 1h",
  "^(next|last)$": "next, last or a number",
  "^[a-z0-9]+(-[a-z0-9]+)*$": "a name of lower-case letters, digits and hyphens",
};

/** Says what is wrong and what is allowed. */
function explanationOf(error: ErrorObject): string {
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
    return `${what} is not ${PATTERN_FORMS[params.pattern] ?? "in the right format"}`;
  if (keyword === "type") return `${what} must be of type ${[params.type].flat().join(" or ")}`;
  if (keyword === "maxProperties") return "two actions in one step: make each a step of its own";
  if (keyword === "minProperties") return `${what} is empty: use one of ${known.join(", ")}`;
  return `${what} ${error.message ?? "is not valid"}`;
}

/** `: did you mean "x"? Use one of x, y, z`. The question is left out if no name is similar. */
function nearest(word: string, known: readonly string[]): string {
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

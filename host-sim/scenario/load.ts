/**
 * Reads scenario files and validates them against the schema and further rules. Every error names
 * the file, line and column, and what is allowed there.
 */
import { Ajv } from "ajv";
import { isMap, isSeq, type YAMLMap } from "yaml";
import { loadBoard } from "../base/board-data.ts";
import { UserError } from "../base/errors.ts";
import { checkYaml, nearest, readText, startOf } from "../base/yaml-file.ts";
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

const PATTERN_FORMS: Readonly<Record<string, string>> = {
  "^[0-9]{1,9}(ms|s|m|h)$": "a time like 200ms, 2s, 5m or 1h",
  "^(next|last)$": "next, last or a number",
  "^[a-z0-9]+(-[a-z0-9]+)*$": "a name of lower-case letters, digits and hyphens",
};

/** Reads and validates a file. Throws UserError. */
export function loadScenario(path: string): ScenarioFile {
  return parseScenario(readText("scenario", path), path);
}

/** Parses and validates the text of a scenario. `path` is used in errors. Throws UserError. */
export function parseScenario(text: string, path: string): ScenarioFile {
  const { data, root: top, place, refuse } = checkYaml(text, path, validate, PATTERN_FORMS);
  const scenario = data as Scenario;
  const places = new Map<Step, string>();
  const root = top as YAMLMap;
  checkBoard(scenario, (why) => refuse(startOf(root.get("start", true)), why));
  visit(scenario.steps, root.get("steps", true), new Set(), (step, node, why) => {
    if (why !== undefined) throw refuse(startOf(node), why);
    places.set(step, place(startOf(node)));
  });
  return { path, scenario, places };
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

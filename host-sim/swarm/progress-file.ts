/**
 * Progress of a swarm: which seeds are still to run, and the totals of those that ran. It is saved
 * to a file (`--state`) that is replaced atomically, so an interrupted swarm can continue from it.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { codeOf, EXIT, UserError } from "../base/errors.ts";
import { writeOutput } from "../base/outputs.ts";
import type { Modules } from "./engine.ts";
import { addTotals, emptyTotals, type Totals } from "./totals.ts";

const FORMAT = 1;

/** What a swarm tests. A progress file can be continued only with an equal subject. */
export interface Subject {
  format: number;
  from: number;
  seeds: number;
  timeMs: number;
  /** SHA-256 of gate.wasm, in hexadecimal. */
  gate: string;
  /** SHA-256 of device.wasm, in hexadecimal. */
  device: string;
}

/** Consecutive seeds: the first one and their count. */
export type SeedRange = readonly [from: number, count: number];

export function subjectOf(modules: Modules, from: number, seeds: number, timeMs: number): Subject {
  const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  const { gate, device } = modules;
  return { format: FORMAT, from, seeds, timeMs, gate: sha(gate), device: sha(device) };
}

export class Progress {
  readonly subject: Subject;
  readonly totals: Totals;
  /** Ranges that are being run, by their first seed. */
  readonly #running = new Map<number, SeedRange>();
  #todo: SeedRange[];

  constructor(subject: Subject, todo?: SeedRange[], totals?: Totals) {
    this.subject = subject;
    this.#todo = todo ?? [[subject.from, subject.seeds]];
    this.totals = totals ?? emptyTotals();
  }

  get done(): boolean {
    return this.totals.runs === this.subject.seeds;
  }

  /** Hands out the next range, of at most `most` seeds; null if every seed has been handed out. */
  next(most: number): SeedRange | null {
    const [first] = this.#todo;
    if (first === undefined) return null;
    const [from, count] = first;
    const range: SeedRange = [from, Math.min(most, count)];
    if (count > most) this.#todo[0] = [from + most, count - most];
    else this.#todo.shift();
    this.#running.set(from, range);
    return range;
  }

  /** Adds the totals of a range that next() handed out. */
  take([from]: SeedRange, part: Totals): void {
    if (!this.#running.delete(from)) throw new Error(`seeds from ${from} were not handed out`);
    addTotals(this.totals, part);
  }

  /** Writes the file. Ranges that are being run are saved as still to run. Throws UserError. */
  save(path: string): void {
    const todo = [...this.#running.values(), ...this.#todo];
    writeOutput(path, `${JSON.stringify({ subject: this.subject, todo, tally: this.totals })}\n`);
  }
}

function seedRangeOf(value: unknown): SeedRange {
  const [from, count] = Array.isArray(value) ? (value as unknown[]) : [];
  if (!Number.isInteger(from) || !Number.isInteger(count)) throw new TypeError("todo");
  return [from as number, count as number];
}

/**
 * Loads the progress file at `path`, or starts from the beginning if it does not exist. Throws
 * UserError if the file is not a progress file or has another subject.
 */
export function openProgress(path: string, subject: Subject): Progress {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return new Progress(subject);
    throw new UserError(`${path} cannot be read (${codeOf(error)})`, EXIT.BAD_FILE);
  }
  let saved: { subject: Subject; todo: unknown[]; tally: Totals };
  let todo: SeedRange[];
  try {
    saved = JSON.parse(text);
    todo = saved.todo.map(seedRangeOf);
    const left = todo.reduce((sum, [, count]) => sum + count, 0);
    if (saved.tally.runs + left !== saved.subject.seeds) throw new TypeError("runs");
  } catch {
    throw new UserError(
      `${path} is not the state of a swarm: move it away or name another --state file`,
      EXIT.BAD_FILE,
    );
  }
  for (const [name, value] of Object.entries(subject)) {
    const other = saved.subject[name as keyof Subject];
    if (other === value) continue;
    throw new UserError(
      `${path} belongs to another swarm: its ${name} is ${other}, this one's is ${value}; ` +
        "name another --state file",
      EXIT.BAD_FILE,
    );
  }
  return new Progress(subject, todo, saved.tally);
}

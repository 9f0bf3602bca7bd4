/**
 * How far a swarm has come: seeds done and to do, and what they came to, as a file that is whole at any
 * moment. Must not know how seeds are run.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { codeOf, EXIT, UserError } from "../errors.ts";
import { writeFileAtomic } from "../files.ts";
import type { Modules } from "./engine.ts";
import { add, emptyTally, type Tally } from "./tally.ts";

const FORMAT = 1;

/** What a swarm is of: two ledgers of one and the same swarm agree in this. */
export interface Subject {
  format: number;
  from: number;
  seeds: number;
  timeMs: number;
  /** SHA-256. */
  gate: string;
  device: string;
}

/** Seeds in a row: the first, and how many. */
export type Span = readonly [from: number, count: number];

export function subjectOf(modules: Modules, from: number, seeds: number, timeMs: number): Subject {
  const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  const { gate, device } = modules;
  return { format: FORMAT, from, seeds, timeMs, gate: sha(gate), device: sha(device) };
}

export class Ledger {
  readonly subject: Subject;
  readonly tally: Tally;
  /** Given out and not come back, by their first seed. */
  readonly #out = new Map<number, Span>();
  #todo: Span[];

  constructor(subject: Subject, todo?: Span[], tally?: Tally) {
    this.subject = subject;
    this.#todo = todo ?? [[subject.from, subject.seeds]];
    this.tally = tally ?? emptyTally();
  }

  get done(): boolean {
    return this.tally.runs === this.subject.seeds;
  }

  /** The next seeds to run, `most` at most; null if all are given out. */
  next(most: number): Span | null {
    const [first] = this.#todo;
    if (first === undefined) return null;
    const [from, count] = first;
    const span: Span = [from, Math.min(most, count)];
    if (count > most) this.#todo[0] = [from + most, count - most];
    else this.#todo.shift();
    this.#out.set(from, span);
    return span;
  }

  /** What the seeds of a span came to. */
  take([from]: Span, part: Tally): void {
    if (!this.#out.delete(from)) throw new Error(`seeds from ${from} were not given out`);
    add(this.tally, part);
  }

  /** Writes the file. What is given out counts as to do. Throws UserError. */
  save(path: string): void {
    const todo = [...this.#out.values(), ...this.#todo];
    try {
      const text = `${JSON.stringify({ subject: this.subject, todo, tally: this.tally })}\n`;
      writeFileAtomic(path, text, { mode: 0o644, replace: true });
    } catch (error) {
      throw new UserError(`${path} cannot be written (${codeOf(error)})`, EXIT.BAD_FILE);
    }
  }
}

function spanOf(value: unknown): Span {
  const [from, count] = Array.isArray(value) ? (value as unknown[]) : [];
  if (!Number.isInteger(from) || !Number.isInteger(count)) throw new TypeError("todo");
  return [from as number, count as number];
}

/**
 * The ledger at `path`, to go on from; a new one if there is no file. Throws UserError for one of
 * another swarm, or of none.
 */
export function openLedger(path: string, subject: Subject): Ledger {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return new Ledger(subject);
    throw new UserError(`${path} cannot be read (${codeOf(error)})`, EXIT.BAD_FILE);
  }
  let kept: { subject: Subject; todo: unknown[]; tally: Tally };
  let todo: Span[];
  try {
    kept = JSON.parse(text);
    todo = kept.todo.map(spanOf);
    const left = todo.reduce((sum, [, count]) => sum + count, 0);
    if (kept.tally.runs + left !== kept.subject.seeds) throw new TypeError("runs");
  } catch {
    throw new UserError(`${path} is not the state of a swarm: move it away`, EXIT.BAD_FILE);
  }
  for (const [name, value] of Object.entries(subject)) {
    const other = kept.subject[name as keyof Subject];
    if (other === value) continue;
    throw new UserError(
      `${path} is of another swarm: ${name} is ${other} there, ${value} here; name another file`,
      EXIT.BAD_FILE,
    );
  }
  return new Ledger(subject, todo, kept.tally);
}

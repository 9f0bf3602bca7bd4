/**
 * Makes a failing scenario small: fewer steps, then shorter times and plainer commands, as long as it
 * still fails for the same reason. Must not know what fails, nor why.
 */
import { OP, OP_WIRES } from "../abi.gen.ts";
import type { Scenario, Send, Step } from "../scenario/grammar.ts";
import { durationMs } from "../scenario/grammar.ts";

/** Why a scenario fails; null if it does not. */
export type Fails = (scenario: Scenario) => Promise<string | null>;

/** Tries in all: a scenario of a few steps needs some hundred. */
const TRIES_MAX = 4_000;
/** Times that read well, tried before halves, in ms. */
const PLAIN_MS = [0, 10, 100, 200, 500, 1000, 2000];

/** The reason without its figures: times change as a scenario shrinks. */
export function reasonOf(expected: string): string {
  return expected.replace(/\d+/g, "#");
}

class Shrinking {
  best: Scenario;
  readonly #fails: Fails;
  readonly #reason: string;
  #tries = 0;

  constructor(scenario: Scenario, reason: string, fails: Fails) {
    this.best = scenario;
    this.#reason = reason;
    this.#fails = fails;
  }

  /** Takes `candidate` if it fails alike. */
  async take(candidate: Scenario): Promise<boolean> {
    if (this.#tries >= TRIES_MAX || candidate.steps.length === 0) return false;
    this.#tries++;
    const reason = await this.#fails(candidate);
    if (reason === null || reasonOf(reason) !== this.#reason) return false;
    this.best = candidate;
    return true;
  }

  with(steps: readonly Step[]): Promise<boolean> {
    return this.take({ ...this.best, steps: [...steps] });
  }

  /** Delta debugging (Zeller and Hildebrandt 2002), by complements: leaves chunks out, ever smaller. */
  async steps(): Promise<boolean> {
    const before = this.best.steps.length;
    for (let size = Math.ceil(before / 2); size >= 1; size = size === 1 ? 0 : size >> 1) {
      for (let at = this.best.steps.length - size; at > -size; at -= size) {
        const { steps } = this.best;
        const from = Math.max(0, at);
        await this.with([...steps.slice(0, from), ...steps.slice(at + size)]);
      }
    }
    return this.best.steps.length < before;
  }

  /** Plainer forms of each step, the plainest first. */
  async parameters(): Promise<boolean> {
    let better = false;
    for (let at = 0; at < this.best.steps.length; at++) {
      for (let again = true; again; ) {
        again = false;
        const { steps } = this.best;
        const step = steps[at];
        if (step === undefined) break;
        for (const plainer of plainerSteps(step)) {
          if (!(await this.with([...steps.slice(0, at), ...plainer, ...steps.slice(at + 1)])))
            continue;
          better = true;
          again = plainer.length > 0 && JSON.stringify(plainer[0]) !== JSON.stringify(step);
          break;
        }
      }
    }
    return better;
  }

  /** Two waits in a row as one. */
  async waits(): Promise<boolean> {
    const { steps } = this.best;
    for (const [at, step] of steps.entries()) {
      const next = steps[at + 1];
      if (!("wait" in step) || next === undefined || !("wait" in next)) continue;
      const ms = durationMs(step.wait) + durationMs(next.wait);
      const one: Step = { wait: `${ms}ms` };
      if (await this.with([...steps.slice(0, at), one, ...steps.slice(at + 2)])) return true;
    }
    return false;
  }

  async surroundings(): Promise<void> {
    const { guest, start, seed, ...rest } = this.best;
    const kept = { ...rest, start, ...(guest === undefined ? {} : { guest }) };
    if (seed !== 1) await this.take({ ...kept, seed: 1 });
    if (start.board !== undefined)
      await this.take({ ...this.best, start: { switch: start.switch } });
  }
}

function plainerTimes(text: string): string[] {
  const ms = durationMs(text);
  return [...PLAIN_MS, ms >> 1, ms - 1]
    .filter((other) => other < ms && other > 0)
    .map((n) => `${n}ms`);
}

/** A command with one thing less about it. */
function plainerSends(send: Send): Send[] {
  const { via, save, tamper, seq, ...plain } = send;
  const more = { via, save, tamper, seq };
  const without = (name: keyof typeof more): Send =>
    Object.fromEntries(
      Object.entries({ ...plain, ...more }).filter(
        ([key, value]) => key !== name && value !== undefined,
      ),
    ) as unknown as Send;
  const given = (Object.keys(more) as (keyof typeof more)[]).filter(
    (name) => more[name] !== undefined,
  );
  const words = send.op.split(" ");
  // The one operation whose arguments are optional.
  const fewer = words[0] === OP_WIRES[OP.CONFIG_SET] && words.length > 2;
  const shorter = fewer ? [{ ...send, op: words.slice(0, -1).join(" ") }] : [];
  const owner: Send[] = send.as === "owner" ? [] : [{ ...send, as: "owner" }];
  return [...given.map(without), ...shorter, ...owner];
}

function plainerSteps(step: Step): Step[][] {
  if ("wait" in step) return plainerTimes(step.wait).map((wait) => [{ wait }]);
  if ("stall" in step)
    return [
      [{ wait: step.stall }],
      ...plainerTimes(step.stall).map((stall): Step[] => [{ stall }]),
    ];
  if ("send" in step) return plainerSends(step.send).map((send): Step[] => [{ send }]);
  if ("replay" in step && step.replay.via !== undefined)
    return [[{ replay: { message: step.replay.message } }]];
  if ("supply" in step && step.supply === "sag") return [[{ supply: "off" }]];
  if ("temperature" in step && step.temperature !== 30) return [[{ temperature: 30 }]];
  if ("button" in step && step.button === "press") return [[{ button: "tap" }]];
  return [];
}

/** The smallest scenario found that fails as this one does, for the reason `expected`. */
export async function shrink(
  scenario: Scenario,
  expected: string,
  fails: Fails,
): Promise<Scenario> {
  const shrinking = new Shrinking(scenario, reasonOf(expected), fails);
  await shrinking.surroundings();
  for (let better = true; better; ) {
    better = await shrinking.steps();
    better = (await shrinking.waits()) || better;
    better = (await shrinking.parameters()) || better;
  }
  return shrinking.best;
}

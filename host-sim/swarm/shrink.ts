/**
 * Shrinks a failing scenario: removes steps, then shortens times and simplifies commands, as long
 * as it still fails for the same reason.
 */
import { OP, OP_WIRES } from "../abi/abi.gen.ts";
import type { Scenario, Send, Step } from "../scenario/grammar.ts";
import { durationMs } from "../scenario/grammar.ts";

/** Runs a scenario. Returns why it fails; null if it passes. */
export type Fails = (scenario: Scenario) => Promise<string | null>;

/** Most runs per scenario. One with a few steps left has needed some hundred. */
const TRIES_MAX = 4_000;
/** Round times in ms, tried before halving. */
const ROUND_MS = [0, 10, 100, 200, 500, 1000, 2000];

/** The reason without its numbers, because times change while a scenario shrinks. */
export function reasonOf(expected: string): string {
  return expected.replace(/\d+/g, "#");
}

class Shrinker {
  best: Scenario;
  readonly #fails: Fails;
  readonly #reason: string;
  #tries = 0;

  constructor(scenario: Scenario, reason: string, fails: Fails) {
    this.best = scenario;
    this.#reason = reason;
    this.#fails = fails;
  }

  /** Makes `candidate` the best scenario if it fails for the same reason. */
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

  /** Delta debugging (Zeller and Hildebrandt 2002): removes chunks of steps, of decreasing size. */
  async removeSteps(): Promise<boolean> {
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

  /** Replaces each step by a simpler form, the simplest first. */
  async simplifySteps(): Promise<boolean> {
    let better = false;
    for (let at = 0; at < this.best.steps.length; at++) {
      for (let again = true; again; ) {
        again = false;
        const { steps } = this.best;
        const step = steps[at];
        if (step === undefined) break;
        for (const simpler of simplerSteps(step)) {
          if (!(await this.with([...steps.slice(0, at), ...simpler, ...steps.slice(at + 1)])))
            continue;
          better = true;
          again = simpler.length > 0 && JSON.stringify(simpler[0]) !== JSON.stringify(step);
          break;
        }
      }
    }
    return better;
  }

  /** Merges two waits in a row. */
  async mergeWaits(): Promise<boolean> {
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

  /** Tries seed 1 and the default board. */
  async simplifyStart(): Promise<void> {
    const { guest, start, seed, ...rest } = this.best;
    const kept = { ...rest, start, ...(guest === undefined ? {} : { guest }) };
    if (seed !== 1) await this.take({ ...kept, seed: 1 });
    if (start.board !== undefined)
      await this.take({ ...this.best, start: { switch: start.switch } });
  }
}

function shorterTimes(text: string): string[] {
  const ms = durationMs(text);
  return [...ROUND_MS, ms >> 1, ms - 1]
    .filter((other) => other < ms && other > 0)
    .map((n) => `${n}ms`);
}

/** Variants of a command, each with one property less. */
function simplerSends(send: Send): Send[] {
  const { via, save, tamper, seq, ...required } = send;
  const removable = { via, save, tamper, seq };
  const without = (name: keyof typeof removable): Send =>
    Object.fromEntries(
      Object.entries({ ...required, ...removable }).filter(
        ([key, value]) => key !== name && value !== undefined,
      ),
    ) as unknown as Send;
  const given = (Object.keys(removable) as (keyof typeof removable)[]).filter(
    (name) => removable[name] !== undefined,
  );
  const words = send.op.split(" ");
  // Only config.set has optional arguments.
  const fewer = words[0] === OP_WIRES[OP.CONFIG_SET] && words.length > 2;
  const shorter = fewer ? [{ ...send, op: words.slice(0, -1).join(" ") }] : [];
  const owner: Send[] = send.as === "owner" ? [] : [{ ...send, as: "owner" }];
  return [...given.map(without), ...shorter, ...owner];
}

function simplerSteps(step: Step): Step[][] {
  if ("wait" in step) return shorterTimes(step.wait).map((wait) => [{ wait }]);
  if ("stall" in step)
    return [
      [{ wait: step.stall }],
      ...shorterTimes(step.stall).map((stall): Step[] => [{ stall }]),
    ];
  if ("send" in step) return simplerSends(step.send).map((send): Step[] => [{ send }]);
  if ("replay" in step && step.replay.via !== undefined)
    return [[{ replay: { message: step.replay.message } }]];
  if ("supply" in step && step.supply === "sag") return [[{ supply: "off" }]];
  if ("temperature" in step && step.temperature !== 30) return [[{ temperature: 30 }]];
  if ("button" in step && step.button === "press") return [[{ button: "tap" }]];
  return [];
}

/** The smallest scenario found that fails for the reason `expected`, as the given one does. */
export async function shrink(
  scenario: Scenario,
  expected: string,
  fails: Fails,
): Promise<Scenario> {
  const shrinker = new Shrinker(scenario, reasonOf(expected), fails);
  await shrinker.simplifyStart();
  for (let better = true; better; ) {
    better = await shrinker.removeSteps();
    better = (await shrinker.mergeWaits()) || better;
    better = (await shrinker.simplifySteps()) || better;
  }
  return shrinker.best;
}

/**
 * Explores what a hostile broker can make the controller report. The broker withholds, reorders,
 * duplicates, replays and drops messages; the user sends up to three commands, one after the other,
 * moves the switch, and presses the button. Device and controller are the real ones (device.ts,
 * requests.ts). I11: what the controller reports is true.
 */
import { CODE, OP } from "../../abi/abi.gen.ts";
import { type DerivedKeys, deriveKeys } from "../../base/derived-keys.ts";
import { decodeReply } from "../../controller/command.ts";
import type { Conclusion } from "../../controller/conversation.ts";
import { decodeCbor, decodeMac0 } from "../../controller/cose.ts";
import { parseRequest, type Request } from "../../controller/operations.ts";
import { type DeviceState, deviceKey, ModelDevice, type Step } from "./device.ts";
import type { ModelOptions, ModelResult } from "./model.ts";
import { Messages, type RequestNode, Requests } from "./requests.ts";

export const DEADLINE_MS = 5_000;
/** How long a request waits for the answer to its question, in ms. */
const TIMEOUT_MS = 3_000;
/** A guest may still run for so long when a deadline passes, in ms: the watchdog's time. */
const LAG_MS = 2_000;
/** A user who interrupts a request needs at least this long for the next, in ms. */
const AGAIN_MS = 1;
/** Otherwise requests begin at multiples of this, in ms: time itself makes no difference to them. */
const SLOT_MS = 20_000;
/** Above every number of a message and every clock, in keys. */
const LIMIT = 100_000;

type Outcome = Conclusion["kind"] | "open" | "silent" | "interrupted";

interface Sent {
  readonly node: RequestNode;
  readonly outcome: Outcome;
  /** How often a command of this request executed. */
  readonly executed: number;
}

interface World {
  readonly now: number;
  /** When the device went LIVE. */
  readonly liveAt: number;
  readonly device: DeviceState;
  readonly sent: readonly Sent[];
  /** Replies that the broker has, by message number, sorted. */
  readonly replies: readonly number[];
  readonly pressed: boolean;
  readonly released: boolean;
}

class Untrue extends Error {}

interface Move {
  readonly name: string;
  readonly next: () => World;
}

/** What a message does to the device in a state. */
interface Delivery {
  readonly step: Step;
  /** Number of the reply; -1 for none. */
  readonly reply: number;
  /** The device does not change. */
  readonly same: boolean;
}

export class Explorer {
  readonly #options: ModelOptions;
  readonly #keys: DerivedKeys = deriveKeys("owner", new Uint8Array(32).fill(7));
  readonly #messages = new Messages();
  readonly #device: ModelDevice;
  readonly #requests: Requests;
  readonly #operations: readonly Request[];
  readonly #steps = new Map<number, Delivery>();
  readonly #states = new Map<string, DeviceState>();
  readonly #numbers = new Map<DeviceState, number>();
  /** Deadlines by message; null for a question. */
  readonly #deadlines = new Map<number, number | null>();
  readonly #runs = new Map<string, number>();
  readonly #contents = new Map<number, string>();
  readonly #path: string[] = [];
  #transitions = 0;

  constructor(options: ModelOptions) {
    this.#options = options;
    this.#device = new ModelDevice(options.device, this.#keys, options.epochs);
    this.#requests = new Requests(options.make, this.#keys, DEADLINE_MS, this.#messages);
    this.#operations = options.operations.map((line) => {
      const [wire = "", ...words] = line.split(" ");
      return parseRequest(wire, words);
    });
  }

  run(): ModelResult {
    const first: World = {
      now: 0,
      liveAt: 0,
      device: this.#one(this.#device.first),
      sent: [],
      replies: [],
      pressed: false,
      released: false,
    };
    let untrue: ModelResult["untrue"] = null;
    let interleavings = 0;
    try {
      interleavings = this.#explore(this.#overheard(first));
    } catch (error) {
      if (!(error instanceof Untrue)) throw error;
      untrue = { rule: error.message, steps: [...this.#path] };
    }
    return {
      states: this.#runs.size,
      transitions: this.#transitions,
      interleavings,
      deviceRuns: this.#device.runs,
      conversationRuns: this.#requests.runs,
      untrue,
    };
  }

  /** The number of runs from a world to an end. */
  #explore(world: World): number {
    const key = keyOf(world);
    const known = this.#runs.get(key);
    if (known !== undefined) return known;
    const moves = this.#moves(world);
    let runs = moves.length === 0 ? 1 : 0;
    for (const { name, next } of moves) {
      this.#transitions++;
      this.#path.push(`@${world.now} ${name}`);
      runs += this.#explore(this.#overheard(next()));
      this.#path.pop();
    }
    this.#runs.set(key, runs);
    return runs;
  }

  #moves(world: World): Move[] {
    const open = world.sent.find(({ outcome }) => outcome === "open");
    return [
      ...this.#deliveries(world),
      ...(open === undefined ? this.#starts(world) : this.#answers(world, open)),
      ...this.#times(world, open),
      ...this.#local(world, open),
    ];
  }

  #clock({ now, liveAt }: World): number {
    return Math.floor((now - liveAt) * this.#options.rate);
  }

  /** The one object that stands for a state of the device. */
  #one(state: DeviceState): DeviceState {
    const key = deviceKey(state);
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    this.#states.set(key, state);
    this.#numbers.set(state, this.#numbers.size);
    return state;
  }

  #step(world: World, message: number): Delivery {
    const clock = this.#clock(world);
    const number = this.#numbers.get(world.device) ?? 0;
    if (Math.max(number, message, clock) >= LIMIT) throw new RangeError("the model is too large");
    const key = (number * LIMIT + message) * LIMIT + clock;
    const known = this.#steps.get(key);
    if (known !== undefined) return known;
    const step = this.#device.run(world.device, clock, this.#messages.bytesOf(message));
    const reply = step.reply === null ? -1 : this.#messages.idOf(step.reply);
    const after = this.#one(step.after);
    const row = { step: { ...step, after }, reply, same: after === world.device };
    this.#steps.set(key, row);
    return row;
  }

  /**
   * Adds the replies that the broker gets for nothing: to each message that does not change the device.
   * It may deliver those at any time, so that not having such a reply allows it nothing more.
   */
  #overheard(world: World): World {
    const replies = new Set(world.replies);
    for (const { message } of published(world)) {
      const { reply, same } = this.#step(world, message);
      if (same) this.#keep(replies, reply);
    }
    if (replies.size === world.replies.length) return world;
    return { ...world, replies: [...replies].sort((a, b) => a - b) };
  }

  /** Adds a reply, unless the broker has one that differs in the clock alone. -1: none. */
  #keep(replies: Set<number>, reply: number): void {
    if (reply < 0 || replies.has(reply)) return;
    const content = this.#contentOf(reply);
    for (const other of replies) if (this.#contentOf(other) === content) return;
    replies.add(reply);
  }

  #contentOf(reply: number): string {
    const known = this.#contents.get(reply);
    if (known !== undefined) return known;
    const bytes = this.#messages.bytesOf(reply);
    const { tag, epoch, code, data } = decodeReply(bytes, this.#keys.reply, "owner");
    const content = `${Buffer.from(tag).toString("hex")} ${epoch[0]} ${code} ${[...data]}`;
    this.#contents.set(reply, content);
    return content;
  }

  /** The broker delivers a message that changes the device: one that the device accepts. */
  #deliveries(world: World): Move[] {
    return published(world).flatMap(({ message, index, endsAt }) => {
      const { step, reply, same } = this.#step(world, message);
      if (same) return [];
      const next = () => {
        const replies = new Set(world.replies);
        this.#keep(replies, reply);
        const sorted = [...replies].sort((a, b) => a - b);
        const after = { ...world, device: step.after, replies: sorted };
        return step.executed ? this.#executed(after, index, endsAt) : after;
      };
      return [{ name: `the broker delivers command ${message} of request ${index + 1}`, next }];
    });
  }

  #executed(world: World, index: number, endsAt: number): World {
    const sent = world.sent.map((one, at) =>
      at === index ? { ...one, executed: one.executed + 1 } : one,
    );
    const { executed, outcome, node } = sent[index] ?? { executed: 0, outcome: "open", node: null };
    if (executed > 1) throw new Untrue("a request executes at most once");
    if (outcome !== "open" && outcome !== "interrupted")
      throw new Untrue(`a request that was reported as ${outcome} does not execute afterwards`);
    if (world.now + LAG_MS > endsAt)
      throw new Untrue("a command executes before the time that was reported as its end");
    const level = node?.request.op === OP.RELAY_SET ? Number(node.request.args.get(1)) : null;
    if (level !== null && world.device.relay !== level)
      throw new Untrue("what executes is what was requested");
    return { ...world, sent };
  }

  /** The broker delivers a reply to the request that waits for one. */
  #answers(world: World, open: Sent): Move[] {
    return world.replies.flatMap((reply) => {
      const result = this.#requests.receive(open.node, reply, world.now);
      if (result === null) return [];
      const next = () =>
        "kind" in result ? this.#concluded(world, result) : replaced(world, { node: result });
      const what = "kind" in result ? `it reports ${wordOf(result)}` : "it signs a command";
      return [{ name: `the broker delivers reply ${reply}: ${what}`, next }];
    });
  }

  #concluded(world: World, conclusion: Conclusion): World {
    const open = world.sent.find(({ outcome }) => outcome === "open");
    const executed = open?.executed ?? 0;
    if (conclusion.kind === "executed" && executed !== 1)
      throw new Untrue("a request that is reported as executed executed once");
    if ((conclusion.kind === "refused" || conclusion.kind === "unsent") && executed !== 0)
      throw new Untrue(`a request that is reported as ${conclusion.kind} did not execute`);
    const relay = conclusion.kind === "executed" ? conclusion.fields?.relay : undefined;
    const wanted = open?.node.request.args.get(1);
    if (relay !== undefined && relay !== wanted)
      throw new Untrue("the reply tells the level that was requested");
    return replaced(world, { outcome: conclusion.kind });
  }

  #starts(world: World): Move[] {
    if (world.sent.length >= this.#options.requests) return [];
    const slot = Math.ceil(world.now / SLOT_MS) * SLOT_MS;
    const now = world.sent.at(-1)?.outcome === "interrupted" ? world.now : slot;
    return this.#operations.map((request, operation) => ({
      name: `the user sends ${this.#options.operations[operation]} at @${now}`,
      next: () => {
        const node = this.#requests.start(world.sent.length, request, now);
        const sent = [...world.sent, { node, outcome: "open" as const, executed: 0 }];
        return { ...world, now, sent };
      },
    }));
  }

  /** Time passes until something changes: a deadline, or the end of a request. */
  #times(world: World, open: Sent | undefined): Move[] {
    const times = new Set<number>();
    for (const { message, index } of published(world)) {
      const outcome = world.sent[index]?.outcome;
      if (outcome !== "open" && outcome !== "interrupted") continue;
      const deadline = this.#deadlineOf(message);
      if (deadline === null || this.#step(world, message).same) continue;
      const end = world.liveAt + Math.ceil(deadline / this.#options.rate);
      times.add(end - 1).add(end);
    }
    const last = open === undefined ? Number.POSITIVE_INFINITY : endOf(open.node);
    if (open !== undefined) times.add(last);
    if (open?.node.committed === false) times.add(last - 1);
    return [...times]
      .filter((time) => time > world.now && time <= last)
      .map((now) => ({
        name: `time passes until @${now}`,
        next: () => {
          const later = { ...world, now };
          if (open === undefined || now < last) return later;
          return replaced(later, { outcome: open.node.committed ? "unknown" : "silent" });
        },
      }));
  }

  /** What the user does at the device, and an interrupted request. */
  #local(world: World, open: Sent | undefined): Move[] {
    const { epochs, hold, interrupts } = this.#options;
    const { device } = world;
    const moves: Move[] = [];
    const add = (name: string, next: () => World) => moves.push({ name, next });
    if (device.epoch + 1 < epochs) {
      const next = this.#one(this.#device.nextEpoch(device));
      add("the user moves the switch to KILL and back", () => ({
        ...world,
        device: next,
        liveAt: world.now,
      }));
    }
    if (hold && !world.pressed) {
      const pressed = this.#one({ ...device, held: true, relay: device.relay ^ 1 });
      add("the user presses the button", () => ({ ...world, device: pressed, pressed: true }));
    }
    if (world.pressed && device.held && !world.released) {
      const free = this.#one({ ...device, held: false });
      add("the hold ends", () => ({ ...world, device: free, released: true }));
    }
    if (interrupts && open !== undefined)
      add("the user interrupts the request", () => ({
        ...replaced(world, { outcome: "interrupted" }),
        now: world.now + AGAIN_MS,
      }));
    return moves;
  }

  /** The deadline of a command; null for a question. */
  #deadlineOf(message: number): number | null {
    const known = this.#deadlines.get(message);
    if (known !== undefined) return known;
    const bytes = decodeMac0(this.#keys.command, "owner", this.#messages.bytesOf(message));
    const items = decodeCbor(bytes) as readonly unknown[];
    const deadline = items.length === 1 ? null : Number(items[2]);
    this.#deadlines.set(message, deadline);
    return deadline;
  }
}

/** When a request ends by itself. */
function endOf({ committed, giveUpAt, startedAt }: RequestNode): number {
  return committed ? giveUpAt : startedAt + TIMEOUT_MS;
}

/** Everything that the requests of a world published, with their number. */
function published(world: World): { message: number; index: number; endsAt: number }[] {
  return world.sent.flatMap(({ node }, index) =>
    node.published.map(({ message, endsAt }) => ({ message, index, endsAt })),
  );
}

/** The world with the open request changed. */
function replaced(world: World, change: Partial<Sent>): World {
  const sent = world.sent.map((one) => (one.outcome === "open" ? { ...one, ...change } : one));
  return { ...world, sent };
}

function wordOf(conclusion: Conclusion): string {
  const code = conclusion.kind === "refused" ? ` ${Object.keys(CODE)[conclusion.code]}` : "";
  return `${conclusion.kind}${code}`;
}

function keyOf(world: World): string {
  const { now, liveAt, device, sent, replies, pressed, released } = world;
  // Of a request that ended only what the broker can still deliver matters, and what was reported.
  const requests = sent.map(({ node, outcome, executed }) =>
    outcome === "open" || outcome === "interrupted"
      ? `${node.id} ${outcome} ${executed}`
      : `${node.published.map(({ message }) => message)} ${outcome} ${executed}`,
  );
  return `${now} ${liveAt} ${deviceKey(device)} ${requests} ${replies} ${pressed} ${released}`;
}

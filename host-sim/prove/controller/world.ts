/** A state of the controller's model: the device, the requests, and the replies that the broker has. */
import { CODE } from "../../abi/abi.gen.ts";
import type { Conclusion } from "../../controller/conversation.ts";
import { type DeviceState, deviceKey } from "./device.ts";
import type { RequestNode } from "./requests.ts";

/** How long a request waits for the answer to its question, in ms. */
const TIMEOUT_MS = 3_000;

export type Outcome = Conclusion["kind"] | "open" | "silent" | "interrupted";

export interface Sent {
  readonly node: RequestNode;
  readonly outcome: Outcome;
  /** How often a command of this request executed. */
  readonly executed: number;
}

export interface World {
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

/** When a request ends by itself. */
export function endOf({ committed, giveUpAt, startedAt }: RequestNode): number {
  return committed ? giveUpAt : startedAt + TIMEOUT_MS;
}

/** Everything that the requests of a world published, with their number. */
export function published(world: World): { message: number; index: number; endsAt: number }[] {
  return world.sent.flatMap(({ node }, index) =>
    node.published.map(({ message, endsAt }) => ({ message, index, endsAt })),
  );
}

/** The world with the open request changed. */
export function replaced(world: World, change: Partial<Sent>): World {
  const sent = world.sent.map((one) => (one.outcome === "open" ? { ...one, ...change } : one));
  return { ...world, sent };
}

export function wordOf(conclusion: Conclusion): string {
  const code = conclusion.kind === "refused" ? ` ${Object.keys(CODE)[conclusion.code]}` : "";
  return `${conclusion.kind}${code}`;
}

export function keyOf(world: World): string {
  const { now, liveAt, device, sent, replies, pressed, released } = world;
  // Of a request that ended only what the broker can still deliver matters, and what was reported.
  const requests = sent.map(({ node, outcome, executed }) =>
    outcome === "open" || outcome === "interrupted"
      ? `${node.id} ${outcome} ${executed}`
      : `${node.published.map(({ message }) => message)} ${outcome} ${executed}`,
  );
  return `${now} ${liveAt} ${deviceKey(device)} ${requests} ${replies} ${pressed} ${released}`;
}

/**
 * Flaws of controllers and devices, put back into today's sources: each made an owner believe something
 * that was not so.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageRoot } from "../../host-sim/base/paths.ts";
import type * as conversation from "../../host-sim/controller/conversation.ts";
import type { ConversationMaker } from "../../host-sim/prove/controller/requests.ts";
import { importBundle, replaceOnce } from "../base/changed-source.ts";

export interface Flaw {
  readonly name: string;
  /** What the explorer must report. */
  readonly untrue: RegExp;
  /** The size of the model that finds it: see SIZES. */
  readonly size: string;
  /** Exact texts of the source, each of which occurs once, and what replaces them. */
  readonly changes: readonly (readonly [find: string, replace: string])[];
}

export const CONTROLLER = "host-sim/controller/conversation.ts";
export const POLICY = "firmware/device/policy.ts";
const TWO = "two commands, two epochs";
const HELD = "a hold and an interrupted request";

export const CONTROLLER_FLAWS: readonly Flaw[] = [
  {
    name: "a reply is matched by principal, epoch and number",
    untrue: /execute/,
    size: TWO,
    changes: [
      [
        "export class Conversation {",
        "const NUMBERS = new Map<string, number>();\nexport class Conversation {",
      ],
      [
        "    this.#command = { seq, epoch };",
        "    this.#command = { seq, epoch };\n    NUMBERS.set(this.#tag.join(), seq);",
      ],
      [
        "if (Buffer.compare(reply.tag, this.#tag) === 0) return reply;",
        `const { epoch, seq } = this.#command ?? { epoch: reply.epoch, seq: -1 };
      const same = Buffer.compare(reply.epoch, epoch) === 0;
      if (same && (seq < 0 ? Buffer.compare(reply.tag, this.#tag) === 0
        : NUMBERS.get(reply.tag.join()) === seq)) return reply;`,
      ],
    ],
  },
  {
    name: "STALE_EPOCH is taken for a refusal",
    untrue: /reported as refused did not execute/,
    size: TWO,
    changes: [
      [
        'return { kind: "unknown", why: "its switch was moved meanwhile" };',
        'return { kind: "refused", seq, code, fields: {} };',
      ],
    ],
  },
  {
    name: "REPLAY is taken for a refusal",
    untrue: /reported as refused did not execute/,
    size: TWO,
    changes: [
      [
        'if (fields.result === CODE_NAMES[CODE.OK]) return { kind: "executed", seq, fields: null };',
        'if (fields.result === CODE_NAMES[CODE.OK]) return { kind: "refused", seq, code: 0, fields };',
      ],
    ],
  },
  {
    name: "a second command is signed after any REPLAY",
    untrue: /executes at most once/,
    size: TWO,
    changes: [
      [
        'if (fields.result === CODE_NAMES[CODE.OK]) return { kind: "executed", seq, fields: null };',
        "",
      ],
      ['if (result >= 0) return { kind: "refused", seq, code: result, fields: {} };', ""],
    ],
  },
  {
    name: "a second command is signed while the first may still run, after STALE_EPOCH",
    untrue: /executes at most once/,
    size: TWO,
    changes: [
      [
        'return { kind: "unknown", why: "its switch was moved meanwhile" };',
        "return this.#sign(reply, 1, now);",
      ],
    ],
  },
  {
    name: "the controller gives up before the deadline",
    untrue: /executes before the time|does not execute afterwards/,
    size: TWO,
    changes: [["now + deadlineMs * (1 + CLOCK_DRIFT) + GRACE_MS", "now + deadlineMs / 2"]],
  },
  {
    name: "the clocks are taken to be equally fast",
    untrue: /executes before the time/,
    size: "a slow clock",
    changes: [["(1 + CLOCK_DRIFT) + GRACE_MS", "1 + GRACE_MS - 100"]],
  },
];

export const DEVICE_FLAWS: readonly (Flaw & { file: string })[] = [
  {
    name: "a command has no deadline",
    file: POLICY,
    untrue: /executes before the time|does not execute afterwards/,
    size: TWO,
    changes: [["leftMs - 1 < (DEADLINE_MAX_MS as u64) ? CODE_OK : CODE_EXPIRED", "CODE_OK"]],
  },
  {
    name: "the same bytes are not recognised",
    file: POLICY,
    untrue: /executes at most once/,
    size: TWO,
    changes: [["state.getLastTag(principal << 1) === load<u64>(tag) &&", "tag === 0 &&"]],
  },
  {
    name: "other bytes are taken for the same",
    file: POLICY,
    untrue: /reported as (executed executed once|refused did not execute)/,
    size: "an interrupted request",
    changes: [
      ["state.getLastTag(principal << 1) === load<u64>(tag) &&", "tag !== 0 &&"],
      ["state.getLastTag((principal << 1) + 1) === load<u64>(tag, 8)", "tag !== 0"],
    ],
  },
  {
    name: "a refusal does not use its number up",
    file: "firmware/device/command.ts",
    untrue: /reported as refused does not execute afterwards/,
    size: HELD,
    changes: [
      [
        "state.setLastResult(principal, code);",
        "state.setLastResult(principal, code);\n    if (code === CODE_HOLD) state.setLastSeq(principal, command.seq - 1);",
      ],
    ],
  },
];

function changed(source: string, { name, changes }: Flaw): string {
  return changes.reduce((text, [find, replace]) => replaceOnce(text, find, replace, name), source);
}

/** The source of a file with a flaw. Throws if a text to replace does not occur once. */
export function flawedSource(file: string, flaw: Flaw): string {
  return changed(readFileSync(join(packageRoot(), file), "utf8"), flaw);
}

/** The controller's conversation with a flaw. */
export async function flawedController(flaw: Flaw): Promise<ConversationMaker> {
  const root = packageRoot();
  const module = await importBundle<typeof conversation>({
    contents: flawedSource(CONTROLLER, flaw),
    resolveDir: dirname(join(root, CONTROLLER)),
  });
  return (options) => new module.Conversation(options);
}

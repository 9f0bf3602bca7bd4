/**
 * One request to a device as a state machine without input or output: the bytes to publish, and what
 * each message on the reply topic proves. docs/PROTOCOL.md, "What a controller may conclude", gives the
 * reasons; host-sim/prove explores it against a broker that withholds, reorders, repeats and drops.
 */
import { CODE, CODE_NAMES } from "../abi/abi.gen.ts";
import type { Kid } from "../abi/topics.ts";
import type { DerivedKeys } from "../base/derived-keys.ts";
import { decodeReply, encodeCommand, encodeQuestion, type Reply, replyTagOf } from "./command.ts";
import { MessageError } from "./cose.ts";
import {
  ANSWER_SHAPE,
  type Fields,
  type Request,
  replyShape,
  type Shape,
  takeFields,
  UINT32_MAX,
} from "./operations.ts";

/** How often a command is signed again after another sender with the same key used its number. */
const RETRIES = 3;
/**
 * Time after the deadline in which a command may still execute, in ms: a guest that runs when the deadline
 * passes is ended by the watchdog after 2,000 ms. 100 ms are for the resolution of both clocks.
 */
export const GRACE_MS = 2_100;
/** Largest difference in speed between the device's clock and this one. */
const CLOCK_DRIFT = 0.02;

/** What is known of a request. */
export type Conclusion =
  /** Executed by this request, exactly once. `fields` are null if only the result could be had. */
  | { readonly kind: "executed"; readonly seq: number; readonly fields: Fields | null }
  /** Not executed, and it cannot be any more. */
  | {
      readonly kind: "refused";
      readonly seq: number;
      /** CODE. */
      readonly code: number;
      readonly fields: Fields;
    }
  /** It may have executed before the end of its time, and cannot any more. */
  | { readonly kind: "unknown"; readonly why: string }
  /** No command was signed that could execute. */
  | { readonly kind: "unsent"; readonly why: string };

export interface ConversationOptions {
  readonly keys: DerivedKeys;
  readonly kid: Kid;
  /** PRINCIPAL. */
  readonly principal: number;
  readonly request: Request;
  /** How long the device may execute the command after it told its clock, in ms: 60,000 at most. */
  readonly deadlineMs: number;
  /** Random bytes that make the question for the epoch unique. */
  readonly nonce: Uint8Array;
}

export class Conversation {
  readonly #options: ConversationOptions;
  #bytes: Uint8Array;
  #tag: Uint8Array;
  /** The command that was sent; null while the question for the epoch is open. */
  #command: { seq: number; epoch: Uint8Array } | null = null;
  #giveUpAt = Number.POSITIVE_INFINITY;
  #tries = 0;
  /** Messages on the reply topic that the device did not sign, or that answer something else. */
  foreign = 0;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#bytes = encodeQuestion(options.keys.command, options.principal, options.nonce);
    this.#tag = replyTagOf(this.#bytes);
  }

  /** What is to be published now. It may be published any number of times. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Whether a command was signed: until then nothing can execute. */
  get committed(): boolean {
    return this.#command !== null;
  }

  /** The epoch of the command that was signed; null before. */
  get epoch(): Uint8Array | null {
    return this.#command?.epoch ?? null;
  }

  /** Local time from which on a command that was sent cannot execute any more, in ms. */
  get giveUpAt(): number {
    return this.#giveUpAt;
  }

  /**
   * A message on the reply topic at local time `now`, in ms. Returns `send` if there are new bytes to
   * publish, what is known if that is final, and null if the message proves nothing.
   */
  received(message: Uint8Array, now: number): "send" | Conclusion | null {
    const reply = this.#read(message);
    if (reply === null) return null;
    return this.#command === null ? this.#answered(reply, now) : this.#concluded(reply, now);
  }

  /** The reply to the bytes sent last; null for any other message. */
  #read(message: Uint8Array): Reply | null {
    try {
      const reply = decodeReply(message, this.#options.keys.reply, this.#options.kid);
      if (Buffer.compare(reply.tag, this.#tag) === 0) return reply;
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
    }
    this.foreign++;
    return null;
  }

  #answered(reply: Reply, now: number): "send" | Conclusion {
    const answer = reply.code === CODE.OK ? fieldsOrWhy(ANSWER_SHAPE, reply.data) : "it refuses";
    if (typeof answer === "string")
      return { kind: "unsent", why: `its answer cannot be used: ${answer}` };
    return this.#sign(reply, Number(answer.lastSeq) + 1, now);
  }

  #sign({ epoch, clock }: Reply, seq: number, now: number): "send" | Conclusion {
    const { keys, principal, request, deadlineMs } = this.#options;
    if (seq > UINT32_MAX) {
      const why = "no sequence number is left: move its switch to KILL and back to ON";
      return { kind: "unsent", why };
    }
    const deadline = clock + deadlineMs;
    this.#bytes = encodeCommand({ key: keys.command, principal, epoch, seq, deadline, ...request });
    this.#tag = replyTagOf(this.#bytes);
    this.#command = { seq, epoch };
    this.#giveUpAt = now + deadlineMs * (1 + CLOCK_DRIFT) + GRACE_MS;
    return "send";
  }

  #concluded(reply: Reply, now: number): "send" | Conclusion {
    const { code, data } = reply;
    const seq = this.#command?.seq ?? 0;
    const found = fieldsOrWhy(replyShape(this.#options.request.op, code), data);
    const fields = typeof found === "string" ? null : found;
    // The device says so itself: that holds even if the rest of its reply cannot be read.
    if (code === CODE.OK) return { kind: "executed", seq, fields };
    if (code === CODE.STALE_EPOCH)
      return { kind: "unknown", why: "its switch was moved meanwhile" };
    if (code !== CODE.REPLAY) return { kind: "refused", seq, code, fields: fields ?? {} };
    if (fields === null) return { kind: "unknown", why: `its reply cannot be used: ${found}` };
    return this.#used(reply, seq, fields, now);
  }

  /** The device says that this number is used: by these very bytes, or by another command. */
  #used(reply: Reply, seq: number, fields: Fields, now: number): "send" | Conclusion {
    if (fields.result === CODE_NAMES[CODE.OK]) return { kind: "executed", seq, fields: null };
    const result = (CODE_NAMES as readonly unknown[]).indexOf(fields.result);
    if (result >= 0) return { kind: "refused", seq, code: result, fields: {} };
    // Another command has this very number, so this one was never accepted and never will be.
    if (fields.lastSeq === seq && this.#tries < RETRIES) {
      this.#tries++;
      return this.#sign(reply, seq + 1, now);
    }
    if (fields.lastSeq === seq) return { kind: "refused", seq, code: CODE.REPLAY, fields };
    return { kind: "unknown", why: "other senders with the same key sent commands meanwhile" };
  }
}

/** The fields of a map by a shape; a text that says what is wrong with it. */
function fieldsOrWhy(shape: Shape, data: unknown): Fields | string {
  try {
    return takeFields(shape, data);
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    return error.message;
  }
}

/**
 * The requests of the controller's model: the real Conversation class as a tree. A node is a conversation
 * after the messages that it took; it is made again from them, since a conversation cannot be copied.
 */
import { NONCE_BYTES, PRINCIPAL } from "../../abi/abi.gen.ts";
import type { DerivedKeys } from "../../base/derived-keys.ts";
import type { Conclusion, ConversationOptions } from "../../controller/conversation.ts";
import type { Request } from "../../controller/operations.ts";

/** What the model uses of Conversation. */
export interface ConversationLike {
  readonly bytes: Uint8Array;
  readonly committed: boolean;
  readonly giveUpAt: number;
  received(message: Uint8Array, now: number): "send" | Conclusion | null;
}

export type ConversationMaker = (options: ConversationOptions) => ConversationLike;

/** A message that a request published. */
export interface Published {
  /** Number of its bytes in the table of messages. */
  readonly message: number;
  /** Local time from which on it cannot execute, in ms; NaN for a question. */
  readonly endsAt: number;
}

export interface RequestNode {
  readonly id: number;
  readonly request: Request;
  readonly startedAt: number;
  /** Everything that was published so far; the last is published now. */
  readonly published: readonly Published[];
  readonly committed: boolean;
  /** In whole ms, rounded up. */
  readonly giveUpAt: number;
}

/** The messages of a model, each once, with a number. */
export class Messages {
  readonly #ids = new Map<string, number>();
  readonly #bytes: Uint8Array[] = [];

  idOf(bytes: Uint8Array): number {
    const key = Buffer.from(bytes).toString("latin1");
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    this.#ids.set(key, this.#bytes.length);
    return this.#bytes.push(bytes.slice()) - 1;
  }

  bytesOf(id: number): Uint8Array {
    return this.#bytes[id] ?? new Uint8Array();
  }

  get count(): number {
    return this.#bytes.length;
  }
}

interface Row {
  readonly node: RequestNode;
  readonly options: ConversationOptions;
  readonly inputs: readonly [message: number, now: number][];
  /** By message and time: see LIMIT. */
  readonly results: Map<number, RequestNode | Conclusion | null>;
}

/** Above every local time, in ms. */
const LIMIT = 1_000_000;

export class Requests {
  readonly #make: ConversationMaker;
  readonly #keys: DerivedKeys;
  readonly #deadlineMs: number;
  readonly #messages: Messages;
  readonly #rows: Row[] = [];
  readonly #starts = new Map<string, RequestNode>();
  /** Messages that a conversation was given. */
  runs = 0;

  constructor(make: ConversationMaker, keys: DerivedKeys, deadlineMs: number, messages: Messages) {
    this.#make = make;
    this.#keys = keys;
    this.#deadlineMs = deadlineMs;
    this.#messages = messages;
  }

  /** Request number `index` of a sender, who asks for the epoch at `now`. */
  start(index: number, request: Request, now: number): RequestNode {
    const key = `${index} ${request.op} ${[...request.args]} ${now}`;
    const known = this.#starts.get(key);
    if (known !== undefined) return known;
    const options: ConversationOptions = {
      keys: this.#keys,
      kid: "owner",
      principal: PRINCIPAL.OWNER,
      request,
      deadlineMs: this.#deadlineMs,
      nonce: new Uint8Array(NONCE_BYTES).fill(index + 1),
    };
    const node = this.#add(options, [], [], now, this.#make(options));
    this.#starts.set(key, node);
    return node;
  }

  /** What a message does at `now`: the request goes on, ends, or (null) takes no notice. */
  receive(node: RequestNode, message: number, now: number): RequestNode | Conclusion | null {
    const row = this.#rows[node.id];
    if (row === undefined) throw new RangeError(`request ${node.id}`);
    const key = message * LIMIT + now;
    const known = row.results.get(key);
    if (known !== undefined) return known;
    const result = this.#receive(row, message, now);
    row.results.set(key, result);
    return result;
  }

  #receive(row: Row, message: number, now: number): RequestNode | Conclusion | null {
    const { node } = row;
    const conversation = this.#make(row.options);
    for (const [earlier, at] of row.inputs)
      conversation.received(this.#messages.bytesOf(earlier), at);
    this.runs++;
    const result = conversation.received(this.#messages.bytesOf(message), now);
    if (result !== "send") return result;
    const inputs = [...row.inputs, [message, now] as [number, number]];
    return this.#add(row.options, inputs, node.published, node.startedAt, conversation);
  }

  #add(
    options: ConversationOptions,
    inputs: Row["inputs"],
    before: readonly Published[],
    startedAt: number,
    conversation: ConversationLike,
  ): RequestNode {
    const message = this.#messages.idOf(conversation.bytes);
    const { committed } = conversation;
    const giveUpAt = Math.ceil(conversation.giveUpAt);
    const endsAt = committed ? giveUpAt : Number.NaN;
    const node: RequestNode = {
      id: this.#rows.length,
      request: options.request,
      startedAt,
      published: [...before, { message, endsAt }],
      committed,
      giveUpAt,
    };
    this.#rows.push({ node, options, inputs, results: new Map() });
    return node;
  }
}

/**
 * The controller: asks a device for its epoch and clock, sends a command under them, and reports what
 * the reply proves. Time and random numbers are injected.
 */
import { CODE, CODE_NAMES, NONCE_BYTES, OP_WIRES, PRINCIPAL_KIDS } from "../abi/abi.gen.ts";
import { availabilityTopic, type Kid, topic } from "../abi/topics.ts";
import type { SetTimer } from "../base/clock.ts";
import { deriveKeys } from "../base/derived-keys.ts";
import { EXIT, UserError } from "../base/errors.ts";
import {
  type BrokerAddress,
  brokerTrouble,
  openSession,
  type Session,
  type SessionOptions,
} from "../mqtt/session.ts";
import { type Conclusion, Conversation } from "./conversation.ts";
import { type Keys, keyOf, type RandomBytes } from "./keys.ts";
import type { Request } from "./operations.ts";
import { permittedOps } from "./permissions.ts";

/** How long a clean disconnect may take, in ms. */
const DISCONNECT_MS = 500;

export interface DialOptions {
  readonly address: BrokerAddress;
  readonly setTimer: SetTimer;
  readonly timeoutMs: number;
  /** Default: a random one of the MQTT library. */
  readonly clientId?: string;
  readonly will?: NonNullable<SessionOptions["will"]>;
}

/** Opens a session. Throws UserError if the broker refuses it or does not answer in `timeoutMs`. */
export function dial(options: DialOptions): Promise<Session> {
  const { address, setTimer, timeoutMs, clientId, will } = options;
  return new Promise((resolve, reject) => {
    const session = openSession(address, {
      ...(clientId === undefined ? {} : { clientId }),
      ...(will === undefined ? {} : { will }),
    });
    const fail = (error?: unknown) => {
      cancel();
      session.cut();
      reject(brokerTrouble(address, error));
    };
    const cancel = setTimer(timeoutMs, () => fail(new Error(`no answer within ${timeoutMs} ms`)));
    session.client.once("error", fail);
    session.client.once("close", fail);
    session.client.once("connect", () => {
      cancel();
      session.client.off("error", fail).off("close", fail);
      resolve(session);
    });
  });
}

/** Delivers every message on the topics; resolves when the broker has confirmed the subscription. */
export async function listen(
  session: Session,
  topics: readonly string[],
  heard: (topic: string, bytes: Uint8Array) => void,
): Promise<void> {
  session.client.on("message", (name, bytes) => heard(name, bytes));
  await session.client.subscribeAsync([...topics], { qos: 1 });
}

/** Disconnects cleanly, or cuts the connection if the broker does not close it in DISCONNECT_MS. */
export function hangUp(session: Session, setTimer: SetTimer): Promise<void> {
  return new Promise((resolve) => {
    const cancel = setTimer(DISCONNECT_MS, () => {
      session.cut();
      resolve();
    });
    session.client.end(false, () => {
      cancel();
      resolve();
    });
  });
}

export interface ControllerOptions extends DialOptions {
  readonly device: string;
  readonly keys: Keys;
  /** Who commands. */
  readonly kid: Kid;
  /** How long a command may wait before it executes, in ms. */
  readonly deadlineMs: number;
  readonly random: RandomBytes;
  /** Local time in ms, from any moment on. */
  readonly now: () => number;
}

export class Controller {
  readonly #options: ControllerOptions;
  readonly #session: Session;
  #conversation: Conversation | undefined;
  #heard: (bytes: Uint8Array) => void = () => {};
  #availability = "";

  private constructor(options: ControllerOptions, session: Session) {
    this.#options = options;
    this.#session = session;
  }

  /** Throws UserError if the principal's key is missing or the broker refuses the session. */
  static async open(options: ControllerOptions): Promise<Controller> {
    const { device, keys, kid } = options;
    keyOf(keys, device, kid);
    const session = await dial(options);
    const controller = new Controller(options, session);
    const replies = topic(device, kid, "reply");
    const heard = (name: string, bytes: Uint8Array) => {
      if (name === replies) controller.#heard(bytes);
      else controller.#availability = availabilityText(bytes);
    };
    try {
      await listen(session, [replies, availabilityTopic(device)], heard);
    } catch (error) {
      session.cut();
      throw brokerTrouble(options.address, error);
    }
    return controller;
  }

  close(): Promise<void> {
    return hangUp(this.#session, this.#options.setTimer);
  }

  /** For how long a command that was sent may still execute, in ms; 0 if none may. */
  get openMs(): number {
    const conversation = this.#conversation;
    if (conversation === undefined || !conversation.committed) return 0;
    return Math.max(0, Math.ceil(conversation.giveUpAt - this.#options.now()));
  }

  /**
   * Sends one command, after the question for the epoch, and returns what is known of it. Only one
   * request may be in progress. Throws UserError if the device does not tell its epoch in time, so
   * that no command was sent, or if the connection to the broker is lost.
   */
  async request(request: Request): Promise<Conclusion> {
    const { address, device, keys, kid, deadlineMs, random } = this.#options;
    if (this.#conversation !== undefined) throw new Error("controller: a request is in progress");
    if (!this.#session.client.connected) throw brokerTrouble(address, undefined);
    const conversation = new Conversation({
      keys: deriveKeys(kid, keyOf(keys, device, kid)),
      kid,
      principal: PRINCIPAL_KIDS.indexOf(kid),
      request,
      deadlineMs,
      nonce: random(NONCE_BYTES),
    });
    this.#conversation = conversation;
    try {
      return await this.#converse(conversation);
    } finally {
      this.#conversation = undefined;
      this.#heard = () => {};
    }
  }

  #converse(conversation: Conversation): Promise<Conclusion> {
    const { address, device, kid, setTimer, timeoutMs, now } = this.#options;
    const { client } = this.#session;
    let cancel = () => {};
    let closed = () => {};
    const concluded = new Promise<Conclusion>((resolve, reject) => {
      const publish = () => {
        client.publish(topic(device, kid, "command"), Buffer.from(conversation.bytes), { qos: 1 });
      };
      closed = () => reject(this.#lost(conversation, brokerTrouble(address, undefined)));
      client.once("close", closed);
      cancel = setTimer(timeoutMs, () => reject(this.#silence(conversation, timeoutMs)));
      this.#heard = (bytes) => {
        const result = conversation.received(bytes, now());
        if (result === null) return;
        if (result !== "send") return resolve(result);
        cancel();
        cancel = setTimer(conversation.giveUpAt - now(), () =>
          resolve({ kind: "unknown", why: `it did not answer (${this.#broker(conversation)})` }),
        );
        publish();
      };
      publish();
    });
    return concluded.finally(() => {
      cancel();
      client.off("close", closed);
    });
  }

  #broker(conversation: Conversation): string {
    const state = this.#availability === "" ? "never online" : this.#availability;
    const { foreign } = conversation;
    return `broker says: ${state}${foreign > 0 ? `; ${foreign} messages that do not answer this request` : ""}`;
  }

  #silence(conversation: Conversation, timeoutMs: number): UserError {
    return new UserError(
      `device ${this.#options.device}: no answer within ${timeoutMs} ms (${this.#broker(conversation)}), ` +
        "so no command was sent: its switch is at KILL, it is off, or it has other keys",
      EXIT.NO_ANSWER,
    );
  }

  /** The connection is lost: what that means for a command that was sent. */
  #lost(conversation: Conversation, trouble: UserError): UserError {
    if (!conversation.committed) return trouble;
    return new UserError(
      `${trouble.message}; the command was sent and may execute for ${this.openMs} ms more`,
      EXIT.NO_ANSWER,
    );
  }
}

/** The availability flag as plain text; it is signed by nobody. */
function availabilityText(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 16))
    .toString("latin1")
    .replace(/[^a-z]/g, "?");
}

/** Who asked for what. */
export interface Asked {
  readonly device: string;
  /** Who commands. */
  readonly kid: Kid;
  /** OP. */
  readonly op: number;
}

/** Why a device refused: the code and what it means here, or the fields of the reply. */
export function refusalOf(
  { kid, op }: Asked,
  { code, fields }: Extract<Conclusion, { kind: "refused" }>,
): string {
  const name = CODE_NAMES[code];
  if (code === CODE.FORBIDDEN) {
    const may = permittedOps(PRINCIPAL_KIDS.indexOf(kid)).map((each) => OP_WIRES[each]);
    return `${name}: ${kid} has no right to ${OP_WIRES[op]}, but to ${may.join(", ")}`;
  }
  if (code === CODE.HOLD) {
    const left = Math.ceil(Number(fields.remainingMs) / 1000);
    return `${name}: the button was pressed at the device; ${left} s left`;
  }
  const values = Object.entries(fields).map(([field, value]) => `${field}=${value}`);
  return [name, ...values].join(" ");
}

/** The error that says what is known of a request that was not seen to execute. */
export function failureOf(
  asked: Asked,
  conclusion: Exclude<Conclusion, { kind: "executed" }>,
): UserError {
  const { device } = asked;
  if (conclusion.kind === "refused")
    return new UserError(`device ${device} refuses: ${refusalOf(asked, conclusion)}`, EXIT.REFUSED);
  const { kind, why } = conclusion;
  const known =
    kind === "unsent"
      ? `${why}, so no command was sent`
      : `the command was not seen to execute, and cannot any more: ${why}`;
  return new UserError(`device ${device}: ${known}`, EXIT.NO_ANSWER);
}

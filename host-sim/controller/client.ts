/**
 * The controller: asks a device for its epoch, sends a command under it, and waits for the signed
 * reply. The timer and the random numbers are injected.
 */
import { CODE, CODE_NAMES, OP, PRINCIPAL_KIDS } from "../abi/abi.gen.ts";
import type { SetTimer } from "../base/clock.ts";
import { EXIT, UserError } from "../base/errors.ts";
import { type BrokerAddress, brokerTrouble, openSession, type Session } from "../mqtt/session.ts";
import { type Level, levelOf, topic } from "../mqtt/topics.ts";
import { type Command, decodeReply, encodeCommand, NO_EPOCH, type Reply } from "./command.ts";
import { type Kid, MessageError } from "./cose.ts";
import { type Keys, keyOf } from "./keys.ts";
import { type Fields, type Request, replyFields, UINT32_MAX } from "./operations.ts";

/** Retries of a command whose sequence number another sender with the same key used first. */
const REPLAY_RETRIES = 3;
/** How long a clean disconnect may take, in ms. */
const DISCONNECT_MS = 500;

export interface DialOptions {
  readonly address: BrokerAddress;
  readonly setTimer: SetTimer;
  readonly timeoutMs: number;
}

/** Opens a session. Throws UserError if the broker refuses it or does not answer in `timeoutMs`. */
export function dial({ address, setTimer, timeoutMs }: DialOptions): Promise<Session> {
  return new Promise((resolve, reject) => {
    const session = openSession(address, {});
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

/**
 * Subscribes to topic levels of a device and calls `onMessage` for each message on them. Resolves
 * when the broker has acknowledged the subscription.
 */
export async function listen(
  session: Session,
  device: string,
  levels: readonly Level[],
  onMessage: (level: Level, bytes: Uint8Array) => void,
): Promise<void> {
  session.client.on("message", (name, bytes) => {
    const level = levelOf(device, name);
    if (level !== undefined) onMessage(level, bytes);
  });
  const names = levels.map((level) => topic(device, level));
  await session.client.subscribeAsync(names, { qos: 1 });
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
  /**
   * A random uint32. It identifies the reply to a request for the epoch, so a recorded one fails.
   */
  readonly random32: () => number;
}

/** The device's reply to a command. */
export interface Answer {
  /** CODE. */
  readonly code: number;
  readonly seq: number;
  readonly fields: Fields;
}

interface Waiting {
  readonly sent: Omit<Command, "key">;
  readonly resolve: (reply: Reply) => void;
}

export class Controller {
  readonly #options: ControllerOptions;
  readonly #session: Session;
  #waiting: Waiting | undefined;
  #availability = "";
  #unsigned = 0;

  private constructor(options: ControllerOptions, session: Session) {
    this.#options = options;
    this.#session = session;
  }

  /** Throws UserError if the device's key is missing or the broker refuses the session. */
  static async open(options: ControllerOptions): Promise<Controller> {
    const deviceKey = keyOf(options.keys, options.device, "device");
    const session = await dial(options);
    const controller = new Controller(options, session);
    const onMessage = (level: Level, bytes: Uint8Array) => {
      if (level === "reply") controller.#onReply(bytes, deviceKey);
      else controller.#availability = Buffer.from(bytes.subarray(0, 16)).toString("latin1");
    };
    try {
      await listen(session, options.device, ["reply", "availability"], onMessage);
    } catch (error) {
      session.cut();
      throw brokerTrouble(options.address, error);
    }
    return controller;
  }

  close(): Promise<void> {
    return hangUp(this.#session, this.#options.setTimer);
  }

  /**
   * Sends one command, including the request for the epoch before it, and returns the reply. Only
   * one request may be in progress. Throws UserError if the principal has no key, the device does
   * not answer in time, or the connection to the broker is lost.
   */
  async request(principal: number, request: Request): Promise<Answer> {
    const { address, setTimer, device, keys, timeoutMs } = this.#options;
    const kid: Kid | undefined = PRINCIPAL_KIDS[principal];
    if (kid === undefined) throw new RangeError(`principal ${principal}`);
    const key = keyOf(keys, device, kid);
    if (!this.#session.client.connected) throw brokerTrouble(address, undefined);
    let quit = () => {};
    const failed = new Promise<never>((_, reject) => {
      const closed = () => reject(brokerTrouble(address, undefined));
      const cancel = setTimer(timeoutMs, () => reject(this.#silence(timeoutMs)));
      this.#session.client.once("close", closed);
      quit = () => {
        cancel();
        this.#session.client.off("close", closed);
      };
    });
    try {
      return await Promise.race([failed, this.#converse(key, principal, request)]);
    } finally {
      quit();
      this.#waiting = undefined;
    }
  }

  async #converse(key: Uint8Array, principal: number, request: Request): Promise<Answer> {
    const status = { op: OP.STATUS, args: new Map<number, never>() };
    const seq = this.#options.random32();
    const epochReply = await this.#exchange({ key, principal, epoch: NO_EPOCH, seq, ...status });
    let answer = this.#read(OP.STATUS, epochReply);
    if (answer.code !== CODE.STALE_EPOCH) throw this.#badReply("it does not name its epoch");
    const { epoch } = epochReply;
    for (let tries = 0; tries <= REPLAY_RETRIES; tries++) {
      const next = Number(answer.fields.lastSeq) + 1;
      if (next > UINT32_MAX)
        throw this.#badReply("no sequence number is left: move its switch to KILL and back to ON");
      const reply = await this.#exchange({ key, principal, epoch, seq: next, ...request });
      answer = this.#read(request.op, reply);
      if (answer.code !== CODE.REPLAY) break;
    }
    return answer;
  }

  #exchange(command: Command): Promise<Reply> {
    if (this.#waiting !== undefined) throw new Error("controller: a command is in progress");
    const { key: _, ...sent } = command;
    return new Promise((resolve, reject) => {
      this.#waiting = { sent, resolve };
      const name = topic(this.#options.device, "command");
      const bytes = Buffer.from(encodeCommand(command));
      this.#session.client.publish(name, bytes, { qos: 1 }, (error) => {
        if (error) reject(brokerTrouble(this.#options.address, error));
      });
    });
  }

  #onReply(bytes: Uint8Array, deviceKey: Uint8Array): void {
    let reply: Reply;
    try {
      reply = decodeReply(bytes, deviceKey);
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      this.#unsigned++;
      return;
    }
    const waiting = this.#waiting;
    if (waiting === undefined || !answers(reply, waiting.sent)) return;
    this.#waiting = undefined;
    waiting.resolve(reply);
  }

  #read(op: number, { code, seq, data }: Reply): Answer {
    try {
      return { code, seq, fields: replyFields(op, code, data) };
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      throw this.#badReply(error.message);
    }
  }

  #badReply(why: string): UserError {
    return new UserError(
      `device ${this.#options.device}: cannot use its reply: ${why}`,
      EXIT.NO_ANSWER,
    );
  }

  #silence(timeoutMs: number): UserError {
    const { device } = this.#options;
    const state = this.#availability === "" ? "never online" : this.#availability;
    const unsigned = this.#unsigned > 0 ? `; ${this.#unsigned} replies not signed by it` : "";
    return new UserError(
      `device ${device}: no answer within ${timeoutMs} ms (broker says: ${state}${unsigned}): ` +
        "its switch is at KILL, it is off, or it has other keys",
      EXIT.NO_ANSWER,
    );
  }
}

/**
 * Whether a reply answers a command. A recorded reply fails this check: it carries another epoch
 * or, if the command asked for the epoch, another random sequence number.
 */
function answers(reply: Reply, sent: Omit<Command, "key">): boolean {
  const sameEpoch = Buffer.compare(reply.epoch, sent.epoch) === 0;
  return (
    reply.principal === sent.principal &&
    reply.seq === sent.seq &&
    sameEpoch !== (reply.code === CODE.STALE_EPOCH)
  );
}

/** Why a device refused, with the fields of its reply: `HOLD remainingMs=300000`. */
export function refusalOf({ code, fields }: Answer): string {
  const values = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
  return [CODE_NAMES[code], ...values].join(" ");
}

/**
 * The remote end of a device: asks for the epoch, sends a command, awaits the signed reply.
 * Must not know files or terminals; time and randomness are handed in.
 */
import { CODE, CODE_NAMES, OP, PRINCIPAL_KIDS } from "../abi.gen.ts";
import type { SetTimer } from "../clock.ts";
import { EXIT, UserError } from "../errors.ts";
import { type BrokerAddress, brokerTrouble, openSession, type Session } from "../mqtt/session.ts";
import { type Level, levelOf, topic } from "../mqtt/topics.ts";
import { type Command, decodeReply, encodeCommand, NO_EPOCH, type Reply } from "./command.ts";
import { type Kid, MessageError } from "./cose.ts";
import { type Keys, keyOf } from "./keys.ts";
import { type Fields, type Request, replyFields, UINT32_MAX } from "./operations.ts";

/** Retries of a command that another sender with the same key overtook. */
const REPLAY_RETRIES = 3;
/** The wait for an orderly end of the session, in ms. */
const GOODBYE_MS = 500;

export interface DialOptions {
  readonly address: BrokerAddress;
  readonly setTimer: SetTimer;
  readonly timeoutMs: number;
}

/** Opens a session. Throws UserError if the broker refuses or is silent. */
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

/** Hands over every message of a device's levels; resolves once the broker has agreed. */
export async function listen(
  session: Session,
  device: string,
  levels: readonly Level[],
  heard: (level: Level, bytes: Uint8Array) => void,
): Promise<void> {
  session.client.on("message", (name, bytes) => {
    const level = levelOf(device, name);
    if (level !== undefined) heard(level, bytes);
  });
  const names = levels.map((level) => topic(device, level));
  await session.client.subscribeAsync(names, { qos: 1 });
}

/** Says goodbye; a broker that does not let go is left. */
export function hangUp(session: Session, setTimer: SetTimer): Promise<void> {
  return new Promise((resolve) => {
    const cancel = setTimer(GOODBYE_MS, () => {
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
  /** Uniform over the uint32: what makes an answer to the question for the epoch fresh. */
  readonly random32: () => number;
}

/** OK, or why not; and what the device said with it. */
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

  /** Throws UserError if the device's key is missing or the broker refuses. */
  static async open(options: ControllerOptions): Promise<Controller> {
    const deviceKey = keyOf(options.keys, options.device, "device");
    const session = await dial(options);
    const controller = new Controller(options, session);
    const heard = (level: Level, bytes: Uint8Array) => {
      if (level === "reply") controller.#heard(bytes, deviceKey);
      else controller.#availability = Buffer.from(bytes.subarray(0, 16)).toString("latin1");
    };
    try {
      await listen(session, options.device, ["reply", "availability"], heard);
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
   * One command from the question for the epoch to the reply. One at a time.
   * Throws UserError if there is no key, no answer in time, or the broker goes.
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
    const question = { op: OP.STATUS, args: new Map<number, never>() };
    const seq = this.#options.random32();
    const told = await this.#exchange({ key, principal, epoch: NO_EPOCH, seq, ...question });
    let answer = this.#read(OP.STATUS, told);
    if (answer.code !== CODE.STALE_EPOCH) throw this.#strange("it does not name its epoch");
    const { epoch } = told;
    for (let tries = 0; tries <= REPLAY_RETRIES; tries++) {
      const next = Number(answer.fields.lastSeq) + 1;
      if (next > UINT32_MAX) throw this.#strange("no sequence number is left: re-arm it");
      const reply = await this.#exchange({ key, principal, epoch, seq: next, ...request });
      answer = this.#read(request.op, reply);
      if (answer.code !== CODE.REPLAY) break;
    }
    return answer;
  }

  #exchange(command: Command): Promise<Reply> {
    if (this.#waiting !== undefined) throw new Error("controller: a command is under way");
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

  #heard(bytes: Uint8Array, deviceKey: Uint8Array): void {
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
      throw this.#strange(error.message);
    }
  }

  #strange(why: string): UserError {
    return new UserError(`device ${this.#options.device}: its reply: ${why}`, EXIT.NO_ANSWER);
  }

  #silence(timeoutMs: number): UserError {
    const { device } = this.#options;
    const said = this.#availability === "" ? "it was never announced" : this.#availability;
    const unsigned = this.#unsigned > 0 ? `; ${this.#unsigned} replies not signed by it` : "";
    return new UserError(
      `device ${device}: no answer within ${timeoutMs} ms (broker: ${said}${unsigned}): ` +
        "it is killed or off, or does not hold these keys",
      EXIT.NO_ANSWER,
    );
  }
}

/**
 * Whether a reply answers a command. A recorded reply is told from a fresh one by the epoch, and
 * in the question for the epoch by its random sequence number.
 */
function answers(reply: Reply, sent: Omit<Command, "key">): boolean {
  const sameEpoch = Buffer.compare(reply.epoch, sent.epoch) === 0;
  return (
    reply.principal === sent.principal &&
    reply.seq === sent.seq &&
    sameEpoch !== (reply.code === CODE.STALE_EPOCH)
  );
}

/** `HOLD, 300000 ms left`: why a device refused, with what it told. */
export function refusalOf({ code, fields }: Answer): string {
  const told = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
  return [CODE_NAMES[code], ...told].join(" ");
}

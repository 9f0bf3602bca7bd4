/**
 * `killswitch watch`: prints what a device reports, after checking its signature and its age. Each report
 * is followed by a question to the device, whose answer tells a current report from a repeated one.
 */
import type { Command } from "commander";
import { NONCE_BYTES, PRINCIPAL_KIDS } from "../../abi/abi.gen.ts";
import { availabilityTopic, type Kid, OFFLINE, ONLINE, topic } from "../../abi/topics.ts";
import { type DerivedKeys, deriveKeys } from "../../base/derived-keys.ts";
import { UserError } from "../../base/errors.ts";
import { dial, listen } from "../../controller/client.ts";
import {
  decodeReply,
  decodeStatus,
  decodeTelemetry,
  encodeQuestion,
  type ReportHead,
  replyTagOf,
} from "../../controller/command.ts";
import { MessageError } from "../../controller/cose.ts";
import type { JournalHead } from "../../controller/journal.ts";
import { headContradiction, headIn, keepHead, loadHead } from "../../controller/kept-head.ts";
import { keyOf, loadKeys } from "../../controller/keys.ts";
import { ANSWER_SHAPE, type Fields, takeFields } from "../../controller/operations.ts";
import { type Confirmation, type Freshness, freshnessOf } from "../../controller/report-order.ts";
import { type BrokerAddress, brokerTrouble, type Session } from "../../mqtt/session.ts";
import {
  asOption,
  brokerOption,
  deviceOption,
  example,
  jsonOption,
  keysOption,
  timeoutOption,
} from "../options.ts";
import { print, printJson, random, setTimer, toJson, wallTime } from "../terminal.ts";

/** How long the device may take to confirm a report, in ms. */
const CONFIRM_MS = 2_000;

interface WatchOptions {
  readonly device: string;
  readonly broker: BrokerAddress;
  readonly keys: string;
  readonly as: Kid;
  readonly timeout: number;
  readonly json: boolean;
}

export function register(program: Command): void {
  const command = program
    .command("watch")
    .description("print what a device reports, with the time of arrival and its age, until Ctrl-C")
    .addOption(asOption().default("owner"));
  for (const option of [deviceOption, brokerOption, keysOption, timeoutOption, jsonOption]) {
    command.addOption(option());
  }
  command.action(watch);
  example(command, "killswitch watch --device demo");
}

/** A report that waits for the device's confirmation. */
interface Waiting {
  readonly level: "status" | "telemetry";
  readonly head: ReportHead;
  readonly content: Record<string, unknown>;
}

class Watcher {
  readonly #options: WatchOptions;
  readonly #session: Session;
  readonly #keys: DerivedKeys;
  #waiting: Waiting[] = [];
  #question: Uint8Array | null = null;
  #cancel = () => {};
  #head: JournalHead | undefined;

  constructor(options: WatchOptions, session: Session, keys: DerivedKeys) {
    this.#options = options;
    this.#session = session;
    this.#keys = keys;
    this.#head = loadHead(options.keys, options.device);
  }

  get topics(): string[] {
    const { device, as } = this.#options;
    const own = (["status", "telemetry", "reply"] as const).map((level) =>
      topic(device, as, level),
    );
    return [...own, availabilityTopic(device)];
  }

  heard(name: string, bytes: Uint8Array): void {
    const { as } = this.#options;
    const level = name.slice(name.lastIndexOf("/") + 1);
    try {
      if (level === "availability") this.#show(level, null, { state: availabilityIn(bytes) });
      else if (level === "reply") this.#answered(bytes);
      else if (level === "status") {
        const { epoch, counter, clock, fields } = decodeStatus(bytes, this.#keys.reply, as);
        this.#reported({ level, head: { epoch, counter, clock }, content: fields });
      } else if (level === "telemetry") {
        const { temperature, ...head } = decodeTelemetry(bytes, this.#keys.reply, as);
        this.#reported({ level, head, content: { temperature } });
      }
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      this.#show(level, null, { unverified: bytes.length, reason: error.message });
    }
  }

  #reported(report: Waiting): void {
    this.#waiting.push(report);
    if (this.#question === null) this.#ask();
  }

  #ask(): void {
    const { device, as } = this.#options;
    const principal = PRINCIPAL_KIDS.indexOf(as);
    this.#question = encodeQuestion(this.#keys.command, principal, random(NONCE_BYTES));
    this.#session.client.publish(topic(device, as, "command"), Buffer.from(this.#question), {
      qos: 1,
    });
    this.#cancel = setTimer(CONFIRM_MS, () => this.#confirm(null));
  }

  #answered(bytes: Uint8Array): void {
    const { tag, epoch, data } = decodeReply(bytes, this.#keys.reply, this.#options.as);
    const question = this.#question;
    if (question === null || Buffer.compare(tag, replyTagOf(question)) !== 0) return;
    this.#confirm({ epoch, counter: Number(takeFields(ANSWER_SHAPE, data).counter) });
  }

  #confirm(answer: Confirmation | null): void {
    this.#cancel();
    this.#question = null;
    for (const { level, head, content } of this.#waiting.splice(0)) {
      const age = freshnessOf(head, answer);
      this.#show(level, age, { ...head, ...content });
      const signed = age === "verified" ? headIn(content as Fields) : undefined;
      if (signed !== undefined) this.#compare(signed);
    }
  }

  /** Holds a verified head of the journal against the last one, and keeps it unless they contradict. */
  #compare(now: JournalHead): void {
    const older = this.#head;
    const bad = older === undefined ? undefined : headContradiction(older, now);
    if (bad !== undefined) {
      this.#show("journal", null, { refuted: bad });
      return;
    }
    const moved = older === undefined || older.journalHead !== now.journalHead;
    this.#head = now;
    if (moved) keepHead(this.#options.keys, this.#options.device, now);
  }

  #show(level: string, age: Freshness | null, content: Record<string, unknown>): void {
    const at = wallTime();
    const line = { at: at.toISOString(), level, ...(age === null ? {} : { age }), ...content };
    if (this.#options.json) printJson(line);
    else {
      const words = Object.entries(content).map(([name, value]) => `${name}=${show(value)}`);
      print(
        [at.toTimeString().slice(0, 8), level, ...(age === null ? [] : [age]), ...words].join(" "),
      );
    }
  }
}

async function watch(options: WatchOptions): Promise<void> {
  const { broker: address, device, as } = options;
  const keys = deriveKeys(as, keyOf(loadKeys(options.keys, device), device, as));
  const session = await dial({ address, setTimer, timeoutMs: options.timeout });
  const ended = new Promise<never>((_, reject) => {
    session.client.once("close", () => reject(brokerTrouble(address, undefined)));
  });
  const watcher = new Watcher(options, session, keys);
  const heard = (name: string, bytes: Uint8Array) => watcher.heard(name, bytes);
  try {
    await Promise.race([ended, listen(session, watcher.topics, heard).then(() => ended)]);
  } catch (error) {
    session.cut();
    throw error instanceof UserError ? error : brokerTrouble(address, error);
  }
}

/** The availability flag. The broker sets it, and it is not signed. */
function availabilityIn(bytes: Uint8Array): string {
  const flag = [ONLINE, OFFLINE].find((word) => Buffer.compare(Buffer.from(word), bytes) === 0);
  if (flag === undefined) throw new MessageError("neither online nor offline");
  return flag;
}

function show(value: unknown): string {
  return typeof value === "object" ? toJson(value).replace(/^"(.*)"$/, "$1") : String(value);
}

/**
 * `killswitch watch`: prints all messages of a device after checking them with the device's key.
 */
import type { Command } from "commander";
import { CODE_NAMES, PRINCIPAL_KIDS } from "../../abi/abi.gen.ts";
import { UserError } from "../../base/errors.ts";
import { dial, listen } from "../../controller/client.ts";
import { decodeReply, decodeStatus, decodeTelemetry } from "../../controller/command.ts";
import { MessageError } from "../../controller/cose.ts";
import { keyOf, loadKeys } from "../../controller/keys.ts";
import { type BrokerAddress, brokerTrouble } from "../../mqtt/session.ts";
import { type Level, OFFLINE, ONLINE } from "../../mqtt/topics.ts";
import {
  brokerOption,
  deviceOption,
  example,
  jsonOption,
  keysOption,
  timeoutOption,
} from "../options.ts";
import { print, printJson, setTimer, toJson } from "../terminal.ts";

interface WatchOptions {
  readonly device: string;
  readonly broker: BrokerAddress;
  readonly keys: string;
  readonly timeout: number;
  readonly json: boolean;
}

/** The contents of a message, by field. */
type Content = Record<string, unknown>;

/** Decoders by topic level. Availability is set by the broker and is not signed. */
const READERS: Partial<Record<Level, (bytes: Uint8Array, key: Uint8Array) => Content>> = {
  availability: (bytes) => {
    const flag = [ONLINE, OFFLINE].find((word) => Buffer.compare(Buffer.from(word), bytes) === 0);
    if (flag === undefined) throw new MessageError("neither online nor offline");
    return { state: flag };
  },
  status: (bytes, key) => {
    const { epoch, fields } = decodeStatus(bytes, key);
    return { epoch, ...fields };
  },
  telemetry: (bytes, key) => ({ ...decodeTelemetry(bytes, key) }),
  reply: (bytes, key) => {
    const { epoch, principal, seq, code, data } = decodeReply(bytes, key);
    const shown = Object.fromEntries([...data].map(([name, value]) => [String(name), value]));
    return { epoch, to: PRINCIPAL_KIDS[principal], seq, code: CODE_NAMES[code], data: shown };
  },
};
const WATCHED = Object.keys(READERS) as Level[];

export function register(program: Command): void {
  const command = program
    .command("watch")
    .description("print all messages of a device until Ctrl-C");
  for (const option of [deviceOption, brokerOption, keysOption, timeoutOption, jsonOption]) {
    command.addOption(option());
  }
  command.action(watch);
  example(command, "killswitch watch --device demo");
}

async function watch(options: WatchOptions): Promise<void> {
  const { broker: address, device, json } = options;
  const key = keyOf(loadKeys(options.keys, device), device, "device");
  const session = await dial({ address, setTimer, timeoutMs: options.timeout });
  const ended = new Promise<never>((_, reject) => {
    session.client.once("close", () => reject(brokerTrouble(address, undefined)));
  });
  const heard = (level: Level, bytes: Uint8Array) => {
    const content = read(level, bytes, key);
    if (json) printJson({ level, ...content });
    else
      print(
        [level, ...Object.entries(content).map(([name, value]) => `${name}=${show(value)}`)].join(
          " ",
        ),
      );
  };
  try {
    await Promise.race([ended, listen(session, device, WATCHED, heard).then(() => ended)]);
  } catch (error) {
    session.cut();
    throw error instanceof UserError ? error : brokerTrouble(address, error);
  }
}

function read(level: Level, bytes: Uint8Array, key: Uint8Array): Content {
  try {
    return READERS[level]?.(bytes, key) ?? {};
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    return { unverified: bytes.length, reason: error.message };
  }
}

function show(value: unknown): string {
  return typeof value === "object" ? toJson(value).replace(/^"(.*)"$/, "$1") : String(value);
}

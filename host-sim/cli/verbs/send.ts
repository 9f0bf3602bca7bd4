/**
 * `killswitch send`: sends one command to a device and prints the reply.
 */
import type { Command, Option } from "commander";
import { CODE, CODE_NAMES, OP_NAMES, PRINCIPAL_KIDS } from "../../abi/abi.gen.ts";
import { EXIT, UserError } from "../../base/errors.ts";
import { Controller, refusalOf } from "../../controller/client.ts";
import type { Kid } from "../../controller/cose.ts";
import { keyOf, loadKeys } from "../../controller/keys.ts";
import { type Fields, parseRequest, usageOf } from "../../controller/operations.ts";
import type { BrokerAddress } from "../../mqtt/session.ts";
import {
  asOption,
  brokerOption,
  deviceOption,
  example,
  jsonOption,
  keysOption,
  timeoutOption,
} from "../options.ts";
import { print, printJson, random32, setTimer } from "../terminal.ts";

/** Options for a connection to a device. */
export interface ConnectionOptions {
  readonly as: Kid;
  readonly device: string;
  readonly broker: BrokerAddress;
  readonly keys: string;
  readonly timeout: number;
  readonly json: boolean;
}

/** Adds the options of ConnectionOptions to a verb. */
export function addConnectionOptions(command: Command, as: Option): Command {
  return [as, deviceOption(), brokerOption(), keysOption(), timeoutOption(), jsonOption()].reduce(
    (extended, option) => extended.addOption(option),
    command,
  );
}

/** Opens a session with a device. Returns it with the principal's number. The caller closes it. */
export async function openController(options: ConnectionOptions): Promise<[Controller, number]> {
  const keys = loadKeys(options.keys, options.device);
  keyOf(keys, options.device, options.as);
  const controller = await Controller.open({
    address: options.broker,
    device: options.device,
    keys,
    setTimer,
    timeoutMs: options.timeout,
    random32,
  });
  return [controller, PRINCIPAL_KIDS.indexOf(options.as)];
}

export function register(program: Command): void {
  const command = addConnectionOptions(program.command("send"), asOption().makeOptionMandatory())
    .description("send one command to a device and print its reply")
    .argument("<op>", "operation to execute")
    .argument("[args...]", "arguments of the operation")
    .action(send);
  const forms = OP_NAMES.map((_, op) => `  ${usageOf(op)}`).join("\n");
  command.addHelpText("after", `\nOperations:\n${forms}`);
  example(
    command,
    "killswitch send relay.set on --as owner",
    "killswitch send config.set safe=off telemetry=60 hold=300 --as owner",
    "killswitch send journal.read 0 8 --as owner --json",
  );
}

async function send(
  op: string,
  args: readonly string[],
  options: ConnectionOptions,
): Promise<void> {
  const request = parseRequest(op, args);
  const [controller, principal] = await openController(options);
  try {
    const answer = await controller.request(principal, request);
    const { code, seq, fields } = answer;
    if (options.json)
      printJson({ device: options.device, op, code: CODE_NAMES[code], seq, fields });
    if (code !== CODE.OK) {
      throw new UserError(`device ${options.device} refuses: ${refusalOf(answer)}`, EXIT.REFUSED);
    }
    if (!options.json) print([`${op} OK`, ...fieldWords(fields)].join(" "));
  } finally {
    await controller.close();
  }
}

/** Formats fields as `name=value`. Journal records are in hexadecimal. */
export function fieldWords(fields: Fields): string[] {
  return Object.entries(fields).map(([name, value]) => {
    const text = Array.isArray(value)
      ? value.map((record) => Buffer.from(record).toString("hex")).join(",")
      : String(value);
    return `${name}=${text}`;
  });
}

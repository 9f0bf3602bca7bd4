/**
 * `killswitch send`: sends one command to a device and prints the reply.
 */
import type { Command, Option } from "commander";
import { CODE, CODE_NAMES, OP_NAMES, OP_WIRES, PRINCIPAL_KIDS } from "../../abi/abi.gen.ts";
import type { Kid } from "../../abi/topics.ts";
import { onSignal } from "../../base/signals.ts";
import { Controller, failureOf } from "../../controller/client.ts";
import type { Conclusion } from "../../controller/conversation.ts";
import { loadKeys } from "../../controller/keys.ts";
import { type Fields, parseRequest, type Request, usageOf } from "../../controller/operations.ts";
import { isPermitted } from "../../controller/permissions.ts";
import type { BrokerAddress } from "../../mqtt/session.ts";
import {
  asOption,
  brokerOption,
  deadlineOption,
  deviceOption,
  example,
  jsonOption,
  keysOption,
  timeoutOption,
} from "../options.ts";
import { now, print, printError, printJson, random, setTimer } from "../terminal.ts";

/** Options for a connection to a device. */
export interface ConnectionOptions {
  readonly as: Kid;
  readonly device: string;
  readonly broker: BrokerAddress;
  readonly keys: string;
  readonly timeout: number;
  readonly deadline: number;
  readonly json: boolean;
}

/** Adds the options of ConnectionOptions to a verb. */
export function addConnectionOptions(command: Command, as: Option): Command {
  return [
    as,
    deviceOption(),
    brokerOption(),
    keysOption(),
    timeoutOption(),
    deadlineOption(),
    jsonOption(),
  ].reduce((extended, option) => extended.addOption(option), command);
}

/** Opens a session with a device as a principal. The caller closes it. Throws UserError. */
export function openController(options: ConnectionOptions): Promise<Controller> {
  return Controller.open({
    address: options.broker,
    device: options.device,
    keys: loadKeys(options.keys, options.device),
    kid: options.as,
    setTimer,
    timeoutMs: options.timeout,
    deadlineMs: options.deadline,
    random,
    now,
  });
}

/**
 * Sends one command. Returns the fields of the reply; null if it was executed and its reply lost. Throws
 * UserError if it was refused, or if nobody can say whether it executed.
 */
export async function execute(
  controller: Controller,
  { device, as: kid }: ConnectionOptions,
  request: Request,
): Promise<{ seq: number; fields: Fields | null }> {
  const conclusion = await controller.request(request);
  if (conclusion.kind === "executed") return conclusion;
  throw failureOf({ device, kid, op: request.op }, conclusion);
}

export function register(program: Command): void {
  const command = addConnectionOptions(program.command("send"), asOption().makeOptionMandatory())
    .description("send one command to a device and print its reply")
    .argument("<op>", "operation to execute")
    .argument("[args...]", "arguments of the operation")
    .action(send);
  const forms = OP_NAMES.map((_, op) => `  ${usageOf(op)}`).join("\n");
  command.addHelpText("after", `\nOperations:\n${forms}`);
  command.addHelpText("after", `\nWho may command them:\n${rightsTable().join("\n")}`);
  example(
    command,
    "killswitch send relay.set on --as owner",
    "killswitch send config.set safe=off telemetry=60 hold=300 --as owner",
    "killswitch send journal.read 0 8 local --as owner --json",
  );
}

/** The permission table: a line for each operation, a column for each principal. */
function rightsTable(): string[] {
  const cells = (first: string, others: readonly string[]) =>
    `  ${first.padEnd(16)}${others.map((text) => text.padEnd(14)).join("")}`.trimEnd();
  const rows = OP_WIRES.map((wire, op) =>
    cells(
      wire,
      PRINCIPAL_KIDS.map((_, principal) => (isPermitted(principal, op) ? "yes" : "no")),
    ),
  );
  return [cells("", PRINCIPAL_KIDS), ...rows];
}

async function send(
  op: string,
  args: readonly string[],
  options: ConnectionOptions,
): Promise<void> {
  const request = parseRequest(op, args);
  const { device, json } = options;
  const controller = await openController(options);
  const removeHook = onSignal(() => {
    const open = controller.openMs;
    if (open > 0)
      printError(`interrupted: the command was sent and may execute for ${open} ms more`);
  });
  try {
    const conclusion = await controller.request(request);
    if (json) printJson({ device, op, ...jsonOf(conclusion) });
    if (conclusion.kind !== "executed")
      throw failureOf({ device, kid: options.as, op: request.op }, conclusion);
    const { fields } = conclusion;
    const lost = ["(it executed once; the data of its reply was lost)"];
    if (!json) print([`${op} OK`, ...(fields === null ? lost : fieldWords(fields))].join(" "));
  } finally {
    removeHook();
    await controller.close();
  }
}

/** A conclusion as an object to print. */
function jsonOf(conclusion: Conclusion): Record<string, unknown> {
  const { kind } = conclusion;
  if (kind === "unknown" || kind === "unsent") return { outcome: kind, why: conclusion.why };
  const { seq, fields } = conclusion;
  const code = conclusion.kind === "executed" ? CODE.OK : conclusion.code;
  return { outcome: kind, code: CODE_NAMES[code], seq, fields };
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

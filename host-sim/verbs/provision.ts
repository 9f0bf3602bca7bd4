/**
 * `killswitch provision`: a board's Wi-Fi, set over its serial line by Improv Serial. Must not know frames.
 * The password comes from a file, from standard input or from the keyboard, never from the command line:
 * that is seen by all and kept in histories.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { type Command, Option } from "commander";
import { codeOf, EXIT, UserError } from "../errors.ts";
import { checkWifi, ImprovClient } from "../improv/client.ts";
import { STATE } from "../improv/frames.ts";
import { withBoard } from "./console.ts";
import { example, jsonOption, parseDuration, portOption } from "./options.ts";
import { print, printJson } from "./terminal.ts";

interface ProvisionOptions {
  readonly port: string;
  readonly ssid?: string;
  readonly passwordFile?: string;
  readonly scan: boolean;
  readonly timeout: number;
  readonly json: boolean;
}

/** Asks on the terminal. With `hidden`, what is typed is not shown. */
function ask(question: string, hidden: boolean, instead: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new UserError(`provision: no terminal to ask on: give ${instead}`, EXIT.USAGE);
  }
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_bytes, _encoding, done) => done() });
  const output = hidden ? nowhere : process.stderr;
  const reader = createInterface({ input: process.stdin, output, terminal: true });
  return new Promise((answered, stopped) => {
    reader.once("SIGINT", () => {
      reader.close();
      stopped(new UserError("provision: stopped; nothing was sent", EXIT.USAGE));
    });
    reader.once("line", (line) => {
      reader.close();
      if (hidden) process.stderr.write("\n");
      answered(line);
    });
  });
}

function passwordOf(path: string): string {
  try {
    // 0: standard input.
    return readFileSync(path === "-" ? 0 : path, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${codeOf(error)}`, EXIT.BAD_FILE);
  }
}

/** Name and password, asked for before the line is opened. */
async function settingsOf({ ssid, passwordFile }: ProvisionOptions): Promise<[string, string]> {
  const name = ssid ?? (await ask("Wi-Fi network: ", false, "--ssid"));
  const password =
    passwordFile === undefined
      ? await ask(`Password of ${name} (none if it is open): `, true, "--password-file")
      : passwordOf(passwordFile);
  checkWifi(name, password);
  return [name, password];
}

async function scan(client: ImprovClient, json: boolean): Promise<void> {
  const networks = await client.scan();
  for (const network of networks) {
    const { ssid, rssi, locked } = network;
    if (json) printJson(network);
    else print(`${String(rssi).padStart(4)} dBm  ${locked ? "locked" : "open  "}  ${ssid}`);
  }
  if (networks.length === 0 && !json) print("the board lists no networks: give the name by --ssid");
}

async function provision(options: ProvisionOptions): Promise<void> {
  const settings = options.scan ? null : await settingsOf(options);
  await withBoard(options.port, async (line) => {
    const client = new ImprovClient(line);
    const before = await client.state();
    const info = await client.info();
    const { firmware, version, chip, name } = info;
    if (!options.json) {
      const wifi = before === STATE.PROVISIONED ? ", on Wi-Fi" : "";
      print(`${firmware} ${version} on ${chip}, device ${name}${wifi}`);
    }
    if (settings === null) return scan(client, options.json);
    const [ssid, password] = settings;
    const outcome = await client.join(ssid, password, options.timeout);
    if (options.json) printJson({ ...info, ssid, ...outcome });
    else print(outcome.joined ? `joined ${ssid}` : outcome.reason);
  });
}

export function register(program: Command): void {
  const command = program
    .command("provision")
    .description("set a board's Wi-Fi over its serial line, by Improv Serial")
    .addOption(portOption())
    .option("--ssid <name>", "network; asked for if it is left out")
    .option("--password-file <file>", "its password, - for standard input; else it is asked for")
    .option("--scan", "list the networks that the board hears, and set nothing", false)
    .addOption(
      new Option("--timeout <time>", "how long the board may take to join")
        .default(45_000, "45s")
        .argParser(parseDuration),
    )
    .addOption(jsonOption())
    .action(provision);
  example(
    command,
    "killswitch provision --port /dev/ttyUSB0",
    "killswitch provision --port /dev/ttyUSB0 --ssid home --password-file wifi.txt",
  );
}

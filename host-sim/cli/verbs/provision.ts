/**
 * `killswitch provision`: sets the Wi-Fi network of a board over its serial line, by Improv Serial.
 */
import { type Command, Option } from "commander";
import { ImprovClient } from "../../serial/improv-client.ts";
import { STATE } from "../../serial/improv-frames.ts";
import { example, jsonOption, parseDuration, portOf, portOption } from "../options.ts";
import { print, printJson } from "../terminal.ts";
import { passwordOption, wifiOf } from "../wifi.ts";
import { withBoard } from "./console.ts";

interface ProvisionOptions {
  readonly port?: string;
  readonly ssid?: string;
  readonly ssidHex?: string;
  readonly passwordFile?: string;
  readonly scan: boolean;
  readonly timeout: number;
  readonly json: boolean;
}

const hint = (hex: string | undefined) => (hex === undefined ? "" : `  (--ssid-hex ${hex})`);

async function scan(client: ImprovClient, json: boolean): Promise<void> {
  const { networks, reason } = await client.scan();
  for (const network of networks) {
    const { ssid, ssidHex, rssi, locked } = network;
    if (json) printJson(network);
    else
      print(
        `${String(rssi).padStart(4)} dBm  ${locked ? "locked" : "open  "}  ${ssid}${hint(ssidHex)}`,
      );
  }
  if (networks.length === 0 && !json)
    print(`the board found no networks: ${reason ?? "give the name with --ssid"}`);
}

async function provision(options: ProvisionOptions): Promise<void> {
  const settings = options.scan
    ? null
    : await wifiOf(options.ssid, options.passwordFile, options.ssidHex);
  await withBoard(await portOf(options.port), async (line) => {
    const client = new ImprovClient(line);
    const before = await client.state();
    const info = await client.info();
    const { firmware, version, chip, name } = info;
    if (!options.json) {
      const wifi = before === STATE.PROVISIONED ? ", on Wi-Fi" : "";
      print(`${firmware} ${version} on ${chip}, device ${name}${wifi}`);
    }
    if (settings === null) return scan(client, options.json);
    const { ssid } = settings;
    const outcome = await client.join(settings, options.timeout);
    if (options.json) printJson({ ...info, ssid, ...outcome });
    else print(outcome.joined ? `joined ${ssid}` : outcome.reason);
  });
}

export function register(program: Command): void {
  const command = program
    .command("provision")
    .description("set a board's Wi-Fi network over its serial line (Improv Serial)")
    .addOption(portOption())
    .option("--ssid <name>", "Wi-Fi network; the program asks if it is omitted")
    .option("--ssid-hex <digits>", "Wi-Fi network in hexadecimal, for a name that is not UTF-8")
    .addOption(passwordOption())
    .option("--scan", "only list the networks that the board receives", false)
    .addOption(
      new Option("--timeout <time>", "how long to wait until the board has joined")
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

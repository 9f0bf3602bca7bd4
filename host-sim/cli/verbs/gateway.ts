/**
 * `killswitch gateway`: keeps the verified state of any number of devices, and passes on commands of local
 * clients, by HTTP and for Home Assistant.
 */
import { join } from "node:path";
import { type Command, Option } from "commander";
import { checkDeviceId } from "../../abi/topics.ts";
import { parseMs } from "../../base/clock.ts";
import { packageRoot, versionOf } from "../../base/paths.ts";
import { dial, hangUp } from "../../controller/client.ts";
import { type GatewayFile, loadSecrets, readConfig, readToken } from "../../gateway/config.ts";
import { Topics } from "../../gateway/discovery.ts";
import { Gateway, type GatewayOptions } from "../../gateway/gateway.ts";
import { HomeAssistant } from "../../gateway/home-assistant.ts";
import { HttpServer } from "../../gateway/http.ts";
import { Metrics } from "../../gateway/metrics.ts";
import { type BrokerAddress, parseBroker } from "../../mqtt/session.ts";
import { brokerOption, checked, example, keysOption, parseTcpPort } from "../options.ts";
import { now, print, printError, random, setTimer } from "../terminal.ts";

interface GatewayFlags {
  readonly broker: BrokerAddress;
  readonly keys: string;
  readonly config?: string;
  readonly name?: string;
  readonly port?: number;
  readonly homeAssistant?: boolean;
  readonly forget?: string;
}

/** What a configuration that says nothing means. */
const DEFAULTS = { name: "home", prefix: "homeassistant", host: "127.0.0.1", port: 8017 } as const;
const INTERVAL_MS = 30_000;
const DEADLINE_MS = 2_000;
const TIMEOUT_MS = 2_000;

export function register(program: Command): void {
  const command = program
    .command("gateway")
    .description("serve devices to local programs: HTTP, Prometheus, Home Assistant")
    .addOption(brokerOption())
    .addOption(keysOption("folder with the keys; only the provider's are used"))
    .option("--config <file>", "YAML file with more settings")
    .addOption(
      new Option("--name <name>", `name of this gateway (default: ${DEFAULTS.name})`).argParser(
        checked(checkDeviceId),
      ),
    )
    .addOption(
      new Option("--port <number>", `TCP port for HTTP (default: ${DEFAULTS.port})`).argParser(
        parseTcpPort,
      ),
    )
    .option("--home-assistant", "publish the devices for Home Assistant's MQTT integration")
    .addOption(
      new Option("--forget <device>", "remove a device from Home Assistant, and end").argParser(
        checked(checkDeviceId),
      ),
    )
    .action((flags: GatewayFlags, self: Command) => runGateway(flags, self));
  example(
    command,
    "killswitch gateway --broker mqtt://127.0.0.1:1883",
    "killswitch gateway --config gateway.yaml",
  );
}

async function runGateway(flags: GatewayFlags, self: Command): Promise<void> {
  const file = flags.config === undefined ? {} : readConfig(flags.config);
  const given = (flag: string) => self.getOptionValueSource(flag) === "cli";
  const options: Omit<GatewayOptions, "secrets"> = {
    name: flags.name ?? file.name ?? DEFAULTS.name,
    address: file.broker === undefined || given("broker") ? flags.broker : parseBroker(file.broker),
    intervalMs: parseMs(file.interval ?? "") ?? INTERVAL_MS,
    deadlineMs: parseMs(file.deadline ?? "") ?? DEADLINE_MS,
    timeoutMs: parseMs(file.timeout ?? "") ?? TIMEOUT_MS,
    now,
    timeOfDay: Date.now,
    setTimer,
    random,
    note: printError,
  };
  const prefix = file.homeAssistant?.prefix ?? DEFAULTS.prefix;
  if (flags.forget !== undefined) {
    await forget(flags.forget, options, new Topics(options.name, prefix));
    return;
  }
  const keys = file.keys === undefined || given("keys") ? flags.keys : file.keys;
  const gateway = new Gateway({ ...options, secrets: loadSecrets(keys, file.devices, printError) });
  const metrics = new Metrics(gateway);
  const http = new HttpServer(gateway, metrics, httpOptions(file, flags.port));
  gateway.add(metrics);
  gateway.add(http);
  if (flags.homeAssistant || file.homeAssistant !== undefined) {
    const version = versionOf(join(packageRoot(), "package.json"));
    gateway.add(new HomeAssistant(gateway, prefix, version));
  }
  const failed = new Promise<never>((_, reject) => {
    gateway.onFailure = reject;
  });
  try {
    await gateway.start();
    const url = await http.listen();
    print(
      `gateway ${options.name}: ${gateway.devices.size} devices at ${options.address.shown}, ${url}`,
    );
    await failed;
  } finally {
    gateway.stop();
    await http.close();
  }
}

function httpOptions({ http = {} }: GatewayFile, port: number | undefined) {
  const { host = DEFAULTS.host, tokenFile, names = [] } = http;
  const token = tokenFile === undefined ? null : readToken(tokenFile);
  return { host, names, token, port: port ?? http.port ?? DEFAULTS.port };
}

/** Removes a device from Home Assistant: empty retained messages in place of what the gateway published. */
async function forget(
  device: string,
  { address, timeoutMs }: Omit<GatewayOptions, "secrets">,
  topics: Topics,
): Promise<void> {
  const session = await dial({ address, setTimer, timeoutMs });
  const kept = [
    topics.config(device),
    topics.of(device, "state"),
    topics.of(device, "availability"),
  ];
  for (const topic of kept) await session.client.publishAsync(topic, "", { qos: 1, retain: true });
  await hangUp(session, setTimer);
  print(`removed device ${device} from Home Assistant`);
}

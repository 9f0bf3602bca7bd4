/**
 * `killswitch broker`: the embedded broker on the network, with TLS, passwords and an access list
 * that are made on the spot.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { PRINCIPAL_KIDS } from "../../abi/abi.gen.ts";
import { checkDeviceId } from "../../abi/topics.ts";
import { EXIT, UserError } from "../../base/errors.ts";
import { writeFileAtomic } from "../../base/files.ts";
import { checkOutputFolder } from "../../base/outputs.ts";
import { launcher } from "../../base/paths.ts";
import { accessRights, brokerUser } from "../../controller/access-list.ts";
import { DEFAULT_KEYS, listDevices } from "../../controller/keys.ts";
import type { Passwords } from "../../mqtt/access.ts";
import { startBroker } from "../../mqtt/broker.ts";
import { isValidFor, makeCertificate } from "../../mqtt/certificate.ts";
import { checked, example, keysOption, parseTcpPort } from "../options.ts";
import { print, printAside, random } from "../terminal.ts";

interface BrokerOptions {
  readonly dir: string;
  readonly keys: string;
  readonly device?: string;
  readonly host: string;
  readonly name: readonly string[];
  readonly port: number;
}

const PASSWORD_BYTES = 15;
const SERIAL_BYTES = 16;

/** The IPv4 addresses at which others reach this machine. */
function addresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address);
}

/** The stored passwords, with new ones for users who have none. Throws a UserError. */
function passwordsOf(dir: string, users: readonly string[]): Passwords {
  const path = join(dir, "passwords.json");
  let stored: Passwords = {};
  try {
    if (existsSync(path)) stored = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    throw new UserError(
      `${path} is not JSON: remove it, and new passwords are made`,
      EXIT.BAD_FILE,
    );
  }
  const made = users.map((user) => [
    user,
    stored[user] ?? Buffer.from(random(PASSWORD_BYTES)).toString("base64url"),
  ]);
  const passwords: Passwords = { ...stored, ...Object.fromEntries(made) };
  writeFileAtomic(path, `${JSON.stringify(passwords, null, 2)}\n`, { mode: 0o600, replace: true });
  return passwords;
}

/** The stored certificate if it names all hosts, or a new one. */
function certificateOf(dir: string, hosts: readonly string[]): { key: string; cert: string } {
  const [keyPath, certPath] = [join(dir, "key.pem"), join(dir, "ca.pem")];
  if (existsSync(keyPath) && existsSync(certPath)) {
    const [key, cert] = [readFileSync(keyPath, "utf8"), readFileSync(certPath, "utf8")];
    if (hosts.every((host) => isValidFor(cert, host))) return { key, cert };
    printAside("this machine's address is new: a new certificate is made; flash it");
  }
  const made = makeCertificate(hosts, random(SERIAL_BYTES));
  writeFileAtomic(keyPath, made.key, { mode: 0o600, replace: true });
  writeFileAtomic(certPath, made.cert, { mode: 0o644, replace: true });
  return made;
}

async function broker(options: BrokerOptions): Promise<void> {
  const { dir, keys, device, host, port } = options;
  checkOutputFolder(dir);
  const devices = [...new Set([...listDevices(keys), ...(device === undefined ? [] : [device])])];
  if (devices.length === 0)
    throw new UserError(
      `broker: no device in ${keys}: give its name with --device, or create keys first`,
      EXIT.USAGE,
    );
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const hosts = [...options.name, ...addresses(), "127.0.0.1", "localhost"];
  const who = ["device", ...PRINCIPAL_KIDS] as const;
  const users = devices.flatMap((name) => who.map((one) => brokerUser(name, one)));
  const access = { passwords: passwordsOf(dir, users), rights: devices.flatMap(accessRights) };
  const tls = certificateOf(dir, hosts);
  const { port: bound } = await startBroker(port, { host, tls, access });
  const [near = "127.0.0.1"] = hosts;
  const url = (user: string) => `mqtts://${user}:${access.passwords[user]}@${near}:${bound}`;
  print(`broker on ${host}:${bound}, TLS, as ${hosts.join(", ")}; Ctrl-C ends it`);
  for (const name of devices) {
    const ca = `--ca ${join(dir, "ca.pem")}`;
    print(`  give the board its settings (add --board CHIP):`);
    print(
      `    ${launcher()} flash --keys --device ${name} --broker ${url(brokerUser(name, "device"))} ${ca}`,
    );
    print(`  command it:`);
    const env = `NODE_EXTRA_CA_CERTS=${join(dir, "ca.pem")}`;
    const words = `send status --as owner --device ${name} --broker ${url(brokerUser(name, "owner"))}`;
    print(`    ${env} ${launcher()} ${words}`);
  }
  // The open server keeps the process running.
}

export function register(program: Command): void {
  const command = program
    .command("broker")
    .description("run an MQTT broker on the network, with TLS, passwords and an access list")
    .option("--dir <dir>", "folder for certificate and passwords", ".killswitch/broker")
    .addOption(keysOption("folder with the keys: every device in it gets a password"))
    .addOption(new Option("--device <id>", "a further device").argParser(checked(checkDeviceId)))
    .option("--host <address>", "address to listen on", "0.0.0.0")
    .option("--name <host...>", "further names by which this machine is reached", [])
    .addOption(new Option("--port <number>", "TCP port").argParser(parseTcpPort).default(8883))
    .action(broker);
  example(
    command,
    "killswitch broker",
    `killswitch broker --name broker.home --keys ${DEFAULT_KEYS}`,
  );
}

/**
 * `killswitch doctor`: reports which tools this machine has and which features need them.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Command } from "commander";
import { UserError } from "../../base/errors.ts";
import { targetStates, toolTrouble } from "../../build/tools.ts";
import { dial, hangUp } from "../../controller/client.ts";
import { chipNames, commandOf, loadChip } from "../../flash/chip.ts";
import { hasTool } from "../../flash/project.ts";
import type { BrokerAddress } from "../../mqtt/session.ts";
import { listPorts, portLine } from "../../serial/port.ts";
import { firmwarePath } from "../../sim/firmware.ts";
import { emulators, emulatorTrouble } from "../../targets/hil/emulator-board.ts";
import { controllerStates } from "../../targets/rp2040/board.ts";
import { brokerOption, example, jsonOption, timeoutOption } from "../options.ts";
import { print, printJson, setTimer } from "../terminal.ts";

interface DoctorOptions {
  readonly broker: BrokerAddress;
  readonly timeout: number;
  readonly json: boolean;
}

interface Finding {
  readonly found: boolean;
  readonly detail: string;
}

interface Check {
  readonly name: string;
  /** The features that need it. */
  readonly opens: string;
  readonly look: (options: DoctorOptions) => Finding | Promise<Finding>;
}

const NODE_MAJOR = 20;
/** The last two are where Debian installs servers. They may be missing from a user's PATH. */
const FOLDERS = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];

function tool(name: string, opens: string): Check {
  const suffixes = process.platform === "win32" ? [".exe"] : [""];
  const paths = FOLDERS.flatMap((folder) => suffixes.map((suffix) => join(folder, name + suffix)));
  const look = (): Finding => {
    const path = paths.find((candidate) => existsSync(candidate));
    return { found: path !== undefined, detail: path ?? "not found on the PATH" };
  };
  return { name, opens, look };
}

function module(name: "gate" | "device" | "mac" | "sign", opens: string): Check {
  const path = firmwarePath(name);
  const look = (): Finding => {
    if (!existsSync(path)) return { found: false, detail: "not built: run `npm run build`" };
    const bytes = readFileSync(path);
    const digest = createHash("sha256").update(bytes).digest("hex");
    return { found: true, detail: `${bytes.length} bytes, sha256 ${digest}` };
  };
  return { name: `${name}.wasm`, opens, look };
}

const CHECKS: readonly Check[] = [
  {
    name: "node",
    opens: "everything",
    look: () => {
      const found = Number(process.versions.node.split(".")[0]) >= NODE_MAJOR;
      return { found, detail: `${process.version} (minimum v${NODE_MAJOR})` };
    },
  },
  module("gate", "the simulator and every board"),
  module("device", "the simulator and every board"),
  module("mac", "boards with a C host, and swarm"),
  module("sign", "attestations"),
  { name: "broker", opens: "send, watch and journal read", look: lookForBroker },
  { name: "serial ports", opens: "flash, provision and console", look: lookForPorts },
  tool("mosquitto", "tests against a second broker"),
];

/** The tools of each native board, with the version found and the minimum version. */
function boardChecks(): Check[] {
  return [...targetStates(), ...controllerStates()].flatMap(({ target, tools }) =>
    tools.map((state) => ({
      name: state.tool.command,
      opens: `--target ${target}`,
      look: (): Finding => {
        const trouble = toolTrouble(state);
        const version = `version ${state.found} (minimum ${state.tool.minimum})`;
        return { found: trouble === null, detail: trouble ?? version };
      },
    })),
  );
}

/** The emulators of boards. */
function emulatorChecks(): Check[] {
  return emulators().map((emulator) => ({
    name: emulator.data.target,
    opens: `--target ${emulator.data.target}`,
    look: (): Finding => {
      const trouble = emulatorTrouble(emulator);
      const { program, image } = emulator.data;
      return { found: trouble === null, detail: trouble ?? `${program} and ${image} exist` };
    },
  }));
}

/** The build tools of the chips. */
function chipChecks(): Check[] {
  return chipNames()
    .map((name) => loadChip(name))
    .map((chip) => ({
      name: commandOf(chip, "build")[0] ?? "",
      opens: `build --board ${chip.name}`,
      look: (): Finding => {
        const found = hasTool(chip, "build");
        return { found, detail: found ? "on the PATH" : chip.firmware.install };
      },
    }));
}

export function register(program: Command): void {
  const command = program
    .command("doctor")
    .description("report which tools this machine has and which features need them");
  for (const option of [brokerOption, timeoutOption, jsonOption]) command.addOption(option());
  command.action(doctor);
  example(command, "killswitch doctor --broker mqtt://127.0.0.1:1883");
}

async function doctor(options: DoctorOptions): Promise<void> {
  for (const { name, opens, look } of [
    ...CHECKS,
    ...boardChecks(),
    ...emulatorChecks(),
    ...chipChecks(),
  ]) {
    const { found, detail } = await look(options);
    if (options.json) printJson({ name, found, detail, opens });
    else print(`${found ? "yes" : "no "}  ${name.padEnd(24)} ${detail}; needed for ${opens}`);
  }
}

async function lookForPorts(): Promise<Finding> {
  const names = (await listPorts()).map(portLine);
  return { found: names.length > 0, detail: names.join(", ") || "none: no board is connected" };
}

async function lookForBroker(options: DoctorOptions): Promise<Finding> {
  const address = options.broker;
  try {
    const session = await dial({ address, setTimer, timeoutMs: options.timeout });
    await hangUp(session, setTimer);
    return { found: true, detail: address.shown };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { found: false, detail: error.message };
  }
}

/**
 * `killswitch setup`: one guided path from a bare board to a working device. Each step is an
 * ordinary command of this program, which is printed and can be run by hand.
 */
import { spawn } from "node:child_process";
import { type Command, Option } from "commander";
import { EXIT, type ExitCode, UserError } from "../../base/errors.ts";
import { launcher } from "../../base/paths.ts";
import { Interrupted } from "../../base/signals.ts";
import { DEFAULT_KEYS, listDevices } from "../../controller/keys.ts";
import { buildFolderOf, chipNames, loadChip } from "../../flash/chip.ts";
import { checkBroker } from "../../flash/contents.ts";
import { builtList } from "../../flash/flasher.ts";
import { hasTool } from "../../flash/project.ts";
import { ROM_BAUD, Rom } from "../../flash/rom.ts";
import { parseBroker } from "../../mqtt/session.ts";
import { Port } from "../../serial/port.ts";
import { checked, deviceOption, example, portOf, portOption } from "../options.ts";
import { print, setTimer } from "../terminal.ts";
import { ask, passwordOption } from "../wifi.ts";

const STEPS = ["keys", "flash", "settings", "provision", "status"] as const;
type Step = (typeof STEPS)[number];

interface SetupOptions {
  readonly device: string;
  readonly port?: string;
  readonly board?: string;
  readonly image?: string;
  readonly broker?: string;
  readonly controllerBroker?: string;
  readonly ca?: string;
  readonly ssid?: string;
  readonly passwordFile?: string;
  readonly from: Step;
  readonly skip: readonly Step[];
}

/** How often the device is asked for its first status, 30 s each. */
const STATUS_TRIES = 3;

/** A URL without its password, for the screen. */
const masked = (word: string) => word.replace(/^(mqtts?:\/\/[^:@/]*):[^@/]*@/, "$1:...@");

/** Runs a command of this program. Returns its exit code. Throws Interrupted at Ctrl-C. */
function run(args: readonly string[], env: Record<string, string> = {}): Promise<number> {
  print(`$ ${[launcher(), ...args.map(masked)].join(" ")}`);
  const [, program = ""] = process.argv;
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  return new Promise((done, failed) => {
    child.once("error", failed);
    child.once("exit", (code, signal) => {
      if (signal === "SIGINT" || code === EXIT.INTERRUPTED) failed(new Interrupted());
      else done(code ?? EXIT.INTERNAL);
    });
  });
}

/** The name of the chip on a port, from its ROM. Throws a UserError if no board here has it. */
async function chipOn(path: string): Promise<string> {
  const port = await Port.open(path, ROM_BAUD);
  try {
    const rom = await Rom.open(port, setTimer);
    if (chipNames().includes(rom.chip)) return rom.chip;
    throw new UserError(`port ${path}: no board here has the chip ${rom.chip}`, EXIT.WRONG_CHIP);
  } finally {
    await port.close();
  }
}

/** Option words, without those that have no value. */
function words(options: Record<string, string | undefined>): string[] {
  return Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  );
}

class Setup {
  readonly #options: SetupOptions;
  #port = "";
  #chip = "";
  #broker = "";

  constructor(options: SetupOptions) {
    this.#options = options;
  }

  /** Finds port and chip, once. */
  async #board(): Promise<{ board: string; port: string }> {
    if (this.#port === "") this.#port = await portOf(this.#options.port);
    if (this.#chip === "") this.#chip = this.#options.board ?? (await chipOn(this.#port));
    return { board: this.#chip, port: this.#port };
  }

  async #brokerUrl(): Promise<string> {
    if (this.#broker === "") {
      const text = this.#options.broker ?? (await ask("MQTT broker: ", false, "--broker"));
      this.#broker = checkBroker(text);
    }
    return this.#broker;
  }

  async keys(): Promise<number> {
    const { device } = this.#options;
    if (!listDevices(DEFAULT_KEYS).includes(device))
      return run(["keys", "init", "--device", device]);
    print(`the keys of ${device} exist in ${DEFAULT_KEYS}`);
    return EXIT.OK;
  }

  async flash(): Promise<number> {
    const { image } = this.#options;
    const board = await this.#board();
    const chip = loadChip(board.board);
    if (image === undefined && builtList(buildFolderOf(chip)) === null) {
      if (!hasTool(chip, "build")) {
        throw new UserError(
          `no image for ${chip.name}: give the folder of a release with --image, or ${chip.firmware.install}; --skip flash keeps what the board has`,
          EXIT.NO_TOOL,
        );
      }
      const built = await run(["build", "--board", board.board]);
      if (built !== EXIT.OK) return built;
    }
    return run(["flash", ...words({ ...board, image })]);
  }

  async settings(): Promise<number> {
    const { device, ca } = this.#options;
    const broker = await this.#brokerUrl();
    return run(["flash", "--keys", ...words({ ...(await this.#board()), device, broker, ca })]);
  }

  async provision(): Promise<number> {
    const { ssid, passwordFile } = this.#options;
    const { port } = await this.#board();
    print("move the switch to ON, so that the board can try the network");
    return run(["provision", ...words({ port, ssid, "password-file": passwordFile })]);
  }

  async status(): Promise<number> {
    const { device, ca, controllerBroker } = this.#options;
    const broker = controllerBroker ?? (await this.#brokerUrl());
    const common = words({ as: "owner", device, broker });
    const env: Record<string, string> = ca === undefined ? {} : { NODE_EXTRA_CA_CERTS: ca };
    let code: number = EXIT.NO_ANSWER;
    for (let left = STATUS_TRIES; left > 0 && code === EXIT.NO_ANSWER; left--)
      code = await run(["send", "status", ...common, "--timeout", "30s"], env);
    if (code !== EXIT.OK) return code;
    const prefix = ca === undefined ? "" : `NODE_EXTRA_CA_CERTS=${ca} `;
    print("the device answered, and its status is verified. Command it:");
    print(`  ${prefix}${launcher()} send relay.set on ${common.map(masked).join(" ")}`);
    return EXIT.OK;
  }
}

async function setup(options: SetupOptions): Promise<void> {
  const { from, skip } = options;
  const steps = new Setup(options);
  for (const step of STEPS.slice(STEPS.indexOf(from))) {
    if (skip.includes(step)) continue;
    print(`== ${step}`);
    let code: number;
    try {
      code = await steps[step]();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(`${error.message} (step ${step}: --from ${step})`, error.exitCode);
    }
    if (code === EXIT.OK) continue;
    throw new UserError(
      `setup stopped at step ${step}: fix it, and go on with --from ${step}`,
      code as ExitCode,
    );
  }
}

export function register(program: Command): void {
  const command = program
    .command("setup")
    .description("take a bare board to a working device, step by step")
    .addOption(deviceOption())
    .addOption(portOption())
    .option("--board <chip>", "chip of the board (default: read from the chip)")
    .option("--image <dir>", "folder of a build or release to flash")
    .option("--broker <url>", "the board's broker", checked(checkBroker))
    .addOption(
      new Option("--controller-broker <url>", "broker URL for commands, if it differs").argParser(
        checked((text) => {
          parseBroker(text);
          return text;
        }),
      ),
    )
    .option("--ca <file>", "CA certificate of the broker, PEM")
    .option("--ssid <name>", "Wi-Fi network; the program asks if it is omitted")
    .addOption(passwordOption())
    .addOption(new Option("--from <step>", "first step").choices(STEPS).default("keys"))
    .addOption(new Option("--skip <step...>", "steps to leave out").choices(STEPS).default([]))
    .action(setup);
  example(
    command,
    "killswitch setup --device kitchen --broker mqtt://192.168.1.10 --ssid Home",
    "killswitch setup --device kitchen --from provision",
  );
}

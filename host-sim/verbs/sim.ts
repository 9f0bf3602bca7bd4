/**
 * `killswitch sim`: a device to play with. Must not know how the device works.
 */
import type { Command } from "commander";
import { defaultBoard } from "../board-data.ts";
import { DEFAULT_KEYS } from "../controller/keys.ts";
import { EXIT, UserError } from "../errors.ts";
import { openDevice, virtualNetwork } from "../sim/session.ts";
import { STIMULI } from "../sim/stimuli.ts";
import type { TraceSink } from "../simulator.ts";
import { followInput, type LiveOptions, openTrace, pick, runLive, seedFrom } from "./live.ts";

async function runVirtual(options: LiveOptions): Promise<void> {
  if (options.broker !== undefined) {
    throw new UserError(
      "--virtual has no MQTT: leave --broker out, or use --real-time",
      EXIT.USAGE,
    );
  }
  const file = openTrace(options.trace);
  const seed = seedFrom(options);
  const trace: TraceSink = (at, kind, detail) => {
    const line = `@${at} ${kind} ${detail}`;
    process.stdout.write(`${line}\n`);
    file.write(line);
  };
  const device = await openDevice({ ...pick(options), trace }, virtualNetwork(), seed);
  const { simulator } = device;
  try {
    simulator.advance(0);
    await followInput(
      simulator,
      () => simulator.advance(simulator.now),
      async (ms) => simulator.advance(simulator.now + ms),
    );
  } finally {
    device.close();
    file.close();
  }
}

export function register(program: Command): void {
  program
    .command("sim")
    .description("run the firmware on a virtual board behind a virtual kill switch")
    .option(
      "--broker <url>",
      "MQTT broker, mqtt[s]://[user:password@]host[:port] (default: one is started here)",
    )
    .option("--port <number>", "port of the broker that is started here", "1883")
    .option("--device <id>", "name of the device", "demo")
    .option("--board <name>", "which board to be", defaultBoard())
    .option("--keys <dir>", "key folder; keys are made on first use", DEFAULT_KEYS)
    .option("--seed <number>", "seed of bounce, noise and the device's random bytes")
    .option("--trace <file>", "write the trace to a file as well")
    .option("--storage <dir>", "keep the device's storage in files")
    .option("--guest <file>", "another WebAssembly module in place of device.wasm")
    .option("--real-time", "follow the wall clock (default)")
    .option("--virtual", "virtual time, no MQTT: as fast as it goes")
    .addHelpText(
      "after",
      `
On a terminal: k switch, b button, f fault menu, q quit.
Off a terminal, standard input brings one stimulus a line, standard output is the trace:
${STIMULI.map(([form, what]) => `  ${form.padEnd(28)} ${what}`).join("\n")}

Example:
  $ printf 'wait 200ms\\nswitch kill\\nwait 1s\\nbutton\\nquit\\n' | killswitch sim --virtual --seed 1`,
    )
    .action(async (options: LiveOptions & { virtual?: boolean; realTime?: boolean }) => {
      if (options.virtual && options.realTime) {
        throw new UserError("--virtual and --real-time exclude each other", EXIT.USAGE);
      }
      await (options.virtual ? runVirtual(options) : runLive(options));
    });
}

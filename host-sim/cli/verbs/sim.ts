/**
 * `killswitch sim`: runs a simulated device, in real time on MQTT or in virtual time without a
 * network.
 */
import type { Command } from "commander";
import { defaultBoard } from "../../base/board-data.ts";
import { EXIT, UserError } from "../../base/errors.ts";
import type { TraceSink } from "../../sim/simulator.ts";
import {
  addLiveOptions,
  deviceOptions,
  followInput,
  type LiveOptions,
  openTrace,
  runLive,
} from "../live/live.ts";
import { openDevice, virtualNetwork } from "../live/session.ts";
import { STIMULI } from "../live/stimuli.ts";
import { example } from "../options.ts";
import { print, random32 } from "../terminal.ts";

async function runVirtual(options: LiveOptions): Promise<void> {
  if (options.broker !== undefined) {
    throw new UserError(
      "--virtual does not use MQTT: remove --broker, or use --real-time",
      EXIT.USAGE,
    );
  }
  const file = openTrace(options.trace);
  const seed = options.seed ?? random32();
  const trace: TraceSink = (at, kind, detail) => {
    const line = `@${at} ${kind} ${detail}`;
    print(line);
    file.write(line);
  };
  const own = { ...deviceOptions(options), trace, console: print };
  const device = await openDevice(own, virtualNetwork(), seed);
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
  const command = addLiveOptions(
    program
      .command("sim")
      .description("run the firmware on a simulated board with a simulated kill switch"),
  )
    .option("--board <name>", "board to simulate", defaultBoard())
    .option("--real-time", "follow the wall clock (default)")
    .option("--virtual", "use virtual time, as fast as possible and without MQTT")
    .addHelpText(
      "after",
      `
Keys on a terminal: k switch, b button, f fault menu, q quit.
Without a terminal, standard input takes one stimulus per line and standard output is the trace:
${STIMULI.map(([form, what]) => `  ${form.padEnd(28)} ${what}`).join("\n")}`,
    )
    .action(async (options: LiveOptions & { virtual?: boolean; realTime?: boolean }) => {
      if (options.virtual && options.realTime) {
        throw new UserError("use either --virtual or --real-time, not both", EXIT.USAGE);
      }
      await (options.virtual ? runVirtual(options) : runLive(options));
    });
  example(
    command,
    "printf 'wait 200ms\\nswitch kill\\nwait 1s\\nbutton\\nquit\\n' | killswitch sim --virtual --seed 1",
  );
}

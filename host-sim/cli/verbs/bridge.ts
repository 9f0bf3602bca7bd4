/**
 * `killswitch bridge`: runs the C host of a board on real MQTT, in real time. The simulator
 * provides the board's wires.
 */
import type { Command } from "commander";
import type { Engine } from "../../build/native-image.ts";
import { addLiveOptions, type LiveOptions, runLive } from "../live/live.ts";
import { engineOption, example } from "../options.ts";

export function register(program: Command): void {
  const command = addLiveOptions(
    program
      .command("bridge")
      .description("run a board's C host on real MQTT; the simulator provides its wires"),
  )
    .requiredOption("--board <name>", "board; its image is built if necessary")
    .addOption(engineOption().default("wasm3"))
    .action(({ engine, ...options }: LiveOptions & { engine: Engine }) =>
      runLive({ ...options, native: engine }),
    );
  example(command, "killswitch bridge --board posix --broker mqtt://127.0.0.1:1883");
}

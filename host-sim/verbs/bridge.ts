/**
 * `killswitch bridge`: a native board on real MQTT, in real time. Must not know one board from another.
 */
import { type Command, Option } from "commander";
import { DEFAULT_KEYS } from "../controller/keys.ts";
import { ENGINES, type Engine } from "../native/build.ts";
import { type LiveOptions, runLive } from "./live.ts";
import { example } from "./options.ts";

export function register(program: Command): void {
  const command = program
    .command("bridge")
    .description("put a native board on real MQTT: its own host and engine, the simulator's wires")
    .requiredOption("--board <name>", "board; it is built if need be")
    .addOption(
      new Option("--engine <name>", "guest interpreted by wasm3, or compiled in")
        .choices(ENGINES)
        .default("wasm3"),
    )
    .option("--broker <url>", "MQTT broker (default: one is started here)")
    .option("--port <number>", "port of the broker that is started here", "1883")
    .option("--device <id>", "name of the device", "demo")
    .option("--keys <dir>", "key folder; keys are made on first use", DEFAULT_KEYS)
    .option("--seed <number>", "seed of bounce, noise and the device's random bytes")
    .option("--trace <file>", "write the trace to a file as well")
    .option("--storage <dir>", "keep the device's storage in files")
    .option("--guest <file>", "another WebAssembly module in place of device.wasm")
    .action(({ engine, ...options }: LiveOptions & { engine: Engine }) =>
      runLive({ ...options, native: engine }),
    );
  example(command, "killswitch bridge --board posix --broker mqtt://127.0.0.1:1883");
}

/**
 * The command `killswitch`: registers the verbs and turns errors into exit codes.
 */
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { EXIT, EXIT_MEANINGS } from "../base/errors.ts";
import { packageRoot, versionOf } from "../base/paths.ts";
import { shownLines } from "../base/shown-text.ts";
import { guardProcess, reportError } from "./terminal.ts";
import * as board from "./verbs/board.ts";
import * as bridge from "./verbs/bridge.ts";
import * as build from "./verbs/build.ts";
import * as conform from "./verbs/conform.ts";
import * as serialConsole from "./verbs/console.ts";
import * as doctor from "./verbs/doctor.ts";
import * as flash from "./verbs/flash.ts";
import * as gateway from "./verbs/gateway.ts";
import * as journal from "./verbs/journal.ts";
import * as keys from "./verbs/keys.ts";
import * as prove from "./verbs/prove.ts";
import * as provision from "./verbs/provision.ts";
import * as run from "./verbs/run.ts";
import * as send from "./verbs/send.ts";
import * as sim from "./verbs/sim.ts";
import * as swarm from "./verbs/swarm.ts";
import * as watch from "./verbs/watch.ts";

const VERBS = [
  sim,
  send,
  watch,
  keys,
  journal,
  run,
  conform,
  prove,
  swarm,
  build,
  flash,
  provision,
  serialConsole,
  bridge,
  gateway,
  board,
  doctor,
];

function makeProgram(): Command {
  const program = new Command("killswitch")
    .description("Simulator, controller and tools for an IoT device with a hardware kill switch.")
    .version(versionOf(join(packageRoot(), "package.json")))
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(shownLines(text.replace(/^error: /, "killswitch: "))),
    });
  for (const verb of VERBS) verb.register(program);
  const codes = Object.entries(EXIT_MEANINGS).map(
    ([code, words]) => `  ${code.padEnd(3)} ${words}`,
  );
  program.addHelpText("after", `\nExit codes:\n${codes.join("\n")}`);
  return program;
}

guardProcess();
try {
  await makeProgram().parseAsync();
} catch (error) {
  // Commander has already printed its message. Showing help is not an error.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.USAGE;
  else process.exitCode = reportError(error);
}

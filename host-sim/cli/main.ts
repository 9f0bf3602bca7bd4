/**
 * The command `killswitch`: registers the verbs and turns errors into exit codes.
 */
import { join } from "node:path";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { EXIT, EXIT_MEANINGS } from "../base/errors.ts";
import { packageRoot, versionOf } from "../base/paths.ts";
import { shownLines } from "../base/shown-text.ts";
import { guardProcess, reportError } from "./terminal.ts";
import * as board from "./verbs/board.ts";
import * as bridge from "./verbs/bridge.ts";
import * as broker from "./verbs/broker.ts";
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
import * as setup from "./verbs/setup.ts";
import * as sim from "./verbs/sim.ts";
import * as swarm from "./verbs/swarm.ts";
import * as verify from "./verbs/verify.ts";
import * as watch from "./verbs/watch.ts";

const VERBS = [
  sim,
  setup,
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
  verify,
  provision,
  serialConsole,
  broker,
  bridge,
  gateway,
  board,
  doctor,
];

/**
 * Refuses an option's value that begins with a dash: it is the next option, and the value is missing
 * or was an empty variable. `-` alone means standard input.
 */
function refuseDashes(command: Command): void {
  for (const option of command.options) {
    const { parseArg } = option;
    if (!option.required || (option.variadic && parseArg === undefined)) continue;
    option.argParser((value: string, previous: unknown) => {
      if (/^-./.test(value))
        throw new InvalidArgumentError(
          "A value is missing; one that begins with a dash is not taken.",
        );
      return parseArg === undefined ? value : parseArg(value, previous);
    });
  }
  for (const nested of command.commands) refuseDashes(nested);
}

function makeProgram(): Command {
  const program = new Command("killswitch")
    .description("Simulator, controller and tools for an IoT device with a hardware kill switch.")
    .version(versionOf(join(packageRoot(), "package.json")))
    .exitOverride()
    .configureOutput({
      outputError: (text, write) =>
        write(shownLines(text.replace(/^error: /, "killswitch: ").replaceAll("\n(", " ("))),
    });
  for (const verb of VERBS) verb.register(program);
  refuseDashes(program);
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

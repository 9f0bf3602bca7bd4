/**
 * `killswitch console`: prints a board's serial output and sends it local commands.
 */
import type { Command } from "commander";
import { Argument } from "commander";
import { BoardLine } from "../serial/board-line.ts";
import { askLine, readRing } from "../serial/commands.ts";
import { Port } from "../serial/port.ts";
import { example, portOf, portOption } from "./options.ts";
import { print, progressBar, setTimer } from "./terminal.ts";

/** Bit rate of a board's console. */
const CONSOLE_BAUD = 115_200;
/** The commands offered here. Others that a board accepts need a terminal program. */
const COMMANDS = ["status", "journal", "factory-reset", "help"] as const;
const POLL_MS = 60_000;

/** Opens a board's serial line, calls `use`, and closes the line even if `use` fails. */
export async function withBoard<T>(path: string, use: (line: BoardLine) => Promise<T>): Promise<T> {
  const port = await Port.open(path, CONSOLE_BAUD);
  const line = new BoardLine(port, setTimer);
  try {
    return await use(line);
  } finally {
    line.stop();
    await port.close();
  }
}

/** Reads the journal ring of a board over its serial line. */
export function ringOf(path: string): Promise<Uint8Array> {
  return withBoard(path, (line) =>
    readRing(line, (done, total) => progressBar(done, total, "journal")),
  );
}

async function listen(line: BoardLine, all: boolean): Promise<never> {
  for (;;) {
    const heard = await line.next(POLL_MS);
    if (heard === null || heard.kind === "frame" || heard.kind === "broken") continue;
    if (heard.kind === "answer") print(`= ${heard.text}`);
    else if (heard.kind === "trace" || all) print(heard.text);
  }
}

async function talk(
  command: (typeof COMMANDS)[number] | undefined,
  { port: given, all }: { port?: string; all: boolean },
): Promise<void> {
  const port = await portOf(given);
  if (command === "journal") {
    const ring = await ringOf(port);
    for (let at = 0; at < ring.length; at += 32)
      print(`${at} ${Buffer.from(ring.subarray(at, at + 32)).toString("hex")}`);
  } else if (command === undefined) await withBoard(port, (line) => listen(line, all));
  else print(await withBoard(port, (line) => askLine(line, command)));
}

export function register(program: Command): void {
  const command = program
    .command("console")
    .description("print a board's serial output until Ctrl-C, or send it one command")
    .addArgument(new Argument("[command]", "command to send").choices(COMMANDS))
    .addOption(portOption())
    .option("--all", "also print log lines that are not part of the trace", false)
    .action(talk);
  example(
    command,
    "killswitch console --port /dev/ttyUSB0",
    "killswitch console status --port /dev/ttyUSB0",
  );
}

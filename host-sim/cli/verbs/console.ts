/**
 * `killswitch console`: prints a board's serial output and sends it local commands.
 */
import type { Command } from "commander";
import { Argument } from "commander";
import { EXIT, UserError } from "../../base/errors.ts";
import { BoardLine } from "../../serial/board-line.ts";
import { askLine, readRing } from "../../serial/commands.ts";
import { Port } from "../../serial/port.ts";
import { example, portOf, portOption } from "../options.ts";
import { print, printAside, progressBar, setTimer } from "../terminal.ts";

/** Bit rate of a board's console. */
const CONSOLE_BAUD = 115_200;
/** The commands offered here. Others that a board accepts need a terminal program. */
const COMMANDS = [
  "status",
  "journal",
  "factory-reset",
  "wifi-power",
  "wifi-country",
  "help",
] as const;
const POLL_MS = 500;
/** How long lines of another kind may come alone before they are taken for another firmware's. */
const FOREIGN_MS = 3_000;

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

/** Colours of ESP-IDF's log (ECMA-48, SGR). */
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, "g");
const withoutColours = (text: string) => text.replaceAll(COLOURS, "");

/** What a line is when nothing on it is from Killswitch. */
function foreignText(lines: number, unreadable: boolean): string {
  return unreadable
    ? `what comes is no text at ${CONSOLE_BAUD} baud: another firmware runs on this board`
    : `${lines} lines came that are not Killswitch's: another firmware runs on this board; --all shows them`;
}

/** Control characters and bytes above ASCII do not occur in a console's lines. */
function isText(text: string): boolean {
  const strange = withoutColours(text).replaceAll(/[\x20-\x7e\t]/g, "").length;
  return strange * 4 <= text.length;
}

/**
 * Prints what the board sends until Ctrl-C. Says once on standard error if only lines of another
 * firmware come; a boot loader's own lines take less than FOREIGN_MS.
 */
async function listen(line: BoardLine, all: boolean): Promise<never> {
  let foreign = 0;
  let unreadable = 0;
  let since = Number.POSITIVE_INFINITY;
  let settled = all;
  for (;;) {
    const heard = await line.next(POLL_MS);
    const other = heard?.kind === "other";
    if (other) {
      foreign++;
      if (!isText(heard.text)) unreadable++;
    } else if (heard !== null && heard.kind !== "broken") settled = true;
    if ((other || line.pending > 0) && since === Number.POSITIVE_INFINITY)
      since = performance.now();
    if (!settled && performance.now() - since > FOREIGN_MS) {
      settled = true;
      printAside(foreignText(foreign, foreign === 0 || unreadable * 2 > foreign));
    }
    if (heard?.kind === "answer") print(`= ${withoutColours(heard.text)}`);
    else if (heard?.kind === "trace" || (heard?.kind === "other" && all))
      print(withoutColours(heard.text));
  }
}

async function talk(
  command: (typeof COMMANDS)[number] | undefined,
  word: string | undefined,
  { port: given, all }: { port?: string; all: boolean },
): Promise<void> {
  const port = await portOf(given);
  if (command === "journal") {
    const ring = await ringOf(port);
    for (let at = 0; at < ring.length; at += 32)
      print(`${at} ${Buffer.from(ring.subarray(at, at + 32)).toString("hex")}`);
  } else if (command === undefined) await withBoard(port, (line) => listen(line, all));
  else {
    const words = command === "factory-reset" && all ? [command, "--all"] : [command, word ?? ""];
    if (!/^[\x21-\x7e]*$/.test(words[1] ?? ""))
      throw new UserError(
        `console ${command}: the setting is one word of plain letters`,
        EXIT.USAGE,
      );
    print(await withBoard(port, (line) => askLine(line, words.join(" ").trimEnd())));
  }
}

export function register(program: Command): void {
  const command = program
    .command("console")
    .description("print a board's serial output until Ctrl-C, or send it one command")
    .addArgument(new Argument("[command]", "command to send").choices(COMMANDS))
    .argument("[setting]", "for wifi-power: auto, or 2 to 20 in dBm; for wifi-country: two letters")
    .addOption(portOption())
    .option(
      "--all",
      "also print log lines that are not part of the trace; with factory-reset: also erase the owner's keys",
      false,
    )
    .action(talk);
  example(
    command,
    "killswitch console --port /dev/ttyUSB0",
    "killswitch console status --port /dev/ttyUSB0",
    "killswitch console wifi-country DE --port /dev/ttyUSB0",
  );
}

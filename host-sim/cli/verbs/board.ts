/**
 * `killswitch board` and `killswitch commission`: prove and document the hardware of a board. Both
 * run the `commands.ts` in the board's folder.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Command } from "commander";
import { boardNames, loadBoard } from "../../base/board-data.ts";
import { EXIT, UserError } from "../../base/errors.ts";
import { checkOutputFolder } from "../../base/outputs.ts";
import { packageRoot } from "../../base/paths.ts";
import { example, jsonOption } from "../options.ts";
import { print, printJson, progressBar } from "../terminal.ts";

/** A claim about the hardware. `holds`: whether it was proven. */
interface Claim {
  holds: boolean;
}

/** The exports of a board's commands.ts. A board without a circuit of its own has no runBoard. */
interface BoardCommands {
  runBoard?(options: {
    out: string;
    full: boolean;
    progress: (done: number, total: number, label: string) => void;
  }): Promise<{ claims: Claim[]; files: string[] }>;
  verdict?(claim: Claim): string;
  /** `name`: the board, or a chip of it. */
  runCommission(options: { json: boolean; name: string }): unknown;
  renderCommission(table: unknown, options: { json: boolean }): string;
  CircuitError?: new (message: string) => Error;
}

function bundleOf(name: string): string {
  return join(packageRoot(), "dist", "boards", name, "commands.js");
}

/** The commands of the boards that have some, by board. */
async function allCommands(): Promise<Map<string, BoardCommands>> {
  const names = boardNames().filter((board) => existsSync(bundleOf(board)));
  const load = async (name: string): Promise<[string, BoardCommands]> => [
    name,
    await import(pathToFileURL(bundleOf(name)).href),
  ];
  return new Map(await Promise.all(names.map(load)));
}

/** The board's commands. A chip stands for its board. Throws a UserError if it has none. */
async function commandsOf(given: string): Promise<BoardCommands> {
  const { name } = loadBoard(given);
  const all = await allCommands();
  const found = all.get(name);
  if (found !== undefined) return found;
  throw new UserError(
    `board "${given}" has nothing to measure: use ${[...all.keys()].join(", ")}`,
    EXIT.USAGE,
  );
}

type CircuitCommands = Required<BoardCommands>;

/** The commands of a board that is drawn and proven here. Throws a UserError for another board. */
async function circuitOf(name: string): Promise<CircuitCommands> {
  const all = [...(await allCommands())].filter(([, { runBoard }]) => runBoard !== undefined);
  const [, found] = all.find(([board]) => board === name) ?? [];
  if (found !== undefined) return found as CircuitCommands;
  throw new UserError(
    `board "${name}" has no circuit in this repository: use ${all.map(([board]) => board).join(", ")}`,
    EXIT.USAGE,
  );
}

async function runBoard(
  name: string,
  options: { out: string; full: boolean; json: boolean },
): Promise<void> {
  const commands = await circuitOf(name);
  try {
    const { out, full } = options;
    checkOutputFolder(out);
    const { claims, files } = await commands.runBoard({ out, full, progress: progressBar });
    if (options.json) printJson({ claims, files });
    else {
      for (const claim of claims) print(commands.verdict(claim));
      for (const file of files) print(`wrote ${file}`);
    }
    if (claims.some(({ holds }) => !holds)) process.exitCode = EXIT.REFUTED;
  } catch (error) {
    if (error instanceof commands.CircuitError) throw new UserError(error.message, EXIT.BAD_FILE);
    throw error;
  }
}

export function register(program: Command): void {
  const board = program
    .command("board")
    .description("prove a board's circuit and write its schematic, bill of materials and plots")
    .argument("<name>", "board")
    .requiredOption("--out <dir>", "folder for the output files")
    .option("--full", "check every pin state under every fault; takes minutes", false)
    .addOption(jsonOption())
    .action(runBoard);
  example(board, "killswitch board two-chip --out /tmp/two-chip");
  const commission = program
    .command("commission")
    .description("list what to measure on a board and the expected readings")
    .requiredOption("--board <name>", "board")
    .addOption(jsonOption())
    .action(async ({ board: name, json }: { board: string; json: boolean }) => {
      const commands = await commandsOf(name);
      process.stdout.write(
        commands.renderCommission(commands.runCommission({ json, name }), { json }),
      );
    });
  example(
    commission,
    "killswitch commission --board two-chip",
    "killswitch commission --board esp32c3",
  );
}

/**
 * What an emulated controller's image costs, in instructions: start, tick, command, edge to radio off. Assumes
 * that flash is as fast as the processor. The entry of an exception (about 15 cycles) is not counted.
 */
import { spawnSync } from "node:child_process";
import { EXIT, UserError } from "../../base/errors.ts";
import type { ControllerLoop } from "./loop.ts";

/** Addresses by symbol of an image with symbols. */
export function symbolsOf(elf: string): ReadonlyMap<string, number> {
  const { status, stdout, stderr } = spawnSync("arm-none-eabi-nm", [elf], { encoding: "utf8" });
  if (status !== 0) throw new UserError(`${elf}: nm failed: ${stderr}`, EXIT.BAD_FILE);
  return new Map(
    stdout.split("\n").flatMap((line) => {
      const [, address, name] = /^([0-9a-f]{8}) \w (\S+)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, Number.parseInt(address ?? "", 16)] as const];
    }),
  );
}

/** The instruction counts at which the processor reached given addresses. */
export class Passages {
  readonly at = new Map<string, number[]>();
  readonly #names = new Map<number, string>();

  constructor(symbols: ReadonlyMap<string, number>, names: readonly string[]) {
    for (const name of names) {
      const address = symbols.get(name);
      if (address === undefined) throw new Error(`the image has no ${name}`);
      this.#names.set(address, name);
      this.at.set(name, []);
    }
  }

  /** Watches a controller's processor from now on. */
  watch(loop: ControllerLoop): void {
    loop.chip.watched = (pc, instructions) => {
      const name = this.#names.get(pc);
      if (name !== undefined) this.at.get(name)?.push(instructions);
    };
  }

  /** The first time an address was reached at or after a count of instructions. Throws if there is none. */
  after(name: string, instructions: number): number {
    const found = this.at.get(name)?.find((each) => each >= instructions);
    if (found === undefined) throw new Error(`${name} was not come to after ${instructions}`);
    return found;
  }
}

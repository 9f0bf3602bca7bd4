/**
 * A guest of which all that it does is folded into two digests: every call of an import in its order,
 * with the values and the bytes that it hands over, and the state that it ends in. Must not know what
 * any of it is for. Two digests of 32 bits: that a difference goes unseen has odds of 2^-64.
 */
import { IMPORTS } from "../../abi/abi.gen.ts";
import { STATE_BYTES } from "../../abi/state.gen.ts";
import { told } from "../device/explorer.ts";
import { Machine } from "../device/instrumented-guest.ts";

const PRIME = 0x01000193;
const OTHER_PRIME = 0x85ebca6b;

/** Places of (pointer, length) among an import's arguments; a length of 0 stands for the tag's. */
const TAG = -32;
const HANDED: Record<string, readonly (readonly [number, number])[]> = {
  net_send: [[1, 2]],
  mac_verify: [
    [1, 2],
    [3, TAG],
  ],
  mac_sign: [[0, 1]],
  storage_write: [[2, 3]],
  log: [[0, 1]],
};
/** Arguments that are places in the page: what lies there counts, not where. */
const POINTERS: Record<string, readonly number[]> = {
  net_send: [1],
  mac_verify: [1, 3],
  mac_sign: [0, 2],
  random: [0],
  storage_read: [2],
  storage_write: [2],
  log: [0],
};

export class Observed extends Machine {
  low = 0;
  high = 0;

  start(): void {
    this.low = 0;
    this.high = 0;
  }

  mix(value: number): void {
    this.low = Math.imul(this.low ^ value, PRIME) ^ (this.low >>> 13);
    this.high = Math.imul(this.high ^ value, OTHER_PRIME) ^ (this.high >>> 15);
  }

  #foldBytes(ptr: number, len: number): void {
    const { view } = this;
    let done = 0;
    for (; done + 4 <= len; done += 4) this.mix(view.getInt32(ptr + done, true));
    for (; done < len; done++) this.mix(view.getUint8(ptr + done));
  }

  foldState(): void {
    const { words, statePtr } = this;
    for (let word = 0; word < STATE_BYTES >> 2; word++)
      this.mix(words[(statePtr >> 2) + word] ?? 0);
  }

  /** Runs what may trap; a trap is something that a guest does. */
  attempt(run: () => void): void {
    try {
      run();
    } catch (error) {
      for (const char of told(error)) this.mix(char.charCodeAt(0));
    }
  }

  protected override imports(): WebAssembly.ModuleImports {
    const plain = super.imports() as Record<string, (...args: number[]) => number | undefined>;
    const names = Object.keys(IMPORTS);
    const observed = names.map((name, number) => {
      const call = plain[name];
      const handed = HANDED[name] ?? [];
      const pointers = POINTERS[name] ?? [];
      const wrapped = (...args: number[]): number | undefined => {
        this.mix(number);
        for (let index = 0; index < args.length; index++)
          if (!pointers.includes(index)) this.mix(args[index] ?? 0);
        const done = call?.(...args);
        // Misuse has thrown by now: what is handed over lies in the page.
        for (const [ptr, len] of handed)
          this.#foldBytes(args[ptr] ?? 0, len === TAG ? -TAG : (args[len] ?? 0));
        this.mix(done ?? 0);
        return done;
      };
      return [name, wrapped] as const;
    });
    return Object.fromEntries(observed);
  }
}

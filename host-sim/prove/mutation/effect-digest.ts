/**
 * A guest with a digest of its effects: every call of an import in its order, with the values and bytes
 * that it hands over and gets, and the state after each event. There are two digests of 32 bits, so a
 * difference goes unseen with a probability of 2^-64.
 */
import { IMPORTS } from "../../abi/abi.gen.ts";
import { STATE_BYTES } from "../../abi/state.gen.ts";
import { InstrumentedGuest } from "../device/instrumented-guest.ts";
import { violationFromError } from "../device/violation.ts";

const PRIME = 0x01000193;
const OTHER_PRIME = 0x85ebca6b;

/** Positions of (pointer, length) among an import's arguments. TAG in place of a length: a tag's. */
const TAG = -32;
const BUFFERS: Record<string, readonly (readonly [number, number])[]> = {
  net_send: [[2, 3]],
  mac_verify: [
    [1, 2],
    [3, TAG],
  ],
  mac_sign: [[1, 2]],
  storage_write: [[2, 3]],
  log: [[0, 1]],
};
/** Arguments that are pointers. The digest has the bytes there, not the address. */
const POINTERS: Record<string, readonly number[]> = {
  net_send: [2],
  mac_verify: [1, 3],
  mac_sign: [1, 3],
  random: [0],
  storage_read: [2],
  storage_write: [2],
  log: [0],
};

export class EffectDigest extends InstrumentedGuest {
  low = 0;
  high = 0;

  resetDigest(): void {
    this.low = 0;
    this.high = 0;
  }

  add(value: number): void {
    this.low = Math.imul(this.low ^ value, PRIME) ^ (this.low >>> 13);
    this.high = Math.imul(this.high ^ value, OTHER_PRIME) ^ (this.high >>> 15);
  }

  #addBytesOfGuest(ptr: number, len: number): void {
    const { view } = this;
    let done = 0;
    for (; done + 4 <= len; done += 4) this.add(view.getInt32(ptr + done, true));
    for (; done < len; done++) this.add(view.getUint8(ptr + done));
  }

  addState(): void {
    const { words, statePtr } = this;
    for (let word = 0; word < STATE_BYTES >> 2; word++)
      this.add(words[(statePtr >> 2) + word] ?? 0);
  }

  /** Runs code that may trap. A trap is an effect too. */
  attempt(run: () => void): void {
    try {
      run();
    } catch (error) {
      for (const char of violationFromError(error)) this.add(char.charCodeAt(0));
    }
  }

  protected override imports(): WebAssembly.ModuleImports {
    const plain = super.imports() as Record<string, (...args: number[]) => number | undefined>;
    const names = Object.keys(IMPORTS);
    const digested = names.map((name, number) => {
      const call = plain[name];
      const buffers = BUFFERS[name] ?? [];
      const pointers = POINTERS[name] ?? [];
      const wrapped = (...args: number[]): number | undefined => {
        this.add(number);
        for (let index = 0; index < args.length; index++)
          if (!pointers.includes(index)) this.add(args[index] ?? 0);
        const done = call?.(...args);
        // A misuse has thrown before this line, so the buffers are within the page.
        for (const [ptr, len] of buffers)
          this.#addBytesOfGuest(args[ptr] ?? 0, len === TAG ? -TAG : (args[len] ?? 0));
        this.add(done ?? 0);
        return done;
      };
      return [name, wrapped] as const;
    });
    return Object.fromEntries(digested);
  }
}

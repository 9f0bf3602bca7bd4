/**
 * One transition, as the checks see it: the guest's state before and after, by field. It notes on which
 * bits of the folded state before an answer depends, so that the answer is known for every state that
 * agrees in those. A check that asks whether a field changed depends on none. Must not know any rule.
 */
import { STATE_BYTES } from "../../abi/state.gen.ts";
import { at, DEPENDS, decodeState, headOf } from "./abstraction.ts";
import type { Machine } from "./instrumented-guest.ts";
import { ASKED, type Question } from "./observed-fields.ts";

export class Transition {
  /** Bits of `code` read since ask(). */
  reads = 0;
  #asked = ASKED.done;
  /** The folded state before. */
  code = 0;
  readonly before = new Uint8Array(STATE_BYTES);
  readonly #words = new Int32Array(this.before.buffer);
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** The state from which the next events are fired. */
  from(code: number): void {
    this.code = code;
    decodeState(code, this.before);
  }

  /** Begins a check. */
  ask(question: Question): void {
    this.#asked = ASKED[question];
    this.reads = 0;
  }

  #reads(offset: number, bytes: number): void {
    for (let byte = offset; byte < offset + bytes; byte++) this.reads |= DEPENDS[byte] ?? 0;
    this.#mayAsk(offset);
  }

  #mayAsk(offset: number): void {
    if (this.#asked[offset] !== 1)
      throw new Error(`asked.ts lists what is asked of: byte ${offset}`);
  }

  /** A byte of the state before, and a word. */
  was(offset: number): number {
    this.#reads(offset, 1);
    return this.before[offset] ?? 0;
  }

  wasWord(offset: number): number {
    this.#reads(offset, 4);
    return this.#words[offset >> 2] ?? 0;
  }

  /** A byte of the state after, and a word: what stands there is what stood there, and a difference. */
  is(offset: number): number {
    this.#reads(offset, 1);
    return this.#machine.memory[this.#machine.statePtr + offset] ?? 0;
  }

  isWord(offset: number): number {
    this.#reads(offset, 4);
    return this.#machine.words[(this.#machine.statePtr + offset) >> 2] ?? 0;
  }

  /** Bytes of the state after. */
  bytes(offset: number, length: number): Uint8Array {
    this.#reads(offset, length);
    const { memory, statePtr } = this.#machine;
    return memory.slice(statePtr + offset, statePtr + offset + length);
  }

  changed(offset: number): boolean {
    this.#mayAsk(offset);
    return this.before[offset] !== this.#machine.memory[this.#machine.statePtr + offset];
  }

  changedWord(offset: number): boolean {
    this.#mayAsk(offset);
    const { words, statePtr } = this.#machine;
    return this.#words[offset >> 2] !== words[(statePtr + offset) >> 2];
  }

  /** What the guest did that checks may ask of. */
  get marks(): number {
    return this.#machine.marks;
  }
  get sends(): number {
    return this.#machine.sends;
  }
  get relayPin(): number {
    return this.#machine.relayPin;
  }
  get radio(): number {
    return this.#machine.radio;
  }
  get verifies(): number {
    return this.#machine.verifies;
  }

  /** Records in the journal before. */
  head(): number {
    this.#reads(at.JOURNAL_NEXT, 4);
    return headOf(this.code);
  }
}

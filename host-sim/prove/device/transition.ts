/**
 * One transition, as the checks see it: the fields of the guest's state before and after. It notes the
 * bits of the abstract state before on which an answer depends, so that the verdict holds in every state
 * that agrees in these bits. Whether a field changed depends on none of them.
 */
import { STATE_BYTES } from "../../abi/state.gen.ts";
import { BITS_OF_BYTE, journalHead, OFFSET, writeRepresentative } from "./abstraction.ts";
import type { InstrumentedGuest } from "./instrumented-guest.ts";
import { type CheckKind, OBSERVED_BYTES } from "./observed-fields.ts";

export class Transition {
  /** Bits of `code` that were read since beginCheck(). */
  reads = 0;
  #observed = OBSERVED_BYTES.event;
  /** The abstract state before. */
  code = 0;
  readonly before = new Uint8Array(STATE_BYTES);
  readonly #words = new Int32Array(this.before.buffer);
  readonly #guest: InstrumentedGuest;

  constructor(guest: InstrumentedGuest) {
    this.#guest = guest;
  }

  /** Sets the state from which the next events are fired. */
  from(code: number): void {
    this.code = code;
    writeRepresentative(code, this.before);
  }

  beginCheck(kind: CheckKind): void {
    this.#observed = OBSERVED_BYTES[kind];
    this.reads = 0;
  }

  #noteRead(offset: number, bytes: number): void {
    for (let byte = offset; byte < offset + bytes; byte++) this.reads |= BITS_OF_BYTE[byte] ?? 0;
    this.#mustObserve(offset);
  }

  #mustObserve(offset: number): void {
    if (this.#observed[offset] !== 1)
      throw new Error(
        `byte ${offset} of the state is not in observed-fields.ts: add its field there`,
      );
  }

  // A byte and a word of the state before.

  was(offset: number): number {
    this.#noteRead(offset, 1);
    return this.before[offset] ?? 0;
  }

  wasWord(offset: number): number {
    this.#noteRead(offset, 4);
    return this.#words[offset >> 2] ?? 0;
  }

  // A byte, a word and several bytes of the state after. The key of the memo holds how the state changed,
  // so the state after depends on the same bits as the state before.

  is(offset: number): number {
    this.#noteRead(offset, 1);
    return this.#guest.memory[this.#guest.statePtr + offset] ?? 0;
  }

  isWord(offset: number): number {
    this.#noteRead(offset, 4);
    return this.#guest.words[(this.#guest.statePtr + offset) >> 2] ?? 0;
  }

  bytes(offset: number, length: number): Uint8Array {
    this.#noteRead(offset, length);
    const { memory, statePtr } = this.#guest;
    return memory.slice(statePtr + offset, statePtr + offset + length);
  }

  changed(offset: number): boolean {
    this.#mustObserve(offset);
    return this.before[offset] !== this.#guest.memory[this.#guest.statePtr + offset];
  }

  changedWord(offset: number): boolean {
    this.#mustObserve(offset);
    const { words, statePtr } = this.#guest;
    return this.#words[offset >> 2] !== words[(statePtr + offset) >> 2];
  }

  // What the guest did. All of it is in the key of the memo.

  get marks(): number {
    return this.#guest.marks;
  }
  get sends(): number {
    return this.#guest.sends;
  }
  get relayPin(): number {
    return this.#guest.relayPin;
  }
  get radio(): number {
    return this.#guest.radio;
  }
  get verifies(): number {
    return this.#guest.verifies;
  }

  /** Number of records in the journal before. */
  head(): number {
    this.#noteRead(OFFSET.JOURNAL_NEXT, 4);
    return journalHead(this.code);
  }
}

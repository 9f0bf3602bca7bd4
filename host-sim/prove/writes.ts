/**
 * What the guest wrote in one event, held to the formats and to I9. Must not know events.
 */
import { JOURNAL_SLOT_BYTES, JOURNAL_SLOTS, REGION } from "../abi.gen.ts";
import type { Machine } from "./machine.ts";
import { at, STAND_IN, STAND_IN_HASH } from "./model.ts";
import { BLOCK_BYTES, BODY_BYTES, blockGood, HASH_BYTES, recordHash } from "./storage.ts";

const ROW_WORDS = 16;
const BODY_WORDS = BODY_BYTES / 4;
const NO_HASH = new Uint8Array(HASH_BYTES);
const FNV_PRIME = 0x01000193;

/** Hashes of records seen before: their bodies repeat, because counters are folded. */
class HashCache {
  readonly #known = new Map<number, { body: Int32Array; before: Uint8Array; hash: Uint8Array }>();

  of(words: Int32Array, at: number, bytes: Uint8Array, before: Uint8Array): Uint8Array {
    let key = before[0] ?? 0;
    for (let index = 0; index < BODY_WORDS; index++)
      key = Math.imul(key ^ (words[at + index] ?? 0), FNV_PRIME) ^ (key >>> 13);
    const known = this.#known.get(key);
    if (known !== undefined && known.before === before) {
      let same = true;
      for (let index = 0; index < BODY_WORDS; index++)
        same = same && known.body[index] === words[at + index];
      if (same) return known.hash;
    }
    const hash = Uint8Array.from(recordHash(before, bytes.subarray(at * 4, at * 4 + BODY_BYTES)));
    this.#known.set(key, { body: words.slice(at, at + BODY_WORDS), before, hash });
    return hash;
  }
}

const views = new WeakMap<Uint8Array, Int32Array>();

/** A hash as words. */
function wordsOf(hash: Uint8Array): Int32Array {
  let words = views.get(hash);
  if (words === undefined) {
    words = new Int32Array(hash.slice().buffer);
    views.set(hash, words);
  }
  return words;
}

export class WriteCheck {
  readonly #machine: Machine;
  readonly #cache = new HashCache();
  /** Storage after the event: the retained block if `saved`, the configuration's payload if `configured`. */
  saved = false;
  relay = 0;
  hold = 0;
  configured = false;
  readonly config = new Int32Array(3);
  head = 0;
  #retainedGeneration = 0;
  #configGeneration = 0;
  #before: Uint8Array = NO_HASH;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /**
   * Takes the event's writes one by one, for a guest whose journal had `head` records. Returns the rule
   * broken, or null. A cut in or after any of them leaves a storage of everyStorage(): that is what
   * these rules say.
   */
  run(head: number): string | null {
    const machine = this.#machine;
    this.saved = false;
    this.configured = false;
    this.head = head;
    this.#retainedGeneration = STAND_IN.generation;
    this.#configGeneration = STAND_IN.generation;
    this.#before = head === 0 ? NO_HASH : STAND_IN_HASH;
    for (let index = 0; index < machine.writes; index++) {
      const region = machine.writeRegion[index] ?? 0;
      const broken = region === REGION.JOURNAL ? this.#record(index) : this.#block(index, region);
      if (broken !== null) return broken;
    }
    return this.#checkHead();
  }

  #block(index: number, region: number): string | null {
    const { writtenWords, writeLength, writeOffset } = this.#machine;
    const row = index * ROW_WORDS;
    if (writeLength[index] !== BLOCK_BYTES || !blockGood(writtenWords, row))
      return "I9: a block is stored with its version and checksum";
    const generation = (writtenWords[row + 1] ?? 0) >>> 0;
    const last = region === REGION.RETAINED ? this.#retainedGeneration : this.#configGeneration;
    if (generation !== last + 1) return "I9: a block's generation is one more than the newest";
    if (writeOffset[index] !== (generation & 1) * BLOCK_BYTES)
      return "I9: a block is written over the older copy";
    if (region === REGION.CONFIG) {
      this.#configGeneration = generation;
      this.configured = true;
      this.config.set(writtenWords.subarray(row + 2, row + 5));
      return null;
    }
    this.#retainedGeneration = generation;
    this.saved = true;
    this.relay = writtenWords[row + 2] ?? 0;
    const seconds = writtenWords[row + 4] ?? 0;
    this.hold = seconds === 0 ? 0 : 1;
    const { words, statePtr } = this.#machine;
    if (seconds !== 0 && seconds !== words[(statePtr + at.HOLD_TAKEN_S) >> 2])
      return "I5: a hold is saved with the length that it was taken for";
    if ((writtenWords[row + 3] ?? 0) !== this.head)
      return "I9: the retained head is the journal's head";
    return null;
  }

  #record(index: number): string | null {
    const { writtenWords, written, writeLength, writeOffset } = this.#machine;
    const row = index * ROW_WORDS;
    const offset = (this.head % JOURNAL_SLOTS) * JOURNAL_SLOT_BYTES;
    const placed = writeLength[index] === JOURNAL_SLOT_BYTES && writeOffset[index] === offset;
    if (!placed || writtenWords[row] !== this.head)
      return "I9: a record is written at the journal's head";
    const hash = this.#cache.of(writtenWords, row, written, this.#before);
    const due = wordsOf(hash);
    for (let word = 0; word < HASH_BYTES / 4; word++)
      if (writtenWords[row + BODY_WORDS + word] !== due[word])
        return "I9: a record's hash is over the hash before it and its body";
    this.#before = hash;
    this.head++;
    return null;
  }

  /** The guest's own head is the storage's. */
  #checkHead(): string | null {
    const { words, statePtr } = this.#machine;
    const own = words[(statePtr + at.JOURNAL_NEXT) >> 2] ?? 0;
    if (own !== this.head) return "I9: the guest's journal head is the head in storage";
    const first = (statePtr + at.JOURNAL_HASH) >> 2;
    const due = wordsOf(this.#before);
    for (let word = 0; word < HASH_BYTES / 4; word++)
      if (words[first + word] !== due[word])
        return "I9: the guest's chain hash is that of the last record";
    return null;
  }
}

/**
 * What the guest wrote in one event, held to the formats and to I9. Must not know events.
 */
import { JOURNAL_SLOT_BYTES, JOURNAL_SLOTS, REGION } from "../../abi/abi.gen.ts";
import { at, STAND_IN, STAND_IN_HASH } from "./abstraction.ts";
import type { Asks } from "./events.ts";
import type { Machine, Write } from "./instrumented-guest.ts";
import { BLOCK_BYTES, BODY_BYTES, blockGood, HASH_BYTES, recordHash } from "./storage-format.ts";
import type { Transition } from "./transition.ts";

const BODY_WORDS = BODY_BYTES / 4;
const HASH_WORDS = Array.from({ length: HASH_BYTES / 4 }, (_, word) => word);
/** Of a record. */
const TIME_WORD = 1;
const NO_HASH = new Uint8Array(HASH_BYTES);
const FNV_PRIME = 0x01000193;

/** Hashes of records seen before: their bodies repeat, because counters are folded. */
class HashCache {
  readonly #known = new Map<number, { body: Int32Array; before: Uint8Array; hash: Uint8Array }>();

  of(words: Int32Array, bytes: Uint8Array, before: Uint8Array): Uint8Array {
    let key = before[0] ?? 0;
    for (let index = 0; index < BODY_WORDS; index++)
      key = Math.imul(key ^ (words[index] ?? 0), FNV_PRIME) ^ (key >>> 13);
    const known = this.#known.get(key);
    if (known !== undefined && known.before === before) {
      let same = true;
      for (let index = 0; index < BODY_WORDS; index++)
        same = same && known.body[index] === words[index];
      if (same) return known.hash;
    }
    const hash = Uint8Array.from(recordHash(before, bytes.subarray(0, BODY_BYTES)));
    this.#known.set(key, { body: words.slice(0, BODY_WORDS), before, hash });
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

/** Where a block's payload begins. */
const PAYLOAD_WORD = 2;

export class WriteCheck {
  readonly #machine: Machine;
  readonly #cache = new HashCache();
  /** Storage after the event: the retained block if `saved`, the configuration's payload if `configured`. */
  #saved = false;
  #relay = 0;
  #hold = 0;
  #configured = false;
  readonly #config = new Int32Array(3);
  #head = 0;
  #retainedGeneration = 0;
  #configGeneration = 0;
  #before: Uint8Array = NO_HASH;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /**
   * Takes the event's writes one by one. Returns the rule broken, or null. A cut in or after any of them
   * leaves a storage of everyStorage(): that is what these rules say.
   */
  run(step: Transition, event: Asks): string | null {
    return this.#take(step) ?? (!event.fails ? this.#checkStored(step) : null);
  }

  #take(step: Transition): string | null {
    const machine = this.#machine;
    this.#saved = false;
    this.#configured = false;
    if (machine.writes === 0) {
      const same =
        !step.changedWord(at.JOURNAL_NEXT) &&
        HASH_WORDS.every((word) => !step.changedWord(at.JOURNAL_HASH + word * 4));
      return same ? null : "I9: the guest's journal head is the head in storage";
    }
    this.#head = step.head();
    this.#retainedGeneration = STAND_IN.generation;
    this.#configGeneration = STAND_IN.generation;
    this.#before = this.#head === 0 ? NO_HASH : STAND_IN_HASH;
    for (let index = 0; index < machine.writes; index++) {
      const write = machine.write(index);
      const broken =
        write.region === REGION.JOURNAL ? this.#record(write, step) : this.#block(write, step);
      if (broken !== null) return broken;
    }
    return this.#checkHead(step);
  }

  #block({ region, offset, length, words }: Write, step: Transition): string | null {
    if (length !== BLOCK_BYTES || !blockGood(words, 0))
      return "I9: a block is stored with its version and checksum";
    const generation = (words[1] ?? 0) >>> 0;
    const last = region === REGION.RETAINED ? this.#retainedGeneration : this.#configGeneration;
    if (generation !== last + 1) return "I9: a block's generation is one more than the newest";
    if (offset !== (generation & 1) * BLOCK_BYTES)
      return "I9: a block is written over the older copy";
    if (region === REGION.CONFIG) {
      this.#configGeneration = generation;
      this.#configured = true;
      this.#config.set(words.subarray(PAYLOAD_WORD, PAYLOAD_WORD + 3));
      return null;
    }
    this.#retainedGeneration = generation;
    this.#saved = true;
    this.#relay = words[PAYLOAD_WORD] ?? 0;
    const seconds = words[PAYLOAD_WORD + 2] ?? 0;
    this.#hold = seconds === 0 ? 0 : 1;
    if (seconds !== 0 && seconds !== step.isWord(at.HOLD_TAKEN_S))
      return "I5: a hold is saved with the length that it was taken for";
    if ((words[PAYLOAD_WORD + 1] ?? 0) !== this.#head)
      return "I9: the retained head is the journal's head";
    return null;
  }

  #record({ offset, length, words, bytes }: Write, step: Transition): string | null {
    const due = (this.#head % JOURNAL_SLOTS) * JOURNAL_SLOT_BYTES;
    if (length !== JOURNAL_SLOT_BYTES || offset !== due || words[0] !== this.#head)
      return "I9: a record is written at the journal's head";
    if (words[TIME_WORD] !== step.isWord(at.NOW)) return "I9: a record bears the time of its event";
    const hash = this.#cache.of(words, bytes, this.#before);
    const expected = wordsOf(hash);
    if (HASH_WORDS.some((word) => words[BODY_WORDS + word] !== expected[word]))
      return "I9: a record's hash is over the hash before it and its body";
    this.#before = hash;
    this.#head++;
    return null;
  }

  /** The guest's own head is the storage's. */
  #checkHead(step: Transition): string | null {
    if (step.isWord(at.JOURNAL_NEXT) !== this.#head)
      return "I9: the guest's journal head is the head in storage";
    const due = wordsOf(this.#before);
    if (HASH_WORDS.some((word) => step.isWord(at.JOURNAL_HASH + word * 4) !== due[word]))
      return "I9: the guest's chain hash is that of the last record";
    return null;
  }

  /** What a restart would bring back is what is, once it is saved; and saved it is, unless storage fails. */
  #checkStored(step: Transition): string | null {
    if (this.#configured) {
      const stands =
        this.#config[0] === step.is(at.SAFE_STATE) &&
        this.#config[1] === step.isWord(at.TELEMETRY_S) &&
        this.#config[2] === step.isWord(at.HOLD_S);
      if (!stands) return "I9: the configuration that is stored is the one that holds";
    } else if (
      step.changed(at.SAFE_STATE) ||
      step.changedWord(at.TELEMETRY_S) ||
      step.changedWord(at.HOLD_S)
    )
      return "I9: a configuration is stored before it holds";
    if (this.#saved) {
      if (this.#relay !== step.is(at.RELAY))
        return "I8: the retained relay level is the relay's level";
      if (this.#hold !== (step.isWord(at.HOLD_MS) === 0 ? 0 : 1))
        return "I5: a hold outlives a restart, and its end does";
      return null;
    }
    if (step.changed(at.RELAY)) return "I8: a relay that moves is saved";
    // Without a journal the end of a hold is not saved: the doubt is the hand's.
    if (!step.changedWord(at.HOLD_MS) || step.is(at.JOURNAL_OPEN) === 0) return null;
    const turned = (step.wasWord(at.HOLD_MS) === 0) !== (step.isWord(at.HOLD_MS) === 0);
    return turned ? "I5: a hold that begins or ends is saved" : null;
  }
}

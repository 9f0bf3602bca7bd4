/**
 * Checks what the guest writes in one event: the formats of blocks and records, and I9. A loss of supply
 * in or after any of these writes leaves one of the storages of everyStorage().
 */
import { EVENT, JOURNAL_SLOT_BYTES, MARK, OP, RECORD, REGION, RING } from "../../abi/abi.gen.ts";
import { OFFSET } from "./abstraction.ts";
import { STAND_IN_HASHES } from "./boot-storage.ts";
import { decisionOf, type EventFacts } from "./events.ts";
import type { InstrumentedGuest } from "./instrumented-guest.ts";
import { SEQ, STAND_IN } from "./model-values.ts";
import type { Write } from "./recorded-write.ts";
import {
  BLOCK_BYTES,
  BODY_BYTES,
  blockGood,
  HASH_BYTES,
  recordHash,
  ringOfKind,
  slotOffset,
} from "./storage-format.ts";
import type { Transition } from "./transition.ts";

const BODY_WORDS = BODY_BYTES / 4;
const HASH_WORDS = Array.from({ length: HASH_BYTES / 4 }, (_, word) => word);
/** The operations whose executions are on record, each. */
const RECORDED_OPS: readonly number[] = [OP.RELAY_SET, OP.CONFIG_SET, OP.IDENTIFY];
const RINGS = [RING.LOCAL, RING.REMOTE] as const;
/** Byte of a record that holds its kind. */
const KIND_BYTE = 8;
/** Word of a record that holds its time. */
const TIME_WORD = 1;
const HEAD_WORDS = RINGS.flatMap((ring) =>
  HASH_WORDS.map((word) => ring * HASH_WORDS.length + word),
);
const NO_HASH = new Uint8Array(HASH_BYTES);
const FNV_PRIME = 0x01000193;

/** Hashes of records. Their bodies repeat, because the abstraction leaves counters out. */
class HashCache {
  readonly #known = new Map<number, { body: Int32Array; before: Uint8Array; hash: Uint8Array }>();

  of(ring: number, words: Int32Array, bytes: Uint8Array, before: Uint8Array): Uint8Array {
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
    const hash = Uint8Array.from(recordHash(ring, before, bytes.subarray(0, BODY_BYTES)));
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

/** Word at which a block's payload begins. */
const PAYLOAD_WORD = 2;

export class WriteCheck {
  readonly #guest: InstrumentedGuest;
  readonly #cache = new HashCache();
  // Storage after the event: the retained block if `saved`, the configuration's payload if `configured`.
  #saved = false;
  /** Records of executed commands, and detail, by, argument and value of the last one. */
  #commands = 0;
  readonly #command = new Uint8Array(7);
  #relay = 0;
  #hold = 0;
  #configured = false;
  readonly #config = new Int32Array(3);
  /** By RING. */
  readonly #heads = [0, 0];
  #retainedGeneration = 0;
  #configGeneration = 0;
  /** By RING. */
  readonly #before: Uint8Array[] = [NO_HASH, NO_HASH];

  constructor(guest: InstrumentedGuest) {
    this.#guest = guest;
  }

  /** Checks the event's writes one by one. Returns the rule that is broken, or null. */
  run(step: Transition, event: EventFacts): string | null {
    return (
      this.#checkWrites(step, event) ??
      (!event.fails ? (this.#checkStored(step) ?? this.#checkOnRecord(step, event)) : null)
    );
  }

  #checkWrites(step: Transition, event: EventFacts): string | null {
    const guest = this.#guest;
    this.#saved = false;
    this.#configured = false;
    this.#commands = 0;
    if (guest.writes === 0) {
      const same =
        RINGS.every((ring) => !step.changedWord(OFFSET.JOURNAL_NEXT + ring * 4)) &&
        HEAD_WORDS.every((word) => !step.changedWord(OFFSET.JOURNAL_HASH + word * 4));
      return same ? null : "I9: the guest's journal head is the head in storage";
    }
    const head = step.head();
    this.#heads[RING.LOCAL] = head;
    this.#heads[RING.REMOTE] = STAND_IN.journalNext;
    this.#retainedGeneration = STAND_IN.generation;
    this.#configGeneration = STAND_IN.generation;
    this.#before[RING.LOCAL] = head === 0 ? NO_HASH : STAND_IN_HASHES[RING.LOCAL];
    this.#before[RING.REMOTE] = STAND_IN_HASHES[RING.REMOTE];
    for (let index = 0; index < guest.writes; index++) {
      const write = guest.write(index);
      const broken =
        write.region === REGION.JOURNAL
          ? this.#record(write, step, event)
          : this.#block(write, step);
      if (broken !== null) return broken;
    }
    return this.#checkHead(step);
  }

  #block({ region, offset, length, words }: Write, step: Transition): string | null {
    if (length !== BLOCK_BYTES || !blockGood(words, 0))
      return "I9: a block has its version and its checksum";
    const generation = (words[1] ?? 0) >>> 0;
    const last = region === REGION.RETAINED ? this.#retainedGeneration : this.#configGeneration;
    if (generation !== last + 1) return "I9: a block's generation is one more than the newest one";
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
    this.#relay = (words[PAYLOAD_WORD] ?? 0) & 1;
    const seconds = words[PAYLOAD_WORD + 2] ?? 0;
    this.#hold = seconds === 0 ? 0 : 1;
    if (seconds !== 0 && seconds !== step.isWord(OFFSET.HOLD_TAKEN_S))
      return "I5: a hold is saved with the length that it began with";
    const local = words[PAYLOAD_WORD + 1] ?? 0;
    const remote = words[PAYLOAD_WORD + 3] ?? 0;
    if (local !== this.#heads[RING.LOCAL] || remote !== this.#heads[RING.REMOTE])
      return "I9: the retained journal heads are the journal's heads";
    return null;
  }

  #record(
    { offset, length, words, bytes }: Write,
    step: Transition,
    event: EventFacts,
  ): string | null {
    const kind = bytes[KIND_BYTE] ?? 0;
    const ring = ringOfKind(kind);
    // Only the boot itself and a countdown that ends may be on record at the time of a message.
    if (event.kind === EVENT.RX && !event.endsAny && ring === RING.LOCAL && kind !== RECORD.BOOT)
      return "I9: no message writes to the local ring";
    if (kind === RECORD.COMMAND) {
      this.#commands++;
      this.#command.set(bytes.subarray(KIND_BYTE + 1, KIND_BYTE + 8));
    }
    const head = this.#heads[ring] ?? 0;
    if (length !== JOURNAL_SLOT_BYTES || offset !== slotOffset(ring, head) || words[0] !== head)
      return "I9: a record is written at the head of the ring of its kind";
    if (words[TIME_WORD] !== step.isWord(OFFSET.NOW))
      return "I9: a record has the time of its event";
    const hash = this.#cache.of(ring, words, bytes, this.#before[ring] ?? NO_HASH);
    const expected = wordsOf(hash);
    if (HASH_WORDS.some((word) => words[BODY_WORDS + word] !== expected[word]))
      return "I9: a record's hash is over the previous hash and its body";
    this.#before[ring] = hash;
    this.#heads[ring] = head + 1;
    return null;
  }

  /** The guest's journal head is the head in storage. */
  #checkHead(step: Transition): string | null {
    if (RINGS.some((ring) => step.isWord(OFFSET.JOURNAL_NEXT + ring * 4) !== this.#heads[ring]))
      return "I9: the guest's journal head is the head in storage";
    for (const ring of RINGS) {
      const due = wordsOf(this.#before[ring] ?? NO_HASH);
      const at = OFFSET.JOURNAL_HASH + ring * HASH_BYTES;
      if (HASH_WORDS.some((word) => step.isWord(at + word * 4) !== due[word]))
        return "I9: the guest's chain hash is the last record's hash";
    }
    return null;
  }

  /** A command that changed something is on record, once, with its principal and its number. */
  #checkOnRecord(step: Transition, { message }: EventFacts): string | null {
    if (step.is(OFFSET.JOURNAL_OPEN) === 0) return null;
    const changes =
      message !== null &&
      RECORDED_OPS.includes(message.op) &&
      decisionOf(this.#guest.marks) === MARK.ACCEPTED;
    if (!changes) return this.#commands === 0 ? null : "I9: only an executed command is on record";
    const [op, by, , ...value] = this.#command;
    const numbered = value.every((byte, index) => byte === (index === 0 ? SEQ[message.seq] : 0));
    return this.#commands === 1 && op === message.op && by === message.principal && numbered
      ? null
      : "I9: an executed command is on record with its principal and its number";
  }

  /** What a restart would restore is the guest's state. Not called if a write failed. */
  #checkStored(step: Transition): string | null {
    if (this.#configured) {
      const same =
        this.#config[0] === step.is(OFFSET.SAFE_STATE) &&
        this.#config[1] === step.isWord(OFFSET.TELEMETRY_S) &&
        this.#config[2] === step.isWord(OFFSET.HOLD_S);
      if (!same) return "I9: the stored configuration is the one in force";
    } else if (
      step.changed(OFFSET.SAFE_STATE) ||
      step.changedWord(OFFSET.TELEMETRY_S) ||
      step.changedWord(OFFSET.HOLD_S)
    )
      return "I9: a configuration is stored before it is in force";
    if (this.#saved) {
      if (this.#relay !== step.is(OFFSET.RELAY))
        return "I8: the retained relay level is the relay's level";
      if (this.#hold !== (step.isWord(OFFSET.HOLD_MS) === 0 ? 0 : 1))
        return "I5: the retained hold is the guest's hold";
      return null;
    }
    if (step.changed(OFFSET.RELAY)) return "I8: a change of the relay is saved";
    // Without a journal the end of a hold is not saved: after a restart the hold runs again, in favour of
    // the user at the device.
    if (!step.changedWord(OFFSET.HOLD_MS) || step.is(OFFSET.JOURNAL_OPEN) === 0) return null;
    const beginsOrEnds =
      (step.wasWord(OFFSET.HOLD_MS) === 0) !== (step.isWord(OFFSET.HOLD_MS) === 0);
    return beginsOrEnds ? "I5: the begin and the end of a hold are saved" : null;
  }
}

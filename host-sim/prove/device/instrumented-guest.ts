/**
 * A guest in V8, linked with a recorder in place of a board. Gives access to what the guest did, its
 * state and its storage. Time, storage contents and verdicts come from the code that uses it.
 */
import {
  type GuestExports,
  IMPORTS,
  MESSAGE_MAX,
  PRINCIPAL_KIDS,
  STATUS,
  TAG_BYTES,
} from "../../abi/abi.gen.ts";
import { STATE_BYTES } from "../../abi/state.gen.ts";
import { EXIT, UserError } from "../../base/errors.ts";
import { REGION_BYTES } from "../../sim/hal.ts";
import { loadInstrumented } from "../../sim/module.ts";
import { guestModuleChecks } from "../module-checks.ts";
import { throwOutOfRange } from "./abstraction.ts";
import type { Signed } from "./messages.ts";
import { EPOCH_WORDS } from "./model-values.ts";
import { OBSERVED_WORDS, type ObservedWord } from "./observed-fields.ts";
import type { Write } from "./recorded-write.ts";
import {
  BYTES,
  EVENT_ROW,
  EVENTS,
  EVENTS_MAX,
  LISTS,
  NEW_STATES,
  OBSERVED_BY_EVENT,
  OBSERVED_BY_MESSAGE,
  OBSERVED_WORDS_MAX,
  SIGNED,
  START_STATE,
  STATE_BITS,
  VISITED,
  WRITE_BYTES_MAX,
  WRITE_ROW,
  WRITES,
  WRITES_MAX,
} from "./recorder/memory-map.ts";
import { EFFECT, EVENT_FIELD, type EventField, REGISTER } from "./recorder-memory.ts";
import { MISUSES, type Recorder, RecorderModules, type SetPoisonEnd } from "./recorder-modules.ts";

const SCRATCH_ALIGN = 64;
/** The byte that fills the memory beyond everything that the guest was seen to use. */
const UNTOUCHED = 0xa5;
const RANDOM = 0xa5;
const LIST_BYTES = 4096;

const badGuest = (why: string) => new UserError(why, EXIT.BAD_FILE);

/** A guest misused an import in a way for which the host of a board traps it. */
export class Misuse extends Error {}

/** The constructor throws a UserError if the module is not a guest. */
export class InstrumentedGuest {
  readonly exports: GuestExports;
  readonly memory: Uint8Array;
  readonly words: Int32Array;
  readonly view: DataView;
  readonly statePtr: number;
  readonly rxPtr: number;
  /** Rules that the module breaks before anything of it runs. */
  readonly brokenRules: readonly string[];
  /** Storage. Holds an event's writes once applyWrites() was called. */
  readonly regions: readonly Uint8Array[] = REGION_BYTES.map((size) =>
    new Uint8Array(size).fill(0xff),
  );
  readonly recorder: Recorder;
  failReads = false;
  /** The checks of a message and of an event. They return the bits of the state that they read, or -1. */
  checkMessage: (to: number, ptr: number, length: number) => number = () => 0;
  checkEvent: () => number = () => 0;
  /** The tags that mac_sign() returns, by PRINCIPAL. */
  readonly ownTags = PRINCIPAL_KIDS.map((_, principal) =>
    Uint8Array.from({ length: TAG_BYTES }, (_, index) => 0x40 * (principal + 1) + index),
  );

  readonly #recorderExports: WebAssembly.Exports;
  readonly #recorderWords: Int32Array;
  readonly #recorderBytes: Uint8Array;
  readonly #writes: readonly Write[];
  readonly #setPoisonEnd: SetPoisonEnd;
  #poisonEnd = 0;
  /** End of the bytes that addBytes() has added. */
  #bytesEnd: number = BYTES;
  readonly #constants: readonly (readonly [number, number])[];
  readonly #original: Uint8Array;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    const loaded = loadInstrumented(bytes);
    if (typeof loaded === "string")
      throw badGuest(
        `the module is not a guest (${loaded}): docs/ABI.md lists its imports and exports`,
      );
    const { constants, broken } = guestModuleChecks(bytes, Object.keys(IMPORTS));
    this.brokenRules = broken;
    this.#constants = constants;
    const modules = new RecorderModules({
      checkEvent: () => this.checkEvent(),
      checkMessage: (to, ptr, length) => this.checkMessage(to, ptr, length),
      misuse: (what) => {
        throw new Misuse(MISUSES[what]);
      },
    });
    this.recorder = modules.recorder;
    this.#recorderExports = modules.exports;
    const { buffer } = modules.memory;
    this.#recorderWords = new Int32Array(buffer);
    this.#recorderBytes = new Uint8Array(buffer);
    this.#writes = Array.from({ length: WRITES_MAX }, (_, index) => {
      const row = WRITES + index * WRITE_ROW;
      const words = new Int32Array(buffer, row, WRITE_BYTES_MAX / 4);
      return { region: 0, offset: 0, length: 0, bytes: new Uint8Array(buffer, row), words };
    });
    const { exports } = new WebAssembly.Instance(loaded.module, { board: this.imports() });
    this.exports = exports as unknown as GuestExports;
    this.memory = new Uint8Array(this.exports.memory.buffer);
    this.words = new Int32Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
    this.setRegister("row", EVENTS);
    this.netAccepts = true;
    this.recorder.clear();
    this.statePtr = this.exports.state_ptr();
    this.rxPtr = this.exports.rx_buffer();
    if (this.exports.state_len() !== STATE_BYTES || this.statePtr % 8 !== 0)
      throw badGuest(
        `the guest's state is not the ${STATE_BYTES} bytes of firmware/state.json: build it from the same sources`,
      );
    this.#original = this.memory.slice();
    this.#setPoisonEnd = modules.linkGuest(exports, this.#original, constants);
    this.#setUpRecorder();
    this.#poisonUpTo(Math.max(this.statePtr + STATE_BYTES, ...constants.map(([, end]) => end)));
  }

  #setUpRecorder(): void {
    this.addBytes(Uint8Array.from(this.ownTags.flatMap((tag) => [...tag])));
    this.setRegister("statePtr", this.statePtr);
    this.setRegister("rxPtr", this.rxPtr);
    this.setRegister("epochLow", EPOCH_WORDS[0]);
    this.setRegister("epochHigh", EPOCH_WORDS[1]);
    this.#putObserved(OBSERVED_BY_EVENT, "observedByEvent", OBSERVED_WORDS.event);
    this.#putObserved(OBSERVED_BY_MESSAGE, "observedByMessage", OBSERVED_WORDS.message);
  }

  /** Writes rows of ObservedWord (recorder/records.ts). */
  #putObserved(at: number, count: keyof typeof REGISTER, words: readonly ObservedWord[]): void {
    if (words.length > OBSERVED_WORDS_MAX)
      throw new Error("OBSERVED_WORDS_MAX is less than the words that the checks read");
    const view = new DataView(this.#recorderBytes.buffer);
    for (const [row, { index, mask }] of words.entries()) {
      view.setBigUint64(at + 16 * row, mask, true);
      view.setBigUint64(at + 16 * row + 8, BigInt(index * 8), true);
    }
    this.setRegister(count, words.length);
  }

  setRegister(name: keyof typeof REGISTER, value: number): void {
    this.#recorderWords[REGISTER[name] >> 2] = value;
  }

  register(name: keyof typeof REGISTER): number {
    return this.#recorderWords[REGISTER[name] >> 2] ?? 0;
  }

  /** The word at an address in the recorder's memory. */
  recorderWord(address: number): number {
    return this.#recorderWords[address >> 2] ?? 0;
  }

  #effect(name: keyof typeof EFFECT): number {
    return this.recorderWord(EFFECT[name]);
  }

  /** Bit per MARK since begin(). A pin that was not driven since then has level -1. */
  get marks(): number {
    return this.#effect("marks");
  }
  get sends(): number {
    return this.#effect("sends");
  }
  get relayPin(): number {
    return this.#effect("relay");
  }
  get lampPin(): number {
    return this.register("lamp");
  }
  /** The last argument of radio_request(); -1 if it was not called. */
  get radio(): number {
    return this.#effect("radio");
  }
  get verifies(): number {
    return this.#effect("verifies");
  }
  /** Attempts to write. */
  get attempts(): number {
    return this.register("attempts");
  }
  /** Writes that succeeded. */
  get writes(): number {
    return this.#effect("writes");
  }

  /** Write `index` of the event. Valid until the next event. */
  write(index: number): Write {
    const write = this.#writes[index];
    if (write === undefined) throw new RangeError(`write ${index}`);
    const row = WRITES + index * WRITE_ROW + WRITE_BYTES_MAX;
    write.region = this.recorderWord(row);
    write.offset = this.recorderWord(row + 4);
    write.length = this.recorderWord(row + 8);
    return write;
  }

  /** Bit k: attempt k to write fails. */
  set failWrites(bits: number) {
    this.setRegister("failWrites", bits);
  }

  /** Whether the network accepts messages. */
  set netAccepts(accepts: boolean) {
    this.setRegister("netAccepts", accepts ? 1 : 0);
  }

  /** Whether messages are checked as they are sent. */
  set checksMessages(checks: boolean) {
    this.setRegister("checkMessages", checks ? 1 : 0);
  }

  /** Copies bytes to the recorder's memory. Returns their address. */
  addBytes(bytes: Uint8Array): number {
    const at = this.#bytesEnd;
    this.#bytesEnd += Math.ceil(bytes.length / 8) * 8 + 8;
    if (this.#bytesEnd > LISTS) throw new Error("BYTES in memory-map.ts has too little room");
    this.#recorderBytes.set(bytes, at);
    return at;
  }

  /** Sets fields of row `index` of the recorder's events; -1 is the row for single events. */
  setEvent(index: number, fields: Partial<Record<EventField, number>>): void {
    if (index >= EVENTS_MAX) throw new Error("EVENTS_MAX is less than the events of the model");
    const row = EVENTS + (index + 1) * EVENT_ROW;
    for (const [name, value] of Object.entries(fields))
      this.#recorderWords[(row + EVENT_FIELD[name as EventField]) >> 2] = value;
  }

  /** Copies a list of events to the recorder's memory, for run(). Returns its address. */
  addList(index: number, events: readonly number[]): number {
    const at = LISTS + index * LIST_BYTES;
    if (events.length * 4 > LIST_BYTES || at + LIST_BYTES > NEW_STATES)
      throw new Error("LISTS in memory-map.ts has too little room");
    this.#recorderWords.set(events, at >> 2);
    return at;
  }

  /** Hands over the states that are new since the last call, with the event that led to each. */
  takeNewStates(take: (code: number, event: number) => void): void {
    const count = this.register("newStates");
    for (let index = 0; index < count; index++) {
      const row = NEW_STATES + index * 8;
      take(this.recorderWord(row), this.recorderWord(row + 4));
    }
    this.setRegister("newStates", 0);
  }

  /** Forgets which states were visited, and counts from 0 again. */
  forgetStates(): void {
    this.#recorderBytes.fill(0, VISITED, VISITED + 2 ** (STATE_BITS - 3));
    for (const name of ["newStates", "transitions", "digest"] as const) this.setRegister(name, 0);
  }

  #poisonUpTo(end: number): void {
    this.#poisonEnd = end;
    this.#setPoisonEnd(end);
    this.memory.fill(UNTOUCHED, end);
  }

  /** Extends the poison over memory that the guest used beyond it. Returns whether there was any. */
  extendPoison(): boolean {
    const end = this.#poisonEnd;
    let last = this.memory.length;
    while (last > end && this.memory[last - 1] === UNTOUCHED) last--;
    if (last === end) return false;
    this.#poisonUpTo(Math.ceil(last / SCRATCH_ALIGN) * SCRATCH_ALIGN);
    return true;
  }

  /** Sets the state from which begin(), and so every event, starts. */
  startFrom(state: Uint8Array): void {
    this.#recorderBytes.set(state, START_STATE);
  }

  /**
   * Puts the start state and the constants into the guest's memory and poison over everything else that
   * the guest ever wrote, because no event may rely on it. The poison changes each time. Forgets what the
   * guest did before.
   */
  begin(): void {
    this.recorder.clear();
    this.recorder.begin();
  }

  /** Whether the constants in the guest's memory are unchanged: the guest stores nothing there. */
  constantsUnchanged(): boolean {
    return this.#constants.every(([start, end]) => {
      const now = this.memory.subarray(start, end);
      return Buffer.compare(now, this.#original.subarray(start, end)) === 0;
    });
  }

  /** The bytes that mac_sign() was last called for. */
  get lastSigned(): Uint8Array {
    return this.#recorderBytes.subarray(SIGNED, SIGNED + this.register("signedLength"));
  }

  /** The guest's state as an abstract state. Throws OutOfRange. */
  abstractState(): number {
    const code = this.recorder.readState();
    return code < 0 ? throwOutOfRange(this.memory, this.statePtr) : code;
  }

  /** Puts a message into the guest's buffer. `signed`: what a principal signed, or null. */
  deliver(bytes: Uint8Array, signed: Signed | null): void {
    this.memory.set(bytes.subarray(0, MESSAGE_MAX), this.rxPtr);
    this.setSigned(signed);
  }

  /** Sets what was signed, for a single event. */
  setSigned(signed: Signed | null): void {
    this.setRegister("row", EVENTS);
    if (signed === null) {
      this.setEvent(-1, { structure: 0 });
      return;
    }
    const end = this.#bytesEnd;
    this.setEvent(-1, this.signedFields(signed));
    this.#bytesEnd = end;
  }

  /** The fields of an event that say what was signed. Adds the bytes to the recorder's memory. */
  signedFields({ principal, structure, tag }: Signed): Partial<Record<EventField, number>> {
    return {
      principal,
      structure: this.addBytes(structure),
      structureLength: structure.length,
      tag: this.addBytes(tag),
    };
  }

  /** Bytes of a region after the event's writes. */
  stored(id: number, offset: number, length: number): Uint8Array {
    const bytes = (this.regions[id] ?? new Uint8Array(0)).slice(offset, offset + length);
    for (let index = 0; index < this.writes; index++) {
      const write = this.write(index);
      if (write.region !== id) continue;
      const from = Math.max(offset, write.offset);
      const to = Math.min(offset + length, write.offset + write.length);
      if (from >= to) continue;
      bytes.set(write.bytes.subarray(from - write.offset, to - write.offset), from - offset);
    }
    return bytes;
  }

  /** Puts the event's writes into `regions`. */
  applyWrites(): void {
    for (let index = 0; index < this.writes; index++) {
      const { region, offset, length, bytes } = this.write(index);
      this.regions[region]?.set(bytes.subarray(0, length), offset);
    }
  }

  /** The functions that the guest imports. */
  protected imports(): WebAssembly.ModuleImports {
    const checkInside = (ptr: number, length: number) => {
      if ((ptr >>> 0) + (length >>> 0) > this.memory.length)
        throw new Misuse("a pointer beyond the page");
    };
    return {
      ...(this.#recorderExports as WebAssembly.ModuleImports),
      random: (ptr: number, length: number) => {
        checkInside(ptr, length);
        this.memory.fill(RANDOM, ptr, ptr + length);
      },
      storage_read: (id: number, offset: number, ptr: number, length: number) => {
        const region = this.regions[id];
        if (region === undefined || offset >>> 0 > region.length - length)
          throw new Misuse("storage_read");
        checkInside(ptr, length);
        if (this.failReads) return STATUS.IO;
        this.memory.set(this.stored(id, offset, length), ptr);
        return STATUS.OK;
      },
      log: (ptr: number, length: number) => checkInside(ptr, length),
    };
  }
}

/**
 * The guest in V8, linked with a recorder: what it did is read here, and found misuse thrown. It
 * decides nothing but whose tag a message bears. Time, storage and verdicts come from whoever drives
 * it. Must not know what an event should do.
 */
import { type GuestExports, IMPORTS, MESSAGE_MAX, STATUS, TAG_BYTES } from "../abi.gen.ts";
import { EXIT, UserError } from "../errors.ts";
import { REGION_BYTES } from "../hal.ts";
import { loadInstrumented } from "../module.ts";
import { STATE_BYTES } from "../state.gen.ts";
import { type Driver, layMessages, makeDriver } from "./driver.ts";
import {
  AT,
  EFFECT,
  EVENT_ROW,
  EVENTS_MAX,
  type EventField,
  FIELD,
  WRITE_BYTES_MAX,
  WRITE_ROW,
} from "./layout.ts";
import { CODE_BITS, outside } from "./model.ts";
import { MISUSES, makeRecorder, type Recorder } from "./recorder.ts";
import { guestShape } from "./shape.ts";

/** A message whose tag is genuine, and what its principal signed. */
export interface Signed {
  principal: number;
  structure: Uint8Array;
  tag: Uint8Array;
}

/** A write that succeeded. */
export interface Write {
  region: number;
  offset: number;
  length: number;
  bytes: Uint8Array;
  /** The same; zeroes after them. */
  words: Int32Array;
}

const SCRATCH_ALIGN = 64;
/** What lies beyond all that the guest was seen to use. */
const UNTOUCHED = 0xa5;
const RANDOM = 0xa5;

/** A guest that did what no guest may: the imports of a board would have trapped it. */
export class Misuse extends Error {}

export class Machine {
  readonly guest: GuestExports;
  readonly memory: Uint8Array;
  readonly words: Int32Array;
  readonly view: DataView;
  readonly statePtr: number;
  readonly rxPtr: number;
  /** Rules that the module's shape breaks. */
  readonly shapeBroken: readonly string[];
  /** Storage; an event's writes are in it after sync(). */
  readonly regions: readonly Uint8Array[] = REGION_BYTES.map((size) =>
    new Uint8Array(size).fill(0xff),
  );
  readonly recorder: Recorder;
  readonly driver: Driver;
  /** All reads fail. */
  failReads = false;
  /** Asked by the recorder: of every message, and of every event of run(). */
  onSend: (channel: number, ptr: number, len: number) => number = () => 0;
  onEvent: () => number = () => 0;
  /** The tag that mac_sign() gives. */
  readonly ownTag = Uint8Array.from({ length: TAG_BYTES }, (_, index) => 0xc0 + index);

  readonly #exports: WebAssembly.Exports;
  readonly #notes: Int32Array;
  readonly #noteBytes: Uint8Array;
  readonly #written: readonly Write[];
  /** End of the bytes that were added to the recorder's. */
  #bytesEnd = AT.bytes;
  readonly #constants: readonly [number, number][];
  readonly #original: Uint8Array;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    const module = loadInstrumented(bytes);
    if (typeof module === "string") {
      const why = `the module is no guest (${module}): see docs/ABI.md`;
      throw new UserError(why, EXIT.BAD_FILE);
    }
    const { constants, broken } = guestShape(bytes, Object.keys(IMPORTS));
    this.shapeBroken = broken;
    this.recorder = makeRecorder(CODE_BITS, {
      check: () => this.onEvent(),
      wire: (channel, ptr, len) => this.onSend(channel, ptr, len),
      misuse: (what) => {
        throw new Misuse(MISUSES[what]);
      },
    });
    const notes = this.recorder.memory.buffer;
    this.#notes = new Int32Array(notes);
    this.#noteBytes = new Uint8Array(notes);
    this.#written = Array.from({ length: 16 }, (_, index) => {
      const row = AT.rows + index * WRITE_ROW;
      const words = new Int32Array(notes, row, WRITE_BYTES_MAX / 4);
      return { region: 0, offset: 0, length: 0, bytes: new Uint8Array(notes, row), words };
    });
    const instance = new WebAssembly.Instance(module.module, { board: this.imports() });
    this.guest = instance.exports as unknown as GuestExports;
    const { buffer } = this.guest.memory;
    this.memory = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    this.view = new DataView(buffer);
    this.#notes[AT.row >> 2] = AT.events;
    this.mayNet = true;
    this.clear();
    this.statePtr = this.guest.state_ptr();
    this.rxPtr = this.guest.rx_buffer();
    if (this.guest.state_len() !== STATE_BYTES || this.statePtr % 8 !== 0) {
      throw new UserError(
        `the guest's state region is not the ${STATE_BYTES} bytes of firmware/state.json: build it from the same sources`,
        EXIT.BAD_FILE,
      );
    }
    this.#constants = constants;
    this.#original = this.memory.slice();
    this.addBytes(this.ownTag);
    const { recorder, statePtr } = this;
    this.#exports = instance.exports;
    this.driver = makeDriver(this.#exports, recorder, statePtr, this.#original, constants);
    this.#reach(Math.max(this.statePtr + STATE_BYTES, ...constants.map(([, end]) => end)));
  }

  /** Sets a word of the recorder's memory: AT. */
  note(at: number, value: number): void {
    this.#notes[at >> 2] = value;
  }

  /** A word of the recorder's memory. */
  noted(at: number): number {
    return this.#notes[at >> 2] ?? 0;
  }

  #effect(name: keyof typeof EFFECT): number {
    return this.#notes[EFFECT[name] >> 2] ?? 0;
  }

  /** What the guest did since clear(): bit per MARK; messages; the last level of each pin, or -1; radio. */
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
    return this.#effect("lamp");
  }
  get radio(): number {
    return this.#effect("radio");
  }
  get verifies(): number {
    return this.#effect("verifies");
  }
  get attempts(): number {
    return this.#effect("attempts");
  }
  /** Writes that succeeded, in their order. */
  get writes(): number {
    return this.#effect("writes");
  }

  /** Write k of the event; valid until the next. */
  write(index: number): Write {
    const write = this.#written[index];
    if (write === undefined) throw new RangeError(`write ${index}`);
    const row = (AT.rows + index * WRITE_ROW + WRITE_BYTES_MAX) >> 2;
    write.region = this.#notes[row] ?? 0;
    write.offset = this.#notes[row + 1] ?? 0;
    write.length = this.#notes[row + 2] ?? 0;
    return write;
  }

  /** Bit k: attempt k to write fails. */
  set failWrites(bits: number) {
    this.note(AT.failWrites, bits);
  }

  /** Whether messages are taken. */
  set mayNet(may: boolean) {
    this.note(AT.mayNet, may ? 1 : 0);
  }

  /** Messages are checked as they are sent. */
  set watching(watching: boolean) {
    this.note(AT.watching, watching ? 1 : 0);
  }

  /** Keeps bytes in the recorder's memory. Returns where. */
  addBytes(bytes: Uint8Array): number {
    const at = this.#bytesEnd;
    this.#bytesEnd += Math.ceil(bytes.length / 8) * 8 + 8;
    if (this.#bytesEnd > AT.lists) throw new Error("what was signed fits its place");
    this.#noteBytes.set(bytes, at);
    return at;
  }

  /** Takes messages that the loop delivers. Their field in an event: TABLE.length and on. */
  addMessages(messages: readonly Uint8Array[]): void {
    const taken = messages.map((bytes) => bytes.subarray(0, MESSAGE_MAX));
    layMessages(this.#exports, this.recorder, this.rxPtr, taken);
  }

  /** Fills a row of the recorder's events; -1 is the row of events that come singly. */
  setEvent(index: number, fields: Partial<Record<EventField, number>>): void {
    if (index >= EVENTS_MAX) throw new Error("the events fit their place");
    for (const [name, value] of Object.entries(fields))
      this.note(AT.events + (index + 1) * EVENT_ROW + FIELD[name as EventField], value);
  }

  /** Keeps a list of events for run(). Returns where. */
  addList(index: number, events: readonly number[]): number {
    const at = AT.lists + index * LIST_BYTES;
    if (events.length * 4 > LIST_BYTES || at + LIST_BYTES > AT.found)
      throw new Error("the lists fit their place");
    this.#notes.set(events, at >> 2);
    return at;
  }

  /** Hands over states that were found new since the last call: code and event of each. */
  drain(take: (code: number, event: number) => void): void {
    const founds = this.noted(AT.founds);
    for (let index = 0; index < founds; index++)
      take(this.noted(AT.found + index * 8), this.noted(AT.found + index * 8 + 4));
    this.note(AT.founds, 0);
  }

  /** Forgets which states were found, and counts from 0. */
  restart(): void {
    this.#noteBytes.fill(0, AT.seen, AT.seen + 2 ** (CODE_BITS - 3));
    for (const at of [AT.founds, AT.transitions, AT.digest]) this.note(at, 0);
  }

  /** Poison from the page's start up to `end`; what lies beyond is watched by widen(). */
  #reach(end: number): void {
    this.driver.reach.value = end;
    this.memory.fill(UNTOUCHED, end);
  }

  /** Takes what lies beyond the poison and was written to for scratch memory. Returns whether any was. */
  widen(): boolean {
    const end = this.driver.reach.value;
    let last = this.memory.length;
    while (last > end && this.memory[last - 1] === UNTOUCHED) last--;
    if (last === end) return false;
    this.#reach(Math.ceil(last / SCRATCH_ALIGN) * SCRATCH_ALIGN);
    return true;
  }

  /** Sets the state that every event until the next settle() starts from. */
  settle(state: Uint8Array): void {
    this.memory.set(state, this.statePtr);
    this.driver.settle();
  }

  /**
   * Puts the settled state into the page, its constants, and poison over everything else that was ever
   * written to: no event may rely on it. The poison is another each time.
   */
  poison(): void {
    const turn = this.noted(AT.poison) + 1;
    this.note(AT.poison, turn);
    this.driver.begin(POISONS[turn & 3] ?? 0);
  }

  /** Whether the guest left its constants alone: nothing written there, nothing kept there. */
  keepsConstants(): boolean {
    return this.#constants.every(([start, end]) => {
      const now = this.memory.subarray(start, end);
      return Buffer.compare(now, this.#original.subarray(start, end)) === 0;
    });
  }

  /** What mac_sign() was last called for. */
  get signedLast(): Uint8Array {
    return this.#noteBytes.subarray(AT.signed, AT.signed + this.noted(AT.signedLength));
  }

  clear(): void {
    this.recorder.clear();
  }

  /** The state, folded. Throws OutOfRange. */
  fold(): number {
    const code = this.driver.fold();
    return code < 0 ? outside(this.memory, this.statePtr) : code;
  }

  /** Puts a message into the buffer, and whose tag it bears. */
  deliver(bytes: Uint8Array, signed: Signed | null): void {
    this.memory.set(bytes.subarray(0, MESSAGE_MAX), this.rxPtr);
    this.expect(signed);
  }

  /** The genuine tag of the message in the buffer, for an event that comes singly. */
  expect(signed: Signed | null): void {
    this.note(AT.row, AT.events);
    if (signed === null) {
      this.setEvent(-1, { structure: 0 });
      return;
    }
    const end = this.#bytesEnd;
    this.setEvent(-1, this.signedFields(signed));
    this.#bytesEnd = end;
  }

  /** Fields of an event that tell a genuine tag. */
  signedFields({ principal, structure, tag }: Signed): Partial<Record<EventField, number>> {
    return {
      principal,
      structure: this.addBytes(structure),
      structureLength: structure.length,
      tag: this.addBytes(tag),
    };
  }

  /** Storage as it stands after the event's writes. */
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
  sync(): void {
    for (let index = 0; index < this.writes; index++) {
      const { region, offset, length, bytes } = this.write(index);
      this.regions[region]?.set(bytes.subarray(0, length), offset);
    }
  }

  /** What the guest calls. */
  protected imports(): WebAssembly.ModuleImports {
    const inside = (ptr: number, len: number) => {
      if ((ptr >>> 0) + (len >>> 0) > this.memory.length)
        throw new Misuse("a pointer beyond the page");
    };
    return {
      ...this.recorder,
      random: (ptr: number, len: number) => {
        inside(ptr, len);
        this.memory.fill(RANDOM, ptr, ptr + len);
      },
      storage_read: (id: number, offset: number, ptr: number, len: number) => {
        const region = this.regions[id];
        if (region === undefined || offset >>> 0 > region.length - len)
          throw new Misuse("storage_read");
        inside(ptr, len);
        if (this.failReads) return STATUS.IO;
        this.memory.set(this.stored(id, offset, len), ptr);
        return STATUS.OK;
      },
      log: (ptr: number, len: number) => inside(ptr, len),
    };
  }
}

const POISONS = [0xa5, 0x5a, 0xff, 0x00] as const;
const LIST_BYTES = 4096;

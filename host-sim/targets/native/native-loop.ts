/**
 * A host loop for the simulator that runs a native board: it passes the wires' stimuli to the
 * board, waits until the board has nothing left to do, and applies the board's outputs to the
 * virtual board.
 */
import { MESSAGE_MAX, PIN_NAMES } from "../../abi/abi.gen.ts";
import type { NativeImage } from "../../build/native-image.ts";
import { type HostLoop, PowerLoss } from "../../sim/host-loop.ts";
import type { VirtualBoard } from "../../sim/virtual-board.ts";
import { Doorbell } from "./doorbell.ts";
import {
  ANSWER,
  FLAG_STORAGE_FAILS,
  IN,
  IN_BYTES,
  NEVER,
  OUT,
  putKeys,
  RECORD,
  RECORDS_AT,
  REGION_AT,
  REQUEST,
  readRecords,
  STIMULI_AT,
  STIMULI_BYTES,
  STIMULUS,
} from "./page.ts";

export interface NativeOptions {
  image: NativeImage;
  guest: Uint8Array;
  /** Keys by PRINCIPAL; null for a principal without a key. */
  keys: readonly (Uint8Array | null)[];
  /** Seed of the device's random numbers: the simulator's seed ^ ENTROPY_STREAM. */
  seed: number;
  /** From a restart to the first sample of the contacts, in ms. */
  bootMs: number;
}

/**
 * Bytes of the board's part read at each answer: all words, small regions, and most answers'
 * records.
 */
const HEAD_BYTES = 4096;

export class NativeLoop implements HostLoop {
  readonly inGuest = false;
  readonly #board: VirtualBoard;
  readonly #options: NativeOptions;
  readonly #in = Buffer.alloc(IN_BYTES);
  readonly #out = Buffer.alloc(HEAD_BYTES);
  /** A copy of each storage region as it is in the page. */
  readonly #mirror: Buffer[];
  #doorbell: Doorbell | null = null;
  /** State that a loss of supply does not reset, for the next power-on. */
  #random = Buffer.alloc(OUT.randomEnd - OUT.random);
  #pins: number[] = PIN_NAMES.map(() => NEVER);
  #deadline = Number.POSITIVE_INFINITY;
  #stimuliLen = 0;
  #radio = false;

  constructor(board: VirtualBoard, options: NativeOptions) {
    this.#board = board;
    this.#options = options;
    this.#mirror = board.storage.map((bytes) => Buffer.from(bytes));
    putKeys(this.#in, options.keys);
    const name = Buffer.from(board.device);
    this.#in.writeUInt32LE(name.length, IN.deviceLen);
    this.#in.set(name, IN.device);
  }

  /** A word of the board's part of the page at the last answer, by offset: see page.ts, OUT. */
  measured(at: number): number {
    return this.#out.readUInt32LE(at);
  }

  deadline(): number {
    return this.#deadline;
  }

  powerOn(reason: number): void {
    this.#discard();
    const { image, guest } = this.#options;
    const now = this.#board.now();
    this.#doorbell = new Doorbell(image, guest, (doorbell) => {
      const head = Buffer.alloc(RECORDS_AT);
      head.writeUInt32LE(reason, OUT.bootReason);
      head.writeUInt32LE(now >>> 0, OUT.bootAt);
      for (const [pin, level] of this.#pins.entries())
        head.writeUInt32LE(level, OUT.pins + 4 * pin);
      head.set(this.#random, OUT.random);
      doorbell.write(IN_BYTES, head);
      this.#writeStorage(doorbell, true);
      this.#writeInputs(REQUEST.POLL);
      doorbell.write(0, this.#in, STIMULI_AT);
    });
    this.#readAnswer(this.#doorbell);
  }

  powerOff(): void {
    this.#discard();
    this.#pins = PIN_NAMES.map(() => NEVER);
    this.#deadline = Number.POSITIVE_INFINITY;
  }

  /** Ends the board's process. The board can be powered on again. */
  close(): void {
    this.#doorbell?.close();
    this.#doorbell = null;
  }

  button(pressed: boolean): void {
    this.#stimulus(STIMULUS.BUTTON, Uint8Array.of(pressed ? 1 : 0));
  }

  inputChanged(): void {
    this.#stimulus(STIMULUS.INPUT, new Uint8Array(0));
  }

  linkChanged(up: boolean): void {
    this.#stimulus(STIMULUS.LINK, Uint8Array.of(up ? 1 : 0));
  }

  received(bytes: Uint8Array): void {
    this.#stimulus(STIMULUS.MESSAGE, bytes);
  }

  attest(nonce: Uint8Array): void {
    this.#stimulus(STIMULUS.ATTEST, nonce);
  }

  poll(): void {
    if (this.#doorbell !== null) this.#request(this.#doorbell, REQUEST.POLL);
  }

  hung(): void {
    throw new Error("a native board watches its guest itself; hung() is not used");
  }

  /** Ends the board and drops queued stimuli; the radio goes off with the supply. */
  #discard(): void {
    this.close();
    this.#stimuliLen = 0;
    if (!this.#radio) return;
    this.#radio = false;
    this.#board.radioPower(false);
    this.#board.trace("radio", "power=off");
  }

  #stimulus(kind: number, bytes: Uint8Array): void {
    if (this.#doorbell === null) return;
    // For a message that is too long, only its length is passed to the board.
    const stored = bytes.length <= MESSAGE_MAX ? bytes : new Uint8Array(0);
    const size = 8 + ((stored.length + 3) & ~3);
    if (this.#stimuliLen + size > STIMULI_BYTES) this.#request(this.#doorbell, REQUEST.STIMULI);
    const at = STIMULI_AT + this.#stimuliLen;
    this.#in.writeUInt32LE(kind, at);
    this.#in.writeUInt32LE(bytes.length, at + 4);
    this.#in.set(stored, at + 8);
    this.#stimuliLen += size;
  }

  /** Writes the request and the levels of the board's wires into the harness's part of the page. */
  #writeInputs(request: number): void {
    const { bootMs, guest, image, seed } = this.#options;
    const board = this.#board;
    const budget = Math.min(board.bytesToPowerLoss, NEVER);
    const words: [number, number][] = [
      [IN.request, request],
      [IN.now, board.now() >>> 0],
      [IN.sense, board.sense()],
      [IN.inputs, board.inputs() >>> 0],
      [IN.flags, board.faults.has("storage-fails") ? FLAG_STORAGE_FAILS : 0],
      [IN.writeBudget, budget],
      [IN.bootMs, bootMs],
      [IN.seed, seed >>> 0],
      [IN.hungMs, image.hungMs],
      [IN.guestLen, guest.length],
      [IN.stimuliLen, this.#stimuliLen],
    ];
    for (const [at, word] of words) this.#in.writeUInt32LE(word, at);
  }

  #request(doorbell: Doorbell, kind: number): void {
    this.#writeStorage(doorbell, false);
    for (let request: number = kind; ; request = REQUEST.CONTINUE) {
      this.#writeInputs(request);
      doorbell.write(0, this.#in, STIMULI_AT + this.#stimuliLen);
      this.#stimuliLen = 0;
      doorbell.ring();
      const answer = this.#readAnswer(doorbell);
      if (answer === ANSWER.POWER_LOSS) throw new PowerLoss();
      if (answer !== ANSWER.MORE) return;
    }
  }

  /** Writes storage regions that were changed from outside the board (or all) to the page. */
  #writeStorage(doorbell: Doorbell, always: boolean): void {
    for (const [region, mirror] of this.#mirror.entries()) {
      const bytes = this.#board.storage[region];
      if (bytes === undefined || (!always && mirror.equals(bytes))) continue;
      mirror.set(bytes);
      doorbell.write(IN_BYTES + (REGION_AT[region] ?? 0), mirror);
    }
  }

  /**
   * Waits for an answer and applies its records to the virtual board. Returns the answer's code.
   */
  #readAnswer(doorbell: Doorbell): number {
    const answer = doorbell.answer();
    doorbell.read(IN_BYTES, this.#out);
    const length = this.#out.readUInt32LE(OUT.recordsLen);
    let records = this.#out.subarray(RECORDS_AT);
    if (length > records.length) {
      records = Buffer.alloc(length);
      doorbell.read(IN_BYTES + RECORDS_AT, records);
    }
    // The board's clock wraps at 2^32 ms; what is due is less than 2^31 ms from now.
    const now = this.#board.now();
    this.#deadline = now + ((this.#out.readUInt32LE(OUT.deadline) - now) | 0);
    this.#out.copy(this.#random, 0, OUT.random, OUT.randomEnd);
    for (const { kind, bytes } of readRecords(Buffer.from(records.subarray(0, length)))) {
      this.#applyRecord(doorbell, kind, bytes);
    }
    return answer;
  }

  #applyRecord(doorbell: Doorbell, kind: number, bytes: Buffer): void {
    const board = this.#board;
    const word = (index: number) => bytes.readUInt32LE(4 * index);
    if (kind === RECORD.TRACE) {
      const line = bytes.toString("latin1");
      const space = line.indexOf(" ");
      board.trace(line.slice(0, space), line.slice(space + 1));
    } else if (kind === RECORD.RADIO) {
      this.#radio = word(0) === 1;
      board.radioPower(this.#radio);
    } else if (kind === RECORD.GPIO) {
      this.#pins[word(0)] = word(1);
      board.gpioWrite(word(0), word(1));
    } else if (kind === RECORD.ATTESTED)
      board.attested(bytes.length === 0 ? null : Uint8Array.from(bytes));
    else if (kind === RECORD.SEND) board.linkSend(word(0), word(1), bytes.subarray(8));
    else this.#applyWrite(doorbell, word(0), word(1), word(2));
  }

  /**
   * Copies a storage write from the page. Throws PowerLoss if the supply failed during the write.
   */
  #applyWrite(doorbell: Doorbell, region: number, offset: number, length: number): void {
    const bytes = Buffer.alloc(length);
    doorbell.read(IN_BYTES + (REGION_AT[region] ?? 0) + offset, bytes);
    this.#mirror[region]?.set(bytes, offset);
    this.#board.storageWrite(region, offset, bytes);
  }
}

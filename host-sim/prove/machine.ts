/**
 * The guest in V8 with imports made for speed: they record what it did, decide nothing but whose tag a
 * message bears, and find misuse. Time, storage and verdicts come from whoever drives it. Must not
 * know what an event should do.
 */
import {
  CHANNEL_NAMES,
  type GuestExports,
  IMPORTS,
  MAC_MESSAGE_MAX,
  MARK_NAMES,
  MESSAGE_MAX,
  PIN,
  PRINCIPAL,
  STATUS,
  TAG_BYTES,
} from "../abi.gen.ts";
import { EXIT, UserError } from "../errors.ts";
import { BOARD_PINS, REGION_BYTES } from "../hal.ts";
import { loadGuest } from "../module.ts";
import { STATE_BYTES } from "../state.gen.ts";
import { guestShape } from "./shape.ts";

/** A message whose tag is genuine, and what its principal signed. */
export interface Signed {
  principal: number;
  structure: DataView;
  tag: DataView;
}

/** A guest's recorded writes beyond this are misuse: no event of a sound one comes near. */
const WRITES_MAX = 16;
const WRITE_BYTES_MAX = 64;
const UNSET = -1;
const SCRATCH_ALIGN = 64;
const POISONS = [0xa5, 0x5a, 0xff, 0x00] as const;

/** Whether `bytes` stand at `ptr`. */
function matches(view: DataView, ptr: number, bytes: DataView, len: number): boolean {
  let at = 0;
  for (; at + 4 <= len; at += 4) if (view.getInt32(ptr + at) !== bytes.getInt32(at)) return false;
  for (; at < len; at++) if (view.getInt8(ptr + at) !== bytes.getInt8(at)) return false;
  return true;
}

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
  readonly regions: readonly Uint8Array[] = REGION_BYTES.map((size) =>
    new Uint8Array(size).fill(0xff),
  );

  readonly #regionWords = this.regions.map((region) => new Int32Array(region.buffer));

  /** What the guest did since clear(): bit per MARK; messages; the last level of each pin; radio. */
  marks = 0;
  sends = 0;
  relayPin = UNSET;
  lampPin = UNSET;
  radio = UNSET;
  verifies = 0;
  attempts = 0;
  /** Writes that succeeded, in their order. */
  writes = 0;
  readonly writeRegion = new Int32Array(WRITES_MAX);
  readonly writeOffset = new Int32Array(WRITES_MAX);
  readonly writeLength = new Int32Array(WRITES_MAX);
  /** Bytes of write k from WRITE_BYTES_MAX * k on; the same bytes as words. */
  readonly written = new Uint8Array(WRITES_MAX * WRITE_BYTES_MAX);
  readonly writtenWords = new Int32Array(this.written.buffer);

  /** Bit k: attempt k to write fails. All reads fail. Messages are taken. */
  failWrites = 0;
  failReads = false;
  mayNet = true;
  /** The message in the buffer if its tag is genuine. */
  signed: Signed | null = null;
  /** Told of every message as it is handed to net_send(). */
  onSend: (channel: number, ptr: number, len: number) => void = () => {};
  /** The tag that mac_sign() gives, and what it was last given for. */
  readonly ownTag = Uint8Array.from({ length: TAG_BYTES }, (_, index) => 0xc0 + index);
  /** What mac_sign() was last called for: the guest may write over it before it sends. */
  readonly signedView = new DataView(new ArrayBuffer(MAC_MESSAGE_MAX));
  signedLen = 0;

  readonly #constants: [number, number][];
  /** What the page is set to before an event, by poison: constants, state, and poison between. */
  #images: Uint8Array[] = [];
  #image = 0;
  readonly #original: Uint8Array;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    const module = loadGuest(bytes);
    if (typeof module === "string") {
      const why = `the module is no guest (${module}): see docs/ABI.md`;
      throw new UserError(why, EXIT.BAD_FILE);
    }
    const { constants, broken } = guestShape(bytes, Object.keys(IMPORTS));
    this.shapeBroken = broken;
    const instance = new WebAssembly.Instance(module.module, { board: this.#imports() });
    this.guest = instance.exports as unknown as GuestExports;
    const { buffer } = this.guest.memory;
    this.memory = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    this.view = new DataView(buffer);
    this.statePtr = this.guest.state_ptr();
    this.rxPtr = this.guest.rx_buffer();
    if (this.guest.state_len() !== STATE_BYTES || this.statePtr % 4 !== 0) {
      throw new UserError(
        `the guest's state region is not the ${STATE_BYTES} bytes of firmware/state.json: build it from the same sources`,
        EXIT.BAD_FILE,
      );
    }
    this.#constants = constants;
    this.#original = this.memory.slice();
    this.#reach(Math.max(this.statePtr + STATE_BYTES, ...constants.map(([, end]) => end)));
  }

  /** Makes the images for a guest that uses the page up to `end`. */
  #reach(end: number): void {
    this.#images = POISONS.map((poison) => {
      const image = new Uint8Array(end).fill(poison);
      for (const [from, to] of this.#constants) image.set(this.#original.subarray(from, to), from);
      return image;
    });
    this.memory.fill(POISONS[0], end);
  }

  /** Takes what lies beyond the images and was written to for scratch memory. Returns whether any was. */
  widen(): boolean {
    const end = this.#images[0]?.length ?? 0;
    let last = this.memory.length;
    while (last > end && this.memory[last - 1] === POISONS[0]) last--;
    if (last === end) return false;
    this.#reach(Math.ceil(last / SCRATCH_ALIGN) * SCRATCH_ALIGN);
    return true;
  }

  /** Sets the state that every event until the next settle() starts from. */
  settle(state: Uint8Array): void {
    for (const image of this.#images) image.set(state, this.statePtr);
  }

  /**
   * Puts the settled state into the page, its constants, and poison over everything else that was ever
   * written to: no event may rely on it. The poison is another each time.
   */
  poison(): void {
    this.#image = (this.#image + 1) & 3;
    const image = this.#images[this.#image];
    if (image !== undefined) this.memory.set(image);
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
    return new Uint8Array(this.signedView.buffer, 0, this.signedLen);
  }

  clear(): void {
    this.marks = 0;
    this.sends = 0;
    this.relayPin = UNSET;
    this.lampPin = UNSET;
    this.radio = UNSET;
    this.verifies = 0;
    this.attempts = 0;
    this.writes = 0;
  }

  deliver(bytes: Uint8Array): void {
    this.memory.set(bytes, this.rxPtr);
  }

  /** Whether the guest asks about exactly what the principal signed. */
  #verify(principal: number, ptr: number, len: number, tag: number): number {
    const { signed, view } = this;
    this.verifies++;
    if (signed === null || signed.principal !== principal || signed.structure.byteLength !== len)
      return STATUS.BAD_TAG;
    const same =
      matches(view, ptr, signed.structure, len) && matches(view, tag, signed.tag, TAG_BYTES);
    return same ? STATUS.OK : STATUS.BAD_TAG;
  }

  #write(id: number, offset: number, ptr: number, len: number): number {
    const region = this.regions[id];
    if (region === undefined || offset >>> 0 > region.length - len || len >>> 0 > WRITE_BYTES_MAX)
      throw new Misuse("storage_write");
    if (this.attempts >= WRITES_MAX) throw new Misuse("storage_write without end");
    const fails = (this.failWrites >>> this.attempts++) & 1;
    if (fails) return STATUS.IO;
    const index = this.writes;
    this.writes = index + 1;
    this.writeRegion[index] = id;
    this.writeOffset[index] = offset;
    this.writeLength[index] = len;
    const to = index * WRITE_BYTES_MAX;
    const words = this.#regionWords[id];
    if (words !== undefined && ((ptr | offset | len) & 3) === 0) {
      for (let at = 0; at < len >> 2; at++) {
        const word = this.words[(ptr >> 2) + at] ?? 0;
        this.writtenWords[(to >> 2) + at] = word;
        words[(offset >> 2) + at] = word;
      }
      return STATUS.OK;
    }
    const bytes = this.memory.subarray(ptr, ptr + len);
    this.written.set(bytes, to);
    region.set(bytes, offset);
    return STATUS.OK;
  }

  #imports(): WebAssembly.ModuleImports {
    const pages = 65536;
    const inside = (ptr: number, len: number) => {
      if ((ptr >>> 0) + (len >>> 0) > pages) throw new Misuse("a pointer beyond the page");
    };
    return {
      gpio_write: (pin: number, level: number) => {
        if (pin >>> 0 >= BOARD_PINS || level >>> 0 > 1) throw new Misuse("gpio_write");
        if (pin === PIN.RELAY) this.relayPin = level;
        else this.lampPin = level;
      },
      radio_request: (on: number) => {
        this.radio = on;
      },
      net_send: (channel: number, ptr: number, len: number) => {
        inside(ptr, len);
        if (channel >>> 0 >= CHANNEL_NAMES.length || len >>> 0 > MESSAGE_MAX)
          throw new Misuse("net_send");
        this.sends++;
        this.onSend(channel, ptr, len);
        return this.mayNet ? STATUS.OK : STATUS.DENIED;
      },
      mac_verify: (principal: number, ptr: number, len: number, tag: number) => {
        inside(ptr, len);
        inside(tag, TAG_BYTES);
        if (principal >>> 0 >= PRINCIPAL.DEVICE) throw new Misuse("mac_verify");
        return this.#verify(principal, ptr, len, tag);
      },
      mac_sign: (ptr: number, len: number, tag: number) => {
        inside(ptr, len);
        inside(tag, TAG_BYTES);
        if (len >>> 0 > MAC_MESSAGE_MAX) throw new Misuse("mac_sign");
        new Uint8Array(this.signedView.buffer).set(this.memory.subarray(ptr, ptr + len));
        this.signedLen = len;
        this.memory.set(this.ownTag, tag);
        return STATUS.OK;
      },
      random: (ptr: number, len: number) => {
        inside(ptr, len);
        this.memory.fill(POISONS[0], ptr, ptr + len);
      },
      storage_read: (id: number, offset: number, ptr: number, len: number) => {
        const region = this.regions[id];
        if (region === undefined || offset >>> 0 > region.length - len)
          throw new Misuse("storage_read");
        inside(ptr, len);
        if (this.failReads) return STATUS.IO;
        this.memory.set(region.subarray(offset, offset + len), ptr);
        return STATUS.OK;
      },
      storage_write: (id: number, offset: number, ptr: number, len: number) => {
        inside(ptr, len);
        return this.#write(id, offset, ptr, len);
      },
      log: (ptr: number, len: number) => inside(ptr, len),
      mark: (id: number) => {
        if (id >>> 0 >= MARK_NAMES.length) throw new Misuse("mark");
        this.marks |= 1 << id;
      },
    };
  }
}

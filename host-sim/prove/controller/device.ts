/**
 * The device of the controller's model: device.wasm with real MACs, put into one abstract state, given
 * one message, and read back. What the model leaves out of the state (counts, journal head, lamp) is set
 * to the same value before each message; run() throws if anything else than the abstract state changes.
 */
import { createHmac } from "node:crypto";
import {
  BOOT,
  type BoardImports,
  CHANNEL,
  EVENT,
  type GuestExports,
  KEY,
  MARK_NAMES,
  MESSAGE_MAX,
  PHASE,
  PRINCIPAL,
  STATUS,
  TAG_BYTES,
} from "../../abi/abi.gen.ts";
import { STATE_BYTES, STATE_FIELDS, type StateField } from "../../abi/state.gen.ts";
import type { DerivedKeys } from "../../base/derived-keys.ts";
import { REGION_BYTES } from "../../sim/hal.ts";

/** What the model keeps of the device. */
export interface DeviceState {
  /** Number of the epoch, from 0 on. */
  readonly epoch: number;
  readonly lastSeq: number;
  /** REPLY_TAG_BYTES of the last accepted command's tag, in hexadecimal; "" before the first. */
  readonly lastTag: string;
  /** CODE. */
  readonly lastResult: number;
  readonly relay: number;
  /** Whether a press of the button holds the relay. */
  readonly held: boolean;
}

/** What one message did. */
export interface Step {
  readonly after: DeviceState;
  /** The reply, if there was one. */
  readonly reply: Uint8Array | null;
  /** The command executed. */
  readonly executed: boolean;
}

/** Fields that the model leaves out: they decide nothing about a command. */
const LEFT_OUT: readonly StateField[] = [
  "NOW",
  "CLOCK",
  "LAMP",
  "QUIET_MS",
  "STATUS_DUE",
  "TELEMETRY_MS",
  "IDENTIFY_MS",
  "JOURNAL_NEXT",
  "JOURNAL_HASH",
  "REFUSED_PENDING",
  "REFUSED_MS",
  "REFUSED_CODES",
  "REFUSED_BY",
  "REFUSED_STEP",
  "DROPPED_PENDING",
  "RUN",
  "EXECUTED",
  "REFUSED",
  "DROPPED",
  "RETAINED_GENERATION",
  "CONFIG_GENERATION",
  "COUNTER",
];
/** Fields that the abstract state holds. */
const KEPT: readonly StateField[] = ["RELAY", "HOLD_MS", "HOLD_TAKEN_S"];
const OF_PRINCIPAL: readonly StateField[] = ["LAST_SEQ", "LAST_RESULT", "LAST_TAG"];

const HOLD_S = 60;
const LIVE_MS = 50;

export function deviceKey(state: DeviceState): string {
  const { epoch, lastSeq, lastTag, lastResult, relay, held } = state;
  return `${epoch} ${lastSeq} ${lastTag} ${lastResult} ${relay} ${held}`;
}

export class ModelDevice {
  /** Epochs as the device tells them, by number. */
  readonly epochs: readonly Uint8Array[];
  readonly #keys: DerivedKeys;
  readonly #guest: GuestExports;
  readonly #storage = REGION_BYTES.map((size) => new Uint8Array(size).fill(0xff));
  readonly #templates: readonly Uint8Array[];
  #replies: Uint8Array[] = [];
  #marks: string[] = [];
  /** Messages that the guest was given. */
  runs = 0;

  /** `module`: a guest. `keys`: the owner's; the other principals have none. */
  constructor(module: WebAssembly.Module, keys: DerivedKeys, epochs: number) {
    this.#keys = keys;
    this.epochs = Array.from({ length: epochs }, (_, index) =>
      Uint8Array.of(0xe0 + index, 1, 2, 3, 4, 5, 6, 7),
    );
    const imports = { board: { ...this.#imports() } };
    const instance = new WebAssembly.Instance(module, imports);
    this.#guest = instance.exports as unknown as GuestExports;
    this.#templates = this.epochs.map((_, index) => this.#boot(index));
  }

  get first(): DeviceState {
    return { epoch: 0, lastSeq: 0, lastTag: "", lastResult: 0, relay: 0, held: false };
  }

  /** The state after the switch was at KILL and is back at ON. The relay keeps its level. */
  nextEpoch({ epoch, relay, held }: DeviceState): DeviceState {
    return { ...this.first, epoch: epoch + 1, relay, held };
  }

  /** Gives the device a message when its session clock is `clock`. */
  run(state: DeviceState, clock: number, message: Uint8Array): Step {
    const view = this.#put(state, clock);
    const template = this.#memory(this.#guest.state_ptr(), STATE_BYTES).slice();
    this.#replies = [];
    this.#marks = [];
    this.#memory(this.#guest.rx_buffer(), MESSAGE_MAX).set(message);
    this.#guest.on_event(EVENT.RX, view.getUint32(STATE_FIELDS.NOW.offset, true), message.length);
    this.runs++;
    this.#checkLeftOut(template);
    return {
      after: this.#read(state),
      reply: this.#replies[0] ?? null,
      executed: this.#marks.includes("ACCEPTED"),
    };
  }

  #memory(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#guest.memory.buffer, at >>> 0, length);
  }

  get #view(): DataView {
    return new DataView(this.#guest.memory.buffer, this.#guest.state_ptr(), STATE_BYTES);
  }

  /** Boots the guest and brings it to LIVE with a session, in epoch number `epoch`. */
  #boot(epoch: number): Uint8Array {
    const bytes = this.epochs[epoch] ?? new Uint8Array(8);
    const words = new DataView(bytes.buffer);
    for (const region of this.#storage) region.fill(0xff);
    this.#guest.init(epoch === 0 ? BOOT.POWER_ON : BOOT.CUT);
    this.#guest.on_event(EVENT.GATE, 0, PHASE.ARMING);
    this.#guest.on_event(EVENT.EPOCH, words.getInt32(0, true), words.getInt32(4, true));
    this.#guest.on_event(EVENT.GATE, LIVE_MS, PHASE.LIVE);
    this.#guest.on_event(EVENT.LINK, LIVE_MS, 1);
    return this.#memory(this.#guest.state_ptr(), STATE_BYTES).slice();
  }

  #put(state: DeviceState, clock: number): DataView {
    const template = this.#templates[state.epoch];
    if (template === undefined) throw new RangeError(`epoch ${state.epoch}`);
    this.#memory(this.#guest.state_ptr(), STATE_BYTES).set(template);
    const view = this.#view;
    view.setUint32(STATE_FIELDS.NOW.offset, LIVE_MS + clock, true);
    view.setBigUint64(STATE_FIELDS.CLOCK.offset, BigInt(clock), true);
    view.setUint8(STATE_FIELDS.RELAY.offset, state.relay);
    view.setUint32(STATE_FIELDS.HOLD_MS.offset, state.held ? HOLD_S * 1000 : 0, true);
    view.setUint32(STATE_FIELDS.HOLD_TAKEN_S.offset, state.held ? HOLD_S : 0, true);
    view.setUint32(STATE_FIELDS.LAST_SEQ.offset, state.lastSeq, true);
    view.setUint32(STATE_FIELDS.LAST_RESULT.offset, state.lastResult, true);
    const tag = Buffer.from(state.lastTag, "hex");
    this.#memory(this.#guest.state_ptr() + STATE_FIELDS.LAST_TAG.offset, tag.length).set(tag);
    return view;
  }

  #read({ epoch }: DeviceState): DeviceState {
    const view = this.#view;
    const lastSeq = view.getUint32(STATE_FIELDS.LAST_SEQ.offset, true);
    const tag = this.#memory(this.#guest.state_ptr() + STATE_FIELDS.LAST_TAG.offset, 16);
    return {
      epoch,
      lastSeq,
      lastTag: tag.every((byte) => byte === 0) ? "" : Buffer.from(tag).toString("hex"),
      lastResult: view.getUint32(STATE_FIELDS.LAST_RESULT.offset, true),
      relay: view.getUint8(STATE_FIELDS.RELAY.offset),
      held: view.getUint32(STATE_FIELDS.HOLD_MS.offset, true) > 0,
    };
  }

  /** Throws if a byte changed that is neither left out nor part of the abstract state. */
  #checkLeftOut(before: Uint8Array): void {
    const after = this.#memory(this.#guest.state_ptr(), STATE_BYTES).slice();
    for (const name of [...LEFT_OUT, ...KEPT, ...OF_PRINCIPAL]) {
      const { offset, size, count } = STATE_FIELDS[name];
      const owner = OF_PRINCIPAL.includes(name);
      const length = owner ? size * (name === "LAST_TAG" ? 2 : 1) : size * count;
      after.set(before.subarray(offset, offset + length), offset);
    }
    const at = after.findIndex((byte, index) => byte !== before[index]);
    if (at >= 0) throw new Error(`byte ${at} of the guest's state changed, which is not modelled`);
  }

  #imports(): BoardImports {
    const tagOf = (use: number, ptr: number, len: number) => {
      const key = use === KEY.COMMAND ? this.#keys.command : this.#keys.reply;
      return createHmac("sha256", key).update(this.#memory(ptr, len)).digest();
    };
    const storage = (region: number, offset: number, len: number) =>
      (this.#storage[region] ?? new Uint8Array()).subarray(offset, offset + len);
    return {
      gpio_write: () => {},
      radio_request: () => {},
      net_send: (principal, channel, ptr, len) => {
        if (principal === PRINCIPAL.OWNER && channel === CHANNEL.REPLY)
          this.#replies.push(this.#memory(ptr, len).slice());
        return STATUS.OK;
      },
      mac_verify: (principal, ptr, len, tag) => {
        if (principal !== PRINCIPAL.OWNER) return STATUS.NO_KEY;
        const own = tagOf(KEY.COMMAND, ptr, len);
        return own.equals(this.#memory(tag, TAG_BYTES)) ? STATUS.OK : STATUS.BAD_TAG;
      },
      mac_sign: (principal, ptr, len, tag) => {
        if (principal !== PRINCIPAL.OWNER) return STATUS.NO_KEY;
        this.#memory(tag, TAG_BYTES).set(tagOf(KEY.REPLY, ptr, len));
        return STATUS.OK;
      },
      random: () => {},
      storage_read: (region, offset, ptr, len) => {
        this.#memory(ptr, len).set(storage(region, offset, len));
        return STATUS.OK;
      },
      storage_write: (region, offset, ptr, len) => {
        storage(region, offset, len).set(this.#memory(ptr, len));
        return STATUS.OK;
      },
      log: () => {},
      mark: (id) => {
        this.#marks.push(MARK_NAMES[id] ?? "");
      },
    };
  }
}

/**
 * The host loop of the simulator. It corresponds to boards/runtime/host.c; the traces of the two are
 * compared byte for byte. It contains no policy.
 *
 * One poll: sample contacts and rail -> gate.step -> on leaving LIVE: cut -> on entering LIVE: draw
 * an epoch -> push events -> pop one event at a time and call the guest -> radio = permits AND
 * requested.
 */
import {
  ABI_VERSION,
  BOOT,
  BOOT_NAMES,
  type BoardImports,
  CHANNEL_NAMES,
  EPOCH_BYTES,
  EVENT,
  EVENT_NAMES,
  type GuestExports,
  INPUT_LINK,
  INPUT_RAIL,
  MESSAGE_MAX,
  PHASE,
  PHASE_NAMES,
  PIN,
  PIN_NAMES,
  PRINCIPAL_NAMES,
  STATE_MAX,
  TICK_MS,
} from "../abi/abi.gen.ts";
import { crc32 } from "../base/crc32.ts";
import { Attester } from "./attestation.ts";
import type { Hal } from "./hal.ts";
import type { Gate, HostLoop } from "./host-loop.ts";
import { GuestTrap, type ImportContext, isTrap, makeImports } from "./imports.ts";
import type { GuestModule } from "./module.ts";

/** The watchdog restarts a board this long after its guest hung, in ms. */
export const WATCHDOG_MS = 2000;
/** Extra delay of the restart after a trap, in ms: a guest that always traps is no busy loop. */
export const TRAP_DELAY_MS = 1000;
/** Capacity of the event queue. */
const QUEUE_MAX = 32;
/** Capacity for messages to the guest (part of the event queue) and for messages to the network. */
const RX_MAX = 4;
const TX_MAX = 8;
/** The largest value of the gate's elapsed field, in ms. */
const ELAPSED_MAX = 255;

interface QueuedEvent {
  kind: number;
  a: number;
  b: number;
  bytes: Uint8Array | null;
}

/** Returns a function that makes a new instance of a module. */
const instanceOf = (module: WebAssembly.Module) => (imports: BoardImports) =>
  new WebAssembly.Instance(module, { board: { ...imports } }).exports as unknown as GuestExports;

export class Runtime implements ImportContext, HostLoop {
  readonly hal: Hal;
  readonly pins: number[] = PIN_NAMES.map(() => -1);
  guest: GuestExports | null = null;
  calls = 0;
  requested = false;
  inGuest = false;
  linkUp = false;
  radio = false;
  /** The current epoch. All zero unless the gate is LIVE. */
  readonly epoch = new Uint8Array(EPOCH_BYTES);

  readonly #gate: Gate;
  readonly #module: GuestModule | string;
  readonly #bootMs: number;
  readonly #attester: Attester;
  #rxBuffer = 0;
  #word = 0;
  #phase = 0;
  #sense = -1;
  #settled = false;
  #lastSample = 0;
  #nextTick = 0;
  #bootAt = 0;
  #bootReason: number = BOOT.POWER_ON;
  #down = true;
  #hungAt = Number.POSITIVE_INFINITY;
  #queue: QueuedEvent[] = [];
  #rxQueued = 0;
  #tx: { principal: number; channel: number; bytes: Uint8Array }[] = [];

  /**
   * `module`: a guest, or the reason why it is refused. `bootMs`: time from restart to the first
   * sample, in ms.
   */
  constructor(hal: Hal, gate: Gate, module: GuestModule | string, bootMs: number) {
    this.hal = hal;
    this.#attester = new Attester(hal);
    this.#gate = gate;
    this.#module = module;
    this.#bootMs = bootMs;
  }

  get word(): number {
    return this.#word;
  }

  get phase(): number {
    return this.#phase;
  }

  get running(): boolean {
    return !this.#down;
  }

  deadline(): number {
    if (this.#down) return this.#bootAt;
    const sample = this.#settled ? Number.POSITIVE_INFINITY : this.#lastSample + 1;
    const hung = this.#hungAt + WATCHDOG_MS;
    return Math.min(
      sample,
      hung,
      this.#hungAt === Number.POSITIVE_INFINITY ? this.#nextTick : hung,
    );
  }

  powerOn(reason: number): void {
    this.#discardVolatile();
    this.#bootReason = reason;
    this.#bootAt = this.hal.now();
  }

  powerOff(): void {
    this.#discardVolatile();
    this.#bootAt = Number.POSITIVE_INFINITY;
    this.pins.fill(-1);
  }

  button(pressed: boolean): void {
    this.#push(EVENT.BUTTON, this.hal.now(), pressed ? 1 : 0, null);
  }

  inputChanged(): void {
    this.#push(EVENT.INPUT, this.hal.now(), this.#inputs(), null);
  }

  linkChanged(up: boolean): void {
    if (this.#down || up === this.linkUp || (up && !this.radio)) return;
    this.linkUp = up;
    this.hal.trace("link", `state=${up ? "up" : "down"}`);
    this.#push(EVENT.LINK, this.hal.now(), up ? 1 : 0, null);
  }

  /** A message from the network. It is discarded unless the radio is on and the session is up. */
  received(bytes: Uint8Array): void {
    if (this.#down || !this.radio || !this.linkUp) return;
    if (bytes.length > MESSAGE_MAX)
      this.hal.trace("drop", `event=RX reason=SIZE len=${bytes.length}`);
    else if (this.#rxQueued >= RX_MAX) this.hal.trace("drop", "event=RX reason=FULL");
    else if (this.#push(EVENT.RX, this.hal.now(), bytes.length, bytes.slice())) this.#rxQueued++;
  }

  attest(nonce: Uint8Array): void {
    if (!this.#down) this.#attester.ask(nonce);
  }

  poll(): void {
    const now = this.hal.now();
    if (this.#down) {
      if (now < this.#bootAt) return;
      this.#start();
    } else this.#sample();
    if (this.#down) return;
    if (this.#hungAt !== Number.POSITIVE_INFINITY) {
      if (now >= this.#hungAt + WATCHDOG_MS) this.#restart(BOOT.WATCHDOG, 0);
      return;
    }
    if (now >= this.#nextTick) {
      this.#nextTick = now + TICK_MS;
      this.#push(EVENT.TICK, now, this.#inputs(), null);
    }
    while (this.#queue.length > 0 && !this.#down) this.#dispatch();
    this.#attester.work(this.epoch, this.guest === null ? "" : this.#module);
  }

  hung(): void {
    this.inGuest = false;
    this.guest = null;
    this.#hungAt = this.hal.now();
  }

  maySend(): boolean {
    return this.radio && this.linkUp && this.#gate.permits(this.#word) !== 0;
  }

  queueSend(principal: number, channel: number, bytes: Uint8Array): boolean {
    if (this.#tx.length >= TX_MAX) return false;
    this.#tx.push({ principal, channel, bytes });
    return true;
  }

  #push(kind: number, a: number, b: number, bytes: Uint8Array | null): boolean {
    if (this.#down) return false;
    if (this.#queue.length >= QUEUE_MAX) {
      this.hal.trace("drop", `event=${EVENT_NAMES[kind]} reason=FULL`);
      return false;
    }
    this.#queue.push({ kind, a, b, bytes });
    return true;
  }

  #inputs(): number {
    const rail = this.#sense & 4 ? INPUT_RAIL : 0;
    return this.hal.inputs() | this.#phase | rail | (this.linkUp ? INPUT_LINK : 0);
  }

  #sample(): void {
    const now = this.hal.now();
    const sense = this.hal.sense();
    if (sense !== this.#sense) {
      this.#sense = sense;
      this.hal.trace("sense", `no=${sense & 1} nc=${(sense >> 1) & 1} rail=${sense >> 2}`);
    }
    const elapsed = Math.min(ELAPSED_MAX, now - this.#lastSample);
    this.#lastSample = now;
    const before = this.#word;
    this.#word = this.#gate.step(before, sense | (elapsed << 8));
    // If another millisecond with the same inputs does not change the word, sampling can wait for
    // an input to change.
    this.#settled = this.#gate.step(this.#word, sense | (1 << 8)) === this.#word;
    if (this.#gate.permits(before) !== 0 && this.#gate.permits(this.#word) === 0) this.#cut();
    else this.#reportPhase();
  }

  #reportPhase(): void {
    const phase = this.#gate.phase(this.#word);
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.hal.trace("gate", `phase=${PHASE_NAMES[phase]}`);
    const now = this.hal.now();
    if (phase === PHASE.LIVE) {
      // An all-zero epoch is never used.
      do this.hal.random(this.epoch);
      while (this.epoch.every((byte) => byte === 0));
      const view = new DataView(this.epoch.buffer);
      this.hal.trace("epoch", `value=${Buffer.from(this.epoch).toString("hex")}`);
      this.#push(EVENT.EPOCH, view.getUint32(0, true) | 0, view.getUint32(4, true) | 0, null);
    }
    this.#push(EVENT.GATE, now, phase, null);
  }

  /** The gate left LIVE: turns the radio off first, then restarts. Waits for nothing. */
  #cut(): void {
    this.#radioOff();
    this.#phase = this.#gate.phase(this.#word);
    this.hal.trace("gate", `phase=${PHASE_NAMES[this.#phase]}`);
    this.#restart(BOOT.CUT, 0);
  }

  #restart(reason: number, delay: number): void {
    this.#radioOff();
    this.hal.trace("restart", `reason=${BOOT_NAMES[reason]}`);
    this.#discardVolatile();
    this.#bootReason = reason;
    this.#bootAt = this.hal.now() + this.#bootMs + delay;
  }

  /** Discards all volatile state. The pins keep their levels, as a board holds them. */
  #discardVolatile(): void {
    this.#radioOff();
    this.guest = null;
    this.requested = false;
    this.linkUp = false;
    this.epoch.fill(0);
    this.#queue = [];
    this.#rxQueued = 0;
    this.#tx = [];
    this.#attester.forget();
    this.#word = 0;
    this.#phase = PHASE.KILLED;
    this.#sense = -1;
    this.#hungAt = Number.POSITIVE_INFINITY;
    this.#down = true;
    this.inGuest = false;
  }

  #radioOff(): void {
    if (!this.radio) return;
    this.hal.radioPower(false);
    this.radio = false;
    this.linkUp = false;
    this.hal.trace("radio", "power=off");
  }

  #radioApply(): void {
    const wanted = this.requested && this.#gate.permits(this.#word) !== 0;
    if (wanted === this.radio) return;
    if (!wanted) {
      this.#radioOff();
      return;
    }
    this.radio = true;
    this.hal.radioPower(true);
    this.hal.trace("radio", "power=on");
  }

  #start(): void {
    const now = this.hal.now();
    this.#down = false;
    this.#lastSample = now;
    this.#nextTick = now;
    this.#bootAt = Number.POSITIVE_INFINITY;
    this.hal.trace("boot", `reason=${BOOT_NAMES[this.#bootReason]}`);
    // The gate runs before the guest is instantiated.
    this.#sample();
    if (typeof this.#module === "string") {
      this.hal.trace("guest", `state=refused reason=${this.#module}`);
      this.#nextTick = Number.POSITIVE_INFINITY;
      return;
    }
    const { module, instantiate = instanceOf(module) } = this.#module;
    this.#callGuest("init", () => {
      const guest = instantiate(makeImports(this));
      this.guest = guest;
      this.#checkGuest(guest);
      guest.init(this.#bootReason);
    });
  }

  /** Checks the values that the guest's functions return. Throws a GuestTrap if one is bad. */
  #checkGuest(guest: GuestExports): void {
    const size = guest.memory.buffer.byteLength;
    const fits = (ptr: number, len: number) => (ptr >>> 0) + (len >>> 0) <= size;
    const stateLen = guest.state_len() >>> 0;
    // Read only once, so that the guest cannot move the buffer out of range later.
    this.#rxBuffer = guest.rx_buffer() >>> 0;
    const good =
      guest.abi_version() === ABI_VERSION &&
      stateLen <= STATE_MAX &&
      fits(guest.state_ptr(), stateLen) &&
      fits(this.#rxBuffer, MESSAGE_MAX);
    if (!good) throw new GuestTrap("abi");
  }

  #dispatch(): void {
    const event = this.#queue.shift();
    const { guest } = this;
    if (event === undefined) return;
    const { kind, a, b, bytes } = event;
    if (bytes !== null) this.#rxQueued--;
    if (guest === null) return;
    if (bytes !== null) {
      if (this.hal.tracing) this.hal.trace("rx", `len=${bytes.length} crc=${crc32(bytes)}`);
      new Uint8Array(guest.memory.buffer).set(bytes, this.#rxBuffer);
    }
    // A message is dated when the guest gets it: its deadline holds for the execution.
    const date = bytes === null ? a : this.hal.now();
    if (!this.#callGuest(EVENT_NAMES[kind] ?? "", () => guest.on_event(kind, date, b))) return;
    this.#radioApply();
    this.#sendQueued();
  }

  /** Calls the guest. Returns whether it returned. A trap restarts; in init, it releases the relay. */
  #callGuest(during: string, call: () => void): boolean {
    this.calls = 0;
    this.inGuest = true;
    try {
      call();
      this.inGuest = false;
      return true;
    } catch (error) {
      this.inGuest = false;
      if (!isTrap(error)) throw error;
      this.hal.trace("trap", `during=${during}`);
      if (during === "init") {
        this.pins[PIN.RELAY] = 0;
        this.hal.gpioWrite(PIN.RELAY, 0);
      }
      this.#restart(BOOT.TRAP, TRAP_DELAY_MS);
      return false;
    }
  }

  #sendQueued(): void {
    for (const { principal, channel, bytes } of this.#tx) {
      if (!this.maySend()) break;
      if (this.hal.tracing) {
        const to = `channel=${CHANNEL_NAMES[channel]} to=${PRINCIPAL_NAMES[principal]}`;
        this.hal.trace("tx", `${to} len=${bytes.length} crc=${crc32(bytes)}`);
      }
      this.hal.linkSend(principal, channel, bytes);
    }
    this.#tx = [];
  }
}

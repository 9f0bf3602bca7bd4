/**
 * Inputs beyond the model that may show a difference between a mutant and the device: messages damaged at
 * every byte of envelope and payload; storage damaged at every bit, and where the journal's ring begins
 * again; long runs in which nothing is abstracted. The trials are the same every time.
 */
import {
  BOOT,
  BOOT_NAMES,
  EVENT,
  INPUT_TEMPERATURE_SHIFT,
  JOURNAL_SLOT_BYTES,
  PHASE,
  PRINCIPAL,
  REGION,
  RING,
  RING_SLOTS,
} from "../../abi/abi.gen.ts";
import { STATE_BYTES } from "../../abi/state.gen.ts";
import { Prng } from "../../base/prng.ts";
import { NO_STATE, OFFSET } from "../device/abstraction.ts";
import { BLANK, type BootStorage, everyStorage, writeStorage } from "../device/boot-storage.ts";
import { eventList, fire, type ModelEvent } from "../device/events.ts";
import {
  type Message,
  makeMessage,
  OPERATIONS,
  payloadOf,
  sealCommand,
  sealRaw,
} from "../device/messages.ts";
import { EPOCHS } from "../device/model-values.ts";
import { BLOCK_BYTES, HASH_BYTES, putBlock, putRecord, slotOf } from "../device/storage-format.ts";
import { EffectDigest } from "./effect-digest.ts";

export interface Trial {
  name: string;
  run(guest: EffectDigest): void;
}

const EVENTS = eventList();

function eventOf(name: string): ModelEvent {
  const found = EVENTS.find((event) => event.name === name);
  if (found === undefined) throw new Error(`the model has no event "${name}"`);
  return found;
}

function received(message: Message): ModelEvent {
  return { ...eventOf("press"), kind: EVENT.RX, b: message.bytes.length, message };
}

function erase(regions: readonly Uint8Array[]): void {
  for (const region of regions) region.fill(0xff);
}

/** Boots from the storage in `regions`. Leaves the state after it in `state`. */
function boot(guest: EffectDigest, reason: number, state: Uint8Array): void {
  guest.startFrom(NO_STATE);
  guest.begin();
  guest.failWrites = 0;
  guest.attempt(() => guest.exports.init(reason));
  keep(guest, state);
}

function keep(guest: EffectDigest, state: Uint8Array): void {
  guest.applyWrites();
  state.set(guest.memory.subarray(guest.statePtr, guest.statePtr + STATE_BYTES));
  guest.addState();
}

/** Fires an event from `state`, and leaves the state after it there. */
function fireFrom(guest: EffectDigest, event: ModelEvent, state: Uint8Array): void {
  guest.startFrom(state);
  guest.attempt(() => fire(guest, event));
  keep(guest, state);
}

/** Situations in which messages are tried, with the events that lead to each from a boot. */
const SITUATIONS: Readonly<Record<string, readonly string[]>> = {
  killed: ["tick"],
  live: ["tick", "gate LIVE", "link up"],
  held: ["tick", "press", "gate LIVE", "link up"],
};

const FLIPS = [1, 2, 4, 8, 16, 32, 64, 128] as const;
/** First bytes of CBOR items of different types and sizes. */
const HEADS = [
  0x00, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x20, 0x3b, 0x40, 0x48, 0x58, 0x5b, 0x80, 0x84, 0x9b, 0x9f,
  0xa0, 0xa3, 0xbb, 0xbf, 0xf4, 0xf6, 0xff,
] as const;

/** Variants of `bytes` with one change: a bit or a byte, a shorter or longer end, a byte twice. */
function* damaged(bytes: Uint8Array): Generator<[string, Uint8Array]> {
  for (let at = 0; at < bytes.length; at++) {
    const was = bytes[at] ?? 0;
    for (const by of [...FLIPS.map((bit) => was ^ bit), ...HEADS]) {
      const other = bytes.slice();
      other[at] = by;
      yield [`byte ${at} is ${by}`, other];
    }
    yield [`ends at ${at}`, bytes.slice(0, at)];
    yield [`byte ${at} twice`, Uint8Array.of(...bytes.subarray(0, at + 1), ...bytes.subarray(at))];
  }
  yield ["a byte more", Uint8Array.of(...bytes, 0)];
}

/** The session clock where these messages are tried: no time has passed. */
const START_CLOCK = 0;

/** The session clock in a state region, in ms. */
function clockIn(state: Uint8Array): number {
  return Number(new DataView(state.buffer, state.byteOffset).getBigUint64(OFFSET.CLOCK, true));
}

function messages(): Message[] {
  const out: Message[] = [];
  const given = [
    ...OPERATIONS,
    ...[0, 23, 24, 255, 256, 65_535].map(
      (value) => [OPERATIONS[8]?.[0] ?? 0, new Map([[3, value]])] as const,
    ),
  ];
  for (const [op, args] of given) {
    const spec = { principal: PRINCIPAL.OWNER, op, args, epoch: "current", seq: "next" } as const;
    const correct = makeMessage(spec, START_CLOCK);
    out.push(correct);
    for (const [what, raw] of damaged(payloadOf(spec, START_CLOCK)))
      out.push({
        ...correct,
        ...sealRaw(spec.principal, raw),
        name: `${correct.name}: payload: ${what}`,
      });
  }
  const [[op, args] = [0, new Map<number, number>()]] = OPERATIONS;
  for (const principal of [PRINCIPAL.OWNER, PRINCIPAL.PROVIDER]) {
    const correct = makeMessage(
      { principal, op, args, epoch: "current", seq: "next" },
      START_CLOCK,
    );
    for (const [what, bytes] of damaged(correct.bytes))
      out.push({ ...correct, bytes, name: `${correct.name}: ${what}` });
  }
  for (const seq of [1, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1]) {
    const sealed = sealCommand({ principal: 0, op, args }, EPOCHS.current, seq, START_CLOCK);
    out.push({
      ...makeMessage({ principal: 0, op, args, epoch: "current", seq: "next" }),
      ...sealed,
      name: `seq ${seq}`,
    });
  }
  return out;
}

function messageTrials(device: Uint8Array<ArrayBuffer>): Trial[] {
  const found = messages();
  return Object.entries(SITUATIONS).flatMap(([place, path]) => {
    const start = stateAt(new EffectDigest(device), path);
    // A killed guest ignores what a message says: some of them are enough.
    const tried = found.filter((_, index) => place === "live" || index % 16 === 0);
    return tried.map((message) => ({
      name: `${place}: ${message.name}`,
      run: (guest: EffectDigest) => {
        const state = start.slice();
        erase(guest.regions);
        fireFrom(guest, received(message), state);
        fireFrom(guest, eventOf("tick"), state);
      },
    }));
  });
}

/** The state of a guest after a boot from empty storage and the events of `path`. */
function stateAt(guest: EffectDigest, path: readonly string[]): Uint8Array {
  const state = new Uint8Array(STATE_BYTES);
  erase(guest.regions);
  boot(guest, BOOT.POWER_ON, state);
  for (const name of path) fireFrom(guest, eventOf(name), state);
  return state;
}

/** Events after a boot that show what it found. */
const AFTER = ["tick", "gate LIVE", "link up", "press", "tick"] as const;

function bootTrial(
  name: string,
  reason: number,
  prepare: (regions: readonly Uint8Array[]) => void,
): Trial {
  const journalRead = makeMessage({
    principal: 0,
    op: OPERATIONS[9]?.[0] ?? 0,
    args: OPERATIONS[9]?.[1] ?? new Map(),
    epoch: "current",
    seq: "next",
  });
  return {
    name,
    run: (guest) => {
      const state = new Uint8Array(STATE_BYTES);
      erase(guest.regions);
      prepare(guest.regions);
      boot(guest, reason, state);
      for (const step of AFTER) fireFrom(guest, eventOf(step), state);
      fireFrom(guest, received(journalRead), state);
    },
  };
}

function flip(region: Uint8Array | undefined, bit: number): void {
  if (region !== undefined) region[bit >> 3] = (region[bit >> 3] ?? 0) ^ (1 << (bit & 7));
}

/** Generations of the two copies of a block, also where the number wraps. */
const GENERATIONS = [
  [1, 2],
  [2, 1],
  [0, 0xffff_ffff],
  [0xffff_ffff, 0],
  [3, 3],
] as const;

function* storages(): Generator<[string, (regions: readonly Uint8Array[]) => void]> {
  const whole: BootStorage = { ...BLANK, good: true, relay: 1, hold: 1, head: 3, config: 4 };
  for (const found of everyStorage())
    yield [JSON.stringify(found), (regions) => writeStorage(found, regions)];
  for (const region of [REGION.RETAINED, REGION.CONFIG])
    for (const [a, b] of GENERATIONS)
      for (let bit = -1; bit < 2 * BLOCK_BYTES * 8; bit += 1)
        if (bit < 0 || a === 1)
          yield [
            `region ${region}, generations ${a} and ${b}, bit ${bit} flipped`,
            (regions) => {
              writeStorage(whole, regions);
              const blocks = regions[region] ?? new Uint8Array(0);
              putBlock(blocks, a, [1, 3, 60, 0, 0]);
              putBlock(blocks, b, [0, 3, 0, 0, 0]);
              if (bit >= 0) flip(blocks, bit);
            },
          ];
  for (const head of RECORDS) {
    const chain = chainOf(head);
    for (let byte = -1; byte < JOURNAL_SLOT_BYTES; byte++)
      yield [
        `${head} records, byte ${byte} of the last damaged`,
        (regions) => {
          writeStorage(BLANK, regions);
          const ring = regions[REGION.JOURNAL] ?? new Uint8Array(0);
          ring.set(chain);
          if (byte >= 0) flip(slotOf(ring, RING.LOCAL, head - 1), byte * 8);
        },
      ];
  }
}

/** Lengths of journals: short ones, and those where the ring begins again. */
const RECORDS = [1, RING_SLOTS - 1, RING_SLOTS, RING_SLOTS + 1, 2 * RING_SLOTS + 3];

/** A ring to which this many records were written. */
function chainOf(records: number): Uint8Array {
  const ring = new Uint8Array(RING_SLOTS * JOURNAL_SLOT_BYTES).fill(0xff);
  let hash: Uint8Array = new Uint8Array(HASH_BYTES);
  for (let seq = 0; seq < records; seq++)
    hash = Uint8Array.from(putRecord(ring, RING.LOCAL, seq, hash));
  return ring;
}

function bootTrials(): Trial[] {
  return [...storages()].map(([name, prepare], index) => {
    const reason = index % BOOT_NAMES.length;
    return bootTrial(`boot ${BOOT_NAMES[reason]}: ${name}`, reason, prepare);
  });
}

const RUNS = 40;
const STEPS = 300;
const STEPS_MS = [
  0, 1, 20, 29, 30, 31, 250, 999, 1000, 4999, 5000, 5001, 60_000, 0x8000_0000,
] as const;

/** A run in which nothing is abstracted: real epochs, numbers and times; storage that sometimes fails. */
function runTrial(seed: number): Trial {
  return {
    name: `random run ${seed}`,
    run: (guest) => {
      const prng = new Prng(seed);
      const state = new Uint8Array(STATE_BYTES);
      for (const region of guest.regions) region.fill(seed % 2 === 0 ? 0xff : 0);
      let now = seed % 3 === 0 ? 0xffff_0000 : 0;
      const epoch = new Uint8Array(8);
      const view = new DataView(epoch.buffer);
      boot(guest, prng.below(BOOT_NAMES.length), state);
      for (let step = 0; step < STEPS; step++) {
        if (prng.below(60) === 0) {
          boot(guest, prng.below(BOOT_NAMES.length), state);
          continue;
        }
        const event = EVENTS[prng.below(EVENTS.length)];
        if (event === undefined) continue;
        now = (now + (STEPS_MS[prng.below(STEPS_MS.length)] ?? 0)) >>> 0;
        guest.startFrom(state);
        guest.begin();
        guest.failWrites = prng.below(10) === 0 ? prng.below(8) : 0;
        guest.netAccepts = event.netAccepts;
        let { b } = event;
        if (event.kind === EVENT.TICK) b = (prng.below(2000) - 1000) << INPUT_TEMPERATURE_SHIFT;
        if (event.kind === EVENT.GATE && event.b === PHASE.LIVE) prng.fill(epoch);
        const [low, high] = [view.getInt32(0, true), view.getInt32(4, true)];
        if (event.message !== null) {
          const { message } = event;
          const last = new DataView(state.buffer).getUint32(
            OFFSET.LAST_SEQ + 4 * message.principal,
            true,
          );
          const seq = message.seq === "next" ? (last + 1 + prng.below(300)) >>> 0 : last;
          const fresh = message.epoch === "current" ? epoch : EPOCHS[message.epoch];
          const sent =
            message.broken === undefined && !message.question
              ? sealCommand(message, fresh.slice(), seq, clockIn(state))
              : message;
          guest.deliver(sent.bytes, sent.signed);
          b = sent.bytes.length;
        } else guest.setSigned(null);
        guest.attempt(() => {
          if (event.epoch) guest.exports.on_event(EVENT.EPOCH, low, high);
          guest.exports.on_event(event.kind, now | 0, b);
        });
        keep(guest, state);
      }
    },
  };
}

/** Every trial. `device` is run to reach the situations in which some begin. */
export function everyTrial(device: Uint8Array<ArrayBuffer>): Trial[] {
  const runs = Array.from({ length: RUNS }, (_, seed) => runTrial(seed));
  return [...messageTrials(device), ...bootTrials(), ...runs];
}

/**
 * A simulated device for a person: board, firmware, keys, storage, network and clock put together.
 * Must not know the terminal.
 */
import { createSecretKey, randomBytes, randomInt } from "node:crypto";
import { PRINCIPAL_KIDS } from "../abi.gen.ts";
import { type BoardData, loadBoard } from "../board-data.ts";
import { initKeys, type Keys, listDevices, loadKeys } from "../controller/keys.ts";
import { firmwarePath, readModule } from "../firmware.ts";
import type { Link } from "../link.ts";
import { type Broker, startBroker } from "../mqtt/broker.ts";
import { MqttLink } from "../mqtt/link.ts";
import { type BrokerAddress, parseBroker } from "../mqtt/session.ts";
import { buildBoard, type Engine } from "../native/build.ts";
import { NativeLoop } from "../native/native-loop.ts";
import { NATIVE_TIMEOUT_MS } from "../native/target.ts";
import { Prng } from "../prng.ts";
import { firmwareWith, guestBytes } from "../scenario/guest.ts";
import { ENTROPY_STREAM, Simulator, type TraceSink } from "../simulator.ts";
import type { VirtualBoard } from "../virtual-board.ts";
import { VirtualBroker } from "../virtual-broker.ts";
import { openStorage } from "./storage.ts";

export interface SessionOptions {
  device: string;
  board: string;
  keys: string;
  seed?: number;
  storage?: string;
  guest?: string;
  /** The board's native host with this engine, in place of the simulator's own. */
  native?: Engine;
  trace: TraceSink;
}

export interface NetworkOptions {
  /** A broker elsewhere; by default one is started here. */
  broker?: string;
  port: number;
  wake: () => void;
  trouble: (message: string) => void;
}

/** A broker to talk to, and the end of the one that was started for it. */
export interface Network {
  link: Link;
  address: BrokerAddress;
  close(): Promise<void>;
}

/** Wall time a guest may take for one event before it counts as hung, in ms. */
const GUEST_TIMEOUT_MS = 100;

/** Opens the network of a device. Throws a UserError for a bad URL or a port in use. */
export async function openNetwork(
  device: string,
  seed: number,
  options: NetworkOptions,
): Promise<Network> {
  const own: Broker | null = options.broker === undefined ? await startBroker(options.port) : null;
  const address = parseBroker(options.broker ?? own?.url ?? "");
  const { wake, trouble } = options;
  const link = new MqttLink({ address, device, prng: new Prng(seed), wake, trouble });
  return { link, address, close: async () => own?.close() };
}

/** The network of virtual time: nobody but scenarios sends through it. */
export function virtualNetwork(): Link {
  return new VirtualBroker(() => {});
}

export function seedOf(seed: number | undefined): number {
  return seed ?? randomInt(2 ** 32);
}

/** A running device. Keys are made on first use. */
export interface DeviceSession {
  simulator: Simulator;
  close(): void;
}

export async function openDevice(
  options: SessionOptions,
  link: Link,
  seed: number,
): Promise<DeviceSession> {
  const { device } = options;
  const keys = !listDevices(options.keys).includes(device)
    ? initKeys(options.keys, device, (length) => new Uint8Array(randomBytes(length)))
    : loadKeys(options.keys, device);
  const storage = options.storage === undefined ? null : openStorage(options.storage);
  const board = loadBoard(options.board);
  const native = options.native === undefined ? null : await openNative(options, board, keys, seed);
  const simulator = new Simulator({
    board,
    firmware: await firmwareWith(options.guest),
    link,
    seed,
    keys: PRINCIPAL_KIDS.map((kid) => {
      const key = keys.get(kid);
      return key === undefined ? null : createSecretKey(key);
    }),
    position: "on",
    trace: options.trace,
    guestTimeoutMs: native === null ? GUEST_TIMEOUT_MS : NATIVE_TIMEOUT_MS,
    ...(native === null ? {} : { makeLoop: native.makeLoop }),
    ...(storage === null ? {} : { fill: storage.load, stored: storage.stored }),
  });
  const close = () => {
    native?.close();
    storage?.close();
  };
  return { simulator, close };
}

/** The board's own host loop, on the virtual board's wires. */
async function openNative(
  options: SessionOptions,
  { name: board, bootMs }: BoardData,
  keys: Keys,
  seed: number,
) {
  const { native: engine } = options;
  const bytes = options.guest === undefined ? undefined : await guestBytes(options.guest);
  const guest = bytes ?? readModule(firmwarePath("device"));
  const image = buildBoard({ board, guest, ...(engine === undefined ? {} : { engine }) });
  let loop: NativeLoop | null = null;
  const makeLoop = (pins: VirtualBoard) => {
    loop = new NativeLoop(pins, {
      image,
      guest,
      keys: PRINCIPAL_KIDS.map((kid) => keys.get(kid) ?? null),
      seed: seed ^ ENTROPY_STREAM,
      bootMs,
    });
    return loop;
  };
  return { makeLoop, close: () => loop?.close() };
}

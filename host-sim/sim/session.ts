/**
 * A simulated device for a person: board, firmware, keys, storage, network and clock put together.
 * Must not know the terminal.
 */
import { createSecretKey, randomBytes, randomInt } from "node:crypto";
import { PRINCIPAL_KIDS } from "../abi.gen.ts";
import { loadBoard } from "../board-data.ts";
import { initKeys, listDevices, loadKeys } from "../controller/keys.ts";
import { loadFirmware } from "../firmware.ts";
import type { Link } from "../link.ts";
import { type Broker, startBroker } from "../mqtt/broker.ts";
import { MqttLink } from "../mqtt/link.ts";
import { type BrokerAddress, parseBroker } from "../mqtt/session.ts";
import { Prng } from "../prng.ts";
import { Simulator, type TraceSink } from "../simulator.ts";
import { VirtualBroker } from "../virtual-broker.ts";
import { openStorage, type StorageFiles } from "./storage.ts";

export interface SessionOptions {
  device: string;
  board: string;
  keys: string;
  seed?: number;
  storage?: string;
  guest?: string;
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
  storage: StorageFiles | null;
  /** Whether this call made the keys. */
  madeKeys: boolean;
}

export function openDevice(options: SessionOptions, link: Link, seed: number): DeviceSession {
  const { device } = options;
  const madeKeys = !listDevices(options.keys).includes(device);
  const keys = madeKeys
    ? initKeys(options.keys, device, (length) => new Uint8Array(randomBytes(length)))
    : loadKeys(options.keys, device);
  const storage = options.storage === undefined ? null : openStorage(options.storage);
  const simulator = new Simulator({
    board: loadBoard(options.board),
    firmware: loadFirmware(options.guest),
    link,
    seed,
    keys: PRINCIPAL_KIDS.map((kid) => {
      const key = keys.get(kid);
      return key === undefined ? null : createSecretKey(key);
    }),
    position: "on",
    trace: options.trace,
    guestTimeoutMs: GUEST_TIMEOUT_MS,
    ...(storage === null ? {} : { stored: storage.stored }),
  });
  storage?.load(simulator.board.storage);
  return { simulator, storage, madeKeys };
}

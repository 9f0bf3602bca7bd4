/**
 * Sets up a simulated device for interactive use: board, firmware, keys, storage and network.
 */
import { randomBytes } from "node:crypto";
import { PRINCIPAL_KIDS } from "../../abi/abi.gen.ts";
import { type BoardData, loadBoard } from "../../base/board-data.ts";
import { Prng } from "../../base/prng.ts";
import { buildBoard, type Engine } from "../../build/native-image.ts";
import { initKeys, type Keys, listDevices, loadKeys } from "../../controller/keys.ts";
import { type Broker, startBroker } from "../../mqtt/broker.ts";
import { MqttLink } from "../../mqtt/link.ts";
import { type BrokerAddress, parseBroker } from "../../mqtt/session.ts";
import { firmwareWith, guestBytes } from "../../scenario/guest.ts";
import { ATTEST, blockLines } from "../../serial/commands.ts";
import { firmwarePath, readModule } from "../../sim/firmware.ts";
import type { Link } from "../../sim/link.ts";
import { ENTROPY_STREAM, Simulator, type TraceSink } from "../../sim/simulator.ts";
import type { VirtualBoard } from "../../sim/virtual-board.ts";
import { VirtualBroker } from "../../sim/virtual-broker.ts";
import { NativeLoop } from "../../targets/native/native-loop.ts";
import { NATIVE_TIMEOUT_MS } from "../../targets/native/native-target.ts";
import { openStorage } from "./storage.ts";

export interface SessionOptions {
  device: string;
  board: string;
  /** Key folder. */
  keys: string;
  storage?: string;
  guest?: string;
  /** Run the board's C host with this engine instead of the simulator's host loop. */
  native?: Engine;
  trace: TraceSink;
  /** Takes a line that the board's console says. */
  console: (line: string) => void;
}

export interface NetworkOptions {
  /** URL of a broker. Default: a broker is started in this process. */
  broker?: string;
  /** TCP port of the broker that is started. */
  port: number;
  /** Called when the link has something to deliver. */
  wake: () => void;
  /** Called with a message when the broker cannot be reached. */
  trouble: (message: string) => void;
}

/** The console's answer if no attestation can be made. */
const REFUSAL = "error the device makes no attestation: ask once at a time, and check its storage";

/** The network of a device. */
export interface Network {
  link: Link;
  address: BrokerAddress;
  /** Stops the broker if it was started here. */
  close(): Promise<void>;
}

/**
 * Wall time that a guest may take in one burst of polls before it counts as hung, in ms. On a loaded
 * machine this process may stand still for some 100 ms by itself.
 */
const GUEST_TIMEOUT_MS = 1000;

/** Opens the network of a device. Throws a UserError for a bad URL or if the port is in use. */
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

/** The network in virtual time. Messages from the device are discarded. */
export function virtualNetwork(): Link {
  return new VirtualBroker(() => {});
}

/** A running device. */
export interface DeviceSession {
  simulator: Simulator;
  close(): void;
}

/** Starts a device. Creates its keys if it has none. Throws a UserError for bad files. */
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
    secrets: PRINCIPAL_KIDS.map((kid) => keys.get(kid) ?? null),
    position: "on",
    trace: options.trace,
    device,
    attested: (bytes) => {
      const lines = bytes === null ? [REFUSAL] : blockLines(ATTEST, bytes);
      for (const line of lines) options.console(`= ${line}`);
    },
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

/** Builds the board's C host. Returns a function that connects it to the virtual board's wires. */
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

/** The speed of a gateway: messages that it verifies, memory a device, latency of a command. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Level } from "../../host-sim/abi/topics.ts";
import { deriveKeys } from "../../host-sim/base/derived-keys.ts";
import { replyTagOf } from "../../host-sim/controller/command.ts";
import { encodeCbor, encodeMac0 } from "../../host-sim/controller/cose.ts";
import { loadSecrets } from "../../host-sim/gateway/config.ts";
import { Device, type DevicePorts } from "../../host-sim/gateway/device.ts";
import { addHttp, makeGateway, postRelay, startSim } from "../gateway/fixture.ts";
import { freePort, rewind, undo, until } from "../mqtt/fixture.ts";
import { type Figure, median, printFigures } from "./table.ts";

const DEVICES = 1_000;
/** Reports of each device in a round. The first round warms up the compiler and is not counted. */
const REPORTS = 20;
const ROUNDS = 5;
const COMMANDS = 300;
const FLEET = 10_000;
const EPOCH = Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2);

function portsWith(publish: DevicePorts["publish"], verified: () => void): DevicePorts {
  return {
    ...{ now: () => performance.now(), setTimer: () => () => {}, random: randomBytes, publish },
    ...{ timeoutMs: 2_000, deadlineMs: 2_000, intervalMs: 3_600_000 },
    count: (fate) => {
      if (fate === "verified") verified();
    },
    changed: () => {},
    happened: () => {},
  };
}

/** A device that confirms every report at once: the answer to each question is signed as the device would. */
class Loopback {
  readonly device: Device;
  readonly #reply: Uint8Array;
  #question: Uint8Array | null = null;
  #counter = 0;

  constructor(index: number, verified: () => void) {
    const keys = deriveKeys("provider", new Uint8Array(32).fill(1 + (index % 250)));
    this.#reply = keys.reply;
    const publish = (_: string, bytes: Uint8Array) => {
      this.#question = bytes;
      return true;
    };
    this.device = new Device(`device-${index}`, keys, portsWith(publish, verified));
    this.device.linkChanged(true);
    this.device.heard("availability", Buffer.from("online"));
  }

  /** The next telemetry message. */
  report(): Uint8Array {
    return encodeMac0(this.#reply, "provider", encodeCbor([2, EPOCH, ++this.#counter, 1_000, 215]));
  }

  /** The answer to the open question. Throws if there is none. */
  answer(): Uint8Array {
    const question = this.#question;
    if (question === null) throw new Error("the gateway asked nothing");
    this.#question = null;
    const data = new Map([
      [1, 0],
      [2, this.#counter],
    ]);
    const payload = [0, replyTagOf(question), EPOCH, 1_000, 0, data];
    return encodeMac0(this.#reply, "provider", encodeCbor(payload));
  }
}

/** CPU time in s of a piece of work. */
function cpuOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/**
 * Messages from devices that the gateway takes in a second of CPU time, without MQTT: half of them telemetry,
 * half answers to the questions that confirm it. Making and signing the questions is in the time.
 */
function verifiedRate(): number {
  let reports = 0;
  const fleet = Array.from({ length: DEVICES }, (_, index) => new Loopback(index, () => reports++));
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    let cpu = 0;
    const deliver = (level: Level, messages: readonly Uint8Array[]) => {
      cpu += cpuOf(() => {
        for (const [index, { device }] of fleet.entries())
          device.heard(level, messages[index] ?? EPOCH);
      });
    };
    for (let at = 0; at < REPORTS; at++) {
      deliver(
        "telemetry",
        fleet.map((one) => one.report()),
      );
      deliver(
        "reply",
        fleet.map((one) => one.answer()),
      );
    }
    if (round > 0) rates.push((2 * DEVICES * REPORTS) / cpu);
  }
  if (reports !== DEVICES * REPORTS * ROUNDS)
    throw new Error(`only ${reports} reports were verified`);
  return median(rates);
}

/** Heap that a device takes in the gateway after its first report, in bytes. */
function memoryOfDevice(): number {
  setFlagsFromString("--expose_gc");
  const collect = runInNewContext("gc") as () => void;
  const ports = portsWith(
    () => true,
    () => {},
  );
  collect();
  const before = process.memoryUsage().heapUsed;
  const devices = Array.from({ length: FLEET }, (_, index) => {
    const device = new Device(`device-${index}`, deriveKeys("provider", randomBytes(32)), ports);
    device.linkChanged(true);
    device.known.learn(randomBytes(8), { relay: true, refused: 0, temperature: 21.5 }, 0, 1);
    return device;
  });
  collect();
  const bytes = (process.memoryUsage().heapUsed - before) / FLEET;
  if (devices.some(({ known }) => known.epoch === null)) throw new Error("a device knows nothing");
  return Math.round(bytes);
}

/** The median time of a command, from HTTP to the simulated device's verified reply and back, in ms. */
async function commandLatency(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "killswitch-bench-"));
  undo.push(() => rmSync(folder, { recursive: true }));
  const port = await freePort();
  await startSim(folder, port);
  const secrets = loadSecrets(join(folder, ".killswitch", "keys"), undefined, () => {});
  const { gateway } = makeGateway(`mqtt://127.0.0.1:${port}`, { secrets, timeoutMs: 2_000 });
  const url = await addHttp(gateway);
  await gateway.start();
  await until("the device", () => gateway.devices.get("demo")?.verified);
  const times: number[] = [];
  for (let at = 0; at < COMMANDS; at++) {
    const began = performance.now();
    const { status } = await postRelay(url, `{"relay":${at % 2 === 0}}`);
    if (status !== 200) throw new Error(`a command was answered with ${status}`);
    times.push(performance.now() - began);
  }
  return median(times);
}

export async function benchGateway(): Promise<void> {
  const latency = await commandLatency().finally(rewind);
  const figures: Figure[] = [
    {
      what: "verified messages a second of CPU, without MQTT, median",
      value: Math.round(verifiedRate()),
      atLeast: 20_000,
      unit: "/s",
    },
    { what: "heap a device", value: memoryOfDevice(), atMost: 5 * 1_024, unit: "bytes" },
    { what: `a command by HTTP, median of ${COMMANDS}`, value: latency, atMost: 10, unit: "ms" },
  ];
  printFigures(figures);
}

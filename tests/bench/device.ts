/** The sizes of the modules, the cost of a command, and the speed of virtual time. */
import { readFileSync } from "node:fs";
import { CHANNEL, CODE, OP, PRINCIPAL } from "../../host-sim/abi/abi.gen.ts";
import { defaultBoard, loadBoard } from "../../host-sim/base/board-data.ts";
import { deriveKeys } from "../../host-sim/base/derived-keys.ts";
import { runBounded } from "../../host-sim/base/guard.ts";
import { decodeReply, decodeStatus, encodeCommand } from "../../host-sim/controller/command.ts";
import { firmwarePath, loadFirmware } from "../../host-sim/sim/firmware.ts";
import { Simulator } from "../../host-sim/sim/simulator.ts";
import { VirtualBroker } from "../../host-sim/sim/virtual-broker.ts";
import { type Figure, median, printFigures } from "./table.ts";

const DAY_S = 86_400;
const FLICKS_PER_HOUR = 10;
/** How long the switch stays at KILL in each flick, in s. */
const KILLED_S = 2;
/** One command in this many sets the relay. The others read it. */
const SET_EVERY = 10;
const ROUNDS = 3;
/** The longest time of a whole round, in ms. guard.ts says why there is no bound for each step. */
const BOUND_MS = 60_000;

const SECRETS = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
const OWNER_KEYS = deriveKeys("owner", SECRETS[PRINCIPAL.OWNER] ?? new Uint8Array());
/** A command's deadline lies this far ahead of the device's clock, in ms. */
const DEADLINE_MS = 5_000;

/** A board and a controller that takes the epoch from the device's messages. */
class Bench {
  readonly simulator: Simulator;
  readonly #broker: VirtualBroker;
  #epoch = new Uint8Array(8);
  /** When the device's session clock was 0, in ms. */
  #liveAt = 0;
  #seq = 0;
  #level = false;
  /** The next status message has a new epoch. */
  #asking = true;
  done = 0;

  constructor() {
    this.#broker = new VirtualBroker((at, to, channel, bytes) => {
      if (to === PRINCIPAL.OWNER) this.#heard(at, channel, bytes);
    });
    this.simulator = new Simulator({
      board: loadBoard(defaultBoard()),
      firmware: loadFirmware(),
      link: this.#broker,
      seed: 1,
      secrets: SECRETS,
      position: "on",
      trace: null,
    });
  }

  #heard(at: number, channel: number, bytes: Uint8Array): void {
    if (channel === CHANNEL.STATUS && this.#asking) {
      const status = decodeStatus(bytes, OWNER_KEYS.reply, "owner");
      this.#epoch = new Uint8Array(status.epoch);
      this.#liveAt = at - status.clock;
      this.#seq = 0;
      this.#asking = false;
    } else if (channel === CHANNEL.REPLY) {
      if (decodeReply(bytes, OWNER_KEYS.reply, "owner").code === CODE.OK) this.done++;
    }
  }

  next(): Uint8Array {
    this.#seq++;
    const set = this.#seq % SET_EVERY === 0;
    if (set) this.#level = !this.#level;
    const args = new Map(set ? [[1, this.#level]] : []);
    const { OWNER } = PRINCIPAL;
    const key = OWNER_KEYS.command;
    const deadline = Math.max(0, this.simulator.now - this.#liveAt) + DEADLINE_MS;
    const command = { key, principal: OWNER, epoch: this.#epoch, seq: this.#seq, deadline };
    return encodeCommand({ ...command, op: set ? OP.RELAY_SET : OP.RELAY_GET, args });
  }

  flick(position: "on" | "kill"): void {
    this.simulator.board.flick(position);
    this.#asking = true;
  }

  send(): void {
    this.#broker.publish(this.next(), "direct", this.simulator.now);
  }
}

/** A day with a command a second and ten flicks an hour. Returns [CPU time in s, commands executed]. */
function day(): [number, number] {
  const bench = new Bench();
  const { simulator } = bench;
  const gap = 3600 / FLICKS_PER_HOUR;
  const live = () => {
    for (let second = 1; second <= DAY_S; second++) {
      simulator.advance(second * 1000);
      if (second % gap === 0) bench.flick("kill");
      if (second % gap === KILLED_S) bench.flick("on");
      bench.send();
    }
  };
  const start = process.cpuUsage();
  if (!runBounded(live, BOUND_MS))
    throw new Error(`the simulated day took more than ${BOUND_MS} ms`);
  const { user, system } = process.cpuUsage(start);
  return [(user + system) / 1e6, bench.done];
}

/** The median time from the arrival of a command to its reply, in V8, in microseconds. */
function commandCost(): number {
  const bench = new Bench();
  const { simulator } = bench;
  simulator.advance(1000);
  const costs: number[] = [];
  for (let round = 0; round < 20_000; round++) {
    const message = bench.next();
    simulator.loop.received(message);
    const start = performance.now();
    simulator.loop.poll();
    costs.push((performance.now() - start) * 1000);
  }
  if (bench.done !== 20_000) throw new Error(`only ${bench.done} of 20,000 commands were executed`);
  return median(costs);
}

export async function benchDevice(): Promise<void> {
  const size = (name: "gate" | "device" | "mac") => readFileSync(firmwarePath(name)).length;
  const days = Array.from({ length: ROUNDS }, day);
  const cpu = median(days.map(([seconds]) => seconds));
  const figures: Figure[] = [
    { what: "device.wasm", value: size("device"), atMost: 10 * 1024, unit: "bytes" },
    { what: "gate.wasm", value: size("gate"), atMost: 512, unit: "bytes" },
    { what: "mac.wasm", value: size("mac"), unit: "bytes" },
    { what: "a command, median of 20,000", value: commandCost(), atMost: 60, unit: "us" },
    { what: "a simulated day, CPU time", value: cpu, atMost: 2, unit: "s" },
    { what: "times real time", value: Math.round(DAY_S / cpu), atLeast: 43_000, unit: "x" },
    { what: "commands executed in the day", value: days[0]?.[1] ?? 0, unit: "" },
  ];
  printFigures(figures);
}

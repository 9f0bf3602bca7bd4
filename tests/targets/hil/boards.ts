/**
 * A simulated bench in real time: a board under test (DUT) and its fixture, each with the same host
 * and guest as on a chip, wired to each other. The test supplies their serial lines.
 */
import { PIN, REGION } from "../../../host-sim/abi/abi.gen.ts";
import { type BoardData, loadBoard } from "../../../host-sim/base/board-data.ts";
import { RealClock } from "../../../host-sim/base/clock.ts";
import { crc32 } from "../../../host-sim/base/crc32.ts";
import { Prng } from "../../../host-sim/base/prng.ts";
import { buildBoard } from "../../../host-sim/build/native-image.ts";
import { RealTimeLoop } from "../../../host-sim/cli/live/real-time-loop.ts";
import { MqttLink } from "../../../host-sim/mqtt/link.ts";
import { parseBroker } from "../../../host-sim/mqtt/session.ts";
import { SCENARIO_SECRETS } from "../../../host-sim/scenario/remote.ts";
import { firmwarePath, loadFirmware, readModule } from "../../../host-sim/sim/firmware.ts";
import { loadGuest } from "../../../host-sim/sim/module.ts";
import { Simulator, type SimulatorOptions } from "../../../host-sim/sim/simulator.ts";
import type { VirtualBoard } from "../../../host-sim/sim/virtual-board.ts";
import { NativeLoop } from "../../../host-sim/targets/native/native-loop.ts";
import { SerialLink } from "./serial-link.ts";

/** The board's end of a serial line. */
export interface BoardEnd {
  send(bytes: Uint8Array): void;
  heard: (bytes: Uint8Array) => void;
}

/** The wires of a bench, named after the pin of the board under test. */
export type Wire = "no" | "nc" | "button" | "reset" | "supply" | "relay" | "lamp";

/** Defects of the wires and of the board's trace. */
export interface Defects {
  /** A wire that is cut. */
  cut?: Wire;
  /** Two wires that are swapped. */
  cross?: readonly [Wire, Wire];
  /** Replaces a trace line of the board; null drops it. */
  says?: (line: string) => string | null;
}

export interface BenchOptions extends Defects {
  dut: BoardEnd;
  fixture: BoardEnd;
  brokerPort: number;
  /**
   * Seed of the boards' random numbers, 1 by default. A board that restarts in a new process needs
   * a new one.
   */
  seed?: number;
  /** Runs the host in C as a process, instead of the simulator's host. */
  native: boolean;
}

const RESTART_MS = 300;
const FIXTURE_LINES = 5;
/** Lines that the fixture drives, one bit each, as in host-sim/targets/hil/fixture.ts. */
export const LINE = { NO: 1, NC: 2, BUTTON: 4, RESET: 8, SUPPLY: 16 } as const;

function fail(error: unknown): void {
  throw error;
}

/** A factory for simulator loops that run the host in C. */
function nativeLoop(guest: Uint8Array<ArrayBuffer>, data: BoardData) {
  const pins = 2 + (data.lines ?? 0);
  const image = buildBoard({ board: "posix", pins });
  let loop: NativeLoop | null = null;
  const makeLoop = (board: VirtualBoard) => {
    loop = new NativeLoop(board, {
      image,
      guest,
      keys: SCENARIO_SECRETS,
      seed: 1,
      bootMs: data.bootMs,
    });
    return loop;
  };
  return { makeLoop, close: () => loop?.close() };
}

/** The levels at the far ends of the wires, one bit each, with the defects applied. */
function wired(levels: number, wires: readonly Wire[], { cut, cross }: Defects): number {
  return wires.reduce((arrived, wire, bit) => {
    const from = (cross?.includes(wire) && cross.find((other) => other !== wire)) || wire;
    const level = cut !== from && ((levels >> wires.indexOf(from)) & 1) === 1;
    return arrived | (level ? 1 << bit : 0);
  }, 0);
}

export interface Bench {
  close(): void;
}

/** Opens the board under test without a fixture. The caller drives its wires. */
export function openDut(
  options: Omit<BenchOptions, "fixture">,
  pins: (relay: boolean, lamp: boolean) => void,
): { wires(driven: number): void; close(): void } {
  const fixture: BoardEnd = { send: () => {}, heard: () => {} };
  return new Dut({ ...options, fixture }, new RealClock(), pins);
}

export function openBench(options: BenchOptions): Bench {
  const clock = new RealClock();
  const boards: { dut?: Dut } = {};
  const fixture = new Fixture(options, clock, (driven) => boards.dut?.wires(driven));
  const dut = new Dut(options, clock, (relay, lamp) =>
    fixture.sensed(wired((relay ? 1 : 0) | (lamp ? 2 : 0), ["relay", "lamp"], options)),
  );
  boards.dut = dut;
  fixture.wake();
  dut.wires(fixture.driven);
  const close = () => {
    dut.close();
    fixture.close();
  };
  return { close };
}

/** What both boards have in common: a simulator in real time. */
abstract class Board {
  readonly simulator: Simulator;
  readonly #loop: RealTimeLoop;
  readonly #close: () => void;

  constructor(
    options: BenchOptions,
    clock: RealClock,
    data: BoardData,
    module: "device" | "fixture",
    rest: Pick<SimulatorOptions, "link" | "trace">,
  ) {
    const guest = readModule(firmwarePath(module));
    const native = options.native ? nativeLoop(guest, data) : null;
    this.simulator = new Simulator({
      board: data,
      firmware: { ...loadFirmware(), guest: loadGuest(guest) },
      seed: options.seed ?? 1,
      secrets: SCENARIO_SECRETS,
      position: "kill",
      ...rest,
      guestTimeoutMs: Number.POSITIVE_INFINITY,
      ...(native === null ? {} : { makeLoop: native.makeLoop }),
    });
    this.#close = () => native?.close();
    this.#loop = new RealTimeLoop(this.simulator, clock, () => {}, fail);
  }

  wake(): void {
    this.#loop.wake();
  }

  /** Applies an action to the board at the current time. */
  apply(action: (simulator: Simulator) => void): void {
    this.wake();
    action(this.simulator);
    this.wake();
  }

  close(): void {
    this.#loop.stop();
    this.#close();
  }
}

class Fixture extends Board {
  constructor(options: BenchOptions, clock: RealClock, moved: (driven: number) => void) {
    const { fixture: end } = options;
    const link = new SerialLink(
      (text) => end.send(Buffer.from(text)),
      () => clock.now(),
    );
    super(options, clock, { ...loadBoard("posix"), lines: FIXTURE_LINES }, "fixture", {
      link,
      trace: (at, kind, detail) => {
        end.send(Buffer.from(`@${at} ${kind} ${detail}\r\n`));
        // Deferred, because the other board must not change during a step of this one.
        const { driven } = this;
        if (kind === "gpio") setImmediate(() => moved(driven));
      },
    });
    // A jumper holds the fixture's own switch at ON.
    this.simulator.board.drive(LINE.NO);
    end.heard = (bytes) => {
      link.feed(bytes);
      this.wake();
    };
  }

  /** Levels of its lines, one bit each. */
  get driven(): number {
    const { pins } = this.simulator.board;
    return pins.slice(PIN.LINE_0).reduce((levels, level, line) => levels | (level << line), 0);
  }

  sensed(levels: number): void {
    setImmediate(() => this.apply(({ board }) => board.setLines(levels)));
  }
}

class Dut extends Board {
  readonly #end: BoardEnd;
  readonly #defects: Defects;
  /** The contacts as last driven; null before the first time. */
  #contacts: number | null = null;
  #poweredAt = 0;
  #powered = true;
  #line = "";

  constructor(
    options: BenchOptions,
    clock: RealClock,
    pins: (relay: boolean, lamp: boolean) => void,
  ) {
    const { dut: end, brokerPort, says = (line: string) => line } = options;
    const self: { dut?: Dut } = {};
    const link = new MqttLink({
      address: parseBroker(`mqtt://127.0.0.1:${brokerPort}`),
      device: "bench",
      prng: new Prng(1),
      wake: () => self.dut?.wake(),
    });
    const trace = (at: number, kind: string, detail: string) => {
      const board = self.dut?.simulator.board;
      if (board !== undefined) pins(board.pins[PIN.RELAY] === 1, board.pins[PIN.LAMP] === 1);
      // A real board cannot report the loss of its supply.
      const from = self.dut === undefined ? 0 : self.dut.#poweredAt;
      const line = kind === "supply" ? null : says(`@${at - from} ${kind} ${detail}`);
      if (line !== null) end.send(Buffer.from(`${line}\r\n`));
    };
    super(options, clock, loadBoard(), "device", { link, trace });
    self.dut = this;
    this.#end = end;
    this.#defects = options;
    end.heard = (bytes) => this.#heard(bytes);
  }

  wires(levels: number): void {
    const driven = wired(levels, ["no", "nc", "button", "reset", "supply"], this.#defects);
    const off = (driven & LINE.RESET) !== 0 || (driven & LINE.SUPPLY) === 0;
    this.apply((simulator) => {
      const { board } = simulator;
      const contacts = driven & (LINE.NO | LINE.NC);
      if (contacts !== this.#contacts) board.drive(contacts);
      this.#contacts = contacts;
      const button = (driven & LINE.BUTTON) !== 0;
      if (button !== board.buttonDown) board.press(button);
      if (off !== this.#powered) return;
      this.#powered = !off;
      if (off) simulator.powerOff();
      else this.#powerOn(simulator);
    });
  }

  #powerOn(simulator: Simulator): void {
    this.#poweredAt = simulator.now;
    simulator.powerOn();
  }

  #heard(bytes: Uint8Array): void {
    this.#line += Buffer.from(bytes).toString("latin1");
    const lines = this.#line.split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) if (this.#powered) this.#execute(line.trim());
  }

  #execute(command: string): void {
    const { board } = this.simulator;
    if (command === "status") this.#answer("status chip=none");
    else if (command === "journal")
      this.#journal(board.storage[REGION.JOURNAL] ?? new Uint8Array());
    else if (command !== "factory-reset")
      this.#answer(`error unknown command "${command}": try help`);
    else if (!board.buttonDown) this.#answer("error factory-reset: hold the button");
    else {
      this.apply((simulator) => {
        simulator.powerOff();
        for (const region of board.storage) region.fill(0xff);
      });
      this.#answer("done");
      // A chip needs as long from reset to the host's first line.
      setTimeout(() => {
        if (this.#powered) this.apply((simulator) => this.#powerOn(simulator));
      }, RESTART_MS);
    }
  }

  #journal(bytes: Uint8Array): void {
    this.#answer(`journal len=${bytes.length}`);
    for (let at = 0; at < bytes.length; at += 32)
      this.#answer(`journal at=${at} ${Buffer.from(bytes.subarray(at, at + 32)).toString("hex")}`);
    this.#answer(`journal crc=${crc32(bytes)}`);
  }

  #answer(text: string): void {
    this.#end.send(Buffer.from(`= ${text}\r\n`));
  }
}

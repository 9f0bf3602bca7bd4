/**
 * Runs a simulated device on real MQTT in real time, for `sim` and `bridge`. On a terminal it shows
 * the live view. Otherwise it reads stimuli from standard input and prints the trace.
 */

import { closeSync, openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { type Command, Option } from "commander";
import { loadBoard } from "../../base/board-data.ts";
import { RealClock } from "../../base/clock.ts";
import { EXIT, UserError } from "../../base/errors.ts";
import { shownText } from "../../base/shown-text.ts";
import type { Engine } from "../../build/native-image.ts";
import { DEFAULT_KEYS } from "../../controller/keys.ts";
import type { Simulator, TraceSink } from "../../sim/simulator.ts";
import { FAULTS } from "../../sim/virtual-board.ts";
import { deviceOption, keysOption, parseTcpPort, seedOption } from "../options.ts";
import { onSignal, print, printAside, printError, random32 } from "../terminal.ts";
import { RealTimeLoop } from "./real-time-loop.ts";
import { type DeviceSession, openDevice, openNetwork } from "./session.ts";
import { parseStimulus, type Stimulus } from "./stimuli.ts";
import { SCREEN_CLOSE, SCREEN_OPEN, View } from "./view.ts";

export interface LiveOptions {
  broker?: string;
  port: number;
  device: string;
  board: string;
  keys: string;
  seed?: number;
  trace?: string;
  storage?: string;
  guest?: string;
  /** Run the board's C host with this engine instead of the simulator's host loop. */
  native?: Engine;
}

/** Shortest time between two redraws of the live view, in ms. */
const FRAME_MS = 50;
const CTRL_C = "\u0003";

/** Adds the options that `sim` and `bridge` share. */
export function addLiveOptions(command: Command): Command {
  return command
    .option(
      "--broker <url>",
      "MQTT broker, mqtt[s]://[user:password@]host[:port] (default: a broker is started here)",
    )
    .addOption(
      new Option("--port <number>", "TCP port of the broker that is started here")
        .argParser(parseTcpPort)
        .default(1883),
    )
    .addOption(deviceOption())
    .addOption(keysOption("folder with the keys; missing keys are created"))
    .addOption(seedOption("--seed <number>", "seed of bounce and of the device's random bytes"))
    .option("--trace <file>", "also write the trace to this file")
    .option("--storage <dir>", "keep the device's storage in files in this folder")
    .option("--guest <file>", "run this WebAssembly module instead of device.wasm");
}

/**
 * Opens the trace file. Each line is written immediately, so that Ctrl-C leaves no partial line.
 */
export function openTrace(path: string | undefined): { write(line: string): void; close(): void } {
  if (path === undefined) return { write: () => {}, close: () => {} };
  try {
    const handle = openSync(path, "w");
    return {
      write: (line) => {
        writeSync(handle, `${line}\n`);
      },
      close: () => closeSync(handle),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`trace file ${path} cannot be written: ${reason}`, EXIT.BAD_FILE);
  }
}

/**
 * Applies the stimuli from standard input in order, until `quit` or the end of input. Calls
 * `settle` before and after each of them.
 */
export async function followInput(
  simulator: Simulator,
  settle: () => void,
  wait: (ms: number) => Promise<void>,
): Promise<void> {
  let lineNumber = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    lineNumber++;
    const stimulus = parseStimulus(line, lineNumber);
    if (stimulus === null) continue;
    if (stimulus.kind === "quit") return;
    if (stimulus.kind === "wait") await wait(stimulus.ms);
    else {
      settle();
      stimulus.apply(simulator);
      settle();
    }
  }
}

/** The options of the device itself. */
export function deviceOptions(options: LiveOptions) {
  const { device, board, keys, storage, guest, native } = options;
  return {
    device,
    board,
    keys,
    ...(storage === undefined ? {} : { storage }),
    ...(guest === undefined ? {} : { guest }),
    ...(native === undefined ? {} : { native }),
  };
}

/** Runs the device until the user, the end of the input or a signal ends it. */
export async function runLive(options: LiveOptions): Promise<void> {
  const seed = options.seed ?? random32();
  const board = loadBoard(options.board);
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const file = openTrace(options.trace);
  const ports: Ports = { wake: () => {}, note: () => {} };
  const network = await openNetwork(options.device, seed, {
    port: options.port,
    wake: () => ports.wake(),
    trouble: (message) => ports.note(message),
    ...(options.broker === undefined ? {} : { broker: options.broker }),
  });
  const tryLine = tryLineOf(options, network.address.shown);
  const view = new View({
    device: options.device,
    board: board.name,
    tier: board.tier,
    broker: network.address.shown,
    tryLine,
  });
  const trace: TraceSink = (at, kind, detail) => {
    const line = `@${at} ${kind} ${detail}`;
    file.write(line);
    if (terminal) view.trace(at, kind, detail);
    else print(line);
  };
  const leave = () => {
    network.link.power(false, 0);
    if (!terminal) return;
    process.stdout.write(SCREEN_CLOSE);
    process.stdin.setRawMode(false);
  };
  const withdraw = onSignal(leave);
  let device: DeviceSession | undefined;
  try {
    const say = (line: string) => {
      if (!terminal) print(line);
    };
    const own = { ...deviceOptions(options), trace, console: say };
    device = await openDevice(own, network.link, seed);
    const { simulator } = device;
    const ended = untilEnded(simulator, terminal ? view : null, ports);
    if (!terminal) printAside(`try this in another terminal: ${tryLine}`);
    if (terminal) process.stdout.write(SCREEN_OPEN);
    await ended;
  } finally {
    withdraw();
    leave();
    process.stdin.pause();
    await network.close();
    device?.close();
    file.close();
  }
}

/** Callbacks of the network. They are set when the simulator exists. */
interface Ports {
  wake: () => void;
  note: (message: string) => void;
}

/**
 * Runs the device until the user or the end of the input ends it. `view`: null without a terminal.
 */
function untilEnded(simulator: Simulator, view: View | null, ports: Ports): Promise<void> {
  return new Promise<void>((done, fail) => {
    const redraw = view === null ? () => {} : painter(view, simulator);
    const loop = new RealTimeLoop(simulator, new RealClock(), redraw, fail);
    const stop = () => {
      loop.stop();
      done();
    };
    ports.wake = () => loop.wake();
    ports.note = (message) => {
      if (view !== null) view.note = shownText(message);
      else printError(message);
    };
    loop.wake();
    if (view !== null) followKeys(simulator, loop, view, stop);
    else followInput(simulator, ports.wake, (ms) => loop.wait(ms)).then(stop, fail);
  });
}

/** A command that works in another terminal in the same folder. */
function tryLineOf(options: LiveOptions, broker: string): string {
  const keys = options.keys === DEFAULT_KEYS ? "" : ` --keys ${options.keys}`;
  return `npx killswitch send relay.set on --as owner --device ${options.device} --broker ${options.broker ?? broker}${keys}`;
}

/**
 * Returns a function that draws the view, at most once per FRAME_MS and always after the last call.
 */
function painter(view: View, simulator: Simulator): () => void {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    setTimeout(() => {
      due = false;
      process.stdout.write(view.draw(simulator, process.stdout.columns));
    }, FRAME_MS).unref();
  };
}

function followKeys(simulator: Simulator, loop: RealTimeLoop, view: View, stop: () => void): void {
  const faults = Object.keys(FAULTS);
  let menu = false;
  const act = (line: string) => {
    const stimulus = parseStimulus(line, 1) as Stimulus & { kind: "apply" };
    loop.wake();
    stimulus.apply(simulator);
    loop.wake();
  };
  const choose = (key: string) => {
    const fault = faults[Number(key) - 1];
    menu = false;
    view.note = "";
    if (fault !== undefined) {
      act(
        `${[...simulator.board.faults].some((name) => name === fault) ? "clear" : "fault"} ${fault}`,
      );
    }
    loop.wake();
  };
  process.stdin.setRawMode(true);
  process.stdin.setEncoding("utf8");
  process.stdin.on("data", (keys: string) => {
    for (const key of keys) {
      if (key === "q" || key === CTRL_C) stop();
      else if (menu) choose(key);
      else if (key === "k") act(`switch ${simulator.board.position === "on" ? "kill" : "on"}`);
      else if (key === "b") act("button");
      else if (key === "f") {
        menu = true;
        view.note = `${faults.map((name, index) => `${index + 1} ${name}`).join("  ")}  esc back`;
        loop.wake();
      }
    }
  });
}

/**
 * Runs a simulated device on real MQTT in real time, for `sim` and `bridge`. On a terminal it shows
 * the live view. Otherwise it reads stimuli from standard input and prints the trace.
 */

import { closeSync, openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { type Command, Option } from "commander";
import { loadBoard } from "../../base/board-data.ts";
import { RealClock } from "../../base/clock.ts";
import { UserError } from "../../base/errors.ts";
import { writeTrouble } from "../../base/outputs.ts";
import { launcher } from "../../base/paths.ts";
import { shownText } from "../../base/shown-text.ts";
import { onSignal } from "../../base/signals.ts";
import type { Engine } from "../../build/native-image.ts";
import { DEFAULT_KEYS } from "../../controller/keys.ts";
import type { Link } from "../../sim/link.ts";
import type { Simulator, TraceSink } from "../../sim/simulator.ts";
import { FAULTS } from "../../sim/virtual-board.ts";
import {
  DEFAULT_BROKER,
  DEFAULT_DEVICE,
  deviceOption,
  keysOption,
  parseTcpPort,
  seedOption,
} from "../options.ts";
import { print, printAside, printError, random32 } from "../terminal.ts";
import { RealTimeLoop } from "./real-time-loop.ts";
import { type DeviceSession, type Network, openDevice, openNetwork } from "./session.ts";
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
  /** Go on after the end of standard input. */
  stay: boolean;
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
    .option("--guest <file>", "run this WebAssembly module instead of device.wasm")
    .option("--stay", "without a terminal: keep running after the end of standard input", false);
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
    throw writeTrouble(path, error);
  }
}

/**
 * Applies the stimuli from standard input in order, until `quit` or the end of input. Calls
 * `settle` before and after each of them. Returns whether it ended by `quit`.
 */
export async function followInput(
  simulator: Simulator,
  settle: () => void,
  wait: (ms: number) => Promise<void>,
): Promise<boolean> {
  let lineNumber = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    lineNumber++;
    const stimulus = parseStimulus(line, lineNumber);
    if (stimulus === null) continue;
    if (stimulus.kind === "quit") return true;
    if (stimulus.kind === "wait") await wait(stimulus.ms);
    else {
      settle();
      stimulus.apply(simulator);
      settle();
    }
  }
  return false;
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
  const network = await networkOf(options, seed, ports);
  const tryLine = tryLineOf(options, network.address.shown);
  const view = new View({
    device: options.device,
    board: board.name,
    tier: board.tier,
    broker: network.address.shown,
    tryLine,
    color: (process.env.NO_COLOR ?? "") === "",
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
  let withdraw = () => {};
  let device: DeviceSession | undefined;
  try {
    // A board's image may be compiled here, so a signal has no work to do before the device runs.
    const link = terminal ? heardLink(network.link, (bytes) => view.received(bytes)) : network.link;
    const say = (line: string) => {
      if (!terminal) print(line);
    };
    device = await openDevice({ ...deviceOptions(options), trace, console: say }, link, seed);
    withdraw = onSignal(leave);
    const { simulator } = device;
    const ended = untilEnded(simulator, terminal ? view : null, ports, options.stay);
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

/** Opens the network. The hint for a port in use also serves a second device on one broker. */
async function networkOf(options: LiveOptions, seed: number, ports: Ports): Promise<Network> {
  const { broker, device, port } = options;
  try {
    return await openNetwork(device, seed, {
      port,
      wake: () => ports.wake(),
      trouble: (message) => ports.note(message),
      ...(broker === undefined ? {} : { broker }),
    });
  } catch (error) {
    if (!(error instanceof UserError) || broker !== undefined) throw error;
    throw new UserError(
      `${error.message}; a second device needs a name of its own: --device NAME`,
      error.exitCode,
    );
  }
}

/** The same link, with a look at each message that it delivers. */
function heardLink(link: Link, look: (bytes: Uint8Array) => void): Link {
  return {
    power: (on, now) => link.power(on, now),
    send: (principal, channel, bytes, now) => link.send(principal, channel, bytes, now),
    deadline: () => link.deadline(),
    poll: (now, sink) =>
      link.poll(now, {
        linkChanged: (up) => sink.linkChanged(up),
        received(bytes) {
          look(bytes);
          sink.received(bytes);
        },
      }),
  };
}

/** Callbacks of the network. They are set when the simulator exists. */
interface Ports {
  wake: () => void;
  note: (message: string) => void;
}

/**
 * Runs the device until the user or the end of the input ends it. `view`: null without a terminal.
 */
function untilEnded(
  simulator: Simulator,
  view: View | null,
  ports: Ports,
  stay: boolean,
): Promise<void> {
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
    if (view !== null) {
      process.stdout.on("resize", redraw);
      followKeys(simulator, loop, view, stop);
      return;
    }
    followInput(simulator, ports.wake, (ms) => loop.wait(ms)).then((asked) => {
      if (!asked && stay) return;
      if (!asked) printAside("end of input: the device stops (--stay keeps it running)");
      stop();
    }, fail);
  });
}

/** A command that works in another terminal in the same folder. */
function tryLineOf(options: LiveOptions, broker: string): string {
  const url = options.broker ?? broker;
  return [
    `${launcher()} send relay.set on --as owner`,
    options.device === DEFAULT_DEVICE ? "" : ` --device ${options.device}`,
    url === DEFAULT_BROKER ? "" : ` --broker ${url}`,
    options.keys === DEFAULT_KEYS ? "" : ` --keys ${options.keys}`,
  ].join("");
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
      const { columns = 80, rows = 24 } = process.stdout;
      process.stdout.write(view.draw(simulator, { columns, rows }));
    }, FRAME_MS).unref();
  };
}

function followKeys(simulator: Simulator, loop: RealTimeLoop, view: View, stop: () => void): void {
  const faults = Object.keys(FAULTS);
  const act = (line: string) => {
    const stimulus = parseStimulus(line, 1) as Stimulus & { kind: "apply" };
    loop.wake();
    stimulus.apply(simulator);
    loop.wake();
  };
  const choose = (key: string) => {
    const fault = faults[Number(key) - 1];
    view.menu = false;
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
      else if (view.menu) choose(key);
      else if (key === "k") act(`switch ${simulator.board.position === "on" ? "kill" : "on"}`);
      else if (key === "b") act("button");
      else if (key === "f") {
        view.menu = true;
        loop.wake();
      }
    }
  });
}

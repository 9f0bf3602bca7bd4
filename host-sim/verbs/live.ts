/**
 * A device on real MQTT in real time, for a person: a live view on a terminal; stimuli by line and a
 * trace off one. Serves `sim` and `bridge`. Must not know how the device works, nor which host runs it.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { loadBoard } from "../board-data.ts";
import { RealClock } from "../clock.ts";
import { DEFAULT_KEYS } from "../controller/keys.ts";
import { EXIT, UserError } from "../errors.ts";
import type { Engine } from "../native/build.ts";
import { RealTimeLoop } from "../sim/real-time-loop.ts";
import { type DeviceSession, openDevice, openNetwork, seedOf } from "../sim/session.ts";
import { parseStimulus, type Stimulus } from "../sim/stimuli.ts";
import { SCREEN_CLOSE, SCREEN_OPEN, View } from "../sim/view.ts";
import type { Simulator, TraceSink } from "../simulator.ts";
import { FAULTS } from "../virtual-board.ts";
import { onSignal } from "./terminal.ts";

export interface LiveOptions {
  broker?: string;
  port: string;
  device: string;
  board: string;
  keys: string;
  seed?: string;
  trace?: string;
  storage?: string;
  guest?: string;
  /** The board's native host with this engine, in place of the simulator's own. */
  native?: Engine;
}

/** Redraws of the live view, at most every so many ms. */
const FRAME_MS = 50;
const CTRL_C = "\u0003";

/** Opens the trace file. Each line reaches the file at once: nothing is half-written at Ctrl-C. */
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
    const words = error instanceof Error ? error.message : String(error);
    throw new UserError(`trace file ${path} cannot be written: ${words}`, EXIT.BAD_FILE);
  }
}

function wholeNumber(text: string, name: string, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= max) return value;
  throw new UserError(`${name} "${text}" is not a whole number up to ${max}`, EXIT.USAGE);
}

/** Does the stimuli that standard input brings, one by one, in order. */
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

/** The seed that was asked for, or one drawn. Throws a UserError for what is no seed. */
export function seedFrom({ seed }: LiveOptions): number {
  return seedOf(seed === undefined ? undefined : wholeNumber(seed, "--seed", 0xffff_ffff));
}

/** What of the options makes the device. */
export function pick(options: LiveOptions) {
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

/** Lives until the person, the input or a signal ends it. */
export async function runLive(options: LiveOptions): Promise<void> {
  const seed = seedFrom(options);
  const board = loadBoard(options.board);
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const file = openTrace(options.trace);
  const ports: Ports = { wake: () => {}, note: () => {} };
  const network = await openNetwork(options.device, seed, {
    port: wholeNumber(options.port, "--port", 65_535),
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
    else process.stdout.write(`${line}\n`);
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
    device = await openDevice({ ...pick(options), trace }, network.link, seed);
    const { simulator } = device;
    const ended = untilEnded(simulator, terminal ? view : null, ports);
    if (!terminal) process.stderr.write(`try from another terminal: ${tryLine}\n`);
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

/** What the network calls: filled in once there is a simulator to wake. */
interface Ports {
  wake: () => void;
  note: (message: string) => void;
}

/** Lets the device live until the person or the input ends it. `view`: null off a terminal. */
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
      if (view !== null) view.note = message;
      else process.stderr.write(`killswitch: ${message}\n`);
    };
    loop.wake();
    if (view !== null) followKeys(simulator, loop, view, stop);
    else followInput(simulator, ports.wake, (ms) => loop.wait(ms)).then(stop, fail);
  });
}

/** The exact line that works from another terminal in the same folder. */
function tryLineOf(options: LiveOptions, broker: string): string {
  const keys = options.keys === DEFAULT_KEYS ? "" : ` --keys ${options.keys}`;
  return `npx killswitch send relay.set on --as owner --device ${options.device} --broker ${options.broker ?? broker}${keys}`;
}

/** Draws at most one frame every FRAME_MS, the last one always. */
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
        `${[...simulator.board.faults].some((name) => name === fault) ? "mend" : "fault"} ${fault}`,
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

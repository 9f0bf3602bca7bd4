/**
 * Runs Spin on the device's policy: policy.pml, with the explorer's own boots and events as its options,
 * compiled by Spin and the C compiler.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { EVENT } from "../../host-sim/abi/abi.gen.ts";
import { CONFIGS, everyStorage } from "../../host-sim/prove/device/boot-storage.ts";
import { ALL_ENDS, eventList, type ModelEvent } from "../../host-sim/prove/device/events.ts";
import type { Message } from "../../host-sim/prove/device/messages.ts";

const MODEL = resolve("tests/bench/policy.pml");

export interface SpinRun {
  states: number;
  transitions: number;
  /** Bytes in the state vector. */
  vector: number;
  /** Processor time, in s. */
  seconds: number;
}

const KINDS: Record<number, string> = {
  [EVENT.TICK]: "TICK",
  [EVENT.BUTTON]: "BUTTON",
  [EVENT.RX]: "RX",
  [EVENT.LINK]: "LINK",
  [EVENT.GATE]: "GATE",
};
const SEQS = { next: "FRESH", last: "LAST", never: "NEVER" } as const;

function ofMessage({ principal, op, seq, broken, epoch, permitted, args }: Message) {
  const argument = (key: number) => (args.has(key) ? Number(args.get(key) !== 0) : -1);
  return {
    principal,
    op,
    seq: SEQS[seq],
    drop: broken === undefined || broken === "payload" ? 0 : 1,
    malformed: broken === "payload" ? 1 : 0,
    stale: epoch === "current" ? 0 : 1,
    question: epoch === "zero" ? 1 : 0,
    permitted: permitted ? 1 : 0,
    relay: args.get(1) === true ? 1 : 0,
    safe: argument(1),
    telemetry: argument(2),
    hold: argument(3),
  };
}

/** An event as a C initialiser. */
function initialiser(event: ModelEvent): string {
  const { kind, ms, ends, failWrites, message } = event;
  const fields = {
    kind: KINDS[kind] ?? "",
    b: kind === EVENT.TICK || kind === EVENT.RX ? 0 : event.b,
    ms,
    ends,
    epoch: event.epoch ? 1 : 0,
    fails: failWrites,
    ...(message === null ? {} : ofMessage(message)),
  };
  const parts = Object.entries(fields).map(([name, value]) => `.${name} = ${value}`);
  return `{ ${parts.join(", ")} }`;
}

/** The different states after a boot, as assignments. */
function bootStates(): string[] {
  const states = everyStorage().map(({ good, relay, hold, torn, head, config }) => {
    const { safe, telemetryS, holdS } = CONFIGS[config] ?? { safe: 0, telemetryS: 1, holdS: 1 };
    const values = {
      relay: good ? relay : safe,
      hold: good ? hold : 0,
      safe,
      telemetryS: telemetryS === 0 ? 0 : 1,
      holdS: holdS === 0 ? 0 : 1,
      journal: head === 0 ? 0 : 1,
      bootDue: torn ? 2 : 1,
      opened: 1,
    };
    return Object.entries(values)
      .map(([name, value]) => `${name} = ${value}`)
      .join("; ");
  });
  const unread = "safe = 0; telemetryS = 1; holdS = 1; bootDue = 1; opened = 0";
  return [...new Set([...states, unread])];
}

const RUNS = ["quiet", "identify", "hold", "refused", "telemetry"] as const;

/** The condition under which the explorer fires an event that ends these countdowns (applies() in events.ts). */
function guard(ends: number): string {
  if (ends === 0) return "true";
  const any = (names: readonly string[]) => `(${names.join(" || ")})`;
  if (ends === ALL_ENDS) return `bootDue == 0 && ${any(RUNS)}`;
  const ended = RUNS.filter((_, index) => (ends >>> index) & 1);
  const others = RUNS.filter((name) => !ended.includes(name));
  return `bootDue == 0 && ${ended.join(" && ")} && ${any(others)}`;
}

/** The whole model. Leaves out variants with a failing network: they change no abstract state. */
function model(): { text: string; table: string } {
  const events = eventList().filter(({ variantOf }) => variantOf !== "sends");
  const table = `static const struct event events[] = {\n${events.map(initialiser).join(",\n")} };\n`;
  const options = events.map(
    ({ ends }, index) => `:: d_step { ${guard(ends)} -> c_code { fire(&events[${index}]); } }`,
  );
  const boots = bootStates().map((state) => `:: d_step { quiet = 1; status = 1; ${state} }`);
  const device = `active proctype device() {\n  if\n  ${boots.join("\n  ")}\n  fi;\n  do\n  ${options.join("\n  ")}\n  od\n}`;
  return { table, text: `${readFileSync(MODEL, "utf8")}\n${device}\n` };
}

/** Runs Spin to closure. Returns the reason if that is not possible. */
export function runSpin(): SpinRun | string {
  const folder = mkdtempSync(join(tmpdir(), "killswitch-spin-"));
  try {
    const run = (command: string, args: string[]) =>
      spawnSync(command, args, { cwd: folder, encoding: "utf8", maxBuffer: 2 ** 26 });
    const { text, table } = model();
    writeFileSync(join(folder, "policy.pml"), text);
    writeFileSync(join(folder, "events.h"), table);
    const spin = run("spin", ["-a", "policy.pml"]);
    if (spin.error !== undefined) return "apt-get install spin";
    if (spin.status !== 0) return `spin: ${spin.stdout}${spin.stderr}`;
    const flags = ["-O3", "-w", "-DSAFETY", "-DNOREDUCE", "-DVECTORSZ=512", "-DMEMLIM=4000"];
    const cc = run("cc", [...flags, "-o", "pan", "pan.c"]);
    if (cc.status !== 0) return `cc: ${cc.stderr}`;
    const { stdout, stderr } = run("bash", ["-c", "TIMEFORMAT='%U %S'; time ./pan -m1000000 -w24"]);
    const number = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1]);
    const [user = 0, system = 0] = (stderr.trim().split("\n").at(-1) ?? "").split(" ").map(Number);
    if (!stdout.includes("errors: 0")) return `pan: ${stdout}${stderr}`;
    return {
      states: number(/(\d+) states, stored/),
      transitions: number(/([\d.e+]+) transitions/),
      vector: number(/State-vector (\d+) byte/),
      seconds: user + system,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

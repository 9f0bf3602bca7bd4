/** Waveforms of a trace, and their dump as two independent programs read it. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { vcdText } from "../../host-sim/report/vcd.ts";
import { type Wave, wavesOf } from "../../host-sim/report/waves.ts";
import { initialObserved, updateObserved } from "../../host-sim/scenario/observed.ts";
import { runFile } from "../scenario/support.ts";
import { HOSTILE, installed, temporaryFolder } from "./support.ts";

const folder = temporaryFolder();
const SCENARIO = "tests/scenarios/hold-against-remote.yaml";
const { trace, virtualMs } = await runFile(SCENARIO);
const waves = wavesOf(trace.lines);
const dump = vcdText(waves, { comment: [HOSTILE], endMs: virtualMs, version: "1" });
const file = join(folder, "hold.vcd");
writeFileSync(file, dump);

function changesOf(all: readonly Wave[], name: string): string {
  const wave = all.find((one) => one.name === name);
  return (wave?.changes ?? []).map(({ at, value }) => `${at}:${value}`).join(" ");
}

/** The value of a wave at a time. */
function valueAt({ changes }: Wave, at: number): string {
  return changes.findLast((change) => change.at <= at)?.value ?? "";
}

test("show the state that the trace reports, at the end of every millisecond", () => {
  const state = initialObserved();
  const wave = (name: string) => waves.find((one) => one.name === name) as Wave;
  for (const [index, { at, kind, detail }] of trace.lines.entries()) {
    updateObserved(state, kind, detail);
    if (trace.lines[index + 1]?.at === at) continue;
    expect(valueAt(wave("phase"), at)).toBe(state.phase);
    expect(valueAt(wave("radio"), at)).toBe(state.radio === "on" ? "1" : "0");
    expect(valueAt(wave("relay"), at)).toBe(state.relay === "on" ? "1" : "0");
    expect(valueAt(wave("link"), at)).toBe(state.link === "up" ? "1" : "0");
  }
});

test("rise in time, and neighbouring values differ", () => {
  expect(waves.length).toBe(17);
  for (const { name, changes } of waves) {
    expect(`${name} ${changes[0]?.at}`).toBe(`${name} 0`);
    for (const [index, { at, value }] of changes.entries()) {
      const next = changes[index + 1];
      if (next === undefined) continue;
      expect(next.at).toBeGreaterThan(at);
      expect(next.value).not.toBe(value);
    }
  }
});

test("mark events with a pulse of 1 ms, and show hold, epoch and unknown contacts", () => {
  const line = (at: number, kind: string, detail: string) => ({ at, kind, detail });
  const made = wavesOf([
    line(0, "boot", "reason=POWER_ON"),
    line(0, "sense", "no=1 nc=0 rail=0"),
    line(50, "gate", "phase=LIVE"),
    line(50, "epoch", "value=0123456789abcdef"),
    line(60, "rx", "len=1 crc=0"),
    line(61, "rx", "len=1 crc=0"),
    line(61, "rx", "len=1 crc=0"),
    line(70, "mark", "name=HOLD_BEGUN"),
    // A line of a target in real time that arrives out of order.
    line(69, "mark", "name=ACCEPTED"),
    line(80, "gate", "phase=TRAVEL"),
    line(80, "restart", "reason=CUT"),
    line(90, "mark", "name=HOLD_ENDED"),
  ]);
  expect(changesOf(made, "rx")).toBe("0:0 60:1 62:0");
  expect(changesOf(made, "accepted")).toBe("0:0 70:1 71:0");
  expect(changesOf(made, "hold")).toBe("0:0 70:1 90:0");
  expect(changesOf(made, "epoch")).toBe("0:x 50:0123456789abcdef 80:x");
  expect(changesOf(made, "contact_no")).toBe("0:1 80:x");
  expect(changesOf(made, "permit")).toBe("0:0 50:1 80:0");
  expect(changesOf(made, "running")).toBe("0:1 80:0");
});

test("give the same bytes again, in printable ASCII, with no command ended early", () => {
  const again = vcdText(wavesOf(trace.lines), {
    comment: [HOSTILE],
    endMs: virtualMs,
    version: "1",
  });
  expect(again).toBe(dump);
  expect(dump).toMatch(/^[\x20-\x7e\n]+$/);
  const commands = dump.split("\n").filter((line) => line.startsWith("$") && line.includes(" "));
  for (const line of commands) expect(line).toMatch(/^\$[a-z]+ [^$]*\$end$/);
});

/** The changes of one wire, as `time:value`, in a dump that another program wrote. */
function readBack(text: string, name: string): string {
  const id = new RegExp(`\\$var wire 1 (\\S+) ${name} \\$end`).exec(text)?.[1];
  expect(id).toBeDefined();
  let at = 0;
  const found: string[] = [];
  for (const line of text.split("\n")) {
    if (/^#\d+$/.test(line)) at = Number(line.slice(1));
    else if (line.slice(1) === id) found.push(`${at}:${line[0]}`);
  }
  return found.join(" ");
}

test.runIf(installed("vcd2fst", "a dump read by GTKWave", "gtkwave"))(
  "are read back by GTKWave's converter with every change of every bit",
  () => {
    const fst = join(folder, "hold.fst");
    execFileSync("vcd2fst", [file, fst]);
    const text = execFileSync("fst2vcd", [fst], { encoding: "utf8" });
    for (const { name, kind } of waves) {
      if (kind === "bit")
        expect(`${name} ${readBack(text, name)}`).toBe(`${name} ${changesOf(waves, name)}`);
    }
    const live = changesOf(waves, "permit");
    expect(readBack(text, "phase_LIVE")).toBe(live);
    expect(readBack(text, "epoch")).toBe(live);
    expect(text).toContain(`#${virtualMs}`);
  },
);

test.runIf(installed("sigrok-cli", "a dump read by sigrok", "sigrok-cli"))(
  "are read by sigrok, on which PulseView is built, with the levels at every millisecond",
  () => {
    const args = ["-i", file, "-I", "vcd", "-O", "csv:header=false:time=false:label=channel"];
    const options = { encoding: "utf8", maxBuffer: 2 ** 28 } as const;
    const lines = execFileSync("sigrok-cli", args, options).split("\n");
    const [header = "", ...rows] = lines.filter((line) => line !== "" && !/^(;|META)/.test(line));
    const names = header.split(",");
    for (const name of ["radio", "relay", "link", "hold", "permit", "lamp", "supply"]) {
      const column = names.indexOf(name);
      expect(column).toBeGreaterThanOrEqual(0);
      const wave = waves.find((one) => one.name === name) as Wave;
      const read = rows.map((row) => row.split(",")[column]);
      expect(read.length).toBeGreaterThanOrEqual(virtualMs);
      expect(read.join("")).toBe(read.map((_, at) => valueAt(wave, at)).join(""));
    }
  },
);

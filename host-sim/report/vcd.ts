/**
 * Waveforms as a Value Change Dump (IEEE 1364-2005, clause 18), which GTKWave, Surfer and PulseView
 * read. All variables are single wires: libsigrok 0.5.2, on which PulseView is built, refuses a file
 * with vectors. The same waveforms give the same bytes: no date is written.
 */
import { PHASE_NAMES } from "../abi/abi.gen.ts";
import type { Change, Wave } from "./waves.ts";

/** Identifiers are single characters, from `A` on. */
const FIRST_ID = 0x41;

/** A single wire: its changes' values are `0`, `1` and `x`. */
interface Wire {
  name: string;
  changes: readonly Change[];
}

/** Text within a command: printable ASCII without the `$` that begins `$end`. */
function plain(text: string): string {
  return text.replace(/[^\x20-\x7e]|\$/g, "?");
}

function mapped(changes: readonly Change[], level: (value: string) => boolean): Change[] {
  const levels = changes.map(({ at, value }) => ({ at, value: level(value) ? "1" : "0" }));
  return levels.filter(({ value }, index) => value !== levels[index - 1]?.value);
}

/** The phase is a wire for each phase. The epoch is a wire that is 1 while there is one. */
function wiresOf({ name, kind, changes }: Wave): Wire[] {
  if (kind === "bit") return [{ name, changes }];
  if (kind === "epoch") return [{ name, changes: mapped(changes, (value) => value !== "x") }];
  return PHASE_NAMES.map((phase) => ({
    name: `${name}_${phase}`,
    changes: mapped(changes, (value) => value === phase),
  }));
}

/**
 * The dump. `comment`: what was run. `endMs`: when the run ended, on the clock of the waveforms.
 * One unit of time is 1 ms.
 */
export function vcdText(
  waves: readonly Wave[],
  { comment, endMs, version }: { comment: readonly string[]; endMs: number; version: string },
): string {
  const wires = waves.flatMap(wiresOf).map((wire, index) => ({
    ...wire,
    id: String.fromCharCode(FIRST_ID + index),
  }));
  const byTime = new Map<number, string[]>();
  for (const { changes, id } of wires) {
    for (const { at, value } of changes) {
      byTime.set(at, [...(byTime.get(at) ?? []), `${value}${id}`]);
    }
  }
  const first = byTime.get(0) ?? [];
  byTime.delete(0);
  if (endMs > 0 && !byTime.has(endMs)) byTime.set(endMs, []);
  const later = [...byTime].sort(([a], [b]) => a - b);
  return [
    `$version killswitch ${plain(version)} $end`,
    ...comment.map((line) => `$comment ${plain(line)} $end`),
    "$timescale 1 ms $end",
    "$scope module killswitch $end",
    ...wires.map(({ id, name }) => `$var wire 1 ${id} ${name} $end`),
    "$upscope $end",
    "$enddefinitions $end",
    ...["#0", "$dumpvars", ...first, "$end"],
    ...later.flatMap(([at, values]) => [`#${at}`, ...values]),
    "",
  ].join("\n");
}

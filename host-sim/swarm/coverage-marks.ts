/**
 * Coverage marks: trace lines that show that a safety-relevant branch was taken. A swarm that
 * misses one of them has not tested that branch.
 */
import { BOOT_NAMES, MARK_NAMES, PHASE_NAMES } from "../abi/abi.gen.ts";
import type { TraceLine } from "../scenario/trace.ts";

/** Kinds of lines whose whole text is a mark. */
const WHOLE_LINE_KINDS = new Set([
  "mark",
  "gate",
  "boot",
  "restart",
  "trap",
  "supply",
  "radio",
  "link",
  "guest",
]);

/** The mark of a trace line; null if the line is not a mark. */
export function markOf({ kind, detail }: TraceLine): string | null {
  if (WHOLE_LINE_KINDS.has(kind)) return `${kind} ${detail}`;
  if (kind !== "drop") return null;
  const lengthAt = detail.indexOf(" len=");
  return `drop ${lengthAt < 0 ? detail : detail.slice(0, lengthAt)}`;
}

export interface Expected {
  mark: string;
  /** Why no swarm can reach the mark, and what covers it instead. Absent: a swarm must reach it. */
  unreachable?: string;
}

const UNREACHABLE: Readonly<Record<string, string>> = {
  "mark name=KILLED":
    "not reachable: a correct host delivers nothing while killed. Covered by `prove`, which sends messages to the guest in every phase",
};

const restarts = ["CUT", "WATCHDOG", "TRAP"];
const traps = ["init", "TICK", "LINK", "GATE"];

/** Every mark that a sufficiently large swarm must reach, and those that no swarm can reach. */
export const EXPECTED_MARKS: readonly Expected[] = [
  ...MARK_NAMES.map((name) => `mark name=${name}`),
  ...PHASE_NAMES.map((name) => `gate phase=${name}`),
  ...BOOT_NAMES.map((name) => `boot reason=${name}`),
  ...restarts.map((name) => `restart reason=${name}`),
  ...traps.map((name) => `trap during=${name}`),
  ...["off", "sagging", "on", "reset"].map((name) => `supply state=${name}`),
  ...["on", "off"].map((name) => `radio power=${name}`),
  ...["up", "down"].map((name) => `link state=${name}`),
  ...["memory", "import", "export"].map((name) => `guest state=refused reason=${name}`),
  ...["SIZE", "FULL"].map((name) => `drop event=RX reason=${name}`),
].map((mark) => {
  const unreachable = UNREACHABLE[mark];
  return unreachable === undefined ? { mark } : { mark, unreachable };
});

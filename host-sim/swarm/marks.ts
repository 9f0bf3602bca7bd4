/**
 * What a swarm must have been through to say anything: marks by which a trace tells that a safety
 * branch was taken, and which of them no swarm can reach. Must not know how a run is drawn.
 */
import { BOOT_NAMES, MARK_NAMES, PHASE_NAMES } from "../abi.gen.ts";
import type { TraceLine } from "../scenario/trace.ts";

/** Kinds of lines that are marks as they stand. */
const WHOLE = new Set([
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

/** The mark that a line is; null if it is none. */
export function markOf({ kind, detail }: TraceLine): string | null {
  if (WHOLE.has(kind)) return `${kind} ${detail}`;
  if (kind !== "drop") return null;
  const more = detail.indexOf(" len=");
  return `drop ${more < 0 ? detail : detail.slice(0, more)}`;
}

export interface Expected {
  mark: string;
  /** Absent: reached by a swarm. Else why it cannot be, and what covers it. */
  unreachable?: string;
}

const UNREACHABLE: Readonly<Record<string, string>> = {
  "mark name=KILLED":
    "not reachable behind a sound host, which delivers nothing while killed: covered by `prove`, which fires messages at the guest in every phase",
};

const restarts = ["CUT", "WATCHDOG", "TRAP"];
const traps = ["init", "TICK", "LINK", "GATE"];

/** Every mark that a swarm of sufficient size must have reached, and those that none can. */
export const EXPECTED: readonly Expected[] = [
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

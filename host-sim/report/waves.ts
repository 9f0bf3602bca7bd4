/** Waveforms of a run, computed from its trace alone, so that they are the same for every target. */
import { PHASE_NAMES } from "../abi/abi.gen.ts";
import { initialObserved, type Observed, updateObserved } from "../scenario/observed.ts";
import { field, type TraceLine } from "../scenario/trace.ts";

/** A value from a time on, in ms. */
export interface Change {
  at: number;
  value: string;
}

/**
 * One signal. The first change is at 0 ms; times rise strictly, and neighbouring values differ.
 *
 * - `bit`: `0`, `1`, or `x` while it is not known
 * - `phase`: a name of PHASE_NAMES
 * - `epoch`: 16 hexadecimal digits, or `x` while there is none
 */
export interface Wave {
  name: string;
  kind: "bit" | "phase" | "epoch";
  changes: Change[];
}

/** What a bit shows, from the observed state. */
const BITS: Readonly<Record<string, (state: Observed) => string>> = {
  supply: ({ supply }) => level(supply === "on"),
  running: ({ running }) => level(running),
  contact_no: ({ contacts }) => contact(contacts, "on"),
  contact_nc: ({ contacts }) => contact(contacts, "kill"),
  permit: ({ phase }) => level(phase === "LIVE"),
  radio: ({ radio }) => level(radio === "on"),
  rail: ({ rail }) => (rail === "unknown" ? "x" : level(rail === "up")),
  link: ({ link }) => level(link === "up"),
  relay: ({ relay }) => level(relay === "on"),
  lamp: ({ lamp }) => level(lamp === "on"),
};

/** Signals that are 1 for the millisecond of an event. */
const PULSES: Readonly<Record<string, (kind: string, detail: string) => boolean>> = {
  rx: (kind) => kind === "rx",
  tx: (kind) => kind === "tx",
  accepted: (kind, detail) => kind === "mark" && detail === "name=ACCEPTED",
  trap: (kind) => kind === "trap",
};

/** The names of the signals, in the order in which they are shown. */
const ORDER = [
  ...["supply", "running", "contact_no", "contact_nc", "phase", "permit", "radio", "rail"],
  ...["link", "epoch", "rx", "tx", "accepted", "relay", "hold", "lamp", "trap"],
];

function level(on: boolean): string {
  return on ? "1" : "0";
}

function contact(contacts: Observed["contacts"], closed: "on" | "kill"): string {
  if (contacts === "unknown") return "x";
  return level(contacts === closed || contacts === "both");
}

/** Records a value. Of several values at one time the last one counts. */
function record(changes: Change[], at: number, value: string): void {
  if (changes.at(-1)?.at === at) changes.pop();
  if (changes.at(-1)?.value !== value) changes.push({ at, value });
}

/** Whether the hold is on after a line: its marks say so, and a lost retained block ends it. */
function holdAfter(held: string, kind: string, detail: string): string {
  if (kind !== "mark") return held;
  if (detail === "name=HOLD_BEGUN") return "1";
  return detail === "name=HOLD_ENDED" || detail === "name=RETAINED_LOST" ? "0" : held;
}

/** The epoch after a line: it ends with the session, when the board leaves LIVE. */
function epochAfter(epoch: string, state: Observed, kind: string, detail: string): string {
  if (kind === "epoch") return field(detail, "value") ?? "x";
  return state.phase === PHASE_NAMES[3] ? epoch : "x";
}

function kindOf(name: string): Wave["kind"] {
  return name === "phase" || name === "epoch" ? name : "bit";
}

/**
 * The waveforms of a trace. Lines of a target in real time may come out of order by its slack; such
 * a line takes the time of the one before it.
 */
export function wavesOf(lines: readonly TraceLine[]): Wave[] {
  const state = initialObserved();
  const all = new Map<string, Change[]>(ORDER.map((name) => [name, []]));
  const put = (name: string, at: number, value: string) => record(all.get(name) ?? [], at, value);
  let now = 0;
  let hold = "0";
  let epoch = "x";
  const show = () => {
    for (const [name, read] of Object.entries(BITS)) put(name, now, read(state));
    put("phase", now, state.phase);
    put("hold", now, hold);
    put("epoch", now, epoch);
  };
  show();
  for (const name of Object.keys(PULSES)) put(name, now, "0");
  for (const { at, kind, detail } of lines) {
    now = Math.max(now, at);
    updateObserved(state, kind, detail);
    hold = holdAfter(hold, kind, detail);
    epoch = epochAfter(epoch, state, kind, detail);
    show();
    for (const [name, fits] of Object.entries(PULSES)) {
      if (!fits(kind, detail) || all.get(name)?.at(-1)?.at === now + 1) continue;
      put(name, now, "1");
      put(name, now + 1, "0");
    }
  }
  return [...all].map(([name, changes]) => ({ name, kind: kindOf(name), changes }));
}

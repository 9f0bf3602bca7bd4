/**
 * Watches every line of every scenario for what must never happen, whatever the scenario asks. Reads
 * the trace, and what the controller sent; must not know the board behind the trace.
 *
 * I1  radio on only while LIVE and clean ON for ARM_MS; contacts not ON: radio off and LIVE left in
 *     the same ms; rail down within the board's time, or FAULT_RAIL announced; contacts that agree for
 *     longer than travel are announced as FAULT_CONTACT; a fault ends at a clean KILL position alone.
 * I2  nothing sent or delivered but LIVE, radio on, link up; a restart follows within the ms of a cut.
 * I3  no command executes but LIVE.
 * I4  no two epochs alike; a command executes only with its own epoch in force, and once.
 * I5  no relay.set executes while a hand holds the relay.
 * I8  every boot begins KILLED, radio off, for the reason announced.
 */
import type { BoardData } from "../board-data.ts";
import { crc32 } from "../crc32.ts";
import type { Fault } from "../virtual-board.ts";
import { initialObserved, type Observed, updateObserved } from "./observed.ts";
import { field, lineText } from "./trace.ts";

/** The gate's own times, stated anew: a monitor that read them from the gate would share its error. */
const ARM_MS = 50;
const TRAVEL_MS = 20;
const DISCHARGE_MS = 100;
/** Samples further apart than this do not count as uninterrupted, in ms. */
const GAP_MS = 10;

export interface Violation {
  /** `I1: what must hold`. */
  rule: string;
  /** The trace line that breaks it. */
  line: string;
}

/** What the controller knows of a message that it sent. */
export interface Sent {
  /** Hexadecimal. */
  epoch: string;
  /** False for one that nobody with the right key made as it is. */
  sound: boolean;
  /** As on the wire: `relay.set`. */
  op: string;
}

/** Kinds of lines that only a running board prints. */
const RUNNING_ONLY = new Set(["sense", "gate", "epoch", "rx", "tx", "link", "gpio", "mark", "log"]);

export class Monitor {
  readonly observed: Observed = initialObserved();
  violation: Violation | null = null;
  /** Set when the scenario has held the rail up: it may then stay up for a while. */
  railHeld = false;

  readonly #board: BoardData;
  readonly #slackMs: number;
  readonly #sent = new Map<string, Sent>();
  readonly #executed = new Set<string>();
  readonly #epochs = new Set<string>();
  #epoch = "";
  #lastRx = "";
  #onSince = Number.POSITIVE_INFINITY;
  /** When LIVE was left, or had to be: the radio is off and the board restarted in this ms. */
  #cutAt = Number.POSITIVE_INFINITY;
  #railOffAt = 0;
  #railFaultBy = Number.POSITIVE_INFINITY;
  /** Since when contacts agree, and when that must have been announced. */
  #agreeSince = Number.POSITIVE_INFINITY;
  #contactFaultBy = Number.POSITIVE_INFINITY;
  #bootReason = "POWER_ON";
  #held = false;
  #contacts = "";
  /** A hold that failing storage has not saved does not outlive a restart. */
  #storageFailed = false;

  /** `slackMs`: how far apart lines of one moment may be dated; none where time is virtual. */
  constructor(board: BoardData, slackMs = 0) {
    this.#board = board;
    this.#slackMs = slackMs;
  }

  /** The scenario puts a fault on the board. */
  fault(fault: Fault): void {
    // Contacts that read KILL at ON: copper feeds the rail, and it is announced.
    const lies = fault === "welded-nc" && this.#board.railFollows === "switch";
    this.railHeld ||= fault === "stuck-rail" || lies;
    this.#storageFailed ||= fault === "storage-fails";
  }

  /** The epoch in force, as the trace has it; empty for none. */
  get epoch(): string {
    return this.#epoch;
  }

  /** The controller sent these bytes, or had them sent. */
  sent(bytes: Uint8Array, facts: Sent): void {
    this.#sent.set(crc32(bytes), facts);
  }

  /** Time has run on to `now` by `ms` in which nothing was sampled: what was due comes late. */
  stalled(now: number, ms: number): void {
    if (ms > GAP_MS && this.observed.contacts === "on") this.#onSince = now;
    this.#railOffAt = Math.max(this.#railOffAt, now);
    if (this.#railFaultBy !== Number.POSITIVE_INFINITY)
      this.#railFaultBy = Math.max(this.#railFaultBy, now);
    if (this.#contactFaultBy !== Number.POSITIVE_INFINITY)
      this.#contactFaultBy = Math.max(this.#contactFaultBy, now);
  }

  /** A meter on the rail reads `rail` at `now`: a board that runs has said the same. */
  meter(now: number, rail: string): void {
    const { running, rail: told } = this.observed;
    if (this.violation !== null || !running || told === "unknown" || told === rail) return;
    this.violation = {
      rule: `I1: the rail is as the board tells it`,
      line: `@${now} rail ${rail}`,
    };
  }

  line(at: number, kind: string, detail: string): void {
    if (this.violation !== null) return;
    const broken = this.#overdue(at) ?? this.#check(at, kind, detail);
    if (broken !== null) this.violation = { rule: broken, line: lineText({ at, kind, detail }) };
    updateObserved(this.observed, kind, detail);
    this.#follow(at, kind, detail);
  }

  /** The run ends at `now`: what was due has happened by now. */
  end(now: number): void {
    if (this.violation !== null) return;
    const broken = this.#overdue(now);
    if (broken !== null) this.violation = { rule: broken, line: `@${now} end` };
  }

  /** What had to happen before `at` and did not. */
  #overdue(at: number): string | null {
    const { observed } = this;
    if (at > this.#cutAt + this.#slackMs) {
      if (observed.radio === "on") return "I1: the radio is off in the ms in which LIVE is left";
      return "I2: a restart follows in the ms in which LIVE is left";
    }
    const { dischargeMs } = this.#board;
    const falling = observed.rail === "up" && observed.radio === "off" && this.#railShouldFall();
    if (falling && !this.railHeld && at > this.#railOffAt + dischargeMs + 1 + this.#slackMs)
      return `I1: the rail is down within ${dischargeMs + 1} ms of its supply's end`;
    if (at > this.#contactFaultBy + this.#slackMs && !observed.phase.startsWith("FAULT"))
      return `I1: contacts that agree for over ${TRAVEL_MS} ms are announced as FAULT_CONTACT`;
    if (at <= this.#railFaultBy + this.#slackMs) return null;
    return `I1: a rail up for ${DISCHARGE_MS} ms at KILL is announced as FAULT_RAIL`;
  }

  #railShouldFall(): boolean {
    return this.#board.railFollows === "radio" || this.observed.contacts === "kill";
  }

  #check(at: number, kind: string, detail: string): string | null {
    const { observed } = this;
    if (!observed.running && RUNNING_ONLY.has(kind)) return "I2: a board that is down does nothing";
    if (kind === "gate") return this.#checkGate(at, detail);
    if (kind === "radio" && detail === "power=on")
      return observed.phase === "LIVE" ? null : "I1: radio on only while LIVE";
    if (kind === "link" && detail === "state=up")
      return observed.radio === "on" ? null : "I2: a link only with the radio on";
    if (kind === "rx" || kind === "tx") {
      const open = observed.phase === "LIVE" && observed.radio === "on" && observed.link === "up";
      return open ? null : "I2: a message only LIVE, with radio and link";
    }
    if (kind === "epoch") return this.#checkEpoch(field(detail, "value") ?? "");
    if (kind === "boot") {
      if (observed.running || observed.radio === "on") return "I8: a boot begins with all off";
      return detail === `reason=${this.#bootReason}` ? null : `I8: booted for ${this.#bootReason}`;
    }
    return kind === "mark" && detail === "name=ACCEPTED" ? this.#checkAccepted() : null;
  }

  #checkGate(at: number, detail: string): string | null {
    const { observed } = this;
    const cleared = observed.contacts === "kill" && observed.rail === "down";
    if (observed.phase === "FAULT_CONTACT" && observed.contacts !== "kill")
      return "I1: a fault of the contacts ends at a clean KILL position";
    if (observed.phase === "FAULT_RAIL" && !cleared)
      return "I1: a fault of the rail ends at a clean KILL position, with the rail down";
    const agreed = at - this.#agreeSince + this.#slackMs;
    if (detail === "phase=FAULT_CONTACT" && !(agreed > TRAVEL_MS))
      return `I1: FAULT_CONTACT only for contacts that agree for over ${TRAVEL_MS} ms`;
    if (detail !== "phase=LIVE") return null;
    if (observed.phase !== "ARMING") return "I1: LIVE only from ARMING";
    if (observed.contacts !== "on" || at - this.#onSince < ARM_MS - this.#slackMs)
      return `I1: LIVE only after ${ARM_MS} ms of clean ON`;
    return null;
  }

  #checkEpoch(value: string): string | null {
    if (this.observed.phase !== "LIVE") return "I4: an epoch is drawn only on going LIVE";
    if (/^0*$/.test(value)) return "I4: the epoch of all zeroes is never drawn";
    return this.#epochs.has(value) ? "I4: no two epochs are alike" : null;
  }

  #checkAccepted(): string | null {
    const { observed } = this;
    if (observed.phase !== "LIVE" || observed.link !== "up") return "I3: nothing executes but LIVE";
    const sent = this.#sent.get(this.#lastRx);
    if (sent === undefined) return null;
    if (!sent.sound) return "I7: what nobody signed never executes";
    if (sent.epoch !== this.#epoch) return "I4: a command of another epoch never executes";
    if (this.#executed.has(this.#lastRx)) return "I4: a command executes once";
    if (sent.op === "relay.set" && this.#held) return "I5: a held relay obeys no remote";
    return null;
  }

  /** Takes the line into what is owed from here on. The state has it already. */
  #follow(at: number, kind: string, detail: string): void {
    const { observed } = this;
    if (kind === "sense") this.#followContacts(at);
    else if (kind === "gate") {
      if (detail === "phase=LIVE") this.#cutAt = Number.POSITIVE_INFINITY;
      else if (this.#epoch !== "") this.#cutAt = Math.min(this.#cutAt, at);
    } else if (kind === "epoch") {
      this.#epoch = field(detail, "value") ?? "";
      this.#epochs.add(this.#epoch);
    } else if (kind === "rx") this.#lastRx = field(detail, "crc") ?? "";
    else if (kind === "radio") this.#railOffAt = at;
    else if (kind === "mark") this.#followMark(detail);
    else if (kind === "boot" && this.#storageFailed) this.#held = false;
    else if (kind === "restart" || kind === "supply") {
      this.#epoch = "";
      this.#cutAt = Number.POSITIVE_INFINITY;
      this.#onSince = Number.POSITIVE_INFINITY;
      this.#contacts = "";
      this.#agree(Number.POSITIVE_INFINITY);
      this.#bootReason = reasonAfter(kind, detail, this.#bootReason);
    } else if (kind === "boot" && this.#board.railFollows === "switch") this.#railOffAt = at;
    const stuck =
      observed.contacts === "kill" && observed.rail === "up" && observed.phase !== "FAULT_RAIL";
    if (!stuck) this.#railFaultBy = Number.POSITIVE_INFINITY;
    else if (this.#railFaultBy === Number.POSITIVE_INFINITY)
      // One more: the gate's count begins at the sample after one that ended a contact fault.
      this.#railFaultBy = at + Math.max(DISCHARGE_MS, this.#board.dischargeMs) + 1;
  }

  #followContacts(at: number): void {
    const { observed } = this;
    // Copper feeds a bouncing slider's rail again and again, whatever a welded contact reads.
    const moved = observed.contacts !== this.#contacts;
    this.#contacts = observed.contacts;
    if (observed.contacts === "on" || observed.contacts === "kill")
      this.#agree(Number.POSITIVE_INFINITY);
    else this.#agree(Math.min(this.#agreeSince, at));
    if (moved && this.#board.railFollows === "switch") this.#railOffAt = at;
    if (observed.contacts === "on") {
      this.#onSince = Math.min(this.#onSince, at);
      return;
    }
    this.#onSince = Number.POSITIVE_INFINITY;
    if (observed.phase === "LIVE" || observed.radio === "on") this.#cutAt = at;
  }

  #agree(since: number): void {
    if (since === this.#agreeSince) return;
    this.#agreeSince = since;
    this.#contactFaultBy = since + TRAVEL_MS + 1;
  }

  #followMark(detail: string): void {
    if (detail === "name=HOLD_BEGUN") this.#held = true;
    else if (detail === "name=HOLD_ENDED" || detail === "name=RETAINED_LOST") this.#held = false;
    else if (detail === "name=ACCEPTED") this.#executed.add(this.#lastRx);
  }
}

/** The reason that the next boot must give. */
function reasonAfter(kind: string, detail: string, before: string): string {
  if (kind === "restart") return field(detail, "reason") ?? "";
  if (detail === "state=sagging") return "BROWN_OUT";
  if (detail === "state=reset") return "RESET";
  return detail === "state=off" ? "POWER_ON" : before;
}

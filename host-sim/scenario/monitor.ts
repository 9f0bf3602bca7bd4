/**
 * Checks the invariants on every trace line of every scenario, whatever the scenario itself checks.
 * Its input is the trace, and the commands that the controller sent.
 *
 * I1  The radio is on only in LIVE, after ARM_MS of clean ON. When the contacts leave ON, the radio
 *     is off and LIVE is left in the same ms. The rail is down within the board's discharge time,
 *     or FAULT_RAIL is announced. Contacts that are equal for longer than TRAVEL_MS are announced
 *     as FAULT_CONTACT. A fault ends only at a clean KILL position.
 * I2  Messages are sent and delivered only in LIVE, with radio and link up. A cut restarts the
 *     board in the same ms.
 * I3  Commands execute only in LIVE.
 * I4  No epoch is drawn twice. A command executes only in its own epoch, and once.
 * I5  No relay.set executes during a hold.
 * I8  Every boot begins KILLED with the radio off, and reports the reason of the restart before it.
 */
import type { BoardData } from "../base/board-data.ts";
import { crc32 } from "../base/crc32.ts";
import type { Fault } from "../sim/virtual-board.ts";
import { initialObserved, type Observed, updateObserved } from "./observed.ts";
import { field, lineText } from "./trace.ts";

/** The gate's times in ms. They are repeated here, so that an error in the gate's own is found. */
const ARM_MS = 50;
const TRAVEL_MS = 20;
const DISCHARGE_MS = 100;
/** Samples further apart than this interrupt the time of clean ON, in ms. */
const GAP_MS = 10;

export interface Violation {
  /** The invariant's number and what must hold: `I1: ...`. */
  rule: string;
  /** The trace line that violates it. */
  line: string;
}

/** Facts of a message that the controller sent. */
export interface SentFacts {
  /** In hexadecimal. */
  epoch: string;
  /** Whether its principal signed these bytes. */
  genuine: boolean;
  /** The operation: `relay.set`. */
  op: string;
}

/** Kinds of trace lines that only a running board prints. */
const RUNNING_ONLY = new Set(["sense", "gate", "epoch", "rx", "tx", "link", "gpio", "mark", "log"]);

export class Monitor {
  readonly observed: Observed = initialObserved();
  violation: Violation | null = null;
  /** The scenario holds the rail up, so that the discharge time does not apply. */
  railHeld = false;

  readonly #board: BoardData;
  readonly #slackMs: number;
  readonly #sent = new Map<string, SentFacts>();
  readonly #executed = new Set<string>();
  readonly #epochs = new Set<string>();
  #epoch = "";
  #lastRx = "";
  #onSince = Number.POSITIVE_INFINITY;
  /** When LIVE was left or had to be left. In this ms the radio goes off and the board restarts. */
  #cutAt = Number.POSITIVE_INFINITY;
  #railOffAt = 0;
  #railFaultBy = Number.POSITIVE_INFINITY;
  /** Since when both contacts are equal, and when FAULT_CONTACT is due because of that. */
  #equalSince = Number.POSITIVE_INFINITY;
  #contactFaultBy = Number.POSITIVE_INFINITY;
  #bootReason = "POWER_ON";
  #held = false;
  #contacts = "";
  /** The scenario made storage fail, so that a hold may not have been saved for the next boot. */
  #storageFailed = false;

  /** `slackMs`: how much the times of simultaneous trace lines may differ. 0 in virtual time. */
  constructor(board: BoardData, slackMs = 0) {
    this.#board = board;
    this.#slackMs = slackMs;
  }

  /** The scenario sets a fault. */
  fault(fault: Fault): void {
    // With NC welded, the contacts do not read ON while the switch feeds the rail.
    const railIsFed = fault === "welded-nc" && this.#board.railFollows === "switch";
    this.railHeld ||= fault === "stuck-rail" || railIsFed;
    this.#storageFailed ||= fault === "storage-fails";
  }

  /** The current epoch according to the trace; "" if there is none. */
  get epoch(): string {
    return this.#epoch;
  }

  /** The controller publishes these bytes. */
  sent(bytes: Uint8Array, facts: SentFacts): void {
    this.#sent.set(crc32(bytes), facts);
  }

  /** The processor stood still for `ms` until `now`. It sampled nothing, so due events come late. */
  stalled(now: number, ms: number): void {
    if (ms > GAP_MS && this.observed.contacts === "on") this.#onSince = now;
    this.#railOffAt = Math.max(this.#railOffAt, now);
    if (this.#railFaultBy !== Number.POSITIVE_INFINITY)
      this.#railFaultBy = Math.max(this.#railFaultBy, now);
    if (this.#contactFaultBy !== Number.POSITIVE_INFINITY)
      this.#contactFaultBy = Math.max(this.#contactFaultBy, now);
  }

  /** A meter on the rail reads `rail` at `now`. A running board must have reported that level. */
  meter(now: number, rail: string): void {
    const { running, rail: reported } = this.observed;
    if (this.violation !== null || !running || reported === "unknown" || reported === rail) return;
    this.violation = {
      rule: "I1: the board reports the level that a meter on the rail shows",
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

  /** The run ends at `now`. Everything due must have happened. */
  end(now: number): void {
    if (this.violation !== null) return;
    const broken = this.#overdue(now);
    if (broken !== null) this.violation = { rule: broken, line: `@${now} end` };
  }

  /** The rule of an event that was due before `at` and did not happen; null if there is none. */
  #overdue(at: number): string | null {
    const { observed } = this;
    if (at > this.#cutAt + this.#slackMs) {
      if (observed.radio === "on") return "I1: the radio goes off in the ms in which LIVE is left";
      return "I2: the board restarts in the ms in which LIVE is left";
    }
    const { dischargeMs } = this.#board;
    const falling = observed.rail === "up" && observed.radio === "off" && this.#railShouldFall();
    if (falling && !this.railHeld && at > this.#railOffAt + dischargeMs + 1 + this.#slackMs)
      return `I1: the rail is down ${dischargeMs + 1} ms after its supply ends`;
    if (at > this.#contactFaultBy + this.#slackMs && !observed.phase.startsWith("FAULT"))
      return `I1: contacts that are equal for over ${TRAVEL_MS} ms are announced as FAULT_CONTACT`;
    if (at <= this.#railFaultBy + this.#slackMs) return null;
    return `I1: a rail that is up for ${DISCHARGE_MS} ms at KILL is announced as FAULT_RAIL`;
  }

  #railShouldFall(): boolean {
    return this.#board.railFollows === "radio" || this.observed.contacts === "kill";
  }

  #check(at: number, kind: string, detail: string): string | null {
    const { observed } = this;
    if (!observed.running && RUNNING_ONLY.has(kind)) return "I2: a stopped board does nothing";
    if (kind === "gate") return this.#checkGate(at, detail);
    if (kind === "radio" && detail === "power=on")
      return observed.phase === "LIVE" ? null : "I1: the radio goes on only in LIVE";
    if (kind === "link" && detail === "state=up")
      return observed.radio === "on" ? null : "I2: the link comes up only with the radio on";
    if (kind === "rx" || kind === "tx") {
      const open = observed.phase === "LIVE" && observed.radio === "on" && observed.link === "up";
      return open ? null : "I2: messages pass only in LIVE, with radio and link up";
    }
    if (kind === "epoch") return this.#checkEpoch(field(detail, "value") ?? "");
    if (kind === "boot") {
      if (observed.running || observed.radio === "on")
        return "I8: a boot begins with the board stopped and the radio off";
      if (detail === `reason=${this.#bootReason}`) return null;
      return `I8: the reason of this boot is ${this.#bootReason}`;
    }
    return kind === "mark" && detail === "name=ACCEPTED" ? this.#checkAccepted() : null;
  }

  #checkGate(at: number, detail: string): string | null {
    const { observed } = this;
    const cleared = observed.contacts === "kill" && observed.rail === "down";
    if (observed.phase === "FAULT_CONTACT" && observed.contacts !== "kill")
      return "I1: FAULT_CONTACT ends only at a clean KILL position";
    if (observed.phase === "FAULT_RAIL" && !cleared)
      return "I1: FAULT_RAIL ends only at a clean KILL position with the rail down";
    const equalMs = at - this.#equalSince + this.#slackMs;
    if (detail === "phase=FAULT_CONTACT" && !(equalMs > TRAVEL_MS))
      return `I1: FAULT_CONTACT needs contacts that are equal for over ${TRAVEL_MS} ms`;
    if (detail !== "phase=LIVE") return null;
    if (observed.phase !== "ARMING") return "I1: LIVE is entered only from ARMING";
    if (observed.contacts !== "on" || at - this.#onSince < ARM_MS - this.#slackMs)
      return `I1: LIVE is entered only after ${ARM_MS} ms of clean ON`;
    return null;
  }

  #checkEpoch(value: string): string | null {
    if (this.observed.phase !== "LIVE") return "I4: an epoch is drawn only when LIVE is entered";
    if (/^0*$/.test(value)) return "I4: the epoch of all zeros is never drawn";
    return this.#epochs.has(value) ? "I4: no epoch is drawn twice" : null;
  }

  #checkAccepted(): string | null {
    const { observed } = this;
    if (observed.phase !== "LIVE" || observed.link !== "up")
      return "I3: commands execute only in LIVE with the link up";
    const sent = this.#sent.get(this.#lastRx);
    if (sent === undefined) return null;
    if (!sent.genuine) return "I7: a message that is not genuine never executes";
    if (sent.epoch !== this.#epoch) return "I4: a command of another epoch never executes";
    if (this.#executed.has(this.#lastRx)) return "I4: a command executes only once";
    if (sent.op === "relay.set" && this.#held)
      return "I5: no remote command moves the relay during a hold";
    return null;
  }

  /** Updates what is due from this line on. `observed` already includes the line. */
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
      this.#setEqualSince(Number.POSITIVE_INFINITY);
      this.#bootReason = reasonAfter(kind, detail, this.#bootReason);
    } else if (kind === "boot" && this.#board.railFollows === "switch") this.#railOffAt = at;
    const stuck =
      observed.contacts === "kill" && observed.rail === "up" && observed.phase !== "FAULT_RAIL";
    if (!stuck) this.#railFaultBy = Number.POSITIVE_INFINITY;
    else if (this.#railFaultBy === Number.POSITIVE_INFINITY)
      // One ms more: after a contact fault the gate starts to count at the next sample.
      this.#railFaultBy = at + Math.max(DISCHARGE_MS, this.#board.dischargeMs) + 1;
  }

  #followContacts(at: number): void {
    const { observed } = this;
    // While the switch bounces it feeds the rail repeatedly, even if a welded contact reads the
    // same.
    const moved = observed.contacts !== this.#contacts;
    this.#contacts = observed.contacts;
    if (observed.contacts === "on" || observed.contacts === "kill")
      this.#setEqualSince(Number.POSITIVE_INFINITY);
    else this.#setEqualSince(Math.min(this.#equalSince, at));
    if (moved && this.#board.railFollows === "switch") this.#railOffAt = at;
    if (observed.contacts === "on") {
      this.#onSince = Math.min(this.#onSince, at);
      return;
    }
    this.#onSince = Number.POSITIVE_INFINITY;
    if (observed.phase === "LIVE" || observed.radio === "on") this.#cutAt = at;
  }

  #setEqualSince(since: number): void {
    if (since === this.#equalSince) return;
    this.#equalSince = since;
    this.#contactFaultBy = since + TRAVEL_MS + 1;
  }

  #followMark(detail: string): void {
    if (detail === "name=HOLD_BEGUN") this.#held = true;
    else if (detail === "name=HOLD_ENDED" || detail === "name=RETAINED_LOST") this.#held = false;
    else if (detail === "name=ACCEPTED") this.#executed.add(this.#lastRx);
  }
}

/** The reason that the next boot must report. */
function reasonAfter(kind: string, detail: string, before: string): string {
  if (kind === "restart") return field(detail, "reason") ?? "";
  if (detail === "state=sagging") return "BROWN_OUT";
  if (detail === "state=reset") return "RESET";
  return detail === "state=off" ? "POWER_ON" : before;
}

/**
 * The state of a board, computed from its trace alone, so that `expect` steps work the same on
 * every target.
 */
import { PHASE_NAMES } from "../abi/abi.gen.ts";
import { field } from "./trace.ts";

export interface Observed {
  supply: "on" | "off";
  /** False from a restart to the next boot. */
  running: boolean;
  phase: string;
  radio: "on" | "off";
  /** Unknown until it is sampled. */
  rail: "up" | "down" | "unknown";
  contacts: "on" | "kill" | "neither" | "both" | "unknown";
  relay: "on" | "off";
  lamp: "on" | "off";
  link: "up" | "down";
  /** The reason of the last boot; `none` before the first one. */
  boot: string;
}

const KILLED = PHASE_NAMES[0];

export function initialObserved(): Observed {
  return {
    supply: "on",
    running: false,
    phase: KILLED,
    radio: "off",
    rail: "unknown",
    contacts: "unknown",
    relay: "off",
    lamp: "off",
    link: "down",
    boot: "none",
  };
}

function stopped(state: Observed): void {
  state.running = false;
  state.phase = KILLED;
  state.rail = "unknown";
  state.contacts = "unknown";
  state.link = "down";
}

/** The state of the contacts, from NO and NC. */
function contactsOf(no: boolean, nc: boolean): Observed["contacts"] {
  if (no) return nc ? "both" : "on";
  return nc ? "kill" : "neither";
}

/** Updates the state with one trace line. */
export function updateObserved(state: Observed, kind: string, detail: string): void {
  if (kind === "sense") {
    state.contacts = contactsOf(detail.includes("no=1"), detail.includes("nc=1"));
    state.rail = detail.includes("rail=1") ? "up" : "down";
  } else if (kind === "gate") {
    state.phase = field(detail, "phase") ?? state.phase;
  } else if (kind === "radio") {
    state.radio = detail === "power=on" ? "on" : "off";
    if (state.radio === "off") state.link = "down";
  } else if (kind === "link") {
    state.link = detail === "state=up" ? "up" : "down";
  } else if (kind === "gpio") {
    const level = detail.endsWith("level=1") ? "on" : "off";
    if (detail.startsWith("pin=RELAY ")) state.relay = level;
    else if (detail.startsWith("pin=LAMP ")) state.lamp = level;
  } else if (kind === "boot") {
    state.running = true;
    state.boot = field(detail, "reason") ?? state.boot;
  } else if (kind === "restart") {
    stopped(state);
  } else if (kind === "trap") {
    // A trap in init releases the relay.
    if (detail === "during=init") state.relay = "off";
  } else if (kind === "supply") {
    stopped(state);
    state.supply = detail === "state=off" || detail === "state=sagging" ? "off" : "on";
    // Without a supply the pins are low.
    if (state.supply === "off") {
      state.relay = "off";
      state.lamp = "off";
    }
  }
}

// The records in the recorder's memory. ../recorder-memory.ts lists the same fields in the same order,
// for TypeScript.
import { State } from "../../../../firmware/device/state.gen";
import { CONTROL, EVENT_KEY, MESSAGE_KEY, START_STATE, STATE } from "./memory-map";

/** Registers: settings, the event in progress, and results. */
@unmanaged
export class Control {
  /** Bit k: attempt k to write fails. */
  failWrites: u32;
  /** 1 if the network accepts messages. */
  netAccepts: u32;
  /** Number of the event that is fired, and its row. */
  event: u32;
  row: EventRow;
  /** Abstract state before the event, and after it: -1 if a field is out of its range. */
  before: u32;
  after: i32;
  /** Length of what mac_sign() was last called for. */
  signedLength: u32;
  /** 1 if a message of this event broke a rule. */
  messageBroken: u32;
  transitions: u32;
  newStates: u32;
  digest: u32;
  /** Number of events fired; selects the poison. */
  poisonTurn: u32;
  /** 1: check messages as they are sent. */
  checkMessages: u32;
  /** Last level of the lamp's pin; -1 if it was not driven. */
  lamp: i32;
  /** Attempts to write. */
  attempts: u32;
  /** 1: check every transition, known or not. */
  recheck: u32;
  /** Addresses in the guest's memory. */
  statePtr: usize;
  rxPtr: usize;
  /** The model's epoch. */
  epochLow: u32;
  epochHigh: u32;
  /** Number of ObservedWord at OBSERVED_BY_EVENT and at OBSERVED_BY_MESSAGE. */
  observedByEvent: u32;
  observedByMessage: u32;
}

/** An event of the model. */
@unmanaged
export class EventRow {
  /** Arguments of on_event(). */
  kind: u32;
  a: u32;
  b: u32;
  /** Bit per countdown: it ends now. `ms`: the time that passes. */
  ends: u32;
  ms: u32;
  /** 1: an EPOCH event comes first. */
  epoch: u32;
  failWrites: u32;
  netAccepts: u32;
  /** VARIANT_*: this row follows the event that it is a variant of. */
  variantOf: u32;
  /** Address of the message of an RX event, of `b` bytes; 0 for other events. */
  message: usize;
  /** What the principal signed, and the genuine tag; `structure` is 0 if nobody signed the message. */
  principal: u32;
  structure: usize;
  structureLength: u32;
  tag: usize;
  /** Number of the facts that a check may know of the event, and of the message that a reply answers. */
  facts: u32;
  answered: i32;
}

/** What the guest did in an event. The head of its key. */
@unmanaged
export class Effects {
  facts: u32;
  /** Last level of the relay's pin, and last argument of radio_request(); -1 if there was none. */
  relay: i32;
  radio: i32;
  /** Bit per MARK. */
  marks: u32;
  sends: u32;
  verifies: u32;
  writes: u32;
}

/** The head of a message's key. */
@unmanaged
export class MessageHead {
  /** CHANNEL, and the PRINCIPAL from bit 4 on. */
  to: u32;
  length: u32;
  signedLength: u32;
  /** Number of the message that a reply answers; -1 for other messages. `marks`: 0 for these. */
  answered: i32;
  marks: u32;
  writes: u32;
}

@unmanaged
export class WriteRow {
  region: u32;
  offset: u32;
  length: u32;
}

/** A word of the state region that checks may read: its observed bits and its offset. */
@unmanaged
export class ObservedWord {
  mask: u64;
  offset: u64;
}

export const control = changetype<Control>(CONTROL);
export const effects = changetype<Effects>(EVENT_KEY);
export const messageHead = changetype<MessageHead>(MESSAGE_KEY);
export const startState = changetype<State>(START_STATE);
export const state = changetype<State>(STATE);

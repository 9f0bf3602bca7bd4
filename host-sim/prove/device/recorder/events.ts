// Fires events at the guest, and has each transition checked that the memo does not know.
import { CHANNEL_REPLY, EVENT_EPOCH } from "../../../../firmware/device/abi.gen";
import { STATE_LEN, State } from "../../../../firmware/device/state.gen";
import { abstractState } from "./abstract-state";
import { onEvent, prepare, read, readPadded, write, writeWord } from "./guest-page";
import * as host from "./host";
import { hashOfEntry, isKnown, learn } from "./memo";
import {
  ALL_WRITES_FAIL,
  BLOCK,
  EVENT_KEY,
  EVENT_KEY_CHANGES,
  EVENT_ROW,
  EVENTS,
  FACTORS,
  MESSAGE_KEY,
  MESSAGE_KEY_CHANGES,
  NEW_STATES,
  OBSERVED_BY_EVENT,
  OBSERVED_BY_MESSAGE,
  SIGNED,
  START_STATE,
  STATE,
  STATE_ROOM,
  VARIANT_NONE,
  VARIANT_SENDS,
  VISITED,
  WRITE_ROW,
  WRITES,
} from "./memory-map";
import { control, EventRow, effects, messageHead, ObservedWord } from "./records";
import * as countdown from "./state-bits";

/** The bytes with which the guest's memory is poisoned, in turn. */
const POISONS: u32 = 0x00ff5aa5;
const FACTOR: u64 = ((0x9e3779b9 as u64) << 32) | 0x7f4a7c15;
const DIGEST_PRIME: u32 = 0x9e3779b1;
/** A hash of all changes of the state by the last event. */
let changes: u32 = 0;

/** Call once, before anything else. */
export function init(): void {
  if (STATE_LEN > STATE_ROOM || STATE_LEN % 4 !== 0) unreachable();
  let factor = FACTOR;
  for (let at: usize = 0; at < STATE_ROOM; at += 8) {
    store<u64>(FACTORS + at, factor);
    factor *= FACTOR * FACTOR;
  }
}

function wholeBlocks(bytes: u32): u32 {
  return (bytes + BLOCK - 1) & -BLOCK;
}

function rowOf(event: u32): EventRow {
  return changetype<EventRow>(EVENTS + EVENT_ROW * (event + 1));
}

function addToDigest(value: u32): void {
  control.digest = (control.digest ^ value) * DIGEST_PRIME;
}

/** Forgets what the guest did. */
export function clear(): void {
  control.lamp = -1;
  control.attempts = 0;
  control.signedLength = 0;
  control.messageBroken = 0;
  effects.relay = -1;
  effects.radio = -1;
  effects.marks = 0;
  effects.sends = 0;
  effects.verifies = 0;
  effects.writes = 0;
}

/** Puts poison, the constants and the start state into the guest's memory. */
export function begin(): void {
  control.poisonTurn++;
  prepare((POISONS >>> ((control.poisonTurn & 3) << 3)) & 255);
  write(control.statePtr, STATE_LEN, START_STATE);
}

/** Copies the guest's state. Returns it as an abstract state, or -1 if a field is out of its range. */
export function readState(): i32 {
  read(control.statePtr, STATE_LEN, STATE);
  return abstractState();
}

/** Notes an abstract state as new, unless it was visited before. */
export function visit(abstract: u32, event: u32): void {
  const at: usize = VISITED + (abstract >>> 3);
  const bit = 1 << (abstract & 7);
  const bits = load<u8>(at) as u32;
  if ((bits & bit) !== 0) return;
  store<u8>(at, bits | bit);
  const row: usize = NEW_STATES + (control.newStates << 3);
  store<u32>(row, abstract);
  store<u32>(row, event, 4);
  control.newStates++;
}

/** Writes the observed bits that differ from the start state. `words`: ObservedWord. */
function putChanges(words: usize, count: u32, to: usize): void {
  const end = to + 8 * count;
  for (let row = words; to < end; to += 8, row += 16) {
    const word = changetype<ObservedWord>(row);
    const offset = word.offset as usize;
    const change = load<u64>(STATE + offset) ^ load<u64>(START_STATE + offset);
    store<u64>(to, change & word.mask);
  }
}

function hashChanges(): u32 {
  let sum: u64 = 0;
  for (let at: usize = 0; at < STATE_ROOM; at += 8)
    sum += (load<u64>(STATE + at) ^ load<u64>(START_STATE + at)) * load<u64>(FACTORS + at);
  return (sum ^ (sum >> 32)) as u32;
}

function endCountdown(row: EventRow, index: u32, offset: usize): void {
  if (((row.ends >>> index) & 1) !== 0 && load<u32>(START_STATE + offset) !== 0)
    writeWord(control.statePtr + offset, row.ms);
}

/** Fires an event from the start state. Returns the abstract state after it, or -1. */
function fire(row: EventRow): i32 {
  clear();
  control.failWrites = row.failWrites;
  control.netAccepts = row.netAccepts;
  begin();
  if (row.message !== 0) write(control.rxPtr, row.b, row.message);
  if (row.ends !== 0) {
    endCountdown(row, countdown.QUIET, offsetof<State>("quietMs"));
    endCountdown(row, countdown.IDENTIFY, offsetof<State>("identifyMs"));
    endCountdown(row, countdown.HOLD, offsetof<State>("holdMs"));
    endCountdown(row, countdown.REFUSED, offsetof<State>("refusedMs"));
    endCountdown(row, countdown.TELEMETRY, offsetof<State>("telemetryMs"));
  }
  if (row.epoch !== 0) onEvent(EVENT_EPOCH, control.epochLow, control.epochHigh);
  onEvent(row.kind, row.a, row.b);
  const after = readState();
  changes = hashChanges();
  putChanges(OBSERVED_BY_EVENT, control.observedByEvent, EVENT_KEY_CHANGES);
  return after;
}

/** A message's `to` is its CHANNEL, and the PRINCIPAL from bit 4 on. */
const CHANNEL_MASK: u32 = 15;

/** Checks a message as it is sent, in the state in which it is sent. */
export function checkMessage(to: u32, ptr: usize, length: u32): void {
  const writes = effects.writes;
  read(control.statePtr, STATE_LEN, STATE);
  putChanges(OBSERVED_BY_MESSAGE, control.observedByMessage, MESSAGE_KEY_CHANGES);
  messageHead.to = to;
  messageHead.length = length;
  messageHead.signedLength = control.signedLength;
  messageHead.writes = writes;
  // Only a reply depends on the message that it answers, and on how the guest decided.
  const isReply = (to & CHANNEL_MASK) === CHANNEL_REPLY;
  messageHead.answered = isReply ? control.row.answered : -1;
  messageHead.marks = isReply ? effects.marks : 0;
  let end: usize = SIGNED + wholeBlocks(control.signedLength);
  readPadded(ptr, length, end);
  end += wholeBlocks(length);
  if (writes !== 0) {
    memory.copy(end, WRITES, writes * WRITE_ROW);
    end += writes * WRITE_ROW;
  }
  const keyLength = (end - MESSAGE_KEY) as u32;
  if (!isKnown(MESSAGE_KEY, keyLength)) {
    const reads = host.checkMessage(to, ptr, length);
    if (reads < 0) {
      control.messageBroken = 1;
      return;
    }
    learn(MESSAGE_KEY, keyLength, reads);
  }
  addToDigest(hashOfEntry());
}

/** Fires an event and checks the transition. Returns false if it breaks a rule. */
function fireAndCheck(event: u32): bool {
  const row = rowOf(event);
  control.event = event;
  control.row = row;
  control.transitions++;
  const after = fire(row);
  control.after = after;
  effects.facts = row.facts;
  const length = ((WRITES - EVENT_KEY) as u32) + effects.writes * WRITE_ROW;
  const isGood = isKnown(EVENT_KEY, length);
  if (!isGood || after < 0 || control.messageBroken !== 0 || control.recheck !== 0) {
    const reads = host.checkEvent();
    if (reads < 0) return false;
    learn(EVENT_KEY, length, reads);
  }
  addToDigest(hashOfEntry());
  const pins = (control.attempts << 24) ^ ((control.lamp as u32) << 30);
  addToDigest((after as u32) ^ changes ^ pins);
  visit(after, event);
  return true;
}

/**
 * Whether a variant can differ from an event that made so many attempts to write and to send. If there
 * was one attempt to write, the variant in which the first fails is the one in which all fail.
 */
function canDiffer(row: EventRow, attempts: u32, sends: u32): bool {
  if (row.variantOf === VARIANT_SENDS) return sends !== 0;
  if (row.failWrites === ALL_WRITES_FAIL) return attempts !== 0;
  return attempts > 1 && ((row.failWrites < 1 << attempts) as u32);
}

/** Fires the events of a list, with their variants. Stops at the first that breaks a rule: false. */
export function run(list: usize, count: u32): bool {
  for (let at = list; at < list + 4 * count; at += 4) {
    let event = load<u32>(at);
    if (!fireAndCheck(event)) return false;
    const attempts = control.attempts;
    const sends = effects.sends;
    if ((attempts | sends) === 0) continue;
    event++;
    for (let row = rowOf(event); row.variantOf !== VARIANT_NONE; row = rowOf(event)) {
      if (canDiffer(row, attempts, sends) && !fireAndCheck(event)) return false;
      event++;
    }
  }
  return true;
}

/** Fires the events of a list, without variants, and checks nothing: for the benchmark. */
export function fireOnly(list: usize, count: u32): void {
  for (let at = list; at < list + 4 * count; at += 4) {
    control.row = rowOf(load<u32>(at));
    fire(control.row);
  }
}

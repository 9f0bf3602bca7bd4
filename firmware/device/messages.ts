// What the device sends: replies, status and telemetry, each a COSE_Mac0 to one principal, under the key
// for what the device says to that principal. Nothing is sent unless LIVE. Payloads: docs/PROTOCOL.md.
import {
  CHANNEL_REPLY,
  CHANNEL_STATUS,
  CHANNEL_TELEMETRY,
  CODE_EXPIRED,
  CODE_HOLD,
  CODE_REPLAY,
  EPOCH_BYTES,
  mac_sign,
  net_send,
  OP_JOURNAL_READ,
  OP_RELAY_GET,
  OP_STATUS,
  OP_TELEMETRY_READ,
  PRINCIPAL_COUNT,
  REPLY_TAG_BYTES,
  RING_LOCAL,
  RING_REMOTE,
  STATUS_OK,
  TAG_BYTES,
} from "./abi.gen";
import { same } from "./bytes";
import { writeBegin, writeBool, writeBytes, writeEnd, writeInt, writeMap, writeUint } from "./cbor";
import {
  kidLen,
  kidPtr,
  mac0Build,
  mac0Finish,
  mac0Structure,
  macStructurePtr,
  PAYLOAD_MARGIN,
  PAYLOAD_MAX,
  tagPtr,
} from "./cose";
import { journalHead } from "./journal";
import { hasRight, isLastAccepted, live } from "./policy";
import { increment, state } from "./state";

/**
 * Key identifiers (RFC 9052, 3.1) in the order of PRINCIPAL. Rows of 16 bytes: length u8, then
 * ASCII.
 */
const KIDS: usize = memory.data<u8>([
  5, 0x6f, 0x77, 0x6e, 0x65, 0x72, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0x70, 0x72, 0x6f, 0x76, 0x69,
  0x64, 0x65, 0x72, 0, 0, 0, 0, 0, 0, 0, 12, 0x6d, 0x61, 0x6e, 0x75, 0x66, 0x61, 0x63, 0x74, 0x75,
  0x72, 0x65, 0x72, 0, 0, 0,
]);

/** A message on its way out: its payload, and room for the rest around it. */
const OUT: usize = memory.data(1024, 8);
const PAYLOAD: usize = OUT + PAYLOAD_MARGIN;

/** The principal that the last parsed message names; PRINCIPAL_COUNT for any other. */
export function principalNamed(): u32 {
  const length = kidLen();
  for (let principal: u32 = 0; principal < PRINCIPAL_COUNT; principal++) {
    const row = KIDS + ((principal as usize) << 4);
    if (length === load<u8>(row) && same(kidPtr(), row + 1, length)) return principal;
  }
  return PRINCIPAL_COUNT;
}

/**
 * How payloads begin, little-endian. A reply: 86 (an array of 6), 00 (a reply), 50 (a byte string of 16);
 * then the command's tag, 48 (a byte string of 8), the epoch. A report: 85 (an array of 5), 01 (status) or
 * 02 (telemetry), 48, the epoch. Stored as numbers: writeArray() and writeBytes() would cost 1,270
 * instructions more for each message on RV32, of 14,000 that are not MACs (`npm run bench -- boards`).
 */
const REPLY_HEAD: u32 = 0x500086;
const REPLY_HEAD_BYTES: u32 = 3 + REPLY_TAG_BYTES + 1 + EPOCH_BYTES;
const STATUS_HEAD: u32 = 0x480185;
const TELEMETRY_HEAD: u32 = 0x480285;
const REPORT_HEAD_BYTES: u32 = 3 + EPOCH_BYTES;
const EPOCH_HEAD: u8 = 0x48;

/**
 * Signs the payload that was written after `head` bytes and queues it. What cannot be sent is dropped:
 * nothing waits.
 */
function send(principal: u32, channel: u32, head: u32): void {
  const length = writeEnd();
  assert(length > 0);
  mac0Build(PAYLOAD, head + length);
  const signed = mac0Structure();
  const structure = macStructurePtr() as u32;
  if (mac_sign(principal, structure, signed, tagPtr() as u32) !== STATUS_OK) return;
  const kid = KIDS + ((principal as usize) << 4);
  const message = mac0Finish(kid + 1, load<u8>(kid));
  net_send(principal, channel, message as u32, (tagPtr() + TAG_BYTES - message) as u32);
}

/**
 * Begins a reply to the command or question whose tag is at `tag`; the data map is written next, then
 * replySend(). The tag binds the reply to those bytes: no other request's sender accepts it.
 */
export function replyBegin(tag: usize, code: u32): void {
  store<u32>(PAYLOAD, REPLY_HEAD);
  store<u64>(PAYLOAD + 3, load<u64>(tag));
  store<u64>(PAYLOAD + 11, load<u64>(tag, 8));
  store<u8>(PAYLOAD + 19, EPOCH_HEAD);
  store<u64>(PAYLOAD + 20, state.epoch);
  writeBegin(PAYLOAD + REPLY_HEAD_BYTES, PAYLOAD_MAX - REPLY_HEAD_BYTES);
  writeUint(state.clock);
  writeUint(code as u64);
}

export function replySend(principal: u32): void {
  send(principal, CHANNEL_REPLY, REPLY_HEAD_BYTES);
}

/** Begins a status or telemetry message: its last item is written next, then it is sent. */
function reportBegin(head: u32): void {
  store<u32>(PAYLOAD, head);
  store<u64>(PAYLOAD + 3, state.epoch);
  writeBegin(PAYLOAD + REPORT_HEAD_BYTES, PAYLOAD_MAX - REPORT_HEAD_BYTES);
  writeUint(state.counter as u64);
  writeUint(state.clock);
}

/** Writes the answer's map to a question: what the next command and the reports are to be held against. */
export function writeAnswer(principal: u32): void {
  writeMap(2);
  field(1, state.getLastSeq(principal));
  field(2, state.counter);
}

/** Writes a refusal's data map: what the sender needs to know. `tag`: the command's. */
export function writeRefusal(principal: u32, code: u32, tag: usize): void {
  if (code === CODE_REPLAY) {
    const again = isLastAccepted(principal, tag);
    writeMap(again ? 2 : 1);
    field(1, state.getLastSeq(principal));
    if (again) field(2, state.getLastResult(principal));
  } else if (code === CODE_HOLD) {
    writeMap(1);
    field(1, state.holdMs);
  } else if (code === CODE_EXPIRED) {
    writeMap(1);
    writeUint(1);
    writeUint(state.clock);
  } else writeMap(0);
}

/** Writes an entry of a map. */
function field(key: u32, value: u32): void {
  writeUint(key as u64);
  writeUint(value as u64);
}

/** Writes the status map: the items that the principal's rights allow. */
export function writeStatus(principal: u32): void {
  const relay = hasRight(principal, OP_RELAY_GET);
  const owner = hasRight(principal, OP_JOURNAL_READ);
  writeMap(6 + (relay ? 2 : 0) + (owner ? 6 : 0));
  if (relay) {
    writeUint(1);
    writeBool(state.relay !== 0);
    field(2, state.holdMs);
  }
  field(3, state.fault);
  if (owner) {
    field(4, state.getJournalNext(RING_LOCAL));
    writeUint(5);
    writeBytes(journalHead(), 32);
  }
  field(6, state.executed);
  field(7, state.refused);
  field(8, state.dropped);
  field(9, state.reason);
  if (owner) {
    field(10, state.safeState);
    field(11, state.telemetryS);
    field(12, state.holdS);
  }
  field(13, state.boots);
  if (owner) field(14, state.getJournalNext(RING_REMOTE));
}

/** Sends the status to all who may have it, if it is owed and can go. */
export function statusFlush(): void {
  if (state.statusDue === 0 || state.linked === 0 || !live()) return;
  state.statusDue = 0;
  state.counter = increment(state.counter);
  for (let principal: u32 = 0; principal < PRINCIPAL_COUNT; principal++) {
    if (!hasRight(principal, OP_STATUS)) continue;
    reportBegin(STATUS_HEAD);
    writeStatus(principal);
    send(principal, CHANNEL_STATUS, REPORT_HEAD_BYTES);
  }
}

/**
 * Advances the time by `ms`; sends telemetry when the period ends. Measurements are not queued up.
 */
export function telemetryElapse(ms: u32): void {
  const periodMs = state.telemetryS * 1000;
  if (periodMs === 0 || state.linked === 0 || !live()) {
    state.telemetryMs = periodMs;
    return;
  }
  const leftMs = min<u32>(state.telemetryMs, periodMs);
  if (leftMs > ms) state.telemetryMs = leftMs - ms;
  else telemetrySend(periodMs);
}

function telemetrySend(periodMs: u32): void {
  state.telemetryMs = periodMs;
  state.counter = increment(state.counter);
  for (let principal: u32 = 0; principal < PRINCIPAL_COUNT; principal++) {
    if (!hasRight(principal, OP_TELEMETRY_READ)) continue;
    reportBegin(TELEMETRY_HEAD);
    writeInt(state.temperature as i64);
    send(principal, CHANNEL_TELEMETRY, REPORT_HEAD_BYTES);
  }
}

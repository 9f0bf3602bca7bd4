// Messages that the device sends: replies, status and telemetry, each a COSE_Mac0 under the
// device's key. Also the key identifiers by which messages name principals.
import {
  CHANNEL_REPLY,
  CHANNEL_STATUS,
  CHANNEL_TELEMETRY,
  CODE_HOLD,
  CODE_REPLAY,
  CODE_STALE_EPOCH,
  EPOCH_BYTES,
  mac_sign,
  net_send,
  PRINCIPAL_DEVICE,
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
import { live } from "./policy";
import { state } from "./state";

/**
 * Key identifiers (RFC 9052, 3.1) in the order of PRINCIPAL. Rows of 16 bytes: length u8, then
 * ASCII.
 */
const KIDS: usize = memory.data<u8>([
  5, 0x6f, 0x77, 0x6e, 0x65, 0x72, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0x70, 0x72, 0x6f, 0x76, 0x69,
  0x64, 0x65, 0x72, 0, 0, 0, 0, 0, 0, 0, 12, 0x6d, 0x61, 0x6e, 0x75, 0x66, 0x61, 0x63, 0x74, 0x75,
  0x72, 0x65, 0x72, 0, 0, 0, 6, 0x64, 0x65, 0x76, 0x69, 0x63, 0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0,
]);

const DEVICE_KID: usize = KIDS + ((PRINCIPAL_DEVICE as usize) << 4);

/** The message that is being built: its payload, with room for the envelope around it. */
const OUT: usize = memory.data(1024, 8);
/**
 * The first two bytes of a payload: 80 (array; the number of items is added), 48 (byte string of
 * 8), little-endian. The epoch follows. They are stored as one number: writeArray() and
 * writeBytes() would take 1,270 instructions more for each message on RV32, where a command takes
 * 14,000 besides its MACs (`npm run bench -- boards`).
 */
const PAYLOAD_HEAD: u32 = 0x4880;
/** Length of those two bytes and the epoch. */
const PAYLOAD_HEAD_BYTES: u32 = 2 + EPOCH_BYTES;
const PAYLOAD: usize = OUT + PAYLOAD_MARGIN;

/**
 * The principal that the last parsed message names; PRINCIPAL_DEVICE if it names none that may
 * command.
 */
export function principalNamed(): u32 {
  const length = kidLen();
  for (let principal: u32 = 0; principal < PRINCIPAL_DEVICE; principal++) {
    const row = KIDS + ((principal as usize) << 4);
    if (length === load<u8>(row) && same(kidPtr(), row + 1, length)) return principal;
  }
  return PRINCIPAL_DEVICE;
}

/**
 * Signs the payload that was written and queues the message. A message that cannot be queued is
 * dropped.
 */
function send(channel: u32): void {
  const length = writeEnd();
  assert(length > 0);
  mac0Build(PAYLOAD, PAYLOAD_HEAD_BYTES + length);
  const signed = mac0Structure();
  if (mac_sign(macStructurePtr() as u32, signed, tagPtr() as u32) !== STATUS_OK) return;
  const message = mac0Finish(DEVICE_KID + 1, load<u8>(DEVICE_KID));
  net_send(channel, message as u32, (tagPtr() + TAG_BYTES - message) as u32);
}

/** Begins a payload: an array of `items`, of which the epoch is the first. */
function begin(items: u32): void {
  assert(items < 24);
  store<u16>(PAYLOAD, <u16>(PAYLOAD_HEAD + items));
  store<u64>(PAYLOAD, state.epoch, 2);
  writeBegin(PAYLOAD + PAYLOAD_HEAD_BYTES, PAYLOAD_MAX - PAYLOAD_HEAD_BYTES);
}

/** Begins a reply. The caller writes the data map next, then calls replySend(). */
export function replyBegin(principal: u32, seq: u32, code: u32): void {
  begin(5);
  writeUint(principal as u64);
  writeUint(seq as u64);
  writeUint(code as u64);
}

/** Sends the reply. */
export function replySend(): void {
  send(CHANNEL_REPLY);
}

/**
 * Writes the data map of a refusal: {1: last sequence number} for a stale epoch or a replay, {1: ms
 * left} for a hold, otherwise {}.
 */
export function writeRefusal(principal: u32, code: u32): void {
  const sequence = code === CODE_STALE_EPOCH || code === CODE_REPLAY;
  writeMap(sequence || code === CODE_HOLD ? 1 : 0);
  if (sequence) field(1, state.getLastSeq(principal));
  else if (code === CODE_HOLD) field(1, state.holdMs);
}

/** Writes an entry of a map. */
function field(key: u32, value: u32): void {
  writeUint(key as u64);
  writeUint(value as u64);
}

/** Writes the status map (docs/PROTOCOL.md). */
export function writeStatus(): void {
  writeMap(13);
  writeUint(1);
  writeBool(state.relay !== 0);
  field(2, state.holdMs);
  field(3, state.fault);
  field(4, state.journalNext);
  writeUint(5);
  writeBytes(state.journalHashPtr, 32);
  field(6, state.executed);
  field(7, state.refused);
  field(8, state.dropped);
  field(9, state.reason);
  field(10, state.safeState);
  field(11, state.telemetryS);
  field(12, state.holdS);
  field(13, state.boots);
}

/** Sends the status message if it is due and can be sent. */
export function statusFlush(): void {
  if (state.statusDue === 0 || state.linked === 0 || !live()) return;
  state.statusDue = 0;
  begin(2);
  writeStatus();
  send(CHANNEL_STATUS);
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
  begin(2);
  writeInt(state.temperature as i64);
  send(CHANNEL_TELEMETRY);
}

// The operations: arguments, effect, and data of the reply. Called once the policy has admitted the
// command.
import {
  CODE_FAILED,
  CODE_OK,
  OP_CONFIG_SET,
  OP_IDENTIFY,
  OP_JOURNAL_READ,
  OP_RELAY_GET,
  OP_RELAY_SET,
  OP_STATUS,
  OP_TELEMETRY_READ,
  PRINCIPAL_OWNER,
  RECORD_CONFIG,
  RING_COUNT,
} from "./abi.gen";
import { identify, relayByCommand } from "./actuators";
import {
  readBool,
  readFailed,
  readMap,
  readUint,
  writeArray,
  writeBool,
  writeBytes,
  writeInt,
  writeMap,
  writeUint,
} from "./cbor";
import { configStore, configValid } from "./config";
import { journalAppend, journalRecord, RECORD_BYTES } from "./journal";
import { writeStatus } from "./messages";
import { state } from "./state";

/** Most records in a journal.read reply: 8 x 54 bytes fit into a message. */
const RECORDS_MAX: u32 = 8;
/** Most arguments of an operation; their keys are 1, 2, 3. */
const ARGUMENTS_MAX: u32 = 3;

/** The decoded arguments: one u32 for each key. */
const ARGUMENTS: usize = memory.data(12, 4);
/** Keys that were present: bit 0 for key 1. */
const PRESENT: usize = memory.data(4, 4);

/** Reads the arguments map at the reader's cursor. Returns whether `op` accepts these arguments. */
export function readArguments(op: u32): bool {
  const entries = readMap();
  let present: u32 = 0;
  let last: u32 = 0;
  for (let entry: u32 = 0; entry < entries && !readFailed(); entry++) {
    const key = readUint();
    if (key <= (last as u64) || key > (ARGUMENTS_MAX as u64)) return false;
    last = key as u32;
    present |= 1 << (last - 1);
    const value: u64 = op === OP_RELAY_SET ? (readBool() ? 1 : 0) : readUint();
    if (value > (u32.MAX_VALUE as u64)) return false;
    store<u32>(ARGUMENTS + (((last - 1) as usize) << 2), value as u32);
  }
  store<u32>(PRESENT, present);
  if (readFailed()) return false;
  if (op === OP_RELAY_SET) return present === 1;
  if (op === OP_JOURNAL_READ) {
    const wanted = argument(1, 0);
    return present === 7 && wanted >= 1 && wanted <= RECORDS_MAX && argument(2, 0) < RING_COUNT;
  }
  if (op === OP_CONFIG_SET)
    return present !== 0 && configValid(argument(0, 0), argument(1, 0), argument(2, 0));
  return present === 0;
}

/** Argument `index` (0 for key 1), or `otherwise` if it was not present. */
export function argument(index: u32, otherwise: u32): u32 {
  assert(index < ARGUMENTS_MAX);
  return load<u32>(PRESENT) & (1 << index)
    ? load<u32>(ARGUMENTS + ((index as usize) << 2))
    : otherwise;
}

/** Whether each execution of `op` is on record: those that change something. */
export function isRecorded(op: u32): bool {
  return op === OP_RELAY_SET || op === OP_CONFIG_SET || op === OP_IDENTIFY;
}

/** Executes `op` with the arguments that were read last. Returns CODE. */
export function perform(op: u32): u32 {
  if (op === OP_RELAY_SET) return relayByCommand(argument(0, 0));
  if (op === OP_IDENTIFY) identify();
  if (op !== OP_CONFIG_SET) return CODE_OK;
  const safe = argument(0, state.safeState);
  const telemetryS = argument(1, state.telemetryS);
  const holdS = argument(2, state.holdS);
  if (!configStore(safe, telemetryS, holdS)) return CODE_FAILED;
  state.statusDue = 1;
  journalAppend(RECORD_CONFIG, safe, (telemetryS << 16) | holdS);
  return CODE_OK;
}

/** Writes the data map of an OK reply. */
export function writeData(op: u32, principal: u32): void {
  if (op === OP_RELAY_SET || op === OP_RELAY_GET) {
    writeMap(1);
    writeUint(1);
    writeBool(state.relay !== 0);
  } else if (op === OP_STATUS) writeStatus(principal);
  else if (op === OP_TELEMETRY_READ) writeTelemetry(principal === PRINCIPAL_OWNER);
  else if (op === OP_JOURNAL_READ) writeRecords(argument(2, 0), argument(0, 0), argument(1, 1));
  else writeMap(0);
}

/** Writes the telemetry map. What was measured while killed is for the owner only. */
function writeTelemetry(owner: bool): void {
  const killed = owner && state.killedSamples > 0;
  writeMap(killed ? 4 : 1);
  writeUint(1);
  writeInt(state.temperature as i64);
  if (!killed) return;
  writeUint(2);
  writeInt(state.killedMin as i64);
  writeUint(3);
  writeInt(state.killedMax as i64);
  writeUint(4);
  writeUint(state.killedSamples as u64);
}

/** Writes {1: [record, ...]}: the records in a ring from `first` on, at most `wanted`. */
function writeRecords(ring: u32, first: u32, wanted: u32): void {
  assert(wanted <= RECORDS_MAX);
  let found: u32 = 0;
  while (found < wanted && journalRecord(ring, first + found) !== 0) found++;
  writeMap(1);
  writeUint(1);
  writeArray(found);
  for (let index: u32 = 0; index < found; index++) {
    writeBytes(journalRecord(ring, first + index), RECORD_BYTES);
  }
}

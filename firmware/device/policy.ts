// The permission table and the checks of a command, in their order: LIVE, epoch, sequence number,
// right, hold. admit() also stores the sequence number of an admitted command.
import {
  CODE_FORBIDDEN,
  CODE_HOLD,
  CODE_KILLED,
  CODE_MALFORMED,
  CODE_OK,
  CODE_REPLAY,
  CODE_STALE_EPOCH,
  OP_CONFIG_SET,
  OP_COUNT,
  OP_IDENTIFY,
  OP_JOURNAL_READ,
  OP_RELAY_GET,
  OP_RELAY_SET,
  OP_STATUS,
  OP_TELEMETRY_READ,
  PHASE_LIVE,
  PRINCIPAL_DEVICE,
} from "./abi.gen";
import { state } from "./state";

/** Rights of each principal: a bit for each OP. */
const OWNER: u32 =
  (1 << OP_RELAY_SET) |
  (1 << OP_RELAY_GET) |
  (1 << OP_STATUS) |
  (1 << OP_TELEMETRY_READ) |
  (1 << OP_CONFIG_SET) |
  (1 << OP_JOURNAL_READ) |
  (1 << OP_IDENTIFY);
const PROVIDER: u32 =
  (1 << OP_RELAY_SET) | (1 << OP_RELAY_GET) | (1 << OP_STATUS) | (1 << OP_TELEMETRY_READ);
const MANUFACTURER: u32 = (1 << OP_STATUS) | (1 << OP_IDENTIFY);

/** The permission table: one u32 for each PRINCIPAL, in that order. */
const RIGHTS: usize = memory.data<u32>([OWNER, PROVIDER, MANUFACTURER]);

/** Whether the gate is LIVE, as its last GATE event said. */
export function live(): bool {
  return state.phase === PHASE_LIVE;
}

/**
 * Checks that a command is of this epoch and new. Returns CODE. An admitted command uses up its
 * sequence number even if a later check refuses it: the same bytes must not succeed when the reason
 * is gone.
 */
export function admit(principal: u32, epoch: u64, seq: u32): u32 {
  assert(principal < PRINCIPAL_DEVICE);
  if (!live()) return CODE_KILLED;
  if (state.epoch === 0 || epoch !== state.epoch) return CODE_STALE_EPOCH;
  if (seq <= state.getLastSeq(principal)) return CODE_REPLAY;
  state.setLastSeq(principal, seq);
  return CODE_OK;
}

/**
 * Checks that the principal has the right to the operation, and that no hold forbids it. Returns
 * CODE.
 */
export function decide(principal: u32, op: u32): u32 {
  assert(principal < PRINCIPAL_DEVICE);
  if (op >= OP_COUNT) return CODE_MALFORMED;
  if ((load<u32>(RIGHTS + ((principal as usize) << 2)) & (1 << op)) === 0) return CODE_FORBIDDEN;
  return op === OP_RELAY_SET ? mayActuate() : CODE_OK;
}

/**
 * Checks that a command may move the relay now. Returns CODE. Called again right before the relay
 * moves.
 */
export function mayActuate(): u32 {
  if (!live()) return CODE_KILLED;
  return state.holdMs === 0 ? CODE_OK : CODE_HOLD;
}

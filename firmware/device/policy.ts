// Who may do what, as data, and the order of the questions. Pure reads of the state: decides, does
// nothing. Must not know the wire.
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

/** Rights, a bit per OP. */
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

/** The permission table: u32 a row, in the order of PRINCIPAL. */
const RIGHTS: usize = memory.data<u32>([OWNER, PROVIDER, MANUFACTURER]);

export function live(): bool {
  return state.phase === PHASE_LIVE;
}

/**
 * Whether the message is of this session and new. `epoch`: address of 8 bytes. A good one uses its
 * sequence number up, whatever becomes of it: refused now, it stays refused when the reason is gone.
 */
export function admit(principal: u32, epoch: u64, seq: u32): u32 {
  assert(principal < PRINCIPAL_DEVICE);
  if (!live()) return CODE_KILLED;
  if (state.epoch === 0 || epoch !== state.epoch) return CODE_STALE_EPOCH;
  if (seq <= state.getLastSeq(principal)) return CODE_REPLAY;
  state.setLastSeq(principal, seq);
  return CODE_OK;
}

/** Whether the principal may do the operation, and nothing local stands against it. */
export function decide(principal: u32, op: u32): u32 {
  assert(principal < PRINCIPAL_DEVICE);
  if (op >= OP_COUNT) return CODE_MALFORMED;
  if ((load<u32>(RIGHTS + ((principal as usize) << 2)) & (1 << op)) === 0) return CODE_FORBIDDEN;
  return op === OP_RELAY_SET ? mayActuate() : CODE_OK;
}

/** Whether a remote party may move the relay now. Asked again at the moment of actuation. */
export function mayActuate(): u32 {
  if (!live()) return CODE_KILLED;
  return state.holdMs === 0 ? CODE_OK : CODE_HOLD;
}

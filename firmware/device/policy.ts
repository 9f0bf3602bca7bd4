// Who may do what, as data, and the checks of a command: epoch, sequence number, deadline, right, hold.
// The only state that a check changes is the record of the last command accepted from each principal.
import {
  CODE_EXPIRED,
  CODE_FORBIDDEN,
  CODE_HOLD,
  CODE_KILLED,
  CODE_MALFORMED,
  CODE_OK,
  CODE_REPLAY,
  CODE_STALE_EPOCH,
  DEADLINE_MAX_MS,
  OP_CONFIG_SET,
  OP_COUNT,
  OP_IDENTIFY,
  OP_JOURNAL_READ,
  OP_RELAY_GET,
  OP_RELAY_SET,
  OP_STATUS,
  OP_TELEMETRY_READ,
  PHASE_LIVE,
  PRINCIPAL_COUNT,
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
 * Whether the command is of this epoch and its sequence number is new. An accepted command uses its
 * number up, whatever its result: what is refused now stays refused when the reason is gone. `tag`:
 * address of the command's tag, REPLY_TAG_BYTES of which are kept to recognise the same bytes again.
 */
export function admit(principal: u32, epoch: u64, seq: u32, tag: usize): u32 {
  assert(principal < PRINCIPAL_COUNT);
  if (!live()) return CODE_KILLED;
  if (state.epoch === 0 || epoch !== state.epoch) return CODE_STALE_EPOCH;
  if (seq <= state.getLastSeq(principal)) return CODE_REPLAY;
  state.setLastSeq(principal, seq);
  state.setLastTag(principal << 1, load<u64>(tag));
  state.setLastTag((principal << 1) + 1, load<u64>(tag, 8));
  return CODE_OK;
}

/** Whether `tag` is that of the last command accepted from the principal: the same bytes again. */
export function isLastAccepted(principal: u32, tag: usize): bool {
  return (
    state.getLastSeq(principal) !== 0 &&
    state.getLastTag(principal << 1) === load<u64>(tag) &&
    state.getLastTag((principal << 1) + 1) === load<u64>(tag, 8)
  );
}

/** Whether the deadline is ahead, by DEADLINE_MAX_MS at most. */
export function timely(deadline: u64): u32 {
  const leftMs = deadline - state.clock;
  return leftMs - 1 < (DEADLINE_MAX_MS as u64) ? CODE_OK : CODE_EXPIRED;
}

/** Whether the principal has the right to the operation. */
export function hasRight(principal: u32, op: u32): bool {
  return (load<u32>(RIGHTS + ((principal as usize) << 2)) & (1 << op)) !== 0;
}

/** Whether the principal may do the operation, and nothing local stands against it. */
export function decide(principal: u32, op: u32): u32 {
  assert(principal < PRINCIPAL_COUNT);
  if (op >= OP_COUNT) return CODE_MALFORMED;
  if (!hasRight(principal, op)) return CODE_FORBIDDEN;
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

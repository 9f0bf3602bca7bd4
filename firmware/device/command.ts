// Handles a received message: envelope, tag, payload, policy, effect, reply. All bytes from the
// network enter the device here.
//
// Payload: [epoch bstr 8, sequence number u32, OP, arguments map]; see docs/PROTOCOL.md.
import {
  CODE_BAD_MAC,
  CODE_FORBIDDEN,
  CODE_HOLD,
  CODE_KILLED,
  CODE_MALFORMED,
  CODE_OK,
  CODE_REPLAY,
  CODE_STALE_EPOCH,
  EPOCH_BYTES,
  MARK_ACCEPTED,
  MARK_BAD_MAC,
  MARK_FAILED,
  MARK_FORBIDDEN,
  MARK_HOLD,
  MARK_KILLED,
  MARK_MALFORMED_ENVELOPE,
  MARK_MALFORMED_PAYLOAD,
  MARK_REPLAY,
  MARK_STALE_EPOCH,
  mac_verify,
  mark,
  OP_COUNT,
  PRINCIPAL_DEVICE,
  STATUS_OK,
} from "./abi.gen";
import { readBegin, readDone, readFailed, readUint } from "./cbor";
import { mac0Parse, mac0Structure, macStructurePtr, payloadLen, payloadPtr, tagPtr } from "./cose";
import { principalNamed, replyBegin, replySend, writeRefusal } from "./messages";
import { perform, readArguments, writeData } from "./operations";
import { admit, decide, live } from "./policy";
import { noteDrop, noteRefusal } from "./refusals";
import { increment, state } from "./state";

/**
 * The first two bytes of a payload: 84 (array of 4), 48 (byte string of 8), little-endian. The
 * epoch follows. Compared as one number: with readArray() and readBytes() a command took 1,150
 * instructions more on RV32, of 14,000 besides its MACs (`npm run bench -- boards`).
 */
const PAYLOAD_HEAD: u16 = 0x4884;
/** Length of those two bytes and the epoch. */
const PAYLOAD_HEAD_BYTES: u32 = 2 + EPOCH_BYTES;

/** The decoded payload, without its arguments. */
@unmanaged
class Command {
  epoch: u64;
  seq: u32;
  op: u32;
}

const command: Command = changetype<Command>(memory.data(16, 8));

/**
 * Handles the message of `len` bytes at `ptr`. The MESSAGE_MARGIN bytes before it are overwritten.
 */
export function commandReceive(ptr: usize, len: u32): void {
  if (!live()) {
    mark(MARK_KILLED);
    noteDrop(CODE_KILLED);
    return;
  }
  if (!mac0Parse(ptr, len)) {
    mark(MARK_MALFORMED_ENVELOPE);
    noteDrop(CODE_MALFORMED);
    return;
  }
  const principal = principalNamed();
  const bytes = mac0Structure();
  if (
    principal >= PRINCIPAL_DEVICE ||
    mac_verify(principal, macStructurePtr() as u32, bytes, tagPtr() as u32) !== STATUS_OK
  ) {
    mark(MARK_BAD_MAC);
    noteDrop(CODE_BAD_MAC);
    return;
  }
  if (!parse(payloadPtr(), payloadLen())) {
    refuse(principal, 0, CODE_MALFORMED);
    return;
  }
  const seq = command.seq;
  const op = command.op;
  let code = admit(principal, command.epoch, seq);
  if (code === CODE_OK) code = decide(principal, op);
  if (code === CODE_OK) code = perform(op);
  if (code !== CODE_OK) {
    refuse(principal, seq, code);
    return;
  }
  mark(MARK_ACCEPTED);
  state.executed = increment(state.executed);
  replyBegin(principal, seq, CODE_OK);
  writeData(op, principal);
  replySend();
}

/** Decodes the payload into `command` and the arguments. False unless all of it is one command. */
function parse(ptr: usize, len: u32): bool {
  if (len <= PAYLOAD_HEAD_BYTES || load<u16>(ptr) !== PAYLOAD_HEAD) return false;
  readBegin(ptr + PAYLOAD_HEAD_BYTES, len - PAYLOAD_HEAD_BYTES);
  const seq = readUint();
  const op = readUint();
  if (readFailed()) return false;
  if (seq > (u32.MAX_VALUE as u64) || op >= (OP_COUNT as u64)) return false;
  command.epoch = load<u64>(ptr, 2);
  command.seq = seq as u32;
  command.op = op as u32;
  return readArguments(op as u32) && readDone();
}

/** Refuses a command with a good tag: counts it, and replies with the reason. */
function refuse(principal: u32, seq: u32, code: u32): void {
  mark(markOf(code));
  // A controller asks for the current epoch with an epoch of all zeroes. That is no attempt to
  // command.
  const question = code === CODE_STALE_EPOCH && command.epoch === 0;
  if (!question) noteRefusal(code);
  replyBegin(principal, seq, code);
  writeRefusal(principal, code);
  replySend();
}

/** The coverage mark of a refusal. */
function markOf(code: u32): u32 {
  if (code === CODE_STALE_EPOCH) return MARK_STALE_EPOCH;
  if (code === CODE_REPLAY) return MARK_REPLAY;
  if (code === CODE_FORBIDDEN) return MARK_FORBIDDEN;
  if (code === CODE_HOLD) return MARK_HOLD;
  if (code === CODE_KILLED) return MARK_KILLED;
  return code === CODE_MALFORMED ? MARK_MALFORMED_PAYLOAD : MARK_FAILED;
}

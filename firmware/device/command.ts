// A message from the network: envelope, tag, payload, checks, effect, reply. All remote bytes that reach
// the device pass through commandReceive().
//
// Payload of a command: [epoch bstr 8, sequence number u32, deadline uint, OP, arguments map]; of a
// question for the epoch: [nonce bstr 8]. See docs/PROTOCOL.md.
import {
  CODE_BAD_MAC,
  CODE_EXPIRED,
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
  MARK_DUPLICATE,
  MARK_EXPIRED,
  MARK_FAILED,
  MARK_FORBIDDEN,
  MARK_HOLD,
  MARK_KILLED,
  MARK_MALFORMED_ENVELOPE,
  MARK_MALFORMED_PAYLOAD,
  MARK_QUESTION,
  MARK_REPLAY,
  MARK_STALE_EPOCH,
  mac_verify,
  mark,
  NONCE_BYTES,
  OP_COUNT,
  PRINCIPAL_COUNT,
  RECORD_COMMAND,
  STATUS_OK,
} from "./abi.gen";
import { readBegin, readDone, readFailed, readUint } from "./cbor";
import { mac0Parse, mac0Structure, macStructurePtr, payloadLen, payloadPtr, tagPtr } from "./cose";
import { journalAppend } from "./journal";
import { principalNamed, replyBegin, replySend, writeAnswer, writeRefusal } from "./messages";
import { argument, isRecorded, perform, readArguments, writeData } from "./operations";
import { admit, decide, isLastAccepted, live, timely } from "./policy";
import { noteDrop, noteRefusal } from "./refusals";
import { increment, state } from "./state";

/**
 * How a command's payload begins: 85 (an array of 5), 48 (a byte string of 8), little-endian; then the
 * epoch. Compared as one number: readArray() and readBytes() would cost 1,150 instructions more for each
 * command on RV32, of 14,000 that are not MACs (`npm run bench -- boards`).
 */
const PAYLOAD_HEAD: u16 = 0x4885;
const PAYLOAD_HEAD_BYTES: u32 = 2 + EPOCH_BYTES;
/** An array of one, the nonce's byte string. */
const QUESTION_HEAD: u16 = 0x4881;
const QUESTION_BYTES: u32 = 2 + NONCE_BYTES;

/** The decoded payload, without its arguments. */
@unmanaged
class Command {
  epoch: u64;
  deadline: u64;
  seq: u32;
  op: u32;
}

const command: Command = changetype<Command>(memory.data(24, 8));

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
    principal >= PRINCIPAL_COUNT ||
    mac_verify(principal, macStructurePtr() as u32, bytes, tagPtr() as u32) !== STATUS_OK
  ) {
    mark(MARK_BAD_MAC);
    noteDrop(CODE_BAD_MAC);
    return;
  }
  const tag = tagPtr();
  if (payloadLen() === QUESTION_BYTES && load<u16>(payloadPtr()) === QUESTION_HEAD) {
    answer(principal, tag);
  } else if (!parse(payloadPtr(), payloadLen())) refuse(principal, tag, CODE_MALFORMED);
  else execute(principal, tag);
}

/** Answers a question for the epoch: it changes nothing, uses no number and is not recorded. */
function answer(principal: u32, tag: usize): void {
  mark(MARK_QUESTION);
  replyBegin(tag, CODE_OK);
  writeAnswer(principal);
  replySend(principal);
}

/** Checks the command, performs it and replies. */
function execute(principal: u32, tag: usize): void {
  const op = command.op;
  let code = admit(principal, command.epoch, command.seq, tag);
  if (code === CODE_OK) {
    code = timely(command.deadline);
    if (code === CODE_OK) code = decide(principal, op);
    if (code === CODE_OK) code = perform(op);
    state.setLastResult(principal, code);
  }
  if (code !== CODE_OK) {
    refuse(principal, tag, code);
    return;
  }
  mark(MARK_ACCEPTED);
  state.executed = increment(state.executed);
  if (isRecorded(op)) journalAppend(RECORD_COMMAND, op, command.seq, principal, argument(0, 0));
  replyBegin(tag, CODE_OK);
  writeData(op, principal);
  replySend(principal);
}

/** Decodes the payload into `command` and the arguments. False unless all of it is one command. */
function parse(ptr: usize, len: u32): bool {
  if (len <= PAYLOAD_HEAD_BYTES || load<u16>(ptr) !== PAYLOAD_HEAD) return false;
  readBegin(ptr + PAYLOAD_HEAD_BYTES, len - PAYLOAD_HEAD_BYTES);
  const seq = readUint();
  const deadline = readUint();
  const op = readUint();
  if (readFailed()) return false;
  if (seq > (u32.MAX_VALUE as u64) || op >= (OP_COUNT as u64)) return false;
  command.epoch = load<u64>(ptr, 2);
  command.deadline = deadline;
  command.seq = seq as u32;
  command.op = op as u32;
  return readArguments(op as u32) && readDone();
}

/** Refuses a command whose tag is good, with the reason. */
function refuse(principal: u32, tag: usize, code: u32): void {
  const again = code === CODE_REPLAY && isLastAccepted(principal, tag);
  mark(again ? MARK_DUPLICATE : markOf(code));
  noteRefusal(principal, code);
  replyBegin(tag, code);
  writeRefusal(principal, code, tag);
  replySend(principal);
}

/** The coverage mark of a refusal. */
function markOf(code: u32): u32 {
  if (code === CODE_STALE_EPOCH) return MARK_STALE_EPOCH;
  if (code === CODE_REPLAY) return MARK_REPLAY;
  if (code === CODE_EXPIRED) return MARK_EXPIRED;
  if (code === CODE_FORBIDDEN) return MARK_FORBIDDEN;
  if (code === CODE_HOLD) return MARK_HOLD;
  if (code === CODE_KILLED) return MARK_KILLED;
  return code === CODE_MALFORMED ? MARK_MALFORMED_PAYLOAD : MARK_FAILED;
}

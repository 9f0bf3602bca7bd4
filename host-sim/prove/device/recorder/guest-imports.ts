// The functions that the guest imports from its board: they record what it does, and report misuse.
import {
  CHANNEL_COUNT,
  JOURNAL_SLOT_BYTES,
  JOURNAL_SLOTS,
  MAC_MESSAGE_MAX,
  MARK_COUNT,
  MESSAGE_MAX,
  PIN_LAMP,
  PIN_RELAY,
  PRINCIPAL_COUNT,
  REGION_COUNT,
  REGION_JOURNAL,
  STATUS_BAD_TAG,
  STATUS_DENIED,
  STATUS_IO,
  STATUS_OK,
  TAG_BYTES,
} from "../../../../firmware/device/abi.gen";
import { checkMessage } from "./events";
import { read, readPadded, writeBlock } from "./guest-page";
import * as host from "./host";
import {
  BYTES,
  MISUSE_GPIO_WRITE,
  MISUSE_MAC_SIGN,
  MISUSE_MAC_VERIFY,
  MISUSE_MARK,
  MISUSE_NET_SEND,
  MISUSE_POINTER,
  MISUSE_STORAGE_WRITE,
  MISUSE_WRITES,
  PAGE,
  SCRATCH,
  SIGNED,
  WRITE_BYTES_MAX,
  WRITE_ROW,
  WRITES,
  WRITES_MAX,
} from "./memory-map";
import { control, effects, WriteRow } from "./records";

/** Size of the regions other than the journal's. */
const BLOCK_REGION_BYTES: u32 = 64;

/** Ends the event: the host throws. */
function misuse(what: u32): void {
  host.misuse(what);
  unreachable();
}

function checkInside(ptr: usize, length: u32): void {
  if ((ptr as u64) + (length as u64) > (PAGE as u64)) misuse(MISUSE_POINTER);
}

function sameBytes(a: usize, b: usize, length: u32): bool {
  let at: u32 = 0;
  for (; at + 8 <= length; at += 8) if (load<u64>(a + at) !== load<u64>(b + at)) return false;
  for (; at < length; at++) if (load<u8>(a + at) !== load<u8>(b + at)) return false;
  return true;
}

export function mark(id: u32): void {
  if (id >= MARK_COUNT) misuse(MISUSE_MARK);
  effects.marks |= 1 << id;
}

export function gpio_write(pin: u32, level: u32): void {
  if (pin > PIN_LAMP || level > 1) misuse(MISUSE_GPIO_WRITE);
  if (pin === PIN_RELAY) effects.relay = level;
  else control.lamp = level;
}

export function radio_request(on: u32): void {
  effects.radio = on;
}

/** OK if these very bytes were signed by this principal with this very tag. */
export function mac_verify(principal: u32, ptr: usize, length: u32, tag: usize): u32 {
  checkInside(ptr, length);
  checkInside(tag, TAG_BYTES);
  if (principal >= PRINCIPAL_COUNT || length > MAC_MESSAGE_MAX) misuse(MISUSE_MAC_VERIFY);
  effects.verifies++;
  const row = control.row;
  if (row.principal !== principal || row.structure === 0 || row.structureLength !== length)
    return STATUS_BAD_TAG;
  const tagCopy: usize = SCRATCH + MAC_MESSAGE_MAX;
  read(ptr, length, SCRATCH);
  read(tag, TAG_BYTES, tagCopy);
  return sameBytes(SCRATCH, row.structure, length) && sameBytes(tagCopy, row.tag, TAG_BYTES)
    ? STATUS_OK
    : STATUS_BAD_TAG;
}

/** One tag for each principal: the check of a message compares what was signed. */
export function mac_sign(principal: u32, ptr: usize, length: u32, tag: usize): u32 {
  checkInside(ptr, length);
  checkInside(tag, TAG_BYTES);
  if (principal >= PRINCIPAL_COUNT || length > MAC_MESSAGE_MAX) misuse(MISUSE_MAC_SIGN);
  control.signedLength = length;
  readPadded(ptr, length, SIGNED);
  writeBlock(tag, BYTES + principal * TAG_BYTES);
  return STATUS_OK;
}

function regionBytes(region: u32): u32 {
  if (region === REGION_JOURNAL) return JOURNAL_SLOTS * JOURNAL_SLOT_BYTES;
  return region < REGION_COUNT ? BLOCK_REGION_BYTES : 0;
}

export function storage_write(region: u32, offset: u32, ptr: usize, length: u32): u32 {
  checkInside(ptr, length);
  const size = regionBytes(region);
  if (length > WRITE_BYTES_MAX || size === 0 || offset > size - length)
    misuse(MISUSE_STORAGE_WRITE);
  const attempt = control.attempts;
  if (attempt >= WRITES_MAX) misuse(MISUSE_WRITES);
  control.attempts = attempt + 1;
  if ((control.failWrites >>> attempt) & 1) return STATUS_IO;
  const bytes: usize = WRITES + effects.writes * WRITE_ROW;
  effects.writes++;
  const row = changetype<WriteRow>(bytes + WRITE_BYTES_MAX);
  row.region = region;
  row.offset = offset;
  row.length = length;
  for (let at: usize = 0; at < WRITE_BYTES_MAX; at += 16) v128.store(bytes + at, i64x2(0, 0));
  read(ptr, length, bytes);
  return STATUS_OK;
}

export function net_send(principal: u32, channel: u32, ptr: usize, length: u32): u32 {
  checkInside(ptr, length);
  if (principal >= PRINCIPAL_COUNT || channel >= CHANNEL_COUNT || length > MESSAGE_MAX)
    misuse(MISUSE_NET_SEND);
  effects.sends++;
  if (control.checkMessages !== 0) checkMessage(channel | (principal << 4), ptr, length);
  return control.netAccepts !== 0 ? STATUS_OK : STATUS_DENIED;
}

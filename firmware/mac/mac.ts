// mac.wasm: SHA-256 and HMAC-SHA256 for a host without an engine of its own. It has fixed buffers and no
// imports. The host puts keys in and wipes them.

import { hmacPrepare, hmacSha256, KEY_MAX, PREPARED_BYTES } from "./hmac";
import { sha256 } from "./sha256";

/** Longest message, in bytes. */
const MAC_MESSAGE_MAX: u32 = 2048;

const KEY = memory.data(KEY_MAX, 8);
const MESSAGE = memory.data(MAC_MESSAGE_MAX, 8);
const PREPARED = memory.data(PREPARED_BYTES, 8);
const TAG = memory.data(32, 8);

/** Address of the buffer for the key: 64 bytes. */
export function key_ptr(): usize {
  return KEY;
}

/** Address of the buffer for the message: 2048 bytes. */
export function message_ptr(): usize {
  return MESSAGE;
}

/** Address of the tag or digest of the last call: 32 bytes. */
export function tag_ptr(): usize {
  return TAG;
}

/** Address of the prepared key: 64 bytes. hmac_prepare() writes it, hmac_prepared() reads it. */
export function prepared_ptr(): usize {
  return PREPARED;
}

/** Prepares the key. Traps on a key over 64 bytes. */
export function hmac_prepare(key_len: u32): void {
  hmacPrepare(KEY, key_len, PREPARED);
}

/** HMAC-SHA256 of the message under the prepared key. Traps on a message over 2048 bytes. */
export function hmac_prepared(message_len: u32): void {
  assert(message_len <= MAC_MESSAGE_MAX);
  hmacSha256(PREPARED, MESSAGE, message_len, TAG);
}

/** HMAC-SHA256 of the message under the key. Traps on a key over 64 or a message over 2048 bytes. */
export function hmac_sha256(key_len: u32, message_len: u32): void {
  hmac_prepare(key_len);
  hmac_prepared(message_len);
}

/** Computes SHA-256 of the message. Traps on a message over 2048 bytes. */
export function sha256_digest(message_len: u32): void {
  assert(message_len <= MAC_MESSAGE_MAX);
  sha256(MESSAGE, message_len, TAG);
}

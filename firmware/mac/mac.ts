// mac.wasm: SHA-256 and HMAC-SHA256 for a host that has no engine of its own. Fixed buffers, no
// imports. It must not know whose key it is handed; the host puts it in, and wipes it.

import { hmacKey, hmacKeyed, hmacSha256, KEY_MAX } from "./hmac";
import { sha256 } from "./sha256";

/** Longest message, in bytes. */
const MAC_MESSAGE_MAX: u32 = 2048;

const KEY = memory.data(KEY_MAX, 8);
const MESSAGE = memory.data(MAC_MESSAGE_MAX, 8);
const TAG = memory.data(32, 8);

/** Where the host puts the key: 64 bytes. */
export function key_ptr(): usize {
  return KEY;
}

/** Where the host puts the message: 2048 bytes. */
export function message_ptr(): usize {
  return MESSAGE;
}

/** Where the tag or digest of the last call stands: 32 bytes. */
export function tag_ptr(): usize {
  return TAG;
}

/** Replaces the key by its states (64 bytes): what hmac_keyed() takes. Traps on a key over 64 bytes. */
export function hmac_key(key_len: u32): void {
  hmacKey(KEY, key_len, KEY);
}

/** HMAC-SHA256 of the message under the key whose states stand at key_ptr(). Traps on a message over 2048 bytes. */
export function hmac_keyed(message_len: u32): void {
  assert(message_len <= MAC_MESSAGE_MAX);
  hmacKeyed(KEY, MESSAGE, message_len, TAG);
}

/** Both at once, the key left as it is. */
export function hmac_sha256(key_len: u32, message_len: u32): void {
  assert(message_len <= MAC_MESSAGE_MAX);
  hmacSha256(KEY, key_len, MESSAGE, message_len, TAG);
}

/** SHA-256 of the message. Traps on one over 2048 bytes. */
export function sha256_digest(message_len: u32): void {
  assert(message_len <= MAC_MESSAGE_MAX);
  sha256(MESSAGE, message_len, TAG);
}

// A block that survives a cut at any byte of its writing: two copies, written in turn, each with
// version, generation and checksum; the newest good one counts. Must not know what it carries.
import { STATUS_OK, storage_read, storage_write } from "./abi.gen";
import { copy } from "./bytes";

/** Payload of a block, in bytes. */
export const BLOCK_PAYLOAD: u32 = 20;
/** A block as stored: version u32, generation u32, payload, checksum u32. Two fill a region. */
const BLOCK_BYTES: u32 = 32;
/** Layout of every block this firmware writes; another version counts as no block. */
const BLOCK_VERSION: u32 = 0x4b530001;

/** One copy of a block. */
@unmanaged
class Copy {
  version: u32;
  generation: u32;
  payload0: u32;
  payload1: u32;
  payload2: u32;
  payload3: u32;
  payload4: u32;
  checksum: u32;

  @inline get payloadPtr(): usize {
    return changetype<usize>(this) + 8;
  }
}

const SCRATCH: usize = memory.data(32, 8);
const scratch: Copy = changetype<Copy>(SCRATCH);

/** FNV-1a over the first seven words. All-zero and all-one memory do not check. */
function checksum(): u32 {
  let hash: u32 = 0x811c9dc5;
  for (let at: usize = 0; at < 28; at += 4) hash = (hash ^ load<u32>(SCRATCH + at)) * 0x01000193;
  return hash ^ (hash >>> 15);
}

/** Reads a copy. False if storage failed; a copy that is not good has generation 0. */
function readCopy(region: u32, index: u32): bool {
  if (storage_read(region, index * BLOCK_BYTES, SCRATCH as u32, BLOCK_BYTES) !== STATUS_OK)
    return false;
  const good = scratch.version === BLOCK_VERSION && scratch.checksum === checksum();
  if (!good) scratch.generation = 0;
  return true;
}

/** Whether the copy in SCRATCH is good, and newer than `generation`; 0 is older than all. */
function newer(generation: u32): bool {
  const found = scratch.generation;
  // Generations run modulo 2^32, past 0: newer is less than half the circle ahead.
  return found !== 0 && (generation === 0 || ((found - generation) as i32) > 0);
}

/**
 * Reads the newest good copy into `payload` (BLOCK_PAYLOAD bytes). Returns its generation, which is
 * never 0; 0 if there is no good copy or storage failed, `payload` untouched.
 */
export function blockRead(region: u32, payload: usize): u32 {
  let generation: u32 = 0;
  for (let index: u32 = 0; index < 2; index++) {
    if (!readCopy(region, index) || !newer(generation)) continue;
    generation = scratch.generation;
    copy(payload, scratch.payloadPtr, BLOCK_PAYLOAD);
  }
  return generation;
}

/**
 * Writes `payload` over the older copy. `generation`: of the newest good copy, 0 if none is known. Then
 * what stands in storage now is counted on from, lest an older block that could not be read at the
 * boot be the newer one at the next. Returns the new generation, 0 if storage failed: the newest good
 * copy still stands then.
 */
export function blockWrite(region: u32, generation: u32, payload: usize): u32 {
  if (generation === 0) {
    for (let index: u32 = 0; index < 2; index++) {
      if (!readCopy(region, index)) return 0;
      if (newer(generation)) generation = scratch.generation;
    }
  }
  let next = generation + 1;
  if (next === 0) next = 2;
  scratch.version = BLOCK_VERSION;
  scratch.generation = next;
  copy(scratch.payloadPtr, payload, BLOCK_PAYLOAD);
  scratch.checksum = checksum();
  // The copy is the generation's low bit, so two writes never fall on the same copy.
  const done = storage_write(region, (next & 1) * BLOCK_BYTES, SCRATCH as u32, BLOCK_BYTES);
  return done === STATUS_OK ? next : 0;
}

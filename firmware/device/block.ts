// Stored blocks: 20 bytes of payload in a storage region, which survive a loss of supply at any
// byte of a write. A region holds two copies, written in turn, each with a version, a generation
// and a checksum. The newest good copy is the block.
import { STATUS_OK, storage_read, storage_write } from "./abi.gen";
import { copy } from "./bytes";

/** Length of a block's payload, in bytes. */
export const BLOCK_PAYLOAD: u32 = 20;
/** Length of a copy, in bytes. Two copies fill a region. */
const BLOCK_BYTES: u32 = 32;
/** Version of the layout. A copy with another version is not good. */
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

/** FNV-1a over the first seven words of `scratch`. Memory of all zeroes or all ones is not good. */
function checksum(): u32 {
  let hash: u32 = 0x811c9dc5;
  for (let at: usize = 0; at < 28; at += 4) hash = (hash ^ load<u32>(SCRATCH + at)) * 0x01000193;
  return hash ^ (hash >>> 15);
}

/**
 * Reads a copy into `scratch`; its generation becomes 0 if it is not good. False if storage failed.
 */
function readCopy(region: u32, index: u32): bool {
  if (storage_read(region, index * BLOCK_BYTES, SCRATCH as u32, BLOCK_BYTES) !== STATUS_OK)
    return false;
  const good = scratch.version === BLOCK_VERSION && scratch.checksum === checksum();
  if (!good) scratch.generation = 0;
  return true;
}

/**
 * Whether the copy in `scratch` is good and newer than `generation`. Generation 0 is older than
 * any.
 */
function newer(generation: u32): bool {
  const found = scratch.generation;
  // Generations wrap modulo 2^32 and skip 0: newer means ahead by less than 2^31.
  return found !== 0 && (generation === 0 || ((found - generation) as i32) > 0);
}

/**
 * Reads the newest good copy into `payload` (BLOCK_PAYLOAD bytes) and returns its generation, which
 * is never 0. Returns 0 and leaves `payload` as it is if no copy is good or storage failed.
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
 * Writes `payload` over the older copy. `generation` is that of the newest good copy; 0 if none is
 * known. With 0, the copies are read first: storage may have failed at the boot, and a new block
 * with generation 1 would lose against the old one at the next boot. Returns the new generation, or
 * 0 if storage failed; the newest good copy is intact then.
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
  // The low bit of the generation selects the copy, so consecutive writes alternate.
  const done = storage_write(region, (next & 1) * BLOCK_BYTES, SCRATCH as u32, BLOCK_BYTES);
  return done === STATUS_OK ? next : 0;
}

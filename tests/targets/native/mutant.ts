/** Damages a module: flips, other bytes, bytes left out or put in, and its end cut off. */
import type { Prng } from "../../../host-sim/base/prng.ts";

/** Opcodes and types that came after version 1.0, or are floating point, and edges of LEB128. */
const BYTES = [0x00, 0x01, 0x0b, 0x12, 0x40, 0x7b, 0x7d, 0x7e, 0x7f, 0x80, 0xc0, 0xd0, 0xfc, 0xff];

/** A mutant of a module: one to three changes. */
export function mutantOf(module: Uint8Array, prng: Prng): Uint8Array<ArrayBuffer> {
  const bytes = [...module];
  for (let changes = 1 + prng.below(3); changes > 0; changes--) {
    const at = prng.below(bytes.length);
    const kind = prng.below(20);
    if (kind < 8) bytes[at] = (bytes[at] ?? 0) ^ (1 << prng.below(8));
    else if (kind < 14) bytes[at] = BYTES[prng.below(BYTES.length)] ?? 0;
    else if (kind < 17) bytes[at] = prng.below(256);
    else if (kind === 17) bytes.splice(at, 1);
    else if (kind === 18) bytes.splice(at, 0, prng.below(256));
    else bytes.length = at;
  }
  return Uint8Array.from(bytes);
}

/** What the recorder keeps of a write to storage. */

/** A write that succeeded. */
export interface Write {
  region: number;
  offset: number;
  length: number;
  bytes: Uint8Array;
  /** The same bytes as words, padded with zeroes. */
  words: Int32Array;
}

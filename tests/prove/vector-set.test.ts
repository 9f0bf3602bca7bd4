/** Lists are told apart by every word, through growth and through equal hashes. */
import { expect, test } from "vitest";
import { VectorSet } from "../../host-sim/prove/vector-set.ts";

const COUNT = 20_000;

test("a list is new once, and lists of one hash are two", () => {
  const set = new VectorSet(8);
  const add = (...words: number[]) => {
    set.list.set(words);
    return set.add(words.length);
  };
  for (let index = 0; index < COUNT; index++) expect(add(index, 7, index >> 3)).toBe(true);
  for (let index = 0; index < COUNT; index++) expect(add(index, 7, index >> 3)).toBe(false);
  expect(add(0, 7)).toBe(true);
  expect(add(0, 7, 0, 0)).toBe(true);
  // Of two words some of 2^20 lists share a hash of 32 bits with another.
  const hashes = new Map<number, number>();
  let shared = 0;
  for (let index = 0; index < 1 << 20 && shared < 3; index++) {
    const [a, b] = [Math.imul(index, 0x9e3779b1), index];
    expect(add(a, b)).toBe(true);
    if (hashes.has(set.hash)) shared++;
    hashes.set(set.hash, index);
  }
  expect(shared).toBe(3);
  expect(() => set.add(9)).toThrow(RangeError);
}, 60_000);

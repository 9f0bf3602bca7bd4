/** The random sequence must be fixed for every seed: traces and the C version depend on it. */
import { expect, test } from "vitest";
import { Prng } from "../../host-sim/base/prng.ts";

/** An independent implementation of sfc32, with big integers, from its definition. */
function* reference(seed: number): Generator<number> {
  const mask = 0xffff_ffffn;
  let [a, b, c, count] = [BigInt(seed) & mask, 0x9e3779b9n, 0x243f6a88n, 1n];
  for (let round = 0; ; round++) {
    const sum = (a + b + count) & mask;
    count = (count + 1n) & mask;
    a = b ^ (b >> 9n);
    b = (c + (c << 3n)) & mask;
    c = ((((c << 21n) | (c >> 11n)) & mask) + sum) & mask;
    if (round >= 12) yield Number(sum);
  }
}

test.for([0, 1, 0x7fffffff, 0xffffffff])("gives the sfc32 sequence for seed %i", (seed) => {
  const prng = new Prng(seed);
  const wanted = reference(seed);
  for (let draw = 0; draw < 1000; draw++) expect(prng.u32()).toBe(wanted.next().value);
});

test("starts the sequence of seed 1 with fixed values", () => {
  const prng = new Prng(1);
  const [first, second] = [prng.u32(), prng.u32()];
  expect([first, second]).toEqual([3739678614, 2725338478]);
});

test("below() returns every value from 0 to bound - 1 and no other", () => {
  const prng = new Prng(3);
  const seen = new Set(Array.from({ length: 1000 }, () => prng.below(7)));
  expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(new Prng(3).below(1)).toBe(0);
});

test("fill() writes four bytes per draw, little-endian, and the low bytes of one draw for the rest", () => {
  const draws = new Prng(9);
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, draws.u32(), true);
  view.setUint32(4, draws.u32(), true);
  for (const length of [0, 1, 4, 5, 8]) {
    const bytes = new Uint8Array(length);
    new Prng(9).fill(bytes);
    expect(bytes).toEqual(new Uint8Array(view.buffer.slice(0, length)));
  }
});

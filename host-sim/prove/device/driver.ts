/**
 * The part of the recorder that works in the guest's memory: puts a state and poison there, fires an
 * event, tells the differences, folds what came out. Generated for one guest: its addresses and
 * constants are in the code. Must not know what an event is for.
 */
import { EVENT } from "../../abi/abi.gen.ts";
import { STATE_BYTES } from "../../abi/state.gen.ts";
import { at, COUNTDOWNS, EPOCH_WORDS, FOLD, PADDING_START } from "./abstraction.ts";
import { BLOCK, HASH_PRIME, TABLE, TABLE_SIZE } from "./layout.ts";
import { ASKED_WORDS, type MaskedWord } from "./observed-fields.ts";
import { assemble, type Recorder } from "./recorder.ts";

export interface Driver {
  /** Bytes from the page's start that are poisoned before an event. */
  reach: WebAssembly.Global<"i32">;
  /** Takes the state region as it stands for what begin() restores. */
  settle(): void;
  /** Poison everywhere, then the constants, then the settled state. */
  begin(poison: number): void;
  /** The state region, folded; -1 if it is out of its ranges. */
  fold(): number;
}

const WORDS = Math.ceil(STATE_BYTES / 8);
const i32 = (value: number) => `(i32.const ${value | 0})`;
const each = (make: (index: number) => string) => Array.from({ length: WORDS }, (_, i) => make(i));

/** An odd factor for each word, so that no two add up alike. */
const factor = (index: number) => BigInt.asIntN(64, BigInt(HASH_PRIME) ** BigInt(2 * index + 1));

/** Every field's range; and each part of the code from the field that it folds. */
function foldText(base: number): string {
  const byte = (offset: number) => `(i32.load8_u ${i32(base + offset)})`;
  const strays = FOLD.ranges.map(([field, most]) => `(i32.gt_u ${byte(at[field])} ${i32(most)})`);
  strays.push(`(i32.eq ${byte(at.BOOT_DUE)} (i32.const 2))`);
  for (let offset = PADDING_START; offset < STATE_BYTES; )
    if (offset % 8 === 0 && offset + 8 <= STATE_BYTES) {
      strays.push(`(i64.ne (i64.load ${i32(base + offset)}) (i64.const 0))`);
      offset += 8;
    } else strays.push(`(i32.ne ${byte(offset++)} (i32.const 0))`);
  const parts = FOLD.values.map(([field, shift]) => `(i32.shl ${byte(at[field])} ${i32(shift)})`);
  const due = byte(at.BOOT_DUE);
  parts.push(`(i32.shl (i32.sub ${due} (i32.shr_u ${due} (i32.const 1))) ${i32(FOLD.bootDue)})`);
  for (const [offset, shift] of FOLD.some)
    parts.push(`(i32.shl (i32.ne (i32.load ${i32(base + offset)}) (i32.const 0)) ${i32(shift)})`);
  const all = (terms: string[]) => terms.reduce((left, right) => `(i32.or ${left} ${right})`);
  return `(func $fold (export "fold") (result i32) (select (i32.const -1) ${all(parts)} ${all(strays)}))`;
}

/** A word of the state region. */
const wordAt = (base: number, index: number) =>
  index * 8 + 8 <= STATE_BYTES
    ? `(i64.load ${i32(base + index * 8)})`
    : `(i64.load32_u ${i32(base + index * 8)})`;

/** Tells what differs from the settled state: what is asked of it; and of what is done, a hash of all. */
function differText(base: number): string {
  const differ = (words: readonly MaskedWord[]) => {
    const terms = words.map(
      ({ index, mask }) =>
        `(i64.and (local.get $d${index}) (i64.const ${BigInt.asIntN(64, mask)}))`,
    );
    return Array.from({ length: Math.ceil(terms.length / 4) }, (_, row) => {
      const four = [0, 1, 2, 3].map((of) => terms[4 * row + of] ?? "(i64.const 0)");
      return `(call $put (i32.add (local.get $to) ${i32(row * BLOCK)}) ${four.join(" ")})`;
    }).join("\n    ");
  };
  const differences = each(
    (index) => `(local.set $d${index} (i64.xor ${wordAt(base, index)} (global.get $s${index})))`,
  ).join("\n    ");
  const locals = each((index) => `(local $d${index} i64)`).join(" ");
  const sum = each((index) => `(i64.mul (local.get $d${index}) (i64.const ${factor(index)}))`);
  return `(func $differSent (param $to i32) ${locals}
    ${differences}
    ${differ(ASKED_WORDS.sent)})
  (func $differDone (param $to i32) ${locals}
    ${differences}
    ${differ(ASKED_WORDS.done)}
    (call $differences ${sum.reduce((left, right) => `(i64.add ${left} ${right})`)}))`;
}

/** Bytes `at` on from the guest's `ptr`, `width` at a time; the last may overlap those before. */
function outBy(width: number, put: string): string {
  const words = Array.from(
    { length: width / 8 },
    (_, word) => `(i64.load offset=${8 * word} (i32.add (local.get $ptr) (local.get $at)))`,
  );
  const one = `(call ${put} (i32.add (local.get $to) (local.get $at)) ${words.join(" ")})`;
  return `(loop $next
      ${one}
      (local.set $at (i32.add (local.get $at) ${i32(width)}))
      (br_if $next (i32.le_u (i32.add (local.get $at) ${i32(width)}) (local.get $len))))
    (if (i32.lt_u (local.get $at) (local.get $len)) (then
      (local.set $at (i32.sub (local.get $len) ${i32(width)}))
      ${one}))`;
}

/** Bytes of the guest to the recorder: 32 at a time; what is shorter, 8 at a time; less, one by one. */
const OUT = `(func $out (param $ptr i32) (param $len i32) (param $to i32)
    (local $at i32)
    (if (i32.ge_u (local.get $len) (i32.const 32)) (then ${outBy(32, "$put")} (return)))
    (if (i32.ge_u (local.get $len) (i32.const 8)) (then ${outBy(8, "$put8")} (return)))
    (loop $next (if (i32.lt_u (local.get $at) (local.get $len)) (then
      (call $put1 (i32.add (local.get $to) (local.get $at)) (i32.load8_u (i32.add (local.get $ptr) (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next)))))`;

function text(base: number, constants: string): string {
  const put = (index: number) =>
    index * 8 + 8 <= STATE_BYTES
      ? `(i64.store ${i32(base + index * 8)} (global.get $s${index}))`
      : `(i64.store32 ${i32(base + index * 8)} (global.get $s${index}))`;
  const ends = COUNTDOWNS.map(([field], index) => {
    const address = i32(base + at[field]);
    return `(if (i32.and (local.get $ends) ${i32(1 << index)}) (then
      (if (i32.load ${address}) (then (i32.store ${address} (local.get $ms))))))`;
  });
  return `(module
  (import "guest" "memory" (memory 1))
  (import "guest" "on_event" (func $on_event (param i32 i32 i32)))
  (import "recorder" "table" (table $table ${TABLE_SIZE} funcref))
  (import "recorder" "put" (func $put (param i32 i64 i64 i64 i64)))
  (import "recorder" "differences" (func $differences (param i64)))
  (import "recorder" "put8" (func $put8 (param i32 i64)))
  (import "recorder" "put1" (func $put1 (param i32 i32)))
  ${each((index) => `(global $s${index} (mut i64) (i64.const 0))`).join("\n  ")}
  (global $reach (export "reach") (mut i32) (i32.const 0))
  (elem (table $table) (i32.const 0) func ${TABLE.map((name) => `$${name}`).join(" ")})
  (func (export "settle") ${each((index) => `(global.set $s${index} ${wordAt(base, index)})`).join("\n    ")})
  (func $begin (export "begin") (param $poison i32)
    (memory.fill (i32.const 0) (local.get $poison) (global.get $reach))
    ${constants}
    ${each(put).join("\n    ")})
  (func $store (param $ptr i32) (param i64 i64 i64 i64)
    (i64.store (local.get $ptr) (local.get 1)) (i64.store offset=8 (local.get $ptr) (local.get 2))
    (i64.store offset=16 (local.get $ptr) (local.get 3)) (i64.store offset=24 (local.get $ptr) (local.get 4)))
  ${differText(base)}
  ${OUT}
  ${foldText(base)}
  (func $fire (param $kind i32) (param $a i32) (param $b i32) (param $ends i32) (param $ms i32)
    (param $epoch i32) (param $to i32) (result i32)
    (if (local.get $ends) (then
    ${ends.join("\n    ")}))
    (if (local.get $epoch) (then
      (call $on_event ${i32(EVENT.EPOCH)} ${i32(EPOCH_WORDS[0])} ${i32(EPOCH_WORDS[1])})))
    (call $on_event (local.get $kind) (local.get $a) (local.get $b))
    (call $differDone (local.get $to))
    (call $fold))
)`;
}

/** Stores that lay `bytes` at `to` and touch no other byte. */
function laying(bytes: Uint8Array, to: number): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const stores: string[] = [];
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8)
    stores.push(`(i64.store ${i32(to + at)} (i64.const ${view.getBigInt64(at, true)}))`);
  for (; at < bytes.length; at++)
    stores.push(`(i32.store8 ${i32(to + at)} ${i32(view.getUint8(at))})`);
  return stores.join("\n    ");
}

/** The driver of a guest whose page, `page`, holds constants in `ranges`. */
export function makeDriver(
  guest: WebAssembly.Exports,
  recorder: Recorder,
  statePtr: number,
  page: Uint8Array,
  ranges: readonly [number, number][],
): Driver {
  const constants = ranges.map(([from, to]) => laying(page.subarray(from, to), from));
  const module = assemble(text(statePtr, constants.join("\n    ")));
  const imports = { guest, recorder };
  return new WebAssembly.Instance(module, imports).exports as unknown as Driver;
}

/** Puts a function for each message into the table, from TABLE.length on: it lays the message at `to`. */
export function layMessages(
  guest: WebAssembly.Exports,
  recorder: Recorder,
  to: number,
  messages: readonly Uint8Array[],
): void {
  const functions = messages.map((bytes, index) => `(func $m${index} ${laying(bytes, to)})`);
  const names = functions.map((_, index) => `$m${index}`).join(" ");
  const module = assemble(`(module
  (import "guest" "memory" (memory 1))
  (import "recorder" "table" (table $table ${TABLE_SIZE} funcref))
  (elem (table $table) ${i32(TABLE.length)} func ${names})
  ${functions.join("\n  ")})`);
  new WebAssembly.Instance(module, { guest, recorder });
}

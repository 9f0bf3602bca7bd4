/**
 * The recorder's memory of what was checked, as WebAssembly text: exact, so that a transition found
 * good once is found good again without asking. Must not know what a key or a check means.
 */
import {
  AT,
  BLOCK,
  ENTRY,
  GOODS,
  HASH_PRIME,
  HEADS,
  i32,
  load,
  SENT,
  sizes,
  VERDICTS,
} from "./layout.ts";

const LANES = ["$a", "$b", "$c", "$d"];

const slot = (hash: string, slots: number, bits: number, from: number) =>
  `(i32.add ${i32(from)} (i32.shl (i32.and ${hash} ${i32(slots - 1)}) ${i32(bits)}))`;
const step = (slots: number, bits: number, from: number) =>
  `(i32.add ${i32(from)} (i32.and (i32.sub (i32.add (local.get $slot) ${i32(1 << bits)}) ${i32(from)}) ${i32((slots << bits) - 1)}))`;
const entry = (name: keyof typeof ENTRY) => `(i32.load offset=${ENTRY[name]} (global.get $entry))`;
const verdictKey = (bits: string, id: string) =>
  `(i64.or (i64.shl (i64.extend_i32_u ${id}) (i64.const 32)) (i64.extend_i32_u ${bits}))`;
const key = `(i32.add (global.get $entry) ${i32(ENTRY.key)})`;

/** Of keys in blocks: their hash, and whether two are the same to the byte. */
const COMPARE = `
  (func $hash (param $at i32) (param $len i32) (result i64)
    (local $a i64) (local $b i64) (local $c i64) (local $d i64) (local $end i32)
    (local.set $end (i32.add (local.get $at) (local.get $len)))
    (loop $next
      ${LANES.map((lane, index) => `(local.set ${lane} (i64.mul (i64.xor (i64.rotl (local.get ${lane}) (i64.const 29)) (i64.load offset=${8 * index} (local.get $at))) (i64.const ${HASH_PRIME})))`).join("\n      ")}
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) ${i32(BLOCK)})) (local.get $end))))
    (local.set $a (i64.xor (i64.xor (local.get $a) (i64.rotl (local.get $b) (i64.const 17)))
      (i64.xor (i64.rotl (local.get $c) (i64.const 31)) (i64.rotl (local.get $d) (i64.const 47)))))
    (local.set $a (i64.mul (i64.xor (local.get $a) (i64.shr_u (local.get $a) (i64.const 32))) (i64.const ${HASH_PRIME})))
    (i64.xor (local.get $a) (i64.shr_u (local.get $a) (i64.const 29))))
  (func $sameKey (param $a i32) (param $b i32) (param $len i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $a) (local.get $len)))
    (loop $next
      (if (v128.any_true (v128.or
        (v128.xor (v128.load (local.get $a)) (v128.load (local.get $b)))
        (v128.xor (v128.load offset=16 (local.get $a)) (v128.load offset=16 (local.get $b)))))
        (then (return (i32.const 0))))
      (local.set $b (i32.add (local.get $b) ${i32(BLOCK)}))
      (br_if $next (i32.lt_u (local.tee $a (i32.add (local.get $a) ${i32(BLOCK)})) (local.get $end))))
    (i32.const 1))`;

/** Where in the table a value of the bits read stands, or would. */
const verdictText = (verdicts: number) => `
  (func $verdict (param $id i32) (param $bits i32) (result i32)
    (local $key i64) (local $slot i32)
    (local.set $key ${verdictKey("(local.get $bits)", "(local.get $id)")})
    (local.set $slot ${slot(`(i32.wrap_i64 (i64.shr_u (i64.mul (local.get $key) (i64.const ${HASH_PRIME})) (i64.const 40)))`, VERDICTS, 3, verdicts)})
    (loop $next
      (if (i32.or (i64.eqz (i64.load (local.get $slot))) (i64.eq (i64.load (local.get $slot)) (local.get $key)))
        (then (return (local.get $slot))))
      (local.set $slot ${step(VERDICTS, 3, verdicts)})
      (br $next))
    unreachable)`;

const knownText = (heads: number) => `
  ;; Whether this key was found good in a state that agrees in all that was read; leaves $entry.
  (func $known (param $key i32) (param $len i32) (result i32)
    (local $slot i32) (local $bits i32)
    (global.set $hashed (call $hash (local.get $key) (local.get $len)))
    (local.set $slot ${slot("(i32.wrap_i64 (global.get $hashed))", HEADS, 2, heads)})
    (block $found
      (loop $next
        (global.set $entry (i32.load (local.get $slot)))
        (if (i32.eqz (global.get $entry)) (then (return (i32.const 0))))
        (if (i64.eq (i64.load (global.get $entry)) (global.get $hashed)) (then
          (if (i32.eq ${entry("length")} (local.get $len)) (then
            (br_if $found (call $sameKey ${key} (local.get $key) (local.get $len)))))))
        (local.set $slot ${step(HEADS, 2, heads)})
        (br $next)))
    (local.set $bits (i32.and ${load(AT.code)} ${entry("reads")}))
    (if (v128.any_true (v128.or
      (i32x4.eq (v128.load offset=${ENTRY.goods} (global.get $entry)) (i32x4.splat (local.get $bits)))
      (i32x4.eq (v128.load offset=${ENTRY.goods + 16} (global.get $entry)) (i32x4.splat (local.get $bits)))))
      (then (return (i32.const 1))))
    (if (i32.le_u ${entry("count")} ${i32(GOODS)}) (then (return (i32.const 0))))
    (if (i64.eqz (i64.load (call $verdict ${entry("id")} (local.get $bits)))) (then (return (i32.const 0))))
    (call $recent (local.get $bits))
    (i32.const 1))`;

const enterText = (heads: number) => `
  ;; Puts a value among the entry's last, in the place of the oldest.
  (func $recent (param $bits i32)
    (i32.store offset=${ENTRY.goods}
      (i32.add (global.get $entry) (i32.shl (i32.and ${entry("count")} ${i32(GOODS - 1)}) (i32.const 2)))
      (local.get $bits))
    (i32.store offset=${ENTRY.count} (global.get $entry) (i32.add ${entry("count")} (i32.const 1))))
  ;; An entry for the key that was last asked for.
  (func $enter (param $key i32) (param $len i32)
    (local $slot i32)
    (local.set $slot ${slot("(i32.wrap_i64 (global.get $hashed))", HEADS, 2, heads)})
    (loop $next (if (i32.load (local.get $slot)) (then
      (local.set $slot ${step(HEADS, 2, heads)})
      (br $next))))
    (global.set $entry (global.get $top))
    (global.set $top (i32.add (global.get $top)
      (i32.and (i32.add (local.get $len) ${i32(ENTRY.key + 63)}) (i32.const -64))))
    (global.set $entries (i32.add (global.get $entries) (i32.const 1)))
    (i32.store (local.get $slot) (global.get $entry))
    (i64.store (global.get $entry) (global.get $hashed))
    (i32.store offset=${ENTRY.length} (global.get $entry) (local.get $len))
    (memory.copy ${key} (local.get $key) (local.get $len))
    (i32.store offset=${ENTRY.id} (global.get $entry) (i32.const 0))
    (i32.store offset=${ENTRY.reads} (global.get $entry) (i32.const 0)))`;

/**
 * What was checked: an entry for each different key (an event and all that the guest did at it), told
 * apart by every byte; and for each entry the values of the bits of the state before that its check
 * read. A hash only says where to look.
 */
export function memoText(width: number): string {
  const { heads, verdicts, arena, end } = sizes(width);
  return `
  (global $entry (mut i32) (i32.const 0))
  (global $hashed (mut i64) (i64.const 0))
  (global $top (mut i32) ${i32(arena)})
  (global $entries (mut i32) (i32.const 0))
  (global $ids (mut i32) (i32.const 0))
  (global $goods (mut i32) (i32.const 0))
${COMPARE}${verdictText(verdicts)}${knownText(heads)}${enterText(heads)}
  ;; Keeps that the key last asked for is good in this state, by a check that read these bits of it.
  (func $learn (param $key i32) (param $len i32) (param $reads i32)
    (if (i32.or (i32.gt_u (global.get $entries) ${i32(HEADS * 0.7)}) (i32.or
      (i32.gt_u (global.get $goods) ${i32(VERDICTS * 0.7)})
      (i32.gt_u (global.get $top) ${i32(end - 2 * SENT)}))) (then (call $forget)))
    (if (i32.eqz (global.get $entry)) (then (call $enter (local.get $key) (local.get $len))))
    ;; A check that read more than any before it: what was found good with less is asked again.
    (if (i32.or (i32.eqz ${entry("id")})
      (i32.and (local.get $reads) (i32.xor ${entry("reads")} (i32.const -1)))) (then
      (global.set $ids (i32.add (global.get $ids) (i32.const 1)))
      (i32.store offset=${ENTRY.id} (global.get $entry) (global.get $ids))
      (i32.store offset=${ENTRY.reads} (global.get $entry) (i32.or ${entry("reads")} (local.get $reads)))
      (i32.store offset=${ENTRY.count} (global.get $entry) (i32.const 0))
      (v128.store offset=${ENTRY.goods} (global.get $entry) (v128.const i32x4 -1 -1 -1 -1))
      (v128.store offset=${ENTRY.goods + 16} (global.get $entry) (v128.const i32x4 -1 -1 -1 -1))))
    (local.set $reads (i32.and ${load(AT.code)} ${entry("reads")}))
    (global.set $goods (i32.add (global.get $goods) (i32.const 1)))
    (i64.store (call $verdict ${entry("id")} (local.get $reads)) ${verdictKey("(local.get $reads)", entry("id"))})
    (call $recent (local.get $reads)))
  (func $forget
    (memory.fill ${i32(heads)} (i32.const 0) ${i32(arena - heads)})
    (global.set $top ${i32(arena)})
    (global.set $entry (i32.const 0))
    (global.set $entries (i32.const 0))
    (global.set $goods (i32.const 0)))`;
}

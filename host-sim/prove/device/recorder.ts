/**
 * The board that an explored guest is linked with, as a WebAssembly module with memory of its own: its
 * imports note what the guest did; its loop fires a state's events and asks, of each, whether the very
 * same was checked before. Must not know what any of it means: the questions are TypeScript's.
 *
 * WebAssembly here has one memory a module: what needs the guest's is in driver.ts, reached by TABLE.
 */
import binaryen from "binaryen";
import {
  CHANNEL,
  CHANNEL_NAMES,
  MARK_NAMES,
  MESSAGE_MAX,
  PIN,
  PRINCIPAL,
  STATUS,
} from "../../abi/abi.gen.ts";
import { BOARD_PINS, REGION_BYTES } from "../../sim/hal.ts";
import {
  ALL_FAIL,
  AT,
  BLOCK,
  bump,
  DIGEST_PRIME,
  DONE,
  DONE_DIFFERENCES,
  EFFECT,
  EVENT_ROW,
  EVENTS,
  FOUND,
  field,
  i32,
  load,
  MAC_MESSAGE_MAX,
  PAGE,
  place,
  ROWS,
  SCRATCH,
  SEEN,
  SENT,
  SENT_DIFFERENCES,
  SENT_HEAD,
  SIGNED,
  sizes,
  store,
  TABLE_SIZE,
  TAG_ROOM,
  TWIN,
  WRITE_BYTES_MAX,
  WRITE_ROW,
  WRITES_MAX,
} from "./layout.ts";
import { memoText } from "./memo.ts";

/** Names of imports that misuse is told of, by the number that the module tells. */
export const MISUSES = [
  "a pointer beyond the page",
  "gpio_write",
  "net_send",
  "mac_verify",
  "mac_sign",
  "storage_write",
  "storage_write without end",
  "mark",
] as const;
const misuse = (name: (typeof MISUSES)[number]) =>
  `(then (call $misuse ${i32(MISUSES.indexOf(name))}) unreachable)`;

const BOARD = `
  (func $inside (param $ptr i32) (param $len i32)
    (if (i64.gt_u (i64.add (i64.extend_i32_u (local.get $ptr)) (i64.extend_i32_u (local.get $len)))
      (i64.const ${PAGE})) ${misuse("a pointer beyond the page")}))
  (func (export "mark") (param $id i32)
    (if (i32.ge_u (local.get $id) ${i32(MARK_NAMES.length)}) ${misuse("mark")})
    ${store(EFFECT.marks, `(i32.or ${load(EFFECT.marks)} (i32.shl (i32.const 1) (local.get $id)))`)})
  (func (export "gpio_write") (param $pin i32) (param $level i32)
    (if (i32.or (i32.ge_u (local.get $pin) ${i32(BOARD_PINS)})
      (i32.gt_u (local.get $level) (i32.const 1))) ${misuse("gpio_write")})
    (if (i32.eq (local.get $pin) ${i32(PIN.RELAY)})
      (then ${store(EFFECT.relay, "(local.get $level)")})
      (else ${store(EFFECT.lamp, "(local.get $level)")})))
  (func (export "radio_request") (param $on i32) ${store(EFFECT.radio, "(local.get $on)")})
  (func (export "mac_verify")
    (param $principal i32) (param $ptr i32) (param $len i32) (param $tag i32) (result i32)
    (local $row i32)
    (call $inside (local.get $ptr) (local.get $len))
    (call $inside (local.get $tag) ${i32(TAG_ROOM)})
    (if (i32.or (i32.ge_u (local.get $principal) ${i32(PRINCIPAL.DEVICE)})
      (i32.gt_u (local.get $len) ${i32(MAC_MESSAGE_MAX)})) ${misuse("mac_verify")})
    ${bump(EFFECT.verifies)}
    (local.set $row ${load(AT.row)})
    (if (i32.or (i32.ne ${field("principal")} (local.get $principal))
      (i32.or (i32.eqz ${field("structure")}) (i32.ne ${field("structureLength")} (local.get $len))))
      (then (return ${i32(STATUS.BAD_TAG)})))
    (call $out (local.get $ptr) (local.get $len) ${i32(SCRATCH)})
    (call $out (local.get $tag) ${i32(TAG_ROOM)} ${i32(SCRATCH + MAC_MESSAGE_MAX)})
    (select ${i32(STATUS.OK)} ${i32(STATUS.BAD_TAG)} (i32.and
      (call $same (i32.const ${SCRATCH}) ${field("structure")} (local.get $len))
      (call $same (i32.const ${SCRATCH + MAC_MESSAGE_MAX}) ${field("tag")} ${i32(TAG_ROOM)}))))
  (func (export "mac_sign") (param $ptr i32) (param $len i32) (param $tag i32) (result i32)
    (call $inside (local.get $ptr) (local.get $len))
    (call $inside (local.get $tag) ${i32(TAG_ROOM)})
    (if (i32.gt_u (local.get $len) ${i32(MAC_MESSAGE_MAX)}) ${misuse("mac_sign")})
    ${store(AT.signedLength, "(local.get $len)")}
    (call $outPadded (local.get $ptr) (local.get $len) ${i32(SIGNED)})
    (call $move ${i32(AT.bytes)} (local.get $tag))
    ${i32(STATUS.OK)})
  (func (export "storage_write")
    (param $region i32) (param $offset i32) (param $ptr i32) (param $len i32) (result i32)
    (local $size i32) (local $row i32)
    (call $inside (local.get $ptr) (local.get $len))
    ${REGION_BYTES.map(
      (bytes, region) =>
        `(if (i32.eq (local.get $region) ${i32(region)}) (then (local.set $size ${i32(bytes)})))`,
    ).join(" ")}
    (if (i32.gt_u (local.get $len) ${i32(WRITE_BYTES_MAX)}) ${misuse("storage_write")})
    (if (i32.or (i32.eqz (local.get $size)) (i32.gt_u (local.get $offset)
      (i32.sub (local.get $size) (local.get $len)))) ${misuse("storage_write")})
    (if (i32.ge_u ${load(EFFECT.attempts)} ${i32(WRITES_MAX)}) ${misuse("storage_write without end")})
    (local.set $size (i32.shr_u ${load(AT.failWrites)} ${load(EFFECT.attempts)}))
    ${bump(EFFECT.attempts)}
    (if (i32.and (local.get $size) (i32.const 1)) (then (return ${i32(STATUS.IO)})))
    (local.set $row (i32.add ${i32(ROWS)} (i32.mul ${load(EFFECT.writes)} ${i32(WRITE_ROW)})))
    ${bump(EFFECT.writes)}
    (i32.store offset=${WRITE_BYTES_MAX} (local.get $row) (local.get $region))
    (i32.store offset=${WRITE_BYTES_MAX + 4} (local.get $row) (local.get $offset))
    (i32.store offset=${WRITE_BYTES_MAX + 8} (local.get $row) (local.get $len))
    ${Array.from({ length: WRITE_BYTES_MAX / 8 }, (_, index) => `(i64.store offset=${8 * index} (local.get $row) (i64.const 0))`).join("\n    ")}
    (call $out (local.get $ptr) (local.get $len) (local.get $row))
    ${i32(STATUS.OK)})
  (func (export "net_send") (param $channel i32) (param $ptr i32) (param $len i32) (result i32)
    (call $inside (local.get $ptr) (local.get $len))
    (if (i32.or (i32.ge_u (local.get $channel) ${i32(CHANNEL_NAMES.length)})
      (i32.gt_u (local.get $len) ${i32(MESSAGE_MAX)})) ${misuse("net_send")})
    ${bump(EFFECT.sends)}
    (if ${load(AT.watching)} (then (call $watch (local.get $channel) (local.get $ptr) (local.get $len))))
    (select ${i32(STATUS.OK)} ${i32(STATUS.DENIED)} ${load(AT.mayNet)}))`;

/**
 * Bytes between the memories: to the recorder's as `out` of driver.ts gives them, 32 to the guest's.
 */
const BYTES_TEXT = `
  (func (export "put") (param $to i32) (param i64 i64 i64 i64)
    (i64.store (local.get $to) (local.get 1)) (i64.store offset=8 (local.get $to) (local.get 2))
    (i64.store offset=16 (local.get $to) (local.get 3)) (i64.store offset=24 (local.get $to) (local.get 4)))
  (func (export "put8") (param $to i32) (param i64) (i64.store (local.get $to) (local.get 1)))
  (func (export "put1") (param $to i32) (param i32) (i32.store8 (local.get $to) (local.get 1)))
  (func $out (param $ptr i32) (param $len i32) (param $to i32)
    (call_indirect (type $iii) (local.get $ptr) (local.get $len) (local.get $to) ${place("out")}))
  (func $outPadded (param $ptr i32) (param $len i32) (param $to i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $to) (i32.and (local.get $len) ${i32(-BLOCK)})))
    (v128.store (local.get $end) (v128.const i64x2 0 0))
    (v128.store offset=16 (local.get $end) (v128.const i64x2 0 0))
    (call $out (local.get $ptr) (local.get $len) (local.get $to)))
  (func $move (param $from i32) (param $ptr i32)
    (call_indirect (type $store) (local.get $ptr) (i64.load (local.get $from)) (i64.load offset=8 (local.get $from))
      (i64.load offset=16 (local.get $from)) (i64.load offset=24 (local.get $from)) ${place("store")}))
  (func $same (param $a i32) (param $b i32) (param $len i32) (result i32)
    (local $at i32)
    (loop $next (if (i32.le_u (i32.add (local.get $at) (i32.const 8)) (local.get $len)) (then
      (if (i64.ne (i64.load (i32.add (local.get $a) (local.get $at)))
        (i64.load (i32.add (local.get $b) (local.get $at)))) (then (return (i32.const 0))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br $next))))
    (loop $next (if (i32.lt_u (local.get $at) (local.get $len)) (then
      (if (i32.ne (i32.load8_u (i32.add (local.get $a) (local.get $at)))
        (i32.load8_u (i32.add (local.get $b) (local.get $at)))) (then (return (i32.const 0))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next))))
    (i32.const 1))`;

const up = (bytes: string) => `(i32.and (i32.add ${bytes} ${i32(BLOCK - 1)}) ${i32(-BLOCK)})`;
const rowBytes = `(i32.mul ${load(EFFECT.writes)} ${i32(WRITE_ROW)})`;

/** What was sent is checked while the guest's state is what it tells of. */
const WATCH = `
  (func $watch (param $channel i32) (param $ptr i32) (param $len i32)
    (local $row i32) (local $to i32) (local $reads i32)
    (local.set $row ${load(AT.row)})
    (call_indirect (type $i) ${i32(SENT_DIFFERENCES)} ${place("differSent")})
    ${store(SENT_HEAD.channel, "(local.get $channel)")}
    ${store(SENT_HEAD.length, "(local.get $len)")}
    ${store(SENT_HEAD.signed, load(AT.signedLength))}
    ${store(SENT_HEAD.writes, load(EFFECT.writes))}
    ;; A reply depends on what it answers, and how; nothing else that is sent does.
    (if (i32.eq (local.get $channel) ${i32(CHANNEL.REPLY)})
      (then ${store(SENT_HEAD.answers, field("answers"))} ${store(SENT_HEAD.marks, load(EFFECT.marks))})
      (else ${store(SENT_HEAD.answers, i32(-1))} ${store(SENT_HEAD.marks, i32(0))}))
    (local.set $to (i32.add ${i32(SIGNED)} ${up(load(AT.signedLength))}))
    (call $outPadded (local.get $ptr) (local.get $len) (local.get $to))
    (local.set $to (i32.add (local.get $to) ${up("(local.get $len)")}))
    (if ${load(EFFECT.writes)} (then
      (memory.copy (local.get $to) ${i32(ROWS)} ${rowBytes})
      (local.set $to (i32.add (local.get $to) ${rowBytes}))))
    (local.set $to (i32.sub (local.get $to) ${i32(SENT)}))
    (if (i32.eqz (call $known ${i32(SENT)} (local.get $to))) (then
      (local.set $reads (call $wire (local.get $channel) (local.get $ptr) (local.get $len)))
      (if (i32.lt_s (local.get $reads) (i32.const 0))
        (then ${store(AT.flagged, i32(1))} (return)))
      (call $learn ${i32(SENT)} (local.get $to) (local.get $reads))))
    (call $digest (i32.wrap_i64 (i64.load (global.get $entry)))))
  (func $digest (param $value i32) ${store(
    AT.digest,
    `(i32.mul (i32.xor ${load(AT.digest)} (local.get $value)) ${i32(DIGEST_PRIME)})`,
  )})`;

const clear = `
    ${store(EFFECT.lamp, i32(-1))}
    ${store(EFFECT.attempts, i32(0))}
    (i64.store ${i32(EFFECT.relay)} (i64.const -1))
    (i64.store ${i32(EFFECT.marks)} (i64.const 0))
    (i64.store ${i32(EFFECT.verifies)} (i64.const 0))
    ${store(AT.signedLength, i32(0))}
    ${store(AT.flagged, i32(0))}`;

/** Fires one event; fires those of a list, each with the twins that differ from it. */
const LOOP = `
  ;; A hash of all in which the state that came out differs.
  (global $differences (mut i32) (i32.const 0))
  (func (export "differences") (param $hash i64) (global.set $differences
    (i32.wrap_i64 (i64.xor (local.get $hash) (i64.shr_u (local.get $hash) (i64.const 32))))))
  (func (export "clear") ${clear})
  (func (export "meet") (param $code i32) (param $event i32) (call $meet (local.get $code) (local.get $event)))
  (func $meet (param $code i32) (param $event i32)
    (local $at i32) (local $bit i32)
    (local.set $at (i32.add ${i32(SEEN)} (i32.shr_u (local.get $code) (i32.const 3))))
    (local.set $bit (i32.shl (i32.const 1) (i32.and (local.get $code) (i32.const 7))))
    (if (i32.and (i32.load8_u (local.get $at)) (local.get $bit)) (then (return)))
    (i32.store8 (local.get $at) (i32.or (i32.load8_u (local.get $at)) (local.get $bit)))
    (local.set $at (i32.add ${i32(FOUND)} (i32.shl ${load(AT.founds)} (i32.const 3))))
    (i32.store (local.get $at) (local.get $code))
    (i32.store offset=4 (local.get $at) (local.get $event))
    ${bump(AT.founds)})
  ;; Fires the event of $row from the settled state: poison, time, epoch, message, event.
  (func $fire (param $row i32) (result i32)
    ${clear}
    ${store(AT.failWrites, field("failWrites"))}
    ${store(AT.mayNet, field("mayNet"))}
    ${bump(AT.poison)}
    (call_indirect (type $i) (i32.and (i32.const 255)
      (i32.shr_u (i32.const 0x00ff5aa5) (i32.shl (i32.and ${load(AT.poison)} (i32.const 3)) (i32.const 3)))) ${place("begin")})
    (if ${field("message")} (then (call_indirect (type $none) ${field("message")})))
    (call_indirect (type $fire) ${field("kind")} ${field("a")} ${field("b")} ${field("ends")} ${field("ms")}
      ${field("epoch")} ${i32(DONE_DIFFERENCES)} ${place("fire")}))
  (func $attempt (param $event i32) (result i32)
    (local $row i32) (local $len i32) (local $reads i32)
    (local.set $row (i32.add ${i32(EVENTS + EVENT_ROW)} (i32.mul (local.get $event) ${i32(EVENT_ROW)})))
    ${store(AT.event, "(local.get $event)")}
    ${store(AT.row, "(local.get $row)")}
    ${bump(AT.transitions)}
    ${store(AT.next, "(call $fire (local.get $row))")}
    ${store(DONE, field("asks"))}
    (local.set $len (i32.add ${i32(ROWS - DONE)} ${rowBytes}))
    (local.set $reads (call $known ${i32(DONE)} (local.get $len)))
    (if (i32.or (i32.or ${load(AT.flagged)} ${load(AT.doubting)})
      (i32.or (i32.lt_s ${load(AT.next)} (i32.const 0)) (i32.eqz (local.get $reads)))) (then
      (local.set $reads (call $check))
      (if (i32.lt_s (local.get $reads) (i32.const 0)) (then (return (i32.const 0))))
      (call $learn ${i32(DONE)} (local.get $len) (local.get $reads))))
    (call $digest (i32.wrap_i64 (i64.load (global.get $entry))))
    (call $digest (i32.xor ${load(AT.next)} (i32.xor (global.get $differences)
      (i32.xor (i32.shl ${load(EFFECT.attempts)} (i32.const 24)) (i32.shl ${load(EFFECT.lamp)} (i32.const 30))))))
    (call $meet ${load(AT.next)} (local.get $event))
    (i32.const 1))
  ;; The events of a list from the settled state, until one breaks a rule: 0, or 1 if none does.
  (func (export "run") (param $list i32) (param $count i32) (result i32)
    (local $event i32) (local $row i32) (local $attempts i32) (local $sends i32)
    (loop $next (if (local.get $count) (then
      (local.set $event (i32.load (local.get $list)))
      (if (i32.eqz (call $attempt (local.get $event))) (then (return (i32.const 0))))
      (local.set $attempts ${load(EFFECT.attempts)})
      (local.set $sends ${load(EFFECT.sends)})
      (if (i32.or (local.get $attempts) (local.get $sends)) (then
        (local.set $row (i32.add ${i32(EVENTS + EVENT_ROW)} (i32.mul (local.get $event) ${i32(EVENT_ROW)})))
        (loop $twins
          (local.set $row (i32.add (local.get $row) ${i32(EVENT_ROW)}))
          (local.set $event (i32.add (local.get $event) (i32.const 1)))
          (if ${field("twin")} (then
            (if (call $differs (local.get $row) (local.get $attempts) (local.get $sends)) (then
              (if (i32.eqz (call $attempt (local.get $event))) (then (return (i32.const 0))))))
            (br $twins))))))
      (local.set $list (i32.add (local.get $list) (i32.const 4)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next))))
    (i32.const 1))
  ;; The same events, and no question asked: what the guest itself takes.
  (func (export "bare") (param $list i32) (param $count i32)
    (local $row i32)
    (loop $next (if (local.get $count) (then
      (local.set $row (i32.add ${i32(EVENTS + EVENT_ROW)} (i32.mul (i32.load (local.get $list)) ${i32(EVENT_ROW)})))
      ${store(AT.row, "(local.get $row)")}
      (drop (call $fire (local.get $row)))
      (local.set $list (i32.add (local.get $list) (i32.const 4)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next)))))
  ;; Whether a twin differs from an event that made so many attempts to write and to send. One attempt
  ;; that fails is all that fail.
  (func $differs (param $row i32) (param $attempts i32) (param $sends i32) (result i32)
    (if (i32.eq ${field("twin")} ${i32(TWIN.sends)}) (then (return (i32.ne (local.get $sends) (i32.const 0)))))
    (if (i32.eq ${field("failWrites")} ${i32(ALL_FAIL)}) (then (return (i32.ne (local.get $attempts) (i32.const 0)))))
    (i32.and (i32.gt_u (local.get $attempts) (i32.const 1))
      (i32.lt_u ${field("failWrites")} (i32.shl (i32.const 1) (local.get $attempts)))))`;

function text(width: number): string {
  const pages = Math.ceil(sizes(width).end / PAGE);
  return `(module
  (type $i (func (param i32)))
  (type $none (func))
  (type $iii (func (param i32 i32 i32)))
  (type $store (func (param i32 i64 i64 i64 i64)))
  (type $fire (func (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "host" "check" (func $check (result i32)))
  (import "host" "wire" (func $wire (param i32 i32 i32) (result i32)))
  (import "host" "misuse" (func $misuse (param i32)))
  (memory (export "memory") ${pages} ${pages})
  (table (export "table") ${TABLE_SIZE} ${TABLE_SIZE} funcref)
${BYTES_TEXT}${BOARD}${memoText(width)}${WATCH}${LOOP}
)`;
}

export interface Recorder extends WebAssembly.ModuleImports {
  memory: WebAssembly.Memory;
  table: WebAssembly.Table;
  clear(): void;
  /** Notes a state among those found if it is new. */
  meet(code: number, label: number): void;
  /** Fires the events listed, and their twins; 0 if one breaks a rule. */
  run(list: number, count: number): number;
  bare(list: number, count: number): void;
}

/** What the recorder asks of TypeScript. */
export interface Questions {
  /** Whether the event that was fired keeps the rules: the bits of the state that were read; -1 if not. */
  check(): number;
  /** The same of a message that is sent. */
  wire(channel: number, ptr: number, len: number): number;
  misuse(what: number): void;
}

const FEATURES =
  binaryen.Features.BulkMemory | binaryen.Features.MutableGlobals | binaryen.Features.SIMD128;

/** A module from text. Binaryen's own encoding of imports is newer than what node 20 reads. */
export function assemble(source: string): WebAssembly.Module {
  const module = binaryen.parseText(source);
  module.setFeatures(FEATURES);
  const bytes = new Uint8Array(module.emitBinary());
  module.dispose();
  return new WebAssembly.Module(bytes);
}

const modules = new Map<number, WebAssembly.Module>();

/** A recorder for folded states of `width` bits. */
export function makeRecorder(width: number, host: Questions): Recorder {
  const module = modules.get(width) ?? assemble(text(width));
  modules.set(width, module);
  const imports = { host: host as unknown as WebAssembly.ModuleImports };
  return new WebAssembly.Instance(module, imports).exports as unknown as Recorder;
}

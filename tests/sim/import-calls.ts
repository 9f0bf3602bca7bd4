/** Calls of imports in WebAssembly text, for the tests of the host loop. */
import { MARK_NAMES } from "../../host-sim/abi/abi.gen.ts";

/** Calls that misuse an import, each with a similar call that is just within bounds. */
export const CALLS: [string, string, string][] = [
  [
    "gpio_write",
    "(call $gpio_write (i32.const 2) (i32.const 0))",
    "(call $gpio_write (i32.const 1) (i32.const 1))",
  ],
  [
    "gpio level",
    "(call $gpio_write (i32.const 0) (i32.const 2))",
    "(call $gpio_write (i32.const 0) (i32.const 0))",
  ],
  [
    "gpio negative",
    "(call $gpio_write (i32.const -1) (i32.const 0))",
    "(call $mark (i32.const 0))",
  ],
  [
    "mark",
    `(call $mark (i32.const ${MARK_NAMES.length}))`,
    `(call $mark (i32.const ${MARK_NAMES.length - 1}))`,
  ],
  [
    "net_send principal",
    "(drop (call $net_send (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1)))",
    "(drop (call $net_send (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 1)))",
  ],
  [
    "mac_sign principal",
    "(drop (call $mac_sign (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0)))",
    "(drop (call $mac_sign (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0)))",
  ],
  [
    "net_send channel",
    "(drop (call $net_send (i32.const 0) (i32.const 3) (i32.const 0) (i32.const 1)))",
    "(drop (call $net_send (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 1)))",
  ],
  [
    "net_send length",
    "(drop (call $net_send (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1025)))",
    "(drop (call $net_send (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1024)))",
  ],
  [
    "net_send range",
    "(drop (call $net_send (i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 1)))",
    "(drop (call $net_send (i32.const 0) (i32.const 0) (i32.const 65535) (i32.const 1)))",
  ],
  [
    "net_send overflow",
    "(drop (call $net_send (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 1024)))",
    "(drop (call $net_send (i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 0)))",
  ],
  [
    "mac_verify principal",
    "(drop (call $mac_verify (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0)))",
    "(drop (call $mac_verify (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0)))",
  ],
  [
    "mac_verify tag",
    "(drop (call $mac_verify (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 65505)))",
    "(drop (call $mac_verify (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 65504)))",
  ],
  [
    "mac_sign bytes",
    "(drop (call $mac_sign (i32.const 0) (i32.const 65000) (i32.const 537) (i32.const 0)))",
    "(drop (call $mac_sign (i32.const 0) (i32.const 65000) (i32.const 536) (i32.const 0)))",
  ],
  [
    "mac_sign length",
    "(drop (call $mac_sign (i32.const 0) (i32.const 0) (i32.const 2049) (i32.const 0)))",
    "(drop (call $mac_sign (i32.const 0) (i32.const 0) (i32.const 2048) (i32.const 0)))",
  ],
  [
    "mac_verify length",
    "(drop (call $mac_verify (i32.const 0) (i32.const 0) (i32.const 2049) (i32.const 0)))",
    "(drop (call $mac_verify (i32.const 0) (i32.const 0) (i32.const 2048) (i32.const 0)))",
  ],
  [
    "mac_sign tag",
    "(drop (call $mac_sign (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -32)))",
    "(drop (call $mac_sign (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 65504)))",
  ],
  [
    "random length",
    "(call $random (i32.const 0) (i32.const 65))",
    "(call $random (i32.const 0) (i32.const 64))",
  ],
  [
    "random range",
    "(call $random (i32.const 65473) (i32.const 64))",
    "(call $random (i32.const 65472) (i32.const 64))",
  ],
  [
    "storage region",
    "(drop (call $storage_read (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1)))",
    "(drop (call $storage_read (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 1)))",
  ],
  [
    "storage end",
    "(drop (call $storage_write (i32.const 1) (i32.const 1) (i32.const 0) (i32.const 64)))",
    "(drop (call $storage_write (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 64)))",
  ],
  [
    "storage overflow",
    "(drop (call $storage_write (i32.const 1) (i32.const -1) (i32.const 0) (i32.const 2)))",
    "(drop (call $storage_write (i32.const 2) (i32.const 32767) (i32.const 0) (i32.const 1)))",
  ],
  [
    "storage range",
    "(drop (call $storage_read (i32.const 2) (i32.const 0) (i32.const 65535) (i32.const 2)))",
    "(drop (call $storage_read (i32.const 2) (i32.const 0) (i32.const 65535) (i32.const 1)))",
  ],
  [
    "log length",
    "(call $log (i32.const 0) (i32.const 121))",
    "(call $log (i32.const 0) (i32.const 120))",
  ],
  [
    "log range",
    "(call $log (i32.const 65536) (i32.const 1))",
    "(call $log (i32.const 65535) (i32.const 1))",
  ],
];

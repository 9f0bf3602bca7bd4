/**
 * Which modules are accepted as guests and why others are refused, incl. damaged copies of the
 * device.
 */
import { expect, test } from "vitest";
import { Prng } from "../../host-sim/base/prng.ts";
import { firmwarePath, readModule } from "../../host-sim/sim/firmware.ts";
import { loadGuest } from "../../host-sim/sim/module.ts";
import { assemble, type GuestText, guestText } from "./fake-hal.ts";

const REASONS = ["format", "import", "export", "memory", "segment", "size"];
const device = readModule(firmwarePath("device"));

/** The reason why a module is refused. Empty if it is accepted. */
function reason(bytes: Uint8Array<ArrayBuffer>): string {
  const guest = loadGuest(bytes);
  return typeof guest === "string" ? guest : "";
}

test("accepts the device", () => {
  expect(reason(device)).toBe("");
});

test("accepts a guest with imports and one without", async () => {
  expect(reason(await assemble(guestText({})))).toBe("");
  expect(reason(await assemble(guestText({ imports: "" })))).toBe("");
});

test.for([
  ["import", { imports: '(import "board" "radio_force" (func (param i32)))' }],
  ["import", { imports: '(import "env" "mark" (func (param i32)))' }],
  ["import", { imports: '(import "board" "mark" (func (param i32 i32)))' }],
  ["import", { imports: '(import "board" "mark" (func (param i32) (result i32)))' }],
  ["import", { imports: '(import "board" "mark" (func (param i64)))' }],
  ["import", { imports: '(import "board" "mark" (global i32))' }],
  ["import", { imports: '(import "board" "memory" (memory 1 1))', memory: "" }],
  ["import", { imports: '(import "board" "toString" (func))' }],
  ["import", { imports: '(import "board" "__proto__" (func))' }],
  ["memory", { memory: '(memory (export "memory") 2 2)' }],
  ["memory", { memory: '(memory (export "memory") 1 2)' }],
  ["memory", { memory: '(memory (export "memory") 1)' }],
  ["memory", { memory: '(memory (export "memory") 65536)' }],
  ["export", { memory: "(memory 1 1)" }],
  ["export", { memory: '(global (export "memory") i32 (i32.const 0))' }],
] as [string, GuestText][])("refuses for %s: %j", async ([wanted, text]) => {
  expect(reason(await assemble(guestText(text)))).toBe(wanted);
});

test.for(["abi_version", "rx_buffer", "state_ptr", "state_len", "init", "on_event"])(
  "refuses a guest without %s, and one with another signature of it",
  async (name) => {
    const text = guestText({});
    expect(reason(await assemble(text.replace(`"${name}"`, `"${name}_"`)))).toBe("export");
    const shifted = text.replace(
      `(func (export "${name}")`,
      `(func (export "${name}") (param i64)`,
    );
    expect(reason(await assemble(shifted))).toBe("export");
  },
);

test("refuses the device truncated at any byte", () => {
  for (let end = 0; end < device.length; end++) {
    // A truncated module is still valid if only custom sections at its end are missing.
    const why = reason(device.slice(0, end));
    if (why !== "") expect(REASONS).toContain(why);
    else
      expect(WebAssembly.Module.exports(new WebAssembly.Module(device.slice(0, end)))).toEqual(
        WebAssembly.Module.exports(new WebAssembly.Module(device)),
      );
  }
  expect(reason(device.slice(0, device.length >> 1))).toBe("format");
  expect(reason(device.slice(0, 8))).toBe("export");
});

test("refuses the device with a flipped bit for a known reason, or accepts it as a valid guest", () => {
  const prng = new Prng(1);
  let refused = 0;
  for (let round = 0; round < 3000; round++) {
    const bytes = device.slice();
    const at = prng.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << prng.below(8));
    const why = reason(bytes);
    if (why === "") continue;
    expect(REASONS).toContain(why);
    refused++;
  }
  expect(refused).toBeGreaterThan(1000);
});

test("refuses noise and wrong section lengths", () => {
  const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  expect(reason(Uint8Array.of())).toBe("format");
  expect(reason(Uint8Array.of(1, 2, 3))).toBe("format");
  expect(reason(Uint8Array.of(...head, 1, 0xff, 0xff, 0xff, 0xff, 0x0f))).toBe("format");
  expect(reason(Uint8Array.of(...head, 7, 1, 0xff))).toBe("format");
});

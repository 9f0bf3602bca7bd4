/** Which modules are guests, and why others are refused: made ones, and damaged copies of the device. */
import { expect, test } from "vitest";
import { firmwarePath, readModule } from "../../host-sim/firmware.ts";
import { loadGuest } from "../../host-sim/module.ts";
import { Prng } from "../../host-sim/prng.ts";
import { assemble, type GuestText, guestText } from "./fake-hal.ts";

const REASONS = ["format", "import", "export", "memory", "segment", "size"];
const device = readModule(firmwarePath("device"));

/** Why a module is refused; "" if it is taken. */
function reason(bytes: Uint8Array<ArrayBuffer>): string {
  const guest = loadGuest(bytes);
  return typeof guest === "string" ? guest : "";
}

test("the device is a guest", () => {
  expect(reason(device)).toBe("");
});

test("a made guest is a guest, with imports and without", async () => {
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
] as [string, GuestText][])("%s: %j is refused", async ([wanted, text]) => {
  expect(reason(await assemble(guestText(text)))).toBe(wanted);
});

test.for(["abi_version", "rx_buffer", "state_ptr", "state_len", "init", "on_event"])(
  "a guest without %s is refused, and one with another signature",
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

test("the device cut at any byte is refused", () => {
  for (let end = 0; end < device.length; end++) {
    // The last section may be a custom one: what is left is whole without it.
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

test("the device with bits flipped is refused with a reason, or still a guest in shape", () => {
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

test("noise and lengths that lie are refused", () => {
  const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  expect(reason(Uint8Array.of())).toBe("format");
  expect(reason(Uint8Array.of(1, 2, 3))).toBe("format");
  expect(reason(Uint8Array.of(...head, 1, 0xff, 0xff, 0xff, 0xff, 0x0f))).toBe("format");
  expect(reason(Uint8Array.of(...head, 7, 1, 0xff))).toBe("format");
});

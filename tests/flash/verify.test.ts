/** `killswitch verify` on a serial line: what it compares, what it leaves alone, how it ends. */
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT } from "../../host-sim/base/errors.ts";
import { loadChip } from "../../host-sim/flash/chip.ts";
import { partitionsOf } from "../../host-sim/flash/flasher.ts";
import { encodePartitions } from "../../host-sim/flash/partitions.ts";
import { firmwarePath } from "../../host-sim/sim/firmware.ts";
import { complains, type Ended, startProgram } from "../cli/program.ts";
import { noPty, Pty } from "../serial/pty.ts";
import { CHIPS, FakeRom } from "./fake-rom.ts";

const TABLE_AT = 0x8000;
const APP_AT = 0x10000;
const GUEST_AT = 0x190000;
const OWNER_AT = 0x1a0000;
const device = readFileSync(firmwarePath("device"));
const table = Buffer.from(encodePartitions(partitionsOf(loadChip("esp32c3"))[1]));
const app = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 31) & 0xff));
const boot = Buffer.from(Array.from({ length: 100 }, (_, index) => index));

let folder = "";
let line: Pty;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-verify-"));
});
afterEach(async () => {
  await line?.close();
  rmSync(folder, { recursive: true });
});

function framed(module: Buffer): Buffer {
  const header = Buffer.alloc(16);
  header.write("KSGUEST1", "latin1");
  header.writeUInt32LE(module.length, 8);
  header.writeUInt32LE(crc32(module), 12);
  return Buffer.concat([header, module]);
}

/** A chip with this firmware, and its build in `folder`. */
async function flashed(): Promise<FakeRom> {
  line = await Pty.open();
  const rom = new FakeRom(line, CHIPS.esp32c3);
  boot.copy(rom.flash, 0);
  table.copy(rom.flash, TABLE_AT);
  app.copy(rom.flash, APP_AT);
  framed(device).copy(rom.flash, GUEST_AT);
  rom.flash.write("a secret key of the owner", OWNER_AT);
  const files = { "0x0": "boot.bin", "0x8000": "table.bin", "0x10000": "app.bin" };
  const list = { flash_files: files, extra_esptool_args: { chip: "esp32c3" } };
  writeFileSync(join(folder, "boot.bin"), boot);
  writeFileSync(join(folder, "table.bin"), table);
  writeFileSync(join(folder, "app.bin"), app);
  writeFileSync(join(folder, "flasher_args.json"), JSON.stringify(list));
  copyFileSync(firmwarePath("device"), join(folder, "device.wasm"));
  return rom;
}

function certificate(sha256: string): void {
  const text = JSON.stringify({ modules: { device: { sha256, bytes: device.length } } });
  writeFileSync(join(folder, "proof.json"), text);
}

const verify = (words: string): Promise<Ended> =>
  startProgram(folder, `verify --port ${line.path} ${words}`.trim()).ended;

const without = noPty();
const digest = createHash("sha256").update(device).digest("hex");

describe.skipIf(without !== null)("verify", () => {
  test("confirms a board that holds the build, and writes nothing", async () => {
    const rom = await flashed();
    const before = Buffer.from(rom.flash);
    certificate(digest);
    const { code, out, err } = await verify("--image . --guest device.wasm --proof proof.json");
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toContain("chip esp32c3, MAC address 60:55:f9:aa:bb:cc\n");
    expect(out).toMatch(/^same {9}boot\.bin at 0x0: 100 bytes, MD5 [0-9a-f]{32}$/m);
    expect(out).toMatch(/^same {9}factory at 0x10000: 5000 bytes/m);
    expect(out).toMatch(/^not compared factory at 0x11388: \d+ bytes behind the image/m);
    expect(out).toContain(`sha256 ${digest}, as device.wasm and proof.json\n`);
    expect(out).toMatch(/^masked {7}owner at 0x1a0000: keys, name and broker; it is not read$/m);
    expect(out).toMatch(/^not compared nvs at 0x9000: it changes/m);
    expect(out).not.toContain("secret");
    expect(before.equals(rom.flash)).toBe(true);
  });

  test("says what it cannot compare without a build, and checks the guest", async () => {
    await flashed();
    rmSync(join(folder, "flasher_args.json"));
    const { code, out } = await verify("");
    expect(code).toBe(0);
    expect(out).toMatch(/^same {9}guest at 0x190000: \d+ bytes/m);
    expect(out).toMatch(/^not compared factory at 0x10000: the native image: give the folder/m);
  });

  test.each<[string, (rom: FakeRom) => void, RegExp]>([
    ["the boot loader", ({ flash }) => flash.writeUInt8(0xff, 50), /expected: boot\.bin; do not/],
    ["the native image", ({ flash }) => flash.writeUInt8(0, APP_AT + 4999), /expected: factory;/],
    [
      "the guest",
      ({ flash }) => flash.writeUInt8(flash.readUInt8(GUEST_AT + 5000) ^ 1, GUEST_AT + 5000),
      /expected: guest;/,
    ],
    ["the guest's length", ({ flash }) => flash.writeUInt8(0xff, GUEST_AT + 10), /guest;/],
  ])("refutes a board with one changed byte in %s", async (_, change, words) => {
    const rom = await flashed();
    change(rom);
    const ended = await verify("--image .");
    complains(ended, EXIT.REFUTED, words);
    expect(ended.out).toMatch(/^differs /m);
  });

  test("refutes a good guest that is not the one of the proof", async () => {
    const rom = await flashed();
    framed(Buffer.concat([device, Buffer.from([0, 2, 1, 0x78])])).copy(rom.flash, GUEST_AT);
    certificate(digest);
    const ended = await verify("--proof proof.json");
    complains(ended, EXIT.REFUTED, /expected: guest/);
    expect(ended.out).toContain(`but proof.json has ${digest}`);
  });

  test.each([
    [
      "--proof none.json",
      EXIT.BAD_FILE,
      /proof none\.json cannot be read: the file does not exist/,
    ],
    ["--proof app.bin", EXIT.BAD_FILE, /app\.bin is not a certificate/],
    ["--image /", EXIT.BAD_FILE, /\/ does not contain flasher_args\.json/],
    ["--guest app.bin", EXIT.BAD_FILE, /guest app\.bin: it is not a WebAssembly module/],
  ])("ends %s with one line", async (words, code, expected) => {
    await flashed();
    complains(await verify(words), code, expected);
  });

  test("ends with one line on another firmware's layout and on another chip", async () => {
    const rom = await flashed();
    rom.flash.writeUInt8(0x77, TABLE_AT + 40);
    complains(await verify(""), EXIT.WRONG_CHIP, /has another partition table/);
    await line.close();
    line = await Pty.open();
    // An ESP32-H2, which has no Wi-Fi.
    new FakeRom(line, { chipId: 16 });
    complains(await verify(""), EXIT.WRONG_CHIP, /the chip is esp32h2: no board here has it/);
  });
});

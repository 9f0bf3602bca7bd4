/** Tests UF2 files: writing, reading as the boot ROM does, refusals, and that two builds of an image are identical. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checksumOfBoot } from "../../../host-sim/targets/rp2040/boot-checksum.ts";
import { buildFirmware } from "../../../host-sim/targets/rp2040/build.ts";
import {
  anyGuestRegion,
  firmwareRegion,
  wifiRegion,
} from "../../../host-sim/targets/rp2040/contents.ts";
import { copyToDrive, findDrives, theDrive } from "../../../host-sim/targets/rp2040/drive.ts";
import { flashUf2, makeUf2 } from "../../../host-sim/targets/rp2040/uf2.ts";
import { BOARD, notRun } from "./support.ts";

const FAMILY = Number(BOARD.family);
const flash = () => new Uint8Array(BOARD.flash.bytes).fill(0xff);
const some = (bytes: number, fill: number) => new Uint8Array(bytes).fill(fill);
const REGIONS = [
  { at: 0, bytes: some(5000, 1) },
  { at: BOARD.flash.guest.at, bytes: some(100, 2) },
];

test("computes the second stage's checksum as the boot ROM does", () => {
  // CRC-32/MPEG-2 of "123456789", from the catalogue of parametrised CRC algorithms.
  expect(checksumOfBoot(Buffer.from("123456789"))).toBe(0x0376_e6e7);
});

describe("UF2", () => {
  test("reads back what was written, at its address, in whole sectors", () => {
    const into = flash();
    into.fill(7, 4096, 12_288);
    flashUf2("a.uf2", makeUf2(REGIONS, FAMILY), FAMILY, into);
    expect(into.subarray(0, 5000).every((byte) => byte === 1)).toBe(true);
    expect(into.subarray(5000, 8192).every((byte) => byte === 0xff)).toBe(true);
    // A sector that is not in the file is unchanged.
    expect(into[8192]).toBe(7);
    expect(into[BOARD.flash.guest.at + 99]).toBe(2);
  });

  const refused = (spoil: (file: Buffer) => Buffer) => () => {
    const file = spoil(makeUf2(REGIONS, FAMILY));
    flashUf2("a.uf2", file, FAMILY, flash());
  };
  const poke = (at: number, value: number) => (file: Buffer) => {
    file.writeUInt32LE(value, at);
    return file;
  };

  test.each([
    ["a damaged block", poke(512, 0), /block 1: it is damaged/],
    ["a damaged end", poke(508, 0), /block 0: it is damaged/],
    ["another family", poke(512 + 28, 0xe48b_ff59), /block 1: its family is 0xe48bff59/],
    [
      "a block that is missing",
      (file: Buffer) => file.subarray(512),
      /block 0: it is out of order/,
    ],
    ["a file that is cut", (file: Buffer) => file.subarray(0, 700), /700 bytes are not blocks/],
    ["a place outside the flash", poke(12, 0x2000_0000), /block 0: it lies outside/],
  ])("refuses %s", (_, spoil, message) => {
    expect(refused(spoil)).toThrow(message);
  });

  test("refuses regions that overlap", () => {
    const twice = [...REGIONS, { at: 4096, bytes: some(10, 3) }];
    expect(() => makeUf2(twice, FAMILY)).toThrow(/two regions at 4096/);
  });

  test("refuses a network's name that is not valid in Wi-Fi", () => {
    expect(() => wifiRegion(BOARD, { ssid: "x".repeat(33), password: "" })).toThrow(/33 bytes/);
  });
});

describe("drive", () => {
  const root = mkdtempSync(join(tmpdir(), "killswitch-drive-"));
  const make = (folder: string, board: string) => {
    mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(
      join(root, folder, "INFO_UF2.TXT"),
      `UF2 Bootloader v3.0\r\nModel: x\r\nBoard-ID: ${board}\r\n`,
    );
    return join(root, folder);
  };
  const linux = { platform: "linux", user: "ann", root } as const;

  test("says what to do if there is none, finds one, refuses another board's, and refuses to choose between two", () => {
    expect(() => theDrive(undefined, linux)).toThrow(/hold BOOTSEL/);
    make("media/ann/OTHER", "SAMD21G18A");
    expect(() => theDrive(undefined, linux)).toThrow(/hold BOOTSEL/);
    expect(() => theDrive(join(root, "media/ann/OTHER"), linux)).toThrow(/names another board/);
    expect(() => theDrive(join(root, "media"), linux)).toThrow(/INFO_UF2.TXT is not there/);
    const drive = make("run/media/ann/RPI-RP2", "RPI-RP2");
    expect(theDrive(undefined, linux)).toBe(drive);
    const mac = make("Volumes/RPI-RP2", "RPI-RP2");
    expect(findDrives({ ...linux, platform: "darwin" })).toEqual([mac]);
    copyToDrive(drive, "a.uf2", some(1000, 5));
    expect(readFileSync(join(drive, "a.uf2")).length).toBe(1000);
    make("media/ann/RPI-RP2", "RPI-RP2");
    expect(() => theDrive(undefined, linux)).toThrow(/name one with --drive/);
    rmSync(root, { recursive: true });
    expect(() => copyToDrive(drive, "a.uf2", some(10, 1))).toThrow(/cannot be written \(ENOENT\)/);
  });
});

describe.skipIf(notRun() !== null)("the image", () => {
  test("is identical when everything is compiled again", () => {
    const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
    const { bytes } = buildFirmware({ board: BOARD.name });
    const again = buildFirmware({ board: BOARD.name, afresh: true });
    expect(digest(again.bytes)).toBe(digest(bytes));
    const regions = [firmwareRegion(BOARD, bytes), anyGuestRegion(BOARD, some(20, 1))];
    expect(makeUf2(regions, FAMILY).equals(makeUf2(regions, FAMILY))).toBe(true);
  }, 120_000);

  test("contains the checksum of its second stage", () => {
    const bytes = Buffer.from(buildFirmware({ board: BOARD.name }).bytes);
    expect(bytes.readUInt32LE(252)).toBe(checksumOfBoot(bytes.subarray(0, 252)));
  });
});

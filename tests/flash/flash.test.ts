/** `killswitch flash` with a fake boot loader on a pseudo-terminal. */
import { createHash, generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ABI_VERSION, PRINCIPAL_KIDS } from "../../host-sim/abi/abi.gen.ts";
import { EXIT } from "../../host-sim/base/errors.ts";
import { initKeys, loadKeys, revokeKey } from "../../host-sim/controller/keys.ts";
import { assembleWat } from "../../host-sim/scenario/guest.ts";
import { firmwarePath } from "../../host-sim/sim/firmware.ts";
import { complains, type Ended, startProgram } from "../cli/program.ts";
import { noPty, Pty } from "../serial/pty.ts";
import { CHIPS, type FakeChip, FakeRom, type Faults } from "./fake-rom.ts";

const TABLE_AT = 0x8000;
const GUEST_AT = 0x190000;
const GUEST_BYTES = 0x10000;
const OWNER_AT = 0x1a0000;
const OWNER_BYTES = 0x2000;
/**
 * The partition table that the boot loader reads. A row: magic AA 50, type, subtype, offset, size,
 * name, flags. Encoded by hand from the ESP-IDF Programming Guide.
 */
const TABLE = Buffer.from(
  [
    "aa50 0102 00900000 00600000 6e767300000000000000000000000000 00000000",
    "aa50 0101 00f00000 00100000 7068795f696e69740000000000000000 00000000",
    "aa50 0000 00000100 00001800 666163746f7279000000000000000000 00000000",
    "aa50 0140 00001900 00000100 67756573740000000000000000000000 00000000",
    "aa50 0141 00001a00 00200000 6f776e65720000000000000000000000 00000000",
    "aa50 0102 00001b00 00000200 73746f72616765000000000000000000 00000000",
  ]
    .join("")
    .replaceAll(" ", ""),
  "hex",
);

/**
 * A self-signed certificate, made for this test: openssl req -x509 -newkey ec -subj /CN=test -days
 * 36500.
 */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUJrwaLaG5yvxp4EnvwxBLIQxIAPMwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjIxNTE1NDJaGA8yMTI2MTAyOTE1MTU0
MlowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEOm
y0Yzcd/V0F/MP+l0TyUs+eZNB0/UEYpJdYlde/paUVX/U9supTRZA2NNI/Exwq1z
uULs9I3ytDafu7WaiQmjUzBRMB0GA1UdDgQWBBQGrKSQLqodDoXCVecwkv4RJaSe
IzAfBgNVHSMEGDAWgBQGrKSQLqodDoXCVecwkv4RJaSeIzAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIQCoek8N467xL9s3x49RHiNqRhMSbuIfC7dU
1lXH/EzLRQIgU7xylWhPX/tf72GqNDXk2UM0Hi+fT6FpHAD2mSZ32X0=
-----END CERTIFICATE-----
`;

const device = readFileSync(firmwarePath("device"));
const random = (length: number) => new Uint8Array(length).map((_, index) => index * 3 + length);

let folder = "";
let line: Pty;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-flash-"));
});
afterEach(async () => {
  await line?.close();
  rmSync(folder, { recursive: true });
});

/** Connects a chip whose flash has this firmware's partition table. */
async function plugged(chip: FakeChip = CHIPS.esp32c3, faults: Faults = {}): Promise<FakeRom> {
  line = await Pty.open();
  const rom = new FakeRom(line, chip, faults);
  TABLE.copy(rom.flash, TABLE_AT);
  return rom;
}

function flash(words: string, options: { uid?: number; board?: string } = {}): Promise<Ended> {
  const { board = "esp32c3", ...rest } = options;
  const where = `flash --board ${board} --port ${line.path}`;
  return startProgram(folder, `${where} ${words}`, rest).ended;
}

/** Checks a partition's header as the board does, and returns its body. */
function unframe(magic: string, bytes: Buffer): Buffer {
  expect(bytes.toString("latin1", 0, 8)).toBe(magic);
  const body = bytes.subarray(16, 16 + bytes.readUInt32LE(8));
  expect(body.length).toBe(bytes.readUInt32LE(8));
  expect(crc32(body)).toBe(bytes.readUInt32LE(12));
  return body;
}

/** Expects that only the given part of the flash has changed. */
function untouched(before: Buffer, after: Buffer, at: number, length: number): void {
  expect(before.subarray(0, at).equals(after.subarray(0, at))).toBe(true);
  expect(before.subarray(at + length).equals(after.subarray(at + length))).toBe(true);
}

const without = noPty();
/** Why this test cannot start a program as another user; null if it can. */
const noOtherUser =
  process.getuid?.() === 0 ? null : "only root can start a program as another user";
if (noOtherUser !== null)
  process.stderr.write(`NOT RUN a port without permission: ${noOtherUser}\n`);

describe.skipIf(without !== null)("flash", () => {
  test.each(["esp32c3", "esp32"] as const)("writes only the guest, on %s", async (board) => {
    const rom = await plugged(CHIPS[board]);
    const before = Buffer.from(rom.flash);
    const { code, out, err } = await flash("--guest", { board });
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toMatch(/^guest at 0x190000: \d+ bytes written, MD5 read back [0-9a-f]{32}\n/);
    expect(out).toMatch(/press RESET/);
    const partition = rom.flash.subarray(GUEST_AT, GUEST_AT + GUEST_BYTES);
    expect(unframe("KSGUEST1", partition).equals(device)).toBe(true);
    untouched(before, rom.flash, GUEST_AT, GUEST_BYTES);
  });

  test("sends a block again if the chip reports a wrong checksum", async () => {
    const rom = await plugged(CHIPS.esp32c3, { doubts: 3 });
    expect((await flash("--guest")).code).toBe(0);
    const partition = rom.flash.subarray(GUEST_AT, GUEST_AT + GUEST_BYTES);
    expect(unframe("KSGUEST1", partition).equals(device)).toBe(true);
  });

  test("writes the owner's settings and fills the partition", async () => {
    const rom = await plugged();
    const before = Buffer.from(rom.flash);
    const keys = join(folder, "keys");
    initKeys(keys, "kitchen", random);
    const words = `--keys ${keys} --device kitchen --broker mqtt://me:secret@192.168.1.10:1884`;
    const { code, out, err } = await flash(words);
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).not.toContain("secret");
    const partition = rom.flash.subarray(OWNER_AT, OWNER_AT + OWNER_BYTES);
    const body = unframe("KSOWNER3", partition);
    const made = loadKeys(keys, "kitchen");
    const keyBytes = Buffer.concat(PRINCIPAL_KIDS.map((kid) => made.get(kid) ?? Buffer.alloc(0)));
    const text = (width: number, value: string) =>
      Buffer.concat([Buffer.from([value.length, 0]).subarray(0, width), Buffer.from(`${value}\0`)]);
    const rest = Buffer.concat([
      text(1, "kitchen"),
      Buffer.from([0, 1884 & 255, 1884 >> 8]),
      text(1, "192.168.1.10"),
      ...["me", "secret", "", "", ""].map((value) => text(2, value)),
    ]);
    expect(body.equals(Buffer.concat([keyBytes, rest]))).toBe(true);
    expect(partition.subarray(16 + body.length).every((byte) => byte === 0xff)).toBe(true);
    untouched(before, rom.flash, OWNER_AT, OWNER_BYTES);
  });

  test("writes the scenarios' keys with --scenario-keys", async () => {
    const rom = await plugged();
    const { code, err } = await flash("--scenario-keys --broker mqtt://192.168.1.10");
    expect(err).toBe("");
    expect(code).toBe(0);
    const body = unframe("KSOWNER3", rom.flash.subarray(OWNER_AT, OWNER_AT + OWNER_BYTES));
    const keyBytes = PRINCIPAL_KIDS.map((kid) =>
      createHash("sha256").update(`killswitch scenario ${kid}`).digest(),
    );
    expect(body.subarray(0, 96).equals(Buffer.concat(keyBytes))).toBe(true);
    expect(body.toString("latin1", 96, 100)).toBe("\x03hil");
  });

  test.each([
    ["--scenario-keys", /give the board's broker/],
    ["--scenario-keys --keys --broker mqtt://10.0.2.2", /--keys or --scenario-keys, not both/],
    ["--fixture --guest", /a whole image: leave out --guest and --keys/],
  ])("refuses %s", async (words, why) => {
    await plugged();
    const { code, err } = await flash(words);
    expect(err).toMatch(why);
    expect(code).toBe(EXIT.USAGE);
  });

  test("writes zeros, which mean none, in place of a revoked key", async () => {
    const rom = await plugged();
    const keys = join(folder, "keys");
    initKeys(keys, "demo", random);
    revokeKey(keys, "demo", "provider");
    expect((await flash(`--keys ${keys} --broker mqtts://10.0.2.2`)).code).toBe(0);
    const body = unframe("KSOWNER3", rom.flash.subarray(OWNER_AT, OWNER_AT + OWNER_BYTES));
    const given = body.subarray(32, 64);
    expect(given.every((byte) => byte === 0)).toBe(true);
  });

  test("writes a whole firmware that is already built, without the build tool", async () => {
    const rom = await plugged();
    const files = { "0x0": "boot.bin", "0x8000": "table.bin", "0x10000": "app.bin" };
    const app = Buffer.from(random(5000));
    writeFileSync(join(folder, "boot.bin"), random(100));
    writeFileSync(join(folder, "table.bin"), TABLE);
    writeFileSync(join(folder, "app.bin"), app);
    const list = { flash_files: files, extra_esptool_args: { chip: "esp32c3" } };
    writeFileSync(join(folder, "flasher_args.json"), JSON.stringify(list));
    rom.flash.fill(0, TABLE_AT, TABLE_AT + TABLE.length);
    const { code, out, err } = await flash(`--image ${folder} --json`);
    expect(err).toBe("");
    expect(code).toBe(0);
    const regions = out
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text).region);
    expect(regions).toEqual(["boot.bin", "table.bin", "app.bin"]);
    expect(rom.flash.subarray(0x10000, 0x10000 + app.length).equals(app)).toBe(true);
    expect(rom.flash.subarray(TABLE_AT, TABLE_AT + TABLE.length).equals(TABLE)).toBe(true);
    expect(rom.log).toContain(0x0f);
  });
});

describe.skipIf(without !== null)("flash fails with one line for", () => {
  const owned = GUEST_AT + 5000;
  test.each<[string, FakeChip, Faults, number, RegExp]>([
    [
      "a defective bit in the flash",
      CHIPS.esp32c3,
      { flips: owned },
      EXIT.NOT_WRITTEN,
      /was written wrong/,
    ],
    [
      "a chip that stops during the write",
      CHIPS.esp32c3,
      { diesAfter: 4 },
      EXIT.NOT_WRITTEN,
      /stopped answering: guest is only partly written, 4096 of/,
    ],
    [
      "a chip that refuses",
      CHIPS.esp32c3,
      { refuses: true },
      EXIT.NOT_WRITTEN,
      /refuses command 0x2, error 6/,
    ],
    [
      "another chip",
      CHIPS.esp32,
      {},
      EXIT.WRONG_CHIP,
      /the chip is esp32, not esp32c3: use --board esp32/,
    ],
    [
      "a chip that no board has",
      CHIPS.esp32s3,
      {},
      EXIT.WRONG_CHIP,
      /the chip is esp32s3, not esp32c3/,
    ],
    ["an unknown chip", CHIPS.tomorrow, {}, EXIT.WRONG_CHIP, /its chip is not supported/],
    [
      "a chip that does not answer",
      CHIPS.esp32c3,
      { silent: true },
      EXIT.NO_ANSWER,
      /no answer: hold BOOT/,
    ],
    [
      "garbage",
      CHIPS.esp32c3,
      { garbage: Buffer.from("\xc0rst:0x1 \xdb\xdb\xc0", "latin1") },
      EXIT.NO_ANSWER,
      /bytes arrived, but no answer of a boot loader: hold BOOT/,
    ],
  ])("%s", async (_, chip, faults, code, words) => {
    const rom = await plugged(chip, faults);
    const before = Buffer.from(rom.flash);
    complains(await flash("--guest"), code, words);
    if (code !== EXIT.NOT_WRITTEN) expect(before.equals(rom.flash)).toBe(true);
    untouched(before, rom.flash, GUEST_AT, GUEST_BYTES);
  });

  test("another partition table, without writing anything", async () => {
    const rom = await plugged();
    rom.flash.writeUInt8(0x1a, TABLE_AT + 3 * 32 + 6);
    const before = Buffer.from(rom.flash);
    complains(await flash("--guest"), EXIT.WRONG_CHIP, /flash the whole firmware first/);
    expect(before.equals(rom.flash)).toBe(true);
  });

  test("a port that is disconnected during the write", async () => {
    await plugged(CHIPS.esp32c3, { diesAfter: 2 });
    const running = startProgram(folder, `flash --board esp32c3 --port ${line.path} --guest`);
    const { heard } = line;
    let blocks = 0;
    line.heard = (bytes) => {
      heard(bytes);
      blocks += bytes.length;
      if (blocks > 2_500) void line.close();
    };
    complains(await running.ended, EXIT.NOT_WRITTEN, /was disconnected.*partly written/);
  });

  test("a port that another program has open", async () => {
    line = await Pty.open("lock");
    complains(await flash("--guest"), EXIT.BUSY, /is in use: close the monitor/);
  });

  test.skipIf(noOtherUser !== null)("a port that the user has no permission to open", async () => {
    line = await Pty.open();
    chmodSync(line.path, 0o600);
    chmodSync(folder, 0o755);
    const words = /no permission to open port .*: run sudo usermod -aG dialout \$USER/;
    complains(await flash("--guest", { uid: 65534 }), EXIT.NOT_PERMITTED, words);
  });

  test.each([
    ["--port /dev/nowhere --guest", EXIT.NO_PORT, /\/dev\/nowhere does not exist: /],
    ["--port /dev/null --guest", EXIT.NO_PORT, /is not a serial port/],
    [
      "--port x --guest nowhere.wasm",
      EXIT.BAD_FILE,
      /guest nowhere\.wasm: the file does not exist/,
    ],
    [
      "--port x --guest junk.wasm",
      EXIT.BAD_FILE,
      /guest junk\.wasm: it is not a WebAssembly module/,
    ],
    [
      "--port x --guest old.wasm",
      EXIT.BAD_FILE,
      /a board would refuse this guest: its ABI version is 99/,
    ],
    [
      "--port x --guest loop.wasm",
      EXIT.BAD_FILE,
      /a board would refuse this guest: it does not return/,
    ],
    [
      "--port x --guest big.wasm",
      EXIT.BAD_FILE,
      /do not fit into partition "guest": at most 65520/,
    ],
    ["--port x --keys keys", EXIT.USAGE, /with --broker/],
    ["--port x --broker mqtt://h", EXIT.USAGE, /go with --keys/],
    ["--port x --keys keys --broker http://h", EXIT.USAGE, /unknown scheme "http:"/],
    ["--port x --keys keys --broker mqtt://127.0.0.1", EXIT.USAGE, /is the board itself/],
    ["--port x --keys keys --broker mqtt://h", EXIT.BAD_FILE, /demo\.json does not exist/],
    ["--port x --keys made --broker mqtt://h --ca ca.pem", EXIT.USAGE, /--ca and --cert need TLS/],
    ["--port x --keys made --broker mqtts://h --ca junk.wasm", EXIT.BAD_FILE, /has no certificate/],
    ["--port x --keys made --broker mqtts://h --cert ca.pem", EXIT.USAGE, /go together/],
    [
      "--port x --keys made --broker mqtts://h --cert ca.pem --cert-key junk.wasm",
      EXIT.BAD_FILE,
      /no private key in PEM form/,
    ],
    [
      "--port x --keys made --broker mqtts://h --cert ca.pem --cert-key other.pem",
      EXIT.BAD_FILE,
      /is not the key of/,
    ],
    ["--port x --image .", EXIT.BAD_FILE, /does not contain flasher_args\.json/],
    ["--port x --guest --baud 1", EXIT.USAGE, /Write a whole number from 9600 to 4000000/],
    [
      "--port --guest",
      EXIT.USAGE,
      /'--port <path>' argument '--guest' is invalid\. A value is missing/,
    ],
  ])("the options %s", async (words, code, expected) => {
    writeFileSync(join(folder, "junk.wasm"), "junk");
    const { privateKey } = generateKeyPairSync("ed25519");
    writeFileSync(join(folder, "other.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
    // The smallest guest with all required exports.
    const text = (version: number, start = "") =>
      `(module ${start} (memory (export "memory") 1 1)
        (func (export "abi_version") (result i32) i32.const ${version})
        (func (export "init") (param i32)) (func (export "on_event") (param i32 i32 i32))
        (func (export "rx_buffer") (result i32) i32.const 0)
        (func (export "state_ptr") (result i32) i32.const 0)
        (func (export "state_len") (result i32) i32.const 0))`;
    writeFileSync(join(folder, "old.wasm"), await assembleWat("test.wat", text(99)));
    writeFileSync(
      join(folder, "loop.wasm"),
      await assembleWat("test.wat", text(ABI_VERSION, "(func $f (loop br 0)) (start $f)")),
    );
    const big = await assembleWat(
      "test.wat",
      text(ABI_VERSION, `(data (i32.const 0) "${"\\61".repeat(10_000)}")`),
    );
    writeFileSync(join(folder, "big.wasm"), Buffer.concat([big, ...Array(4).fill(custom(15_000))]));
    writeFileSync(join(folder, "ca.pem"), CERTIFICATE);
    initKeys(join(folder, "made"), "demo", random);
    complains(await startProgram(folder, `flash --board esp32c3 ${words}`).ended, code, expected);
  });
});

/** A custom section with `length` bytes of content, which WebAssembly ignores. */
function custom(length: number): Buffer {
  return Buffer.concat([
    Buffer.from([0, 0x80 | (length & 0x7f), length >> 7]),
    Buffer.alloc(length),
  ]);
}

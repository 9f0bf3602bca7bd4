/** Compares our encoders and decoders with the board's C code: Improv frames and partitions. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PRINCIPAL_KIDS } from "../../host-sim/abi/abi.gen.ts";
import { packageRoot } from "../../host-sim/base/paths.ts";
import { Prng } from "../../host-sim/base/prng.ts";
import { loadChip } from "../../host-sim/flash/chip.ts";
import { GUEST, guestContents, OWNER, ownerContents } from "../../host-sim/flash/contents.ts";
import { partitionsOf } from "../../host-sim/flash/flasher.ts";
import { partitionOf } from "../../host-sim/flash/partitions.ts";
import {
  encodeFrame,
  encodeRpc,
  FrameReader,
  parseResult,
  RPC,
} from "../../host-sim/serial/improv-frames.ts";
import { firmwarePath, readModule } from "../../host-sim/sim/firmware.ts";

const MAIN = join(packageRoot(), "boards", "esp32", "main");
const COMMON = join(packageRoot(), "boards", "runtime");
const SOURCES = [
  ...["improv.c", "image_format.c"].map((name) => join(MAIN, name)),
  join(COMMON, "crc32.c"),
];
const HARNESS = join(packageRoot(), "tests", "serial", "board-codecs.c");

function notRun(): boolean {
  const reason =
    spawnSync("gcc", ["--version"]).status !== 0
      ? "gcc is not installed: apt-get install gcc"
      : SOURCES.every((path) => existsSync(path))
        ? null
        : `one of these is not there: ${SOURCES.join(", ")}`;
  if (reason !== null) process.stderr.write(`NOT RUN the board in C: ${reason}\n`);
  return reason !== null;
}

/** The longest host that a board takes. */
const LONGEST = `mqtt://${"h".repeat(253)}`;

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe.skipIf(notRun())("the board in C", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "killswitch-improv-"));
    const flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined"];
    const files = [HARNESS, ...SOURCES, "-I", MAIN, "-I", COMMON, "-o", join(folder, "codecs")];
    const { status, stderr } = spawnSync("gcc", [...flags, ...files], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function inC(what: string, bytes: Uint8Array): string[] {
    const { status, stdout, stderr } = spawnSync(join(folder, "codecs"), [what], { input: bytes });
    expect(status, String(stderr)).toBe(0);
    return stdout.toString().trimEnd().split("\n");
  }

  test("decodes Wi-Fi settings that we encode", () => {
    const texts = [Buffer.from("my_net"), Buffer.from("p4ss-w\u00f6rd")];
    expect(inC("improv", encodeRpc(RPC.WIFI_SETTINGS, texts))).toContain(
      "wifi my_net p4ss-w\u00f6rd",
    );
  });

  test("encodes a result that we decode", () => {
    const [line = ""] = inC("improv", new Uint8Array());
    const [found] = new FrameReader().feed(Buffer.from(line.replace("result ", ""), "hex"));
    if (found?.kind !== "frame") throw new Error(`not a frame: ${line}`);
    const texts = ["killswitch", "", "ESP32-C3"];
    const expected = {
      command: RPC.DEVICE_INFO,
      texts,
      bytes: texts.map((text) => new Uint8Array(Buffer.from(text))),
    };
    expect(parseResult(found.data)).toEqual(expected);
  });

  test("finds the same frames and the same text in a line as we do", () => {
    const prng = new Prng(3);
    for (let run = 0; run < 20; run++) {
      const parts: Uint8Array[] = [];
      for (let count = 0; count < 20; count++) {
        const bytes = new Uint8Array(prng.below(40));
        prng.fill(bytes);
        const words = "IMPROIMPR @1 x\n";
        const text = Buffer.from(words.slice(0, prng.below(words.length)));
        parts.push(prng.below(2) === 0 ? encodeFrame(prng.below(256), bytes) : text);
      }
      // Ends an unfinished "IMPRO", so that both sides return it as text.
      parts.push(Buffer.from("."));
      const line = Buffer.concat(parts);
      const mine: string[] = [];
      for (const found of new FrameReader().feed(line)) {
        if (found.kind === "frame") mine.push(`frame ${hex(encodeFrame(found.type, found.data))}`);
        else if (found.kind === "text")
          for (const byte of found.bytes) mine.push(`text ${hex(Uint8Array.of(byte))}`);
        else mine.push("broken");
      }
      const theirs = inC("improv", line).filter((each) => /^(frame|text|broken)/.test(each));
      // The board drops the line end of a frame; we return it as text.
      const plain = (lines: string[]) => lines.filter((each) => each !== "text 0a");
      expect(plain(theirs)).toEqual(plain(mine));
    }
  });

  const [path, rows] = partitionsOf(loadChip("esp32c3"));
  const guest = partitionOf(path, rows, GUEST);
  const owner = partitionOf(path, rows, OWNER);

  test("accepts the guest's partition that we write", () => {
    const module = readModule(firmwarePath("device"));
    const contents = guestContents("device.wasm", module, guest);
    expect(inC("KSGUEST1", contents)).toEqual([hex(module)]);
    contents.writeUInt8(contents.readUInt8(5000) ^ 1, 5000);
    expect(inC("KSGUEST1", contents)).toEqual(["refused crc"]);
  });

  const PEM = "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n";
  const keys = new Map(PRINCIPAL_KIDS.map((kid, index) => [kid, new Uint8Array(32).fill(index)]));
  // The provider has no secret: all zeroes.
  keys.delete("provider");

  test.each([
    [
      "mqtt://me:p%40ss@192.168.1.10:1884",
      null,
      ["0 192.168.1.10 1884", "user=me", "password=p@ss"],
    ],
    ["mqtts://broker.example", PEM, ["1 broker.example 8883", "user=", "password="]],
    ["mqtt://[fd00::10]", null, ["0 fd00::10 1883", "user=", "password="]],
    [LONGEST, null, [`0 ${"h".repeat(253)} 1883`, "user=", "password="]],
  ])("accepts the owner's partition that we write, case %#", (broker, ca, parts) => {
    const contents = ownerContents({ device: "a_B-9", keys, broker, ca }, owner);
    const bytes = [0, 0, 2].map((byte) => Buffer.alloc(32, byte));
    expect(contents.length).toBe(owner.bytes);
    const [keyText, device, ...rest] = inC("KSOWNER3", contents);
    expect([keyText, device]).toEqual([hex(Buffer.concat(bytes)), "a_B-9"]);
    expect(rest.slice(0, 3)).toEqual(parts);
    expect(rest[3] ?? "").toBe(hex(Buffer.from(ca ?? "")));
  });

  test("accepts a client certificate", () => {
    const client = { certificate: PEM, key: "-----BEGIN KEY-----\nBB\n" };
    const settings = { device: "d", keys, broker: "mqtts://b", ca: PEM, client };
    const rest = inC("KSOWNER3", ownerContents(settings, owner)).slice(-3);
    expect(rest).toEqual(
      [PEM, client.certificate, client.key].map((text) => hex(Buffer.from(text))),
    );
  });
});

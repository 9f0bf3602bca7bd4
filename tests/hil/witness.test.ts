/** The independent witness: captures, silence, and the two clocks between them. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { BoardTime } from "../../host-sim/hil/board-time.ts";
import { nvsImage } from "../../host-sim/hil/nvs.ts";
import { Pcap } from "../../host-sim/hil/pcap.ts";
import { CLOCKS_MS, Silence } from "../../host-sim/hil/silence.ts";
import { pcapHead, pcapRecord } from "./pcap-file.ts";

const BOARD = "02:00:00:c4:0a:24";
const HOST = "52:55:0a:00:02:02";

const folder = mkdtempSync(join(tmpdir(), "killswitch-pcap-"));
afterEach(() => rmSync(join(folder, "x"), { force: true }));

test("a capture is read while it grows, torn records and all", () => {
  const path = join(folder, "x");
  const pcap = new Pcap(path);
  expect(pcap.read()).toEqual([]);
  const [one, two] = [pcapRecord(1.5, BOARD, 60), pcapRecord(2.25, HOST, 70)];
  writeFileSync(path, pcapHead());
  appendFileSync(path, one.subarray(0, 20));
  expect(pcap.read()).toEqual([]);
  appendFileSync(path, Buffer.concat([one.subarray(20), two.subarray(0, 30)]));
  expect(pcap.read()).toEqual([{ at: 1500, source: BOARD, bytes: 60 }]);
  appendFileSync(path, two.subarray(30));
  expect(pcap.read()).toEqual([{ at: 2250, source: HOST, bytes: 70 }]);
});

test("a file that is no capture says so", () => {
  const path = join(folder, "x");
  writeFileSync(path, Buffer.alloc(64));
  expect(() => new Pcap(path).read()).toThrow("is no capture");
});

/** Frames of the capture's clock, which runs 1000 ms behind ours, against one cut at 5000 of ours. */
function judged(...at: number[]): () => void {
  const silence = new Silence("52:55");
  silence.seen([{ at: 0, source: HOST, bytes: 60 }], 1000);
  for (const ms of at) silence.seen([{ at: ms, source: BOARD, bytes: 60 }], ms + 1007);
  return () => silence.judge([{ from: 5000, to: 9000 }]);
}

test("a frame of the board's within the time that the switch was not at ON is found", () => {
  expect(judged(3900, 3999, 4000 + CLOCKS_MS)).not.toThrow();
  expect(judged(3900, 4001 + CLOCKS_MS)).toThrow("no frame from the board");
  expect(judged(7999)).toThrow("3999 ms after it left ON");
  expect(judged(8000, 8500)).not.toThrow();
});

test("what is not the board's is no matter", () => {
  const silence = new Silence("52:55");
  silence.seen([{ at: 4500, source: HOST, bytes: 60 }], 5500);
  silence.judge([{ from: 5000, to: 9000 }]);
  expect(silence.judged).toBe(0);
});

test("lines that come late are dated by the board, and the least delay is taken for none", () => {
  const time = new BoardTime();
  expect(time.date(10, 510)).toBe(510);
  expect(time.date(20, 512)).toBe(520);
  expect(time.happened(520)).toBe(512);
  expect(time.happened(510)).toBe(502);
  // It started over: its clock stood still meanwhile.
  time.restart(0);
  expect(time.date(30, 900)).toBe(900);
});

/** Entries of nvs_partition_gen.py, ESP-IDF 5.1, for the same strings: namespace, then the strings. */
const GENERATED = [
  "000101ff591131277769666900000000000000000000000001ffffffffffffff",
  "012102ffb80dcfe6737369640000000000000000000000000e00ffffc1ca24e6",
  "50494353696d4c61625769666900ffffffffffffffffffffffffffffffffffff",
  "012102ff42b0c56970617373776f726400000000000000000100ffffffffffff",
  "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

test("lines keep their distances whatever was dated before them", () => {
  const time = new BoardTime();
  time.date(0, 100);
  time.date(100, 140);
  // The fastest line says that the first came 60 ms late: what we do now is dated after both.
  expect(time.dateOurs(150)).toBe(210);
  time.restart(150);
  expect([time.date(1, 160), time.date(51, 205)]).toEqual([210, 260]);
});

test("credentials are what ESP-IDF's own generator writes", () => {
  const image = nvsImage(0x3000, "wifi", { ssid: "PICSimLabWifi", password: "" });
  const rows = GENERATED.map((_, index) =>
    image.subarray(64 + 32 * index, 96 + 32 * index).toString("hex"),
  );
  expect(rows).toEqual(GENERATED);
  // The generator closes its page; one that is open takes what the board writes. The checksum is of
  // what follows that word.
  expect(image.readUInt32LE(0)).toBe(0xffff_fffe);
  expect(image.subarray(4, 64).toString("hex")).toBe(
    "00000000feffffffffffffffffffffffffffffffffffffff842dbab9aafeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  );
  expect(image.subarray(64 + 32 * GENERATED.length).every((byte) => byte === 0xff)).toBe(true);
});

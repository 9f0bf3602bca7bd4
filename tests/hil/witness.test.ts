/** The independent witness: captures and silence; the board's clock beside ours. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { BoardTime } from "../../host-sim/hil/board-time.ts";
import { nvsImage } from "../../host-sim/hil/nvs.ts";
import { Pcap } from "../../host-sim/hil/pcap.ts";
import { RadioSilenceCheck, type SwitchState } from "../../host-sim/hil/radio-silence-check.ts";
import { TimingOverrun } from "../../host-sim/hil/timing-overrun.ts";
import { Mismatch } from "../../host-sim/scenario/target.ts";
import { pcapHead, pcapRecord } from "./pcap-file.ts";

const BOARD = "02:00:00:c4:0a:24";
const HOST = "52:55:0a:00:02:02";

const folder = mkdtempSync(join(tmpdir(), "killswitch-pcap-"));
afterEach(() => rmSync(join(folder, "x"), { force: true }));

test("a capture is read while it grows, torn records and all", () => {
  const path = join(folder, "x");
  const pcap = new Pcap(path);
  expect(pcap.read()).toEqual([]);
  const [one, two] = [pcapRecord(BOARD, 60), pcapRecord(HOST, 70)];
  writeFileSync(path, pcapHead());
  appendFileSync(path, one.subarray(0, 20));
  expect(pcap.read()).toEqual([]);
  appendFileSync(path, Buffer.concat([one.subarray(20), two.subarray(0, 30)]));
  expect(pcap.read()).toEqual([{ source: BOARD, bytes: 60 }]);
  appendFileSync(path, two.subarray(30));
  expect(pcap.read()).toEqual([{ source: HOST, bytes: 70 }]);
});

test("a file that is no capture says so", () => {
  const path = join(folder, "x");
  writeFileSync(path, Buffer.alloc(64));
  expect(() => new Pcap(path).read()).toThrow("is no capture");
});

type Event = SwitchState | "board" | "host";

/** What happened in that order, a second apart, and how it is judged. */
function judged(...events: Event[]): () => void {
  const silence = new RadioSilenceCheck("52:55");
  for (const [second, event] of events.entries()) {
    if (event === "board" || event === "host")
      silence.seen([{ source: event === "host" ? HOST : BOARD, bytes: 60 }], second * 1000);
    else silence.stands(event, second * 1000);
  }
  return () => silence.judge();
}

test("a frame of the board's that was sent while the switch was not at ON is found", () => {
  expect(judged("on", "board", "leaving", "off", "on", "board")).not.toThrow();
  expect(judged("on", "board", "leaving", "off", "board", "on")).toThrow("no frame from the board");
  expect(judged("on", "leaving", "off", "board")).toThrow("at most 2000 ms after it left ON");
  expect(judged("board")).toThrow(Mismatch);
});

test("a frame sent while the contacts moved is nobody's fault, and no pass", () => {
  expect(judged("on", "leaving", "board", "off")).toThrow(TimingOverrun);
  expect(judged("on", "leaving", "board", "off", "board")).toThrow(Mismatch);
});

test("what is not the board's is no matter", () => {
  expect(judged("on", "leaving", "host", "off", "host")).not.toThrow();
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

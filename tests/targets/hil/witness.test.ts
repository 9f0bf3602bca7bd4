/** Tests the packet capture, the radio silence check, the board's clock and the NVS writer. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { Mismatch } from "../../../host-sim/scenario/target.ts";
import { BoardTime } from "../../../host-sim/targets/hil/board-time.ts";
import { nvsImage } from "../../../host-sim/targets/hil/nvs.ts";
import { Pcap } from "../../../host-sim/targets/hil/pcap.ts";
import {
  RadioSilenceCheck,
  type SwitchState,
} from "../../../host-sim/targets/hil/radio-silence-check.ts";
import { TimingOverrun } from "../../../host-sim/targets/hil/timing-overrun.ts";
import { pcapHead, pcapRecord } from "./pcap-file.ts";

const BOARD = "02:00:00:c4:0a:24";
const HOST = "52:55:0a:00:02:02";

const folder = mkdtempSync(join(tmpdir(), "killswitch-pcap-"));
afterEach(() => rmSync(join(folder, "x"), { force: true }));

test("reads a capture while it grows, and waits for incomplete records", () => {
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

test("refuses a file that is not a capture", () => {
  const path = join(folder, "x");
  writeFileSync(path, Buffer.alloc(64));
  expect(() => new Pcap(path).read()).toThrow("is not a pcap file");
});

type Event = SwitchState | "board" | "host";

/** Feeds events to the check in this order, one second apart. Returns its verdict. */
function checkOf(...events: Event[]): () => void {
  const silence = new RadioSilenceCheck("52:55");
  for (const [second, event] of events.entries()) {
    if (event === "board" || event === "host")
      silence.addFrames([{ source: event === "host" ? HOST : BOARD, bytes: 60 }], second * 1000);
    else silence.setSwitch(event, second * 1000);
  }
  return () => silence.check();
}

test("reports a frame that the board sent while the switch was not at ON", () => {
  expect(checkOf("on", "board", "leaving", "off", "on", "board")).not.toThrow();
  expect(checkOf("on", "board", "leaving", "off", "board", "on")).toThrow(
    "no frame from the board",
  );
  expect(checkOf("on", "leaving", "off", "board")).toThrow(
    "at most 2000 ms after the switch left ON",
  );
  expect(checkOf("board")).toThrow(Mismatch);
});

test("treats a frame sent while a contact opened as a timing overrun, not as a pass", () => {
  expect(checkOf("on", "leaving", "board", "off")).toThrow(TimingOverrun);
  expect(checkOf("on", "leaving", "board", "off", "board")).toThrow(Mismatch);
});

test("ignores frames of other devices", () => {
  expect(checkOf("on", "leaving", "host", "off", "host")).not.toThrow();
});

test("dates late lines by the board's clock, and takes the smallest delay as zero", () => {
  const time = new BoardTime();
  expect(time.date(10, 510)).toBe(510);
  expect(time.date(20, 512)).toBe(520);
  expect(time.happened(520)).toBe(512);
  expect(time.happened(510)).toBe(502);
  // After a restart the board's clock continues from where it stopped.
  time.restart(0);
  expect(time.date(30, 900)).toBe(900);
});

/** Entries written by nvs_partition_gen.py (ESP-IDF 5.1): the namespace, then the same strings. */
const GENERATED = [
  "000101ff591131277769666900000000000000000000000001ffffffffffffff",
  "012102ffb80dcfe6737369640000000000000000000000000e00ffffc1ca24e6",
  "50494353696d4c61625769666900ffffffffffffffffffffffffffffffffffff",
  "012102ff42b0c56970617373776f726400000000000000000100ffffffffffff",
  "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

test("keeps the distances between lines after an action of the runner", () => {
  const time = new BoardTime();
  time.date(0, 100);
  time.date(100, 140);
  // The second line shows that the first was 60 ms late. An action now gets a date after both.
  expect(time.dateOurs(150)).toBe(210);
  time.restart(150);
  expect([time.date(1, 160), time.date(51, 205)]).toEqual([210, 260]);
});

test("writes the same NVS entries as ESP-IDF's generator", () => {
  const image = nvsImage(0x3000, "wifi", { ssid: "PICSimLabWifi", password: "" });
  const rows = GENERATED.map((_, index) =>
    image.subarray(64 + 32 * index, 96 + 32 * index).toString("hex"),
  );
  expect(rows).toEqual(GENERATED);
  // The generator marks its page as full. Ours stays active, so that the board can add entries. The
  // page's CRC does not cover the state word.
  expect(image.readUInt32LE(0)).toBe(0xffff_fffe);
  expect(image.subarray(4, 64).toString("hex")).toBe(
    "00000000feffffffffffffffffffffffffffffffffffffff842dbab9aafeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  );
  expect(image.subarray(64 + 32 * GENERATED.length).every((byte) => byte === 0xff)).toBe(true);
});

/** `killswitch watch`: what it prints of a device's reports, how old it says they are, and how it ends. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakeDevice, rewind, statusData, undo, until } from "../mqtt/fixture.ts";
import { complains, startDevice, startProgram } from "./program.ts";

let folder = "";
const start = (line: string) => startProgram(folder, line);

describe("watch", () => {
  let device: FakeDevice;
  let at = "";
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "killswitch-watch-"));
    undo.push(() => rmSync(folder, { recursive: true }));
    [device, at] = await startDevice(folder);
  });
  afterEach(rewind);

  test("prints what the device signed and marks what it did not sign", async () => {
    const watching = start(`watch ${at}`);
    const json = start(`watch --json ${at}`);
    undo.push(() => watching.child.kill("SIGKILL"));
    undo.push(() => json.child.kill("SIGKILL"));
    const flag = () =>
      device.client.publish("killswitch/demo/availability", "online", { retain: true });
    await until("both to listen", () => {
      flag();
      return watching.out !== "" && json.out !== "";
    });
    device.say("owner", "telemetry", [2, device.epoch, ++device.counter, 1_000, 215]);
    device.report("owner", statusData(3, new Uint8Array(32)));
    device.client.publish("killswitch/demo/owner/status", "forged");
    device.client.publish("killswitch/other/owner/status", "not ours");
    device.say("provider", "status", [1, device.epoch, 3, 1_000, new Map()]);
    await until(
      "all",
      () =>
        [watching, json].every(
          ({ out }) => out.includes("unverified") && /status.*relay/.test(out),
        ) && json.out.includes("21.5"),
    );
    expect(watching.out).toMatch(/^\d\d:\d\d:\d\d availability state=online\n/);
    const time = "\\d\\d:\\d\\d:\\d\\d ";
    const head = "epoch=0908070605040302 counter=\\d clock=1000";
    expect(watching.out).toMatch(
      new RegExp(`^${time}telemetry (verified|as-of) ${head} temperature=21.5$`, "m"),
    );
    expect(watching.out).toMatch(
      new RegExp(`^${time}status verified ${head} relay=true .*safe=off`, "m"),
    );
    expect(watching.out).toContain("status unverified=6 reason=not a tagged COSE_Mac0\n");
    expect(watching.out).not.toContain("ours");
    const lines = json.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toContainEqual({
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      level: "telemetry",
      age: expect.stringMatching(/^(verified|as-of)$/),
      epoch: "0908070605040302",
      counter: 1,
      clock: 1_000,
      temperature: 21.5,
    });
    watching.child.kill("SIGINT");
    expect(await watching.ended).toMatchObject({ code: 130, err: "" });
  });

  test("never shows a repeated report of a killed device as current", async () => {
    const map = statusData(3, new Uint8Array(32));
    const status = (counter: number, epoch = device.epoch) => {
      const clock = 1_000 * counter;
      const bytes = device.sign("owner", [1, epoch, counter, clock, map]);
      device.client.publish("killswitch/demo/owner/status", Buffer.from(bytes));
    };
    const watching = start(`watch ${at}`);
    undo.push(() => watching.child.kill("SIGKILL"));
    await until("it to listen", () => {
      device.client.publish("killswitch/demo/availability", "online", { retain: true });
      return watching.out !== "";
    });
    const shown = (line: RegExp) => until(`${line}`, () => line.test(watching.out));
    device.counter = 5;
    status(5);
    await shown(/ status verified epoch=0908070605040302 counter=5 /m);
    // Of this epoch, but not the last.
    status(4);
    await shown(/ status as-of epoch=0908070605040302 counter=4 /m);
    // Of an earlier epoch, with a larger counter.
    status(9, Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1));
    await shown(/ status stale epoch=0101010101010101 counter=9 /m);
    // The device is killed: nobody confirms anything.
    device.answers = false;
    status(5);
    await shown(/ status unconfirmed epoch=0908070605040302 counter=5 /m);
    expect(watching.out.match(/ verified /g)).toHaveLength(1);
  });

  test("keeps the last verified head, and says when the journal is shorter or rewritten", async () => {
    const watching = start(`watch ${at}`);
    undo.push(() => watching.child.kill("SIGKILL"));
    await until("it to listen", () => {
      device.client.publish("killswitch/demo/availability", "online", { retain: true });
      return watching.out !== "";
    });
    const report = async (next: number, fill: number, shown: RegExp) => {
      device.report("owner", statusData(next, new Uint8Array(32).fill(fill)));
      await until(`${shown}`, () => shown.test(watching.out));
    };
    await report(3, 1, / status verified .*journalNext=3 /m);
    await report(2, 1, /journal refuted=the journal is shorter than it was$/m);
    await report(3, 2, /journal refuted=the journal was rewritten$/m);
    const kept = join(folder, ".killswitch/keys/demo.journal-head");
    expect(readFileSync(kept, "utf8")).toBe(`3 0 ${"01".repeat(32)}\n`);
    await report(4, 3, / status verified .*journalNext=4 /m);
    await until("it to be kept", () => readFileSync(kept, "utf8").startsWith("4 0 0303"));
  });

  test("exits with 8 when the broker stops", async () => {
    const watching = start(`watch ${at}`);
    await until("it to listen", () => {
      device.client.publish("killswitch/demo/availability", "online", { retain: true });
      return watching.out !== "";
    });
    await rewind();
    complains(await watching.ended, 8, /broker mqtt:\/\/127\.0\.0\.1:\d+: the connection closed/);
  });

  test("exits without a message when its reader closes the pipe", async () => {
    const watching = start(`watch ${at}`);
    await until("it to listen", () => {
      device.client.publish("killswitch/demo/availability", "online", { retain: true });
      return watching.out !== "";
    });
    watching.child.stdout?.destroy();
    const flags = setInterval(
      () => device.say("owner", "telemetry", [2, device.epoch, ++device.counter, 1_000, 1]),
      20,
    );
    undo.push(() => clearInterval(flags));
    expect(await watching.ended).toMatchObject({ code: 0, err: "" });
  });
});

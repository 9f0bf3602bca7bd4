/**
 * The firmware's network in virtual time: joins again whatever an access point does, reports the
 * cause, and loses no heap. See tests/boards/esp32/world.
 */
import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildWorld, missing, temporary } from "./support.ts";
import { DAY, HOUR, joined, MINUTE, type Run, run, Script, SECOND } from "./world.ts";

const reason = missing("gcc", "gcc");
const folder = temporary();
afterAll(() => rmSync(folder, { recursive: true }));
let board = "";
beforeAll(() => {
  if (reason === null) board = buildWorld(folder, "esp32c3");
}, 300_000);

/** Reason codes of ESP-IDF's wifi_err_reason_t (esp_wifi_types_generic.h). */
const REASONS = [
  ...Array.from({ length: 39 }, (_, index) => index + 1),
  ...[46, 47, 48, 49, 50, 51, 67, 68],
  ...Array.from({ length: 13 }, (_, index) => index + 200),
];

describe.skipIf(reason !== null)("the station", () => {
  test.each(REASONS)("joins again after the access point sends reason %i", (code) => {
    const found = run(board, joined().at(10_000, `kick 0 ${code}`), 2 * MINUTE);
    expect(found.first("wifi disconnected", 9_000)).toBeLessThan(11_000);
    expect(found.first("wifi address", 10_000)).toBeLessThan(MINUTE);
    expect(found.status()).toContain("wifi=up mqtt=up");
  });

  test.each(REASONS)("joins after reason %i answered its first try", (code) => {
    const found = run(board, joined({ reason: code, refusals: 1 }), 2 * MINUTE);
    expect(found.status()).toContain("wifi=up mqtt=up");
  });

  test("is up for a whole day after a reason 8", () => {
    const found = run(board, joined().at(0, "coarse 1").at(10_000, "kick 0 8"), DAY);
    expect(found.report("up_s")).toBeGreaterThan(DAY / SECOND - 60);
    expect(found.report("tries")).toBeLessThan(5);
  });

  test("survives an access point that is away for hours", () => {
    const script = joined()
      .at(0, "coarse 1")
      .at(MINUTE, "ap 0 on=0")
      .at(5 * HOUR, "ap 0 on=1");
    const found = run(board, script, 6 * HOUR);
    expect(found.status()).toContain("wifi=up mqtt=up");
    expect(found.first("wifi address", 5 * HOUR)).toBeLessThan(5 * HOUR + MINUTE);
  });
});

/** Improv frames from the board: their type and data. */
function frames(found: Run): { ms: number; type: number; data: string }[] {
  return found.all("> IMPROV").map(({ ms, text }) => {
    const raw = text
      .slice("> ".length)
      .replaceAll(/\\x([0-9a-f]{2})/g, (_, digits) =>
        String.fromCharCode(Number.parseInt(digits, 16)),
      );
    const bytes = Buffer.from(raw, "latin1");
    return { ms, type: bytes[7] ?? 0, data: bytes.subarray(9, -1).toString("hex") };
  });
}
/** The last error that is not "none", and whether the board was provisioned. */
const outcome = (found: Run) => ({
  failed: frames(found).some(({ type, data }) => type === 2 && data !== "00"),
  provisioned: frames(found).some(({ type, data }) => type === 1 && data === "04"),
});

/** At ON, without credentials. */
const fresh = (settings = {}) =>
  new Script()
    .at(0, "nc 1")
    .ap(0, 0, { ssid: "home", password: "secret99", ...settings })
    .on(1_000);
/** Moves the switch to KILL at `ms`, and back to ON 2 s later. */
const flick = (script: Script, ms: number) => script.kill(ms).on(ms + 2_000);

describe.skipIf(reason !== null)("provisioning at ON", () => {
  test.each([2, 4, 15, 202, 203, 204, 205])(
    "judges after several tries: a first answer of reason %i is not the end",
    (code) => {
      const script = fresh({ reason: code, refusals: 1 }).provision(5_000, "home", "secret99");
      const found = run(board, flick(script, 60_000), 2 * MINUTE);
      expect(outcome(found)).toEqual({ failed: false, provisioned: true });
      expect(found.status()).toContain("wifi=up mqtt=up");
    },
  );

  test("stores credentials that join only after the answer was given", () => {
    const script = fresh({ reason: 2, refusals: 12 }).provision(5_000, "home", "secret99");
    const found = run(board, flick(script, 5 * MINUTE), 7 * MINUTE);
    expect(outcome(found).failed).toBe(true);
    expect(found.status()).toContain("wifi=up mqtt=up");
  });

  test("does not store a wrong password, and names it", () => {
    const script = fresh().provision(5_000, "home", "wrong-one");
    const found = run(board, flick(script, 60_000), 2 * MINUTE);
    expect(outcome(found)).toEqual({ failed: true, provisioned: false });
    expect(found.all("> = not joined").at(-1)?.text).toMatch(
      /wrong-password.*: type the password again/,
    );
    expect(found.status()).toContain("wifi=failed:no-credentials");
  });

  test("returns to the stored network after a wrong password for another", () => {
    const script = joined().ap(0, 1, { ssid: "other", password: "hidden99" }).press(9_000);
    const found = run(board, script.provision(10_000, "other", "wrong-one"), 2 * MINUTE);
    expect(outcome(found).failed).toBe(true);
    expect(found.status()).toContain("wifi=up mqtt=up");
  });

  test("reports its result within Improv's time", () => {
    const wrong = run(board, fresh().provision(5_000, "home", "wrong-one"), 2 * MINUTE);
    const absent = run(board, fresh().provision(5_000, "away", "secret99"), 2 * MINUTE);
    for (const found of [wrong, absent]) {
      const end = frames(found).find(({ type, data }) => type === 2 && data !== "00");
      expect(end?.ms).toBeLessThan(5_000 + 35_000);
      expect(end?.ms).toBeGreaterThan(5_000 + 5_000);
    }
  });
});

describe.skipIf(reason !== null)("the cause that is reported", () => {
  test.each([
    ["no address by DHCP", { dhcp: 0 }, "no-address", /DHCP/],
    ["WPA1 alone", { auth: 2 }, "old-security", /WPA2/],
    ["an enterprise network", { enterprise: 1 }, "security", /WPA2/],
    ["authentication unanswered", { reason: 2, refusals: 999 }, "no-answer", /closer/],
    ["a wrong password in WPA2", { password: "another1" }, "wrong-password", /password/],
    ["a wrong password in WPA3", { auth: 6, reason: 202, refusals: 999 }, "rejected", /password/],
    ["a full access point", { reason: 5, refusals: 999 }, "full", /devices/],
    ["no such name", { ssid: "elsewhere" }, "no-access-point", /2\.4 GHz/],
  ])("%s", (_, settings, word, fix) => {
    const script = fresh(settings).provision(5_000, "home", "secret99");
    const found = run(board, script, 2 * MINUTE);
    expect(found.status()).toContain(`wifi=failed:${word}`);
    const text = found.all("> = not joined")[0]?.text ?? "";
    expect(text).toContain(`not joined reason=${word}`);
    expect(text).toMatch(fix);
  });
});

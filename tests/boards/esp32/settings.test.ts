/**
 * The firmware's Wi-Fi settings, its broker and its console in virtual time. See tests/boards/esp32/world.
 */
import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkBroker, type Owner } from "../../../host-sim/flash/contents.ts";
import { buildWorld, missing, temporary } from "./support.ts";
import { DAY, joined, MINUTE, PLAIN_OWNER, run, Script } from "./world.ts";

const reason = missing("gcc", "gcc");
const folder = temporary();
afterAll(() => rmSync(folder, { recursive: true }));
let board = "";
beforeAll(() => {
  if (reason === null) board = buildWorld(folder, "esp32c3");
}, 300_000);

const PEM = `-----BEGIN CERTIFICATE-----\n${"A".repeat(1500)}\n-----END CERTIFICATE-----\n`;
const tls = (more: Partial<Owner> = {}): Owner => ({
  ...PLAIN_OWNER,
  broker: "mqtts://broker.lan",
  ca: PEM,
  ...more,
});

describe.skipIf(reason !== null)("Wi-Fi settings", () => {
  test("reduces the transmit power after repeated unanswered authentication", () => {
    const found = run(board, joined({ loudest: 40 }), 2 * MINUTE);
    expect(found.status()).toContain("wifi=up mqtt=up");
    expect(found.status()).toContain("wifi_power=8");
  });

  test("returns to full power when the reduced one does not help", () => {
    const script = joined({ reason: 2, refusals: 5 });
    const powers = run(board, script, 3 * MINUTE)
      .all("wifi connect")
      .map(({ text }) => /power=(\d+)/.exec(text)?.[1]);
    expect(powers).toEqual(["80", "80", "34", "34", "80", "80"]);
  });

  test("uses the power that the owner set, and no other", () => {
    const script = joined({ reason: 2, refusals: 6 }).type(500, "wifi-power 11");
    const found = run(board, script, 3 * MINUTE);
    expect(new Set(found.all("wifi connect").map(({ text }) => text))).toEqual(
      new Set(["wifi connect power=44 country=01"]),
    );
  });

  test.each(["1", "21", "8.5", "high", "-4"])("refuses the power %s", (word) => {
    const found = run(board, joined().type(500, `wifi-power ${word}`), MINUTE);
    expect(found.all("> = error wifi-power takes auto or 2 to 20")).toHaveLength(1);
    expect(found.status()).toContain("wifi_power=0");
  });

  test("joins the strongest access point of a name, on whatever channel", () => {
    const script = joined({ channel: 1, rssi: -80 }).ap(0, 1, {
      ssid: "home",
      password: "secret99",
      channel: 11,
      rssi: -45,
    });
    const found = run(board, script, MINUTE);
    expect(found.all("wifi associated bssid=1")).toHaveLength(1);
  });

  test("hears a hidden name on channel 13 once the country is set", () => {
    const hidden = { hidden: 1, channel: 13 };
    expect(run(board, joined(hidden), MINUTE).status()).toContain("failed:no-access-point");
    const found = run(board, joined(hidden).type(500, "wifi-country DE"), MINUTE);
    expect(found.status()).toContain("wifi=up");
    const refused = run(board, joined().type(500, "wifi-country Germany"), MINUTE);
    expect(refused.all("> = error wifi-country")).toHaveLength(1);
  });

  test("joins a name that is no UTF-8, byte for byte", () => {
    const name = Buffer.from("Caf\xe9", "latin1");
    const script = new Script()
      .at(0, "nc 1")
      .ap(0, 0, { ssid: name, password: "secret99" })
      .provision(1_000, name, "secret99")
      .on(2_000);
    expect(run(board, script, MINUTE).status()).toContain("wifi=up mqtt=up");
  });

  test("reaches a broker over IPv6 alone", () => {
    const owner = { ...PLAIN_OWNER, broker: "mqtt://[fd00::10]:1884" };
    const found = run(board, joined({ dhcp: 0, ipv6: 1 }), MINUTE, owner);
    expect(found.status()).toContain("wifi=up mqtt=up");
    expect(found.all("mqtt host=fd00::10 port=1884")).toHaveLength(1);
  });
});

describe.skipIf(reason !== null)("the broker", () => {
  // The board once parsed these itself, and differently from the command line. Now it gets the parts.
  test.each([
    ["mqtt://u:p%40ss@192.0.2.10", "host=192.0.2.10 port=1883 user=u password=p@ss tls=0"],
    ["mqtt://u:p@ss@192.0.2.10", "host=192.0.2.10 port=1883 user=u password=p@ss tls=0"],
    ["mqtt://broker_1.lan", "host=broker_1.lan port=1883 user= password= tls=0"],
    ["mqtt://u:a^b@192.0.2.10", "host=192.0.2.10 port=1883 user=u password=a^b tls=0"],
    ['mqtt://u:"{}|<>@192.0.2.10', 'host=192.0.2.10 port=1883 user=u password="{}|<> tls=0'],
    ["mqtt://[fd00::10]:1883", "host=fd00::10 port=1883 user= password= tls=0"],
    ["MQTTS://Broker.Example:999", "host=Broker.Example port=999 user= password= tls=1"],
  ])("is handed over in parts: %s", (broker, parts) => {
    checkBroker(broker);
    const found = run(board, joined({ ipv6: 1 }), MINUTE, { ...PLAIN_OWNER, broker });
    expect(found.all(`mqtt ${parts} `)).toHaveLength(1);
    expect(found.status()).toContain("mqtt=up");
  });

  test.each([
    "mqtt://",
    "http://192.0.2.10",
    "mqtt://192.0.2.10:0",
    "mqtt://192.0.2.10:70000",
    "mqtt://b\u00fccher.lan",
    "mqtt://a b",
    "mqtt://localhost",
    "mqtt://:secret@192.0.2.10",
    "mqtt://u:%00@192.0.2.10",
    "mqtt://u:%zz@192.0.2.10",
    `mqtt://${"h".repeat(254)}`,
  ])("is refused before it is written: %s", (broker) => {
    expect(() => checkBroker(broker)).toThrow(/^broker /);
    expect(() => checkBroker(broker)).not.toThrow(/secret/);
  });

  test("gets the pinned authority and a client certificate", () => {
    const client = { certificate: "CERT", key: "KEY" };
    const found = run(board, joined(), MINUTE, tls({ client }));
    expect(found.all(`tls=1 ca=${PEM.length} certificate=4 key=3`)).toHaveLength(1);
  });

  test.each([
    ["alert", {}, "client-certificate"],
    ["alert", { client: { certificate: "CERT", key: "KEY" } }, "tls-refused"],
    ["unknown-ca", {}, "tls-authority"],
    ["refuse 4", {}, "password"],
    ["refuse 3", {}, "refused"],
    ["no-name", {}, "no-name"],
    ["down", {}, "unreachable"],
  ])("%s %j is named", (answer, more, word) => {
    const script = joined().at(0, `broker ${answer}`).at(MINUTE, "broker up");
    const found = run(board, script.type(50_000, "status"), 3 * MINUTE, tls(more));
    expect(found.status(55_000)).toMatch(new RegExp(`mqtt=(failed:${word}|connecting) `));
    expect(found.status()).toContain("mqtt=up");
  });
});

describe.skipIf(reason !== null)("a day of retries", () => {
  const coarse = (settings = {}) => joined(settings).at(0, "coarse 1");
  test.each([
    ["a broker that is down", coarse().at(0, "broker down")],
    ["a broker that demands a client certificate", coarse().at(0, "broker alert")],
    ["an MQTT client that cannot be made", coarse().at(0, "mqtt-init 0")],
    ["no access point", coarse({ on: 0 })],
    ["no DHCP", coarse({ dhcp: 0 })],
    ["a wrong password", coarse({ password: "changed99" })],
  ])("leaves the heap as it was: %s", (_, script) => {
    const early = 10 * MINUTE;
    const found = run(board, script.at(early, "report"), DAY, tls());
    const [first, last] = found
      .all("report boots=")
      .map(({ text }) => /heap=(\d+)/.exec(text)?.[1]);
    expect(last).toBe(first);
    expect(found.report("boots")).toBe(1);
    expect(found.all("panic ")).toEqual([]);
  });
});

describe.skipIf(reason !== null)("the console", () => {
  test("replaces credentials at ON only within a minute of a press", () => {
    const other = (script: Script) => script.ap(0, 1, { ssid: "other", password: "secret98" });
    const none = other(joined()).provision(20_000, "other", "secret98");
    const late = other(joined()).press(20_000).provision(82_000, "other", "secret98");
    for (const script of [none, late]) {
      const found = run(board, script, 3 * MINUTE);
      expect(found.all("> = refused: the board has credentials: press its button")).toHaveLength(1);
      expect(found.all("wifi associated bssid=1")).toEqual([]);
    }
    const pressed = other(joined()).press(20_000).provision(70_000, "other", "secret98");
    expect(run(board, pressed, 3 * MINUTE).all("wifi associated bssid=1")).toHaveLength(1);
  });

  test("replaces credentials at KILL without a press", () => {
    const script = joined().kill(20_000).provision(22_000, "other", "secret98");
    expect(run(board, script, MINUTE).all("> = stored, not tried")).toHaveLength(2);
  });

  test("writes nothing when the same credentials are given again", () => {
    const once = run(board, joined(), 2 * MINUTE).report("nvs_writes");
    const script = joined().kill(20_000).provision(23_000, "home", "secret99").on(25_000);
    expect(run(board, script, 2 * MINUTE).report("nvs_writes")).toBe(once);
  });

  test("factory-reset keeps the owner, and takes it with --all; the button is held for both", () => {
    const reset = (text: string) => joined().kill(20_000).type(23_000, text);
    const held = (text: string) => reset(text).at(22_500, "button 1").at(24_000, "button 0");
    const all = "factory-reset --all";
    expect(run(board, reset(all), MINUTE).status()).toContain("owner=present");
    expect(run(board, held("factory-reset"), MINUTE).status()).toContain("owner=present");
    const found = run(board, held(all), MINUTE);
    expect(found.status()).toContain("owner=none");
    expect(found.all("erase").map(({ text }) => text)).toEqual([
      "erase owner",
      "erase storage",
      "erase nvs",
    ]);
  });
});

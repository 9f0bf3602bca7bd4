/**
 * The parts of boards/esp32 that use no chip: Improv frames, command lines, partition images, the retained
 * block, the ring of records. Most inputs are malformed.
 */
import { rmSync } from "node:fs";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Prng } from "../../../host-sim/base/prng.ts";
import { ask, buildParts, missing, temporary } from "./support.ts";

const reason = missing("gcc", "gcc");
const folder = temporary();
afterAll(() => rmSync(folder, { recursive: true }));
let program = "";
beforeAll(() => {
  if (reason === null) program = buildParts(folder);
}, 300_000);

const one = (part: string, bytes: Uint8Array) => (ask(program, part, [bytes])[0] ?? "").trim();
const ascii = (text: string) => Buffer.from(text, "latin1");
const u16 = (value: number) => Buffer.from([value & 255, value >> 8]);

function frame(type: number, data: Uint8Array, version = 1): Buffer {
  const head = Buffer.concat([ascii("IMPROV"), Buffer.from([version, type, data.length]), data]);
  const sum = head.reduce((total, byte) => total + byte, 0) & 255;
  return Buffer.concat([head, Buffer.from([sum])]);
}

function wifi(ssid: string, password: string): Buffer {
  const body = [
    Buffer.from([ssid.length]),
    ascii(ssid),
    Buffer.from([password.length]),
    ascii(password),
  ];
  const len = ssid.length + password.length + 2;
  return frame(3, Buffer.concat([Buffer.from([1, len]), ...body]));
}

describe.skipIf(reason !== null)("Improv frames", () => {
  test("reads a request from another implementation", () => {
    const published = Buffer.from("494d50524f56010302030" + "0e6", "hex");
    expect(one("improv", published)).toBe("frame:3:0300 command:3");
  });

  test("reads Wi-Fi settings, with or without a line end", () => {
    const good = "frame:3:011e0c4d79576972656c6573734150106d7973656375726570617373776f7264";
    const packet = wifi("MyWirelessAP", "mysecurepassword");
    const expected = `${good} wifi:MyWirelessAP:mysecurepassword`;
    expect(one("improv", packet)).toBe(expected);
    expect(one("improv", Buffer.concat([packet, ascii("\r\n"), packet, ascii("\n")]))).toBe(
      `${expected} ${expected}`,
    );
  });

  test("makes frames that it reads, and results", () => {
    expect(one("frame", Buffer.from([1, 4]))).toBe(
      `${frame(1, Buffer.from([4])).toString("hex")}0a`,
    );
    const texts = Buffer.concat([Buffer.from([3, 2]), ascii("ab"), Buffer.from([1]), ascii("c")]);
    expect(one("result", texts)).toBe("030502616201" + "63");
    const long = Buffer.concat([Buffer.from([3, 200]), Buffer.alloc(200, 65), Buffer.from([60])]);
    expect(one("result", Buffer.concat([long, Buffer.alloc(60, 66)]))).toBe("");
  });

  test.each([
    ["wrong sum", Buffer.from("494d50524f560103020300e7", "hex"), "broken"],
    ["another version", frame(3, Buffer.from([2, 0]), 2), "broken"],
    ["data shorter than it says", frame(3, Buffer.from([1, 9, 1, 65])), "frame:3:01090141 invalid"],
    ["no data", frame(3, Buffer.alloc(0)), "frame:3: invalid"],
    ["an empty name", wifi("", "password"), "invalid"],
    ["a name of 33 bytes", wifi("x".repeat(33), ""), "invalid"],
    ["a password of 65 bytes", wifi("x", "y".repeat(65)), "invalid"],
    ["a zero byte in the name", wifi("a\0b", ""), "invalid"],
    ["bytes left over", frame(3, Buffer.from([1, 4, 1, 65, 0, 0])), "invalid"],
    ["a length beyond the frame", frame(3, Buffer.from([1, 3, 9, 65, 0])), "invalid"],
  ])("refuses %s", (_, bytes, expected) => {
    expect(one("improv", bytes)).toContain(expected);
    expect(one("improv", bytes)).not.toContain("wifi:");
  });

  test("passes text on, and finds the frame after it", () => {
    const packet = frame(3, Buffer.from([2, 0]));
    expect(one("improv", Buffer.concat([ascii("IMIMPRO\nI"), packet]))).toBe(
      "text:494d text:494d50524f0a text:49 frame:3:0200 command:2",
    );
    expect(one("improv", ascii("status\n"))).toBe(
      "text:73 text:74 text:61 text:74 text:75 text:73 text:0a",
    );
  });

  test("ignores a frame that is cut short", () => {
    const packet = wifi("MyWirelessAP", "mysecurepassword");
    const cuts = [...packet.keys()].map((end) => packet.subarray(0, end));
    expect(new Set(ask(program, "improv", cuts))).toEqual(new Set([""]));
  });
});

describe.skipIf(reason !== null)("command lines", () => {
  test.each([
    ["status\n", "1"],
    ["status\r\njournal\r\n", "1 2"],
    ["factory-reset\nhelp\n\n", "3 7 0"],
    ["factory-reset --all\nfactory-reset --al\n", "4 8:factory-reset --al"],
    ["wifi-power 8\nwifi-power\nwifi-country DE\n", "5 8:wifi-power 6"],
    ["attest 00112233445566778899aabbccddeeff\nattest\n", "10 8:attest"],
    ["STATUS\n", "8:STATUS"],
    ["status \n", "8:status "],
    ['a"b\x01\xff\n', "8:a.b.."],
    [`${"x".repeat(64)}\n`, `8:${"x".repeat(64)}`],
    [`${"x".repeat(65)}\nstatus\n`, "9 1"],
    [`${"x".repeat(5000)}\nstatus\n`, "9 1"],
    ["status", ""],
    ["st\0atus\n", "8:st.atus"],
  ])("%.20j", (text, expected) => {
    expect(one("command", ascii(text))).toBe(expected.trim());
  });
});

function image(magic: string, body: Uint8Array, room = body.length): Buffer {
  const head = Buffer.alloc(16);
  head.write(magic, "latin1");
  head.writeUInt32LE(body.length, 8);
  head.writeUInt32LE(crc32(body), 12);
  return Buffer.concat([head, body, Buffer.alloc(room - body.length, 0xff)]);
}

interface OwnerParts {
  tls?: number;
  port?: number;
  host?: string;
  user?: string;
  password?: string;
  ca?: string;
  certificate?: string;
  key?: string;
}

function owner(device: string, parts: OwnerParts = {}): Buffer {
  const { tls = 0, port = 1883, host = "broker.lan", user = "", password = "" } = parts;
  const { ca = "", certificate = "", key = "" } = parts;
  const keys = Buffer.from(Array.from({ length: 96 }, (_, index) => index));
  const text = (width: number, value: string) =>
    Buffer.concat([u16(value.length).subarray(0, width), ascii(`${value}\0`)]);
  return Buffer.concat([
    ...[keys, text(1, device), Buffer.from([tls]), u16(port), text(1, host)],
    ...[user, password, ca, certificate, key].map((value) => text(2, value)),
  ]);
}

describe.skipIf(reason !== null)("partition images", () => {
  const module = Buffer.from("0061736d01000000", "hex");
  const good = owner("demo", { tls: 1, port: 8883, user: "me", password: "p@ss", ca: "PEM" });

  test("the guest", () => {
    expect(one("guest", image("KSGUEST1", module, 100))).toBe("good len=8");
    expect(one("guest", Buffer.alloc(64, 0xff))).toBe("blank len=0");
    expect(one("guest", Buffer.alloc(64))).toBe("magic len=0");
    expect(one("guest", image("KSOWNER1", module))).toBe("magic len=0");
    expect(one("guest", image("KSGUEST1", Buffer.alloc(0), 64))).toBe("length len=0");
    expect(one("guest", image("KSGUEST1", module).subarray(0, 23))).toBe("length len=0");
    expect(one("guest", image("KSGUEST1", module).subarray(0, 15))).toBe("length len=0");
  });

  test("detects any flipped bit", () => {
    const whole = image("KSGUEST1", module);
    const flipped = Array.from({ length: 8 * whole.length }, (_, bit) => {
      const copy = Buffer.from(whole);
      copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return copy;
    });
    expect(ask(program, "guest", flipped).filter((line) => line.startsWith("good"))).toEqual([]);
  });

  test("the owner", () => {
    const parts = "demo tls=1 broker.lan 8883 user=me password=p@ss ca=PEM key=005f";
    expect(one("owner", image("KSOWNER3", good, 4000))).toBe(`${parts} good len=${good.length}`);
    expect(one("owner", image("KSOWNER3", owner("a".repeat(32))))).toContain("good");
    expect(one("owner", image("KSOWNER1", good))).toBe("old len=0");
    expect(one("owner", image("KSOWNER2", good))).toBe("old len=0");
    expect(one("owner", image("KSGUEST1", good))).toBe("magic len=0");
  });

  test.each([
    ["an empty device", owner(""), "device"],
    ["a device of 33 bytes", owner("a".repeat(33)), "device"],
    ["a device with a separator", owner("a/b"), "device"],
    ["a device with a wildcard", owner("a+"), "device"],
    ["no host", owner("demo", { host: "" }), "broker"],
    ["port 0", owner("demo", { port: 0 }), "broker"],
    ["an unknown transport", owner("demo", { tls: 2 }), "broker"],
    ["an authority without TLS", owner("demo", { ca: "PEM" }), "broker"],
    ["a certificate without its key", owner("demo", { tls: 1, certificate: "PEM" }), "broker"],
    ["a host of 254 bytes", owner("demo", { host: "b".repeat(254) }), "broker"],
    ["a zero within a text", owner("demo", { user: "a\0b" }), "length"],
    ["bytes left over", Buffer.concat([good, Buffer.from([0])]), "length"],
  ])("refuses %s", (_, body, expected) => {
    expect(one("owner", image("KSOWNER3", body))).toContain(`${expected} len=`);
  });

  test("refuses every truncation of the body with a correct CRC", () => {
    const cuts = [...good.keys()].map((end) => image("KSOWNER3", good.subarray(0, end)));
    expect(new Set(ask(program, "owner", cuts).map((line) => line.split(" ")[0]))).toEqual(
      new Set(["length"]),
    );
  });
});

describe.skipIf(reason !== null)("the list of networks", () => {
  const scan = (...heard: [number, boolean, string][]) =>
    one(
      "scan",
      Buffer.concat(
        heard.map(([rssi, locked, ssid]) =>
          Buffer.concat([Buffer.from([rssi & 255, locked ? 1 : 0, ssid.length]), ascii(ssid)]),
        ),
      ),
    );

  test("has the strongest first, each name once with its strongest signal", () => {
    expect(scan([-70, true, "b"], [-40, false, "a"], [-90, true, "c"])).toBe("a:-40 b#-70 c#-90");
    expect(scan([-70, true, "a"], [-60, true, "b"], [-50, false, "a"], [-80, true, "a"])).toBe(
      "a:-50 b#-60",
    );
  });

  test("leaves out networks without a name or with a name too long", () => {
    expect(scan([-70, true, ""], [-70, true, "x".repeat(33)], [-71, true, "y".repeat(32)])).toBe(
      `${"y".repeat(32)}#-71`,
    );
  });

  test("drops the weakest beyond its length", () => {
    const many = Array.from(
      { length: 40 },
      (_, index) =>
        [-1 - ((index * 7) % 40), false, `n${(index * 7) % 40}`] as [number, boolean, string],
    );
    expect(scan(...many)).toBe(Array.from({ length: 16 }, (_, n) => `n${n}:${-1 - n}`).join(" "));
  });
});

describe.skipIf(reason !== null)("a line of packets", () => {
  const packets = (...steps: number[]) => one("packets", Buffer.from(steps));
  const a = (count: number) => "a".repeat(count);

  test("sends a record in packets below 64 bytes, each when the last one was taken", () => {
    expect(packets(5, 1)).toBe("aaaa. lost=0");
    expect(packets(63, 1)).toBe(`${a(62)}. lost=0`);
    expect(packets(130, 1, 0, 1, 1)).toBe(`${a(63)}~ -~ ${a(63)}~ aaa. lost=0`);
  });

  test("waits once for a reader that takes nothing, then drops records", () => {
    expect(packets(3, 0, 0, 0, 0, 0, 3, 0, 3, 0)).toBe("-~ -~ -~ -~ - - - lost=3");
  });

  test("sends no further packet of a dropped record", () => {
    expect(packets(3, 0, 0, 0, 0, 0, 1, 3, 1)).toBe("-~ -~ -~ -~ - - bb. lost=1");
  });

  test("sends whole lines to a reader that returns, after the end of the torn one", () => {
    const torn = [130, 1, 0, 0, 0, 0, 0];
    expect(packets(...torn, 4, 0, 4, 1)).toBe(`${a(63)}~ -~ -~ -~ - - - //ccc. lost=2`);
    // The line end takes two bytes of the packet.
    expect(packets(...torn, 63, 1, 1)).toBe(
      `${a(63)}~ -~ -~ -~ - - //${"b".repeat(61)}~ b. lost=1`,
    );
  });

  test("waits for a slow reader", () => {
    expect(packets(130, 1, 0, 0, 0, 1, 0, 0, 0, 1)).toBe(
      `${a(63)}~ -~ -~ -~ ${a(63)}~ -~ -~ -~ aaa. lost=0`,
    );
  });
});

describe.skipIf(reason !== null)("data that survive a restart", () => {
  test("discards the block, or its clock, if any bit is flipped", () => {
    const [, , size = "0"] = one("retained", Buffer.from([255, 255])).split(" ");
    expect(one("retained", Buffer.from([255, 255]))).toBe(`good 123456 ${size}`);
    const bits = Array.from({ length: 8 * Number(size) }, (_, bit) => u16(bit));
    const kept = ask(program, "retained", bits).filter((line) => line.startsWith("good 123456"));
    expect(bits.length).toBeGreaterThan(700);
    expect(kept).toEqual([]);
  });

  test("the ring keeps records in order, around its end, and refuses what does not fit", () => {
    const steps = Buffer.from([20, 20, 20, 0x80, 20, 0x80, 0x80, 0x80, 0x80]);
    expect(one("ring", steps)).toBe("in in full 20:0 in 20:1 20:4 -1:-1 -1:-1 refused");
  });

  test("handles random bytes", () => {
    const prng = new Prng(1);
    const noise = Array.from({ length: 400 }, () => {
      const bytes = Buffer.from(Array.from({ length: 1 + prng.below(300) }, () => prng.below(256)));
      if (prng.below(2) === 0) ascii("IMPROV\x01\x03").copy(bytes);
      return bytes;
    });
    for (const part of ["improv", "command", "guest", "owner", "ring", "packets", "scan"])
      expect(ask(program, part, noise)).toHaveLength(noise.length);
    for (const part of ["ring", "packets", "scan"])
      expect(ask(program, part, noise).filter((line) => line.includes("BROKEN"))).toEqual([]);
  });
});

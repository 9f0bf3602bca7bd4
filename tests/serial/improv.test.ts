/** Improv frames: test vectors, and every kind of damage. */
import { describe, expect, test } from "vitest";
import { Prng } from "../../host-sim/base/prng.ts";
import {
  encodeFrame,
  encodeRpc,
  type Found,
  FRAME,
  FrameReader,
  parseResult,
  RPC,
} from "../../host-sim/serial/improv-frames.ts";

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

/** Everything that a reader finds in the bytes. Adjacent texts are joined. */
function read(input: Uint8Array, pieces = input.length): Found[] {
  const reader = new FrameReader();
  const found: Found[] = [];
  const add = (each: Found) => {
    const last = found.at(-1);
    if (each.kind === "text" && last?.kind === "text")
      found.splice(-1, 1, { kind: "text", bytes: Buffer.concat([last.bytes, each.bytes]) });
    else found.push(each);
  };
  for (let at = 0; at < input.length; at += pieces)
    reader.feed(input.subarray(at, at + pieces)).forEach(add);
  reader.flush().forEach(add);
  return found.map((each) =>
    each.kind === "text" ? { kind: "text", bytes: Buffer.from(each.bytes) } : each,
  );
}
const text = (words: string): Found => ({ kind: "text", bytes: Buffer.from(words, "latin1") });

describe("a frame", () => {
  // Computed by hand from the specification. The last byte but one is the sum of those before it.
  test.each<[string, Uint8Array, string]>([
    ["asks for the state", encodeRpc(RPC.GET_STATE), "494d50524f56 01 03 02 0200 e5 0a"],
    ["asks for a scan", encodeRpc(RPC.SCAN), "494d50524f56 01 03 02 0400 e7 0a"],
    [
      "sets Wi-Fi",
      encodeRpc(RPC.WIFI_SETTINGS, [bytes("ab"), bytes("cdefghij")]),
      "494d50524f56 01 03 0e 010c 02 6162 08 636465666768696a fd 0a",
    ],
    [
      "reports a state",
      encodeFrame(FRAME.STATE, Uint8Array.of(4)),
      "494d50524f56 01 01 01 04 e4 0a",
    ],
    ["is empty", encodeFrame(FRAME.RESULT, new Uint8Array()), "494d50524f56 01 04 00 e2 0a"],
  ])("that %s has the specified bytes", (_, made, expected) => {
    expect(Buffer.from(made).toString("hex")).toBe(Buffer.from(hex(expected)).toString("hex"));
    expect(read(made)[0]?.kind).toBe("frame");
  });

  test.each([1, 2, 3, 7, 1000])("is found among text, %i bytes at a time", (pieces) => {
    const state = encodeFrame(FRAME.STATE, Uint8Array.of(2)).subarray(0, -1);
    const line = Buffer.concat([bytes("@12 gate IMP\r\n= done IMPROV"), state, bytes("I@13 x\n")]);
    const frame: Found = { kind: "frame", type: FRAME.STATE, data: Uint8Array.of(2) };
    // The first "IMPROV" is followed by "I" as the version, so it is not a frame.
    const found = read(line, pieces);
    expect(found).toContainEqual(frame);
    const said = found.filter((each) => each.kind === "text").map((each) => String(each.bytes));
    expect(said.join("")).toBe("@12 gate IMP\r\n= done IMPROVI@13 x\n");
  });

  test("with any byte changed is not accepted", () => {
    const good = encodeFrame(FRAME.RESULT, hex("03 05 04 6e616d65")).subarray(0, -1);
    for (let at = 0; at < good.length; at++) {
      for (const bit of [1, 0x10, 0x80]) {
        const bad = new Uint8Array(good);
        bad[at] = (bad[at] ?? 0) ^ bit;
        expect(read(bad).filter(({ kind }) => kind === "frame")).toEqual([]);
      }
    }
  });

  test("is found after a truncated frame", () => {
    const good = encodeFrame(FRAME.STATE, Uint8Array.of(4));
    for (let length = 1; length < good.length - 1; length++) {
      const line = Buffer.concat([good.subarray(0, length), good]);
      expect(read(line)).toContainEqual({ kind: "frame", type: 1, data: Uint8Array.of(4) });
    }
    const greedy = hex("494d50524f56 01 04 ff 00");
    expect(read(Buffer.concat([greedy, good])).at(-2)?.kind).toBe("frame");
  });

  test("is not found in noise, which is returned unchanged as text", () => {
    const prng = new Prng(7);
    for (let run = 0; run < 200; run++) {
      const noise = new Uint8Array(64);
      prng.fill(noise);
      const found = read(noise, 1 + (run % 9));
      expect(found).toEqual([text(Buffer.from(noise).toString("latin1"))]);
    }
  });
});

describe("a result", () => {
  test.each<[string, string, readonly string[] | null]>([
    ["without texts", "04 00", []],
    ["with texts", "03 07 02 6162 00 02 6364", ["ab", "", "cd"]],
    ["empty", "", null],
    ["of one byte", "03", null],
    ["shorter than its length field", "03 07 02 6162", null],
    ["longer than its length field", "03 01 00 00", null],
    ["with a text that exceeds it", "03 02 05 61", null],
  ])("is parsed or refused: %s", (_, data, texts) => {
    expect(parseResult(hex(data))?.texts ?? null).toEqual(texts);
  });
});

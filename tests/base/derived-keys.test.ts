/** The derived keys: RFC 5869 through node:crypto, the derivation written out, and that of the host in C. */
import { createHmac, hkdfSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { PRINCIPAL_KIDS } from "../../host-sim/abi/abi.gen.ts";
import { loadBoard } from "../../host-sim/base/board-data.ts";
import { deriveKeys } from "../../host-sim/base/derived-keys.ts";
import { buildBoard } from "../../host-sim/build/native-image.ts";
import { decodeStatus } from "../../host-sim/controller/command.ts";
import { firmwarePath, loadFirmware, readModule } from "../../host-sim/sim/firmware.ts";
import { NativeTarget } from "../../host-sim/targets/native/native-target.ts";
import { notRun } from "../targets/native/support.ts";

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const toHex = (bytes: Uint8Array | ArrayBuffer) => Buffer.from(bytes as Uint8Array).toString("hex");
const SECRET = Uint8Array.from({ length: 32 }, (_, index) => index);

/** RFC 5869, 2.2 and 2.3, for one block of output and an empty salt. */
function expanded(secret: Uint8Array, info: string): Uint8Array {
  const prk = createHmac("sha256", new Uint8Array(32)).update(secret).digest();
  return createHmac("sha256", prk).update(`${info}\u0001`).digest();
}

describe("HKDF-SHA-256 of node:crypto", () => {
  // RFC 5869, appendix A.1 and A.3.
  test.each([
    [
      "000102030405060708090a0b0c",
      "f0f1f2f3f4f5f6f7f8f9",
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ],
    [
      "",
      "",
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ],
  ])("gives the vector of RFC 5869 with salt %j", (salt, info, okm) => {
    const secret = new Uint8Array(22).fill(0x0b);
    expect(toHex(hkdfSync("sha256", secret, hex(salt), hex(info), 42))).toBe(okm);
  });
});

describe("the derived keys", () => {
  test("are HKDF's with the principal and the use as info", () => {
    for (const kid of PRINCIPAL_KIDS) {
      const keys = deriveKeys(kid, SECRET);
      expect(toHex(keys.command)).toBe(toHex(expanded(SECRET, `killswitch 2 command ${kid}`)));
      expect(toHex(keys.reply)).toBe(toHex(expanded(SECRET, `killswitch 2 reply ${kid}`)));
    }
  });

  test("differ by principal, by direction and by secret", () => {
    const all = PRINCIPAL_KIDS.flatMap((kid) => [
      ...Object.values(deriveKeys(kid, SECRET)),
      ...Object.values(deriveKeys(kid, new Uint8Array(32))),
      SECRET,
    ]);
    expect(new Set(all.map(toHex)).size).toBe(PRINCIPAL_KIDS.length * 4 + 1);
  });

  const reason = notRun("posix");
  test.skipIf(reason !== null)("are the same on the host in C, for each principal", () => {
    const secrets = PRINCIPAL_KIDS.map((_, index) => SECRET.map((byte) => byte ^ (index + 1)));
    const heard = statuses(secrets);
    expect([...heard.keys()].sort()).toEqual([0, 1, 2]);
    for (const [principal, bytes] of heard) {
      const kid = PRINCIPAL_KIDS[principal] ?? "owner";
      const { reply } = deriveKeys(kid, secrets[principal] ?? SECRET);
      expect(decodeStatus(bytes, reply, kid).counter).toBe(1);
    }
  });

  test.skipIf(reason !== null)(
    "are not derived by the host in C from all zeroes or nothing",
    () => {
      expect([...statuses([SECRET, new Uint8Array(32), null]).keys()]).toEqual([0]);
    },
  );
});

/** The first status that a board with the host in C sends to each principal. */
function statuses(secrets: readonly (Uint8Array | null)[]): Map<number, Uint8Array> {
  const guest = readModule(firmwarePath("device"));
  const target = new NativeTarget({ image: buildBoard({ board: "posix" }), guest });
  const heard = new Map<number, Uint8Array>();
  target.start({
    board: loadBoard(),
    firmware: loadFirmware(),
    seed: 1,
    position: "on",
    image: "own",
    secrets,
    trace: () => {},
    message: (_at, principal, _channel, bytes) => {
      if (!heard.has(principal)) heard.set(principal, bytes.slice());
    },
  });
  target.advance(500);
  target.stop();
  return heard;
}

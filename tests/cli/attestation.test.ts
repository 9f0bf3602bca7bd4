/** `sim`, `journal attest` and `journal verify --attestation` as processes: a journal that others can check. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXIT } from "../../host-sim/base/errors.ts";
import { ring } from "../controller/journal-fixture.ts";
import { complains, startProgram } from "./program.ts";

const NONCE = "00112233445566778899aabbccddeeff";

let folder = "";
let publicKey = "";
const run = (line: string, input?: string) =>
  startProgram(folder, line, { input: Buffer.from(input ?? "") }).ended;
const verify = (words: string) => run(`journal verify ${words} --public-key ${publicKey}`);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-attestation-"));
  const stimuli = `wait 1s\nattest ${NONCE}\nattest ${NONCE}\nswitch kill\nwait 1s\nquit\n`;
  const { code, out } = await run("sim --virtual --seed 5 --storage device", stimuli);
  expect(code).toBe(0);
  writeFileSync(join(folder, "session.txt"), out);
  const made = await run("journal attest --console session.txt --output it.cose --json");
  expect(made).toMatchObject({ code: 0, err: "" });
  const says = JSON.parse(made.out) as Record<string, string>;
  expect(says).toMatchObject({ device: "demo", nonce: NONCE, rings: [{ next: 2 }, { next: 0 }] });
  publicKey = says.publicKey ?? "";
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a journal with an attestation", () => {
  test("verifies, and says what is attested", async () => {
    const { code, out } = await verify(`device/journal.bin --attestation it.cose --nonce ${NONCE}`);
    expect(code).toBe(0);
    expect(out).toMatch(/^the journal is the attested one$/m);
    expect(out).toMatch(new RegExp(`^device demo, public key ${publicKey}$`, "m"));
    const json = await verify("device/journal.bin --attestation it.cose --json");
    expect(JSON.parse(json.out)).toMatchObject({ holds: true, attested: { publicKey } });
  });

  test("is refused if it is by another key, or with another nonce", async () => {
    const other = `--public-key ${"00".repeat(32)}`;
    complains(
      await run(`journal verify device/journal.bin --attestation it.cose ${other}`),
      EXIT.UNATTESTED,
      /it is by the key/,
    );
    complains(
      await verify(`device/journal.bin --attestation it.cose --nonce ${"00".repeat(16)}`),
      EXIT.UNATTESTED,
      /it may be an old one/,
    );
    const forged = readFileSync(join(folder, "it.cose"));
    forged[60] = (forged[60] ?? 0) ^ 1;
    writeFileSync(join(folder, "forged.cose"), forged);
    complains(
      await verify("device/journal.bin --attestation forged.cose"),
      EXIT.UNATTESTED,
      /its signature is wrong/,
    );
  });

  test("is refused if the journal was rewritten or shortened, although its chain holds", async () => {
    writeFileSync(join(folder, "rewritten.bin"), ring(9));
    complains(
      await verify("rewritten.bin --attestation it.cose"),
      EXIT.REFUTED,
      /the journal was rewritten/,
    );
    writeFileSync(join(folder, "short.bin"), ring(1));
    complains(
      await verify("short.bin --attestation it.cose"),
      EXIT.REFUTED,
      /records were taken away/,
    );
  });

  test("needs the key from elsewhere, and a file that is one", async () => {
    complains(
      await run("journal verify device/journal.bin --attestation it.cose"),
      EXIT.USAGE,
      /belong together/,
    );
    complains(
      await verify("device/journal.bin --attestation device/journal.bin"),
      EXIT.BAD_FILE,
      /is not an attestation/,
    );
  });
});

test("the simulated device keeps its key in a file that only its user can read", async () => {
  expect(statSync(join(folder, "device", "identity.bin")).mode & 0o777).toBe(0o600);
  const again = await run(
    "sim --virtual --seed 6 --storage device",
    `wait 1s\nattest ${NONCE}\nquit\n`,
  );
  const made = await run("journal attest --console - --output second.cose", again.out);
  expect(made.out).toContain(`public key ${publicKey}`);
});

test("what is not a console's answer is refused", async () => {
  const session = readFileSync(join(folder, "session.txt"), "latin1");
  const attest = (text: string) => run("journal attest --console - --output x.cose", text);
  complains(await attest("@1 boot\n"), EXIT.BAD_FILE, /no answer to "attest" in it/);
  const damaged = session.replace(/(at=32 ..)./, "$17");
  complains(await attest(damaged), EXIT.NO_ANSWER, /CRC .*: run the command again/);
  complains(await run("journal attest --output x.cose"), EXIT.USAGE, /either --port or --console/);
});

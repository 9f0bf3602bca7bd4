/** The verb `doctor` as a process. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { freePort, rewind, startEmbedded, undo } from "../mqtt/fixture.ts";
import { startProgram } from "./program.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-doctor-"));
});
afterEach(async () => {
  await rewind();
  rmSync(folder, { recursive: true });
});

const run = (line: string) => startProgram(folder, line, {}).ended;

test("doctor reports every check and exits with 0", async () => {
  const { code, out } = await run(`doctor --json --broker mqtt://127.0.0.1:${await freePort()}`);
  expect(code).toBe(0);
  const findings = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const byName = Object.fromEntries(findings.map((finding) => [finding.name, finding]));
  expect(byName.node).toMatchObject({
    found: true,
    detail: expect.stringContaining(process.version),
  });
  expect(byName.broker).toMatchObject({ found: false });
  expect(Object.keys(byName)).toEqual(expect.arrayContaining(["gate.wasm", "mosquitto", "gcc"]));
  const broker = await startEmbedded();
  undo.push(() => broker.stop());
  expect((await run(`doctor --broker ${broker.url}`)).out).toMatch(/^yes {2}broker /m);
});

/**
 * Bytes from outside never reach the terminal as they are: each verb that shows something of a broker, a
 * board, a network or a file is given control sequences (C0 and C1) and overrides of direction.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakeDevice, rewind, undo, until } from "../mqtt/fixture.ts";
import { FakeBoard } from "../serial/fake-board.ts";
import { noPty, Pty } from "../serial/pty.ts";
import { type Ended, startDevice, startProgram } from "./program.ts";

/** Clears a screen, sets its title, changes colours, and turns a text round: ESC, C1 (as UTF-8), bidi. */
const HOSTILE = "\u001b[2J\u001b]0;owned\u0007\u009b31m\u202eKO\u202c\u0085\r";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-hostile-"));
  undo.push(() => rmSync(folder, { recursive: true }));
});
afterEach(rewind);

const run = (line: string) => startProgram(folder, line).ended;

/** Expects that a terminal would show all of a text and obey none of it. */
function expectPlain({ out, err }: Pick<Ended, "out" | "err">): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  const unsafe = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/;
  expect(unsafe.exec(out)).toBeNull();
  expect(unsafe.exec(err)).toBeNull();
}

describe("with a broker that anybody may publish to", () => {
  let device: FakeDevice;
  let at = "";
  beforeEach(async () => {
    [device, at] = await startDevice(folder);
    const availability = "killswitch/demo/availability";
    await device.client.publishAsync(availability, HOSTILE, { qos: 1, retain: true });
  });

  test.each([
    "send relay.set on --as owner --timeout 300ms",
    "send relay.set on --as owner --timeout 300ms --json",
    "journal read --as owner --timeout 300ms",
  ])("%s", async (line) => {
    device.answers = false;
    const ended = await run(`${line} ${at}`);
    expect(ended.code).toBe(4);
    expect(ended.err).toContain("broker says: ");
    expectPlain(ended);
  });

  test.each(["watch", "watch --json"])("%s", async (line) => {
    const watching = startProgram(folder, `${line} ${at}`);
    undo.push(() => watching.child.kill("SIGKILL"));
    await until("the availability", () => watching.out.includes("availability"));
    device.client.publish("killswitch/demo/owner/status", HOSTILE);
    device.client.publish("killswitch/demo/owner/telemetry", HOSTILE);
    await until("both", () => watching.out.includes("telemetry"));
    expectPlain(watching);
  });
});

describe("with files that a stranger wrote", () => {
  test.each([
    ["journal verify h.bin", 7],
    ["journal read --file h.bin", 7],
    ["run h.yaml", 7],
    ["keys list --keys k", 7],
    ["prove --check h.json", 7],
  ])("%s", async (line, code) => {
    writeFileSync(join(folder, "h.bin"), HOSTILE);
    writeFileSync(join(folder, "h.yaml"), `name: "${HOSTILE}"\nabout: [\n${HOSTILE}`);
    await run("keys init --keys k");
    writeFileSync(
      join(folder, "k", "demo.json"),
      `{"device":"demo","keys":[{"kid":"${HOSTILE}"}]}`,
    );
    const ended = await run(line);
    expect(ended.code).toBe(code);
    expectPlain(ended);
  });

  test("the names of options and operations", async () => {
    for (const line of [`send ${HOSTILE} --as owner`, `--${HOSTILE}`, `run ${HOSTILE}.yaml`])
      expectPlain(await run(line));
  });
});

const without = noPty();
describe.skipIf(without !== null)("with a board that sends them", () => {
  let line: Pty;
  beforeEach(async () => {
    line = await Pty.open();
    undo.push(() => line.close());
  });

  test("console, as a trace and as an answer", async () => {
    const board = new FakeBoard(line, { status: HOSTILE });
    expect(board.commands).toEqual([]);
    const answered = await run(`console status --port ${line.path}`);
    expect(answered.out).toContain("\\u001b[2J");
    expectPlain(answered);
    const listening = startProgram(folder, `console --all --port ${line.path}`);
    undo.push(() => listening.child.kill("SIGKILL"));
    const say = setInterval(() => line.send(Buffer.from(`@1 log ${HOSTILE}\n${HOSTILE}\n`)), 50);
    undo.push(() => clearInterval(say));
    await until("two lines", () => listening.out.split("\n").length > 3);
    expect(listening.out).toContain("\\u001b[2J");
    expectPlain(listening);
  });

  test.each(["provision --scan", "provision --scan --json"])("%s", async (words) => {
    const board = new FakeBoard(line, {
      networks: [[HOSTILE, "-40", "YES"]],
      name: HOSTILE,
      why: HOSTILE,
    });
    expect(board.settings).toEqual([]);
    const ended = await run(`${words} --port ${line.path}`);
    expect(ended.code).toBe(0);
    expectPlain(ended);
  });
});

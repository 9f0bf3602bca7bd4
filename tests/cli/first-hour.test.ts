/** What a new user meets: empty files, missing names, a server that is no broker, two devices of one name. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EXIT } from "../../host-sim/base/errors.ts";
import { rewind, startEmbedded, undo, until } from "../mqtt/fixture.ts";
import { complains, startProgram } from "./program.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-hour-"));
});
afterEach(async () => {
  await rewind();
  rmSync(folder, { recursive: true });
});

const start = (line: string) => startProgram(folder, line);
const run = (line: string) => start(line).ended;

test("an empty scenario file is called empty", async () => {
  writeFileSync(join(folder, "e.yaml"), "# nothing\n");
  complains(await run("run e.yaml"), EXIT.BAD_FILE, /e\.yaml:1:1: the file is empty/);
});

test("a scenario's bare name gets its path as a suggestion", async () => {
  const words = /scenario bounce does not exist: use \S+tests\/scenarios\/bounce\.yaml/;
  complains(await run("run bounce"), EXIT.BAD_FILE, words);
  complains(await run("run bounces"), EXIT.BAD_FILE, /scenario bounces does not exist\n/);
});

test("an empty list of keys and an empty journal are called so", async () => {
  expect((await run("keys list")).out).toMatch(/^no keys in \.killswitch\/keys: create some with/);
  writeFileSync(join(folder, "j.bin"), "");
  const { code, out, err } = await run("journal verify j.bin");
  expect({ code, out }).toEqual({
    code: EXIT.NOT_COMPARED,
    out: "the journal is empty: there is nothing to check\n",
  });
  expect(err).toMatch(/shortened as a whole would verify too/);
});

test("a chip's name is a board's name", async () => {
  const { code, out } = await run("sim --virtual --board esp32c3");
  expect(code).toBe(0);
  expect(out).toContain("gate phase=ARMING");
  complains(await run("sim --board toaster"), EXIT.USAGE, /use one of .*esp32c3/);
});

test("a web server is not a broker", async () => {
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  undo.push(() => server.close());
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await run("keys init");
  const line = `send status --as owner --broker mqtt://127.0.0.1:${port}`;
  complains(await run(line), EXIT.NETWORK, /it is not an MQTT broker/);
});

test("reports two devices of one name and suggests another name", async () => {
  const broker = await startEmbedded();
  undo.push(() => broker.stop());
  await run("keys init");
  const both = [0, 1].map(() => start(`sim --stay --broker ${broker.url}`));
  for (const { child } of both) undo.push(() => child.kill("SIGKILL"));
  await until("a hint", () =>
    both.some(({ err }) => /is there another device "demo"\? .* with --device/.test(err)),
  );
});

test("a second device without a broker of its own prints what to do", async () => {
  const first = start("sim --stay --port 0");
  undo.push(() => first.child.kill("SIGKILL"));
  await until("its broker", () => /--broker \S+/.test(first.err));
  const [, port] = /--broker \S+:(\d+)/.exec(first.err) ?? [];
  const words = /is in use: connect to the broker there with --broker .* --device NAME/;
  complains(await run(`sim --port ${port}`), EXIT.NETWORK, words);
});

test("the end of the input says why the device stops, and --stay keeps it", async () => {
  const ended = await run("sim --port 0");
  expect(ended.err).toContain("end of input: the device stops (--stay keeps it running)\n");
  const stays = start("sim --port 0 --stay");
  undo.push(() => stays.child.kill("SIGKILL"));
  await until("it is live", () => stays.out.includes("phase=LIVE"));
  await new Promise((done) => setTimeout(done, 500));
  expect(stays.child.exitCode).toBeNull();
});

test.each([
  ["esp32", 32],
  ["esp32c3", 3],
])("commission lists what to measure on a one-chip board with %s", async (name, pin) => {
  const { code, out } = await run(`commission --board ${name}`);
  expect(code).toBe(0);
  expect(out).toContain(`GPIO${pin} (NO)`);
  const { checks, cannotShow } = JSON.parse((await run(`commission --board ${name} --json`)).out);
  expect(checks.map(({ what }: { what: string }) => what).join()).toMatch(
    /Contacts.*Pull-downs.*Lamp.*Relay.*Power draw.*Broker/,
  );
  expect(cannotShow.length).toBeGreaterThan(0);
});

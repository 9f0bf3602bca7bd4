/** `killswitch run` on two serial ports, from the command line: the whole way that a person goes. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { packageRoot } from "../../host-sim/paths.ts";
import { freePort, rewind, undo } from "../host-sim/mqtt-fixture.ts";
import { noPty, Pty } from "../host-sim/pty.ts";
import { type BoardEnd, openBench } from "./boards.ts";

afterEach(rewind);

/** A board's end of a pseudo-terminal. */
async function ptyEnd(): Promise<BoardEnd & { port: string }> {
  const pty = await Pty.open();
  undo.push(() => pty.close());
  const end = {
    port: pty.path,
    heard: (_: Uint8Array) => {},
    send: (bytes: Uint8Array) => pty.send(bytes),
  };
  pty.heard = (bytes) => end.heard(bytes);
  return end;
}

interface Said {
  code: number | null;
  out: string;
  err: string;
}

/** Not in this thread: the boards live here. */
function killswitch(...args: string[]): Promise<Said> {
  const child = spawn(process.execPath, [join("dist", "killswitch.js"), ...args], {
    cwd: packageRoot(),
  });
  const said: Said = { code: null, out: "", err: "" };
  child.stdout.on("data", (bytes) => {
    said.out += bytes;
  });
  child.stderr.on("data", (bytes) => {
    said.err += bytes;
  });
  return new Promise((done) => child.on("close", (code) => done({ ...said, code })));
}

async function runOnPorts(wired: string, ...scenarios: string[]): Promise<Said> {
  const [dut, fixture, port] = await Promise.all([ptyEnd(), ptyEnd(), freePort()]);
  const bench = openBench({ dut, fixture, brokerPort: port, native: false });
  undo.push(() => bench.close());
  return killswitch(
    "run",
    ...scenarios.map((name) => join("tests", "scenarios", `${name}.yaml`)),
    ...["--target", `serial:${dut.port}`, "--fixture", `serial:${fixture.port}`],
    ...["--wired", wired, "--listen", `127.0.0.1:${port}`],
  );
}

describe.skipIf(noPty() !== null)("over pseudo-terminals", () => {
  // Real time: a machine that is busy with other things is late, which a second try tells from a fault.
  test("scenarios pass, and what no wire reaches is told with its reason", {
    retry: 2,
  }, async () => {
    const said = await runOnPorts(
      "reset,relay,lamp",
      "wrong-principal",
      "stuck-rail",
      "relay-keeps-its-level-through-cuts",
    );
    expect(said).toMatchObject({ code: 0, err: "" });
    expect(said.out).toContain("PASS wrong-principal");
    expect(said.out).toContain("NOT RUN stuck-rail: no wire makes the fault stuck-rail");
    expect(said.out).toMatch(/2 passed, 0 failed, 1 not run\n$/);
  });

  test("without a wire to its supply a board cannot be made new: one line, and the mend", async () => {
    const said = await runOnPorts("relay", "wrong-principal");
    expect(said.code).toBe(2);
    expect(said.err).toMatch(/^killswitch: serial:.*no wire switches its supply.*--wired\n$/);
  });
});

test("a port without a fixture, and one that is not there", async () => {
  const name = join("tests", "scenarios", "bounce.yaml");
  const lone = await killswitch("run", name, "--target", "serial:/dev/nowhere");
  expect(lone).toMatchObject({ code: 2, out: "" });
  expect(lone.err).toContain("give --fixture serial:PORT");
  const ports = ["--target", "serial:/dev/nowhere", "--fixture", "serial:/dev/nowhere2"];
  const none = await killswitch("run", name, ...ports);
  expect(none.code).toBe(10);
  expect(none.err).toMatch(/^killswitch: port \/dev\/nowhere does not exist/);
});

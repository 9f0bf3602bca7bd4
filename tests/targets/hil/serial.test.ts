/** Tests `killswitch run` on two serial ports from the command line, over pseudo-terminals. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import { freePort, rewind, undo } from "../../mqtt/fixture.ts";
import { noPty, Pty } from "../../serial/pty.ts";
import { type BoardEnd, openBench } from "./boards.ts";

afterEach(rewind);

/** The board's end of a pseudo-terminal. */
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

interface Result {
  code: number | null;
  out: string;
  err: string;
}

/** Runs the command as a process of its own, because the simulated boards run in this thread. */
function killswitch(...args: string[]): Promise<Result> {
  const child = spawn(process.execPath, [join("dist", "killswitch.js"), ...args], {
    cwd: packageRoot(),
  });
  const result: Result = { code: null, out: "", err: "" };
  child.stdout.on("data", (bytes) => {
    result.out += bytes;
  });
  child.stderr.on("data", (bytes) => {
    result.err += bytes;
  });
  return new Promise((done) => child.on("close", (code) => done({ ...result, code })));
}

async function runOnPorts(wired: string, ...scenarios: string[]): Promise<Result> {
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
  // The test runs in real time and may fail on a busy machine, so it is tried again.
  test("passes scenarios, and gives the reason for one that is not run", {
    retry: 2,
  }, async () => {
    const result = await runOnPorts(
      "reset,relay,lamp",
      "wrong-principal",
      "stuck-rail",
      "relay-keeps-its-level-through-cuts",
    );
    expect(result).toMatchObject({ code: 0, err: "" });
    expect(result.out).toContain("PASS wrong-principal");
    expect(result.out).toContain("NOT RUN stuck-rail: no wire can cause the fault stuck-rail");
    expect(result.out).toMatch(/2 passed, 0 failed, 1 not run\n$/);
  });

  test("refuses a rig without a wire to the supply or the reset pin, and names the fix", async () => {
    const result = await runOnPorts("relay", "wrong-principal");
    expect(result.code).toBe(2);
    expect(result.err).toMatch(/^killswitch: serial:.*no wire goes to the .*--wired\n$/);
  });
});

test("refuses a serial target without a fixture, and a port that does not exist", async () => {
  const name = join("tests", "scenarios", "bounce.yaml");
  const lone = await killswitch("run", name, "--target", "serial:/dev/nowhere");
  expect(lone).toMatchObject({ code: 2, out: "" });
  expect(lone.err).toContain("give --fixture serial:PORT");
  const ports = ["--target", "serial:/dev/nowhere", "--fixture", "serial:/dev/nowhere2"];
  const none = await killswitch("run", name, ...ports);
  expect(none.code).toBe(10);
  expect(none.err).toMatch(/^killswitch: port \/dev\/nowhere does not exist/);
});

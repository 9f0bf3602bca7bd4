/** Runs scenarios on a bench: two simulated boards whose serial lines are sockets. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadBoard } from "../../../host-sim/base/board-data.ts";
import { RealClock } from "../../../host-sim/base/clock.ts";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import type { Scenario } from "../../../host-sim/scenario/grammar.ts";
import { firmwareWith, guestBytes } from "../../../host-sim/scenario/guest.ts";
import { loadScenario } from "../../../host-sim/scenario/load.ts";
import { type Outcome, runScenario } from "../../../host-sim/scenario/runner.ts";
import { BoardTarget } from "../../../host-sim/targets/hil/board-target.ts";
import { OPTIONAL_WIRES } from "../../../host-sim/targets/hil/fixture.ts";
import { loadHilData } from "../../../host-sim/targets/hil/hil-data.ts";
import { SerialRig } from "../../../host-sim/targets/hil/serial-rig.ts";
import { TimingOverrun } from "../../../host-sim/targets/hil/timing-overrun.ts";
import { freePort } from "../../mqtt/fixture.ts";
import { type BoardEnd, type Defects, openBench } from "./boards.ts";

/** How many times a scenario is run if this machine moves the switch too slowly. */
const TRIES = 5;
const SLACK_MS = 8_000;

export interface SocketEnd extends BoardEnd {
  readonly name: string;
  close(): void;
}

/** A serial line on a socket. A new connection replaces the previous one. */
export function socketEnd(): Promise<SocketEnd> {
  const folder = mkdtempSync(join(tmpdir(), "killswitch-line-"));
  const path = join(folder, "line");
  let user: Socket | null = null;
  const server = createServer((socket) => {
    user?.destroy();
    user = socket;
    socket.on("data", (bytes) => end.heard(bytes));
    socket.on("error", () => {});
  });
  const end: SocketEnd = {
    name: `unix:${path}`,
    heard: () => {},
    send: (bytes) => void user?.write(bytes),
    close: () => {
      user?.destroy();
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
  return new Promise((open) => server.listen(path, () => open(end)));
}

async function guestOf({ guest }: Scenario, path: string): Promise<Uint8Array | null> {
  return guest === undefined ? null : guestBytes(join(dirname(path), guest));
}

export type BenchDefects = Defects & { native?: boolean };

/** Opens a bench and a rig that drives it over its two lines, and closes the bench after `use`. */
export async function withBench<T>(
  defects: BenchDefects,
  use: (rig: SerialRig, clock: RealClock) => Promise<T>,
): Promise<T> {
  const [dut, fixture, port] = await Promise.all([socketEnd(), socketEnd(), freePort()]);
  const { native = false, ...wires } = defects;
  const bench = openBench({ dut, fixture, brokerPort: port, native, ...wires });
  try {
    const clock = new RealClock();
    const rig = new SerialRig({
      name: "serial:bench",
      board: dut.name,
      fixture: fixture.name,
      wired: new Set(OPTIONAL_WIRES.filter((name) => name !== "rail")),
      // Shorter than on a real board, because there is no network to join.
      hil: { ...loadHilData(), slackMs: SLACK_MS },
      clock,
      listen: { host: "127.0.0.1", port },
      wifi: null,
    });
    return await use(rig, clock);
  } finally {
    bench.close();
    dut.close();
    fixture.close();
  }
}

function runOnce(path: string, defects: BenchDefects): Promise<Outcome> {
  const { scenario } = loadScenario(path);
  return withBench(defects, async (rig, clock) =>
    runScenario({
      scenario,
      target: new BoardTarget({ rig, clock, guest: await guestOf(scenario, path) }),
      board: loadBoard(scenario.start.board),
      firmware: await firmwareWith(),
      seed: 1,
    }),
  );
}

/** Runs a scenario of tests/scenarios on a bench. Repeats it after a timing overrun. */
export async function runOnBench(name: string, defects: BenchDefects = {}): Promise<Outcome> {
  const path = join(packageRoot(), "tests", "scenarios", `${name}.yaml`);
  for (let tries = 1; ; tries++) {
    try {
      return await runOnce(path, defects);
    } catch (error) {
      if (!(error instanceof TimingOverrun) || tries === TRIES) throw error;
    }
  }
}

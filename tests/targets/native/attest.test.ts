/**
 * Asks the simulator and every native board for attestations, through cuts, loss of supply and failing
 * storage, and compares their bytes.
 */
import { expect, test } from "vitest";
import { loadBoard } from "../../../host-sim/base/board-data.ts";
import { type BuildOptions, buildBoard } from "../../../host-sim/build/native-image.ts";
import { SCENARIO_SECRETS } from "../../../host-sim/scenario/remote.ts";
import { firmwarePath, loadFirmware, readModule } from "../../../host-sim/sim/firmware.ts";
import type { HostLoop } from "../../../host-sim/sim/host-loop.ts";
import { ENTROPY_STREAM, Simulator } from "../../../host-sim/sim/simulator.ts";
import type { VirtualBoard } from "../../../host-sim/sim/virtual-board.ts";
import { VirtualBroker } from "../../../host-sim/sim/virtual-broker.ts";
import { NativeLoop } from "../../../host-sim/targets/native/native-loop.ts";
import { NATIVE_TIMEOUT_MS } from "../../../host-sim/targets/native/native-target.ts";
import { notRun } from "./support.ts";

const SEED = 7;
const board = loadBoard();
const guest = readModule(firmwarePath("device"));
const nonce = (byte: number) => new Uint8Array(16).fill(byte);

/** What is done to a device, and every attestation that it makes, in hexadecimal; "none" for a refusal. */
function attestationsOf(makeLoop?: (pins: VirtualBoard) => HostLoop): string[] {
  const made: string[] = [];
  const simulator = new Simulator({
    board,
    firmware: loadFirmware(),
    link: new VirtualBroker(() => {}),
    seed: SEED,
    secrets: SCENARIO_SECRETS,
    position: "on",
    device: "a-device-with-a-name-of-32-chars",
    trace: () => {},
    attested: (bytes) => made.push(bytes === null ? "none" : Buffer.from(bytes).toString("hex")),
    ...(makeLoop === undefined ? {} : { makeLoop, guestTimeoutMs: NATIVE_TIMEOUT_MS }),
  });
  const pass = (ms: number) => simulator.advance(simulator.now + ms);
  const ask = (...bytes: number[]) => {
    for (const byte of bytes) simulator.board.askAttestation(nonce(byte));
    pass(0);
  };
  pass(1000);
  // The supply fails while the key is stored.
  simulator.board.bytesToPowerLoss = 20;
  ask(1);
  pass(100);
  simulator.powerOn();
  pass(1000);
  ask(2);
  // The second is asked for while the first is being made.
  ask(3, 4);
  simulator.board.askAttestation(new Uint8Array(15));
  pass(10);
  simulator.board.flick("kill");
  pass(1000);
  ask(5);
  for (let flick = 0; flick < 300; flick++) {
    simulator.board.flick("on");
    pass(500);
    simulator.board.flick("kill");
    pass(500);
  }
  // The ring has wrapped.
  ask(6);
  simulator.board.setFault("storage-fails", true);
  ask(7);
  simulator.board.setFault("storage-fails", false);
  simulator.powerOff();
  ask(8);
  simulator.powerOn();
  pass(1000);
  ask(9);
  return made;
}

const BUILDS: [string, BuildOptions][] = [
  ["posix", { board: "posix" }],
  ["posix, sanitized", { board: "posix", compiler: "clang", sanitize: true }],
  ["posix, aot", { board: "posix", engine: "aot", guest }],
  ["qemu-riscv32", { board: "qemu-riscv32" }],
];

const expected = attestationsOf();

test("the simulator makes attestations, and says when it cannot", () => {
  const none = expected.map((text) => text === "none");
  expect(none).toEqual([false, true, false, true, false, false, true, false]);
  // The kid, the public key, is the same in all.
  const keys = expected.filter((text) => text !== "none").map((text) => text.slice(20, 84));
  expect(new Set(keys).size).toBe(1);
  expect(new Set(expected).size).toBe(6);
});

for (const [name, build] of BUILDS) {
  test.skipIf(notRun(build.board) !== null)(`${name} makes the simulator's attestations`, () => {
    const image = buildBoard(build);
    let loop: NativeLoop | null = null;
    try {
      const made = attestationsOf((pins) => {
        loop = new NativeLoop(pins, {
          image,
          guest,
          keys: SCENARIO_SECRETS,
          seed: SEED ^ ENTROPY_STREAM,
          bootMs: board.bootMs,
        });
        return loop;
      });
      expect(made).toEqual(expected);
    } finally {
      (loop as NativeLoop | null)?.close();
    }
  });
}

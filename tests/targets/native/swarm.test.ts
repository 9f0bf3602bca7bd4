/**
 * Compares the traces of random scenarios from the swarm on the simulator and on each native board.
 */
import { describe, expect, test } from "vitest";
import { loadBoard } from "../../../host-sim/base/board-data.ts";
import { buildBoard } from "../../../host-sim/build/native-image.ts";
import { runScenario } from "../../../host-sim/scenario/runner.ts";
import { loadFirmware } from "../../../host-sim/sim/firmware.ts";
import { NativeTarget } from "../../../host-sim/targets/native/native-target.ts";
import { engineOf } from "../../swarm/support.ts";
import { firstDifference, notRun } from "./support.ts";

/** How many seeds to run. A native board takes about a hundred times as long as the simulator. */
const SEEDS: Record<string, number> = { posix: 25, "qemu-riscv32": 5 };

for (const [board, seeds] of Object.entries(SEEDS)) {
  describe.skipIf(notRun(board) !== null)(board, () => {
    test(`gives the simulator's trace for ${seeds} seeds`, async () => {
      const engine = await engineOf();
      const image = buildBoard({ board });
      for (let seed = 1; seed <= seeds; seed++) {
        const { guest: _, ...scenario } = engine.generate(seed);
        const native = await runScenario({
          scenario,
          target: new NativeTarget({ image }),
          board: loadBoard(scenario.start.board),
          firmware: loadFirmware(),
          seed,
        });
        const own = await engine.run(scenario);
        expect(firstDifference(own.trace.texts(), native.trace.texts()), `seed ${seed}`).toBeNull();
      }
    });
  });
}

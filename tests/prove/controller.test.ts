/**
 * The controller's model: closed for the shipped controller and device, and each known flaw, put back,
 * is found by it.
 */
import { describe, expect, test } from "vitest";
import { closeModel, LONGEST, SIZES } from "../../host-sim/prove/controller/proof.ts";
import { firmwarePath, readModule } from "../../host-sim/sim/firmware.ts";
import { compileDevice } from "../scenario/mutation.ts";
import {
  CONTROLLER_FLAWS,
  DEVICE_FLAWS,
  flawedController,
  flawedSource,
} from "./controller-flaws.ts";

const shipped = new WebAssembly.Module(readModule(firmwarePath("device")));

test.each(Object.keys(SIZES).filter((name) => name !== LONGEST))(
  "I11: every report is true, whatever the broker does: %s",
  (name) => {
    const { result } = closeModel(name, shipped);
    console.log(`${name}: ${JSON.stringify({ ...result, untrue: undefined })}`);
    expect(result.untrue).toBeNull();
    expect(result.states).toBeGreaterThan(1_000);
  },
  120_000,
);

describe("a flaw of the controller is found", () => {
  test.each(CONTROLLER_FLAWS)(
    "$name",
    async (flaw) => {
      const { result } = closeModel(flaw.size, shipped, await flawedController(flaw));
      expect(result.untrue?.rule).toMatch(flaw.untrue);
      expect(result.untrue?.steps.length).toBeGreaterThan(2);
    },
    120_000,
  );

  test("and none in today's source, bundled the same way", async () => {
    const same = { name: "none", untrue: /^$/, size: "", changes: [] };
    const maker = await flawedController(same);
    expect(closeModel("a slow clock", shipped, maker).result.untrue).toBeNull();
  });
});

describe("a flaw of the device is found", () => {
  test.each(DEVICE_FLAWS)(
    "$name",
    async (flaw) => {
      const device = await compileDevice(flaw.file, flawedSource(flaw.file, flaw));
      const { result } = closeModel(flaw.size, new WebAssembly.Module(device));
      expect(result.untrue?.rule).toMatch(flaw.untrue);
    },
    120_000,
  );
});

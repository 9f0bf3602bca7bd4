/** A mutant beside the device: what differs is seen, what never runs is known, and the device is itself. */

import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { runBounded } from "../../host-sim/base/guard.ts";
import { Differential } from "../../host-sim/prove/mutation/differential.ts";
import {
  functionNames,
  mutantOf,
  type Site,
  sitesOf,
} from "../../host-sim/prove/mutation/mutator.ts";
import { firmwarePath, readModule } from "../../host-sim/sim/firmware.ts";

const device = readModule(firmwarePath("device"));
const names = functionNames(readFileSync("dist/firmware/device.wat", "utf8"));
const sites = sitesOf(device);
const inside = (name: string) => sites.filter((site) => names[Number(site.inside)] === name);

let differential: Differential;
beforeAll(() => {
  differential = new Differential(device, { trialsOnly: true });
}, 300_000);

test("the device does what it did, wherever it is asked", () => {
  const first = new Map(sites.map((site) => [site.inside, site]));
  const places = [...first.values()].filter((_, index) => index % 6 === 0);
  for (const site of places)
    expect(differential.compare(device, site), site.place).toMatchObject({ differs: null });
}, 300_000);

test("mutants of the parser differ on a damaged message", () => {
  const tried = inside("device/cbor/readHead").filter((_, index) => index % 8 === 0);
  expect(tried.length).toBeGreaterThan(5);
  const seen = tried.filter((site: Site) => {
    let differs: string | null = "it does not return";
    runBounded(() => {
      differs = differential.compare(mutantOf(device, site), site).differs;
    }, 20_000);
    return differs !== null;
  });
  expect(seen.length).toBeGreaterThan(tried.length / 4);
}, 300_000);

test("what never runs is compared on nothing", () => {
  const [site] = inside("device/main/abi_version");
  expect(site).toBeDefined();
  if (site === undefined) return;
  expect(differential.compare(mutantOf(device, site), site)).toEqual({ runs: 0, differs: null });
});

/** The comparison of mutants with the device. */

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

test("finds no difference between the device and itself", () => {
  const first = new Map(sites.map((site) => [site.inside, site]));
  const places = [...first.values()].filter((_, index) => index % 6 === 0);
  for (const site of places)
    expect(differential.compare(device, site), site.place).toMatchObject({ differs: null });
}, 300_000);

test("finds that mutants of the parser differ on damaged messages", () => {
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

test("compares a mutant on no input if the changed code never runs", () => {
  const [site] = inside("device/main/abi_version");
  expect(site).toBeDefined();
  if (site === undefined) return;
  expect(differential.compare(mutantOf(device, site), site)).toEqual({ runs: 0, differs: null });
});

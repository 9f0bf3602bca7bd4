// Configuration of as-pect, which runs the firmware's unit tests: `npm run test:firmware`.

import { readdirSync } from "node:fs";
import { hostImports } from "./host.js";

const entries = readdirSync(new URL(".", import.meta.url))
  .filter((name) => name.endsWith(".spec.ts"))
  .map((name) => `tests/firmware/${name}`);
// as-pect reports success if it finds no test.
if (entries.length === 0) throw new Error("tests/firmware: no *.spec.ts to run");

export default {
  entries,
  include: [],
  disclude: [],
  async instantiate(memory, createImports, instantiate, binary) {
    const host = hostImports();
    const module = await instantiate(binary, createImports({ env: { memory }, ...host.imports }));
    host.attach(module.exports.memory);
    return module;
  },
  outputBinary: false,
};

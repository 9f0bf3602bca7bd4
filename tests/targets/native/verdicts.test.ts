/**
 * The rules of a guest in TypeScript (host-sim/sim/profile.ts) and in C (boards/runtime/validate.c)
 * give one verdict, with the reason or the words that the engine needs. A long run is
 * VERDICTS=1000000 npx vitest run tests/targets/native/verdicts.test.ts.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import { Prng } from "../../../host-sim/base/prng.ts";
import { guestBytes } from "../../../host-sim/scenario/guest.ts";
import { firmwarePath, readModule } from "../../../host-sim/sim/firmware.ts";
import { checkGuest } from "../../../host-sim/sim/profile.ts";
import { makeGuest } from "./guest-maker.ts";
import { mutantOf } from "./mutant.ts";
import { notRun } from "./support.ts";

const MUTANTS = Number(process.env.VERDICTS ?? 20_000);
const BATCH = 2000;
const MADE = 60;
const FLAGS = ["-std=c11", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

const folder = mkdtempSync(join(tmpdir(), "killswitch-verdicts-"));
afterAll(() => rmSync(folder, { recursive: true }));
const program = join(folder, "verdicts");

function build(): void {
  const runtime = join(packageRoot(), "boards", "runtime");
  const sources = ["validate.c", "validate_code.c", "validate_read.c"].map((name) =>
    join(runtime, name),
  );
  const own = join(packageRoot(), "tests", "targets", "native", "verdicts.c");
  execFileSync("gcc", [...FLAGS, `-I${runtime}`, own, ...sources, "-o", program]);
}

/** A line for each module, as the boards' check says it. */
function boards(modules: readonly Uint8Array[]): string[] {
  const file = join(folder, "modules");
  const parts = modules.flatMap((bytes) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  writeFileSync(file, Buffer.concat(parts));
  const { stdout, stderr, status } = spawnSync(program, [file], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout.trim().split("\n");
}

/** The first module on which the two differ, or V8 refuses what they accept; null if there is none. */
function difference(modules: readonly Uint8Array<ArrayBuffer>[]): string | null {
  const theirs = boards(modules);
  if (theirs.length !== modules.length) return `${theirs.length} lines for ${modules.length}`;
  for (const [index, bytes] of modules.entries()) {
    const own = String(checkGuest(bytes));
    const hex = () => Buffer.from(bytes).toString("hex").slice(0, 4000);
    if (own !== theirs[index]) return `${own}, the board says ${theirs[index]}: ${hex()}`;
    if (/^\d/.test(own) && !WebAssembly.validate(bytes)) return `V8 refuses ${hex()}`;
  }
  return null;
}

async function seeds(): Promise<Uint8Array<ArrayBuffer>[]> {
  const hostile = join(packageRoot(), "tests", "hostile");
  const texts = readdirSync(hostile).filter((name) => name.endsWith(".wat"));
  const written = await Promise.all(texts.map((name) => guestBytes(join(hostile, name))));
  const made = Array.from({ length: MADE }, (_, index) => makeGuest(index + 1));
  const shipped = ["device", "fixture"].map(
    (name) => new Uint8Array(readModule(firmwarePath(name as "device"))),
  );
  // Most are near the shipped ones, which are the richest that a board accepts.
  return [...shipped, ...shipped, ...written, ...made];
}

describe.skipIf(notRun("posix") !== null)("one verdict on every module", () => {
  let modules: Uint8Array<ArrayBuffer>[] = [];
  beforeAll(async () => {
    build();
    modules = await seeds();
  }, 60_000);

  test("whole", () => expect(difference(modules)).toBeNull());

  test("cut off", () => {
    const [device = new Uint8Array()] = modules;
    const cuts = Array.from({ length: Math.ceil(device.length / 7) }, (_, index) =>
      device.slice(0, 7 * index),
    );
    expect(difference(cuts)).toBeNull();
  });

  test(
    "damaged",
    () => {
      const prng = new Prng(1);
      for (let done = 0; done < MUTANTS; done += BATCH) {
        const mutants = Array.from({ length: Math.min(BATCH, MUTANTS - done) }, () =>
          mutantOf(modules[prng.below(modules.length)] ?? new Uint8Array(1), prng),
        );
        expect(difference(mutants)).toBeNull();
      }
    },
    60_000 + MUTANTS * 5,
  );
});

/**
 * Compares the fixture's frame code in C with the one in TypeScript: valid, torn and noisy lines.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import { Prng } from "../../../host-sim/base/prng.ts";
import {
  frameFromBoard,
  frameToBoard,
  parseFrameToBoard,
} from "../../../host-sim/targets/hil/frames.ts";
import { noPty } from "../../serial/pty.ts";

/** The same as in boards/esp32/fixture/frame.h. */
const FRAME_MAX = 24;
const LINES = 4000;

function filter(lines: readonly string[]): string[] {
  const root = packageRoot();
  const program = join(mkdtempSync(join(tmpdir(), "killswitch-frame-")), "frame");
  const board = join(root, "boards", "esp32");
  const built = spawnSync("gcc", [
    ...["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-g"],
    ...["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
    ...[`-I${join(board, "fixture")}`, `-I${join(root, "boards", "runtime")}`, "-o", program],
    join(root, "tests", "targets", "hil", "frame.c"),
    join(board, "fixture", "frame.c"),
    join(root, "boards", "runtime", "crc32.c"),
  ]);
  if (built.status !== 0) throw new Error(String(built.stderr));
  const { status, stdout, stderr } = spawnSync(program, { input: `${lines.join("\n")}\n` });
  if (status !== 0) throw new Error(String(stderr));
  return String(stdout).trimEnd().split("\n");
}

/** What the filter must print for a line, computed in TypeScript. */
function expected(line: string): string {
  const bytes = parseFrameToBoard(line);
  if (bytes === null || bytes.length > FRAME_MAX) return "-";
  return `${Buffer.from(bytes).toString("hex")} | ${frameFromBoard(2, bytes).trimEnd()}`;
}

test.skipIf(noPty() !== null)("reads and writes frames in C as in TypeScript", () => {
  const prng = new Prng(3);
  const lines = Array.from({ length: LINES }, (_, index) => {
    const bytes = new Uint8Array(prng.below(FRAME_MAX + 3));
    prng.fill(bytes);
    const line = frameToBoard(bytes).trimEnd();
    if (index % 3 === 0) return line;
    const at = prng.below(line.length);
    const byte = String.fromCharCode(0x20 + prng.below(95));
    return index % 3 === 1 ? line.slice(0, at) : `${line.slice(0, at)}${byte}${line.slice(at + 1)}`;
  });
  const found = filter(lines);
  expect(found).toEqual(lines.map(expected));
  expect(found.filter((line) => line !== "-").length).toBeGreaterThan(LINES / 4);
});

/** `killswitch build` for a chip: the files that it generates, and its call of the build tool. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT, UserError } from "../../host-sim/base/errors.ts";
import { packageRoot } from "../../host-sim/base/paths.ts";
import { commandOf, loadChip } from "../../host-sim/flash/chip.ts";
import { parsePartitions } from "../../host-sim/flash/partitions.ts";
import { firmwarePath } from "../../host-sim/sim/firmware.ts";

const CHIP = loadChip("esp32c3");
const INPUT = join(CHIP.folder, CHIP.firmware.input);

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-build-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs the command with a PATH of `folder`, Node's folder and the system's. */
function killswitch(...args: string[]) {
  const path = [folder, dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter);
  const program = join(packageRoot(), "dist", "killswitch.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: "utf8",
    env: { ...process.env, PATH: path },
  });
  return { code: status, out: stdout, err: stderr };
}

/** Installs a fake build tool that logs its arguments and ends with `exitCode`. */
function fakeBuildTool(exitCode: number): void {
  const [tool = ""] = commandOf(CHIP, "build");
  const text = `#!/bin/sh\necho "$PWD" "$@" >> ${join(folder, "calls")}\nexit ${exitCode}\n`;
  writeFileSync(join(folder, tool), text);
  chmodSync(join(folder, tool), 0o755);
}

describe("build of a chip", () => {
  test("generates all files, and does not touch unchanged ones", () => {
    const { code, out, err } = killswitch("build", "--board", CHIP.name, "--prepare-only");
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toBe(`prepared ${INPUT}\n`);
    const names = readdirSync(INPUT);
    for (const name of [
      "gate.c",
      "gate.h",
      "mac_wasm.c",
      "mac_wasm.h",
      "device.bin",
      "fixture.bin",
    ])
      expect(names).toContain(name);
    for (const name of ["m3_core.c", "m3_core.h", "wasm3.h", "m3_exec.c"])
      expect(readdirSync(join(INPUT, "wasm3"))).toContain(name);
    const guest = readFileSync(join(INPUT, "device.bin"));
    const device = readFileSync(firmwarePath("device"));
    expect(guest.toString("latin1", 0, 8)).toBe("KSGUEST1");
    expect(guest.readUInt32LE(8)).toBe(device.length);
    expect(guest.readUInt32LE(12)).toBe(crc32(device));
    expect(guest.subarray(16).equals(device)).toBe(true);
    const made = statSync(join(INPUT, "gate.c")).mtimeMs;
    expect(killswitch("build", "--board", CHIP.name, "--prepare-only").code).toBe(0);
    expect(statSync(join(INPUT, "gate.c")).mtimeMs).toBe(made);
  });

  test("calls the build tool in the project's folder", () => {
    fakeBuildTool(0);
    const { code, out } = killswitch("build", "--board", CHIP.name);
    expect(code).toBe(0);
    expect(out).toContain(`image    ${join(CHIP.folder, "build")}`);
    const words = commandOf(CHIP, "build").slice(1).join(" ");
    expect(readFileSync(join(folder, "calls"), "utf8")).toContain(`${CHIP.folder} ${words}\n`);
    expect(words).toContain(CHIP.name);
    expect(words).not.toContain("{");
  });

  test("calls the build tool for a fixture, with a build folder of its own", () => {
    fakeBuildTool(0);
    const { code, out } = killswitch("build", "--board", CHIP.name, "--fixture");
    expect(code).toBe(0);
    expect(out).toContain(`image    ${join(CHIP.folder, "build", `${CHIP.name}-fixture`)}`);
    const called = readFileSync(join(folder, "calls"), "utf8");
    expect(called).toContain("KILLSWITCH_ROLE=fixture");
    expect(called).toContain(`IDF_TARGET=${CHIP.name} `);
  });

  test("fails if the build tool fails", () => {
    fakeBuildTool(2);
    const { code, err } = killswitch("build", "--board", CHIP.name);
    expect(err).toMatch(/^killswitch: .* build failed: see its output above\n$/);
    expect(code).toBe(EXIT.TOOL_FAILED);
  });

  test("says what to install and where the generated files are, without the build tool", () => {
    const { code, err } = killswitch("build", "--board", CHIP.name);
    expect(err).toMatch(
      /^killswitch: idf\.py is not on the PATH: install ESP-IDF [^\n]*build-input\n$/,
    );
    expect(code).toBe(EXIT.NO_TOOL);
  });

  test("says what to install when flashing the whole firmware", () => {
    const { code, err } = killswitch("flash", "--board", CHIP.name, "--port", "/dev/nowhere");
    expect(err).toMatch(/^killswitch: idf\.py is not on the PATH/);
    expect(code).toBe(EXIT.NO_TOOL);
  });
});

describe("a partition table", () => {
  const row = "guest, data, 0x40, 0x190000, 64K";
  test("is parsed with comments, names and sizes in K", () => {
    expect(parsePartitions("t.csv", `# x\n\n${row}\n`, 0x400000)).toEqual([
      { name: "guest", type: 1, subtype: 0x40, at: 0x190000, bytes: 0x10000 },
    ]);
  });

  test.each([
    [`${row}\n${row}`, /t\.csv:2: guest overlaps guest/],
    [`${row}\nguest, data, 1, 0x1000, 4K`, /t\.csv:2: guest occurs twice/],
    ["guest, data, 0x40, , 64K", /t\.csv:1: invalid offset ""/],
    ["guest, data, 0x40, 0x10, 64K", /invalid offset "0x10"/],
    ["guest, data, 0x40, 0x1000, 1", /invalid size "1"/],
    ["guest, data, 0x40, 0x1000, 0", /invalid size "0"/],
    ["guest, date, 0x40, 0x1000, 4K", /invalid type "date"/],
    ["guest, data, what, 0x1000, 4K", /invalid subtype "what"/],
    ["guest, data, 0x1ff, 0x1000, 4K", /invalid subtype "0x1ff"/],
    ["a name of 17 char, data, 1, 0x1000, 4K", /invalid name/],
    ["guest, data, 1, 0x1000, 4K, encrypted", /invalid flags "encrypted"/],
    ["guest, data, 1, 0x3ff000, 8K", /guest ends beyond the flash of 4194304 bytes/],
    ["guest", /invalid type ""/],
  ])("with %j is refused, and the error names the line", (text, words) => {
    const read = () => parsePartitions("t.csv", text, 0x400000);
    expect(read).toThrow(UserError);
    expect(read).toThrow(words);
  });
});

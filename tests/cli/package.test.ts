/**
 * The ways to start the command: the launcher of a checkout, and the package that `npm pack` makes,
 * unpacked outside the checkout beside only the packages that it declares.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXIT } from "../../host-sim/base/errors.ts";
import { packageRoot } from "../../host-sim/base/paths.ts";

const root = packageRoot();
const { name, dependencies, optionalDependencies, peerDependencies, ...manifest } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
);

const gcc = spawnSync("gcc", ["--version"]).status === 0;
if (!gcc)
  process.stderr.write("NOT RUN building an image from the package: gcc is not installed\n");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-package-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function run(program: string, args: readonly string[], cwd = folder, input = "") {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, input, encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

describe("the launcher of a checkout", () => {
  test.runIf(process.platform !== "win32")("works from another folder and by a link", () => {
    const link = join(folder, "link");
    symlinkSync(join(root, "killswitch"), link);
    for (const program of [join(root, "killswitch"), link]) {
      const { code, out } = run(program, ["--version"]);
      expect(code).toBe(0);
      expect(out.trim()).toBe(manifest.version);
    }
  });

  test.runIf(process.platform !== "win32")("says in one line what is missing", () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    cpSync(join(root, "killswitch"), join(empty, "killswitch"));
    const { code, out, err } = run(join(empty, "killswitch"), ["sim"]);
    expect(code).toBe(EXIT.NO_TOOL);
    expect(out).toBe("");
    expect(err).toMatch(
      /^killswitch: \S+killswitch\.js is not built: run npm install in [^\n]+\n$/,
    );
  });

  test("is what help and hints name", () => {
    const { out } = run(
      process.execPath,
      [join(root, "dist", "killswitch.js"), "send", "--help"],
      root,
    );
    expect(out).toMatch(/^ {2}\$ \.\/killswitch send relay\.set on --as owner$/m);
  });
});

describe("the package", () => {
  let installed = "";
  beforeAll(() => {
    // --ignore-scripts: the modules and the bundle are built already.
    const packed = run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], root);
    expect(packed.code, packed.err).toBe(0);
    const modules = join(folder, "project", "node_modules");
    installed = join(modules, name);
    mkdirSync(installed, { recursive: true });
    const tarball = packed.out.trim().split("\n").at(-1) ?? "";
    const args = ["-xzf", join(folder, tarball), "-C", installed, "--strip-components", "1"];
    expect(run("tar", args).code).toBe(0);
    install({ ...dependencies, ...optionalDependencies });
  });

  const install = (packages: Record<string, string>) => {
    const modules = join(folder, "project", "node_modules");
    for (const one of Object.keys(packages)) {
      mkdirSync(dirname(join(modules, one)), { recursive: true });
      symlinkSync(join(root, "node_modules", one), join(modules, one));
    }
  };

  const killswitch = (line: string, input?: string) =>
    run(
      process.execPath,
      [join(installed, manifest.bin.killswitch), ...line.split(" ")],
      join(folder, "project"),
      input,
    );

  test("has a scoped name and is not published by accident", () => {
    expect(name).toMatch(/^@[a-z-]+\/killswitch$/);
    expect(manifest.private).toBe(true);
  });

  test("runs the simulator outside the checkout, and says what other commands need", () => {
    const sim = killswitch("sim --virtual --seed 1", "wait 200ms\nswitch kill\nquit\n");
    expect(sim).toMatchObject({ code: 0, err: "" });
    expect(sim.out).toContain("gate phase=LIVE");
    for (const [line, peer] of [
      [`run --guest ${join(root, "tests/hostile/flood-of-logs.wat")}`, "wabt"],
      ["prove --quick --part gate", "binaryen"],
    ] as const) {
      const { code, err } = killswitch(line);
      expect(code, err).toBe(EXIT.NO_TOOL);
      const words = `this command needs the package ${peer}: run npm install ${peer}@`;
      expect(err).toMatch(new RegExp(`^killswitch: ${words}[0-9.]+\\n`));
    }
  });

  test("runs the scenarios and the proof once the packages that they need are there", () => {
    install(peerDependencies);
    const scenarios = killswitch("run --json");
    expect(scenarios.code, scenarios.out + scenarios.err).toBe(0);
    expect(JSON.parse(scenarios.out.trim().split("\n").at(-1) ?? "").passed).toBeGreaterThan(50);
    const proof = killswitch("prove --quick --part gate");
    expect(proof.code, proof.out + proof.err).toBe(0);
  });

  test("knows the boards and their partitions", () => {
    const commission = killswitch("commission --board two-chip");
    expect(commission).toMatchObject({ code: 0, err: "" });
    const flash = killswitch("flash --board esp32c3 --port /dev/nowhere --guest");
    expect(flash.code).toBe(EXIT.NO_PORT);
  });

  test.runIf(gcc)("builds a board's image", () => {
    const { code, err } = killswitch("build --board posix --engine aot");
    expect(code, err).toBe(0);
  });

  test("names itself in hints", () => {
    expect(killswitch("send --help").out).toMatch(/^ {2}\$ killswitch send relay\.set on/m);
  });
});

/**
 * Every verb with a wrong or missing argument, file or reader: the exit code, one line on standard
 * error, no stack, no control sequence. Ctrl-C is in interrupt.test.ts.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXIT } from "../../host-sim/base/errors.ts";
import { checkOutputFile, checkOutputFolder, writeTrouble } from "../../host-sim/base/outputs.ts";
import { packageRoot } from "../../host-sim/base/paths.ts";
import { complains, type Ended, startProgram } from "./program.ts";

let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-table-"));
  mkdirSync(join(folder, "dir"));
  writeFileSync(join(folder, "file"), "text");
  writeFileSync(join(folder, "secret"), "text");
  chmodSync(join(folder, "secret"), 0);
  chmodSync(folder, 0o777);
  expect((await startProgram(folder, "keys init").ended).code).toBe(0);
}, 60_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const env = { NO_COLOR: "1" };
const run = (line: string, uid?: number) =>
  startProgram(folder, line, { env, ...(uid === undefined ? {} : { uid }) }).ended;

function refuses(ended: Ended, code: number, words = /./): void {
  complains(ended, code, words);
  expect(ended.out + ended.err).not.toContain("\x1b");
  expect(ended.err).not.toMatch(/ at .*:\d+:\d+|internal error/);
}

const VERBS = [
  ...["sim", "send", "watch", "keys init", "keys list", "keys export", "keys revoke"],
  ...["journal read", "journal verify", "run", "conform", "prove", "swarm", "build", "flash"],
  ...[
    "verify",
    "provision",
    "console",
    "broker",
    "bridge",
    "board",
    "commission",
    "doctor",
    "setup",
    "gateway",
  ],
];

test("the table has every verb", async () => {
  const { out } = await run("--help");
  const verbs = [...out.matchAll(/^ {2}([a-z]+) /gm)].map(([, verb]) => verb);
  const known = new Set(VERBS.map((verb) => verb.split(" ")[0]));
  expect(verbs.filter((verb) => verb !== "help" && !known.has(verb ?? ""))).toEqual([]);
});

describe("with an unknown option", () => {
  test.each(VERBS)("%s", async (verb) => {
    const words = /unknown option .--frob.|required option|missing required argument/;
    refuses(await run(`${verb} --frob`), EXIT.USAGE, words);
  });
});

describe("without arguments", () => {
  test.each<[string, number]>([
    ["send", EXIT.USAGE],
    ["keys export", EXIT.USAGE],
    ["keys revoke", EXIT.USAGE],
    ["journal read", EXIT.USAGE],
    ["journal verify", EXIT.USAGE],
    ["build", EXIT.USAGE],
    ["flash", EXIT.USAGE],
    ["bridge", EXIT.USAGE],
    ["board", EXIT.USAGE],
    ["commission", EXIT.USAGE],
    ["provision", EXIT.USAGE],
  ])("%s", async (verb, code) => {
    refuses(await run(verb), code);
  });
});

describe("with an option whose value is missing", () => {
  test.each([
    "sim --guest --virtual",
    "send status --as owner --device --json",
    "run --trace --json",
    "prove --out --quick",
    "swarm --state --json",
    "build --board --json",
    "flash --board esp32c3 --port --guest",
    "verify --port --json",
    "board two-chip --out --full",
  ])("%s", async (line) => {
    refuses(await run(line), EXIT.USAGE, /A value is missing/);
  });
});

/** Verbs that read a file, with the place of its name. */
const READS = [
  "sim --virtual --keys mine --guest @",
  "run @",
  "run --guest @",
  "conform @",
  "gateway --keys mine --config @",
  "prove --part gate --gate @",
  "prove --check @",
  "swarm --gate @",
  "build --board posix --engine aot --guest @",
  "flash --board esp32c3 --guest @",
  "verify --proof @",
  "verify --guest @",
  "provision --ssid x --password-file @",
  "journal verify @",
  "journal read --file @",
  "bridge --board posix --port 0 --keys mine --guest @",
];
const notAnother =
  process.getuid?.() === 0 ? null : "only root can start a program as another user";
if (notAnother !== null) process.stderr.write(`NOT RUN an unreadable file: ${notAnother}\n`);

describe("with a file to read that", () => {
  test.each(READS)("does not exist: %s", async (line) => {
    refuses(await run(line.replace("@", "none.x")), EXIT.BAD_FILE, /none\.x/);
  });

  // A folder stands for the scenarios in it.
  test.each(READS.filter((line) => !/^(run|conform) @/.test(line)))(
    "is a folder: %s",
    async (line) => {
      refuses(await run(line.replace("@", "dir")), EXIT.BAD_FILE, /dir/);
    },
  );

  test.skipIf(notAnother !== null).each(READS)("may not be read: %s", async (line) => {
    const own = line.replace("mine", "mine-of-nobody").replace("@", "secret");
    refuses(await run(own, 65534), EXIT.BAD_FILE, /secret/);
  });
});

describe("with an output that cannot be written, before any work", () => {
  test.each([
    ["sim --virtual --trace none/x", /none\/x cannot be written: folder \S*none does not exist/],
    ["sim --virtual --trace dir", /dir cannot be written: it is a folder/],
    ["sim --virtual --storage file", /file/],
    ["run --trace none/x", /folder \S*none does not exist/],
    ["run --trace file/x", /file is not a folder/],
    ["prove --out none/x", /folder \S*none does not exist/],
    ["prove --out dir", /dir cannot be written: it is a folder/],
    ["swarm --state none/x", /folder \S*none does not exist/],
    ["swarm --out file", /file is a file: name a folder/],
    ["board two-chip --out file", /file is a file: name a folder/],
    ["board two-chip --out file/x", /file\/x cannot be used: \S*file is not a folder/],
    ["journal read --file none --output none/x", /folder \S*none does not exist/],
    ["keys init --device other --keys file", /file/],
    ["broker --dir file", /file is a file: name a folder/],
  ])("%s", async (line, words) => {
    const start = performance.now();
    refuses(await run(line), EXIT.BAD_FILE, words);
    expect(performance.now() - start).toBeLessThan(30_000);
  });

  test("a full disk and a lack of permission name the folder", () => {
    const error = (code: string) => Object.assign(new Error(code), { code });
    expect(writeTrouble("/data/x", error("ENOSPC")).message).toBe(
      "/data/x cannot be written: the disk of folder /data is full: make room, or name another",
    );
    expect(writeTrouble("/data/x", error("EACCES")).message).toMatch(
      /no permission for folder \/data/,
    );
    expect(() => checkOutputFile(join(folder, "new"))).not.toThrow();
    expect(() => checkOutputFolder(join(folder, "new", "deep"))).not.toThrow();
  });
});

const shell = (line: string) => {
  const program = `"${process.execPath}" "${join(packageRoot(), "dist", "killswitch.js")}"`;
  const words = ["-c", line.replace("killswitch", program)];
  const { status, stdout, stderr } = spawnSync("bash", words, { cwd: folder, encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
};
const PRINTS = ["--help", "doctor", "commission --board two-chip", "sim --virtual </dev/null"];
const bash = spawnSync("bash", ["--version"]).status === 0 && process.platform === "linux";
if (!bash) process.stderr.write("NOT RUN closed pipes: there is no bash\n");

describe.runIf(bash)("with standard output", () => {
  test.each(PRINTS)("closed: %s", (line) => {
    const ended = shell(`killswitch ${line} | true; exit \${PIPESTATUS[0]}`);
    expect(ended).toEqual({ code: 0, out: "", err: "" });
  });

  test.each(PRINTS)("on a full disk: %s", (line) => {
    const { code, err } = shell(`killswitch ${line} > /dev/full`);
    expect(err).toBe("killswitch: output cannot be written: the disk is full\n");
    expect(code).toBe(EXIT.BAD_FILE);
  });
});

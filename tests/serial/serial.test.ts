/** `provision`, `console`, `journal read --port` and `journal attest --port` with a fake board on a pseudo-terminal. */
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT } from "../../host-sim/base/errors.ts";
import { complains, type Ended, startProgram } from "../cli/program.ts";
import { attestation } from "../controller/attestation-fixture.ts";
import { ring } from "../controller/journal-fixture.ts";
import { until } from "../mqtt/fixture.ts";
import { type BoardFaults, FakeBoard } from "./fake-board.ts";
import { noPty, Pty } from "./pty.ts";

const PASSWORD = "correct horse";

let folder = "";
let line: Pty;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-serial-"));
  writeFileSync(join(folder, "wifi.txt"), `${PASSWORD}\n`);
  if (without === null) line = await Pty.open();
});
afterEach(async () => {
  await line?.close();
  rmSync(folder, { recursive: true });
});

function run(words: string, input?: Uint8Array): Promise<Ended> {
  return startProgram(folder, `${words} --port ${line.path}`, { input }).ended;
}
const provision = (words = "") =>
  run(`provision --ssid home --password-file wifi.txt ${words}`.trim());

const without = noPty();

describe.skipIf(without !== null)("provision", () => {
  test("prints the board's identity and joins the network", async () => {
    const board = new FakeBoard(line);
    const { code, out, err } = await provision();
    expect(err).toBe("");
    expect(code).toBe(0);
    // Control characters in the board's name do not reach the terminal.
    expect(out).toBe("killswitch 1 on test chip, device demo.[2J\njoined home\n");
    expect(board.settings).toEqual([["home", PASSWORD]]);
  });

  test("reads the password from standard input", async () => {
    const board = new FakeBoard(line);
    const words = "provision --ssid home --password-file - --json";
    const { code, out } = await run(words, Buffer.from("pässword\n"));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ssid: "home", joined: true, chip: "test chip" });
    expect(board.settings).toEqual([["home", "pässword"]]);
  });

  test("asks for a missing name and password, and does not show the password", async () => {
    const board = new FakeBoard(line);
    const terminal = await Pty.open();
    const stdin = openSync(terminal.path, "r+");
    let shown = "";
    terminal.heard = (bytes) => {
      shown += Buffer.from(bytes).toString();
    };
    try {
      const running = startProgram(folder, `provision --port ${line.path}`, { stdin });
      await until("the prompt for a network", () => running.err.includes("network"));
      terminal.send(Buffer.from("home\r"));
      await until("the prompt for a password", () => running.err.includes("Password of home"));
      terminal.send(Buffer.from(`${PASSWORD}\r`));
      const { code, out, err } = await running.ended;
      expect(code).toBe(0);
      expect(board.settings).toEqual([["home", PASSWORD]]);
      expect(shown + out + err).not.toContain(PASSWORD);
    } finally {
      closeSync(stdin);
      await terminal.close();
    }
  });

  test("lists networks", async () => {
    new FakeBoard(line, {
      networks: [
        ["home", "-40", "YES"],
        ["caf\u00e9", "-80", "NO"],
      ],
    });
    const { code, out } = await run("provision --scan");
    expect(code).toBe(0);
    expect(out).toContain(" -40 dBm  locked  home\n -80 dBm  open    café\n");
  });

  test("shows a name that is not UTF-8 escaped, and joins it by its bytes", async () => {
    const name = Buffer.from("Caf\xe9\x1b\\", "latin1");
    const board = new FakeBoard(line, { networks: [[name, "-40", "YES"]] });
    const { out } = await run("provision --scan");
    const hex = name.toString("hex");
    expect(out).toContain(` -40 dBm  locked  Caf\\xe9\\x1b\\x5c  (--ssid-hex ${hex})\n`);
    const joined = await run(`provision --ssid-hex ${hex} --password-file wifi.txt`);
    expect(joined.out).toContain("joined Caf\\xe9\\x1b\\x5c\n");
    expect(board.names).toEqual([hex]);
  });

  test.each(["--ssid-hex 4g", "--ssid-hex 123", "--ssid home --ssid-hex 41", "--ssid-hex 4100"])(
    "refuses %s",
    async (words) => {
      const { code, err } = await run(`provision ${words} --password-file wifi.txt`);
      expect(code).toBe(EXIT.USAGE);
      expect(err).toMatch(/hexadecimal digits|none of them zero/);
    },
  );

  test("says that a board found no networks, and why", async () => {
    new FakeBoard(line);
    expect((await run("provision --scan")).out).toContain("found no networks: give the name");
    new FakeBoard(line, { why: "no scan: the switch is not at ON" });
    const { out } = await run("provision --scan");
    expect(out).toContain("found no networks: no scan: the switch is not at ON\n");
  });

  test("ignores noise, and asks again after a damaged frame", async () => {
    const noise = Buffer.from("\x00IMPROV\x01\x04\xff@9 gate phase=KILLED\r\nIMPR", "latin1");
    const board = new FakeBoard(line, { noise, damages: 1 });
    const { code, out } = await provision();
    expect(code).toBe(0);
    expect(out).toContain("joined home");
    expect(board.settings).toEqual([["home", PASSWORD]]);
  });

  test("reports settings that are stored but could not be tried", async () => {
    new FakeBoard(line, { wifi: "keeps" });
    const { code, out } = await provision();
    expect(code).toBe(0);
    expect(out).toContain("stored, not tried: the switch is not at ON\n");
  });

  test.each<[string, BoardFaults, number, RegExp]>([
    [
      "a network that cannot be joined",
      { wifi: "fails" },
      EXIT.REFUSED,
      /could not join "home": check the password/,
    ],
    ["full storage", { wifi: "full" }, EXIT.REFUSED, /error nvs is full/],
    ["no result", { wifi: "silent" }, EXIT.NO_ANSWER, /no result for "home" within 1 s/],
    [
      "a board without Improv",
      { deaf: true },
      EXIT.NO_ANSWER,
      /no Improv answer: check that Killswitch is flashed/,
    ],
    ["only damaged frames", { damages: 99 }, EXIT.NO_ANSWER, /only 3 damaged frames arrived/],
  ])("fails with one line for %s", async (_, faults, code, words) => {
    new FakeBoard(line, faults);
    const result = await provision("--timeout 1s");
    complains(result, code, words);
    expect(result.out + result.err).not.toContain(PASSWORD);
  });

  test.each([
    ["--ssid ", "x".repeat(33), "password", /a name has 1 to 32 bytes/],
    ["--ssid ", "home", "short", /the password has 5 bytes: WPA takes 8/],
    ["--ssid ", "home", "x".repeat(65), /the password has 65 bytes/],
  ])(
    "refuses an impossible name or password without sending it: %s%s %s",
    async (option, ssid, password, words) => {
      const board = new FakeBoard(line);
      writeFileSync(join(folder, "wifi.txt"), password);
      complains(
        await run(`provision ${option}${ssid} --password-file wifi.txt`),
        EXIT.USAGE,
        words,
      );
      expect(board.settings).toEqual([]);
    },
  );

  test("fails if the port is disconnected while it waits", async () => {
    const board = new FakeBoard(line, { wifi: "silent" });
    const running = startProgram(
      folder,
      `provision --ssid home --password-file wifi.txt --port ${line.path}`,
    );
    await until("the settings", () => board.settings.length === 1);
    await line.close();
    complains(await running.ended, EXIT.NO_PORT, /was disconnected/);
  });
});

describe.skipIf(without !== null)("console", () => {
  test.each([
    [
      "lines",
      Buffer.from("\x1b[0;32mI (31) boot: ESP-IDF\x1b[0m\r\n"),
      /^\d+ lines came that are not/,
    ],
    [
      "garbage",
      Buffer.from([0xf8, 0x80, 0x0c, 0xe0, 0xff, 0x9e]),
      /^what comes is no text at 115200/,
    ],
  ])("says that another firmware talks: %s", async (_, bytes, words) => {
    const running = startProgram(folder, `console --port ${line.path}`);
    const talk = setInterval(() => line.send(bytes), 100);
    await until("a message", () => running.err !== "");
    clearInterval(talk);
    running.child.kill("SIGINT");
    const { out, err } = await running.ended;
    expect(out).toBe("");
    expect(err).toMatch(words);
  });

  test("--all prints what another firmware says without its colours", async () => {
    const running = startProgram(folder, `console --all --port ${line.path}`);
    const talk = setInterval(() => line.send(Buffer.from("\x1b[0;32mhello\x1b[0m\x07\r\n")), 100);
    await until("a line", () => running.out !== "");
    clearInterval(talk);
    running.child.kill("SIGINT");
    expect((await running.ended).out).toMatch(/^(hello\\u0007\n)+$/);
  });

  test("prints trace and answers, and other lines with --all", async () => {
    const board = new FakeBoard(line);
    const said = ["@12 gate phase=LIVE", "I (34) wifi: noise", "= owner none", "", "@13 tick"];
    for (const [words, expected] of [
      ["", "@12 gate phase=LIVE\n= owner none\n@13 tick\n"],
      ["--all", "@12 gate phase=LIVE\nI (34) wifi: noise\n= owner none\n@13 tick\n"],
    ]) {
      const running = startProgram(folder, `console --port ${line.path} ${words}`.trim());
      // Repeated until it is received, because the program opens the line some time after its
      // start.
      while (!running.out.includes("@0 begin\n")) {
        board.say("@0 begin");
        await new Promise((later) => setTimeout(later, 50));
      }
      for (const text of said) board.say(text);
      await until("the last line", () => running.out.includes("@13 tick\n"));
      running.child.kill("SIGINT");
      const { code, out } = await running.ended;
      expect(code).toBe(130);
      expect(out.replaceAll("@0 begin\n", "")).toBe(expected);
    }
  });

  test("sends one command and prints its answer", async () => {
    const board = new FakeBoard(line);
    const { code, out } = await run("console status");
    expect(code).toBe(0);
    expect(out).toBe("status chip=test phase=KILLED radio=off\n");
    expect(board.commands).toEqual(["status"]);
  });

  test.each([
    ["factory-reset --all", "factory-reset --all"],
    ["wifi-power 8", "wifi-power 8"],
    ["wifi-country DE", "wifi-country DE"],
  ])("sends the command with its word: %s", async (words, sent) => {
    const board = new FakeBoard(line);
    await run(`console ${words}`);
    expect(board.commands).toEqual([sent]);
  });

  test("refuses a word that would end the line", async () => {
    new FakeBoard(line);
    const running = startProgram(folder, `console wifi-power 8\n9 --port ${line.path}`);
    complains(await running.ended, EXIT.USAGE, /one word/);
  });

  test("reports a refusal", async () => {
    new FakeBoard(line);
    complains(
      await run("console factory-reset"),
      EXIT.REFUSED,
      /the board refuses: .*hold the button/,
    );
  });

  test("fails if the board does not answer", async () => {
    new FakeBoard(line, { deaf: true });
    complains(await run("console status"), EXIT.NO_ANSWER, /no answer to "status"/);
  });
});

describe.skipIf(without !== null)("journal read --port", () => {
  test("reads the ring and verifies its chain", async () => {
    new FakeBoard(line, {}, ring(30));
    const { code, out, err } = await run("journal read --output records.bin");
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out.split("\n").length).toBe(31);
    expect(readFileSync(join(folder, "records.bin")).length).toBe(31 * 52);
  });

  test("exits with REFUTED if the chain does not verify", async () => {
    const changed = ring(30);
    changed[64 * 3 + 8] = (changed[64 * 3 + 8] ?? 0) ^ 1;
    new FakeBoard(line, {}, changed);
    expect((await run("journal read")).code).toBe(EXIT.REFUTED);
  });

  test.each<[string, (text: string) => string, RegExp]>([
    [
      "a byte changed",
      (text) => text.replace(/at=64 ../, "at=64 7e"),
      /CRC .*: run the command again/,
    ],
    [
      "a line lost",
      (text) => (text.includes("at=320 ") ? "" : text),
      /byte 352 instead of byte 320/,
    ],
    [
      "a line twice",
      (text) => (text.includes("at=320 ") ? `${text}\n${text}` : text),
      /byte 320 instead of byte 352/,
    ],
    ["a line torn", (text) => text.replace(/(at=320 .{9}).*/, "$1"), /damaged/],
    ["the end missing", (text) => (text.includes("crc=") ? "" : text), /no answer to "journal"/],
  ])("reports damage on the line: %s", async (_, spoil, words) => {
    new FakeBoard(line, { spoil }, ring(30));
    const result = await run("journal read");
    complains(result, EXIT.NO_ANSWER, words);
    expect(result.out).toBe("");
  });
});

describe.skipIf(without !== null)("journal attest --port", () => {
  const attests = (nonce: string) => attestation({ nonce: Buffer.from(nonce, "hex") });

  test("asks with a nonce of its own, and writes what the board attests", async () => {
    const board = new FakeBoard(line, { attests });
    const { code, out, err } = await run("journal attest --output it.cose");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^device fake, public key [0-9a-f]{64}$/m);
    const nonce = board.commands.at(-1)?.slice(7) ?? "";
    expect(nonce).toMatch(/^[0-9a-f]{32}$/);
    expect(readFileSync(join(folder, "it.cose"))).toEqual(Buffer.from(attests(nonce)));
  });

  test("refuses an attestation that answers another nonce, or damage", async () => {
    new FakeBoard(line, { attests: () => attestation() });
    const command = "journal attest --output it.cose";
    complains(await run(command), EXIT.UNATTESTED, /answers the nonce 0001.* an old one/);
    new FakeBoard(line, { attests, spoil: (text) => text.replace(/at=64 ../, "at=64 7e") });
    complains(await run(command), EXIT.NO_ANSWER, /CRC .*: run the command again/);
    expect(existsSync(join(folder, "it.cose"))).toBe(false);
  });

  test("says that a board makes none", async () => {
    new FakeBoard(line);
    complains(await run("journal attest --output it.cose"), EXIT.REFUSED, /unknown command/);
  });
});

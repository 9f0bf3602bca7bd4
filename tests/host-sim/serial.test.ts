/** `provision`, `console` and `journal read --port` on a serial line, as a person meets them. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT } from "../../host-sim/errors.ts";
import { type BoardFaults, FakeBoard } from "./fake-board.ts";
import { ring } from "./journal-fixture.ts";
import { until } from "./mqtt-fixture.ts";
import { complains, type Ended, startProgram } from "./program.ts";
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
  test("tells what the board is and joins", async () => {
    const board = new FakeBoard(line);
    const { code, out, err } = await provision();
    expect(err).toBe("");
    expect(code).toBe(0);
    // What a board calls itself does nothing to the terminal.
    expect(out).toBe("killswitch 1 on test chip, device demo.[2J\njoined home\n");
    expect(board.settings).toEqual([["home", PASSWORD]]);
  });

  test("takes the password from standard input", async () => {
    const board = new FakeBoard(line);
    const words = "provision --ssid home --password-file - --json";
    const { code, out } = await run(words, Buffer.from("pässword\n"));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ssid: "home", joined: true, chip: "test chip" });
    expect(board.settings).toEqual([["home", "pässword"]]);
  });

  test("asks for what is missing, and shows no password", async () => {
    const board = new FakeBoard(line);
    const terminal = await Pty.open();
    const stdin = openSync(terminal.path, "r+");
    let shown = "";
    terminal.heard = (bytes) => {
      shown += Buffer.from(bytes).toString();
    };
    try {
      const running = startProgram(folder, `provision --port ${line.path}`, { stdin });
      await until("the question of a network", () => running.err.includes("network"));
      terminal.send(Buffer.from("home\r"));
      await until("the question of a password", () => running.err.includes("Password of home"));
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

  test("says that a board lists none, and why", async () => {
    new FakeBoard(line);
    expect((await run("provision --scan")).out).toContain("found no networks: give the name");
    new FakeBoard(line, { why: "no scan: the switch is not at ON" });
    const { out } = await run("provision --scan");
    expect(out).toContain("found no networks: no scan: the switch is not at ON\n");
  });

  test("hears through noise, and asks again when a frame was damaged", async () => {
    const noise = Buffer.from("\x00IMPROV\x01\x04\xff@9 gate phase=KILLED\r\nIMPR", "latin1");
    const board = new FakeBoard(line, { noise, damages: 1 });
    const { code, out } = await provision();
    expect(code).toBe(0);
    expect(out).toContain("joined home");
    expect(board.settings).toEqual([["home", PASSWORD]]);
  });

  test("tells when the settings are kept and could not be tried", async () => {
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
      /could not join "home": wrong password/,
    ],
    ["storage that is full", { wifi: "full" }, EXIT.REFUSED, /error nvs is full/],
    ["no word on the outcome", { wifi: "silent" }, EXIT.NO_ANSWER, /no word on "home" within 1 s/],
    [
      "a board without Improv",
      { deaf: true },
      EXIT.NO_ANSWER,
      /no answer by Improv: is Killswitch flashed/,
    ],
    ["nothing but damage", { damages: 99 }, EXIT.NO_ANSWER, /3 damaged frames came/],
  ])("ends with one line on %s", async (_, faults, code, words) => {
    new FakeBoard(line, faults);
    const result = await provision("--timeout 1s");
    complains(result, code, words);
    expect(result.out + result.err).not.toContain(PASSWORD);
  });

  test.each([
    ["--ssid ", "x".repeat(33), "password", /a name is 1 to 32 bytes/],
    ["--ssid ", "home", "short", /the password is 5 bytes: WPA takes 8/],
    ["--ssid ", "home", "x".repeat(65), /the password is 65 bytes/],
  ])("sends nothing that no network could have: %s%s %s", async (option, ssid, password, words) => {
    const board = new FakeBoard(line);
    writeFileSync(join(folder, "wifi.txt"), password);
    complains(await run(`provision ${option}${ssid} --password-file wifi.txt`), EXIT.USAGE, words);
    expect(board.settings).toEqual([]);
  });

  test("a port that goes away while it waits", async () => {
    const board = new FakeBoard(line, { wifi: "silent" });
    const running = startProgram(
      folder,
      `provision --ssid home --password-file wifi.txt --port ${line.path}`,
    );
    await until("the settings", () => board.settings.length === 1);
    await line.close();
    complains(await running.ended, EXIT.NO_PORT, /went away/);
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
    expect((await running.ended).out).toMatch(/^(hello\n)+$/);
  });

  test("prints trace and answers, and other lines when asked", async () => {
    const board = new FakeBoard(line);
    const said = ["@12 gate phase=LIVE", "I (34) wifi: noise", "= owner none", "", "@13 tick"];
    for (const [words, expected] of [
      ["", "@12 gate phase=LIVE\n= owner none\n@13 tick\n"],
      ["--all", "@12 gate phase=LIVE\nI (34) wifi: noise\n= owner none\n@13 tick\n"],
    ]) {
      const running = startProgram(folder, `console --port ${line.path} ${words}`.trim());
      // Said until it is heard: the program opens the line when it has started.
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

  test("asks one thing", async () => {
    const board = new FakeBoard(line);
    const { code, out } = await run("console status");
    expect(code).toBe(0);
    expect(out).toBe("status chip=test phase=KILLED radio=off\n");
    expect(board.commands).toEqual(["status"]);
  });

  test("tells a refusal", async () => {
    new FakeBoard(line);
    complains(
      await run("console factory-reset"),
      EXIT.REFUSED,
      /the board refuses: .*hold the button/,
    );
  });

  test("tells silence", async () => {
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
    expect(readFileSync(join(folder, "records.bin")).length).toBe(30 * 52);
  });

  test("tells a chain that does not hold", async () => {
    const changed = ring(30);
    changed[64 * 3 + 8] = (changed[64 * 3 + 8] ?? 0) ^ 1;
    new FakeBoard(line, {}, changed);
    expect((await run("journal read")).code).toBe(EXIT.REFUTED);
  });

  test.each<[string, (text: string) => string, RegExp]>([
    ["a byte changed", (text) => text.replace(/at=64 ../, "at=64 7e"), /CRC .*: run this again/],
    ["a line lost", (text) => (text.includes("at=320 ") ? "" : text), /byte 352 where 320 is due/],
    [
      "a line twice",
      (text) => (text.includes("at=320 ") ? `${text}\n${text}` : text),
      /byte 320 where 352/,
    ],
    ["a line torn", (text) => text.replace(/(at=320 .{9}).*/, "$1"), /damaged/],
    ["the end missing", (text) => (text.includes("crc=") ? "" : text), /no answer to "journal"/],
  ])("tells %s", async (_, spoil, words) => {
    new FakeBoard(line, { spoil }, ring(30));
    const result = await run("journal read");
    complains(result, EXIT.NO_ANSWER, words);
    expect(result.out).toBe("");
  });
});

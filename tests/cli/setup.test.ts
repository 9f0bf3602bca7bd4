/** `killswitch setup`: its steps on a simulated boot loader, how it stops and goes on, and its last line. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EXIT } from "../../host-sim/base/errors.ts";
import { loadChip } from "../../host-sim/flash/chip.ts";
import { partitionsOf } from "../../host-sim/flash/flasher.ts";
import { encodePartitions } from "../../host-sim/flash/partitions.ts";
import { CHIPS, FakeRom } from "../flash/fake-rom.ts";
import { rewind, startEmbedded, undo, until } from "../mqtt/fixture.ts";
import { noPty, Pty } from "../serial/pty.ts";
import { startProgram } from "./program.ts";

const OWNER_AT = 0x1a0000;
const without = noPty();
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-setup-"));
});
afterEach(async () => {
  await rewind();
  rmSync(folder, { recursive: true });
});

async function openLine(): Promise<Pty> {
  const line = await Pty.open();
  undo.push(() => line.close());
  return line;
}

test.skipIf(without !== null)(
  "makes keys, finds the chip, flashes image and settings",
  async () => {
    const line = await openLine();
    const rom = new FakeRom(line, CHIPS.esp32c3);
    const table = Buffer.from(encodePartitions(partitionsOf(loadChip("esp32c3"))[1]));
    writeFileSync(join(folder, "table.bin"), table);
    const list = {
      flash_files: { "0x8000": "table.bin" },
      extra_esptool_args: { chip: "esp32c3" },
    };
    writeFileSync(join(folder, "flasher_args.json"), JSON.stringify(list));
    const words = `--port ${line.path} --image . --broker mqtt://me:secret@10.0.2.2 --skip provision status`;
    const { code, out, err } = await startProgram(folder, `setup --device kitchen ${words}`).ended;
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toMatch(/== keys\n.*keys init --device kitchen\n.*\n== flash\n.*--board esp32c3 /);
    expect(rom.flash.toString("latin1", OWNER_AT, OWNER_AT + 8)).toBe("KSOWNER3");
    expect(out).toContain("--broker mqtt://me:...@10.0.2.2");
    expect(out).not.toContain("secret");
  },
);

test.skipIf(without !== null)("stops at the step that fails and says how to go on", async () => {
  const line = await openLine();
  new FakeRom(line, CHIPS.esp32c3, { silent: true });
  const { code, err } = await startProgram(folder, `setup --port ${line.path}`).ended;
  expect(code).toBe(EXIT.NO_ANSWER);
  expect(err).toMatch(
    /^killswitch: port .* no answer: hold BOOT.* \(step flash: --from flash\)\n$/,
  );
});

test("asks nobody when there is no terminal", async () => {
  const words = "setup --from settings";
  const { code, err } = await startProgram(folder, words).ended;
  expect(code).toBe(EXIT.USAGE);
  expect(err).toMatch(/no terminal to ask on: give --broker/);
});

test("waits for a verified status and prints the first command", async () => {
  const broker = await startEmbedded();
  undo.push(() => broker.stop());
  const device = startProgram(folder, `sim --stay --broker ${broker.url}`);
  undo.push(() => device.child.kill("SIGKILL"));
  await until("the link", () => device.out.includes("link state=up"));
  const words = `setup --from status --controller-broker ${broker.url}`;
  const { code, out, err } = await startProgram(folder, words).ended;
  expect(err).toBe("");
  expect(code).toBe(0);
  expect(out).toMatch(/status OK .*\nthe device answered.*\n.*send relay\.set on --as owner .*\n$/);
});

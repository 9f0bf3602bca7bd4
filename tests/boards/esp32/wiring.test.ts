/** The committed wiring pictures and parts list match board.json, and each picture names the chip's pins. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { committedFiles } from "../../../boards/esp32/wiring.ts";

const BOARD = new URL("../../../boards/esp32/", import.meta.url);
const { chips } = JSON.parse(readFileSync(new URL("board.json", BOARD), "utf8"));

describe("the wiring of the development board", () => {
  it.each([...committedFiles()])("%s matches board.json", (name, content) => {
    expect(readFileSync(new URL(name, BOARD), "utf8"), "npx tsx boards/esp32/wiring.ts").toBe(
      content,
    );
  });

  it("the fixture's page lists the wires of board.json", () => {
    const page = readFileSync(new URL("fixture/README.md", BOARD), "utf8");
    for (const wire of Object.keys(chips.esp32.fixture)) {
      const ends = [
        chips.esp32.fixture,
        chips.esp32c3.fixture,
        chips.esp32.pins,
        chips.esp32c3.pins,
      ]
        .map((pins) => pins[wire])
        .filter((pin) => pin !== undefined);
      expect(page).toContain(`| \`${wire}\` | ${ends.map((pin) => `GPIO${pin}`).join(" | ")} |`);
    }
  });

  it.each(Object.keys(chips))("shows the pins of %s", (name) => {
    const picture = readFileSync(new URL(`wiring-${name}.svg`, BOARD), "utf8");
    for (const pin of Object.values(chips[name].pins)) expect(picture).toContain(`>GPIO${pin}<`);
  });
});

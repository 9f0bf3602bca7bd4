/**
 * The ESP-IDF project, without ESP-IDF: every C file compiles for both chips, pins come from board.json and
 * do not move during a boot, interrupt code is placed in RAM, and the build uses the same settings as the
 * other boards.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type ChipData, loadBoard } from "../../../host-sim/base/board-data.ts";
import { WASM3_FLAGS } from "../../../host-sim/build/native-image.ts";
import { MAC_MEMORY, THIRD_PARTY_FLAGS } from "../../../host-sim/build/translate.ts";
import { sharedGroup } from "../../../host-sim/flash/chip.ts";
import {
  BOARD,
  chips,
  MAIN,
  missing,
  PROJECT,
  sizes,
  sources,
  syntax,
  temporary,
} from "./support.ts";

const folder = temporary();
afterAll(() => rmSync(folder, { recursive: true }));
const text = (...path: string[]) => readFileSync(join(PROJECT, ...path), "utf8");
const cmake = text("main", "CMakeLists.txt");

const COMPILER = "riscv64-unknown-elf-gcc";
const noCompiler = missing(COMPILER, "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf");

describe.skipIf(noCompiler !== null).each(chips())("C for %s", (chip) => {
  test.each(sources())("%s", (name) => {
    expect(syntax(join(PROJECT, name), chip, COMPILER)).toBe("");
  });

  // The files that use a fixture's pins.
  test.each(["contacts.c", "outputs.c"])("%s of a fixture", (name) => {
    expect(syntax(join(MAIN, name), chip, COMPILER, "fixture")).toBe("");
  });

  test("detects a wrong type", () => {
    const broken = join(folder, "outputs.c");
    const source = text("main", "outputs.c");
    writeFileSync(
      broken,
      source.replace("assert(pin <", 'gpio_hold_en("relay");\n    assert(pin <'),
    );
    expect(syntax(broken, chip, COMPILER)).toContain("gpio_hold_en");
  });
});

describe("board.json", () => {
  const data = loadBoard(BOARD);

  test.each(chips())("%s has five pins of its own, none reserved", (chip) => {
    const { pins, reserved } = data.chips?.[chip] ?? { pins: {}, reserved: {} };
    const numbers = Object.values(pins);
    expect(Object.keys(pins).sort()).toEqual(["button", "lamp", "nc", "no", "relay"]);
    expect(new Set(numbers).size).toBe(5);
    expect(numbers.filter((pin) => String(pin) in reserved)).toEqual([]);
  });

  /** Strapping pins, console, flash, USB, and pins with a pull-up after reset, from the data sheets. */
  const NEVER: Record<string, number[]> = {
    esp32: [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 34, 35, 36, 39],
    esp32c3: [2, 6, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21],
  };
  test.each(chips())("%s lists a reason for every pin that moves during a boot", (chip) => {
    const { reserved } = data.chips?.[chip] ?? { reserved: {} };
    expect(NEVER[chip]?.filter((pin) => !(String(pin) in reserved))).toEqual([]);
  });

  test.each(chips())("%s as a fixture has a separate pin for every wire", (chip) => {
    const { fixture = {}, reserved = {} }: Partial<ChipData> = data.chips?.[chip] ?? {};
    const wires = ["button", "lamp", "nc", "no", "rail", "relay", "reset", "supply"];
    expect(Object.keys(fixture).sort()).toEqual(wires);
    expect(new Set(Object.values(fixture)).size).toBe(wires.length);
    // A reset wire that is pulled up while the fixture boots is released.
    const pulled = /^MTCK: pulled up at reset$|crystal/;
    const bad = Object.entries(fixture).filter(([wire, pin]) => {
      const why = reserved[String(pin)];
      return why !== undefined && !(["reset", "supply", "rail"].includes(wire) && pulled.test(why));
    });
    expect(bad).toEqual([]);
  });

  test("esp32 has NO and NC in different groups of edge interrupts (erratum GPIO-3.14)", () => {
    const chip = data.chips?.esp32 as ChipData;
    expect(chip.edgeGroups).toHaveLength(2);
    expect(sharedGroup(chip)).toBe(null);
    for (const [no, nc] of [
      [32, 33],
      [26, 27],
    ] as const)
      expect(sharedGroup({ ...chip, pins: { ...chip.pins, no, nc } })).toMatch(/^GPIO/);
  });

  test("no C file contains a pin's number", () => {
    const numbered = sources().filter((name) => /GPIO_NUM_\d|\bGPIO\d/.test(text(name)));
    expect(numbered).toEqual([]);
  });

  test("the partitions do not overlap and fit the flash", () => {
    const rows = text("partitions.csv")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => line.split(",").map((field) => field.trim()))
      .map(([name, , , offset, size]) => ({ name, from: Number(offset), size: Number(size) }));
    expect(rows.map(({ name }) => name)).toContain("guest");
    let end = 0x9000;
    for (const { from, size } of rows) {
      expect(from).toBeGreaterThanOrEqual(end);
      end = from + size;
    }
    const flash = chips().map((chip) => data.chips?.[chip]?.flash.bytes ?? 0);
    expect(end).toBeLessThanOrEqual(Math.min(...flash));
    expect(end).toBeLessThanOrEqual(2 * 1024 * 1024);
  });
});

describe("the build", () => {
  test("compiles every C file of the project", () => {
    const listed = new Set(cmake.match(/\b\w+\.c\b/g));
    expect(sources().filter((name) => !listed.has(basename(name)))).toEqual([]);
  });

  test("configures the interpreter as the other boards do", () => {
    const set = WASM3_FLAGS.map((flag) => flag.replace(/^-D/, ""));
    expect(set.filter((flag) => !cmake.includes(flag))).toEqual([]);
    expect(cmake).toContain(`set(foreign ${THIRD_PARTY_FLAGS.join(" ")})`);
    expect(sizes().mac).toBe(MAC_MEMORY);
  });

  test("prints a panic on the ESP32-C3's USB as well", () => {
    const line = "CONFIG_ESP_CONSOLE_SECONDARY_USB_SERIAL_JTAG=y";
    expect(text("sdkconfig.defaults.esp32c3").split("\n")).toContain(line);
  });

  test("places interrupt code in RAM", () => {
    const ram = [...text("main", "linker.lf").matchAll(/^ {4}(\w+) \(noflash\)$/gm)];
    // The files that host_edge() and host_sampled() call into.
    for (const name of [
      "host",
      "event_queue",
      "trace",
      "gate",
      "contacts",
      "hal_esp32",
      "host_interrupts",
    ])
      expect(ram.map(([, found]) => found)).toContain(name);
    for (const name of ["radio_power", "retained", "retained_block", "crc32", "console_out"])
      expect(ram.map(([, found]) => found)).toContain(name);
    for (const name of ["packet_line", "usb_port", "flash_busy"])
      expect(ram.map(([, found]) => found)).toContain(name);
    expect(text("sdkconfig.defaults")).toContain("CONFIG_GPTIMER_ISR_IRAM_SAFE=y");
  });

  test.each([
    ["CONFIG_FREERTOS_UNICORE=y", "host_interrupts.c relies on it"],
    ["CONFIG_BT_ENABLED=n", "one radio"],
    ["CONFIG_ESP_BROWNOUT_DET=y", "a low supply resets"],
    ["CONFIG_ESP_COREDUMP_ENABLE_TO_NONE=y", "memory is not saved"],
    ["CONFIG_FREERTOS_WATCHPOINT_END_OF_STACK=y", "detects a stack overflow"],
    ["CONFIG_ESP_SYSTEM_PANIC_PRINT_REBOOT=y", "a panic's text is printed"],
    ["CONFIG_ESPTOOLPY_FLASHSIZE_2MB=y", "the layout fits 2 MB"],
    ["CONFIG_LWIP_IPV6=y", "a broker may have an IPv6 address"],
    ["CONFIG_ESP_INT_WDT_TIMEOUT_MS=300", "flash_busy.c waits for less"],
    ["CONFIG_ESP_WIFI_NVS_ENABLED=n", "credentials are stored in one place"],
  ])("has %s: %s", (line) => {
    expect(text("sdkconfig.defaults").split("\n")).toContain(line);
  });

  const noCmake = missing("cmake", "cmake");
  test.skipIf(noCmake !== null)(
    "names the command to run when the generated files are missing",
    () => {
      const bare = join(folder, "bare");
      mkdirSync(bare);
      cpSync(join(PROJECT, "CMakeLists.txt"), join(bare, "CMakeLists.txt"));
      const run = () =>
        execFileSync("cmake", ["-S", bare, "-B", join(bare, "out")], { stdio: "pipe" });
      expect(run).toThrow(/run\s+`killswitch\s+build\s+--board\s+<chip>`\s+first/);
    },
  );
});

/**
 * Builds the sources of boards/esp32 without ESP-IDF: checks them against headers of our own, and compiles
 * the parts that use no chip as a program.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadBoard } from "../../../host-sim/base/board-data.ts";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import { translateCore } from "../../../host-sim/build/translate.ts";
import type { Role } from "../../../host-sim/flash/chip.ts";

export const BOARD = "esp32";
export const PROJECT = join(packageRoot(), "boards", BOARD);
export const MAIN = join(PROJECT, "main");
const FIXTURE = join(PROJECT, "fixture");
const COMMON = join(packageRoot(), "boards", "runtime");
const TESTS = join(packageRoot(), "tests", "boards", "esp32");
const STRICT = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wconversion"];

/** ESP-IDF's headers that our sources include, by the header of ours that replaces them. */
const HEADERS: Record<string, readonly string[]> = {
  "system.h": [
    "bootloader_random.h",
    "esp_attr.h",
    "esp_err.h",
    "esp_freertos_hooks.h",
    "esp_idf_version.h",
    "esp_log.h",
    "esp_partition.h",
    "esp_private/rtc_clk.h",
    "esp_random.h",
    "esp_rom_sys.h",
    "esp_system.h",
    "esp_timer.h",
    "freertos/FreeRTOS.h",
    "freertos/task.h",
    "nvs.h",
    "nvs_flash.h",
    "soc/rtc.h",
  ],
  "drivers.h": [
    "driver/gpio.h",
    "driver/gptimer.h",
    "driver/temperature_sensor.h",
    "driver/uart.h",
    "hal/uart_ll.h",
    "hal/usb_serial_jtag_ll.h",
    "sdkconfig.h",
    "soc/dport_reg.h",
    "soc/gpio_reg.h",
    "soc/rtc_cntl_reg.h",
    "soc/soc.h",
    "soc/soc_caps.h",
    "soc/syscon_reg.h",
  ],
  "network.h": [
    "esp_crt_bundle.h",
    "esp_event.h",
    "esp_netif.h",
    "esp_tls_errors.h",
    "esp_wifi.h",
    "mqtt_client.h",
  ],
};

/** Why a command cannot be run here; null if it can. Prints NOT RUN with the reason. */
export function missing(command: string, debian: string): string | null {
  if (spawnSync(command, ["--version"]).status === 0) return null;
  const reason = `${command} is not installed: apt-get install ${debian}`;
  process.stderr.write(`NOT RUN ${BOARD}: ${reason}\n`);
  return reason;
}

export function temporary(): string {
  return mkdtempSync(join(tmpdir(), "killswitch-esp32-"));
}

export function chips(): string[] {
  return Object.keys(loadBoard(BOARD).chips ?? {});
}

/** Every C file of the project, by its path below it. */
export function sources(): string[] {
  return ["main", "fixture"].flatMap((folder) =>
    readdirSync(join(PROJECT, folder))
      .filter((name) => name.endsWith(".c"))
      .map((name) => join(folder, name)),
  );
}

/** The sizes that the build defines; see boards/esp32/main/CMakeLists.txt. */
export function sizes(): Record<string, number> {
  const { firmware } = JSON.parse(readFileSync(join(PROJECT, "board.json"), "utf8"));
  return firmware.sizes;
}

/** See main/pins.h. */
function pins(chip: string, role: Role): { inputs: number[]; outputs: number[]; sinks: string } {
  const { pins, fixture = {} } = loadBoard(BOARD).chips?.[chip] ?? { pins: {} };
  const wires: Record<string, number> = role === "device" ? pins : fixture;
  const of = (...names: string[]) => names.map((name) => wires[name] ?? Number.NaN);
  if (role === "device")
    return { inputs: of("no", "nc", "button"), outputs: of("relay", "lamp"), sinks: "0u" };
  return {
    inputs: [-2, -1, -1, ...of("relay", "lamp", "rail")],
    outputs: [-1, -1, ...of("no", "nc", "button", "reset", "supply")],
    sinks: "1u << KS_PIN_LINE_3",
  };
}

function headers(folder: string, chip: string, role: Role): void {
  for (const [own, names] of Object.entries(HEADERS)) {
    for (const name of names) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), `#include "${join(TESTS, "idf", own)}"\n`);
    }
  }
  const { inputs, outputs, sinks } = pins(chip, role);
  const text = [
    `#define KS_GPIO_INPUTS ${inputs.join(", ")}`,
    `#define KS_GPIO_OUTPUTS ${outputs.join(", ")}`,
    `#define KS_GPIO_SINKS (${sinks})`,
  ];
  writeFileSync(join(folder, "pins.gen.h"), `${text.join("\n")}\n`);
}

/** Checks a source for a chip. Returns the compiler's messages, empty if there are none. */
export function syntax(
  source: string,
  chip: string,
  compiler: string,
  role: Role = "device",
): string {
  const folder = temporary();
  try {
    headers(folder, chip, role);
    const { guest, hostStack, stackMargin } = sizes();
    const { status, stderr } = spawnSync(
      compiler,
      [
        "-fsyntax-only",
        ...(compiler === "gcc" ? [] : ["-march=rv32imc", "-mabi=ilp32", "-specs=picolibc.specs"]),
        ...STRICT,
        `-DCONFIG_IDF_TARGET_${chip.toUpperCase()}=1`,
        `-DKS_BOARD_PINS=${pins(chip, role).outputs.length}u`,
        `-DKS_GUEST_MEMORY=${guest}`,
        `-DKS_HOST_STACK=${hostStack}`,
        `-DKS_STACK_MARGIN=${stackMargin}`,
        `-I${MAIN}`,
        `-I${FIXTURE}`,
        `-I${COMMON}`,
        `-I${folder}`,
        source,
      ],
      { encoding: "utf8" },
    );
    return status === 0 ? "" : stderr || `exit ${status}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const PARTS = [
  "command_line",
  "image_format",
  "improv",
  "packet_line",
  "record_ring",
  "retained_block",
  "scan_list",
];

/** Sources of the host that the firmware is built with here. world/guest.c replaces the guest and the MAC. */
const HOST = ["crc32", "event_queue", "host", "imports", "keys", "trace"];
const WORLD = join(TESTS, "world");

/** Builds the firmware for a chip into the virtual world of tests/boards/esp32/world. Returns the program's path. */
export function buildWorld(folder: string, chip: string): string {
  const made = join(folder, chip);
  mkdirSync(made, { recursive: true });
  headers(made, chip, "device");
  const gate = translateCore(made).filter(({ source }) => source.endsWith("gate.c"));
  const all = (where: string) =>
    readdirSync(where)
      .filter((name) => name.endsWith(".c"))
      .map((name) => join(where, name));
  const common = HOST.map((name) => join(COMMON, `${name}.c`));
  const flags = [
    ...["-std=gnu11", "-O1", "-g", "-w", "-fsanitize=undefined", "-fno-sanitize-recover=all"],
    ...["-Dmalloc=idf_malloc", "-Dfree=idf_free", "-DKS_RADIO_RESTARTS=1"],
    ...[`-DCONFIG_IDF_TARGET_${chip.toUpperCase()}=1`, "-DKS_BOARD_PINS=2u"],
    ...[`-DKS_HOST_STACK=${sizes().hostStack}`, `-DKS_STACK_MARGIN=${sizes().stackMargin}`],
    ...[MAIN, COMMON, WORLD, made].map((where) => `-I${where}`),
  ];
  const program = join(made, "world");
  const files = [...all(MAIN), ...common, ...gate.map(({ source }) => source), ...all(WORLD)];
  execFileSync("gcc", [...flags, ...files, "-o", program], { stdio: "pipe" });
  return program;
}

/** Builds the parts that use no chip, with sanitizers. Returns the program's path. */
export function buildParts(folder: string): string {
  const program = join(folder, "parts");
  const files = [...PARTS.map((name) => join(MAIN, `${name}.c`)), join(COMMON, "crc32.c")];
  const sanitize = [
    "-fsanitize=address,undefined,bounds-strict",
    "-fno-sanitize-recover=all",
    "-O1",
  ];
  const flags = ["-std=c11", ...STRICT.slice(1), ...sanitize, `-I${MAIN}`, `-I${COMMON}`];
  execFileSync("gcc", [...flags, join(TESTS, "parts.c"), ...files, "-o", program]);
  return program;
}

/** The answer of a part to each input; see parts.c. */
export function ask(program: string, part: string, inputs: readonly Uint8Array[]): string[] {
  const input = inputs.map((bytes) => `${part} ${Buffer.from(bytes).toString("hex")}\n`).join("");
  const { status, stdout, stderr } = spawnSync(program, [], {
    input,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`parts: exit ${status}\n${stderr}`);
  return stdout.split("\n").slice(0, -1);
}

/** Which serial port is used when none is named, and what ports are called. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { onlyPort, portLine, usbOf } from "../../host-sim/serial/port.ts";

describe("ports", () => {
  const usb = { vendor: 0x10c4, product: 0xea60, name: "Silicon Labs CP2102N\x1b[2J" };

  test("the only port on USB is chosen", () => {
    const ports = [
      { path: "/dev/ttyS0", usb: {} },
      { path: "/dev/ttyUSB0", usb },
    ];
    expect(onlyPort(ports).path).toBe("/dev/ttyUSB0");
    expect(portLine(onlyPort(ports))).toBe("/dev/ttyUSB0 (Silicon Labs CP2102N[2J)");
  });

  test("several ports, and none, are reported with what to do", () => {
    const two = ["/dev/ttyUSB0", "/dev/ttyACM0"].map((path) => ({ path, usb }));
    expect(() => onlyPort(two)).toThrow(
      /several serial ports, \/dev\/ttyUSB0 \(Silicon.*\), \/dev\/ttyACM0 .*: give one with --port/,
    );
    expect(() => onlyPort([])).toThrow(/no serial port was found: plug the board in/);
  });

  test.runIf(process.platform === "linux").each([1, 2])(
    "the USB name is read %i levels above the port's folder",
    async (levels) => {
      const folder = mkdtempSync(join(tmpdir(), "killswitch-sysfs-"));
      const device = join(folder, "device");
      const port = join(device, ...["interface", "port"].slice(0, levels));
      mkdirSync(port, { recursive: true });
      mkdirSync(join(folder, "class", "null"), { recursive: true });
      symlinkSync(port, join(folder, "class", "null", "device"));
      for (const [name, text] of [
        ["idVendor", "303a"],
        ["idProduct", "1001"],
        ["manufacturer", "Espressif"],
        ["product", "USB JTAG/serial"],
      ])
        writeFileSync(join(device, name ?? ""), `${text}\n`);
      expect(await usbOf("/dev/null", join(folder, "class"))).toEqual({
        vendor: 0x303a,
        product: 0x1001,
        name: "Espressif USB JTAG/serial",
      });
      rmSync(folder, { recursive: true });
    },
  );
});

/**
 * A fake emulator for tests, started by host-sim/targets/hil/emulator.ts: a simulated board behind the
 * sockets of an emulated chip. It reads its broker from the flash image, as a chip does.
 * Environment variables make it misbehave. `LEAK`: it sends a frame every 100 ms, whatever the
 * switch is. `LATE`, "1 3": it sends one frame 3 ms after pin 1 goes low, each time.
 */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { LINE, openDut } from "./boards.ts";
import { pcapHead, pcapRecord } from "./pcap-file.ts";

const [flash = "", console_ = "", pins = "", monitor = "", capture = ""] = process.argv.slice(2);
/** Offset of the owner partition, from boards/esp32/partitions.csv. */
const OWNER_AT = 0x1a0000;
const HEADER_BYTES = 16;
const KEYS_BYTES = 3 * 32;
const LEAK_MS = 100;
const [latePin, lateMs] = (process.env.LATE ?? "").split(" ");
const MAC = "02:00:00:c4:0a:24";

/** The broker's port, from the owner's partition. */
function brokerPort(): number {
  const owner = readFileSync(flash).subarray(OWNER_AT);
  if (owner.toString("latin1", 0, 8) !== "KSOWNER3")
    throw new Error("the flash image has no owner partition");
  let at = HEADER_BYTES + KEYS_BYTES;
  at += 1 + owner.readUInt8(at);
  // Skips the terminating zero of the host name and the TLS flag.
  return owner.readUInt16LE(at + 2);
}

const frame = () => appendFileSync(capture, pcapRecord(MAC, 60));
const outputs = { relay: false, lamp: false };
let board: ReturnType<typeof openDut> | null = null;
let driven = LINE.SUPPLY as number;
let uart: Socket | null = null;

const end = {
  heard: (_: Uint8Array) => {},
  send: (bytes: Uint8Array) => {
    if (/^@\d+ [rt]x /.test(Buffer.from(bytes).toString())) frame();
    uart?.write(bytes);
  },
};

function pin(line: string): string {
  const [verb, number, level] = line.split(" ");
  if (verb === "out")
    return `OK 0x${((outputs.relay ? 8 : 0) | (outputs.lamp ? 16 : 0)).toString(16)}`;
  const bit = [LINE.NO, LINE.NC, LINE.BUTTON][Number(number)] ?? 0;
  driven = level === "1" ? driven | bit : driven & ~bit;
  board?.wires(driven);
  if (number === latePin && level === "0") setTimeout(frame, Number(lateMs));
  return "OK";
}

function command(line: string): string {
  if (line === "cont" && board === null) {
    const options = { dut: end, brokerPort: brokerPort(), native: false, seed: process.pid };
    board = openDut(options, (relay, lamp) => Object.assign(outputs, { relay, lamp }));
    board.wires(driven);
    if (process.env.LEAK !== undefined) setInterval(frame, LEAK_MS);
  }
  return `(fake) ${line}`;
}

function serve(path: string, answer: (line: string) => string): void {
  createServer((socket) => {
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes;
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) socket.write(`${answer(line)}\r\n`);
    });
  }).listen(path);
}

writeFileSync(capture, pcapHead());
createServer((socket) => {
  uart = socket;
  socket.on("data", (bytes) => end.heard(bytes));
}).listen(console_);
serve(pins, pin);
serve(monitor, command);

// A test that was killed does not end it.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit();
}, 500).unref();

/**
 * The cost of the C host on RV32IMC: instructions, counted by the emulated core (-icount), so that they
 * repeat exactly; and bytes, from the linker.
 */
import { spawnSync } from "node:child_process";
import { PRINCIPAL } from "../../host-sim/abi/abi.gen.ts";
import { loadBoard } from "../../host-sim/base/board-data.ts";
import { packageRoot } from "../../host-sim/base/paths.ts";
import {
  type Built,
  buildBoard,
  type Engine,
  FIGURE_SOURCES,
} from "../../host-sim/build/native-image.ts";
import { targetStates } from "../../host-sim/build/tools.ts";
import { encodeCommand } from "../../host-sim/controller/command.ts";
import { parseRequest } from "../../host-sim/controller/operations.ts";
import { guestBytes } from "../../host-sim/scenario/guest.ts";
import { SCENARIO_KEYS, SCENARIO_SECRETS } from "../../host-sim/scenario/remote.ts";
import { firmwarePath, loadFirmware, readModule } from "../../host-sim/sim/firmware.ts";
import { loadGuest } from "../../host-sim/sim/module.ts";
import { Doorbell } from "../../host-sim/targets/native/doorbell.ts";
import { NativeTarget } from "../../host-sim/targets/native/native-target.ts";
import {
  ANSWER,
  IN,
  IN_BYTES,
  OUT,
  putKeys,
  RECORDS_AT,
  readRecords,
  STIMULI_AT,
} from "../../host-sim/targets/native/page.ts";

const BOARD = "qemu-riscv32";
/** The figures that figures.c reports, in its order. "twin": the same source as native C. */
const FIGURE = [
  "stepTranslated",
  "stepTwin",
  "checked",
  "loaded",
  "firstEvent",
  "tick",
  "setFirst",
  "setFirstMac",
  "set",
  "setMac",
  "getFirst",
  "getFirstMac",
  "get",
  "getMac",
  "accepted",
  "arena",
  "twinTick",
  "twinGet",
  "twinGetMac",
  "twinAnswered",
  "signature",
  "signatureStep",
] as const;
/** Signatures with other seeds, after FIGURE: each a total and its longest step. */
const OTHER_SIGNATURES = 4;
type Figures = Record<(typeof FIGURE)[number] | "stack", number>;
/** The emulated chip's stack: its address from the page, and the byte that fills it at reset (link.ld). */
const STACK = { at: -0x10_0000, bytes: 5120, paint: 0xa5 };

function commands(): Buffer {
  const key = SCENARIO_KEYS[PRINCIPAL.OWNER]?.command;
  if (key === undefined) throw new Error("there is no owner's key");
  const deadline = 5_000;
  const epoch = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
  const requests = [["relay.set", "on"], ["relay.set", "off"], ["relay.get"], ["relay.get"]];
  const parts = requests.map(([name = "", ...words], index) => {
    const seq = index + 1;
    const { op, args } = parseRequest(name, words);
    const bytes = encodeCommand({
      key,
      principal: PRINCIPAL.OWNER,
      epoch,
      seq,
      deadline,
      op,
      args,
    });
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return Buffer.concat([length, bytes]);
  });
  return Buffer.concat(parts);
}

/** Runs an image that measures itself. Throws if it did not do the work. */
function measure(engine: Engine): Figures {
  const image = buildBoard({ board: BOARD, engine, instead: FIGURE_SOURCES });
  const guest = readModule(firmwarePath("device"));
  const doorbell = new Doorbell(image, guest, (page) => {
    const head = Buffer.alloc(IN_BYTES);
    const stimuli = commands();
    putKeys(head, SCENARIO_SECRETS);
    head.writeUInt32LE(guest.length, IN.guestLen);
    head.writeUInt32LE(stimuli.length, IN.stimuliLen);
    head.set(stimuli, STIMULI_AT);
    page.write(0, head);
  });
  try {
    if (doorbell.answer() !== ANSWER.DONE) throw new Error(`${engine}: the guest trapped`);
    const out = Buffer.alloc(RECORDS_AT + 4096);
    doorbell.read(IN_BYTES, out);
    const records = out.subarray(RECORDS_AT, RECORDS_AT + out.readUInt32LE(OUT.recordsLen));
    const values = [...readRecords(records)].map(({ bytes }) => bytes.readUInt32LE());
    const figures = Object.fromEntries(FIGURE.map((name, index) => [name, values[index] ?? 0]));
    if (figures.accepted !== 1 || figures.twinAnswered !== 1)
      throw new Error(`${engine}: the commands were not accepted`);
    const signatures = values.slice(FIGURE.length - 2);
    if (signatures.length !== 2 * (1 + OTHER_SIGNATURES))
      throw new Error(`${engine}: ${signatures.length} figures of signatures`);
    if (signatures.some((value, index) => value !== signatures[index % 2]))
      throw new Error(
        `${engine}: the instructions of a signature depend on the seed: ${signatures}`,
      );
    const stack = Buffer.alloc(STACK.bytes);
    doorbell.read(STACK.at, stack);
    const untouched = stack.findIndex((byte) => byte !== STACK.paint);
    return { ...(figures as Figures), stack: STACK.bytes - untouched };
  } finally {
    doorbell.close();
  }
}

/** Instructions from the entry of the contact interrupt to the loss of the radio's power. */
function edgeToOff(image: Built, guest: Uint8Array<ArrayBuffer>): number {
  const target = new NativeTarget({ image, guest });
  target.start({
    board: loadBoard(),
    firmware: { ...loadFirmware(), guest: loadGuest(guest) },
    seed: 1,
    position: "on",
    image: "own",
    secrets: SCENARIO_SECRETS,
    trace: () => {},
    message: () => {},
  });
  target.advance(1000);
  // A press makes the hanging guest hang.
  target.apply({ button: "press" });
  target.advance(100);
  target.apply({ switch: "kill" });
  target.advance(50);
  const took = target.measured(OUT.edgeRadioOff) - target.measured(OUT.edgeEntry);
  target.stop();
  return took;
}

/** The sizes of an image's sections. */
function sections(image: Built): Map<string, number> {
  const { stdout } = spawnSync("riscv64-unknown-elf-size", ["-A", image.path], {
    encoding: "utf8",
  });
  const rows = [...stdout.matchAll(/^(\.\w+)\s+(\d+)/gm)];
  return new Map(rows.map(([, name = "", size = ""]) => [name, Number(size)]));
}

/** The sizes of the variables in RAM, largest first. */
function variables(image: Built): [string, number][] {
  const args = ["--size-sort", "--reverse-sort", "--radix=d", "-S", image.path];
  const { stdout } = spawnSync("riscv64-unknown-elf-nm", args, { encoding: "utf8" });
  const rows = [...stdout.matchAll(/^\d+ (\d+) [bBdD] (\S+)$/gm)];
  return rows.map(([, size = "", name = ""]) => [name, Number(size)]);
}

function row(name: string, ...cells: (string | number)[]): void {
  const text = cells.map((cell) => String(cell).padStart(11)).join(" ");
  process.stdout.write(`  ${name.padEnd(44)} ${text}\n`);
}

function instructions(aot: Figures, wasm3: Figures): void {
  process.stdout.write(`\n${BOARD}: instructions\n`);
  row("", "native C", "aot", "interpreted", "at most");
  row("gate.step, 8 samples", aot.stepTwin, aot.stepTranslated, "-", `x${1.2}`);
  row("load: check the module", "-", aot.checked, wasm3.checked, "-");
  row("load to init done", "-", aot.loaded, wasm3.loaded, "-");
  row("load to first event", "-", aot.firstEvent, wasm3.firstEvent, "1200000");
  row("tick with nothing to do", aot.twinTick, aot.tick, wasm3.tick, "160/1200");
  row("relay.set, first time", "-", aot.setFirst, wasm3.setFirst, "-");
  row("relay.set: verify, reply, status", "-", aot.set, wasm3.set, "-");
  row("  3 MACs of it", "-", aot.setMac, wasm3.setMac, "-");
  row("relay.get: verify, reply", aot.twinGet, aot.get, wasm3.get, "52000/65000");
  row("  2 MACs of it", aot.twinGetMac, aot.getMac, wasm3.getMac, "-");
  row(
    "  the rest",
    aot.twinGet - aot.twinGetMac,
    aot.get - aot.getMac,
    wasm3.get - wasm3.getMac,
    "-/15000",
  );
  row("signature of 200 bytes, key derived", "-", aot.signature, "-", "-");
  row("  its longest step", "-", aot.signatureStep, "-", "-");
}

/** Prints the cost of the host on the emulated microcontroller. */
export async function benchBoards(): Promise<void> {
  const reason = targetStates().find(({ target }) => target === BOARD)?.reason ?? null;
  if (reason !== null) {
    process.stdout.write(`NOT RUN ${BOARD}: ${reason}\n`);
    return;
  }
  const wasm3 = measure("wasm3");
  const aot = measure("aot");
  instructions(aot, wasm3);
  const image = buildBoard({ board: BOARD });
  const device = readModule(firmwarePath("device"));
  const hangs = await guestBytes(`${packageRoot()}/tests/scenarios/guests/hangs.wat`);
  row(
    "contact edge to radio off, guest idle",
    "-",
    "-",
    edgeToOff(image, new Uint8Array(device)),
    200,
  );
  row("contact edge to radio off, guest hung", "-", "-", edgeToOff(image, hangs), 200);
  process.stdout.write(`\n${BOARD}: bytes \n`);
  // Measured with the one guest it is for: the check's bound, which is from above, is put aside.
  const flags = ["-DKS_GUEST_WORDS=16384u"];
  const sizes = { board: BOARD, guestBytes: 4096, arenaBytes: 43_264, flags };
  const small = buildBoard(sizes);
  const smallAot = buildBoard({ ...sizes, engine: "aot" });
  for (const [name, built] of [
    ["as built for any guest", image],
    ["device.wasm alone, interpreted", small],
    ["device.wasm alone, aot", smallAot],
  ] as const) {
    const bytes = sections(built);
    const data = bytes.get(".data") ?? 0;
    row(`${name}: flash`, (bytes.get(".text") ?? 0) + data, 192 * 1024);
    row(`${name}: RAM`, data + (bytes.get(".bss") ?? 0) + (bytes.get(".stack") ?? 0), 64 * 1024);
    row("  stacks", bytes.get(".stack") ?? 0);
    for (const [variable, size] of variables(built)) if (size >= 256) row(`  ${variable}`, size);
  }
  row("wasm3's heap used, guest's page included", wasm3.arena);
  row("native stack used, interpreted", wasm3.stack);
  row("native stack used, aot", aot.stack);
}

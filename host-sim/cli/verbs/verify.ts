/**
 * `killswitch verify`: reads a board's flash back through its ROM and compares it with a build, a
 * release or a certificate.
 */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { codeOf, EXIT, UserError } from "../../base/errors.ts";
import { launcher } from "../../base/paths.ts";
import { buildFolderOf, type Chip, chipNames, loadChip } from "../../flash/chip.ts";
import { builtList, builtRegions, checkLayout, partitionsOf } from "../../flash/flasher.ts";
import { ROM_BAUD, Rom } from "../../flash/rom.ts";
import { type Compared, compareFlash, type GuestDigest, sha256 } from "../../flash/verify.ts";
import { guestBytes } from "../../scenario/guest.ts";
import { Port } from "../../serial/port.ts";
import { firmwarePath } from "../../sim/firmware.ts";
import { example, jsonOption, portOf, portOption } from "../options.ts";
import { print, printJson, setTimer } from "../terminal.ts";

interface VerifyOptions {
  readonly port?: string;
  readonly image?: string;
  readonly guest?: string;
  readonly proof?: string;
  readonly json: boolean;
}

/** The SHA-256 of the device module that a certificate is about. Throws a UserError. */
function digestOfProof(path: string): GuestDigest {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const why = codeOf(error) === "ENOENT" ? "the file does not exist" : codeOf(error);
    throw new UserError(`proof ${path} cannot be read: ${why}`, EXIT.BAD_FILE);
  }
  try {
    const digest: unknown = JSON.parse(text).modules.device.sha256;
    if (typeof digest === "string" && /^[0-9a-f]{64}$/.test(digest))
      return { source: path, sha256: digest };
  } catch {
    // Reported below.
  }
  throw new UserError(`${path} is not a certificate of ${launcher()} prove --out`, EXIT.BAD_FILE);
}

/** What the guest is compared with. device.wasm, unless another file or a certificate is given. */
async function guestDigests({ guest, proof }: VerifyOptions): Promise<GuestDigest[]> {
  const proven = proof === undefined ? [] : [digestOfProof(proof)];
  if (guest === undefined && proof !== undefined) return proven;
  const path = guest ?? firmwarePath("device");
  return [{ source: path, sha256: sha256(await guestBytes(path)) }, ...proven];
}

/** The whole firmware, if it is given or was built here. Throws a UserError for a wrong folder. */
function regionsOf({ image }: VerifyOptions, chip: Chip) {
  const list = builtList(image ?? buildFolderOf(chip));
  if (list !== null) return builtRegions(chip, list);
  if (image === undefined) return [];
  throw new UserError(
    `${image} does not contain flasher_args.json: give the folder of a build or of a release`,
    EXIT.BAD_FILE,
  );
}

function chipOf(rom: Rom, path: string): Chip {
  if (chipNames().includes(rom.chip)) return loadChip(rom.chip);
  throw new UserError(
    `port ${path}: the chip is ${rom.chip}: no board here has it (${chipNames().join(", ")} have)`,
    EXIT.WRONG_CHIP,
  );
}

function report(compared: readonly Compared[], json: boolean): void {
  for (const one of compared) {
    if (json) printJson(one);
    else print(`${one.result.padEnd(12)} ${one.name} at 0x${one.at.toString(16)}: ${one.detail}`);
  }
  const different = compared.filter(({ result }) => result === "differs");
  if (different.length === 0) return;
  const names = different.map(({ name }) => name).join(", ");
  throw new UserError(
    `the flash is not what was expected: ${names}; do not trust this board until it is flashed again`,
    EXIT.REFUTED,
  );
}

async function verify(options: VerifyOptions): Promise<void> {
  const guest = await guestDigests(options);
  const path = await portOf(options.port);
  const port = await Port.open(path, ROM_BAUD);
  try {
    const rom = await Rom.open(port, setTimer);
    const chip = chipOf(rom, path);
    const regions = regionsOf(options, chip);
    const mac = await rom.mac();
    if (options.json) printJson({ chip: chip.name, mac });
    else print(`chip ${chip.name}, MAC address ${mac}`);
    await rom.attach(chip.flashBytes, ROM_BAUD);
    const [, partitions] = partitionsOf(chip);
    await checkLayout(rom, partitions, path);
    const compared = await compareFlash(rom, partitions, regions, guest);
    await rom.leave();
    report(compared, options.json);
  } finally {
    await port.close();
  }
}

export function register(program: Command): void {
  const command = program
    .command("verify")
    .description("compare a board's flash, read back by its ROM, with a build, release or proof")
    .addOption(portOption())
    .option("--image <dir>", "folder of a build or release (default: the build made here, if any)")
    .option("--guest <file>", "module that the guest must be (default: device.wasm)")
    .option("--proof <file>", "certificate whose device module the guest must be")
    .addOption(jsonOption())
    .action(verify);
  example(
    command,
    "killswitch verify --port /dev/ttyUSB0",
    "killswitch verify --port /dev/ttyUSB0 --image release/esp32c3 --proof proof.json",
  );
}

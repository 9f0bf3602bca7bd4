/**
 * Makes the flash image of an emulated board: the firmware, and the partitions with its Wi-Fi
 * credentials, its owner and its guest.
 */
import { readFileSync, statSync } from "node:fs";
import { EXIT, UserError } from "../../base/errors.ts";
import { type Chip, loadChip } from "../../flash/chip.ts";
import { framed, GUEST, OWNER, ownerContents } from "../../flash/contents.ts";
import { builtList, builtRegions, partitionsOf } from "../../flash/flasher.ts";
import { partitionOf } from "../../flash/partitions.ts";
import { nvsImage } from "./nvs.ts";
import { scenarioOwner } from "./scenario-owner.ts";

export interface FlashSettings {
  readonly chip: string;
  /** Path of a flash file or of a build folder. */
  readonly image: string;
  readonly wifi: { readonly ssid: string; readonly password: string };
  readonly broker: string;
  /** The guest to store, valid or not; null for the one in the firmware. */
  readonly guest: Uint8Array | null;
}

/** The firmware without the device's own partitions. Throws a UserError for an unusable image. */
function firmwareOf(chip: Chip, path: string): Buffer {
  const flash = Buffer.alloc(chip.flashBytes, 0xff);
  if (statSync(path).isDirectory()) {
    const list = builtList(path);
    if (list === null) {
      throw new UserError(`${path}: this folder holds no built firmware`, EXIT.BAD_FILE);
    }
    for (const { at, bytes } of builtRegions(chip, list)) flash.set(bytes, at);
    return flash;
  }
  const bytes = readFileSync(path);
  if (bytes.length > flash.length) {
    throw new UserError(
      `${path}: the file has ${bytes.length} bytes, more than the flash (${flash.length})`,
      EXIT.BAD_FILE,
    );
  }
  flash.set(bytes);
  return flash;
}

/** The whole flash: empty storage, the given credentials, and the scenarios' owner. */
export function flashFile(settings: FlashSettings): Buffer {
  const chip = loadChip(settings.chip);
  const [path, rows] = partitionsOf(chip);
  const flash = firmwareOf(chip, settings.image);
  const partition = (name: string) => partitionOf(path, rows, name);
  const put = (name: string, bytes: Uint8Array) => {
    const { at, bytes: size } = partition(name);
    flash.fill(0xff, at, at + size);
    flash.set(bytes, at);
  };
  const { ssid, password } = settings.wifi;
  put("nvs", nvsImage(partition("nvs").bytes, "wifi", { ssid, password }));
  const owner = scenarioOwner(settings.broker);
  put(OWNER, ownerContents(owner, partition(OWNER)));
  if (settings.guest !== null) put(GUEST, framed("KSGUEST1", settings.guest, partition(GUEST)));
  put("storage", new Uint8Array());
  return flash;
}

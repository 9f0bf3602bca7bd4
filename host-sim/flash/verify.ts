/**
 * Compares a chip's flash with files, read back by the boot loader in the chip's ROM, which no image
 * can change. The owner's partition holds keys: it is not read.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { GUEST, HEADER_BYTES, OWNER } from "./contents.ts";
import type { Region } from "./flasher.ts";
import type { Partition } from "./partitions.ts";
import type { Rom } from "./rom.ts";

export interface Compared {
  /** Partition, or file for what is outside the partitions. */
  readonly name: string;
  readonly at: number;
  readonly result: "same" | "differs" | "masked" | "not compared";
  readonly detail: string;
}

/** What a guest is compared with: the SHA-256 of a module, in hexadecimal, and where it comes from. */
export interface GuestDigest {
  readonly source: string;
  readonly sha256: string;
}

const MAGIC = "KSGUEST1";
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");
export const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

type Reader = Pick<Rom, "md5" | "read">;

/** The module in the guest's partition, or why there is none. */
async function storedGuest(rom: Reader, { at, bytes }: Partition): Promise<Buffer | string> {
  const header = await rom.read(at, HEADER_BYTES);
  if (header.toString("latin1", 0, MAGIC.length) !== MAGIC) return "it holds no guest";
  const length = header.readUInt32LE(MAGIC.length);
  if (length > bytes - HEADER_BYTES) return "its header is damaged";
  const module = await rom.read(at + HEADER_BYTES, length);
  return crc32(module) === header.readUInt32LE(MAGIC.length + 4) ? module : "its CRC is wrong";
}

async function compareGuest(
  rom: Reader,
  partition: Partition,
  expected: readonly GuestDigest[],
): Promise<Compared> {
  const { name, at } = partition;
  const module = await storedGuest(rom, partition);
  if (typeof module === "string") return { name, at, result: "differs", detail: module };
  const found = sha256(module);
  const other = expected.find((each) => each.sha256 !== found);
  const what = `${module.length} bytes, sha256 ${found}`;
  if (other === undefined) {
    const sources = expected.map(({ source }) => source).join(" and ");
    return { name, at, result: "same", detail: `${what}, as ${sources}` };
  }
  const detail = `${what}, but ${other.source} has ${other.sha256}`;
  return { name, at, result: "differs", detail };
}

async function compareRegion(rom: Reader, { name, at, bytes }: Region): Promise<Compared> {
  const found = await rom.md5(at, bytes.length);
  const expected = md5(bytes);
  if (found === expected)
    return { name, at, result: "same", detail: `${bytes.length} bytes, MD5 ${found}` };
  const detail = `${bytes.length} bytes have MD5 ${found}, the file has ${expected}`;
  return { name, at, result: "differs", detail };
}

/** What a partition that no file describes holds. */
function unknown({ name, at, type }: Partition): Compared {
  if (name === OWNER)
    return { name, at, result: "masked", detail: "keys, name and broker; it is not read" };
  const detail =
    type === 0
      ? "the native image: give the folder of a build or of a release with --image"
      : "it changes while the board runs";
  return { name, at, result: "not compared", detail };
}

/**
 * Compares every partition, and every region outside them. `regions`: the whole firmware, empty if
 * it is not at hand.
 */
export async function compareFlash(
  rom: Reader,
  partitions: readonly Partition[],
  regions: readonly Region[],
  guest: readonly GuestDigest[],
): Promise<Compared[]> {
  const within = ({ at, bytes }: Partition, place: number) => place >= at && place < at + bytes;
  const result: Compared[] = [];
  for (const region of regions)
    if (!partitions.some((partition) => within(partition, region.at)))
      result.push(await compareRegion(rom, region));
  for (const partition of partitions) {
    const region = regions.find(({ at }) => within(partition, at));
    if (partition.name === GUEST) result.push(await compareGuest(rom, partition, guest));
    else if (region === undefined || partition.name === OWNER) result.push(unknown(partition));
    else {
      result.push(await compareRegion(rom, { ...region, name: partition.name }));
      const end = region.at + region.bytes.length;
      const rest = partition.at + partition.bytes - end;
      const detail = `${rest} bytes behind the image, which it does not run`;
      if (rest > 0) result.push({ name: partition.name, at: end, result: "not compared", detail });
    }
  }
  return result;
}

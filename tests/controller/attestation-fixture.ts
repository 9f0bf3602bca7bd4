/** Attestations for tests, by the simulator's host with a storage that a test sets. */
import { REGION } from "../../host-sim/abi/abi.gen.ts";
import { attestationOf } from "../../host-sim/sim/attestation.ts";
import { shippedSigner } from "../../host-sim/sim/signer.ts";
import { FakeHal } from "../sim/fake-hal.ts";
import { ring } from "./journal-fixture.ts";

export interface Attesting {
  /** The journal's ring image. Default: three local records and two remote ones. */
  readonly ring?: Uint8Array;
  readonly nonce?: Uint8Array;
  readonly guest?: Uint8Array | null;
}

export const NONCE = Uint8Array.from({ length: 16 }, (_, index) => index);
const EPOCH = Buffer.from("3f9a00e8ff700ee7", "hex");

/** An attestation by a device whose seed is all zero. */
export function attestation(attesting: Attesting = {}): Uint8Array {
  const hal = new FakeHal();
  for (const region of hal.storage) region.fill(0xff);
  hal.storage[REGION.JOURNAL]?.set(attesting.ring ?? ring(3, 2));
  const { nonce = NONCE, guest = null } = attesting;
  const made = attestationOf(hal, shippedSigner(), { nonce, epoch: EPOCH, guest });
  if (made === null) throw new Error("the fake board's storage failed");
  return made;
}

/**
 * Ed25519 (RFC 8032) and SHA-512 by sign.wasm, as a host uses them.
 */

import { firmwarePath, readModule } from "./firmware.ts";

/** Length of a seed and of a public key, in bytes. */
export const SEED_BYTES = 32;
const PUBLIC_BYTES = 32;
const SIGNATURE_BYTES = 64;
const DIGEST_BYTES = 64;
/** Longest message that sign.wasm takes, in bytes. */
const SIGN_MESSAGE_MAX = 256;

/** What sign.wasm exports. */
export interface SignExports {
  readonly memory: WebAssembly.Memory;
  seed_ptr(): number;
  message_ptr(): number;
  public_ptr(): number;
  signature_ptr(): number;
  digest_ptr(): number;
  digest_begin(): void;
  digest_add(len: number): void;
  digest_end(): void;
  public_begin(): void;
  sign_begin(messageLen: number): void;
  /** Returns 1 while there is more to do. */
  step(): number;
  wipe(): void;
}

export class Signer {
  readonly #sign: SignExports;

  /** `module`: the bytes of sign.wasm. */
  constructor(module: Uint8Array<ArrayBuffer>) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), {});
    this.#sign = exports as unknown as SignExports;
  }

  /** The public key of a seed: PUBLIC_BYTES. */
  publicKey(seed: Uint8Array): Uint8Array {
    this.#putSeed(seed);
    this.#sign.public_begin();
    this.#finish();
    return this.#taken(this.#sign.public_ptr(), PUBLIC_BYTES);
  }

  /** The signature of a message: 64 bytes. Throws a RangeError for one over 256 bytes. */
  sign(seed: Uint8Array, message: Uint8Array): Uint8Array {
    if (message.length > SIGN_MESSAGE_MAX)
      throw new RangeError(`a message of ${message.length} bytes, not up to ${SIGN_MESSAGE_MAX}`);
    this.#putSeed(seed);
    this.#memory().set(message, this.#sign.message_ptr());
    this.#sign.sign_begin(message.length);
    this.#finish();
    return this.#taken(this.#sign.signature_ptr(), SIGNATURE_BYTES);
  }

  /** SHA-512 of any number of bytes: 64 bytes. */
  digest(bytes: Uint8Array): Uint8Array {
    this.#sign.digest_begin();
    for (let at = 0; at < bytes.length; at += SIGN_MESSAGE_MAX) {
      const part = bytes.subarray(at, at + SIGN_MESSAGE_MAX);
      this.#memory().set(part, this.#sign.message_ptr());
      this.#sign.digest_add(part.length);
    }
    this.#sign.digest_end();
    return this.#taken(this.#sign.digest_ptr(), DIGEST_BYTES);
  }

  #memory(): Uint8Array {
    return new Uint8Array(this.#sign.memory.buffer);
  }

  #putSeed(seed: Uint8Array): void {
    if (seed.length !== SEED_BYTES) throw new RangeError(`a seed of ${seed.length} bytes`);
    this.#memory().set(seed, this.#sign.seed_ptr());
  }

  #finish(): void {
    while (this.#sign.step() !== 0);
  }

  #taken(at: number, length: number): Uint8Array {
    return this.#memory().slice(at, at + length);
  }
}

/** A signer from the module in dist/. Throws a UserError if it was not built. */
export function shippedSigner(): Signer {
  return new Signer(readModule(firmwarePath("sign")));
}

/**
 * The two keys that are derived from a principal's secret by HKDF-SHA-256 (RFC 5869): one for its
 * commands, one for what the device says to it. Whoever can verify what the device says can thus forge
 * neither a command nor a message to another principal.
 */
import { hkdfSync } from "node:crypto";

/** Length of a secret and of a derived key, in bytes: the output of the hash (RFC 2104, section 3). */
export const SECRET_BYTES = 32;

export interface DerivedKeys {
  /** Of the principal's commands. */
  readonly command: Uint8Array;
  /** Of what the device says to the principal. */
  readonly reply: Uint8Array;
}

/** Derives both keys of the principal that `kid` names. The salt is empty. */
export function deriveKeys(kid: string, secret: Uint8Array): DerivedKeys {
  const derive = (use: string) =>
    new Uint8Array(hkdfSync("sha256", secret, "", `killswitch 2 ${use} ${kid}`, SECRET_BYTES));
  return { command: derive("command"), reply: derive("reply") };
}

/** What an error in a run says about the device. */
import { MessageError } from "../controller/cose.ts";
import { EpochUnknown } from "./remote.ts";
import { Mismatch } from "./target.ts";

/** The failure that an error stands for. Throws the error again if it is not about the device. */
export function findingOf(error: unknown): { expected: string; found: string } {
  if (error instanceof Mismatch) return { expected: error.expected, found: error.found };
  if (error instanceof EpochUnknown)
    return { expected: "an epoch to send the command under", found: error.message };
  if (error instanceof MessageError)
    return { expected: "a message signed by the device", found: error.message };
  throw error;
}

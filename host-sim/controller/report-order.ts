/**
 * The order of a device's reports: tells a current report from an old one that a broker repeats.
 */
import type { ReportHead } from "./command.ts";

/** What is known of a report's age. */
export type Freshness =
  /** The device confirmed, in answer to a question asked just now, that it is its last report. */
  | "verified"
  /** Of the current epoch, but the device has sent later ones. */
  | "as-of"
  /** Of an earlier epoch: the device has been killed or restarted since. */
  | "stale"
  /** The device did not answer: the report may be of any age. */
  | "unconfirmed";

/** What a device answered to a question: its epoch and the number of its last report. */
export interface Confirmation {
  readonly epoch: Uint8Array;
  readonly counter: number;
}

/** How fresh a report is by an answer that the device gave after it arrived; null: it gave none. */
export function freshnessOf(report: ReportHead, answer: Confirmation | null): Freshness {
  if (answer === null) return "unconfirmed";
  if (Buffer.compare(report.epoch, answer.epoch) !== 0) return "stale";
  return report.counter >= answer.counter ? "verified" : "as-of";
}

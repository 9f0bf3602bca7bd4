/** What a gateway counts. */
import type { Fate, Outcome } from "./device.ts";

export class Counts {
  /** Messages from devices. */
  readonly fates: Record<Fate, number> = {
    verified: 0,
    "as-of": 0,
    stale: 0,
    unconfirmed: 0,
    unverified: 0,
  };
  /** Commands of local clients, by what became of them. */
  readonly commands: Record<Outcome["kind"], number> = {
    executed: 0,
    refused: 0,
    unknown: 0,
    unsent: 0,
    unavailable: 0,
    busy: 0,
  };
  /** Messages on command topics that were refused, and discovery messages of others on the gateway's topics. */
  readonly ignored = { retained: 0, malformed: 0, discovery: 0 };
  /** Attempts to open the session with the broker again. */
  reconnects = 0;
}

/** What a device said of itself in its present epoch, and what can be seen to have happened between two reports. */
import type { Fields, FieldValue } from "../controller/operations.ts";

/** The kinds of event that a device's reports show. */
export const HAPPENINGS = ["LIVE", "REFUSED", "HOLD", "FAULT"] as const;

export interface Happening {
  readonly kind: (typeof HAPPENINGS)[number];
  readonly details: Readonly<Record<string, FieldValue>>;
}

export class Knowledge {
  readonly #happened: (happening: Happening) => void;
  #epoch: Uint8Array | null = null;
  /** What the next status is compared with; null: nothing. */
  #before: Fields | null = null;
  #askedTemperature = false;
  /** The code of the last refusal of a command of this gateway, until the device has counted it. */
  #code: string | null = null;
  /** The status of this epoch; null until the device has reported it. */
  status: Fields | null = null;
  /** Degrees Celsius; null if not reported in this epoch, or if the board has no sensor. */
  temperature: number | null = null;
  /** Number of the last report of the epoch. */
  counter = 0;
  /** Local time at which the device last answered, in ms; null: never. */
  verifiedAt: number | null = null;

  constructor(happened: (happening: Happening) => void) {
    this.#happened = happened;
  }

  /** The epoch in hexadecimal; null if none is known. */
  get epoch(): string | null {
    return this.#epoch === null ? null : Buffer.from(this.#epoch).toString("hex");
  }

  isEpoch(epoch: Uint8Array): boolean {
    return this.#epoch !== null && Buffer.compare(this.#epoch, epoch) === 0;
  }

  /** Whether the temperature was neither reported nor asked for in this epoch. */
  get needsTemperature(): boolean {
    return this.temperature === null && !this.#askedTemperature;
  }

  temperatureAsked(): void {
    this.#askedTemperature = true;
  }

  /** A command of this gateway was refused with a code. */
  refused(code: string): void {
    this.#code = code;
  }

  /**
   * Takes fields that the device has confirmed at local time `now`, in ms. `counter`: the number of the
   * report that they are from; null for a reply.
   */
  learn(epoch: Uint8Array, fields: Fields, now: number, counter: number | null): void {
    this.verifiedAt = now;
    if (!this.isEpoch(epoch)) this.#enter(epoch);
    if (counter !== null) this.counter = counter;
    if (typeof fields.temperature === "number") this.temperature = fields.temperature;
    if (fields.temperature === "none") this.#askedTemperature = true;
    if (fields.refused !== undefined) this.#compare(fields);
    else if (this.status !== null && typeof fields.relay === "boolean")
      this.status = { ...this.status, relay: fields.relay };
  }

  /** Counters begin at zero with an epoch, and a hold goes on. What was before the first epoch is unknown. */
  #enter(epoch: Uint8Array): void {
    const first = this.#epoch === null;
    const holdMs = this.status?.holdMs ?? 0;
    this.#before = first ? null : { refused: 0, holdMs, lastFault: "none" };
    this.#epoch = Uint8Array.from(epoch);
    this.counter = 0;
    this.status = null;
    this.temperature = null;
    this.#askedTemperature = false;
    if (!first) this.#happened({ kind: "LIVE", details: { epoch: this.epoch ?? "" } });
  }

  /** A whole status: compares it with the one before. */
  #compare(status: Fields): void {
    const before = this.#before;
    this.#before = status;
    this.status = status;
    if (before === null) return;
    const { refused, holdMs = 0, lastFault = "none" } = status;
    if (Number(refused) > Number(before.refused)) {
      const code = this.#code === null ? {} : { code: this.#code };
      this.#happened({ kind: "REFUSED", details: { refused: Number(refused), ...code } });
    }
    this.#code = null;
    if (Number(holdMs) > 0 && Number(before.holdMs ?? 0) === 0)
      this.#happened({ kind: "HOLD", details: { holdMs } });
    if (lastFault !== "none" && lastFault !== before.lastFault)
      this.#happened({ kind: "FAULT", details: { fault: lastFault } });
  }
}

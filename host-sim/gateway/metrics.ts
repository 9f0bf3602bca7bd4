/** What the gateway tells Prometheus. Names and units follow its conventions: seconds, `_total` for counters. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Device, Outcome } from "./device.ts";
import type { Gateway, Part } from "./gateway.ts";
import { type DeviceView, viewOf } from "./view.ts";

/** Bounds of the latency of commands, in s. */
const LATENCY_S = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** Bounds of the age of devices' states, in s. */
const AGES_S = [10, 60, 300, 3_600];

export class Metrics implements Part {
  readonly #registry = new Registry();
  readonly #latency: Histogram;

  constructor(gateway: Gateway) {
    const registers = [this.#registry];
    const { counts } = gateway;
    counter(
      registers,
      "killswitch_messages_total",
      "Messages from devices",
      "fate",
      () => counts.fates,
    );
    counter(
      registers,
      "killswitch_commands_total",
      "Commands of local clients",
      "outcome",
      () => counts.commands,
    );
    counter(
      registers,
      "killswitch_ignored_total",
      "Messages of others that were refused",
      "kind",
      () => counts.ignored,
    );
    counter(
      registers,
      "killswitch_reconnects_total",
      "Attempts to reach the broker again",
      null,
      () => ({
        "": counts.reconnects,
      }),
    );
    new Gauge({
      name: "killswitch_broker_connected",
      help: "Whether the session with the broker is open",
      registers,
      collect() {
        this.set(gateway.connected ? 1 : 0);
      },
    });
    new Gauge({
      name: "killswitch_devices",
      help: "Devices by state and by the time since they last answered",
      labelNames: ["state", "age"],
      registers,
      collect() {
        const { now, timeOfDay } = gateway.options;
        this.reset();
        for (const device of gateway.devices.values())
          this.inc(labelsOf(viewOf(device, now(), timeOfDay())));
      },
    });
    this.#latency = new Histogram({
      name: "killswitch_command_seconds",
      help: "From a command of a local client to what became of it",
      labelNames: ["outcome"],
      buckets: LATENCY_S,
      registers,
    });
  }

  commanded(_: Device, { kind }: Outcome, ms: number): void {
    this.#latency.observe({ outcome: kind }, ms / 1_000);
  }

  /** The text format, and its media type. */
  async text(): Promise<{ readonly type: string; readonly body: string }> {
    return { type: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}

function counter(
  registers: Registry[],
  name: string,
  help: string,
  label: string | null,
  values: () => Readonly<Record<string, number>>,
): void {
  new Counter({
    name,
    help,
    labelNames: label === null ? [] : [label],
    registers,
    collect() {
      this.reset();
      for (const [value, count] of Object.entries(values()))
        this.inc(label === null ? {} : { [label]: value }, count);
    },
  });
}

function labelsOf({ state, ageMs }: DeviceView): { state: string; age: string } {
  if (ageMs === null) return { state, age: "none" };
  const bound = AGES_S.find((seconds) => ageMs <= seconds * 1_000);
  return { state, age: bound === undefined ? `>${AGES_S.at(-1)}s` : `<=${bound}s` };
}

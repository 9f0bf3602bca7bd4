/**
 * What Home Assistant receives: the discovery message of a device and its state. The fields are those of its
 * MQTT integration, device discovery, 2024.12 or later.
 */
import { availabilityTopic, OFFLINE, ONLINE } from "../abi/topics.ts";
import { HAPPENINGS } from "./knowledge.ts";
import type { DeviceView } from "./view.ts";

/** The topics of a gateway for Home Assistant, and of one of its devices. */
export class Topics {
  readonly #root: string;
  readonly #prefix: string;

  /** `name`: of the gateway. `prefix`: Home Assistant's discovery prefix. */
  constructor(name: string, prefix: string) {
    this.#root = `killswitch-gateway/${name}`;
    this.#prefix = prefix;
  }

  /** The gateway's own flag: `online` or `offline`, retained. */
  get flag(): string {
    return `${this.#root}/availability`;
  }

  /** Which process the flag speaks for, retained. */
  get instance(): string {
    return `${this.#root}/instance`;
  }

  /** Where Home Assistant says that it has started. */
  get birth(): string {
    return `${this.#prefix}/status`;
  }

  config(device: string): string {
    return `${this.#prefix}/device/killswitch-${device}/config`;
  }

  of(device: string, level: "state" | "availability" | "event" | "relay/set"): string {
    return `${this.#root}/${device}/${level}`;
  }

  /** The device of a topic for commands; undefined for any other topic. */
  commanded(topic: string): string | undefined {
    const device = topic.slice(this.#root.length + 1, -"/relay/set".length);
    return topic === this.of(device, "relay/set") ? device : undefined;
  }
}

const source = (topic: string) => ({
  topic,
  payload_available: ONLINE,
  payload_not_available: OFFLINE,
});

/** The discovery message of a device. `version`: of this program. */
export function discoveryOf(device: string, topics: Topics, version: string) {
  const id = `killswitch_${device}`;
  const entity = (platform: string, key: string, name: string, more: object) => ({
    [key]: {
      platform,
      name,
      unique_id: `${id}_${key}`,
      ...(platform === "event" ? {} : { value_template: `{{ value_json.${key} }}` }),
      ...more,
    },
  });
  const diagnostic = { entity_category: "diagnostic" };
  // These tell of a device that is away, too: the gateway alone must be there.
  const always = { availability: [source(topics.flag)] };
  return {
    device: {
      identifiers: [id],
      name: device,
      manufacturer: "Killswitch",
      model: "Device with a hardware kill switch",
    },
    origin: { name: "killswitch gateway", sw_version: version },
    state_topic: topics.of(device, "state"),
    availability_mode: "all",
    availability: [
      source(topics.flag),
      source(availabilityTopic(device)),
      source(topics.of(device, "availability")),
    ],
    components: {
      ...entity("switch", "relay", "Relay", {
        command_topic: topics.of(device, "relay/set"),
        payload_on: "ON",
        payload_off: "OFF",
        optimistic: false,
        retain: false,
        qos: 0,
      }),
      ...entity("sensor", "temperature", "Temperature", {
        device_class: "temperature",
        state_class: "measurement",
        unit_of_measurement: "°C",
      }),
      ...entity("binary_sensor", "connectivity", "Connectivity", {
        device_class: "connectivity",
        ...diagnostic,
        ...always,
      }),
      ...entity("binary_sensor", "hold", "Hold", {}),
      ...entity("binary_sensor", "fault", "Fault", { device_class: "problem" }),
      ...entity("event", "event", "Event", {
        state_topic: topics.of(device, "event"),
        event_types: [...HAPPENINGS],
      }),
      ...entity("sensor", "last_seen", "Last seen", {
        device_class: "timestamp",
        ...diagnostic,
        ...always,
      }),
      ...entity("sensor", "epoch", "Epoch", diagnostic),
      ...entity("sensor", "refused", "Refused commands", {
        state_class: "total_increasing",
        ...diagnostic,
      }),
    },
  };
}

const onOff = (value: boolean | null) => (value === null ? null : value ? "ON" : "OFF");

/** The state of a device, by the keys of the components. Null is shown as unknown. */
export function stateOf(view: DeviceView) {
  const { state, relay, temperature, holdMs, lastFault, lastSeen, epoch, refused } = view;
  const verified = state === "verified";
  return {
    relay: onOff(relay),
    temperature,
    connectivity: onOff(verified),
    hold: onOff(holdMs === null ? null : holdMs > 0),
    fault: onOff(lastFault === null ? null : lastFault !== "none"),
    last_seen: lastSeen,
    epoch: verified ? epoch : null,
    refused,
  };
}

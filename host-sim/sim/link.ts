/**
 * The interface between a simulated board and its network. The network is a virtual broker or MQTT
 * over TCP.
 */

/** Receives the events of a link. */
export interface LinkSink {
  /** The broker session came up or went down. */
  linkChanged(up: boolean): void;
  /**
   * A message arrived on one of the device's command topics. The sink must copy the bytes that it keeps.
   */
  received(bytes: Uint8Array): void;
}

export interface Link {
  /**
   * Radio power. Off: sockets close without a clean disconnect, and messages in flight are lost.
   */
  power(on: boolean, now: number): void;
  /** Sends to `principal` on channel `channel` (CHANNEL). Called only while the session is up. */
  send(principal: number, channel: number, bytes: Uint8Array, now: number): void;
  /** The time of the next event for poll(), in ms. Infinity if there is none. */
  deadline(): number;
  /** Delivers to `sink` the events that are due at `now`. */
  poll(now: number, sink: LinkSink): void;
}

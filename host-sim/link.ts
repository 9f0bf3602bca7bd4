/**
 * The seam between a simulated board and its network: a virtual broker, or MQTT over TCP.
 * Must not know the gate, the guest, or what the messages mean.
 */

/** Where a link hands over what it has. */
export interface LinkSink {
  /** The broker session came up or went down. */
  linkChanged(up: boolean): void;
  /** A message on the device's command topic. The sink copies what it keeps. */
  received(bytes: Uint8Array): void;
}

export interface Link {
  /** The radio's power. Off: sockets die without a goodbye and all that was in flight is gone. */
  power(on: boolean, now: number): void;
  /** Sends on `CHANNEL` number `channel`; only called while the session is up. */
  send(channel: number, bytes: Uint8Array, now: number): void;
  /** The next ms at which poll() has something to hand over; Infinity if nothing is due. */
  deadline(): number;
  /** Hands over what is due at `now`. */
  poll(now: number, sink: LinkSink): void;
}

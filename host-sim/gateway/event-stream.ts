/** Server-sent events: what changes, to every client that listens. A client that reads too slowly is dropped. */
import type { ServerResponse } from "node:http";
import type { SetTimer } from "../base/clock.ts";

/** Most clients at once. */
const CLIENTS_MAX = 32;
/** A client with more than this waiting for it is dropped, in bytes. */
const WAITING_MAX = 256 * 1024;
/** A comment keeps the connection alive, in ms. */
const KEEPALIVE_MS = 15_000;

export class EventStream {
  readonly #clients = new Set<ServerResponse>();
  readonly #setTimer: SetTimer;
  #cancel = () => {};

  constructor(setTimer: SetTimer) {
    this.#setTimer = setTimer;
  }

  /** How many clients listen. */
  get size(): number {
    return this.#clients.size;
  }

  /** Adds a client. Returns false if there are too many. */
  add(response: ServerResponse): boolean {
    if (this.#clients.size >= CLIENTS_MAX) return false;
    response.writeHead(200, {
      "Content-Type": "text/event-stream",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
    });
    response.write(": events of the gateway\n\n");
    this.#clients.add(response);
    response.once("close", () => this.#clients.delete(response));
    if (this.#clients.size === 1) this.#beat();
    return true;
  }

  /** `value` is called only if somebody listens. */
  send(name: string, value: () => unknown): void {
    if (this.#clients.size === 0) return;
    this.#write(`event: ${name}\ndata: ${JSON.stringify(value())}\n\n`);
  }

  close(): void {
    this.#cancel();
    for (const client of this.#clients) client.destroy();
  }

  #write(text: string): void {
    for (const client of this.#clients) {
      if (client.writableLength > WAITING_MAX) client.destroy();
      else client.write(text);
    }
  }

  #beat(): void {
    this.#cancel();
    this.#cancel = this.#setTimer(KEEPALIVE_MS, () => {
      if (this.#clients.size === 0) return;
      this.#write(": here\n\n");
      this.#beat();
    });
  }
}

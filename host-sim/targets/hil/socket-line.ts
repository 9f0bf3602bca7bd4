/** A serial line over a socket: an emulator's console, or a port that another machine serves. */
import { connect, type Socket } from "node:net";
import { codeOf, EXIT, UserError } from "../../base/errors.ts";
import type { SerialLine } from "../../serial/port.ts";

const FORM = /^(?:unix:(.+)|tcp:(.+):(\d{1,5}))$/;

/** Whether a port's name denotes a socket: `unix:PATH` or `tcp:HOST:PORT`. */
export function isSocketName(name: string): boolean {
  return FORM.test(name);
}

export class SocketLine implements SerialLine {
  readonly path: string;
  readonly lost: Promise<never>;
  readonly #socket: Socket;
  #heard: ((bytes: Uint8Array) => void) | null = null;

  private constructor(path: string, socket: Socket) {
    this.path = path;
    this.#socket = socket;
    this.lost = new Promise((_, reject) => {
      socket.on("close", () => reject(new UserError(`${path} was closed`, EXIT.NETWORK)));
    });
    this.lost.catch(() => {});
    socket.on("error", () => {});
    socket.on("data", (bytes) => this.#heard?.(bytes));
  }

  /** Connects to a socket. Throws a UserError if the connection fails. */
  static open(path: string): Promise<SocketLine> {
    const [, file, host, port] = FORM.exec(path) ?? [];
    const where = file === undefined ? { host: host ?? "", port: Number(port) } : { path: file };
    const socket = connect({ ...where, noDelay: true });
    return new Promise((opened, failed) => {
      socket.once("connect", () => opened(new SocketLine(path, socket)));
      socket.once("error", (error) =>
        failed(new UserError(`${path} cannot be opened (${codeOf(error)})`, EXIT.NETWORK)),
      );
    });
  }

  listen(heard: ((bytes: Uint8Array) => void) | null): void {
    this.#heard = heard;
  }

  write(bytes: Uint8Array): Promise<void> {
    const sent = new Promise<void>((done, failed) => {
      this.#socket.write(bytes, (error) => (error ? failed(error) : done()));
    });
    return Promise.race([sent, this.lost]);
  }

  async close(): Promise<void> {
    this.#heard = null;
    this.#socket.destroy();
  }
}

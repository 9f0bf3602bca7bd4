/** Adapts a serial port to the browser's Web Serial interface, which esptool-js uses. */
import { Transport } from "esptool-js";
import type { Port } from "../serial/port.ts";

interface Signals {
  dataTerminalReady?: boolean;
  requestToSend?: boolean;
}

/** The part of Web Serial's SerialPort that esptool-js uses, on a port that is already open. */
class WebSerial {
  readable: ReadableStream<Uint8Array> | null = null;
  writable: WritableStream<Uint8Array> | null = null;
  readonly #port: Port;

  constructor(port: Port) {
    this.#port = port;
  }

  async open(): Promise<void> {
    const port = this.#port;
    this.readable = new ReadableStream({
      start: (stream) => port.listen((bytes) => stream.enqueue(bytes)),
      cancel: () => port.listen(null),
    });
    this.writable = new WritableStream({ write: (bytes) => port.write(bytes) });
  }

  async close(): Promise<void> {
    this.readable = null;
    this.writable = null;
  }

  setSignals({ dataTerminalReady: dtr, requestToSend: rts }: Signals): Promise<void> {
    return this.#port.setSignals({
      ...(dtr === undefined ? {} : { dtr }),
      ...(rts === undefined ? {} : { rts }),
    });
  }

  getInfo(): { usbVendorId?: number; usbProductId?: number } {
    const { vendor, product } = this.#port.usb;
    return {
      ...(vendor === undefined ? {} : { usbVendorId: vendor }),
      ...(product === undefined ? {} : { usbProductId: product }),
    };
  }
}

/** The library's transport, without its output to the console. */
class QuietTransport extends Transport {
  override trace(): void {}
}

export function transportOver(port: Port): Transport {
  return new QuietTransport(new WebSerial(port));
}

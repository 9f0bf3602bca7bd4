/** Server-sent events: a client that does not read is dropped, and there are not too many of them. */
import { createServer } from "node:http";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { EventStream } from "../../host-sim/gateway/event-stream.ts";
import { rewind, setTimer, undo, until } from "../mqtt/fixture.ts";

afterEach(rewind);

test("a client that does not read is dropped; others hear everything", async () => {
  const events = new EventStream(setTimer);
  const taken: boolean[] = [];
  const server = createServer((_, response) => taken.push(events.add(response)));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  undo.push(() => new Promise((done) => server.close(done)));
  undo.push(() => events.close());
  const { port } = server.address() as { port: number };
  const listen = () => {
    const socket = connect(port, "127.0.0.1");
    undo.push(() => socket.destroy());
    socket.on("error", () => {});
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return socket;
  };
  const deaf = listen();
  deaf.pause();
  let heard = 0;
  listen().on("data", (chunk: Buffer) => {
    heard += chunk.toString("latin1").split("event: device\n").length - 1;
  });
  await until("both", () => taken.length === 2);
  let sent = 0;
  const text = "x".repeat(50_000);
  while (events.size === 2) {
    events.send("device", () => text);
    sent++;
    await new Promise((done) => setImmediate(done));
    if (sent > 5_000) throw new Error("the client that does not read is still there");
  }
  expect(events.size).toBe(1);
  await until("the other", () => heard >= sent - 1);
  const more = Array.from({ length: 40 }, listen);
  await until("all", () => taken.length === 2 + more.length);
  expect(taken.filter((one) => one)).toHaveLength(2 + 31);
});

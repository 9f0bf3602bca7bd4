/**
 * A connection to a broker that is reset at each moment, by either side: the error is reported as
 * the session's, and none reaches the process. (vitest fails on an error that nothing handles.)
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type Broker, startBroker } from "../../host-sim/mqtt/broker.ts";
import { brokerTrouble, openSession, parseBroker } from "../../host-sim/mqtt/session.ts";

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));
const CONNACK = Buffer.from([0x20, 2, 0, 0]);
const SUBACK = Buffer.from([0x90, 3, 0, 1, 1]);

let server: Server | null = null;
let broker: Broker | null = null;
afterEach(async () => {
  server?.close();
  server = null;
  await broker?.close();
  broker = null;
});

/** A server that calls `act` with each connection. Returns its port. */
async function listen(act: (socket: Socket) => void): Promise<number> {
  server = createServer((socket) => {
    socket.on("error", () => {});
    act(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Answers packets as a broker does, and resets the connection instead of the answer `last`. */
function resettingBroker(last: number): (socket: Socket) => void {
  return (socket) => {
    let answers = 0;
    const answer = (bytes: Buffer) => {
      if (answers++ === last) socket.resetAndDestroy();
      else socket.write(bytes);
    };
    if (last < 0) socket.resetAndDestroy();
    socket.on("data", (data) => {
      const type = (data[0] ?? 0) >> 4;
      if (type === 1) answer(CONNACK);
      else if (type === 8) answer(SUBACK);
      else answer(Buffer.from([0xd0, 0]));
    });
  };
}

describe.each(["mqtt", "mqtts"])("over %s", (scheme) => {
  test.each([-1, 0, 1, 2])("the broker resets instead of answer %i", async (last) => {
    const port = await listen(resettingBroker(last));
    const address = parseBroker(`${scheme}://127.0.0.1:${port}`);
    const { client, cut } = openSession(address, { clientId: "test" });
    let cause: unknown;
    client.on("error", (error) => {
      cause = error;
    });
    client.on("connect", () => {
      client.subscribe("a", { qos: 1 }, () => client.publish("a", "b"));
    });
    const closed = new Promise<void>((done) => client.once("close", done));
    await Promise.race([closed, sleep(1500)]);
    expect(brokerTrouble(address, cause).message).toMatch(/^broker mqtts?:\/\/127\.0\.0\.1:\d+: /);
    cut();
    await sleep(50);
  });

  test.each([-1, 3].flatMap((last) => [0, 1, 2, 5, 20, 100].map((ms) => [ms, last] as const)))(
    "this side cuts %i ms after the start, the broker resets at %i",
    async (ms, last) => {
      const port = await listen(resettingBroker(last));
      const { cut } = openSession(parseBroker(`${scheme}://127.0.0.1:${port}`), {
        clientId: "test",
      });
      if (ms > 0) await sleep(ms);
      cut();
      server?.close();
      await sleep(50);
    },
  );
});

test.each([0, 1, 20])("a client of the embedded broker resets after %i ms", async (ms) => {
  broker = await startBroker(0);
  const socket = connect(broker.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  // CONNECT of MQTT 3.1.1 with the client identifier "x".
  socket.write(Buffer.from([0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 1, 0x78]));
  await sleep(ms);
  socket.resetAndDestroy();
  await sleep(50);
});

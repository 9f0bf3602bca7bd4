/** The virtual broker: sessions, delivery, failure and recovery in virtual time. */
import { expect, test } from "vitest";
import { type Delivery, VirtualBroker } from "../../host-sim/sim/virtual-broker.ts";

function bench() {
  const log: string[] = [];
  const sent: number[] = [];
  const broker = new VirtualBroker((at) => sent.push(at));
  let now = 0;
  const sink = {
    linkChanged: (up: boolean) => log.push(`@${now} ${up ? "up" : "down"}`),
    received: (bytes: Uint8Array) => log.push(`@${now} ${bytes[0]}`),
  };
  /** Polls the broker at each of its deadlines up to `until`. */
  const run = (until: number) => {
    for (;;) {
      const due = Math.max(now, broker.deadline());
      if (due > until) break;
      now = due;
      broker.poll(now, sink);
    }
    now = until;
  };
  const publish = (byte: number, delivery: Delivery) =>
    broker.publish(Uint8Array.of(byte), delivery, now);
  return { broker, log, sent, run, publish, power: (on: boolean) => broker.power(on, now) };
}

test("opens a session 40 ms after radio on and delivers a message 5 ms after it was sent", () => {
  const { log, run, publish, power } = bench();
  power(true);
  run(100);
  publish(7, "direct");
  run(200);
  expect(log).toEqual(["@40 up", "@105 7"]);
});

test("discards a direct message without a session", () => {
  const { log, run, publish, power } = bench();
  expect(publish(7, "direct")).toBe(true);
  power(true);
  run(200);
  expect(log).toEqual(["@40 up"]);
});

test("delivers a held message once and a retained one in every session", () => {
  const { log, run, publish, power } = bench();
  publish(1, "held");
  publish(2, "retained");
  power(true);
  run(100);
  power(false);
  run(200);
  power(true);
  run(300);
  expect(log).toEqual(["@40 up", "@45 2", "@45 1", "@240 up", "@245 2"]);
});

test("delivers a retained message in the current session too; a held one waits for the next", () => {
  const { log, run, publish, power } = bench();
  power(true);
  run(100);
  publish(2, "retained");
  publish(1, "held");
  run(200);
  expect(log).toEqual(["@40 up", "@105 2"]);
});

test("loses messages in flight when the radio goes off, without any event", () => {
  const { log, sent, broker, run, publish, power } = bench();
  power(true);
  run(100);
  publish(7, "direct");
  run(104);
  power(false);
  broker.send(0, 0, Uint8Array.of(1), 104);
  run(10_000);
  expect([log, sent, broker.session, broker.deadline()]).toEqual([
    ["@40 up"],
    [],
    false,
    Number.POSITIVE_INFINITY,
  ]);
});

test("accepts nothing while stopped, ends the session, and is found again after a restart", () => {
  const { log, sent, broker, run, publish, power } = bench();
  power(true);
  run(100);
  broker.setAlive(false, 100);
  expect(publish(7, "held")).toBe(false);
  run(60_000);
  broker.send(0, 0, Uint8Array.of(1), 60_000);
  broker.setAlive(true, 60_000);
  run(120_000);
  expect([log.slice(0, 2), sent]).toEqual([["@40 up", "@100 down"], []]);
  expect(log.length).toBe(3);
  expect(log[2]).toMatch(/ up$/);
});

test("increases the delay between connection attempts up to 30 s", () => {
  const { broker } = bench();
  broker.setAlive(false, 0);
  broker.power(true, 0);
  const attempts: number[] = [];
  const sink = { linkChanged: () => {}, received: () => {} };
  while (attempts.length < 10) {
    attempts.push(broker.deadline());
    broker.poll(broker.deadline(), sink);
  }
  const waits = attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0));
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
});

test("opens no session if the broker stops before the session is up", () => {
  const { log, broker, run, power } = bench();
  power(true);
  run(20);
  broker.setAlive(false, 20);
  run(5000);
  expect(log).toEqual([]);
  broker.setAlive(true, 5000);
  run(60_000);
  expect(log.length).toBe(1);
});

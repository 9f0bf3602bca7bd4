/** The virtual broker: sessions, delivery, death and return, in virtual time. */
import { expect, test } from "vitest";
import { type Delivery, VirtualBroker } from "../../host-sim/virtual-broker.ts";

function bench() {
  const log: string[] = [];
  const sent: number[] = [];
  const broker = new VirtualBroker((at) => sent.push(at));
  let now = 0;
  const sink = {
    linkChanged: (up: boolean) => log.push(`@${now} ${up ? "up" : "down"}`),
    received: (bytes: Uint8Array) => log.push(`@${now} ${bytes[0]}`),
  };
  /** Lives from one thing due to the next, up to `until`. */
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

test("the session comes 40 ms after the radio, a message 5 ms after its sending", () => {
  const { log, run, publish, power } = bench();
  power(true);
  run(100);
  publish(7, "direct");
  run(200);
  expect(log).toEqual(["@40 up", "@105 7"]);
});

test("direct messages without a session are gone", () => {
  const { log, run, publish, power } = bench();
  expect(publish(7, "direct")).toBe(true);
  power(true);
  run(200);
  expect(log).toEqual(["@40 up"]);
});

test("what is held comes once, what is retained with every session", () => {
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

test("a retained message also comes into the session that stands; a held one waits", () => {
  const { log, run, publish, power } = bench();
  power(true);
  run(100);
  publish(2, "retained");
  publish(1, "held");
  run(200);
  expect(log).toEqual(["@40 up", "@105 2"]);
});

test("radio off: what was in flight is lost, and nothing is said", () => {
  const { log, sent, broker, run, publish, power } = bench();
  power(true);
  run(100);
  publish(7, "direct");
  run(104);
  power(false);
  broker.send(0, Uint8Array.of(1), 104);
  run(10_000);
  expect([log, sent, broker.session, broker.deadline()]).toEqual([
    ["@40 up"],
    [],
    false,
    Number.POSITIVE_INFINITY,
  ]);
});

test("a dead broker takes nothing, loses the session, and is found again", () => {
  const { log, sent, broker, run, publish, power } = bench();
  power(true);
  run(100);
  broker.setAlive(false, 100);
  expect(publish(7, "held")).toBe(false);
  run(60_000);
  broker.send(0, Uint8Array.of(1), 60_000);
  broker.setAlive(true, 60_000);
  run(120_000);
  expect([log.slice(0, 2), sent]).toEqual([["@40 up", "@100 down"], []]);
  expect(log.length).toBe(3);
  expect(log[2]).toMatch(/ up$/);
});

test("attempts at a dead broker back off to 30 s and stay there", () => {
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

test("a broker that dies before the session stands gives none", () => {
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

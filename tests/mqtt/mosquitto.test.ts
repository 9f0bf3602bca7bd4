/** Tests against mosquitto: passwords, access lists and TLS certificates. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { EXIT } from "../../host-sim/base/errors.ts";
import { Prng } from "../../host-sim/base/prng.ts";
import { accessList } from "../../host-sim/controller/access-list.ts";
import { dial, hangUp } from "../../host-sim/controller/client.ts";
import { MqttLink } from "../../host-sim/mqtt/link.ts";
import { parseBroker } from "../../host-sim/mqtt/session.ts";
import {
  connectPlain,
  findMosquitto,
  makeCertificate,
  rewind,
  setTimer,
  startMosquitto,
  type TestBroker,
  undo,
  until,
} from "./fixture.ts";

const mosquitto = findMosquitto();
if (mosquitto === undefined) {
  console.log("NOT RUN: passwords, access lists and TLS: mosquitto is not installed");
}
afterEach(rewind);

async function start(lines: (folder: string) => string[]): Promise<TestBroker> {
  const broker = await startMosquitto(mosquitto ?? "", lines);
  undo.push(() => broker.stop());
  return broker;
}
const open = (url: string) => dial({ address: parseBroker(url), setTimer, timeoutMs: 3_000 });

describe.runIf(mosquitto !== undefined)("mosquitto", () => {
  test("with passwords, refuses a session without one or with a wrong one", async () => {
    const { port } = await start((folder) => {
      const file = join(folder, "passwords");
      writeFileSync(file, "me:right\n");
      spawnSync("mosquitto_passwd", ["-U", file]);
      expect(readFileSync(file, "utf8")).not.toContain("right");
      return ["allow_anonymous false", `password_file ${file}`];
    });
    for (const user of ["", "me:wrong@", "you:right@"]) {
      const refused = open(`mqtt://${user}127.0.0.1:${port}`);
      const message = `broker mqtt://127.0.0.1:${port}: it refused the user: use mqtt://user:password@host`;
      await expect(refused).rejects.toMatchObject({ message, exitCode: EXIT.NETWORK });
    }
    await hangUp(await open(`mqtt://me:right@127.0.0.1:${port}`), setTimer);
  });

  test("with passwords, refuses the link, which reports it and stays down", async () => {
    const { port } = await start(() => ["allow_anonymous false"]);
    const troubles: string[] = [];
    const link = new MqttLink({
      address: parseBroker(`mqtt://me:wrong@127.0.0.1:${port}`),
      device: "demo",
      prng: new Prng(1),
      wake: () => {},
      trouble: (message) => troubles.push(message),
    });
    undo.push(() => link.power(false, 0));
    link.power(true, 0);
    await until("its error", () => troubles[0]);
    expect(troubles).toEqual([
      `broker mqtt://127.0.0.1:${port}: it refused the user: use mqtt://user:password@host`,
    ]);
    link.poll(0, {
      linkChanged: () => expect.unreachable(),
      received: () => expect.unreachable(),
    });
    expect(link.deadline()).toBeGreaterThanOrEqual(500);
  });

  test("with the generated access list, keeps each principal to its own topics", async () => {
    const { port } = await start((folder) => {
      const users = ["demo-device", "demo-owner", "demo-provider"];
      const [passwords, list] = [join(folder, "passwords"), join(folder, "acl")];
      writeFileSync(passwords, `${users.map((user) => `${user}:p`).join("\n")}\n`);
      spawnSync("mosquitto_passwd", ["-U", passwords]);
      writeFileSync(list, `${accessList("demo").join("\n")}\n`);
      return ["allow_anonymous false", `password_file ${passwords}`, `acl_file ${list}`];
    });
    const as = async (user: string) => {
      const url = `mqtt://${user}:p@127.0.0.1:${port}`;
      const plain = await connectPlain(url, "killswitch/#");
      undo.push(() => plain.client.endAsync(true));
      return plain;
    };
    const [device, owner, provider] = [
      await as("demo-device"),
      await as("demo-owner"),
      await as("demo-provider"),
    ];
    const kids = ["owner", "provider"];
    const levels = ["command", "reply", "status", "telemetry"];
    for (const { client } of [device, owner, provider])
      for (const kid of kids)
        for (const level of levels)
          await client.publishAsync(`killswitch/demo/${kid}/${level}`, "x", { qos: 1 });
    await device.client.publishAsync("killswitch/demo/availability", "online", { qos: 1 });
    await owner.client.publishAsync("killswitch/demo/availability", "forged", { qos: 1 });
    const shown = ({ heard }: typeof device) =>
      heard.map(({ topic, payload }) => `${topic.slice("killswitch/demo/".length)} ${payload}`);
    await until("the last", () => shown(provider).includes("availability online"));
    const sent = (kid: string) =>
      ["reply", "status", "telemetry"].map((level) => `${kid}/${level} x`);
    expect(shown(owner)).toEqual([...sent("owner"), "availability online"]);
    expect(shown(provider)).toEqual([...sent("provider"), "availability online"]);
    expect(shown(device)).toEqual(["owner/command x", "provider/command x"]);
  });

  test("with a self-signed certificate, is refused with a fix, and accepted if it is trusted", async () => {
    let cert = "";
    const { port } = await start((folder) => {
      const made = makeCertificate(folder);
      if (made === undefined) {
        console.log("NOT RUN: TLS: openssl is not installed");
        return ["allow_anonymous true"];
      }
      cert = made.cert;
      return ["allow_anonymous true", `certfile ${made.cert}`, `keyfile ${made.key}`];
    });
    if (cert === "") return;
    const url = `mqtts://127.0.0.1:${port}`;
    await expect(open(url)).rejects.toMatchObject({
      message: `broker ${url}: its certificate is self-signed: set NODE_EXTRA_CA_CERTS to the certificate's file`,
      exitCode: EXIT.NETWORK,
    });
    await expect(open(`mqtt://127.0.0.1:${port}`)).rejects.toMatchObject({
      exitCode: EXIT.NETWORK,
    });
    expect(readFileSync(cert, "utf8")).toContain("BEGIN CERTIFICATE");
    const script = `
      const { dial, hangUp } = await import("./host-sim/controller/client.ts");
      const { parseBroker } = await import("./host-sim/mqtt/session.ts");
      const setTimer = (ms, wake) => { const t = setTimeout(wake, ms); return () => clearTimeout(t); };
      await hangUp(await dial({ address: parseBroker("${url}"), setTimer, timeoutMs: 3000 }), setTimer);
      console.log("taken");
      const { MqttLink } = await import("./host-sim/mqtt/link.ts");
      const { Prng } = await import("./host-sim/base/prng.ts");
      const say = (words) => () => console.log(words);
      const sink = { received: say("heard"), linkChanged: (up) => {
        console.log("link", up);
        link.power(false, 0);
        console.log("cut");
        setTimeout(say("later"), 200);
      } };
      const wake = () => { console.log("wake"); setImmediate(() => link.poll(0, sink)); };
      const trouble = say("trouble");
      const address = parseBroker("${url}");
      const link = new MqttLink({ address, device: "demo", prng: new Prng(1), wake, trouble });
      link.power(true, 0);`;
    const taken = spawnSync(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", script],
      {
        env: { ...process.env, NODE_EXTRA_CA_CERTS: cert },
        encoding: "utf8",
      },
    );
    expect(taken.stdout + taken.stderr).toBe("taken\nwake\nlink true\ncut\nlater\n");
  });
});

/** `killswitch broker`: its certificate, its passwords and its access list, with a device and with mosquitto. */
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT } from "../../host-sim/base/errors.ts";
import { accessRights } from "../../host-sim/controller/access-list.ts";
import { mayPublish, maySubscribe, passwordFits } from "../../host-sim/mqtt/access.ts";
import { isValidFor, makeCertificate } from "../../host-sim/mqtt/certificate.ts";
import { rewind, undo, until } from "../mqtt/fixture.ts";
import { complains, type Running, startProgram } from "./program.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-broker-"));
});
afterEach(async () => {
  await rewind();
  rmSync(folder, { recursive: true });
});

const has = (program: string) => spawnSync(program, ["--help"]).error === undefined;
const serial = new Uint8Array(16).fill(7);

describe("the certificate", () => {
  test("is valid for every name and address that it was made for", () => {
    const { cert, key } = makeCertificate(["192.168.1.10", "broker.home"], serial);
    const parsed = new X509Certificate(cert);
    expect(parsed.checkIP("192.168.1.10")).toBe("192.168.1.10");
    expect(parsed.checkHost("broker.home")).toBe("broker.home");
    expect(parsed.checkIP("192.168.1.11")).toBeUndefined();
    expect(isValidFor(cert, "192.168.1.10")).toBe(true);
    expect(isValidFor(cert, "broker.home")).toBe(true);
    // A part of an address or of a name is another host.
    expect(isValidFor(cert, "192.168.1.1")).toBe(false);
    expect(isValidFor(cert, "broker")).toBe(false);
    expect(parsed.ca).toBe(true);
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  });

  test.runIf(has("openssl"))("is accepted by openssl", () => {
    const path = join(folder, "ca.pem");
    writeFileSync(path, makeCertificate(["192.168.1.10"], serial).cert);
    const words = ["verify", "-CAfile", path, "-verify_ip", "192.168.1.10", path];
    const { stdout, stderr } = spawnSync("openssl", words, { encoding: "utf8" });
    expect(stdout + stderr).toBe(`${path}: OK\n`);
  });
});

const rights = ["kitchen", "cellar"].flatMap(accessRights);

describe("the access list", () => {
  test.each<[string, string, boolean, boolean]>([
    // user, topic, may publish, may subscribe
    ["kitchen-device", "killswitch/kitchen/owner/status", true, false],
    ["kitchen-device", "killswitch/kitchen/provider/reply", true, false],
    ["kitchen-device", "killswitch/kitchen/availability", true, false],
    ["kitchen-device", "killswitch/kitchen/owner/command", false, true],
    ["kitchen-device", "killswitch/kitchen/+/command", false, true],
    ["kitchen-device", "killswitch/cellar/owner/status", false, false],
    ["kitchen-device", "killswitch/+/owner/command", false, false],
    ["kitchen-device", "killswitch/kitchen/#", false, false],
    ["kitchen-device", "#", false, false],
    ["kitchen-owner", "killswitch/kitchen/owner/command", true, false],
    ["kitchen-owner", "killswitch/kitchen/owner/telemetry", false, true],
    ["kitchen-owner", "killswitch/kitchen/availability", false, true],
    ["kitchen-owner", "killswitch/kitchen/provider/command", false, false],
    ["kitchen-owner", "killswitch/kitchen/+/reply", false, false],
    ["kitchen-owner", "killswitch/kitchen/#", false, false],
    ["kitchen-owner", "killswitch/kitchen/owner/#", false, false],
    ["kitchen-owner", "killswitch/kitchen/owner/+", false, false],
    ["kitchen-owner", "killswitch/cellar/owner/command", false, false],
    ["kitchen-provider", "killswitch/kitchen/owner/reply", false, false],
    ["kitchen-manufacturer", "killswitch/kitchen/manufacturer/status", false, true],
    ["kitchen-manufacturer", "killswitch/kitchen/manufacturer/telemetry", false, false],
    ["kitchen", "killswitch/kitchen/owner/command", false, false],
    ["", "killswitch/kitchen/owner/status", false, false],
  ])("of %s on %s", (user, topic, publish, subscribe) => {
    const found = [mayPublish(rights, user, topic), maySubscribe(rights, user, topic)];
    expect(found).toEqual([publish, subscribe]);
  });

  test("does not take # for a single level", () => {
    const one = [{ user: "a", access: "read", filter: "killswitch/+" }] as const;
    expect(maySubscribe(one, "a", "killswitch/+")).toBe(true);
    expect(maySubscribe(one, "a", "killswitch/#")).toBe(false);
  });

  test("lets nobody publish to a topic with a wildcard", () => {
    expect(mayPublish(rights, "kitchen-device", "killswitch/kitchen/+/status")).toBe(false);
  });

  test("takes no password of another user, and no user that is a property of every object", () => {
    const passwords = { kitchen: "secret" };
    expect(passwordFits(passwords, "kitchen", Buffer.from("secret"))).toBe(true);
    expect(passwordFits(passwords, "kitchen", Buffer.from("secreT"))).toBe(false);
    expect(passwordFits(passwords, "constructor", Buffer.from(""))).toBe(false);
  });
});

describe("the verb", () => {
  /** Starts a broker for the device `kitchen`. Returns it with the URL of a user. */
  async function started(): Promise<[Running, (user: string) => string]> {
    await startProgram(folder, "keys init --device kitchen").ended;
    const running = startProgram(folder, "broker --port 0 --host 127.0.0.1");
    undo.push(() => running.child.kill("SIGKILL"));
    await until("its hints", () => running.out.includes("send status"));
    const port = /broker on 127\.0\.0\.1:(\d+)/.exec(running.out)?.[1];
    const path = join(folder, ".killswitch/broker/passwords.json");
    const passwords = JSON.parse(readFileSync(path, "utf8"));
    return [running, (user) => `mqtts://${user}:${passwords[user]}@127.0.0.1:${port}`];
  }

  test("serves a device and its owner over TLS, and nobody else", async () => {
    const [, url] = await started();
    const env = { NODE_EXTRA_CA_CERTS: join(folder, ".killswitch/broker/ca.pem") };
    const line = (words: string) => startProgram(folder, words, { env });
    const device = line(`sim --stay --device kitchen --broker ${url("kitchen-device")}`);
    undo.push(() => device.child.kill("SIGKILL"));
    await until(`the link: ${device.err}`, () => device.out.includes("link state=up"));
    const send = "send relay.set on --as owner --device kitchen --broker";
    expect(await line(`${send} ${url("kitchen-owner")}`).ended).toMatchObject({ code: 0, err: "" });
    const wrong = url("kitchen-owner").replace(/:[^:@]+@/, ":wrong@");
    complains(await line(`${send} ${wrong}`).ended, EXIT.NETWORK, /refused the user name or pass/);
    // The device's password gives no right to command, and a provider's none to the owner's topics.
    for (const user of ["kitchen-device", "kitchen-provider"])
      expect((await line(`${send} ${url(user)}`).ended).code).not.toBe(0);
    const plain = startProgram(folder, `${send} ${url("kitchen-owner")}`);
    complains(await plain.ended, EXIT.NETWORK, /certificate/);
  });

  test.runIf(has("mosquitto_sub"))("serves mosquitto's tools, within the access list", async () => {
    const [, url] = await started();
    const ca = ["--cafile", join(folder, ".killswitch/broker/ca.pem")];
    const { username, password, port } = new URL(url("kitchen-device"));
    const common = ["-h", "127.0.0.1", "-p", port, "-u", username, "-P", password, ...ca];
    const publish = (topic: string) =>
      spawnSync("mosquitto_pub", [...common, "-q", "1", "-t", topic, "-m", "x"], {
        encoding: "utf8",
        timeout: 5000,
      });
    expect(publish("killswitch/kitchen/owner/status").status).toBe(0);
    expect(publish("killswitch/cellar/owner/status").status).not.toBe(0);
  });

  test("keeps its passwords and certificate, and hides the key from other users", async () => {
    const [first] = await started();
    const read = (name: string) => readFileSync(join(folder, ".killswitch/broker", name), "utf8");
    const before = [read("passwords.json"), read("ca.pem")];
    first.child.kill("SIGINT");
    expect((await first.ended).code).toBe(EXIT.INTERRUPTED);
    await started();
    expect([read("passwords.json"), read("ca.pem")]).toEqual(before);
    for (const name of ["key.pem", "passwords.json"])
      expect(statSync(join(folder, ".killswitch/broker", name)).mode & 0o077).toBe(0);
  });

  test("asks for a device's name when there are no keys", async () => {
    complains(
      await startProgram(folder, "broker").ended,
      EXIT.USAGE,
      /give its name with --device/,
    );
  });
});

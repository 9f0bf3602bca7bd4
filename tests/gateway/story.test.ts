/** `killswitch gateway` beside `killswitch sim`, both as processes: the switch has the last word. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { complains, startProgram } from "../cli/program.ts";
import {
  findMosquitto,
  freePort,
  rewind,
  sleep,
  startMosquitto,
  undo,
  until,
} from "../mqtt/fixture.ts";
import { ask, postRelay, startSim } from "./fixture.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-story-"));
  undo.push(() => rmSync(folder, { recursive: true }));
});
afterEach(rewind);

interface View {
  readonly state: string;
  readonly relay: boolean | null;
  readonly epoch: string | null;
}

test("a device is shown, obeys, is thrown to KILL, is unavailable; a command then is dead for good", async () => {
  const [broker, web] = [await freePort(), await freePort()];
  const stimulus = await startSim(folder, broker);
  const gateway = startProgram(folder, `gateway --broker mqtt://127.0.0.1:${broker} --port ${web}`);
  undo.push(() => gateway.child.kill("SIGKILL"));
  const url = `http://127.0.0.1:${web}`;
  await until("the gateway", () => gateway.out !== "", 20_000);
  expect(gateway.out).toBe(`gateway home: 1 devices at mqtt://127.0.0.1:${broker}, ${url}/\n`);
  let view: View = { state: "", relay: null, epoch: null };
  const look = async () => {
    view = JSON.parse((await ask(`${url}/devices/demo`)).body) as View;
  };
  const shows = async (what: string, probe: (view: View) => boolean) => {
    const end = performance.now() + 15_000;
    for (await look(); !probe(view); await look())
      if (performance.now() > end) throw new Error(`waited for ${what}: ${JSON.stringify(view)}`);
  };
  await shows("the device", ({ state, relay }) => state === "verified" && relay === false);
  const { epoch } = view;
  expect(await postRelay(url, '{"relay":true}')).toEqual({
    status: 200,
    body: '{"outcome":"executed","relay":true}\n',
  });
  await look();
  expect(view.relay).toBe(true);

  stimulus("switch kill");
  await shows("KILL", ({ state }) => state === "silent");
  expect(view.relay).toBeNull();
  const began = performance.now();
  expect(await postRelay(url, '{"relay":false}')).toMatchObject({ status: 503 });
  expect(performance.now() - began).toBeLessThan(1_000);

  stimulus("switch on");
  await shows("ON", ({ state }) => state === "verified");
  expect(view.epoch).not.toBe(epoch);
  // The relay kept its level, and keeps it: what failed is not tried again. A change would be reported at once.
  await sleep(1_500);
  await look();
  expect(view).toMatchObject({ state: "verified", relay: true });
  const { body } = await ask(`${url}/metrics`);
  expect(body).toContain('killswitch_commands_total{outcome="unavailable"} 1\n');

  gateway.child.kill("SIGTERM");
  expect((await gateway.ended).code).toBe(143);
});

test("mistakes end it with one line and an exit code", async () => {
  const run = (line: string) => startProgram(folder, `gateway ${line}`).ended;
  const nobody = `--broker mqtt://127.0.0.1:${await freePort()}`;
  complains(await run(nobody), 7, /has no usable key of provider/);
  writeFileSync(join(folder, "gateway.yaml"), "brokr: x\n");
  complains(
    await run("--config gateway.yaml"),
    7,
    /gateway\.yaml:1:1: unknown key "brokr": did you/,
  );
  await startProgram(folder, "keys init").ended;
  await startProgram(folder, "keys revoke --principal owner").ended;
  complains(await run(nobody), 8, /no server listens there/);
  writeFileSync(join(folder, "gateway.yaml"), "http: {host: 0.0.0.0}\n");
  complains(await run("--config gateway.yaml"), 2, /name a file with a token/);
  const bad = await run("--name a/b");
  expect(bad).toMatchObject({ code: 2, err: expect.stringContaining("1 to 32 characters") });
});

const mosquitto = findMosquitto();
if (mosquitto === undefined)
  console.log("NOT RUN: an access list of mosquitto: it is not installed");
test.runIf(mosquitto !== undefined)(
  "an access list that keeps the replies away is named as a possible reason, with the topics",
  async () => {
    const broker = await startMosquitto(mosquitto ?? "", (place) => {
      const list = join(place, "acl");
      const lines = [
        "topic write killswitch/demo/provider/command",
        "topic read killswitch/demo/availability",
      ];
      writeFileSync(list, `${lines.join("\n")}\ntopic write killswitch/demo/availability\n`);
      return ["allow_anonymous true", `acl_file ${list}`];
    });
    undo.push(() => broker.stop());
    const sim = startProgram(folder, `sim --broker ${broker.url}`, { stdin: 0 });
    undo.push(() => sim.child.kill("SIGKILL"));
    await until("the device", () => sim.out.includes("channel=STATUS"), 20_000);
    const gateway = startProgram(folder, `gateway --broker ${broker.url} --port 0`);
    undo.push(() => gateway.child.kill("SIGKILL"));
    await until(
      "its note",
      () => /refuses killswitch\/demo\/provider\/command or .*reply/.test(gateway.err),
      20_000,
    );
  },
);

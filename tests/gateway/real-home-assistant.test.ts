/**
 * The gateway against a real Home Assistant, which KILLSWITCH_HASS names: the program `hass` of the Python
 * package `homeassistant`, 2024.12 or later. docs/HOME_ASSISTANT.md says how to install it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { startProgram } from "../cli/program.ts";
import { freePort, rewind, sleep, undo, until } from "../mqtt/fixture.ts";
import { startSim } from "./fixture.ts";

const hass = process.env.KILLSWITCH_HASS;
if (hass === undefined)
  console.log("NOT RUN: a real Home Assistant: set KILLSWITCH_HASS to the program hass");
afterEach(rewind);

/** A configuration folder: HTTP on a port, and the MQTT integration on a broker. */
function configure(folder: string, port: number, broker: number): void {
  const lines = [
    "api:",
    "onboarding:",
    "http:",
    "  server_host: 127.0.0.1",
    `  server_port: ${port}`,
  ];
  mkdirSync(join(folder, ".storage"), { recursive: true });
  writeFileSync(join(folder, "configuration.yaml"), `${lines.join("\n")}\n`);
  const at = "2026-01-01T00:00:00+00:00";
  const entry = {
    ...{ created_at: at, modified_at: at, data: { broker: "127.0.0.1", port: broker } },
    ...{ disabled_by: null, discovery_keys: {}, domain: "mqtt", entry_id: "killswitch-test" },
    ...{ minor_version: 2, options: {}, pref_disable_new_entities: false },
    ...{ pref_disable_polling: false, source: "user", subentries: [], title: "broker" },
    ...{ unique_id: null, version: 1 },
  };
  const entries = {
    version: 1,
    minor_version: 5,
    key: "core.config_entries",
    data: { entries: [entry] },
  };
  writeFileSync(join(folder, ".storage", "core.config_entries"), JSON.stringify(entries));
}

/** Its REST API, after its first user was made. */
async function onboard(url: string): Promise<(path: string, body?: object) => Promise<unknown>> {
  const client = `${url}/`;
  const user = { client_id: client, name: "t", username: "t", password: "t", language: "en" };
  const made = await fetch(`${url}/api/onboarding/users`, {
    method: "POST",
    body: JSON.stringify(user),
  });
  const { auth_code: code } = (await made.json()) as { auth_code: string };
  const form = new URLSearchParams({ grant_type: "authorization_code", code, client_id: client });
  const granted = await fetch(`${url}/auth/token`, { method: "POST", body: form });
  const { access_token: token } = (await granted.json()) as { access_token: string };
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  return async (path, body) => {
    const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    return (await fetch(`${url}/api/${path}`, { headers, ...sent })).json();
  };
}

type States = Record<string, string>;

test.runIf(hass !== undefined)(
  "a real Home Assistant shows the device, works its relay, and sees it go",
  { timeout: 300_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "killswitch-hass-"));
    undo.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    const [broker, port, web] = [await freePort(), await freePort(), await freePort()];
    const sim = await startSim(folder, broker);
    const gateway = startProgram(
      folder,
      `gateway --broker mqtt://127.0.0.1:${broker} --port ${web} --home-assistant`,
    );
    undo.push(() => gateway.child.kill());
    await until("the gateway", () => gateway.out !== "", 20_000);
    configure(join(folder, "hass"), port, broker);
    const log = startHass(hass ?? "", join(folder, "hass"));
    const url = `http://127.0.0.1:${port}`;
    await untilAsync(
      "Home Assistant",
      () => fetch(`${url}/api/onboarding`).then(({ ok }) => ok),
      120_000,
    );
    const api = await onboard(url);
    const states = async () => {
      const all = (await api("states")) as { entity_id: string; state: string }[];
      return Object.fromEntries(
        all
          .filter(({ entity_id }) => entity_id.includes(".demo_"))
          .map((one) => [one.entity_id, one.state]),
      ) as States;
    };
    const shows = (what: string, expected: States) =>
      untilAsync(`${what}; ${log()}`, async () => {
        const now = await states();
        return Object.entries(expected).every(([id, state]) => now[id] === state);
      });
    await shows("the entities", {
      "switch.demo_relay": "off",
      "sensor.demo_temperature": "21.5",
      "binary_sensor.demo_connectivity": "on",
      "binary_sensor.demo_hold": "off",
      "binary_sensor.demo_fault": "off",
      "event.demo_event": "unknown",
      "sensor.demo_refused_commands": "0",
    });
    const found = await states();
    expect(Object.keys(found)).toHaveLength(9);
    expect(found["sensor.demo_epoch"]).toMatch(/^[0-9a-f]{16}$/);
    expect(Date.now() - Date.parse(found["sensor.demo_last_seen"] ?? "")).toBeLessThan(120_000);

    const turn = (level: string) =>
      api(`services/switch/turn_${level}`, { entity_id: "switch.demo_relay" });
    await turn("on");
    await shows("the relay", { "switch.demo_relay": "on" });
    sim("button");
    await shows("the hold", { "switch.demo_relay": "off", "binary_sensor.demo_hold": "on" });
    await turn("on");
    await shows("the refusal", { "sensor.demo_refused_commands": "1", "switch.demo_relay": "off" });
    const event = (await api("states/event.demo_event")) as { attributes: { event_type: string } };
    expect(event.attributes.event_type).toBe("REFUSED");

    sim("switch kill");
    await shows("it to go", {
      "switch.demo_relay": "unavailable",
      "sensor.demo_temperature": "unavailable",
      "binary_sensor.demo_connectivity": "off",
    });
    await turn("on");
    sim("switch on");
    await shows("it to come back, with the relay as it was", {
      "switch.demo_relay": "off",
      "binary_sensor.demo_connectivity": "on",
    });

    gateway.child.kill("SIGKILL");
    await shows("the gateway to be gone", { "switch.demo_relay": "unavailable" });
    await startProgram(folder, `gateway --broker mqtt://127.0.0.1:${broker} --forget demo`).ended;
    await untilAsync("nothing to be left", async () => Object.keys(await states()).length === 0);
    expect(log()).not.toMatch(/(ERROR|WARNING).*mqtt/);
  },
);

function startHass(program: string, folder: string): () => string {
  const path = `${dirname(program)}:${process.env.PATH ?? ""}`;
  const child: ChildProcess = spawn(program, ["-c", folder], {
    env: { ...process.env, PATH: path, VIRTUAL_ENV: dirname(dirname(program)) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk) => {
      text += chunk;
    });
  undo.push(() => {
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    return ended;
  });
  return () => text;
}

async function untilAsync(what: string, probe: () => Promise<boolean>, ms = 20_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await probe().catch(() => false))) {
    if (performance.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await sleep(100);
  }
}

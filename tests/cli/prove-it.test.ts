/** The recipe of docs/PROVE_IT.md, section 1, run as it is printed: a simulated device, mosquitto and its tools. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../host-sim/base/paths.ts";
import { findMosquitto, rewind, startMosquitto, undo, until } from "../mqtt/fixture.ts";
import { startProgram } from "./program.ts";

const root = packageRoot();
const mosquitto = findMosquitto();
const tools = ["mosquitto_sub", "mosquitto_pub", "xxd"].filter(
  (tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0,
);
const reason = mosquitto === undefined ? "mosquitto is not installed" : tools.join(", ");
if (reason !== "") process.stderr.write(`NOT RUN the recipe of PROVE_IT: missing: ${reason}\n`);

/** The commands of the section, by order. */
function recipe(port: number): string[] {
  const page = readFileSync(join(root, "docs", "PROVE_IT.md"), "utf8");
  const section = page.slice(page.indexOf("\n## 1."), page.indexOf("\n## 2."));
  return [...section.matchAll(/^ *\$ (.+)$/gm)].map(([, line = ""]) =>
    line
      .replace("mqtt://BROKER", `mqtt://127.0.0.1:${port}`)
      .replace("-h BROKER", `-h 127.0.0.1 -p ${port}`)
      .replaceAll("DEVICE", "demo")
      .replace("./killswitch", join(root, "killswitch")),
  );
}

test.runIf(reason === "")("shows silence at KILL, and that an old command is refused", async () => {
  const folder = mkdtempSync(join(tmpdir(), "killswitch-recipe-"));
  const broker = await startMosquitto(mosquitto ?? "");
  undo.push(() => broker.stop());
  const [record = "", send = "", topic = "", bytes = "", off = "", retain = "", clear = ""] =
    recipe(Number(new URL(broker.url).port));
  const sh = (line: string) => {
    const { status, stderr } = spawnSync("sh", ["-c", line], { cwd: folder, encoding: "utf8" });
    expect(status, `${line}: ${stderr}`).toBe(0);
  };
  const device = startProgram(folder, `sim --broker ${broker.url}`, { keepInput: true });
  undo.push(() => device.child.kill("SIGKILL"));
  const count = (text: string) => device.out.split(text).length - 1;
  await until("the link", () => device.out.includes("link state=up"));
  sh(`${record.replace(/ &$/, "")} 2>/dev/null & echo $! > pid`);
  undo.push(() => process.kill(Number(readFileSync(join(folder, "pid"), "utf8"))));
  await until("the recorder", () => readFileSync(join(folder, "messages.txt"), "utf8") !== "");
  sh(send);
  for (const line of [topic, bytes]) sh(line);
  await until("the control", () => count("gpio pin=RELAY level=1") === 1);
  sh(off);
  device.child.stdin?.write("switch kill\n");
  const messages = () => readFileSync(join(folder, "messages.txt"), "utf8").trim().split("\n");
  await until("the last will", () => messages().at(-1)?.endsWith("6f66666c696e65") === true);
  const before = messages().length;
  await new Promise((done) => setTimeout(done, 300));
  expect(messages().length).toBe(before);
  sh(retain);
  device.child.stdin?.write("switch on\n");
  await until("the refusal", () => device.out.includes("mark name=STALE_EPOCH"));
  expect(count("gpio pin=RELAY level=1")).toBe(1);
  sh(clear);
  await rewind();
  rmSync(folder, { recursive: true });
});

/** The gateway's page in a real Chromium, at the width of a phone and of a desk, over its debugging pipe. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { CODE, OP } from "../../host-sim/abi/abi.gen.ts";
import { rewind, sleep, startEmbedded, statusData, undo, until } from "../mqtt/fixture.ts";
import { addHttp, makeGateway, startFake } from "./fixture.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) =>
  existsSync(path),
);
if (CHROMIUM === undefined)
  console.log(
    "NOT RUN: the page in a browser: chromium is not installed (apt-get install chromium)",
  );
afterEach(rewind);

/** A tab of a headless Chromium. */
class Tab {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (result: Record<string, unknown>) => void>();
  #session = "";
  #last = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    let text = "";
    (child.stdio[4] as Readable).on("data", (chunk: Buffer) => {
      const parts = (text + chunk.toString()).split("\0");
      text = parts.pop() ?? "";
      for (const part of parts) {
        const { id, result, error } = JSON.parse(part);
        this.#waiting.get(id)?.(result ?? { error });
      }
    });
  }

  static async open(program: string): Promise<Tab> {
    const folder = mkdtempSync(join(tmpdir(), "killswitch-chromium-"));
    undo.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20 }));
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"];
    const child = spawn(program, [...flags, `--user-data-dir=${folder}`], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
      detached: true,
    });
    undo.push(() => {
      const ended = new Promise((done) => child.once("exit", done));
      // The whole group: Chromium's helper processes go on writing to the folder after the first one ends.
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      return ended;
    });
    const tab = new Tab(child);
    const { targetId } = await tab.call("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await tab.call("Target.attachToTarget", { targetId, flatten: true });
    tab.#session = String(sessionId);
    return tab;
  }

  async call(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#last;
    const session = this.#session === "" ? {} : { sessionId: this.#session };
    const answered = new Promise<Record<string, unknown>>((done) => this.#waiting.set(id, done));
    (this.#child.stdio[3] as Writable).write(
      `${JSON.stringify({ id, method, params, ...session })}\0`,
    );
    const late = sleep(20_000).then(() => {
      throw new Error(`chromium did not answer ${method} within 20 s`);
    });
    return Promise.race([answered, late]);
  }

  /** The value of an expression in the page. */
  async value(expression: string): Promise<unknown> {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result } = (await this.call("Runtime.evaluate", params)) as {
      result?: { value?: unknown };
    };
    return result?.value;
  }

  async shows(what: string, expression: string): Promise<void> {
    const end = performance.now() + 15_000;
    while ((await this.value(expression)) !== true) {
      if (performance.now() > end)
        throw new Error(`waited for ${what}: ${await this.value("document.body.innerText")}`);
      await sleep(50);
    }
  }
}

test.runIf(CHROMIUM !== undefined).each([
  [390, 800],
  [1280, 800],
])(
  "%d pixels wide: shows the device, a click works the relay, and it shows the device go",
  async (width, height) => {
    const broker = await startEmbedded();
    undo.push(() => broker.stop());
    const fake = await startFake(broker.url);
    let relay = false;
    fake.respond = (_, op, args) => {
      if (op === OP.RELAY_SET) relay = args.get(1) === true;
      if (op !== OP.STATUS) return [CODE.OK, new Map([[1, op === OP.RELAY_SET ? relay : 215]])];
      return [CODE.OK, statusData(1, new Uint8Array(32)).set(1, relay)];
    };
    const { gateway } = makeGateway(broker.url);
    const url = await addHttp(gateway);
    await gateway.start();
    await until("the device", () => gateway.devices.get("demo")?.verified);
    const tab = await Tab.open(CHROMIUM ?? "");
    const mobile = width < 500;
    await tab.call("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      mobile,
      deviceScaleFactor: 1,
    });
    await tab.call("Page.navigate", { url: `${url}/` });
    const row = (name: string, value: string) =>
      `[...document.querySelectorAll("dt")].some((one) => one.innerText === "${name}" && one.nextElementSibling.innerText === "${value}")`;
    await tab.shows("the device", row("relay", "off"));
    // The text is there before the style sheet is.
    await tab.shows("the whole page", 'document.readyState === "complete"');
    expect(await tab.value("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    expect(await tab.value('getComputedStyle(document.querySelector("main")).display')).toBe(
      "grid",
    );
    await tab.value('document.querySelector("button[data-relay=true]").click()');
    await tab.shows("the relay", row("relay", "on"));
    expect(relay).toBe(true);
    await tab.shows(
      "what became of it",
      'document.querySelector("output").innerText === "executed"',
    );
    fake.client.publish("killswitch/demo/availability", "offline", { retain: true });
    await tab.shows("it to go", row("relay", "unknown"));
    await tab.value('document.querySelector("button[data-relay=false]").click()');
    await tab.shows(
      "the refusal",
      'document.querySelector("output").innerText.startsWith("unavailable: ")',
    );
    expect(relay).toBe(true);
  },
);

/** The verb `keys` as a process: what it writes, prints and refuses. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadKeys } from "../../host-sim/controller/keys.ts";
import { complains, startProgram } from "./program.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-keys-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const run = (line: string) => startProgram(folder, line, {}).ended;

describe("keys", () => {
  test("are created once, listed, exported and revoked", async () => {
    expect(await run("keys init")).toMatchObject({ code: 0, err: "" });
    const path = join(folder, ".killswitch", "keys", "demo.json");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    complains(await run("keys init"), 7, /demo\.json exists, and keys are never overwritten/);
    expect((await run("keys init --device other")).code).toBe(0);
    expect((await run("keys list")).out).toBe(
      "demo: owner provider manufacturer\nother: owner provider manufacturer\n",
    );
    const { out } = await run("keys export --principal owner");
    const exported = JSON.parse(out);
    const owner = loadKeys(join(folder, ".killswitch", "keys"), "demo").get("owner");
    expect(Buffer.from(exported.k, "base64url")).toEqual(Buffer.from(owner ?? []));
    expect((await run("keys revoke --principal provider")).code).toBe(0);
    complains(await run("keys revoke --principal provider"), 7, /provider: it was revoked/);
    complains(await run("keys export --principal provider"), 7, /it was revoked/);
    // Detected before a connection to the broker.
    complains(await run("send status --as provider"), 7, /it was revoked/);
    const [listed] = (await run("keys list --json")).out.split("\n");
    expect(JSON.parse(listed ?? "")).toEqual({
      device: "demo",
      keys: ["owner", "manufacturer"],
    });
  });

  test("that are missing or corrupt are reported with the fix", async () => {
    complains(
      await run("send status --as owner"),
      7,
      /demo\.json does not exist: create it with \S*killswitch keys init/,
    );
    await run("keys init --keys k");
    writeFileSync(join(folder, "k", "demo.json"), "{");
    complains(
      await run("watch --keys k"),
      7,
      /k\/demo\.json is not a key file \(not JSON\): restore/,
    );
  });
});

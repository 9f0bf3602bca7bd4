/** docs/PROTOCOL.md: its bytes are those of the shipped code, and an independent library decodes them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Headers, Mac0, MacAlgorithms } from "@auth0/cose";
import { describe, expect, test } from "vitest";
import { OP_WIRES, PRINCIPAL_KIDS } from "../../host-sim/abi/abi.gen.ts";
import { deriveKeys } from "../../host-sim/base/derived-keys.ts";
import { packageRoot } from "../../host-sim/base/paths.ts";
import { accessList } from "../../host-sim/controller/access-list.ts";
import { decodeCbor } from "../../host-sim/controller/cose.ts";
import { isPermitted } from "../../host-sim/controller/permissions.ts";
import { examples, SECRETS } from "./protocol-examples.ts";

const page = readFileSync(join(packageRoot(), "docs", "PROTOCOL.md"), "utf8");
const blocks = [...page.matchAll(/^```hex\n([0-9a-f\n]+)\n```$/gm)].map(([, text = ""]) =>
  text.replaceAll("\n", ""),
);
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const keysOf = (kid: "owner" | "provider") =>
  deriveKeys(kid, SECRETS[PRINCIPAL_KIDS.indexOf(kid)] ?? new Uint8Array());

/** By the names of examples(), in the order of the page: who signs, and the payload that it states. */
const ORDER = ["status", "question", "answer", "command", "reply", "replay", "telemetry"] as const;
const SIGNED: Record<(typeof ORDER)[number], Uint8Array> = {
  status: keysOf("provider").reply,
  question: keysOf("owner").command,
  answer: keysOf("owner").reply,
  command: keysOf("owner").command,
  reply: keysOf("owner").reply,
  replay: keysOf("owner").reply,
  telemetry: keysOf("owner").reply,
};

/** Writes a decoded item in the diagnostic notation of the page (RFC 8949, section 8). */
function diagnostic(item: unknown): string {
  if (item instanceof Uint8Array) return `h'${toHex(item)}'`;
  if (Array.isArray(item)) return `[${item.map(diagnostic).join(", ")}]`;
  if (!(item instanceof Map)) return String(item);
  const entries = [...item].map(([key, value]) => `${key}: ${diagnostic(value)}`);
  return `{${entries.join(", ")}}`;
}

describe("the bytes in docs/PROTOCOL.md", () => {
  test("are those that the controller and the shipped device send", () => {
    const sent = examples();
    expect(blocks).toEqual(ORDER.map((name) => toHex(sent.get(name) ?? new Uint8Array())));
  });

  test.each(ORDER)("are decoded and verified by @auth0/cose: %s", async (name) => {
    const bytes = Buffer.from(blocks[ORDER.indexOf(name)] ?? "", "hex");
    const mac0 = Mac0.decode(bytes);
    await mac0.verify(SIGNED[name], { algorithms: [MacAlgorithms.HS256] });
    const kid = mac0.unprotectedHeaders.get(Headers.KeyID) as Uint8Array;
    expect(Buffer.from(kid).toString()).toBe(name === "status" ? "provider" : "owner");
    const payload = decodeCbor(new Uint8Array(mac0.payload));
    if (name !== "question") expect(page).toContain(`\`${diagnostic(payload)}\``);
    for (const key of Object.values(SIGNED).filter((other) => other !== SIGNED[name])) {
      if (toHex(key) === toHex(SIGNED[name])) continue;
      await expect(mac0.verify(key, { algorithms: [MacAlgorithms.HS256] })).rejects.toThrow();
    }
  });

  test("include the derived keys", () => {
    for (const key of [keysOf("owner").command, keysOf("owner").reply, keysOf("provider").reply])
      expect(page).toContain(`\`${toHex(key)}\``);
  });
});

test("the table of rights in docs/PROTOCOL.md is the one that the controller uses", () => {
  for (const [op, wire] of OP_WIRES.entries()) {
    const row = page.split("\n").find((line) => line.startsWith(`| \`${wire}\` |`)) ?? "";
    const cells = row.split("|").slice(-4, -1);
    const rights = PRINCIPAL_KIDS.map((_, principal) =>
      isPermitted(principal, op) ? "yes" : "no",
    );
    expect(
      cells.map((cell) => cell.trim()),
      wire,
    ).toEqual(rights);
  }
});

test("the access list in docs/PROTOCOL.md is the one that is generated", () => {
  expect(page).toContain(`\`\`\`text\n${accessList("demo").join("\n")}\n\`\`\``);
});

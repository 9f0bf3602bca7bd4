/** Compares the permission table of the TypeScript side with what the shipped device does, and with docs/PROTOCOL.md. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { OP, OP_WIRES, PRINCIPAL, PRINCIPAL_KIDS } from "../../host-sim/abi/abi.gen.ts";
import { packageRoot } from "../../host-sim/base/paths.ts";
import { isPermitted } from "../../host-sim/controller/permissions.ts";
import type { Send } from "../../host-sim/scenario/grammar.ts";
import { runData, trouble } from "../scenario/support.ts";

/** Arguments that the device accepts, for the operations that need any. */
const ARGUMENTS: Readonly<Record<number, string>> = {
  [OP.RELAY_SET]: " on",
  [OP.CONFIG_SET]: " hold=5",
  [OP.JOURNAL_READ]: " 0 1 local",
};

const COMMANDERS = [PRINCIPAL.OWNER, PRINCIPAL.PROVIDER, PRINCIPAL.MANUFACTURER];

const cells = COMMANDERS.flatMap((principal) =>
  Object.values(OP).map((op) => {
    const as = PRINCIPAL_KIDS[principal] as Send["as"];
    return [as, `${OP_WIRES[op]}${ARGUMENTS[op] ?? ""}`, isPermitted(principal, op)] as const;
  }),
);

test.each(cells)(
  "the device answers %s's command %s as the table says: permitted %s",
  async (as, op, permitted) => {
    const outcome = await runData({
      name: "permission",
      about: "one cell of the permission table",
      start: { switch: "on" },
      steps: [{ wait: "200ms" }, { send: { as, op, reply: permitted ? "OK" : "FORBIDDEN" } }],
    });
    expect(trouble(outcome)).toBe("");
  },
);

test("docs/PROTOCOL.md has the same table", () => {
  const page = readFileSync(join(packageRoot(), "docs", "PROTOCOL.md"), "utf8");
  const rows = [...page.matchAll(/^\| `([a-z.]+)` \|.*\| (yes|no) \| (yes|no) \| (yes|no) \|$/gm)];
  const found = rows.map(([, wire = "", ...rights]) => [
    wire,
    rights.map((word) => word === "yes"),
  ]);
  const wanted = OP_WIRES.map((wire, op) => [
    wire,
    COMMANDERS.map((each) => isPermitted(each, op)),
  ]);
  expect(found).toEqual(wanted);
});

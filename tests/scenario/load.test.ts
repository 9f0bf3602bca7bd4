/** Bad scenario files: each error names file, line and column, and what is allowed. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { BOOT_NAMES, CODE_NAMES, PHASE_NAMES, PRINCIPAL_KIDS } from "../../host-sim/abi/abi.gen.ts";
import { EXIT, UserError } from "../../host-sim/base/errors.ts";
import { scenarioFolder, scenarioPaths } from "../../host-sim/scenario/files.ts";
import { durationMs } from "../../host-sim/scenario/grammar.ts";
import { guestBytes } from "../../host-sim/scenario/guest.ts";
import { loadScenario, parseScenario } from "../../host-sim/scenario/load.ts";
import schema from "../../host-sim/scenario/schema.json" with { type: "json" };
import { FAULTS } from "../../host-sim/sim/virtual-board.ts";

const HEAD = "name: x\nabout: X.\nstart: { switch: on }\n";

/** The error message for a text; "" if it is valid. */
function errorOf(text: string): string {
  try {
    parseScenario(text, "x.yaml");
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(error.exitCode).toBe(EXIT.BAD_FILE);
    expect(error.message).not.toContain("\n");
    return error.message;
  }
  return "";
}

test.for([
  ["steps:\n  - wiat: 2s\n", /^x\.yaml:5:5: unknown key "wiat": did you mean "wait"\?/],
  ["steps:\n  - wait: 2 s\n", /^x\.yaml:5:11: "2 s" is not a time like 200ms/],
  ["steps:\n  - wait: 200\n", /^x\.yaml:5:11: 200 must be of type string/],
  ["steps:\n  - switch: off\n", /^x\.yaml:5:13: "off" is not allowed here.* use one of on, kill/i],
  ["steps:\n  - fault: { set: broken-now }\n", /^x\.yaml:5:19: .*did you mean "broken-no"\?/],
  ["steps:\n  - expect: { phase: live }\n", /^x\.yaml:5:22: .*did you mean "LIVE"\?/],
  ["steps:\n  - send: { as: owner, op: relay.sat on }\n", /^x\.yaml:5:28: operation "relay\.sat"/],
  ["steps:\n  - send: { as: owner, op: relay.set up }\n", /^x\.yaml:5:28: argument "up"/],
  ["steps:\n  - send: { as: me, op: status }\n", /^x\.yaml:5:17: "me" is not allowed.* owner/],
  ["steps:\n  - send: { as: owner }\n", /^x\.yaml:5:11: "op" is missing/],
  ["steps:\n  - send: { as: owner, op: status, seq: first }\n", /5:41: "first" is not next, last/],
  ["steps:\n  - replay: { message: lost }\n", /^x\.yaml:5:13: no earlier step saves "lost"/],
  ["steps:\n  - wait: 2s\n    switch: kill\n", /^x\.yaml:5:5: two actions in one step/],
  ["steps:\n  - {}\n", /^x\.yaml:5:5: \{\} is empty: use one of wait, /],
  ["steps: []\n", /^x\.yaml:4:8: /],
  [
    "steps:\n  - repeat: { times: 2, steps: [{ wiat: 1s }] }\n",
    /^x\.yaml:5:35: unknown key "wiat"/,
  ],
  ["steps:\n  - repeat: { times: 0, steps: [{ wait: 1s }] }\n", /^x\.yaml:5:22: 0 must be >= 1/],
  ["seed: -1\nsteps:\n  - wait: 2s\n", /^x\.yaml:4:7: -1 must be >= 0/],
  ["step:\n  - wait: 2s\n", /^x\.yaml:1:1: "steps" is missing/],
  ["steps:\n  - wait: 2s\n  - wait: 2s\n   - wait: 2s\n", /^x\.yaml:\d+:\d+: /],
  ["steps:\n  - wait: 1s\n  - *nowhere\n", /^x\.yaml:6:5: /],
] as [string, RegExp][])("refuses the steps %j", ([text, wanted]) => {
  expect(errorOf(HEAD + text)).toMatch(wanted);
});

test.for([
  ["", /^x\.yaml:1:1: the file is empty$/],
  ["name: x\n", /^x\.yaml:1:1: "about" is missing/],
  ["- 1\n", /^x\.yaml:1:1: \[1\] must be of type object/],
  ["name: x\nname: y\n", /^x\.yaml:2:1: /],
  ["\u0000\u0001", /^x\.yaml:1:1: /],
  [`${HEAD.replace("on }", "on, board: esp23 }")}steps: [{ wait: 1s }]\n`, /3:8: board "esp23"/],
] as [string, RegExp][])("refuses the file %j", ([text, wanted]) => {
  expect(errorOf(text)).toMatch(wanted);
});

test("reads a valid file and records the place of each step", () => {
  const steps = "steps:\n  - wait: 2s\n  - repeat: { times: 2, steps: [{ wait: 1s }] }\n";
  const { scenario, places } = parseScenario(HEAD + steps, "x.yaml");
  expect([...places.values()]).toEqual(["x.yaml:5:5", "x.yaml:6:5", "x.yaml:6:33"]);
  expect(scenario.steps[0]).toEqual({ wait: "2s" });
});

test("gives a scenario or a UserError for a file truncated anywhere", () => {
  const path = `${scenarioFolder()}/hold-against-remote.yaml`;
  const text = readFileSync(path, "utf8");
  for (let end = 0; end < text.length; end += 7) errorOf(text.slice(0, end));
});

test("the schema has the same names as the code", () => {
  const { definitions } = schema;
  const { send, expect: state } = definitions.step.properties;
  expect(definitions.fault.enum).toEqual(Object.keys(FAULTS));
  expect(definitions.reply.enum).toEqual(["none", ...CODE_NAMES]);
  expect(state.properties.phase.enum).toEqual(PHASE_NAMES);
  expect(state.properties.boot.enum).toEqual(["none", ...BOOT_NAMES]);
  expect(send.properties.as.enum).toEqual(PRINCIPAL_KIDS.slice(0, 3));
});

test("reads durations in ms, s, m and h", () => {
  expect(["7ms", "2s", "3m", "1h"].map(durationMs)).toEqual([7, 2000, 180_000, 3_600_000]);
});

test("names missing files and folders", () => {
  expect(() => loadScenario("nowhere.yaml")).toThrow("scenario nowhere.yaml does not exist");
  expect(() => scenarioPaths("nowhere/*.yaml")).toThrow("folder nowhere does not exist");
  expect(() => scenarioPaths("host-sim/scenario/*.yaml")).toThrow("no scenario file found");
  expect(scenarioPaths("tests/scenarios/boot-*.yaml")).toEqual([
    "tests/scenarios/boot-at-kill.yaml",
    "tests/scenarios/boot-at-on.yaml",
  ]);
});

test("refuses a guest file that does not exist", async () => {
  await expect(guestBytes("tests/scenarios/mutants.wat")).rejects.toThrow(UserError);
  await expect(guestBytes("nowhere.wasm")).rejects.toThrow(UserError);
});

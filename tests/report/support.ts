/** Reports of scenarios for the tests of what is written about them. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { parseScenario, type ScenarioFile } from "../../host-sim/scenario/load.ts";
import type { Report } from "../../host-sim/scenario/report.ts";
import { runData } from "../scenario/support.ts";

/** Text with what HTML, XML, a terminal and a dump's `$end` would obey. */
export const HOSTILE = `<script>"&' ]]> $end \u001b[31m\u0007\u202e\ufffe`;

/** The scenario file of one that waits and then checks for `pattern` in the trace. */
export function fileWith(pattern: string, about = "Waits."): ScenarioFile {
  const steps = [{ wait: "200ms" }, { trace: { has: pattern } }];
  const scenario = { name: "waits", about, start: { switch: "on" }, steps };
  return parseScenario(JSON.stringify(scenario), "some/folder/waits.yaml");
}

export async function reportOf(file: ScenarioFile, more: Partial<Report> = {}): Promise<Report> {
  const outcome = await runData(file.scenario);
  const rest = { target: "sim", seed: 1, guest: undefined, wallMs: 1250, repeated: false };
  return { file, outcome, ...rest, ...more };
}

/** Reports of a run that passes, one that fails with hostile text, and one that is not run. */
export async function threeReports(): Promise<Report[]> {
  const passed = await reportOf(fileWith("boot reason=POWER_ON"));
  const failed = await reportOf(fileWith(HOSTILE, HOSTILE));
  const { outcome } = passed;
  const reason = `no wire ${HOSTILE}`;
  return [passed, failed, { ...passed, outcome: { ...outcome, status: "not-run", reason } }];
}

/** Whether a program is installed. Prints NOT RUN otherwise. */
export function installed(program: string, what: string, debian: string): boolean {
  if (spawnSync(program, ["--version"]).error === undefined) return true;
  console.log(`NOT RUN: ${what}: ${program} is not installed (apt-get install ${debian})`);
  return false;
}

/** A folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "killswitch-report-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  return folder;
}

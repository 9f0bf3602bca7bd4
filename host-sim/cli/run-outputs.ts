/**
 * The files that `killswitch run` writes: traces, JUnit XML, waveforms and the HTML report. They are
 * checked before the first scenario runs.
 */
import { mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { EXIT, UserError } from "../base/errors.ts";
import { checkOutputFile, checkOutputFolder, writeOutput, writeTrouble } from "../base/outputs.ts";
import { packageRoot, versionOf } from "../base/paths.ts";
import { reportHtml } from "../report/html.ts";
import { junitXml } from "../report/junit.ts";
import { vcdText } from "../report/vcd.ts";
import { wavesOf } from "../report/waves.ts";
import { type Report, titleOf } from "../scenario/report.ts";

export interface Outputs {
  readonly trace?: string;
  readonly junit?: string;
  readonly vcd?: string;
  readonly html?: string;
}

/** Whether `--vcd` names a folder: one that exists, or a path that ends in a slash. */
function isFolder(path: string): boolean {
  return /[\\/]$/.test(path) || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Throws a UserError if an output of `runs` runs could not be written. */
export function checkOutputs({ trace, junit, vcd, html }: Outputs, runs: number): void {
  for (const path of [trace, junit, html]) checkOutputFile(path);
  const named = [trace, junit, html, vcd].flatMap((path) => (path === undefined ? [] : [path]));
  const twice = named.find((path, index) =>
    named.slice(0, index).some((other) => resolve(other) === resolve(path)),
  );
  if (twice !== undefined) {
    throw new UserError(`${twice} is named for two outputs: name a file for each`, EXIT.USAGE);
  }
  if (vcd !== undefined) checkWaveforms(vcd, runs);
}

/** One run goes to a file; several need a folder, because a dump holds one run. */
function checkWaveforms(vcd: string, runs: number): void {
  let folder: boolean;
  try {
    folder = isFolder(vcd);
    if (folder) checkOutputFolder(resolve(vcd));
  } catch (error) {
    throw error instanceof UserError ? error : writeTrouble(vcd, error);
  }
  if (folder) return;
  if (runs === 1) checkOutputFile(vcd);
  else {
    throw new UserError(
      `--vcd ${vcd} names one file, and ${runs} runs need one each: name a folder (--vcd ${vcd}/), or choose one scenario`,
      EXIT.USAGE,
    );
  }
}

/** All traces, each under a heading. */
function traces(reports: readonly Report[]): string {
  const lines = reports.flatMap(({ file, seed, target, outcome }) => [
    `# ${file.scenario.name} --target ${target} --seed ${seed}`,
    ...outcome.trace.texts(),
  ]);
  return `${lines.join("\n")}\n`;
}

function version(): string {
  return versionOf(join(packageRoot(), "package.json"));
}

function waveforms({ file, outcome, target, seed }: Report): string {
  const { name, about } = file.scenario;
  const comment = [`scenario ${name}, target ${target}, seed ${seed}`, about];
  const waves = wavesOf(outcome.trace.lines);
  return vcdText(waves, { comment, endMs: outcome.virtualMs, version: version() });
}

/** Writes one file for each run. A run that did not take place has no waveform. */
function writeWaveforms(path: string, reports: readonly Report[]): void {
  const ran = reports.filter(({ outcome }) => outcome.status !== "not-run");
  if (!isFolder(path)) {
    for (const report of ran) writeOutput(path, waveforms(report));
    return;
  }
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw writeTrouble(path, error);
  }
  const used = new Map<string, number>();
  for (const report of ran) {
    const title = titleOf(report).replaceAll(" ", "-");
    const times = (used.get(title) ?? 0) + 1;
    used.set(title, times);
    // Scenarios in two folders may have the same name.
    writeOutput(join(path, `${title}${times > 1 ? `.${times}` : ""}.vcd`), waveforms(report));
  }
}

/** Writes what was asked for. `started`: when the first run began, in ms since 1970. */
export function writeOutputs(
  { trace, junit, vcd, html }: Outputs,
  reports: readonly Report[],
  started: number,
): void {
  if (trace !== undefined) writeOutput(trace, traces(reports));
  if (junit !== undefined) writeOutput(junit, junitXml(reports, started));
  if (html !== undefined) writeOutput(html, reportHtml(reports, version()));
  if (vcd !== undefined) writeWaveforms(vcd, reports);
}

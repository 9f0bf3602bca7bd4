/**
 * The outcome of a run as one HTML page with a waveform for each scenario. The page loads nothing and
 * runs no script; its Content-Security-Policy forbids both.
 */
import { shownLines } from "../base/shown-text.ts";
import { escapeText } from "../base/svg.ts";
import { placeOf, type Report, reproduction, summaryOf, titleOf } from "../scenario/report.ts";
import { waveDrawing } from "./wave-drawing.ts";
import { wavesOf } from "./waves.ts";

/** Trace lines of a scenario that the page holds: the last ones. */
const TRACE_LINES_MAX = 400;

const STYLE = `
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
pre, .wave { overflow-x: auto; border: 1px solid #8888; border-radius: 4px; }
pre { padding: .5rem; font-size: .85rem; }
.wave { background: #fff; }
.word { font-weight: bold; padding: 0 .5rem; border: 2px solid; border-radius: 4px; }
dt { font-weight: bold; }
nav li { margin: .25rem 0; }
`;

const WORDS = { passed: "PASS", failed: "FAIL", "not-run": "NOT RUN" } as const;

function shown(text: string): string {
  return escapeText(shownLines(text));
}

function factsOf(report: Report): [string, string][] {
  const { outcome, target, seed, file } = report;
  const run: [string, string][] = [
    ["Target", target],
    ["Seed", String(seed)],
    ["File", file.path],
    ...(outcome.notes ?? []).map((note): [string, string] => ["Note", note]),
  ];
  if (outcome.status === "not-run") return [["Reason", outcome.reason], ...run];
  const lasted: [string, string][] = [["Ended at", `${outcome.virtualMs} ms on the board's clock`]];
  if (outcome.status === "passed") return [...run, ...lasted];
  const { expected, found } = outcome.failure;
  return [
    ["At", placeOf(report)],
    ["Expected", expected],
    ["Found", found],
    ["Again", reproduction(report)],
    ...run,
    ...lasted,
  ];
}

function traceHtml(report: Report): string[] {
  const { trace } = report.outcome;
  const all = trace.lines.length;
  const held = Math.min(all, TRACE_LINES_MAX);
  const which = held < all ? `the last ${held} of ${all} lines` : `${all} lines`;
  return [
    `<details><summary>Trace, ${which}</summary>`,
    `<pre tabindex="0">${shown(trace.texts(held).join("\n"))}</pre></details>`,
  ];
}

function waveHtml(report: Report): string[] {
  const { trace, virtualMs } = report.outcome;
  const title = `Waveforms of ${titleOf(report)}`;
  const { svg, cut } = waveDrawing(shownLines(title), wavesOf(trace.lines), virtualMs);
  const left = cut ? " The beginning is left out here; --vcd writes all of it." : "";
  return [
    `<div class="wave" role="group" aria-label="${shown(title)}" tabindex="0">${svg}</div>`,
    `<p>Distances on the time axis are logarithmic.${left}</p>`,
  ];
}

function sectionHtml(report: Report, index: number): string[] {
  const { outcome, file } = report;
  const facts = factsOf(report).map(([name, value]) => `<dt>${name}</dt><dd>${shown(value)}</dd>`);
  return [
    `<section id="run-${index}">`,
    `<h2><span class="word">${WORDS[outcome.status]}</span> ${shown(titleOf(report))}</h2>`,
    `<p>${shown(file.scenario.about)}</p>`,
    `<dl>${facts.join("")}</dl>`,
    ...(outcome.status === "not-run" ? [] : [...waveHtml(report), ...traceHtml(report)]),
    "</section>",
  ];
}

/** The page. `version`: of the program. The same reports give the same bytes. */
export function reportHtml(reports: readonly Report[], version: string): string {
  const { passed, failed, "not-run": notRun } = summaryOf(reports);
  const summary = `${passed} passed, ${failed} failed, ${notRun} not run`;
  const links = reports.map((report, index) => {
    const word = WORDS[report.outcome.status];
    return `<li>${word} <a href="#run-${index}">${shown(titleOf(report))}</a></li>`;
  });
  return [
    "<!doctype html>",
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>Killswitch: ${summary}</title>`,
    `<style>${STYLE}</style></head><body><main>`,
    `<h1>Scenarios: ${summary}</h1>`,
    `<p>killswitch ${shown(version)}</p>`,
    `<nav aria-label="Scenarios"><ul>${links.join("\n")}</ul></nav>`,
    ...reports.flatMap(sectionHtml),
    "</main></body></html>",
    "",
  ].join("\n");
}

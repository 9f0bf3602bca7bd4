/**
 * The outcome of a run as JUnit XML, in the form that the schemas of Ant and of Jenkins share: one
 * suite, whose cases are the scenarios.
 */
import { dirname } from "node:path";
import { shownLines } from "../base/shown-text.ts";
import { escapeText } from "../base/svg.ts";
import { placeOf, type Report, reportLines, summaryOf, titleOf } from "../scenario/report.ts";

/** XML 1.0 cannot contain control characters and these two. The former are shown as \uNNNN. */
const NONCHARACTERS = /[\ufffe\uffff]/g;

function xml(text: string): string {
  return escapeText(shownLines(text).replace(NONCHARACTERS, ""));
}

/** An attribute's value. A line end would be read back as a space, so it is one. */
function attribute(text: string): string {
  return xml(text).replaceAll("\n", " ");
}

/** Seconds with three decimals. */
function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** The folder of the scenario as a dotted name, by which Jenkins groups the cases. */
function className({ file }: Report): string {
  const parts = dirname(file.path)
    .split(/[\\/]/)
    .filter((part) => !["", ".", ".."].includes(part));
  return ["killswitch", ...parts.map((part) => part.replaceAll(".", "_"))].join(".");
}

function caseLines(report: Report): string[] {
  const { outcome, wallMs } = report;
  const head = `    <testcase name="${attribute(titleOf(report))}" classname="${attribute(className(report))}" time="${seconds(wallMs)}"`;
  if (outcome.status === "passed") return [`${head}/>`];
  if (outcome.status === "not-run") {
    return [
      `${head}>`,
      `      <skipped message="${attribute(outcome.reason)}"/>`,
      "    </testcase>",
    ];
  }
  const { expected, found } = outcome.failure;
  const message = attribute(`${placeOf(report)}: expected ${expected}, found ${found}`);
  return [
    `${head}>`,
    `      <failure type="expectation" message="${message}">${xml(reportLines(report).join("\n"))}</failure>`,
    "    </testcase>",
  ];
}

/**
 * The XML document. `started`: when the run began, in ms since 1970, UTC. The cases' times are wall
 * time, as continuous integration expects.
 */
export function junitXml(reports: readonly Report[], started: number): string {
  const { failed, "not-run": notRun } = summaryOf(reports);
  const wallMs = reports.reduce((sum, report) => sum + report.wallMs, 0);
  const timestamp = new Date(started).toISOString().slice(0, 19);
  const counts = `tests="${reports.length}" failures="${failed}" errors="0" skipped="${notRun}"`;
  const [target = ""] = reports.map((report) => report.target);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<testsuites>",
    `  <testsuite id="0" package="killswitch" name="scenarios" hostname="localhost" timestamp="${timestamp}" ${counts} time="${seconds(wallMs)}">`,
    "    <properties>",
    `      <property name="target" value="${attribute(target)}"/>`,
    "    </properties>",
    ...reports.flatMap(caseLines),
    "    <system-out/>",
    "    <system-err/>",
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

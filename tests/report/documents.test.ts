/** The outcomes as JUnit XML and as an HTML page, with hostile text in every place that takes text. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { reportHtml } from "../../host-sim/report/html.ts";
import { junitXml } from "../../host-sim/report/junit.ts";
import { waveDrawing } from "../../host-sim/report/wave-drawing.ts";
import type { Wave } from "../../host-sim/report/waves.ts";
import { installed, temporaryFolder, threeReports } from "./support.ts";

const folder = temporaryFolder();
const reports = await threeReports();
const xml = junitXml(reports, Date.UTC(2026, 0, 2, 3, 4, 5));
const html = reportHtml(reports, "1<2");

/** Controls, noncharacters and overrides of direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe\uffff]/;

test("JUnit XML counts the outcomes and tells what failed where", () => {
  expect(xml).toContain(
    'timestamp="2026-01-02T03:04:05" tests="3" failures="1" errors="0" skipped="1"',
  );
  expect(xml).toContain('<testcase name="waits" classname="killswitch.some.folder" time="1.250"/>');
  expect(xml).toContain('<failure type="expectation" message="some/folder/waits.yaml:1:');
  expect(xml).toContain("found no such line");
  expect(xml).toContain("&lt;script&gt;&quot;&amp;' ]]&gt; $end \\u001b[31m\\u0007\\u202e");
  expect(UNSAFE.exec(xml)).toBeNull();
  expect(xml).not.toContain("\u202e");
});

/** What xmllint says of a document, and its exit code: 3 if the document is not valid. */
function validated(name: string, text: string): { code: number | null; words: string } {
  const file = join(folder, name);
  writeFileSync(file, text);
  const args = ["--noout", "--schema", "tests/report/junit.xsd", file];
  const { status, stderr } = spawnSync("xmllint", args, { encoding: "utf8" });
  return { code: status, words: stderr };
}

test.runIf(installed("xmllint", "JUnit XML against its schema", "libxml2-utils"))(
  "JUnit XML is valid under the schema that Ant and Jenkins share",
  () => {
    expect(validated("good.xml", xml)).toEqual({
      code: 0,
      words: `${join(folder, "good.xml")} validates\n`,
    });
    expect(validated("bad.xml", xml.replace(' time="1.250"', "")).code).toBe(3);
    expect(validated("none.xml", junitXml([], 0)).code).toBe(0);
  },
);

test("the page shows every run and loads nothing", () => {
  expect(html).toContain("<title>Killswitch: 1 passed, 1 failed, 1 not run</title>");
  expect(html.match(/<section /g)?.length).toBe(3);
  expect(html.match(/<svg /g)?.length).toBe(2);
  expect(html).toContain("default-src 'none'");
  expect(html).not.toMatch(/<(script|link|img|iframe|object|embed)\b|\son\w+=|url\(|@import/i);
  expect([...html.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, to]) => to)).toEqual([
    "#run-0",
    "#run-1",
    "#run-2",
  ]);
  expect(html).toContain("killswitch 1&lt;2");
});

test("the page escapes text from scenarios", () => {
  // HTML, unlike XML, may contain noncharacters.
  expect(UNSAFE.exec(html.replaceAll("\ufffe", ""))).toBeNull();
  expect(html).not.toContain("\u202e");
  expect(html).toContain("&lt;script&gt;&quot;&amp;' ]]&gt; $end \\u001b[31m\\u0007\\u202e");
});

test("the same reports give the same page and the same XML", () => {
  expect(reportHtml(reports, "1<2")).toBe(html);
  expect(junitXml(reports, Date.UTC(2026, 0, 2, 3, 4, 5))).toBe(xml);
});

test("a drawing leaves out the beginning of a run with too many moments, and says so", () => {
  const wave = (count: number): Wave => {
    const changes = Array.from({ length: count }, (_, at) => ({ at, value: String(at % 2) }));
    return { name: "radio", kind: "bit", changes };
  };
  expect(waveDrawing("short", [wave(200)], 200).cut).toBe(false);
  const long = waveDrawing("long", [wave(1000)], 1000);
  expect(long.cut).toBe(true);
  expect(long.svg).toContain("701 ms");
  expect(long.svg).not.toContain("NaN");
});

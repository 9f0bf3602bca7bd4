/** The page that lists the devices. It is made on the server; its script only sends clicks and fetches it again. */
import type { DeviceView } from "./view.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for HTML, in elements and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

/** A time span in words: `12 s`, `5 min`. `ms` null: never. */
function spanOf(ms: number | null): string {
  if (ms === null) return "never";
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3_600)} h ago`;
}

export interface PageOptions {
  readonly gateway: string;
  readonly connected: boolean;
  readonly devices: readonly DeviceView[];
  /** What became of commands that were not executed: the newest first, by device. */
  readonly refusals: ReadonlyMap<string, readonly string[]>;
}

function relayOf({ relay }: DeviceView): string {
  return relay === null ? "unknown" : relay ? "on" : "off";
}

function cardOf(view: DeviceView, refusals: readonly string[]): string {
  const { id, state, holdMs, lastFault, temperature, epoch, refused, ageMs, problem } = view;
  const name = escapeHtml(id);
  const rows: [string, string][] = [
    ["relay", relayOf(view)],
    [
      "hold",
      holdMs === null ? "unknown" : holdMs > 0 ? `${Math.ceil(holdMs / 1_000)} s left` : "none",
    ],
    ["last fault", lastFault ?? "unknown"],
    ["temperature", temperature === null ? "unknown" : `${temperature} °C`],
    ["epoch", epoch ?? "unknown"],
    ["refused in this epoch", refused === null ? "unknown" : String(refused)],
    ["last answer", spanOf(ageMs)],
  ];
  const list = rows.map(([key, value]) => `<dt>${key}</dt><dd>${escapeHtml(value)}</dd>`).join("");
  const lines = refusals.map((line) => `<li>${escapeHtml(line)}</li>`).join("");
  const button = (level: boolean) =>
    `<button data-device="${name}" data-relay="${level}">${level ? "On" : "Off"}</button>`;
  return `<article class="${state}"><h2>${name} <small>${state}</small></h2>
${problem === null ? "" : `<p class="problem">${escapeHtml(problem)}</p>`}
<dl>${list}</dl><p>${button(true)} ${button(false)} <output></output></p>
${lines === "" ? "" : `<h3>Last refusals</h3><ul>${lines}</ul>`}</article>`;
}

/** The page. Everything that comes from outside is escaped. */
export function pageOf({ gateway, connected, devices, refusals }: PageOptions): string {
  const cards = devices.map((view) => cardOf(view, refusals.get(view.id) ?? [])).join("\n");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Killswitch gateway ${escapeHtml(gateway)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/page.css"><script src="/page.js" defer></script></head>
<body><header><h1>Gateway ${escapeHtml(gateway)}</h1><p>broker ${connected ? "connected" : "not connected"}</p></header>
<main>${cards}</main>
<footer>A device that is silent may be at KILL, unplugged or jammed: from outside they look alike.</footer></body></html>
`;
}

/** The style and the script of the page. The script runs in a browser, not here. */

export const STYLE = `body{font:1rem/1.4 system-ui,sans-serif;margin:0 auto;max-width:70rem;padding:0 1rem}
main{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(min(20rem,100%),1fr))}
article{border:1px solid #999;border-left:.5rem solid #999;border-radius:.3rem;padding:0 1rem}
article.verified{border-left-color:#287d3c}article.silent,article.never{border-left-color:#b3261e}
dl{display:grid;grid-template-columns:auto 1fr;gap:.1rem 1rem}dd{margin:0;overflow-wrap:anywhere}
small{font-weight:normal}.problem{color:#b3261e}button{font:inherit;padding:.5rem 1.2rem}`;

export const SCRIPT = `const notes = new Map();
async function refresh() {
  const answer = await fetch("/");
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of ["header", "main"]) document.querySelector(part).replaceWith(page.querySelector(part));
  for (const [device, note] of notes) show(device, note);
}
function show(device, note) {
  const button = document.querySelector('button[data-device="' + CSS.escape(device) + '"]');
  if (button) button.parentElement.querySelector("output").textContent = note;
}
document.addEventListener("click", async ({ target }) => {
  const { device, relay } = target.dataset ?? {};
  if (device === undefined) return;
  show(device, "...");
  const answer = await fetch("/devices/" + device + "/relay", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ relay: relay === "true" }),
  });
  const { outcome, code, why, error } = await answer.json();
  notes.set(device, [outcome, code, why, error].filter(Boolean).join(": "));
  show(device, notes.get(device));
});
let due = false;
function later() {
  if (due) return;
  due = true;
  setTimeout(() => { due = false; refresh(); }, 250);
}
const events = new EventSource("/events");
for (const name of ["device", "event", "open"]) events.addEventListener(name, later);
setInterval(later, 10000);`;

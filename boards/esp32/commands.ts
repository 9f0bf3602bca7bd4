/** The board's entry points for the command line. */
import board from "./board.json" with { type: "json" };
import { type Checklist, checklistOf, checklistText } from "./commission.ts";

/** The checklist of a chip of this board. The board's own name stands for its first chip. */
export function runCommission({ name }: { name: string }): Checklist {
  const [first, ...others] = Object.entries(board.chips);
  const found = others.find(([other]) => other === name) ?? first;
  if (found === undefined) throw new Error("board.json lists no chip");
  const [chip, { pins }] = found;
  return checklistOf(chip, pins);
}

/** The checklist as JSON or as text for a terminal. */
export function renderCommission(list: Checklist, { json }: { json: boolean }): string {
  return json ? `${JSON.stringify(list, null, 2)}\n` : checklistText(list);
}

/**
 * Positions of the breadboard build: two boards of 63 columns, A with the controller and B with the
 * radio. The connections come from circuit.ts; breadboard.ts refuses a layout that makes others.
 *
 * A hole is `Aa14`: board A, row a, column 14. A hole of a rail is `A+t14`: the rail + or - at the
 * top or bottom of board A, at column 14.
 */
export type HoleId = string;

export const COLUMNS = 63;

/** The net on each board's rails. */
export const RAILS: Readonly<Record<string, string>> = {
  "A+t": "3V3",
  "A-t": "GND",
  "A+b": "3V3",
  "A-b": "GND",
  "B+t": "RAIL",
  "B-t": "GND",
  "B+b": "RAIL",
  "B-b": "GND",
};

/** A module on pins: its body on the board, and the hole of each of its pads, connected or not. */
export interface Module {
  ref: string;
  /** Column of the first pin and number of columns. */
  column: number;
  columns: number;
  board: "A" | "B";
  /** Rows of the two rows of pins, top and bottom. */
  rows: readonly [string, string];
  /** Pads from left to right in the top and in the bottom row; 0 for a pin without a pad. */
  pads: readonly [readonly number[], readonly number[]];
}

function range(from: number, to: number): number[] {
  const step = from <= to ? 1 : -1;
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, index) => from + step * index);
}

/** A SOT-23-5 on a 6-pin adapter, pads 1 to 3 at the bottom or, turned, at the top. */
function adapter(ref: string, board: "A" | "B", column: number, turned: boolean): Module {
  const [lower, upper] = [
    [1, 2, 3],
    [5, 0, 4],
  ] as const;
  const pads = turned
    ? ([[...lower].reverse(), [...upper].reverse()] as const)
    : ([upper, lower] as const);
  return { ref, board, column, columns: 3, rows: ["f", "e"], pads };
}

export const MODULES: readonly Module[] = [
  {
    ref: "U1",
    board: "A",
    column: 1,
    columns: 20,
    rows: ["h", "c"],
    pads: [range(40, 21), range(1, 20)],
  },
  adapter("U3", "A", 29, false),
  adapter("U4", "B", 4, true),
  adapter("U8", "B", 11, true),
  adapter("U5", "B", 18, true),
  adapter("U6", "B", 25, true),
  adapter("U7", "B", 29, false),
  adapter("U9", "B", 36, false),
  {
    ref: "U2",
    board: "B",
    column: 46,
    columns: 9,
    rows: ["i", "b"],
    pads: [range(18, 10), range(1, 9)],
  },
];

/** The leads of SW1 in the order of its terminals in the picture: pin, column, and hole. */
export const SWITCH_LEADS: readonly (readonly [string, number, HoleId])[] = [
  ["A_ON", 48, "Ai29"],
  ["A_KILL", 50, "Ah36"],
  ["B_COM", 52, "Ae44"],
  ["B_KILL", 54, "Ad40"],
  ["B_ON", 56, "Ab31"],
  ["A_COM", 58, "B+t58"],
];

/** Two-pin parts: the holes of their first and of their second pin in the table. */
export const PARTS: Readonly<Record<string, readonly [HoleId, HoleId]>> = {
  C1: ["Aa29", "A-b29"],
  C2: ["Ag29", "Ag33"],
  R22: ["Ah29", "Ah33"],
  R1: ["Aj36", "A-t36"],
  R7: ["A+b44", "Aa44"],
  R8: ["Aa31", "A-b31"],
  R10: ["Ac31", "Ac26"],
  R27: ["Aa26", "A-b26"],
  R9: ["Aa40", "A-b40"],
  R11: ["Ac40", "Ac35"],
  R28: ["Aa35", "A-b35"],
  R5: ["Ab24", "Ab20"],
  R6: ["A+b20", "Aa20"],
  // Lines to the radio: series resistor and pull-down in the upper half.
  R12: ["Bg1", "Bg5"],
  R16: ["Bj5", "B-t5"],
  R23: ["Bg8", "Bg12"],
  R25: ["Bj12", "B-t12"],
  R13: ["Bg15", "Bg19"],
  R17: ["Bj19", "B-t19"],
  R14: ["Bg22", "Bg26"],
  R18: ["Bj26", "B-t26"],
  C5: ["Bb6", "B-b7"],
  C9: ["Bb13", "B-b14"],
  C6: ["Bb20", "B-b21"],
  C7: ["Bb27", "B-b28"],
  // Lines from the radio: series resistor in the upper half, pull-down in the lower.
  R15: ["Bg31", "Bg35"],
  R19: ["Bc30", "Bc34"],
  R24: ["Bg38", "Bg42"],
  R26: ["Bc37", "Bc41"],
  C8: ["Bi29", "B-t30"],
  C10: ["Bi36", "B-t37"],
  // The radio and what is on its supply.
  R20: ["B+b52", "Ba52"],
  R21: ["B+t48", "Bj48"],
  R2: ["Bi57", "Bi61"],
  C3: ["Bh57", "Bh61"],
  C4: ["Bg57", "Bg61"],
  R4: ["Bf57", "Bf63"],
  R3: ["Be57", "Be61"],
  D1: ["B-b61", "Ba61"],
};

/** How a wire runs: straight, or along a lane, and then down or up at a column other than its end's. */
export interface Route {
  lane: readonly ["above" | "between" | "below", number];
  column?: number;
}

export interface Jumper {
  from: HoleId;
  to: HoleId;
  route?: Route;
}

function jumper(from: HoleId, to: HoleId, route?: Route): Jumper {
  return route === undefined ? { from, to } : { from, to, route };
}

/** A wire in the n-th lane of a channel. */
function lane(channel: Route["lane"][0], n: number, column?: number): Route {
  return column === undefined ? { lane: [channel, n] } : { lane: [channel, n], column };
}

/** From the upper half to a rail at the top, or from the lower half to a rail at the bottom. */
const TO_RAIL: readonly HoleId[] = [
  ...["Aj3-", "Aj5+", "Aj33-", "Aa30-"],
  ...[4, 6, 11, 13, 18, 20, 25, 27].map((column) => `Bj${column}-`),
  ...[6, 13, 20, 27].map((column) => `Ba${column}+`),
  ...["Bj29+", "Bj36+", "Ba29-", "Ba31-", "Ba36-", "Ba38-", "Ba34-", "Ba41-"],
  ...["Ba46+", "Ba54-", "Bj57+", "Bj61-", "Ba57+"],
];

export const JUMPERS: readonly Jumper[] = [
  // The rails of each board with each other, and ground with ground.
  jumper("A+t60", "A+b60"),
  jumper("A-t61", "A-b61"),
  jumper("B+t55", "B+b55"),
  jumper("B-t56", "B-b56"),
  jumper("A-b62", "B-t62"),
  ...TO_RAIL.map((text) => {
    const [board = "", row = "", sign = ""] = [text[0], text[1], text.at(-1)];
    const column = text.slice(2, -1);
    return jumper(text.slice(0, -1), `${board}${sign}${row === "j" ? "t" : "b"}${column}`);
  }),
  jumper("Aj1", "Ad29", lane("above", 1, 28)),
  jumper("Aa14", "Ab26", lane("between", 1, 27)),
  jumper("Aa15", "Ad35", lane("between", 2, 34)),
  jumper("Aa24", "Bj63", lane("between", 3)),
  jumper("Aa12", "Bj22", lane("between", 4)),
  jumper("Aa11", "Bj15", lane("between", 5)),
  jumper("Aa10", "Bj8", lane("between", 6)),
  jumper("Aa9", "Bj42", lane("between", 7)),
  jumper("Aa7", "Bj35", lane("between", 8)),
  jumper("Aa6", "Bj1", lane("between", 9)),
  jumper("Ba37", "Ba48", lane("below", 1)),
  jumper("Ba30", "Ba51", lane("below", 2)),
  jumper("Ba18", "Ba47", lane("below", 3)),
  jumper("Ba11", "Ba49", lane("below", 4)),
  jumper("Ba4", "Ba50", lane("below", 5)),
  jumper("Ba25", "Ba53", lane("below", 6)),
];

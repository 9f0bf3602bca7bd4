/** Prints figures with their bounds. A figure beyond its bound makes the run fail. */
export interface Figure {
  what: string;
  value: number;
  /** Upper bound. Without a bound the figure is for information. */
  atMost?: number;
  /** Lower bound. */
  atLeast?: number;
  unit: string;
}

function shown(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString("en-US") : value.toPrecision(4);
}

export function printFigures(figures: readonly Figure[]): void {
  process.stdout.write("| what | measured | bound | |\n| --- | ---: | ---: | --- |\n");
  for (const { what, value, atMost, atLeast, unit } of figures) {
    const good =
      (atMost === undefined || value <= atMost) && (atLeast === undefined || value >= atLeast);
    const bound =
      atMost !== undefined
        ? `<= ${shown(atMost)}`
        : atLeast !== undefined
          ? `>= ${shown(atLeast)}`
          : "";
    const verdict = bound === "" ? "" : good ? "ok" : "EXCEEDED";
    if (!good) process.exitCode = 1;
    process.stdout.write(`| ${what} | ${shown(value)} ${unit} | ${bound} | ${verdict} |\n`);
  }
}

/** The median; the lower one of two. Throws a RangeError for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined) throw new RangeError("median of an empty list");
  return middle;
}

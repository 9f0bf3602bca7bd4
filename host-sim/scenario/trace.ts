/** Trace lines (`@<ms> <kind> key=value ...`), and the patterns that match them. */

export interface TraceLine {
  /** Milliseconds since the board's supply came up. */
  at: number;
  kind: string;
  detail: string;
}

export function lineText({ at, kind, detail }: TraceLine): string {
  return `@${at} ${kind} ${detail}`;
}

/** The value of `key=` in a line's detail. Undefined if the key is absent. */
export function field(detail: string, key: string): string | undefined {
  const name = `${key}=`;
  let at = detail.indexOf(name);
  while (at > 0 && detail[at - 1] !== " ") at = detail.indexOf(name, at + 1);
  if (at < 0) return undefined;
  const end = detail.indexOf(" ", at);
  return detail.slice(at + name.length, end < 0 ? detail.length : end);
}

/** Whether the text contains every word of the pattern. */
export function matches(pattern: string, text: string): boolean {
  const words = text.split(" ");
  return pattern.split(/\s+/).every((word) => words.includes(word));
}

/** The lines of one run, in order. */
export class Trace {
  readonly lines: TraceLine[] = [];

  push(at: number, kind: string, detail: string): void {
    this.lines.push({ at, kind, detail });
  }

  /** The number of matching lines, from line number `from` on. */
  count(pattern: string, from: number): number {
    const text = ({ kind, detail }: TraceLine) => `${kind} ${detail}`;
    let found = 0;
    for (let index = from; index < this.lines.length; index++) {
      const line = this.lines[index];
      if (line !== undefined && matches(pattern, text(line))) found++;
    }
    return found;
  }

  /** The last `count` lines as text. Default: all lines. */
  texts(count = this.lines.length): string[] {
    return this.lines.slice(Math.max(0, this.lines.length - count)).map(lineText);
  }
}

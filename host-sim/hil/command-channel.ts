/**
 * A dialogue of lines with a program: one command, one answer, in order. Must not know what either
 * means.
 */
import type { SerialLine } from "../serial/port.ts";

export class CommandChannel {
  readonly #line: SerialLine;
  readonly #isAnswer: RegExp;
  #waiting: ((answer: string) => void)[] = [];
  #text = "";

  /** `isAnswer`: other lines are passed over. */
  constructor(line: SerialLine, isAnswer: RegExp) {
    this.#line = line;
    this.#isAnswer = isAnswer;
    line.listen((bytes) => this.#heard(bytes));
  }

  /** Says commands at once, one right after the other. Returns their answers. Throws when the line ends. */
  async ask(...commands: readonly string[]): Promise<string[]> {
    const answers = commands.map(
      () => new Promise<string>((answered) => this.#waiting.push(answered)),
    );
    await this.#line.write(Buffer.from(commands.map((command) => `${command}\n`).join("")));
    return Promise.race([Promise.all(answers), this.#line.lost]);
  }

  #heard(bytes: Uint8Array): void {
    const lines = (this.#text + Buffer.from(bytes).toString("latin1")).split(/\r?\n/);
    this.#text = lines.pop() ?? "";
    for (const line of lines) if (this.#isAnswer.test(line)) this.#waiting.shift()?.(line);
  }
}

/** Sends commands to a program as lines of text and returns its answers: one each, in order. */
import type { SerialLine } from "../../serial/port.ts";

export class CommandChannel {
  readonly #line: SerialLine;
  readonly #isAnswer: RegExp;
  #waiting: ((answer: string) => void)[] = [];
  #text = "";

  /** Lines that do not match `isAnswer` are ignored. */
  constructor(line: SerialLine, isAnswer: RegExp) {
    this.#line = line;
    this.#isAnswer = isAnswer;
    line.listen((bytes) => this.#onBytes(bytes));
  }

  /** Sends all commands in one write. Returns their answers. Throws if the line is closed. */
  async send(...commands: readonly string[]): Promise<string[]> {
    const answers = commands.map(
      () => new Promise<string>((answered) => this.#waiting.push(answered)),
    );
    await this.#line.write(Buffer.from(commands.map((command) => `${command}\n`).join("")));
    return Promise.race([Promise.all(answers), this.#line.lost]);
  }

  #onBytes(bytes: Uint8Array): void {
    const lines = (this.#text + Buffer.from(bytes).toString("latin1")).split(/\r?\n/);
    this.#text = lines.pop() ?? "";
    for (const line of lines) if (this.#isAnswer.test(line)) this.#waiting.shift()?.(line);
  }
}

/** The order of a device's reports: numbered from 1 in each epoch, each to a principal once. */
export class ReportCheck {
  /** Number of the last report of the epoch. */
  #last = 0;
  /** Who got that report so far, by PRINCIPAL. */
  #to: number[] = [];
  /** The session ended since the last report: a report made meanwhile is numbered and not sent. */
  #linkLost = false;

  epochBegan(): void {
    this.#last = 0;
    this.#to = [];
  }

  linkEnded(): void {
    this.#linkLost = true;
  }

  /** What the answer to a question says of the reports; null if that cannot be known. */
  get told(): number | null {
    return this.#linkLost ? null : this.#last;
  }

  /** A principal gets a report. Returns the broken rule; null if there is none. */
  received(principal: number, counter: number): string | null {
    const next = this.#last + 1;
    if (this.#last > 0 && counter === this.#last && !this.#to.includes(principal)) {
      this.#to.push(principal);
      return null;
    }
    if (counter !== next && !(this.#linkLost && counter > next))
      return `report ${next} of its epoch, not ${counter}`;
    this.#last = counter;
    this.#to = [principal];
    this.#linkLost = false;
    return null;
  }
}

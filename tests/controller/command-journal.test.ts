/** Verifies journals: intact and torn ones, and every kind of tampering. */
import { describe, expect, test } from "vitest";
import { JOURNAL_SLOTS, RECORD } from "../../host-sim/abi/abi.gen.ts";
import { EXIT } from "../../host-sim/base/errors.ts";
import {
  parseRecord,
  readJournal,
  recordLine,
  verifyJournal,
} from "../../host-sim/controller/journal.ts";
import { RECORD_BYTES } from "../../host-sim/controller/operations.ts";
import { chain, offset, ring } from "./journal-fixture.ts";

const dump = (count: number) => new Uint8Array(Buffer.concat(chain(count)));
const verify = (bytes: Uint8Array, head?: string) => verifyJournal(readJournal("it", bytes), head);

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe("a dump", () => {
  test("verifies from record 0", () => {
    const head = Buffer.from(chain(20)[19]?.subarray(20) ?? []).toString("hex");
    const verdict = { holds: true, records: 20, first: 0, last: 19, head, anchor: "genesis" };
    expect(verify(dump(20), head)).toEqual(verdict);
  });

  test("that begins later verifies from its oldest record", () => {
    const late = dump(20).subarray(5 * RECORD_BYTES);
    expect(verify(late)).toMatchObject({ holds: true, records: 15, first: 5, anchor: "oldest" });
    // The hash of the oldest record cannot be checked, so its body is not covered.
    expect(verify(flipped(late, 4)).holds).toBe(true);
    expect(verify(flipped(late, 20)).bad).toMatch(/^record 6: its hash/);
  });

  test("without records verifies and has no anchor", () => {
    expect(verify(new Uint8Array(0))).toMatchObject({ holds: true, records: 0, anchor: "none" });
  });

  test("with any bit flipped fails, and the error names the record", () => {
    const good = dump(4);
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = Uint8Array.from(good);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const record = Math.floor(bit / 8 / RECORD_BYTES);
      const verdict = verify(bad);
      expect(verdict.holds, `bit ${bit}`).toBe(false);
      // A flip in record 0's number makes it the oldest record of another chain: record 1 fails.
      if (record > 0) expect(verdict.bad, `bit ${bit}`).toMatch(new RegExp(`^record ${record}: `));
    }
  });

  test.each([
    ["a record left out", (all: Uint8Array[]) => all.toSpliced(2, 1), /^record 2: found record 3/],
    [
      "records swapped",
      (all: Uint8Array[]) => all.with(1, all[2] ?? ([] as never)).with(2, all[1] ?? ([] as never)),
      /^record 1: found record 2/,
    ],
    [
      "a record twice",
      (all: Uint8Array[]) => all.toSpliced(2, 0, all[1] ?? ([] as never)),
      /^record 2: found record 1/,
    ],
    ["a second start", (all: Uint8Array[]) => [...all, ...all], /^record 5: found record 0/],
  ])("with %s fails", (_, change, message) => {
    const bytes = new Uint8Array(Buffer.concat(change(chain(5))));
    expect(verify(bytes).bad).toMatch(message);
  });

  test("with its last records cut off fails only if the head is given", () => {
    const head = verify(dump(5)).head;
    expect(verify(dump(4)).holds).toBe(true);
    expect(verify(dump(4), head).bad).toBe("the last record is not the head");
    expect(verify(new Uint8Array(0), head).holds).toBe(false);
  });

  test.each([1, 51, 53, 32_767, 32_769])("of %i bytes is refused", (length) => {
    const read = () => readJournal("x.bin", new Uint8Array(length));
    expect(read).toThrow(
      `x.bin: ${length} bytes are neither records of 52 bytes nor a ring image of 32768`,
    );
    expect(read).toThrow(expect.objectContaining({ exitCode: EXIT.BAD_FILE }));
  });
});

describe("a ring image", () => {
  const COUNTS = [1, 2, 511, 512, 513, 700, 1023, 1024, 1025, 2000];

  test.each(COUNTS)("with %i records written verifies", (count) => {
    const first = Math.max(0, count - JOURNAL_SLOTS);
    expect(verify(ring(count))).toMatchObject({
      holds: true,
      records: count - first,
      first,
      last: count - 1,
      anchor: first === 0 ? "genesis" : "oldest",
    });
    expect(verify(ring(count)).torn).toBeUndefined();
  });

  test("that is erased has no records", () => {
    expect(verify(ring(0))).toMatchObject({ holds: true, records: 0, anchor: "none" });
  });

  test.each([0, 1, 200, 511, 512, 513, 700, 1024])(
    "torn at any byte of record %i verifies, and the torn slot is reported",
    (count) => {
      const before = ring(count);
      const next = chain(count + 1)[count] ?? new Uint8Array(0);
      for (let length = 1; length < RECORD_BYTES; length++) {
        const image = Uint8Array.from(before);
        image.set(next.subarray(0, length), offset(count));
        const verdict = verify(image);
        const changed = Buffer.compare(image, before) !== 0;
        expect(verdict.holds, `${length} bytes`).toBe(true);
        expect(verdict.torn, `${length} bytes`).toBe(changed ? count % JOURNAL_SLOTS : undefined);
        expect(verdict.last).toBe(count === 0 ? undefined : count - 1);
        if (changed && count > JOURNAL_SLOTS) expect(verdict.first).toBe(count - JOURNAL_SLOTS + 1);
      }
    },
  );

  test.each([20, 700])("of %i records with one changed fails and names that record", (count) => {
    const good = ring(count);
    const oldest = Math.max(0, count - JOURNAL_SLOTS);
    for (let seq = oldest + 1; seq < count - 1; seq += 7) {
      for (const at of [0, 3, 4, 8, 10, 16, 20, 51]) {
        const verdict = verify(flipped(good, offset(seq) + at));
        expect(verdict.bad, `record ${seq}, byte ${at}`).toMatch(new RegExp(`^record ${seq}: `));
        expect(verdict.torn).toBeUndefined();
      }
    }
  });

  test("with damage away from the write position fails instead of counting as torn", () => {
    const erased = ring(20);
    erased.fill(0xff, offset(10), offset(11));
    expect(verify(erased).bad).toMatch(/^record 10: /);
    expect(verify(erased).torn).toBeUndefined();
    const stray = ring(20);
    stray[offset(30)] = 0;
    expect(verify(stray).bad).toBe("slot 30 is ahead of the newest record but is not empty");
  });

  test("whose newest record is changed counts as torn, and fails only if the head is given", () => {
    const { head } = verify(ring(20));
    const changed = flipped(ring(20), offset(19) + 4);
    expect(verify(changed)).toMatchObject({ holds: true, records: 19, torn: 19 });
    expect(verify(changed, head).bad).toBe("the last record is not the head");
  });
});

describe("a record", () => {
  const line = (kind: number, detail: number, value: number) => {
    const bytes = new Uint8Array(RECORD_BYTES);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 5, true);
    view.setUint32(4, 1000, true);
    view.setUint8(8, kind);
    view.setUint8(9, detail);
    view.setUint32(12, value, true);
    view.setUint32(16, 2, true);
    const record = parseRecord(bytes);
    return record === undefined ? "" : recordLine(record).replace("seq=5 boots=2 time=1000 ", "");
  };

  test.each([
    [RECORD.BOOT, 1, 1, "BOOT reason=CUT torn=yes"],
    [RECORD.LIVE, 0, 0x04030201, "LIVE epoch=01020304..."],
    [RECORD.FAULT, 5, 0, "FAULT phase=FAULT_RAIL"],
    [RECORD.REFUSED, 2, 3, "REFUSED code=STALE_EPOCH count=3"],
    [RECORD.HOLD, 1, 1, "HOLD state=begun relay=on"],
    [RECORD.CONFIG, 0, 60 * 65_536 + 300, "CONFIG safe=OFF telemetry=60s hold=300s"],
    [RECORD.CONFIG, 1, 0xffff_0001, "CONFIG safe=ON telemetry=65535s hold=1s"],
    [RECORD.CLEAR, 0, 0, "CLEAR"],
    [99, 1, 2, "kind=99 detail=1 value=2"],
    [RECORD.FAULT, 77, 0, "FAULT phase=77"],
  ])("of kind %i with detail %i and value %i is printed as text", (kind, detail, value, text) => {
    expect(line(kind, detail, value)).toBe(text);
  });

  test("with reserved bytes that are not zero is refused", () => {
    const bytes = chain(1)[0] ?? new Uint8Array(0);
    expect(parseRecord(bytes)?.seq).toBe(0);
    expect(parseRecord(flipped(bytes, 11))).toBeUndefined();
  });
});

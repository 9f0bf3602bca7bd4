/** Verifies journals: intact and torn ones, and every kind of tampering. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { RECORD, RING_SLOTS } from "../../host-sim/abi/abi.gen.ts";
import { EXIT } from "../../host-sim/base/errors.ts";
import {
  compareWithOlder,
  parseRecord,
  readJournal,
  recordLine,
  verifyJournal,
} from "../../host-sim/controller/journal.ts";
import { RECORD_BYTES } from "../../host-sim/controller/operations.ts";
import { chain, headOf, offset, ring } from "./journal-fixture.ts";

const SEPARATOR = Buffer.alloc(RECORD_BYTES, 0xff);
const dump = (count: number) => new Uint8Array(Buffer.concat(chain(count)));
const verify = (bytes: Uint8Array, head?: string) => verifyJournal(readJournal("it", bytes), head);

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe("a dump", () => {
  test("verifies from record 0", () => {
    const head = headOf(chain(20)[19], chain(9, 1)[8]);
    const both = new Uint8Array(Buffer.concat([...chain(20), SEPARATOR, ...chain(9, 1)]));
    expect(verify(both, head)).toEqual({
      holds: true,
      local: { records: 20, first: 0, last: 19, anchor: "genesis" },
      remote: { records: 9, first: 0, last: 8, anchor: "genesis" },
      head,
    });
  });

  test("that begins later verifies from its oldest record", () => {
    const late = dump(20).subarray(5 * RECORD_BYTES);
    expect(verify(late)).toMatchObject({
      holds: true,
      local: { records: 15, first: 5, anchor: "oldest" },
    });
    // The hash of the oldest record cannot be checked, so its body is not covered.
    expect(verify(flipped(late, 4)).holds).toBe(true);
    expect(verify(flipped(late, 20)).bad).toMatch(/^local record 6: its hash/);
  });

  test("without records verifies and has no anchor", () => {
    expect(verify(new Uint8Array(0))).toMatchObject({
      holds: true,
      local: { records: 0, anchor: "none" },
    });
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
      if (record > 0)
        expect(verdict.bad, `bit ${bit}`).toMatch(new RegExp(`^local record ${record}: `));
    }
  });

  test.each([
    [
      "a record left out",
      (all: Uint8Array[]) => all.toSpliced(2, 1),
      /^local record 2: found record 3/,
    ],
    [
      "records swapped",
      (all: Uint8Array[]) => all.with(1, all[2] ?? ([] as never)).with(2, all[1] ?? ([] as never)),
      /^local record 1: found record 2/,
    ],
    [
      "a record twice",
      (all: Uint8Array[]) => all.toSpliced(2, 0, all[1] ?? ([] as never)),
      /^local record 2: found record 1/,
    ],
    ["a second start", (all: Uint8Array[]) => [...all, ...all], /^local record 5: found record 0/],
  ])("with %s fails", (_, change, message) => {
    const bytes = new Uint8Array(Buffer.concat(change(chain(5))));
    expect(verify(bytes).bad).toMatch(message);
  });

  test("with its last records cut off fails only if the head is given", () => {
    const head = verify(dump(5)).head;
    expect(verify(dump(4)).holds).toBe(true);
    expect(verify(dump(4), head).bad).toBe("the last records are not those of the head");
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
  const COUNTS = [1, 2, 255, 256, 257, 350, 511, 512, 513, 1000];

  test.each(COUNTS)("with %i records written verifies", (count) => {
    const first = Math.max(0, count - RING_SLOTS);
    expect(verify(ring(count))).toMatchObject({
      holds: true,
      local: {
        records: count - first,
        first,
        last: count - 1,
        anchor: first === 0 ? "genesis" : "oldest",
      },
    });
    expect(verify(ring(count)).local.torn).toBeUndefined();
  });

  test("that is erased has no records", () => {
    expect(verify(ring(0))).toMatchObject({ holds: true, local: { records: 0, anchor: "none" } });
  });

  test.each([0, 1, 100, 255, 256, 257, 350, 512])(
    "torn at any byte of record %i verifies, and the torn slot is reported",
    (count) => {
      const before = ring(count);
      const next = chain(count + 1)[count] ?? new Uint8Array(0);
      for (let length = 1; length < RECORD_BYTES; length++) {
        const image = Uint8Array.from(before);
        image.set(next.subarray(0, length), offset(count));
        const { local: verdict, holds } = verify(image);
        const changed = Buffer.compare(image, before) !== 0;
        expect(holds, `${length} bytes`).toBe(true);
        expect(verdict.torn, `${length} bytes`).toBe(changed ? count % RING_SLOTS : undefined);
        expect(verdict.last).toBe(count === 0 ? undefined : count - 1);
        if (changed && count > RING_SLOTS) expect(verdict.first).toBe(count - RING_SLOTS + 1);
      }
    },
  );

  test.each([20, 350])("of %i records with one changed fails and names that record", (count) => {
    const good = ring(count);
    const oldest = Math.max(0, count - RING_SLOTS);
    for (let seq = oldest + 1; seq < count - 1; seq += 7) {
      for (const at of [0, 3, 4, 8, 10, 16, 20, 51]) {
        const verdict = verify(flipped(good, offset(seq) + at));
        expect(verdict.bad, `record ${seq}, byte ${at}`).toMatch(
          new RegExp(`^local record ${seq}: `),
        );
        expect(verdict.local.torn).toBeUndefined();
      }
    }
  });

  test("with damage away from the write position fails instead of counting as torn", () => {
    const erased = ring(20);
    erased.fill(0xff, offset(10), offset(11));
    expect(verify(erased).bad).toMatch(/^local record 10: /);
    expect(verify(erased).local.torn).toBeUndefined();
    const stray = ring(20);
    stray[offset(30)] = 0;
    expect(verify(stray).bad).toBe("slot 30 is ahead of the newest record but is not empty");
  });

  test("whose newest record is changed counts as torn, and fails only if the head is given", () => {
    const { head } = verify(ring(20));
    const changed = flipped(ring(20), offset(19) + 4);
    expect(verify(changed)).toMatchObject({ holds: true, local: { records: 19, torn: 19 } });
    expect(verify(changed, head).bad).toBe("the last records are not those of the head");
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
    return recordLine(parseRecord(bytes)).replace("seq=5 boots=2 time=1000 ", "");
  };

  test.each([
    [RECORD.BOOT, 1, 17, "BOOT reason=CUT torn=yes run=8"],
    [RECORD.LIVE, 0, 0x04030201, "LIVE epoch=01020304..."],
    [RECORD.FAULT, 5, 0, "FAULT phase=FAULT_RAIL"],
    [RECORD.REFUSED, 3, 3, "REFUSED codes=STALE_EPOCH+REPLAY by= count=3"],
    [RECORD.DROPPED, 0, 0x0002_0003, "DROPPED killed=0 malformed=2 bad-mac=3"],
    [RECORD.COMMAND, 0, 7, "COMMAND op=relay.set by=owner number=7 level=off"],
    [RECORD.HOLD, 1, 1, "HOLD state=begun relay=on"],
    [RECORD.CONFIG, 0, 60 * 65_536 + 300, "CONFIG safe=OFF telemetry=60s hold=300s"],
    [RECORD.CONFIG, 1, 0xffff_0001, "CONFIG safe=ON telemetry=65535s hold=1s"],
    [RECORD.CLEAR, 0, 0, "CLEAR"],
    [99, 1, 2, "kind=99 detail=1 value=2"],
    [RECORD.FAULT, 77, 0, "FAULT phase=77"],
  ])("of kind %i with detail %i and value %i is printed as text", (kind, detail, value, text) => {
    expect(line(kind, detail, value)).toBe(text);
  });
});

describe("an older head", () => {
  const older = (local: number, remote: number) => ({
    journalNext: local,
    remoteNext: remote,
    journalHead: headOf(chain(local)[local - 1], chain(remote, 1)[remote - 1]),
  });
  const compare = (image: Uint8Array, local: number, remote: number) =>
    compareWithOlder(readJournal("it", image), older(local, remote));

  test.each([
    [0, 0],
    [5, 3],
    [20, 9],
    [20, 0],
  ])("with %i local and %i remote records is found again", (local, remote) => {
    expect(compare(ring(20, 9), local, remote)).toBe("continues");
  });

  test("shows a ring that was shortened, which verifies by itself", () => {
    expect(verify(ring(12, 9)).holds).toBe(true);
    expect(compare(ring(12, 9), 20, 9)).toEqual({
      bad: "the local ring had 20 records and is shorter now",
    });
    expect(compare(ring(20, 8), 20, 9)).toEqual({
      bad: "the remote ring had 9 records and is shorter now",
    });
  });

  test("shows a ring that was rewritten, which verifies by itself", () => {
    const rewritten = ring(0, 9);
    rewritten.set(forged(20));
    expect(verify(rewritten).holds).toBe(true);
    expect(compare(rewritten, 20, 9)).toEqual({
      bad: "its records up to the older head are not those that the head covers",
    });
  });

  test("that a ring has gone past says nothing", () => {
    expect(compare(ring(20 + RING_SLOTS, 9), 20, 9)).toBe("overwritten");
    expect(compare(ring(20 + RING_SLOTS, 9), 21, 9)).toBe("continues");
  });
});

/** The image of a local ring of LIVE records only, with its own chain. */
function forged(count: number): Uint8Array {
  const image = new Uint8Array(count * 64).fill(0xff);
  let before = Buffer.alloc(32);
  for (let seq = 0; seq < count; seq++) {
    const body = Buffer.alloc(20);
    body.writeUInt32LE(seq, 0);
    body.writeUInt8(RECORD.LIVE, 8);
    before = createHash("sha256").update(before).update(body).update(Buffer.of(0x20)).digest();
    image.set(Buffer.concat([body, before]), seq * 64);
  }
  return image;
}

test("a record in the ring of the other kind fails", () => {
  const swapped = new Uint8Array(Buffer.concat([SEPARATOR, ...chain(2)]));
  expect(verify(swapped).bad).toBe("remote record 0: its kind belongs to the other ring");
  const dumped = new Uint8Array(Buffer.concat([...chain(3), SEPARATOR, ...chain(2, 1)]));
  expect(verify(flipped(dumped, 4 * RECORD_BYTES + 20)).bad).toMatch(/^remote record 0: /);
});

// The CBOR reader: the examples of RFC 8949, appendix A, also back through the writer; then each
// rule at its limits.

import {
  readArray,
  readBegin,
  readBool,
  readBytes,
  readDone,
  readFailed,
  readInt,
  readLength,
  readMap,
  readSkip,
  readTag,
  readText,
  readUint,
  writeArray,
  writeBegin,
  writeBool,
  writeBytes,
  writeEnd,
  writeInt,
  writeMap,
  writeTag,
  writeText,
  writeUint,
} from "../../firmware/device/cbor";
import { atEdge, lastPage, same } from "./bytes";
import { CBOR, count, field, value } from "./vectors";

const IN = memory.data(2048, 8);
const OUT = memory.data(2048, 8);
const ADDRESS_MAX: usize = 0xffffffff;

/** Starts reading an item that ends where memory ends. `bytes`: most significant byte first. */
function item(bytes: u64, len: u32): usize {
  const page = lastPage();
  for (let i: u32 = 0; i < len; i++) store<u8>(IN + i, <u8>(bytes >>> (8 * (len - 1 - i))));
  const ptr = atEdge(page, IN, len);
  readBegin(ptr, len);
  return ptr;
}

/** Whether readSkip() accepts the item and reads all of it. */
function skips(bytes: u64, len: u32): bool {
  item(bytes, len);
  readSkip();
  return readDone();
}

/** Whether readUint() accepts the item and returns the value. */
function reads(bytes: u64, len: u32, expected: u64): bool {
  item(bytes, len);
  return readUint() === expected && readDone();
}

/** Whether readInt() accepts the item and returns the value. */
function readsInt(bytes: u64, len: u32, expected: i64): bool {
  item(bytes, len);
  return readInt() === expected && readDone();
}

/** Reads the item at `ptr` and writes it; returns where the next one starts. */
function transcode(ptr: usize, end: usize): usize {
  readBegin(ptr, <u32>(end - ptr));
  const major = <u32>load<u8>(ptr) >>> 5;
  if (major === 0) writeUint(readUint());
  else if (major === 1) writeInt(readInt());
  else if (major === 2) writeBytes(readBytes(), readLength());
  else if (major === 3) writeText(readText(), readLength());
  else if (major === 7) writeBool(readBool());
  else {
    let items: u32 = 1;
    if (major === 4) writeArray((items = readArray()));
    else if (major === 5) writeMap((items = readMap()));
    else writeTag(readTag());
    if (major === 5) items *= 2;
    // The items follow. Skipping the first one gives the address where they start.
    let at: usize = items === 0 ? ptr + 1 : readSkip();
    assert(!readFailed(), "head or first item");
    for (let i: u32 = 0; i < items; i++) at = transcode(at, end);
    return at;
  }
  assert(!readFailed(), "scalar");
  readBegin(ptr, <u32>(end - ptr));
  readSkip();
  return ptr + readLength();
}

describe("an example of RFC 8949, appendix A", () => {
  it("is accepted if it is in the reader's subset, and refused otherwise", () => {
    const page = lastPage();
    const vectors = count(CBOR);
    let accepted: u32 = 0;
    for (let i: u32 = 0; i < vectors; i++) {
      const len = field(CBOR, i, 0, IN);
      const ptr = atEdge(page, IN, len);
      readBegin(ptr, len);
      const at = readSkip();
      const expected = value(CBOR, i, 1) === 1;
      assert(readDone() === expected, `vector ${i}`);
      assert(!expected || (at === ptr && readLength() === len), `vector ${i}: address or length`);
      assert(
        expected || (at === 0 && readLength() === 0),
        `vector ${i}: refused, but with an address`,
      );
      accepted += u32(expected);
    }
    expect<u32>(vectors).toBe(82);
    expect<u32>(accepted).toBe(45);
  });

  it("is refused when truncated at any byte", () => {
    const page = lastPage();
    let cuts: u32 = 0;
    for (let i: u32 = 0, n = count(CBOR); i < n; i++) {
      const len = field(CBOR, i, 0, IN);
      for (let cut: u32 = 0; cut < len; cut++) {
        readBegin(atEdge(page, IN, cut), cut);
        readSkip();
        assert(readFailed(), `vector ${i} cut at ${cut}`);
        cuts++;
      }
    }
    expect<u32>(cuts).toBeGreaterThan(300);
  });

  it("is written back byte for byte", () => {
    let written: u32 = 0;
    for (let i: u32 = 0, n = count(CBOR); i < n; i++) {
      if (value(CBOR, i, 2) === 0) continue;
      const len = field(CBOR, i, 0, IN);
      writeBegin(OUT, len);
      assert(transcode(IN, IN + len) === IN + len, `vector ${i}: end`);
      assert(writeEnd() === len && same(IN, OUT, len), `vector ${i}`);
      writeBegin(OUT, len - 1);
      transcode(IN, IN + len);
      assert(writeEnd() === 0, `vector ${i}: one byte too little room`);
      written++;
    }
    expect<u32>(written).toBe(42);
  });

  it("never leads the reader outside the buffer when a byte is changed", () => {
    const page = lastPage();
    let tried: u32 = 0;
    for (let i: u32 = 0, n = count(CBOR); i < n; i++) {
      const len = field(CBOR, i, 0, IN);
      const ptr = atEdge(page, IN, len);
      for (let at: u32 = 0; at < len; at++) {
        const old = load<u8>(ptr + at);
        for (let flip: u32 = 1; flip < 256; flip++) {
          store<u8>(ptr + at, old ^ <u8>flip);
          readBegin(ptr, len);
          const begin = readSkip();
          assert(readFailed() ? begin === 0 : begin + readLength() <= ptr + len, `vector ${i}`);
          tried++;
        }
        store<u8>(ptr + at, old);
      }
    }
    expect<u32>(tried).toBeGreaterThan(100000);
  });
});

describe("the reader", () => {
  it("accepts integers in their shortest form only", () => {
    expect<bool>(reads(0x17, 1, 23)).toBe(true);
    expect<bool>(reads(0x1817, 2, 23)).toBe(false);
    expect<bool>(reads(0x1818, 2, 24)).toBe(true);
    expect<bool>(reads(0x18ff, 2, 0xff)).toBe(true);
    expect<bool>(reads(0x1900ff, 3, 0xff)).toBe(false);
    expect<bool>(reads(0x190100, 3, 0x100)).toBe(true);
    expect<bool>(reads(0x19ffff, 3, 0xffff)).toBe(true);
    expect<bool>(reads(0x1a0000ffff, 5, 0xffff)).toBe(false);
    expect<bool>(reads(0x1a00010000, 5, 0x10000)).toBe(true);
    expect<bool>(reads(0x1affffffff, 5, 0xffffffff)).toBe(true);
  });

  it("accepts 64-bit integers in their shortest form only", () => {
    store<u8>(IN, 0x1b);
    store<u64>(IN, bswap<u64>(0xffffffff), 1);
    readBegin(IN, 9);
    readUint();
    expect<bool>(readFailed()).toBe(true);
    store<u64>(IN, bswap<u64>(0x100000000), 1);
    readBegin(IN, 9);
    expect<u64>(readUint()).toBe(0x100000000);
    expect<bool>(readDone()).toBe(true);
  });

  it("refuses reserved and indefinite heads of every type", () => {
    for (let major: u32 = 0; major < 8; major++) {
      for (let info: u32 = 28; info < 32; info++) {
        assert(!skips((((major << 5) | info) << 8) | 0xff, 2), `major ${major}, info ${info}`);
        assert(!skips((major << 5) | info, 1), `major ${major}, info ${info}, alone`);
        memory.fill(IN + 1, 0xff, 200);
        for (let len: u32 = 9; len < 200; len++) {
          store<u8>(IN, <u8>((major << 5) | info));
          readBegin(IN, len);
          readSkip();
          assert(readFailed(), `major ${major}, info ${info}, ${len} bytes`);
        }
      }
    }
    expect<bool>(skips(0x80, 1)).toBe(true);
  });

  it("accepts only integers that fit an i64", () => {
    expect<bool>(readsInt(0x20, 1, -1)).toBe(true);
    expect<bool>(readsInt(0x3818, 2, -25)).toBe(true);
    expect<bool>(readsInt(0x3817, 2, -24)).toBe(false);
    expect<bool>(readsInt(0x1818, 2, 24)).toBe(true);
    expect<bool>(readsInt(0x40, 1, 0)).toBe(false);
    item(0x38, 1);
    expect<i64>(readInt()).toBe(0);
    expect<bool>(readFailed()).toBe(true);
    for (let sign: u8 = 0; sign < 2; sign++) {
      store<u8>(IN, (sign << 5) | 0x1b);
      store<u64>(IN, bswap<u64>(<u64>i64.MAX_VALUE), 1);
      readBegin(IN, 9);
      expect<i64>(readInt()).toBe(sign === 0 ? i64.MAX_VALUE : i64.MIN_VALUE);
      expect<bool>(readDone()).toBe(true);
      store<u64>(IN, bswap<u64>(1 << 63), 1);
      readBegin(IN, 9);
      expect<i64>(readInt()).toBe(0);
      expect<bool>(readFailed()).toBe(true);
    }
  });

  it("accepts an item only of the type that is read", () => {
    // One short item of each major type, by major type.
    for (let major: u32 = 0; major < 8; major++) {
      const head = major === 7 ? 0xf5 : major === 6 ? 0xc100 : major << 5;
      const len: u32 = major === 6 ? 2 : 1;
      for (let call: u32 = 0; call < 8; call++) {
        item(head, len);
        if (call === 0) readUint();
        else if (call === 1) readInt();
        else if (call === 2) readBytes();
        else if (call === 3) readText();
        else if (call === 4) readArray();
        else if (call === 5) readMap();
        else if (call === 6) readTag();
        else readBool();
        assert(
          readFailed() === !(call === major || (call === 1 && major === 0)),
          `${major} ${call}`,
        );
      }
    }
    expect<bool>(readFailed()).toBe(false);
  });

  it("accepts false and true, and no other simple value, as a bool", () => {
    for (let byte: u32 = 0xe0; byte < 0x100; byte++) {
      item(byte, 1);
      const read = readBool();
      assert(read === (byte === 0xf5), `byte ${byte}`);
      assert(readDone() === (byte === 0xf4 || byte === 0xf5), `byte ${byte}: accepted`);
    }
    item(0xf815, 2);
    readBool();
    expect<bool>(readFailed()).toBe(true);
  });

  it("skips false, true, null and undefined, and no other simple value", () => {
    for (let byte: u32 = 0xe0; byte < 0x100; byte++) {
      assert(skips(byte, 1) === (byte >= 0xf4 && byte <= 0xf7), `byte ${byte}`);
    }
    for (let code: u32 = 0; code < 256; code++) assert(!skips(0xf800 | code, 2), `simple ${code}`);
    for (let bits: u32 = 0; bits < 65536; bits += 257) {
      assert(!skips(0xf90000 | bits, 3), `half ${bits}`);
    }
    expect<bool>(skips(0xf90014, 3)).toBe(false);
    expect<bool>(skips(0xfa00000014, 5)).toBe(false);
  });

  it("returns the address and the length of a string", () => {
    const ptr = item(0x4301020341ff, 6);
    expect<usize>(readBytes()).toBe(ptr + 1);
    expect<u32>(readLength()).toBe(3);
    expect<usize>(readBytes()).toBe(ptr + 5);
    expect<u32>(readLength()).toBe(1);
    expect<bool>(readDone()).toBe(true);
    expect<usize>(readBytes()).toBe(0);
    expect<u32>(readLength()).toBe(0);
    item(0x430102, 3);
    expect<usize>(readBytes()).toBe(0);
    expect<u32>(readLength()).toBe(0);
  });

  it("refuses lengths and counts beyond the buffer, up to the largest", () => {
    expect<bool>(skips(0x420102, 3)).toBe(true);
    expect<bool>(skips(0x430102, 3)).toBe(false);
    expect<bool>(skips(0x630102, 3)).toBe(false);
    expect<bool>(skips(0x820102, 3)).toBe(true);
    expect<bool>(skips(0x830102, 3)).toBe(false);
    expect<bool>(skips(0xa10102, 3)).toBe(true);
    expect<bool>(skips(0xa2010203, 4)).toBe(false);
    expect<bool>(skips(0x5affffffff, 5)).toBe(false);
    expect<bool>(skips(0x9affffffff, 5)).toBe(false);
    for (let major: u8 = 2; major < 6; major++) {
      // 2^64 - 1, 2^63, and 2^32, which is 0 in 32 bits.
      for (let i: u32 = 0; i < 3; i++) {
        const huge: u64 = i === 0 ? u64.MAX_VALUE : i === 1 ? 1 << 63 : 1 << 32;
        store<u8>(IN, (major << 5) | 0x1b);
        store<u64>(IN, bswap<u64>(huge), 1);
        readBegin(IN, 9);
        readSkip();
        assert(readFailed(), `major ${major}, ${i}`);
      }
    }
    item(0x83, 1);
    expect<u32>(readArray()).toBe(0);
    expect<bool>(readFailed()).toBe(true);
    item(0xa2010203, 4);
    expect<u32>(readMap()).toBe(0);
    expect<bool>(readFailed()).toBe(true);
  });

  it("accepts only map keys that ascend strictly bytewise, at every depth", () => {
    expect<bool>(skips(0xa201000200, 5)).toBe(true);
    expect<bool>(skips(0xa202000100, 5)).toBe(false);
    expect<bool>(skips(0xa201000100, 5)).toBe(false);
    expect<bool>(skips(0xa2170018_1800, 6)).toBe(true);
    expect<bool>(skips(0xa2181800_1700, 6)).toBe(false);
    // By encoding, not by length first: -1 before "", 24 before -1.
    expect<bool>(skips(0xa220006000, 5)).toBe(true);
    expect<bool>(skips(0xa260002000, 5)).toBe(false);
    expect<bool>(skips(0xa21818002000, 6)).toBe(true);
    expect<bool>(skips(0xa26161006162_00, 7)).toBe(true);
    expect<bool>(skips(0xa26162006161_00, 7)).toBe(false);
    expect<bool>(skips(0x81a202000100, 6)).toBe(false);
    expect<bool>(skips(0xa300010102_0200, 7)).toBe(true);
    expect<bool>(skips(0xa300010202_0100, 7)).toBe(false);
  });

  it("accepts 8 levels of nesting and refuses 9", () => {
    for (let i: u32 = 0; i < 3; i++) {
      // Arrays of one, maps of one (key 0), tags, around 0.
      const step: u32 = i === 1 ? 2 : 1;
      for (let depth: u32 = 8; depth < 10; depth++) {
        for (let level: u32 = 0; level < depth; level++) {
          store<u8>(IN + level * step, i === 0 ? 0x81 : i === 1 ? 0xa1 : 0xc0);
          if (i === 1) store<u8>(IN + level * step + 1, 0);
        }
        store<u8>(IN + depth * step, 0);
        readBegin(IN, depth * step + 1);
        readSkip();
        assert(readDone() === (depth === 8), `container ${i}, depth ${depth}`);
      }
    }
    for (let depth: u32 = 0; depth < 1024; depth++) store<u8>(IN + depth, 0x81);
    readBegin(IN, 1024);
    readSkip();
    expect<bool>(readFailed()).toBe(true);
  });

  it("keeps failing until readBegin() is called again", () => {
    item(0x4001, 2);
    readUint();
    expect<bool>(readFailed()).toBe(true);
    expect<usize>(readBytes()).toBe(0);
    expect<u64>(readUint()).toBe(0);
    expect<i64>(readInt()).toBe(0);
    expect<bool>(readBool()).toBe(false);
    expect<u64>(readTag()).toBe(0);
    expect<u32>(readMap()).toBe(0);
    expect<usize>(readSkip()).toBe(0);
    expect<bool>(readFailed()).toBe(true);
    expect<bool>(readDone()).toBe(false);
    readBegin(IN, 2);
    expect<usize>(readBytes()).toBe(IN + 1);
    expect<bool>(readDone()).toBe(false);
    expect<u64>(readUint()).toBe(1);
    expect<bool>(readDone()).toBe(true);
  });

  throws("traps on a buffer that ends outside memory", () => {
    readBegin((<usize>memory.size()) << 16, 1);
  });

  throws("traps on a buffer that wraps", () => {
    readBegin(ADDRESS_MAX, 2);
  });

  throws("traps on a buffer at address 0", () => {
    readBegin(0, 1);
  });
});

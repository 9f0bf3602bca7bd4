// COSE_Mac0: the examples of the COSE working group, then each rule of the profile at its limits.

import {
  kidLen,
  kidPtr,
  MESSAGE_MARGIN,
  mac0Build,
  mac0Finish,
  mac0Parse,
  mac0Structure,
  macStructurePtr,
  PAYLOAD_MARGIN,
  PAYLOAD_MAX,
  payloadLen,
  payloadPtr,
  tagPtr,
} from "../../firmware/device/cose";
import { hmacPrepare, hmacSha256, PREPARED_BYTES } from "../../firmware/mac/hmac";
import { atEdge, lastPage, pattern, same } from "./bytes";
import { COSE, count, field, value } from "./vectors";

const MESSAGE = memory.data(2048, 8);
const COPY = memory.data(2048, 8);
const KEY = memory.data(64, 8);
const PAYLOAD = memory.data(2048, 8);
const PREPARED = memory.data(PREPARED_BYTES, 8);
const TAG = memory.data(32, 8);
const KID = memory.data<u8>([0x6f, 0x77, 0x6e, 0x65, 0x72, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
/** Buffer for built messages, and the address of the last one. */
const ROOM = memory.data(1024, 8);
let BUILT: usize = 0;

/** Whether the tag of the last parsed message is good. Overwrites the message's headers. */
function authentic(keyLen: u32): bool {
  const len = mac0Structure();
  hmacPrepare(KEY, keyLen, PREPARED);
  hmacSha256(PREPARED, macStructurePtr(), len, TAG);
  return same(TAG, tagPtr(), 32);
}

/**
 * Assembles a message: `head` (the array's head and the tag before it), protected and unprotected
 * header, all most significant byte first, then the payload h'AABB' and a tag of `tagLen` bytes.
 * Returns whether mac0Parse() accepts it.
 */
function takes(
  head: u64,
  headLen: u32,
  protect: u64,
  protectLen: u32,
  unprotect: u64,
  unprotectLen: u32,
  tagLen: u32 = 32,
): bool {
  let at = put(MESSAGE, head, headLen);
  at = put(at, protect, protectLen);
  at = put(at, unprotect, unprotectLen);
  at = put(at, 0x42aabb, 3);
  at = put(at, 0x5800 | tagLen, 2);
  for (let i: u32 = 0; i < tagLen; i++) store<u8>(at + i, 0x99);
  const len = <u32>(at - MESSAGE) + tagLen;
  return mac0Parse(atEdge(lastPage(), MESSAGE, len), len);
}

function put(at: usize, bytes: u64, len: u32): usize {
  for (let i: u32 = 0; i < len; i++) store<u8>(at + i, <u8>(bytes >>> (8 * (len - 1 - i))));
  return at + len;
}

/**
 * Whether mac0Parse() accepts this unprotected header, after a protected alg or an empty protected
 * header.
 */
function takesWith(isProtected: bool, unprotect: u64, len: u32): bool {
  if (isProtected) return takes(0xd184, 2, 0x43a10105, 4, unprotect, len);
  return takes(0xd184, 2, 0x40, 1, unprotect, len);
}

describe("the examples of the COSE working group", () => {
  it("are accepted or refused as they state; other algorithms are refused", () => {
    const page = lastPage();
    const vectors = count(COSE);
    let parsed: u32 = 0;
    let accepted: u32 = 0;
    for (let i: u32 = 0; i < vectors; i++) {
      const len = field(COSE, i, 0, MESSAGE);
      const keyLen = field(COSE, i, 1, KEY);
      const payload = field(COSE, i, 2, PAYLOAD);
      const ok = mac0Parse(atEdge(page, MESSAGE, len), len);
      assert(ok === (value(COSE, i, 3) === 1), `vector ${i}: parsed`);
      assert(ok || value(COSE, i, 4) === 0, `vector ${i}: refused`);
      if (!ok) continue;
      assert(
        payloadLen() === payload && same(payloadPtr(), PAYLOAD, payload),
        `vector ${i}: payload`,
      );
      assert(kidPtr() === 0 && kidLen() === 0, `vector ${i}: kid`);
      const right = authentic(keyLen);
      assert(right === (value(COSE, i, 4) === 1), `vector ${i}: MAC`);
      parsed++;
      accepted += u32(right);
    }
    expect<u32>(vectors).toBe(15);
    expect<u32>(parsed).toBe(8);
    expect<u32>(accepted).toBe(4);
  });

  it("are refused when truncated at any byte or one byte longer", () => {
    const page = lastPage();
    let cuts: u32 = 0;
    for (let i: u32 = 0, n = count(COSE); i < n; i++) {
      const len = field(COSE, i, 0, MESSAGE);
      store<u8>(MESSAGE + len, 0);
      for (let cut: u32 = 0; cut < len; cut++) {
        assert(!mac0Parse(atEdge(page, MESSAGE, cut), cut), `vector ${i} cut at ${cut}`);
        cuts++;
      }
      assert(!mac0Parse(atEdge(page, MESSAGE, len + 1), len + 1), `vector ${i} with a byte more`);
    }
    expect<u32>(cuts).toBeGreaterThan(800);
  });

  it("are never authentic with a changed byte, and never lead outside the message", () => {
    const page = lastPage();
    let accepted: u32 = 0;
    for (let i: u32 = 0, n = count(COSE); i < n; i++) {
      if (value(COSE, i, 4) === 0) continue;
      const len = field(COSE, i, 0, MESSAGE);
      const keyLen = field(COSE, i, 1, KEY);
      for (let at: u32 = 0; at < len; at++) {
        for (let flip: u32 = 1; flip < 256; flip++) {
          const ptr = atEdge(page, MESSAGE, len);
          store<u8>(ptr + at, load<u8>(ptr + at) ^ <u8>flip);
          if (!mac0Parse(ptr, len)) continue;
          assert(payloadPtr() >= ptr && payloadPtr() + payloadLen() <= tagPtr(), "payload outside");
          assert(tagPtr() + 32 === ptr + len, "tag outside");
          accepted += u32(authentic(keyLen));
          assert(macStructurePtr() + MESSAGE_MARGIN >= ptr, "structure outside");
        }
      }
    }
    expect<u32>(accepted).toBe(0);
  });
});

describe("the profile", () => {
  it("accepts tag 17 or no tag", () => {
    expect<bool>(takes(0xd184, 2, 0x43a10105, 4, 0xa0, 1)).toBe(true);
    expect<bool>(takes(0x84, 1, 0x43a10105, 4, 0xa0, 1)).toBe(true);
    expect<bool>(takes(0xd284, 2, 0x43a10105, 4, 0xa0, 1)).toBe(false);
    expect<bool>(takes(0xd084, 2, 0x43a10105, 4, 0xa0, 1)).toBe(false);
    expect<bool>(takes(0xd1d184, 3, 0x43a10105, 4, 0xa0, 1)).toBe(false);
    expect<bool>(takes(0xd81184, 3, 0x43a10105, 4, 0xa0, 1)).toBe(false);
    expect<bool>(takes(0xd183, 2, 0x43a10105, 4, 0xa0, 1)).toBe(false);
    expect<bool>(takes(0xd185, 2, 0x43a10105, 4, 0xa0, 1)).toBe(false);
    expect<bool>(takes(0xd1a2, 2, 0x43a10105, 4, 0xa0, 1)).toBe(false);
  });

  it("accepts alg HMAC 256/256 exactly once, protected or not", () => {
    expect<bool>(takesWith(true, 0xa0, 1)).toBe(true);
    expect<bool>(takesWith(false, 0xa10105, 3)).toBe(true);
    expect<bool>(takes(0x84, 1, 0x41a0, 2, 0xa10105, 3)).toBe(true);
    expect<bool>(takesWith(false, 0xa0, 1)).toBe(false);
    expect<bool>(takesWith(true, 0xa10105, 3)).toBe(false);
    expect<bool>(takesWith(false, 0xa10104, 3)).toBe(false);
    expect<bool>(takesWith(false, 0xa2_0105_0105, 5)).toBe(false);
    expect<bool>(takesWith(false, 0xa10162_4853, 5)).toBe(false);
    expect<bool>(takes(0x84, 1, 0x43a10104, 4, 0xa0, 1)).toBe(false);
    expect<bool>(takes(0x84, 1, 0x43a10205, 4, 0xa0, 1)).toBe(false);
    expect<bool>(takes(0x84, 1, 0x43a20105, 4, 0xa0, 1)).toBe(false);
    expect<bool>(takes(0x84, 1, 0x44a1010500, 5, 0xa0, 1)).toBe(false);
    expect<bool>(takes(0x84, 1, 0x42a101, 3, 0xa0, 1)).toBe(false);
    expect<bool>(takes(0x84, 1, 0x41a1, 2, 0xa10105, 3)).toBe(false);
    expect<bool>(takes(0x84, 1, 0xa10105, 3, 0xa0, 1)).toBe(false);
    expect<bool>(takes(0x84, 1, 0x63a10105, 4, 0xa0, 1)).toBe(false);
  });

  it("accepts one kid, a byte string, and no other header", () => {
    expect<bool>(takesWith(true, 0xa1_04_4101, 4)).toBe(true);
    expect<u32>(kidLen()).toBe(1);
    expect<u8>(load<u8>(kidPtr())).toBe(1);
    expect<u32>(payloadLen()).toBe(2);
    expect<u8>(load<u8>(payloadPtr())).toBe(0xaa);
    expect<bool>(takesWith(false, 0xa2_0105_04_4101, 6)).toBe(true);
    expect<u32>(kidLen()).toBe(1);
    expect<bool>(takesWith(false, 0xa2_04_4101_0105, 6)).toBe(false);
    expect<bool>(takesWith(true, 0xa1_04_6101, 4)).toBe(false);
    expect<bool>(takesWith(true, 0xa1_05_4101, 4)).toBe(false);
    expect<bool>(takesWith(true, 0xa1_24_4101, 4)).toBe(false);
    expect<bool>(takesWith(true, 0xa1_02_8104, 4)).toBe(false);
    expect<bool>(takesWith(true, 0xa2_04_40_04_40, 5)).toBe(false);
    expect<bool>(takesWith(true, 0xa2_04_40_05_40, 5)).toBe(false);
    expect<bool>(takesWith(true, 0x80, 1)).toBe(false);
    // A map that counts the payload and the tag as its entries; alg after an empty map.
    expect<bool>(takesWith(true, 0xa2_04_40, 3)).toBe(false);
    expect<bool>(takesWith(false, 0xa3_0105_04_40, 5)).toBe(false);
    expect<bool>(takesWith(false, 0xa0_01_05, 3)).toBe(false);
    expect<usize>(tagPtr()).toBe(0);
  });

  it("accepts a kid of 16 bytes, refuses one of 17, and keeps nothing of a refused message", () => {
    for (let size: u32 = 16; size < 18; size++) {
      let at = put(MESSAGE, 0x8443a10105, 5);
      at = put(at, 0xa104, 2);
      at = put(at, 0x40 | size, 1) + size;
      at = put(at, 0x40, 1);
      at = put(at, 0x5820, 2) + 32;
      assert(mac0Parse(MESSAGE, <u32>(at - MESSAGE)) === (size === 16), `kid of ${size}`);
      assert(size !== 16 || kidLen() === 16, `kid of ${size}: length`);
    }
    expect<usize>(tagPtr()).toBe(0);
    expect<bool>(takesWith(true, 0xa1_04_4101, 4)).toBe(true);
    expect<bool>(takes(0x84, 1, 0x43a10105, 4, 0xa1_04_4101, 4, 31)).toBe(false);
    expect<usize>(tagPtr()).toBe(0);
    expect<bool>(takesWith(true, 0xa0, 1)).toBe(true);
    expect<usize>(kidPtr()).toBe(0);
    expect<u32>(kidLen()).toBe(0);
  });

  it("accepts only a tag of 32 bytes", () => {
    for (let size: u32 = 24; size < 64; size++) {
      const taken = takes(0x84, 1, 0x43a10105, 4, 0xa0, 1, size);
      assert(taken === (size === 32), `tag of ${size}`);
    }
    expect<usize>(tagPtr()).toBe(0);
  });

  it("refuses a message without a payload", () => {
    for (let i: u32 = 0; i < 3; i++) {
      // nil (detached), text, empty bytes.
      let at = put(MESSAGE, 0x8443a10105a0, 6);
      at = put(at, i === 0 ? 0xf6 : i === 1 ? 0x60 : 0x40, 1);
      at = put(at, 0x5820, 2) + 32;
      assert(mac0Parse(MESSAGE, <u32>(at - MESSAGE)) === (i === 2), `payload ${i}`);
    }
    expect<u32>(payloadLen()).toBe(0);
    expect<usize>(payloadPtr()).not.toBe(0);
  });

  throws("traps on the MAC structure without a message", () => {
    mac0Parse(MESSAGE, 0);
    mac0Structure();
  });
});

describe("the usual beginning", () => {
  it("is parsed as any other beginning, with every byte changed and every length", () => {
    let taken: u32 = 0;
    for (let size: u32 = 0; size <= 40; size++) {
      pattern(PAYLOAD, size, size);
      const len = build(5, size);
      memory.copy(COPY, BUILT, len);
      for (let at: u32 = 0; at < 20; at++) {
        for (let flip: u32 = 0; flip < 256; flip++) {
          memory.copy(MESSAGE, COPY, len);
          store<u8>(MESSAGE + at, load<u8>(MESSAGE + at) ^ <u8>flip);
          const tagged = mac0Parse(MESSAGE, len);
          // Without its CBOR tag a message does not have the usual beginning.
          const same = at > 0 && mac0Parse(MESSAGE + 1, len - 1);
          assert(at === 0 || same === tagged, `size ${size}, byte ${at}, flip ${flip}`);
          taken += u32(tagged);
        }
      }
    }
    expect<u32>(taken).toBeGreaterThan(41 * 20);
  });
});

/**
 * Builds a message around the first `size` bytes of PAYLOAD under the first bytes of KID; signed.
 */
function build(kidSize: u32, size: u32): u32 {
  const payload = ROOM + PAYLOAD_MARGIN;
  memory.copy(payload, PAYLOAD, size);
  mac0Build(payload, size);
  const structure = mac0Structure();
  hmacPrepare(KEY, 32, PREPARED);
  hmacSha256(PREPARED, macStructurePtr(), structure, tagPtr());
  BUILT = mac0Finish(KID, kidSize);
  return <u32>(tagPtr() + 32 - BUILT);
}

describe("building a message", () => {
  it("gives a message that is parsed back, with the tag at tagPtr()", () => {
    pattern(KEY, 32, 7);
    for (let size: u32 = 0; size <= PAYLOAD_MAX; size++) {
      const kidSize = 1 + (size % 16);
      pattern(PAYLOAD, size, size);
      const len = build(kidSize, size);
      assert(len <= 1024 && BUILT >= ROOM, `payload of ${size}: room`);
      assert(mac0Parse(BUILT, len), `payload of ${size}: parsed`);
      assert(tagPtr() === BUILT + len - 32, `payload of ${size}: tag`);
      assert(kidLen() === kidSize && same(kidPtr(), KID, kidSize), `payload of ${size}: kid`);
      assert(payloadLen() === size && same(payloadPtr(), PAYLOAD, size), `payload of ${size}`);
      assert(authentic(32), `payload of ${size}: MAC`);
    }
    expect<u32>(payloadLen()).toBe(958);
  });

  it("writes tag 17, {1: 5}, {4: kid}, payload and tag, and before that the MAC structure", () => {
    store<u8>(PAYLOAD, 0xaa);
    memory.copy(ROOM + PAYLOAD_MARGIN, PAYLOAD, 1);
    mac0Build(ROOM + PAYLOAD_MARGIN, 1);
    let at = put(COPY, 0x84644d414330, 6);
    at = put(at, 0x43a1010540, 5);
    put(at, 0x41aa, 2);
    expect<u32>(mac0Structure()).toBe(13);
    expect<bool>(same(macStructurePtr(), COPY, 13)).toBe(true);
    memory.fill(tagPtr(), 0, 32);
    const built = mac0Finish(KID, 5);
    at = put(COPY, 0xd18443a10105, 6);
    at = put(at, 0xa10445, 3);
    at = put(at, 0x6f776e6572, 5);
    at = put(at, 0x41aa5820, 4);
    memory.fill(at, 0, 32);
    expect<usize>(tagPtr() + 32 - built).toBe(50);
    expect<bool>(same(built, COPY, 50)).toBe(true);
  });

  throws("traps on an empty kid", () => {
    mac0Build(ROOM + PAYLOAD_MARGIN, 1);
    mac0Finish(KID, 0);
  });

  throws("traps on a kid of 17 bytes", () => {
    mac0Build(ROOM + PAYLOAD_MARGIN, 1);
    mac0Finish(KID, 17);
  });

  throws("traps on a payload that does not fit", () => {
    mac0Build(ROOM + PAYLOAD_MARGIN, PAYLOAD_MAX + 1);
  });
});

describe("the MAC structure of a parsed message", () => {
  it("needs MESSAGE_MARGIN bytes before a message with the shortest headers", () => {
    for (let headers: u32 = 0; headers < 2; headers++) {
      let at = put(
        MESSAGE + MESSAGE_MARGIN,
        headers === 0 ? 0x8443a10105a0 : 0x8440a10105,
        6 - headers,
      );
      at = put(at, 0x41aa5820, 4);
      memory.fill(at, 0x99, 32);
      memory.fill(MESSAGE, 0x77, MESSAGE_MARGIN);
      expect<bool>(
        mac0Parse(MESSAGE + MESSAGE_MARGIN, <u32>(at - MESSAGE) + 32 - MESSAGE_MARGIN),
      ).toBe(true);
      expect<u32>(mac0Structure()).toBe(headers === 0 ? 13 : 10);
      expect<bool>(macStructurePtr() >= MESSAGE).toBe(true);
      at = put(COPY, 0x84644d414330, 6);
      at = headers === 0 ? put(at, 0x43a1010540, 5) : put(at, 0x4040, 2);
      put(at, 0x41aa, 2);
      expect<bool>(same(macStructurePtr(), COPY, headers === 0 ? 13 : 10)).toBe(true);
    }
  });

  it("covers the largest message", () => {
    // Untagged, no kid: the largest payload that MESSAGE_MAX leaves.
    let at = put(MESSAGE + 8, 0x8440a10105, 5);
    at = put(at, 0x5903d6, 3) + 982;
    at = put(at, 0x5820, 2) + 32;
    expect<usize>(at - MESSAGE - 8).toBe(1024);
    expect<bool>(mac0Parse(MESSAGE + 8, 1024)).toBe(true);
    expect<u32>(mac0Structure()).toBe(993);
    at = put(MESSAGE + 8, 0x8440a10105, 5);
    at = put(at, 0x5903d7, 3) + 983;
    put(at, 0x5820, 2);
    expect<bool>(mac0Parse(MESSAGE + 8, 1025)).toBe(false);
  });
});

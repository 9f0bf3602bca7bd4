// COSE_Mac0: the working group's examples, then each rule of the profile at its boundary.

import {
  kidLen,
  kidPtr,
  mac0Build,
  mac0Parse,
  mac0Structure,
  macStructurePtr,
  payloadLen,
  payloadPtr,
  tagPtr,
} from "../../firmware/device/cose";
import { hmacSha256 } from "../../firmware/mac/hmac";
import { atEdge, lastPage, pattern, same } from "./bytes";
import { COSE, count, field, value } from "./vectors";

const MESSAGE = memory.data(2048, 8);
const AAD = memory.data(2048, 8);
const KEY = memory.data(64, 8);
const PAYLOAD = memory.data(2048, 8);
const TAG = memory.data(32, 8);
const KID = memory.data<u8>([0x6f, 0x77, 0x6e, 0x65, 0x72]);

/** Whether the last parsed message's tag is right. */
function authentic(keyLen: u32, aadLen: u32): bool {
  const len = mac0Structure(AAD, aadLen);
  assert(len > 0, "no structure");
  hmacSha256(KEY, keyLen, macStructurePtr(), len, TAG);
  return same(TAG, tagPtr(), 32);
}

/**
 * Puts together a message: `head` (the array's head and what stands before it), protected and
 * unprotected header, all most significant byte first, then the payload h'AABB' and a tag of `tagLen`
 * bytes. Returns whether mac0Parse() takes it.
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

/** Whether a message with this unprotected header is taken: alg protected, or nothing protected. */
function takesWith(isProtected: bool, unprotect: u64, len: u32): bool {
  if (isProtected) return takes(0xd184, 2, 0x43a10105, 4, unprotect, len);
  return takes(0xd184, 2, 0x40, 1, unprotect, len);
}

describe("the COSE working group's examples", () => {
  it("are accepted or refused as they say; other algorithms are refused", () => {
    const page = lastPage();
    const vectors = count(COSE);
    let parsed: u32 = 0;
    let accepted: u32 = 0;
    for (let i: u32 = 0; i < vectors; i++) {
      const len = field(COSE, i, 0, MESSAGE);
      const aadLen = field(COSE, i, 1, AAD);
      const keyLen = field(COSE, i, 2, KEY);
      const payload = field(COSE, i, 3, PAYLOAD);
      const ok = mac0Parse(atEdge(page, MESSAGE, len), len);
      assert(ok === (value(COSE, i, 4) === 1), `vector ${i}: parsed`);
      assert((ok && authentic(keyLen, aadLen)) === (value(COSE, i, 5) === 1), `vector ${i}: MAC`);
      if (!ok) continue;
      assert(
        payloadLen() === payload && same(payloadPtr(), PAYLOAD, payload),
        `vector ${i}: payload`,
      );
      assert(kidPtr() === 0 && kidLen() === 0, `vector ${i}: kid`);
      parsed++;
      accepted += u32(authentic(keyLen, aadLen));
    }
    expect<u32>(vectors).toBe(15);
    expect<u32>(parsed).toBe(8);
    expect<u32>(accepted).toBe(5);
  });

  it("are refused when cut short at any byte, or one byte longer", () => {
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

  it("never pass with a changed byte, and never lead outside", () => {
    const page = lastPage();
    let accepted: u32 = 0;
    for (let i: u32 = 0, n = count(COSE); i < n; i++) {
      if (value(COSE, i, 5) === 0) continue;
      const len = field(COSE, i, 0, MESSAGE);
      const aadLen = field(COSE, i, 1, AAD);
      const keyLen = field(COSE, i, 2, KEY);
      const ptr = atEdge(page, MESSAGE, len);
      for (let at: u32 = 0; at < len; at++) {
        const old = load<u8>(ptr + at);
        for (let flip: u32 = 1; flip < 256; flip++) {
          store<u8>(ptr + at, old ^ <u8>flip);
          if (!mac0Parse(ptr, len)) continue;
          assert(payloadPtr() >= ptr && payloadPtr() + payloadLen() <= tagPtr(), "payload outside");
          assert(tagPtr() + 32 === ptr + len, "tag outside");
          accepted += u32(authentic(keyLen, aadLen));
        }
        store<u8>(ptr + at, old);
      }
    }
    expect<u32>(accepted).toBe(0);
  });
});

describe("the profile", () => {
  it("takes tag 17 or none", () => {
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

  it("takes alg HMAC 256/256 exactly once, protected or not", () => {
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

  it("takes one kid, a byte string, and no other header", () => {
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
    // Payload and tag inside the map; alg behind an empty one.
    expect<bool>(takesWith(true, 0xa2_04_40, 3)).toBe(false);
    expect<bool>(takesWith(false, 0xa3_0105_04_40, 5)).toBe(false);
    expect<bool>(takesWith(false, 0xa0_01_05, 3)).toBe(false);
    expect<usize>(kidPtr()).toBe(0);
    expect<u32>(kidLen()).toBe(0);
    expect<usize>(payloadPtr()).toBe(0);
    expect<usize>(tagPtr()).toBe(0);
  });

  it("takes a kid of 16 bytes and not of 17, and forgets a refused one", () => {
    for (let size: u32 = 16; size < 18; size++) {
      let at = put(MESSAGE, 0x8443a10105, 5);
      at = put(at, 0xa104, 2);
      at = put(at, 0x40 | size, 1) + size;
      at = put(at, 0x40, 1);
      at = put(at, 0x5820, 2) + 32;
      assert(mac0Parse(MESSAGE, <u32>(at - MESSAGE)) === (size === 16), `kid of ${size}`);
      assert(kidLen() === (size === 16 ? 16 : 0), `kid of ${size}: length`);
    }
    mac0Parse(MESSAGE, 0);
    expect<usize>(kidPtr()).toBe(0);
    expect<bool>(takes(0x84, 1, 0x43a10105, 4, 0xa1_04_4101, 4, 31)).toBe(false);
    expect<usize>(kidPtr()).toBe(0);
    expect<u32>(kidLen()).toBe(0);
  });

  it("takes a tag of 32 bytes alone", () => {
    for (let size: u32 = 24; size < 64; size++) {
      const taken = takes(0x84, 1, 0x43a10105, 4, 0xa0, 1, size);
      assert(taken === (size === 32), `tag of ${size}`);
    }
    expect<usize>(tagPtr()).toBe(0);
  });

  it("takes a payload that is there", () => {
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

  throws("traps on the MAC structure of no message", () => {
    mac0Parse(MESSAGE, 0);
    mac0Structure(AAD, 0);
  });
});

describe("building", () => {
  it("gives what parsing takes, with the tag where it says", () => {
    pattern(KEY, 32, 7);
    for (let size: u32 = 0; size <= 900; size += 7) {
      pattern(PAYLOAD, size, size);
      const len = mac0Build(MESSAGE, 1024, KID, 5, PAYLOAD, size);
      assert(len > 0 && tagPtr() === MESSAGE + len - 32, `payload of ${size}: tag`);
      const structure = mac0Structure(AAD, 0);
      hmacSha256(KEY, 32, macStructurePtr(), structure, tagPtr());
      assert(mac0Parse(MESSAGE, len) && authentic(32, 0), `payload of ${size}: MAC`);
      assert(kidLen() === 5 && same(kidPtr(), KID, 5), `payload of ${size}: kid`);
      assert(payloadLen() === size && same(payloadPtr(), PAYLOAD, size), `payload of ${size}`);
    }
    expect<u32>(payloadLen()).toBe(896);
  });

  it("writes tag 17, {1: 5}, {4: kid}, payload and tag", () => {
    store<u8>(PAYLOAD, 0xaa);
    expect<u32>(mac0Build(MESSAGE, 1024, KID, 5, PAYLOAD, 1)).toBe(50);
    let at = put(AAD, 0xd18443a10105, 6);
    at = put(at, 0xa10445, 3);
    at = put(at, 0x6f776e6572, 5);
    at = put(at, 0x41aa5820, 4);
    memory.fill(at, 0, 32);
    expect<bool>(same(MESSAGE, AAD, 50)).toBe(true);
  });

  it("is 0 when it does not fit, and leaves no message", () => {
    pattern(PAYLOAD, 1024, 0);
    const len = mac0Build(MESSAGE, 1024, KID, 5, PAYLOAD, 100);
    for (let capacity: u32 = 0; capacity < len; capacity++) {
      assert(mac0Build(MESSAGE, capacity, KID, 5, PAYLOAD, 100) === 0, `capacity ${capacity}`);
      assert(tagPtr() === 0, `capacity ${capacity}: message`);
    }
    expect<u32>(mac0Build(MESSAGE, len, KID, 5, PAYLOAD, 100)).toBe(len);
    expect<u32>(mac0Build(MESSAGE, 1024, KID, 5, PAYLOAD, 973)).toBe(1024);
    expect<u32>(mac0Structure(AAD, 0)).toBeGreaterThan(0);
    expect<u32>(mac0Build(MESSAGE, 1024, KID, 5, PAYLOAD, 974)).toBe(0);
  });

  it("has room for the largest message's structure and 94 bytes of external data", () => {
    // Untagged, no kid: the largest payload that MESSAGE_MAX leaves.
    let at = put(MESSAGE, 0x8440a10105, 5);
    at = put(at, 0x5903d6, 3) + 982;
    at = put(at, 0x5820, 2) + 32;
    expect<usize>(at - MESSAGE).toBe(1024);
    expect<bool>(mac0Parse(MESSAGE, 1024)).toBe(true);
    expect<u32>(mac0Structure(AAD, 94)).toBe(1088);
    expect<u32>(mac0Structure(AAD, 95)).toBe(0);
    at = put(MESSAGE, 0x8440a10105, 5);
    at = put(at, 0x5903d7, 3) + 983;
    put(at, 0x5820, 2);
    expect<bool>(mac0Parse(MESSAGE, 1025)).toBe(false);
    store<u8>(MESSAGE + 7, 0xd6);
    put(at - 1, 0x5820, 2);
    expect<bool>(mac0Parse(MESSAGE, 1024)).toBe(true);
  });

  throws("traps on a kid of no bytes", () => {
    mac0Build(MESSAGE, 1024, KID, 0, PAYLOAD, 0);
  });

  throws("traps on a kid of 17 bytes", () => {
    mac0Build(MESSAGE, 1024, PAYLOAD, 17, PAYLOAD, 0);
  });

  throws("traps on a capacity over a message", () => {
    mac0Build(MESSAGE, 1025, KID, 5, PAYLOAD, 0);
  });
});

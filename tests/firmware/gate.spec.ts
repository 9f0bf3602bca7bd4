// The gate: every transition, every limit from both sides, and words with flipped bits.

import { permits, phase, step } from "../../firmware/gate/gate";

/** Positions: bit 0 NO, bit 1 NC. */
const OPEN: u32 = 0;
const ON: u32 = 1;
const KILL: u32 = 2;
const BOTH: u32 = 3;
const RAIL: u32 = 4;

const KILLED: u32 = 0;
const TRAVEL: u32 = 1;
const ARMING: u32 = 2;
const LIVE: u32 = 3;
const FAULT_CONTACT: u32 = 4;
const FAULT_RAIL: u32 = 5;

/** One sample `elapsed` ms after the last. */
function sample(word: u32, contacts: u32, elapsed: u32): u32 {
  return step(word, contacts | (elapsed << 8));
}

/** `times` samples, 1 ms apart. */
function hold(word: u32, contacts: u32, times: u32): u32 {
  for (let i: u32 = 0; i < times; i++) word = sample(word, contacts, 1);
  return word;
}

/** The word on entering a phase from power-on, with count 0. */
function inPhase(wanted: u32): u32 {
  let word = sample(0, KILL, 1);
  if (wanted === TRAVEL) word = sample(word, OPEN, 1);
  else if (wanted === ARMING) word = sample(word, ON, 1);
  else if (wanted === LIVE) word = hold(word, ON, 51);
  else if (wanted === FAULT_CONTACT) word = hold(word, BOTH, 22);
  else if (wanted === FAULT_RAIL) word = hold(word, KILL | RAIL, 101);
  assert(phase(word) === wanted, `phase ${wanted} was not reached`);
  return word;
}

function wordOf(payload: u32): u32 {
  return (~payload << 16) | payload;
}

/** For each payload, 1 if step() reaches it from 0. */
const REACHED = memory.data(65536, 8);
const QUEUE = memory.data(131072, 8);

/** Fills REACHED and QUEUE with the words that any inputs reach from 0; returns their number. */
function explore(): u32 {
  memory.fill(REACHED, 0, 65536);
  store<u8>(REACHED, 1);
  store<u16>(QUEUE, 0);
  let found: u32 = 1;
  for (let i: u32 = 0; i < found; i++) {
    const word = wordOf(<u32>load<u16>(QUEUE + 2 * i));
    for (let inputs: u32 = 0; inputs < 2048; inputs++) {
      const payload = step(word, (inputs & 7) | ((inputs >>> 3) << 8)) & 0xffff;
      if (load<u8>(REACHED + payload) !== 0) continue;
      store<u8>(REACHED + payload, 1);
      store<u16>(QUEUE + 2 * found++, payload);
    }
  }
  return found;
}

describe("power-on", () => {
  it("is KILLED and does not permit", () => {
    expect<u32>(phase(0)).toBe(KILLED);
    expect<bool>(permits(0)).toBe(false);
  });

  it("does not reach LIVE by any one sample", () => {
    for (let inputs: u32 = 0; inputs < 65536; inputs++) {
      assert(!permits(step(0, inputs)), `inputs ${inputs}`);
    }
    expect<u32>(phase(sample(0, ON, 255))).toBe(ARMING);
  });
});

describe("arming", () => {
  it("takes 50 ms after the first clean sample", () => {
    const word = hold(inPhase(KILLED), ON, 50);
    expect<u32>(phase(word)).toBe(ARMING);
    expect<bool>(permits(word)).toBe(false);
    expect<u32>(phase(sample(word, ON, 0))).toBe(ARMING);
    expect<u32>(phase(sample(word, ON, 1))).toBe(LIVE);
    expect<bool>(permits(sample(word, ON, 1))).toBe(true);
  });

  it("does not count the time before the first clean sample", () => {
    const word = sample(inPhase(KILLED), ON, 10);
    expect<u32>(word).toBe(inPhase(ARMING));
  });

  it("accepts samples 10 ms apart", () => {
    let word = inPhase(ARMING);
    for (let i: u32 = 0; i < 4; i++) word = sample(word, ON, 10);
    expect<u32>(phase(word)).toBe(ARMING);
    expect<u32>(phase(sample(word, ON, 9))).toBe(ARMING);
    expect<u32>(phase(sample(word, ON, 10))).toBe(LIVE);
  });

  it("starts again after a gap of 11 ms or more", () => {
    const almost = hold(inPhase(KILLED), ON, 50);
    for (let elapsed: u32 = 11; elapsed < 256; elapsed++) {
      assert(sample(almost, ON, elapsed) === inPhase(ARMING), `gap of ${elapsed}`);
    }
    expect<u32>(phase(sample(almost, ON, 10))).toBe(LIVE);
  });

  it("starts again after any sample that is not clean ON", () => {
    const almost = hold(inPhase(KILLED), ON, 50);
    expect<u32>(phase(sample(almost, OPEN, 1))).toBe(TRAVEL);
    expect<u32>(phase(sample(almost, BOTH, 1))).toBe(TRAVEL);
    expect<u32>(phase(sample(almost, KILL, 1))).toBe(KILLED);
    expect<u32>(sample(sample(almost, OPEN, 0), ON, 1)).toBe(inPhase(ARMING));
    expect<u32>(sample(sample(almost, KILL, 0), ON, 1)).toBe(inPhase(ARMING));
  });

  it("ignores the rail", () => {
    let word = inPhase(KILLED);
    for (let i: u32 = 0; i < 51; i++) word = sample(word, ON | (i & 1 ? RAIL : 0), 1);
    expect<bool>(permits(word)).toBe(true);
  });
});

describe("LIVE", () => {
  it("stays at clean ON, however late a sample is", () => {
    const live = inPhase(LIVE);
    for (let elapsed: u32 = 0; elapsed < 256; elapsed++) {
      assert(sample(live, ON, elapsed) === live, `elapsed ${elapsed}`);
      assert(sample(live, ON | RAIL, elapsed) === live, `elapsed ${elapsed}, rail up`);
    }
    expect<bool>(permits(live)).toBe(true);
  });

  it("ends at the first sample that is not clean ON", () => {
    const live = inPhase(LIVE);
    for (let elapsed: u32 = 0; elapsed < 256; elapsed++) {
      for (let rail: u32 = 0; rail <= RAIL; rail += RAIL) {
        assert(phase(sample(live, OPEN | rail, elapsed)) === TRAVEL, "both open");
        assert(phase(sample(live, BOTH | rail, elapsed)) === TRAVEL, "both closed");
        assert(phase(sample(live, KILL | rail, elapsed)) === KILLED, "at KILL");
        assert(!permits(sample(live, OPEN | rail, elapsed)), "both open");
        assert(!permits(sample(live, BOTH | rail, elapsed)), "both closed");
        assert(!permits(sample(live, KILL | rail, elapsed)), "at KILL");
      }
    }
    expect<u32>(sample(live, OPEN, 255)).toBe(inPhase(TRAVEL));
  });
});

describe("travel", () => {
  it("becomes a fault after more than 20 ms", () => {
    for (let contacts: u32 = OPEN; contacts <= BOTH; contacts += BOTH) {
      const word = hold(inPhase(TRAVEL), contacts, 20);
      expect<u32>(phase(word)).toBe(TRAVEL);
      expect<u32>(phase(sample(word, contacts, 0))).toBe(TRAVEL);
      expect<u32>(phase(sample(word, contacts, 1))).toBe(FAULT_CONTACT);
      expect<u32>(phase(sample(inPhase(TRAVEL), contacts, 20))).toBe(TRAVEL);
      expect<u32>(phase(sample(inPhase(TRAVEL), contacts, 21))).toBe(FAULT_CONTACT);
      expect<u32>(phase(sample(inPhase(TRAVEL), contacts, 255))).toBe(FAULT_CONTACT);
    }
  });

  it("keeps counting when both contacts change from open to closed", () => {
    const word = hold(hold(inPhase(TRAVEL), OPEN, 10), BOTH, 10);
    expect<u32>(phase(word)).toBe(TRAVEL);
    expect<u32>(phase(sample(word, OPEN, 1))).toBe(FAULT_CONTACT);
  });

  it("ends in ARMING with count 0 at ON, and in KILLED at KILL", () => {
    const word = hold(inPhase(TRAVEL), OPEN, 20);
    expect<u32>(sample(word, ON, 1)).toBe(inPhase(ARMING));
    expect<u32>(sample(word, KILL, 1)).toBe(inPhase(KILLED));
    expect<u32>(sample(sample(word, KILL, 1), OPEN, 1)).toBe(inPhase(TRAVEL));
  });
});

describe("discharge", () => {
  it("becomes a fault when the rail is up at KILL for more than 100 ms", () => {
    // The first sample with the rail up sets the count to 1.
    const word = hold(inPhase(KILLED), KILL | RAIL, 100);
    expect<u32>(phase(word)).toBe(KILLED);
    expect<u32>(phase(sample(word, KILL | RAIL, 0))).toBe(KILLED);
    expect<u32>(phase(sample(word, KILL | RAIL, 1))).toBe(FAULT_RAIL);
    const first = sample(inPhase(KILLED), KILL | RAIL, 255);
    expect<u32>(phase(first)).toBe(KILLED);
    expect<u32>(phase(sample(first, KILL | RAIL, 99))).toBe(KILLED);
    expect<u32>(phase(sample(first, KILL | RAIL, 100))).toBe(FAULT_RAIL);
    expect<u32>(phase(sample(first, KILL | RAIL, 255))).toBe(FAULT_RAIL);
  });

  it("counts from the end of LIVE", () => {
    const word = hold(inPhase(LIVE), KILL | RAIL, 100);
    expect<u32>(phase(word)).toBe(KILLED);
    expect<u32>(phase(sample(word, KILL | RAIL, 1))).toBe(FAULT_RAIL);
  });

  it("starts to count again after the rail was down", () => {
    const word = sample(hold(inPhase(KILLED), KILL | RAIL, 100), KILL, 1);
    expect<u32>(word).toBe(inPhase(KILLED));
    expect<u32>(phase(hold(word, KILL | RAIL, 100))).toBe(KILLED);
  });

  it("is no fault in another position than KILL", () => {
    expect<u32>(phase(hold(inPhase(TRAVEL), OPEN | RAIL, 20))).toBe(TRAVEL);
    expect<u32>(phase(hold(inPhase(LIVE), ON | RAIL, 300))).toBe(LIVE);
  });
});

describe("a fault", () => {
  it("of the contacts ends only at a clean KILL", () => {
    const fault = inPhase(FAULT_CONTACT);
    for (let elapsed: u32 = 0; elapsed < 256; elapsed++) {
      for (let rail: u32 = 0; rail <= RAIL; rail += RAIL) {
        assert(sample(fault, OPEN | rail, elapsed) === fault, "both open");
        assert(sample(fault, BOTH | rail, elapsed) === fault, "both closed");
        assert(sample(fault, ON | rail, elapsed) === fault, "at ON");
        assert(sample(fault, KILL | rail, elapsed) === inPhase(KILLED), "at KILL");
      }
    }
    expect<bool>(permits(hold(fault, ON, 300))).toBe(false);
  });

  it("of the rail ends only at KILL with the rail down", () => {
    const fault = inPhase(FAULT_RAIL);
    for (let elapsed: u32 = 0; elapsed < 256; elapsed++) {
      for (let inputs: u32 = 0; inputs < 8; inputs++) {
        const word = sample(fault, inputs, elapsed);
        assert(word === (inputs === KILL ? inPhase(KILLED) : fault), `inputs ${inputs}`);
      }
    }
    expect<bool>(permits(hold(fault, ON, 300))).toBe(false);
  });
});

describe("the words", () => {
  it("that step() reaches are 175, and one of them permits", () => {
    const found = explore();
    let live: u32 = 0;
    for (let i: u32 = 0; i < found; i++) {
      const word = wordOf(<u32>load<u16>(QUEUE + 2 * i));
      assert(permits(word) === (phase(word) === LIVE), `word ${word}`);
      live += u32(permits(word));
    }
    // KILLED 0 to 100, TRAVEL 0 to 20, ARMING 0 to 49, LIVE, two faults.
    expect<u32>(found).toBe(101 + 21 + 50 + 1 + 2);
    expect<u32>(live).toBe(1);
  });

  it("of other phases differ from the permitting one in 10 bits or more", () => {
    const live = inPhase(LIVE);
    const found = explore();
    let least: u32 = 32;
    for (let i: u32 = 0; i < found; i++) {
      const word = wordOf(<u32>load<u16>(QUEUE + 2 * i));
      if (word !== live) least = min(least, popcnt<u32>(word ^ live));
    }
    expect<u32>(least).toBe(10);
  });

  it("of LIVE with 1, 2 or 3 flipped bits do not permit, then or a sample later", () => {
    const live = inPhase(LIVE);
    let tried: u32 = 0;
    for (let i: u32 = 0; i < 32; i++) {
      for (let j = i; j < 32; j++) {
        for (let k = j; k < 32; k++) {
          // Equal indices flip one bit: this tries one, two and three flips.
          const word = live ^ (1 << i) ^ (j > i ? 1 << j : 0) ^ (k > j ? 1 << k : 0);
          assert(!permits(word) && phase(word) !== LIVE, `flips ${i} ${j} ${k}`);
          for (let inputs: u32 = 0; inputs < 8; inputs++) {
            assert(!permits(sample(word, inputs, 10)), `flips ${i} ${j} ${k}: a sample later`);
          }
          tried++;
        }
      }
    }
    expect<u32>(tried).toBe(5984);
  });

  it("of LIVE with one flipped bit count as KILLED", () => {
    const live = inPhase(LIVE);
    for (let bit: u32 = 0; bit < 32; bit++) {
      const word = live ^ (1 << bit);
      assert(phase(word) === KILLED, `bit ${bit}`);
      for (let inputs: u32 = 0; inputs < 2048; inputs++) {
        const given = (inputs & 7) | ((inputs >>> 3) << 8);
        assert(step(word, given) === step(0, given), `bit ${bit}, inputs ${given}`);
      }
    }
    expect<bool>(permits(live)).toBe(true);
  });

  it("whose halves are not complements count as KILLED", () => {
    for (let payload: u32 = 0; payload < 65536; payload++) {
      for (let bit: u32 = 0; bit < 32; bit++) {
        const word = wordOf(payload) ^ (1 << bit);
        assert(phase(word) === KILLED && !permits(word), `word ${word}`);
        for (let inputs: u32 = 0; inputs < 8; inputs++) {
          const given = inputs | (50 << 8);
          assert(step(word, given) === step(0, given), `word ${word}, inputs ${given}`);
        }
      }
    }
    expect<u32>(phase(0xffffffff)).toBe(KILLED);
  });

  it("that are good but not reachable do not permit within one sample", () => {
    explore();
    let strange: u32 = 0;
    for (let payload: u32 = 0; payload < 65536; payload++) {
      if (load<u8>(REACHED + payload) !== 0) continue;
      const word = wordOf(payload);
      assert(!permits(word) && phase(word) !== LIVE, `payload ${payload}`);
      strange++;
      for (let inputs: u32 = 0; inputs < 8; inputs++) {
        assert(!permits(sample(word, inputs, 10)), `payload ${payload}, inputs ${inputs}`);
      }
    }
    expect<u32>(strange).toBe(65536 - 175);
  });
});

describe("input bits", () => {
  it("other than contacts, rail and time are ignored", () => {
    const found = explore();
    for (let i: u32 = 0; i < found; i++) {
      const word = wordOf(<u32>load<u16>(QUEUE + 2 * i));
      for (let inputs: u32 = 0; inputs < 8; inputs++) {
        const given = inputs | (7 << 8);
        for (let bit: u32 = 3; bit < 32; bit++) {
          if (bit >= 8 && bit < 16) continue;
          assert(step(word, given | (1 << bit)) === step(word, given), `input bit ${bit}`);
        }
      }
    }
    expect<u32>(found).toBe(175);
  });
});

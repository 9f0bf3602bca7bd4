// The order of the policy's checks, and every cell of the permission table.

import {
  CODE_EXPIRED,
  CODE_FORBIDDEN,
  CODE_HOLD,
  CODE_KILLED,
  CODE_MALFORMED,
  CODE_OK,
  CODE_REPLAY,
  CODE_STALE_EPOCH,
  DEADLINE_MAX_MS,
  OP_CONFIG_SET,
  OP_COUNT,
  OP_IDENTIFY,
  OP_JOURNAL_READ,
  OP_RELAY_GET,
  OP_RELAY_SET,
  OP_STATUS,
  OP_TELEMETRY_READ,
  PHASE_ARMING,
  PHASE_COUNT,
  PHASE_LIVE,
  PRINCIPAL_MANUFACTURER,
  PRINCIPAL_OWNER,
  PRINCIPAL_PROVIDER,
} from "../../firmware/device/abi.gen";
import { admit, decide, isLastAccepted, mayActuate, timely } from "../../firmware/device/policy";
import { STATE, STATE_LEN, state } from "../../firmware/device/state";

const EPOCH: u64 = 0x55667788;
const OTHER: u64 = 0x55667789;
/** Two tags that differ in their last byte. */
const TAG = memory.data<u8>([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
const NEAR = memory.data<u8>([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17]);

function begin(phase: u32): void {
  memory.fill(STATE, 0, STATE_LEN);
  state.phase = phase as u8;
  state.epoch = EPOCH;
}

describe("admit", () => {
  it("refuses a command in every phase but LIVE", () => {
    for (let phase: u32 = 0; phase < PHASE_COUNT; phase++) {
      begin(phase);
      expect(admit(PRINCIPAL_OWNER, EPOCH, 1, TAG)).toBe(
        phase === PHASE_LIVE ? CODE_OK : CODE_KILLED,
      );
    }
  });

  it("refuses an epoch that differs in one bit, and does not use up the number", () => {
    begin(PHASE_LIVE);
    expect(admit(PRINCIPAL_OWNER, OTHER, 9, TAG)).toBe(CODE_STALE_EPOCH);
    expect(admit(PRINCIPAL_OWNER, EPOCH, 1, TAG)).toBe(CODE_OK);
  });

  it("refuses an epoch of all zeroes even if the device has no epoch", () => {
    begin(PHASE_LIVE);
    state.epoch = 0;
    expect(admit(PRINCIPAL_OWNER, 0, 1, TAG)).toBe(CODE_STALE_EPOCH);
  });

  it("accepts ascending sequence numbers, each once, separately for each principal", () => {
    begin(PHASE_LIVE);
    expect(admit(PRINCIPAL_OWNER, EPOCH, 0, TAG)).toBe(CODE_REPLAY);
    expect(admit(PRINCIPAL_OWNER, EPOCH, 5, TAG)).toBe(CODE_OK);
    expect(admit(PRINCIPAL_OWNER, EPOCH, 5, TAG)).toBe(CODE_REPLAY);
    expect(admit(PRINCIPAL_OWNER, EPOCH, 4, TAG)).toBe(CODE_REPLAY);
    expect(admit(PRINCIPAL_PROVIDER, EPOCH, 4, TAG)).toBe(CODE_OK);
    expect(admit(PRINCIPAL_OWNER, EPOCH, u32.MAX_VALUE, TAG)).toBe(CODE_OK);
    expect(admit(PRINCIPAL_OWNER, EPOCH, u32.MAX_VALUE, TAG)).toBe(CODE_REPLAY);
  });
});

describe("isLastAccepted", () => {
  it("recognises the tag of the last accepted command, separately for each principal", () => {
    begin(PHASE_LIVE);
    expect(isLastAccepted(PRINCIPAL_OWNER, TAG)).toBe(false);
    expect(admit(PRINCIPAL_OWNER, EPOCH, 5, TAG)).toBe(CODE_OK);
    expect(isLastAccepted(PRINCIPAL_OWNER, TAG)).toBe(true);
    expect(isLastAccepted(PRINCIPAL_OWNER, NEAR)).toBe(false);
    expect(isLastAccepted(PRINCIPAL_PROVIDER, TAG)).toBe(false);
    expect(admit(PRINCIPAL_OWNER, EPOCH, 6, NEAR)).toBe(CODE_OK);
    expect(isLastAccepted(PRINCIPAL_OWNER, TAG)).toBe(false);
    expect(isLastAccepted(PRINCIPAL_OWNER, NEAR)).toBe(true);
  });

  it("is not changed by a command that is refused for its epoch or its number", () => {
    begin(PHASE_LIVE);
    expect(admit(PRINCIPAL_OWNER, EPOCH, 5, TAG)).toBe(CODE_OK);
    expect(admit(PRINCIPAL_OWNER, OTHER, 6, NEAR)).toBe(CODE_STALE_EPOCH);
    expect(admit(PRINCIPAL_OWNER, EPOCH, 5, NEAR)).toBe(CODE_REPLAY);
    expect(isLastAccepted(PRINCIPAL_OWNER, TAG)).toBe(true);
  });

  it("does not take a tag of all zeroes for one that was accepted", () => {
    begin(PHASE_LIVE);
    expect(isLastAccepted(PRINCIPAL_OWNER, memory.data(16))).toBe(false);
  });
});

describe("timely", () => {
  it("accepts a deadline that is 1 to DEADLINE_MAX_MS ahead of the session clock", () => {
    begin(PHASE_LIVE);
    state.clock = 1_000_000;
    expect(timely(1_000_000)).toBe(CODE_EXPIRED);
    expect(timely(1_000_001)).toBe(CODE_OK);
    expect(timely(1_000_000 + DEADLINE_MAX_MS)).toBe(CODE_OK);
    expect(timely(1_000_001 + DEADLINE_MAX_MS)).toBe(CODE_EXPIRED);
    expect(timely(999_999)).toBe(CODE_EXPIRED);
    expect(timely(0)).toBe(CODE_EXPIRED);
    expect(timely(u64.MAX_VALUE)).toBe(CODE_EXPIRED);
  });

  it("compares more than 32 bits of the clock", () => {
    begin(PHASE_LIVE);
    state.clock = 0x1_0000_0010;
    expect(timely(0x10 + 100)).toBe(CODE_EXPIRED);
    expect(timely(0x1_0000_0010 + 100)).toBe(CODE_OK);
    state.clock = u32.MAX_VALUE;
    expect(timely(0x1_0000_0001)).toBe(CODE_OK);
  });
});

describe("decide", () => {
  it("gives the owner every right", () => {
    begin(PHASE_LIVE);
    for (let op: u32 = 0; op < OP_COUNT; op++) expect(decide(PRINCIPAL_OWNER, op)).toBe(CODE_OK);
  });

  it("refuses configuration, journal and identify to the provider", () => {
    begin(PHASE_LIVE);
    expect(decide(PRINCIPAL_PROVIDER, OP_RELAY_SET)).toBe(CODE_OK);
    expect(decide(PRINCIPAL_PROVIDER, OP_RELAY_GET)).toBe(CODE_OK);
    expect(decide(PRINCIPAL_PROVIDER, OP_STATUS)).toBe(CODE_OK);
    expect(decide(PRINCIPAL_PROVIDER, OP_TELEMETRY_READ)).toBe(CODE_OK);
    expect(decide(PRINCIPAL_PROVIDER, OP_CONFIG_SET)).toBe(CODE_FORBIDDEN);
    expect(decide(PRINCIPAL_PROVIDER, OP_JOURNAL_READ)).toBe(CODE_FORBIDDEN);
    expect(decide(PRINCIPAL_PROVIDER, OP_IDENTIFY)).toBe(CODE_FORBIDDEN);
  });

  it("gives the manufacturer status and identify, and nothing else", () => {
    begin(PHASE_LIVE);
    for (let op: u32 = 0; op < OP_COUNT; op++) {
      const may = op === OP_STATUS || op === OP_IDENTIFY;
      expect(decide(PRINCIPAL_MANUFACTURER, op)).toBe(may ? CODE_OK : CODE_FORBIDDEN);
    }
  });

  it("refuses an operation that is not in the table", () => {
    begin(PHASE_LIVE);
    expect(decide(PRINCIPAL_OWNER, OP_COUNT)).toBe(CODE_MALFORMED);
    expect(decide(PRINCIPAL_OWNER, 32)).toBe(CODE_MALFORMED);
  });

  it("refuses relay.set alone during a hold", () => {
    begin(PHASE_LIVE);
    state.holdMs = 1;
    expect(decide(PRINCIPAL_OWNER, OP_RELAY_SET)).toBe(CODE_HOLD);
    expect(decide(PRINCIPAL_OWNER, OP_RELAY_GET)).toBe(CODE_OK);
  });
});

describe("mayActuate", () => {
  it("checks for LIVE before it checks for a hold", () => {
    begin(PHASE_ARMING);
    state.holdMs = 1;
    expect(mayActuate()).toBe(CODE_KILLED);
    begin(PHASE_LIVE);
    expect(mayActuate()).toBe(CODE_OK);
  });
});

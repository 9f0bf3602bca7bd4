// The order of the questions and the permission table, cell by cell.

import {
  CODE_FORBIDDEN,
  CODE_HOLD,
  CODE_KILLED,
  CODE_MALFORMED,
  CODE_OK,
  CODE_REPLAY,
  CODE_STALE_EPOCH,
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
import { admit, decide, mayActuate } from "../../firmware/device/policy";
import { STATE, STATE_LEN, state } from "../../firmware/device/state";

const EPOCH: u64 = 0x55667788;
const OTHER: u64 = 0x55667789;

function begin(phase: u32): void {
  memory.fill(STATE, 0, STATE_LEN);
  state.phase = phase as u8;
  state.epoch = EPOCH;
}

describe("admit", () => {
  it("refuses in every phase but LIVE", () => {
    for (let phase: u32 = 0; phase < PHASE_COUNT; phase++) {
      begin(phase);
      expect(admit(PRINCIPAL_OWNER, EPOCH, 1)).toBe(phase === PHASE_LIVE ? CODE_OK : CODE_KILLED);
    }
  });

  it("refuses another epoch, down to one bit, and uses no number up", () => {
    begin(PHASE_LIVE);
    expect(admit(PRINCIPAL_OWNER, OTHER, 9)).toBe(CODE_STALE_EPOCH);
    expect(admit(PRINCIPAL_OWNER, EPOCH, 1)).toBe(CODE_OK);
  });

  it("refuses the epoch of all zeroes even when the device has none", () => {
    begin(PHASE_LIVE);
    state.epoch = 0;
    expect(admit(PRINCIPAL_OWNER, 0, 1)).toBe(CODE_STALE_EPOCH);
  });

  it("takes each sequence number once, upwards, and by principal", () => {
    begin(PHASE_LIVE);
    expect(admit(PRINCIPAL_OWNER, EPOCH, 0)).toBe(CODE_REPLAY);
    expect(admit(PRINCIPAL_OWNER, EPOCH, 5)).toBe(CODE_OK);
    expect(admit(PRINCIPAL_OWNER, EPOCH, 5)).toBe(CODE_REPLAY);
    expect(admit(PRINCIPAL_OWNER, EPOCH, 4)).toBe(CODE_REPLAY);
    expect(admit(PRINCIPAL_PROVIDER, EPOCH, 4)).toBe(CODE_OK);
    expect(admit(PRINCIPAL_OWNER, EPOCH, u32.MAX_VALUE)).toBe(CODE_OK);
    expect(admit(PRINCIPAL_OWNER, EPOCH, u32.MAX_VALUE)).toBe(CODE_REPLAY);
  });
});

describe("decide", () => {
  it("gives the owner every right", () => {
    begin(PHASE_LIVE);
    for (let op: u32 = 0; op < OP_COUNT; op++) expect(decide(PRINCIPAL_OWNER, op)).toBe(CODE_OK);
  });

  it("keeps configuration, journal and identify from the provider", () => {
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

  it("knows no operation beyond the table", () => {
    begin(PHASE_LIVE);
    expect(decide(PRINCIPAL_OWNER, OP_COUNT)).toBe(CODE_MALFORMED);
    expect(decide(PRINCIPAL_OWNER, 32)).toBe(CODE_MALFORMED);
  });

  it("lets a hold stand against the relay only", () => {
    begin(PHASE_LIVE);
    state.holdMs = 1;
    expect(decide(PRINCIPAL_OWNER, OP_RELAY_SET)).toBe(CODE_HOLD);
    expect(decide(PRINCIPAL_OWNER, OP_RELAY_GET)).toBe(CODE_OK);
  });
});

describe("mayActuate", () => {
  it("asks for LIVE before it asks for the hold", () => {
    begin(PHASE_ARMING);
    state.holdMs = 1;
    expect(mayActuate()).toBe(CODE_KILLED);
    begin(PHASE_LIVE);
    expect(mayActuate()).toBe(CODE_OK);
  });
});

/*
 * The device's policy for Spin: the abstract state of host-sim/prove/device/abstraction.ts, padded to a
 * vector of 260 bytes. Each event is one option; spin.ts makes them from the explorer's own list. The
 * policy is hand-written in C, which is faster than Promela's own statements. It has no CBOR, COSE,
 * SHA-256 or storage, so a transition does much less than one of the shipped bytes.
 */
byte phase, linked, relay, epoch, seq[3], quiet, identify, hold, refused, telemetry, safe, bootDue;
byte telemetryS, holdS, status, pending, journal, opened;
byte filler[224];

c_decl {
  enum { TICK, BUTTON, RX, LINK, GATE };
  enum { LIVE = 3, FAULT = 4, RELAY_SET = 0, CONFIG_SET = 4, IDENTIFY = 6 };
  enum { FRESH, LAST, NEVER };
  /* An event; for a message, its command, how it is broken, and its principal. */
  struct event {
    int kind, b, ms, ends, epoch, fails, drop, malformed, principal, op, stale, question, seq, permitted;
    int relay, safe, telemetry, hold;
  };
  \#include "events.h"
}

c_code {
  extern void (*uerror)(char *);
  static int attempts, sends, accepted;
  static int attempt(int fails) { return !((fails >> attempts++) & 1); }
  static void append(int fails) {
    if (!now.opened || !attempt(fails)) return;
    now.journal = 1;
    attempt(fails);
  }
  static void refusals(int fails) { now.pending = 0; now.refused = 1; append(fails); }
  static void note(int fails) { now.pending = 1; if (!now.refused) refusals(fails); }
  static void elapse(const struct event *e) {
    if (now.bootDue) { now.bootDue = 0; append(e->fails); return; }
    if (!e->ms) return;
    if (e->ends & 1) now.quiet = 0;
    if (e->ends & 2) now.identify = 0;
    if (e->ends & 4 && now.hold) { now.hold = 0; now.status = 1; append(e->fails); }
    if (e->ends & 8 && now.refused) { now.refused = 0; if (now.pending) refusals(e->fails); }
    if (!now.telemetryS || !now.linked || now.phase != LIVE) now.telemetry = now.telemetryS;
    else if (e->ends & 16 || !now.telemetry) { now.telemetry = 1; sends++; }
  }
  static void press(const struct event *e) {
    int bounce = now.quiet;
    now.quiet = 1;
    if (!e->b || bounce) return;
    if (now.holdS) now.hold = 1;
    now.relay ^= 1;
    now.status = 1;
    attempt(e->fails);
    append(e->fails);
  }
  static void gate(const struct event *e) {
    int before = now.phase;
    now.phase = e->b;
    if (e->b != LIVE) now.epoch = now.linked = 0;
    if (e->b == LIVE || e->b >= FAULT || before >= FAULT) append(e->fails);
  }
  static void refuse(const struct event *e) { note(e->fails); sends++; }
  static void receive(const struct event *e) {
    if (now.phase != LIVE || e->drop) { note(e->fails); return; }
    if (e->malformed) { refuse(e); return; }
    if (e->stale || !now.epoch) { if (e->question) sends++; else refuse(e); return; }
    if (e->seq == NEVER || (e->seq == LAST && now.seq[e->principal])) { refuse(e); return; }
    now.seq[e->principal] = 1;
    if (!e->permitted || (e->op == RELAY_SET && now.hold)) { refuse(e); return; }
    if (e->op == RELAY_SET && now.relay != e->relay) { now.relay = e->relay; now.status = 1; attempt(e->fails); }
    if (e->op == IDENTIFY) now.identify = 1;
    if (e->op == CONFIG_SET) {
      if (!attempt(e->fails)) { refuse(e); return; }
      if (e->safe >= 0) now.safe = e->safe;
      if (e->telemetry >= 0) now.telemetryS = e->telemetry;
      if (e->hold >= 0) now.holdS = e->hold;
      now.status = 1;
      append(e->fails);
    }
    accepted = 1;
    sends++;
  }
  /* The invariants about the abstract state: I2 to I7. */
  static int broken(const State *was, const struct event *e) {
    int gates = e->kind == GATE, used = e->kind == RX && now.seq[e->principal] != was->seq[e->principal];
    int hold = e->ends & 4 ? 0 : was->hold, quiet = e->ends & 1 ? 0 : was->quiet;
    int pressed = e->kind == BUTTON && e->b && !quiet;
    int set = accepted && e->op == RELAY_SET, configured = accepted && e->op == CONFIG_SET;
    if (now.relay != (pressed ? !was->relay : set ? e->relay : was->relay)) return 1;
    if (now.hold != (pressed && now.holdS ? 1 : hold)) return 2;
    if (e->kind == BUTTON ? !now.quiet : now.quiet != quiet) return 3;
    if (!configured && (now.safe != was->safe || now.telemetryS != was->telemetryS || now.holdS != was->holdS)) return 4;
    if (now.phase != (gates ? e->b : was->phase)) return 5;
    if (now.epoch != (gates && e->b != LIVE ? 0 : e->epoch ? 1 : was->epoch)) return 6;
    if (now.linked != (e->kind == LINK ? e->b : gates && e->b != LIVE ? 0 : was->linked)) return 7;
    for (int who = 0; who < 3; who++)
      if (now.seq[who] != was->seq[who] && !(used && who == e->principal)) return 8;
    if (sends && was->phase != LIVE && now.phase != LIVE) return 9;
    if (accepted && (was->phase != LIVE || e->drop || e->malformed || e->stale || !e->permitted)) return 10;
    return set && hold ? 11 : 0;
  }
  static void fire(const struct event *e) {
    State was;
    memcpy(&was, &now, sizeof was);
    attempts = sends = accepted = 0;
    if (e->epoch) now.epoch = 1;
    elapse(e);
    if (e->kind == BUTTON) press(e);
    else if (e->kind == GATE) gate(e);
    else if (e->kind == RX) receive(e);
    else if (e->kind == LINK) { now.linked = e->b; now.status = 1; }
    if (now.status && now.linked && now.phase == LIVE) { now.status = 0; sends++; }
    if (broken(&was, e)) uerror("an invariant");
  }
}

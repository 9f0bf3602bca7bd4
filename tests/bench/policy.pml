/*
 * The device's policy as a hand-written model, for the comparison of explorers: the same abstract
 * state as host-sim/prove/model.ts in a vector of 256 bytes, and one guarded command for each kind of
 * event there. It has no CBOR, no COSE, no SHA-256, no storage: what it does in a transition is a
 * small part of what the shipped bytes do in theirs.
 */
#define LIVE 3
byte phase = 0;
bit linked, relay, epoch, quiet, identify, hold, refused, telemetry, pending, status = 1;
bit seq[3];
bit telemetryS = 1, holdS = 1, safe = 0, open = 1;
byte bootDue = 1;
/* Fills the vector to the 256 bytes that are compared; an option that is never enabled keeps it. */
byte filler[236];

inline first() { if :: bootDue > 0 -> bootDue = 0 :: else -> skip fi }
inline note() {
  if
  :: refused == 0 -> refused = 1; pending = 0
  :: else -> pending = 1
  fi
}
inline flush() { if :: status && linked && phase == LIVE -> status = 0 :: else -> skip fi }
inline gate(p) {
  first();
  phase = p;
  if
  :: p == LIVE -> epoch = 1
  :: else -> epoch = 0; linked = 0
  fi;
  flush()
}
inline boot(r, h) {
  phase = 0; linked = 0; epoch = 0; seq[0] = 0; seq[1] = 0; seq[2] = 0; quiet = 1; identify = 0;
  refused = 0; telemetry = 0; pending = 0; status = 1; bootDue = 1; relay = r; hold = h
}
/* A message of `who`: admitted if `current`, of a new number if `fresh`; `op` 0 moves the relay. */
inline receive(who, op, l, current, fresh, permitted) {
  first();
  if
  :: phase != LIVE -> note()
  :: phase == LIVE && (!current || !epoch) -> note()
  :: phase == LIVE && current && epoch && !fresh && seq[who] -> note()
  :: phase == LIVE && current && epoch && (fresh || !seq[who]) ->
     seq[who] = 1;
     if
     :: !permitted -> note()
     :: permitted && op == 0 && hold -> note()
     :: permitted && op == 0 && !hold -> if :: relay != l -> relay = l; status = 1 :: else -> skip fi
     :: permitted && op == 1 -> identify = 1
     :: permitted && op == 2 -> safe = l; status = 1
     :: permitted && op == 3 -> telemetryS = l; status = 1
     :: permitted && op == 4 -> holdS = l; status = 1
     :: permitted && op == 5 -> skip
     fi
  fi;
  flush()
}

active proctype device() {
  do
  :: d_step { filler[phase] > 0 -> filler[phase] = filler[phase] - 1 }
  :: d_step { quiet -> quiet = 0 }
  :: d_step { identify -> identify = 0 }
  :: d_step { hold -> hold = 0; status = 1; flush() }
  :: d_step { refused -> refused = pending; pending = 0 }
  :: d_step { telemetry -> telemetry = telemetryS }
  :: d_step { true; first(); telemetry = telemetryS; flush() }
  :: d_step { true; first();
       if :: !quiet -> relay = 1 - relay; status = 1; hold = (hold || holdS) :: else -> skip fi;
       quiet = 1; assert(relay <= 1); flush() }
  :: d_step { true; first(); quiet = 1; flush() }
  :: d_step { true; first(); linked = 1; status = 1; flush() }
  :: d_step { true; first(); linked = 0; status = 1; flush() }
  :: d_step { true; gate(0) } :: d_step { true; gate(1) } :: d_step { true; gate(2) }
  :: d_step { true; gate(3) } :: d_step { true; gate(4) } :: d_step { true; gate(5) }
  :: d_step { true; boot(0, 0) } :: d_step { true; boot(1, 0) } :: d_step { true; boot(0, 1) } :: d_step { true; boot(1, 1) }
  :: d_step { open = 1 - open }
  :: d_step { true; receive(0, 0, 0, 1, 1, 1) } :: d_step { true; receive(0, 0, 1, 1, 1, 1) }
  :: d_step { true; receive(1, 0, 0, 1, 1, 1) } :: d_step { true; receive(1, 0, 1, 1, 1, 1) }
  :: d_step { true; receive(2, 0, 0, 1, 1, 0) } :: d_step { true; receive(2, 0, 1, 1, 1, 0) }
  :: d_step { true; receive(0, 1, 0, 1, 1, 1) } :: d_step { true; receive(1, 1, 0, 1, 1, 0) }
  :: d_step { true; receive(2, 1, 0, 1, 1, 1) }
  :: d_step { true; receive(0, 2, 0, 1, 1, 1) } :: d_step { true; receive(0, 2, 1, 1, 1, 1) }
  :: d_step { true; receive(0, 3, 0, 1, 1, 1) } :: d_step { true; receive(0, 3, 1, 1, 1, 1) }
  :: d_step { true; receive(0, 4, 0, 1, 1, 1) } :: d_step { true; receive(0, 4, 1, 1, 1, 1) }
  :: d_step { true; receive(0, 5, 0, 1, 1, 1) } :: d_step { true; receive(1, 5, 0, 1, 1, 1) }
  :: d_step { true; receive(2, 5, 0, 1, 1, 1) }
  :: d_step { true; receive(0, 0, 1, 1, 0, 1) } :: d_step { true; receive(1, 0, 1, 1, 0, 1) }
  :: d_step { true; receive(2, 5, 0, 1, 0, 1) }
  :: d_step { true; receive(0, 0, 1, 0, 1, 1) } :: d_step { true; receive(1, 0, 1, 0, 1, 1) }
  :: d_step { true; receive(2, 5, 0, 0, 1, 1) }
  :: d_step { true; first(); note(); flush() }
  od
}

/**
 * The network of a board on a serial line: gives it its Wi-Fi and looks whether it gets from there to the
 * broker. Must not know a scenario.
 */
import type { RealClock } from "../clock.ts";
import { EXIT, UserError } from "../errors.ts";
import { ImprovClient, type Joined, type Wifi } from "../improv/client.ts";
import type { BoardLine } from "../serial/board-line.ts";
import { askLine } from "../serial/commands.ts";
import type { HilData } from "./board.ts";
import { SCENARIO_DEVICE } from "./scenario-owner.ts";
import { TestBroker } from "./test-broker.ts";
import type { Wires } from "./wires.ts";

/** How long it may take to join, in ms. */
const JOIN_MS = 45_000;
/** Between two questions for its state, in ms. */
const ASK_MS = 500;
/** From a switch at ON to a radio, a boot before it included, in ms. */
const LIVE_MS = 10_000;

const KEYS = "killswitch flash --board CHIP --port PORT --scenario-keys --broker mqtt://ADDRESS";

/** Hands over the Wi-Fi, to be tried at ON and kept at KILL. Throws UserError if it does not come to that. */
export async function joinWifi(line: BoardLine, wifi: Wifi): Promise<Joined> {
  const client = new ImprovClient(line);
  // A board that starts over hears nothing: this is asked until it is there.
  await client.state();
  return client.join(wifi, JOIN_MS);
}

export interface NetworkCheck {
  readonly line: BoardLine;
  /** What it answers to `status`. */
  readonly status: string;
  readonly wires: Wires;
  readonly clock: RealClock;
  readonly hil: HilData;
  readonly listen: { readonly host: string; readonly port: number };
  readonly wifi: Wifi | null;
}

/** Of a board that is as new. Throws UserError for the first thing that keeps it from the broker. */
export async function checkNetwork(check: NetworkCheck): Promise<void> {
  const { line, status, wires, clock, wifi } = check;
  // A board without Wi-Fi has nothing to join.
  if (!/ wifi=/.test(status)) return;
  const board = `the board on ${line.path}`;
  if (/ owner=none\b/.test(status)) {
    throw new UserError(`${board} has no keys: write the scenarios' with ${KEYS}`, EXIT.REFUSED);
  }
  if (wifi === null) {
    throw new UserError(
      `${board} is made new for each scenario and forgets its Wi-Fi: name it with --wifi`,
      EXIT.USAGE,
    );
  }
  const client = new ImprovClient(line);
  await client.state();
  const { name } = await client.info();
  if (name !== SCENARIO_DEVICE) {
    throw new UserError(
      `${board} is "${name}", with keys of its own: write the scenarios' with ${KEYS}`,
      EXIT.REFUSED,
    );
  }
  await wires.contacts(true, false, 0);
  await until(check, LIVE_MS, (now) => /phase=LIVE .*wifi=(?!off)/.test(now));
  const joined = await joinWifi(line, wifi);
  if (!joined.joined) throw new UserError(`${board}: ${joined.reason}`, EXIT.NO_ANSWER);
  await reachBroker(check);
  await wires.contacts(false, true, 0);
  await clock.sleep(ASK_MS);
}

async function reachBroker(check: NetworkCheck): Promise<void> {
  const { listen, hil, line } = check;
  const broker = await TestBroker.open({ ...listen, heard: () => {} }).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `port ${listen.port} of ${listen.host} cannot be listened on: stop the broker there, or take ` +
        "another port with --listen and tell the board so with flash --scenario-keys",
      EXIT.NETWORK,
    );
  });
  try {
    const last = await until(check, hil.slackMs, (now) => / mqtt=up\b/.test(now));
    if (last === null) return;
    const [why = "no answer"] = / mqtt=\S+/.exec(last) ?? [];
    throw new UserError(
      `the board on ${line.path} has joined, and does not reach this machine's broker at port ` +
        `${broker.port} (${why.trim()}): is its broker this machine's address (${KEYS}), the port open?`,
      EXIT.NETWORK,
    );
  } finally {
    await broker.close();
  }
}

/** Asks for the board's state until it is as wanted; null then, else its last word. */
async function until(
  { line, clock }: NetworkCheck,
  ms: number,
  wanted: (status: string) => boolean,
): Promise<string | null> {
  const end = clock.now() + ms;
  for (;;) {
    const status = await askLine(line, "status");
    if (wanted(status)) return null;
    if (clock.now() >= end) return status;
    await clock.sleep(ASK_MS);
  }
}

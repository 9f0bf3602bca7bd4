/**
 * Provisions a board on a serial line with Wi-Fi and checks that it reaches the runner's broker.
 */
import type { RealClock } from "../../base/clock.ts";
import { EXIT, UserError } from "../../base/errors.ts";
import { launcher } from "../../base/paths.ts";
import type { BoardLine } from "../../serial/board-line.ts";
import { askLine } from "../../serial/commands.ts";
import { ImprovClient, type Joined, type Wifi } from "../../serial/improv-client.ts";
import type { HilData } from "./hil-data.ts";
import { SCENARIO_DEVICE } from "./scenario-owner.ts";
import { TestBroker } from "./test-broker.ts";
import type { Wires } from "./wires.ts";

/** How long the board may take to join its network, in ms. */
const JOIN_MS = 45_000;
/** Interval between two status requests, in ms. */
const POLL_MS = 500;
/** From the switch reaching ON to a powered radio, in ms. Includes a boot. */
const LIVE_MS = 10_000;

const flashKeys = () =>
  `${launcher()} flash --board CHIP --port PORT --scenario-keys --broker mqtt://ADDRESS`;

/**
 * Sends the Wi-Fi settings over Improv. The board tries them if its switch is at ON, and only
 * stores them at KILL. Throws a UserError if the board does not answer.
 */
export async function joinWifi(line: BoardLine, wifi: Wifi): Promise<Joined> {
  const client = new ImprovClient(line);
  // A booting board does not answer; state() repeats its request until it does.
  await client.state();
  return client.join(wifi, JOIN_MS);
}

export interface NetworkCheck {
  readonly line: BoardLine;
  /** The board's answer to `status`. */
  readonly status: string;
  readonly wires: Wires;
  readonly clock: RealClock;
  readonly hil: HilData;
  readonly listen: { readonly host: string; readonly port: number };
  readonly wifi: Wifi | null;
}

/**
 * Checks keys, device name, Wi-Fi and broker of a board after its factory reset. Throws a UserError
 * for the first problem.
 */
export async function checkNetwork(check: NetworkCheck): Promise<void> {
  const { line, status, wires, clock, wifi } = check;
  // A board without Wi-Fi needs no provisioning.
  if (!/ wifi=/.test(status)) return;
  const board = `the board on ${line.path}`;
  if (/ owner=none\b/.test(status)) {
    throw new UserError(
      `${board} has no keys: write the scenarios' keys with ${flashKeys()}`,
      EXIT.REFUSED,
    );
  }
  if (wifi === null) {
    throw new UserError(
      `${board} loses its Wi-Fi in the factory reset before each scenario: add --wifi SSID`,
      EXIT.USAGE,
    );
  }
  const client = new ImprovClient(line);
  await client.state();
  const { name } = await client.info();
  if (name !== SCENARIO_DEVICE) {
    throw new UserError(
      `${board} is "${name}" and has its own keys: write the scenarios' keys with ${flashKeys()}`,
      EXIT.REFUSED,
    );
  }
  await wires.contacts(true, false, 0);
  await pollStatus(check, LIVE_MS, (now) => /phase=LIVE .*wifi=(?!off)/.test(now));
  const joined = await joinWifi(line, wifi);
  if (!joined.joined) throw new UserError(`${board}: ${joined.reason}`, EXIT.NO_ANSWER);
  await reachBroker(check);
  await wires.contacts(false, true, 0);
  await clock.sleep(POLL_MS);
}

async function reachBroker(check: NetworkCheck): Promise<void> {
  const { listen, hil, line } = check;
  const broker = await TestBroker.open({ ...listen, received: () => {} }).catch(
    (error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(
        `port ${listen.port} of ${listen.host} cannot be opened: stop the program that uses it, or ` +
          "choose another port with --listen and write it to the board with flash --scenario-keys",
        EXIT.NETWORK,
      );
    },
  );
  try {
    const last = await pollStatus(check, hil.slackMs, (now) => / mqtt=up\b/.test(now));
    if (last === null) return;
    const [why = "no answer"] = / mqtt=\S+/.exec(last) ?? [];
    throw new UserError(
      `the board on ${line.path} joined its network but does not reach this machine's broker at ` +
        `port ${broker.port} (${why.trim()}): check the firewall and the broker's address ` +
        `(${flashKeys()})`,
      EXIT.NETWORK,
    );
  } finally {
    await broker.close();
  }
}

/** Requests the board's status until `wanted` accepts it. Returns null then, or the last status. */
async function pollStatus(
  { line, clock }: NetworkCheck,
  ms: number,
  wanted: (status: string) => boolean,
): Promise<string | null> {
  const end = clock.now() + ms;
  for (;;) {
    const status = await askLine(line, "status");
    if (wanted(status)) return null;
    if (clock.now() >= end) return status;
    await clock.sleep(POLL_MS);
  }
}

/**
 * The checklist of the one-chip board: what its owner measures, what an honest board shows, and what
 * these checks cannot show. Pins come from board.json.
 */

/** What a board is checked with at one step. */
export interface Check {
  readonly what: string;
  readonly how: string;
  readonly expected: string;
  readonly otherwise: string;
}

export interface Checklist {
  readonly chip: string;
  readonly checks: readonly Check[];
  readonly cannotShow: readonly string[];
}

type Pins = Record<"no" | "nc" | "button" | "relay" | "lamp", number>;

/** The chip's own pull-down is about 45 kohm; with the 10 kohm resistor they are parallel. */
const PULL_DOWN = "8 to 10.5 kohm";
const HIGH = "3.0 to 3.5 V";
const LOW = "under 0.2 V";

function wiring({ no, nc }: Pins): Check[] {
  return [
    {
      what: "Contacts, USB unplugged",
      how: `ohms from 3V3 to GPIO${no} (NO) and to GPIO${nc} (NC), at ON and at KILL`,
      expected: `ON: NO under 1 ohm, NC over 5 kohm. KILL: NO over 5 kohm, NC under 1 ohm`,
      otherwise: "the throws are swapped, or a wire is missing; never continue with this",
    },
    {
      what: "Pull-downs, USB unplugged",
      how: `ohms to GND from GPIO${no} at KILL and from GPIO${nc} at ON`,
      expected: PULL_DOWN,
      otherwise: "a 10k resistor is missing; over 30 kohm is the chip's own pull-down alone",
    },
    {
      what: "Levels, USB plugged in",
      how: `volts to GND on GPIO${no} and GPIO${nc}, at ON and at KILL`,
      expected: `ON: NO ${HIGH}, NC ${LOW}. KILL: NO ${LOW}, NC ${HIGH}`,
      otherwise: "both high: a bridge; both low: the common wire is not at 3V3",
    },
  ];
}

function outputs({ button, relay, lamp, no, nc }: Pins): Check[] {
  return [
    {
      what: "Lamp",
      how: `volts on GPIO${lamp}, or the LED, at ON (wait 1 s) and at KILL`,
      expected: `ON: ${HIGH}, lit. KILL: ${LOW}, dark at once`,
      otherwise: "firmware drives the lamp: it refutes a broken board, it proves nothing",
    },
    {
      what: "Relay by the button",
      how: `press the button (GPIO${button} to 3V3) at ON and at KILL; volts on GPIO${relay}`,
      expected: `each press changes between ${LOW} and ${HIGH}, at KILL as well; a cut changes nothing`,
      otherwise: "the button has no pull-down or goes to another pin",
    },
    {
      what: "A wire that breaks",
      how: `at ON pull the wire off GPIO${no}; then bridge GPIO${no} and GPIO${nc}`,
      expected: "lamp dark at once each time; after the bridge it stays dark until KILL, then ON",
      otherwise: "this is not the gate of this repository",
    },
  ];
}

const RADIO: readonly Check[] = [
  {
    what: "Power draw",
    how: "USB power meter: plug in at KILL and note the draw; go to ON, wait for the network, go back",
    expected: "KILL after ON draws what KILL drew at first, within 5 %; ON draws clearly more",
    otherwise: "the radio is stopped by software, not reset (about 130 mW more on an ESP32-C3)",
  },
  {
    what: "Broker's view",
    how: "mosquitto_sub -h BROKER -v -t 'killswitch/#' on another computer; move the switch to KILL",
    expected: "one more message, availability offline, within 15 s; then nothing",
    otherwise: "the board still reaches the network",
  },
  {
    what: "Bytes in flash",
    how: "./killswitch verify --port PORT --image BUILD",
    expected: "same for every region, masked for owner; exit 0",
    otherwise: "flash the board again with an image that you built",
  },
];

export function checklistOf(chip: string, pins: Pins): Checklist {
  return {
    chip,
    checks: [...wiring(pins), ...outputs(pins), ...RADIO],
    cannotShow: [
      "A native image written to pass these checks and to transmit later: one chip reads the switch and owns the radio. Read the flash back, or build the two-chip board.",
      "What the radio sends on channels and at times at which nobody listens.",
      "These readings are computed from board.json; they were not taken on silicon.",
    ],
  };
}

export function checklistText({ chip, checks, cannotShow }: Checklist): string {
  const lines = [
    `Commission test of a one-chip board with ${chip}: multimeter, black probe on GND.`,
  ];
  for (const [index, { what, how, expected, otherwise }] of checks.entries()) {
    lines.push(
      "",
      `${index + 1}. ${what}`,
      `   do         ${how}`,
      `   expect     ${expected}`,
      `   otherwise  ${otherwise}`,
    );
  }
  lines.push("", "What these checks cannot show:", ...cannotShow.map((text) => `- ${text}`));
  return `${lines.join("\n")}\n`;
}

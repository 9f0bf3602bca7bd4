/**
 * Errors a person caused or can mend, and the exit codes of the command line.
 * Must not know who throws them.
 */

/** Exit codes of `killswitch`. */
export const EXIT = {
  OK: 0,
  USAGE: 2,
  REFUSED: 3,
  NO_ANSWER: 4,
  REFUTED: 5,
  NOT_CLOSED: 6,
  BAD_FILE: 7,
  NETWORK: 8,
  NO_TOOL: 9,
  NO_PORT: 10,
  BUSY: 11,
  NOT_PERMITTED: 12,
  WRONG_CHIP: 13,
  NOT_WRITTEN: 14,
  WIRING: 15,
  INTERNAL: 70,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What each exit code tells, for `--help`. */
export const EXIT_MEANINGS: Record<ExitCode, string> = {
  [EXIT.OK]: "done",
  [EXIT.USAGE]: "the command line was not understood",
  [EXIT.REFUSED]: "the device refused, and said why",
  [EXIT.NO_ANSWER]: "the device did not answer in time",
  [EXIT.REFUTED]: "a claim under test does not hold",
  [EXIT.NOT_CLOSED]: "an exploration ended before it had seen everything",
  [EXIT.BAD_FILE]: "a file (keys, scenario, storage) is missing, unreadable or corrupt",
  [EXIT.NETWORK]: "TCP port in use, or broker unreachable or refusing",
  [EXIT.NO_TOOL]: "a tool or package that this needs is not installed",
  [EXIT.NO_PORT]: "the serial port does not exist, or went away",
  [EXIT.BUSY]: "the serial port is open in another program",
  [EXIT.NOT_PERMITTED]: "the serial port may not be opened by this user",
  [EXIT.WRONG_CHIP]: "another chip, or another firmware's layout, than what was to be flashed",
  [EXIT.NOT_WRITTEN]: "the flash does not hold what was sent: written in part, or wrongly",
  [EXIT.WIRING]: "a wire of a test rig is not connected, or goes to the wrong place",
  [EXIT.INTERNAL]: "a defect of this program",
};

/** One line for a person: names the thing, the place and the mend. Printed without a stack trace. */
export class UserError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode) {
    super(message);
    this.name = "UserError";
    this.exitCode = exitCode;
  }
}

/** The `code` of a system or protocol error ("ENOENT", "5", ...), or "" for anything else. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

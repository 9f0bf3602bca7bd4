/**
 * Errors that the user caused or can fix, and the exit codes of the command line.
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
  TOOL_FAILED: 16,
  UNATTESTED: 17,
  NOT_COMPARED: 18,
  INTERNAL: 70,
  INTERRUPTED: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What each exit code means, for `--help`. */
export const EXIT_MEANINGS: Record<ExitCode, string> = {
  [EXIT.OK]: "done",
  [EXIT.USAGE]: "the command line is wrong",
  [EXIT.REFUSED]: "the device refused, and gave the reason",
  [EXIT.NO_ANSWER]: "the device did not answer in time",
  [EXIT.REFUTED]: "a claim that was tested does not hold",
  [EXIT.NOT_CLOSED]: "a search ended before it had covered everything",
  [EXIT.BAD_FILE]:
    "a file (module, keys, scenario, storage) is missing or not valid, or cannot be written",
  [EXIT.NETWORK]: "the TCP port is in use, or the broker is unreachable or refuses",
  [EXIT.NO_TOOL]: "a required tool or package is not installed",
  [EXIT.NO_PORT]: "the serial port does not exist or was unplugged",
  [EXIT.BUSY]: "the serial port is open in another program",
  [EXIT.NOT_PERMITTED]: "this user has no permission to open the serial port",
  [EXIT.WRONG_CHIP]: "the chip or its flash layout is not the one to be flashed",
  [EXIT.NOT_WRITTEN]: "the flash does not hold what was sent: the write was incomplete or wrong",
  [EXIT.WIRING]: "a wire of a test rig is missing or is connected to the wrong pin",
  [EXIT.TOOL_FAILED]: "a compiler, a build tool or an emulator failed, and printed why",
  [EXIT.UNATTESTED]:
    "an attestation is not by the device's key, its signature is wrong, or it answers another nonce",
  [EXIT.NOT_COMPARED]:
    "the journal's chains hold, but without a head that the device signed nothing more can be said",
  [EXIT.INTERNAL]: "a bug in this program",
  [EXIT.INTERRUPTED]: "ended by Ctrl-C (129 and 143: by SIGHUP and SIGTERM)",
};

/**
 * An error with a one-line message for the user. The message names the thing, the place and the
 * fix. It is printed without a stack trace.
 */
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

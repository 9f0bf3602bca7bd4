/**
 * `killswitch journal attest`, which gets a device's attestation, and the part of `killswitch journal verify`
 * that checks one.
 */
import { randomBytes } from "node:crypto";
import { type Command, Option } from "commander";
import { NONCE_BYTES } from "../../abi/attestation.ts";
import { EXIT, UserError } from "../../base/errors.ts";
import { readInput } from "../../base/files.ts";
import { checkOutputFile, writeOutput } from "../../base/outputs.ts";
import { shownText } from "../../base/shown-text.ts";
import {
  type Attestation,
  notAttested,
  readAttestation,
  unexpected,
} from "../../controller/attestation.ts";
import { type Journal, ringName } from "../../controller/journal.ts";
import { attestationIn, readAttestationOf } from "../../serial/commands.ts";
import { example, hexParser, jsonOption } from "../options.ts";
import { print, printJson } from "../terminal.ts";
import { withBoard } from "./console.ts";

const nonceOption = (description: string) =>
  new Option("--nonce <hex>", description).argParser(hexParser(NONCE_BYTES));

interface AttestOptions {
  readonly port?: string;
  readonly console?: string;
  readonly nonce?: string;
  readonly output: string;
  readonly json: boolean;
}

/** Adds `journal attest`. */
export function registerAttest(journal: Command): void {
  const attest = journal
    .command("attest")
    .description(
      "get a signed statement of a device about its journal, which a third party can check",
    )
    .option("--port <path>", "ask the board on this serial port")
    .option("--console <file>", "take it from a console's output instead, - for standard input")
    .addOption(nonceOption("nonce that the third party chose (default: a random one)"))
    .requiredOption("--output <file>", "write it to this file, for journal verify --attestation")
    .addOption(jsonOption())
    .action(attestVerb);
  example(
    attest,
    "killswitch journal attest --port /dev/ttyUSB0 --output attestation.cose",
    "killswitch journal attest --console session.txt --output attestation.cose",
  );
}

async function attestVerb(options: AttestOptions): Promise<void> {
  const { port, console, output } = options;
  if ((port === undefined) === (console === undefined))
    throw new UserError(
      "journal attest: give either --port or --console, where the attestation comes from",
      EXIT.USAGE,
    );
  checkOutputFile(output);
  const nonce = options.nonce ?? randomBytes(NONCE_BYTES).toString("hex");
  const bytes =
    port === undefined
      ? attestationIn(console ?? "-", Buffer.from(readInput(console ?? "-")).toString("latin1"))
      : await withBoard(port, (line) => readAttestationOf(line, nonce));
  const source = port ?? console ?? "-";
  const attestation = readAttestation(source, bytes);
  const wanted = port === undefined ? options.nonce : nonce;
  const why = unexpected(attestation, { publicKey: attestation.publicKey, nonce: wanted });
  if (why !== undefined)
    throw new UserError(`the attestation of ${source}: ${why}`, EXIT.UNATTESTED);
  writeOutput(output, bytes);
  if (options.json) printJson({ ...attestation.statement, publicKey: attestation.publicKey });
  else for (const line of statementLines(attestation)) print(line);
}

/** What an attestation says, in lines for a reader. */
export function statementLines({ statement, publicKey }: Attestation): string[] {
  const { device, nonce, rings, epoch, guest } = statement;
  return [
    `device ${shownText(device)}, public key ${publicKey}`,
    ...rings.map(({ next, hash }, which) => {
      const name = ringName(which);
      return next === 0
        ? `${name} ring empty`
        : `${name} ring up to record ${next - 1}, hash ${hash}`;
    }),
    /^0*$/.test(epoch) ? "not LIVE" : `LIVE in epoch ${epoch}`,
    guest === null ? "no guest ran" : `guest SHA-512 ${guest}`,
    `nonce ${nonce}`,
  ];
}

export interface AttestationOptions {
  readonly attestation?: string;
  readonly publicKey?: string;
  readonly nonce?: string;
}

/** Adds the options of `journal verify` for an attestation. */
export function addAttestationOptions(verify: Command): Command {
  return verify
    .option("--attestation <file>", "also check that the journal is the one attested in this file")
    .addOption(
      new Option(
        "--public-key <hex>",
        "the device's key for attestations, from its own console or from somebody trusted",
      ).argParser(hexParser(32)),
    )
    .addOption(nonceOption("nonce that the attestation must answer"));
}

/**
 * Reads the attestation that the options name. Undefined if they name none. Throws a UserError if it is not by
 * the device.
 */
export function expectedAttestation(options: AttestationOptions): Attestation | undefined {
  const { attestation: file, publicKey, nonce } = options;
  if (file === undefined && publicKey === undefined && nonce === undefined) return undefined;
  if (file === undefined || publicKey === undefined)
    throw new UserError(
      "journal verify: --attestation and --public-key belong together: anyone can sign with a key of their own",
      EXIT.USAGE,
    );
  const attestation = readAttestation(file, readInput(file));
  const why = unexpected(attestation, { publicKey, nonce });
  if (why === undefined) return attestation;
  throw new UserError(`${file} is not this device's attestation: ${why}`, EXIT.UNATTESTED);
}

/** Throws a UserError if the journal, whose chain holds, is not the attested one. */
export function requireAttested(journal: Journal, attestation: Attestation): void {
  const why = notAttested(journal, attestation);
  if (why !== undefined)
    throw new UserError(`the journal is not the attested one: ${why}`, EXIT.REFUTED);
}

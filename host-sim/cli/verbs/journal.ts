/**
 * `killswitch journal`: reads the journal of a device and checks its hash chain.
 */
import { type Command, Option } from "commander";
import { JOURNAL_SLOTS, OP, RECORD_NAMES } from "../../abi/abi.gen.ts";
import { EXIT, UserError } from "../../base/errors.ts";
import { readInput, writeFileAtomic } from "../../base/files.ts";
import { checkOutputFile, writeTrouble } from "../../base/outputs.ts";
import {
  detailOf,
  type Journal,
  parseRecord,
  readJournal,
  recordLine,
  type Verdict,
  verifyJournal,
} from "../../controller/journal.ts";
import { RECORDS_MAX } from "../../controller/operations.ts";
import { asOption, example, jsonOption } from "../options.ts";
import { print, printJson } from "../terminal.ts";
import { ringOf } from "./console.ts";
import {
  type AttestationOptions,
  addAttestationOptions,
  expectedAttestation,
  hexParser,
  registerAttest,
  requireAttested,
  statementLines,
} from "./journal-attest.ts";
import { addConnectionOptions, type ConnectionOptions, execute, openController } from "./send.ts";

interface ReadOptions extends Omit<ConnectionOptions, "as"> {
  readonly as?: ConnectionOptions["as"];
  readonly file?: string;
  readonly port?: string;
  readonly output?: string;
}

export function register(program: Command): void {
  const journal = program
    .command("journal")
    .description("read a device's journal and check its hash chain");
  example(journal, "killswitch journal read --as owner");

  const read = addConnectionOptions(
    journal
      .command("read")
      .description("print the records of a device or of a file and check their chain"),
    asOption(),
  )
    .option("--file <file>", "read this dump or ring image instead of a device")
    .option("--port <path>", "read the ring of a board over its serial line")
    .option("--output <file>", "also write the records to this file, for journal verify")
    .action(readVerb);
  example(
    read,
    "killswitch journal read --as owner --output journal.bin",
    "killswitch journal read --file journal.bin --json",
    "killswitch journal read --port /dev/ttyUSB0",
  );

  registerAttest(journal);

  const verify = addAttestationOptions(
    journal
      .command("verify")
      .description("check the hash chain of a dump or ring image")
      .argument("<file>", "dump or ring image, - for standard input"),
  )
    .addOption(
      new Option(
        "--head <hash>",
        "expected hash of the last record: journalHead in a status reply",
      ).argParser(hexParser(32)),
    )
    .addOption(jsonOption())
    .action(verifyVerb);
  example(
    verify,
    "killswitch journal verify journal.bin",
    "killswitch journal verify - < journal.bin",
    "killswitch journal verify journal.bin --attestation attestation.cose --public-key 3d40...",
  );
}

async function readVerb(options: ReadOptions): Promise<void> {
  checkOutputFile(options.output);
  let journal: Journal;
  let head: string | undefined;
  if (options.file !== undefined) journal = load(options.file);
  else if (options.port !== undefined)
    journal = readJournal(options.port, await ringOf(options.port));
  else if (options.as !== undefined) {
    const { as } = options;
    [journal, head] = await fetchJournal({ ...options, as });
  } else
    throw new UserError(
      "journal read: give the principal with --as, or a source with --file or --port",
      EXIT.USAGE,
    );
  if (options.output !== undefined) save(options.output, journal);
  for (const bytes of journal.records) {
    const record = parseRecord(bytes);
    if (record === undefined) continue;
    if (options.json)
      printJson({ ...record, kind: RECORD_NAMES[record.kind] ?? record.kind, ...detailOf(record) });
    else print(recordLine(record));
  }
  requireChain(verifyJournal(journal, head));
}

interface VerifyOptions extends AttestationOptions {
  readonly head?: string;
  readonly json: boolean;
}

async function verifyVerb(file: string, options: VerifyOptions): Promise<void> {
  const attestation = expectedAttestation(options);
  const journal = load(file);
  const verdict = verifyJournal(journal, options.head);
  const attested = attestation && { ...attestation.statement, publicKey: attestation.publicKey };
  if (options.json) printJson({ ...verdict, ...(attested && { attested }) });
  else for (const line of verdictLines(verdict)) print(line);
  requireChain(verdict);
  if (attestation === undefined) return;
  requireAttested(journal, attestation);
  if (options.json) return;
  print("the journal is the attested one");
  for (const line of statementLines(attestation)) print(line);
}

const ANCHORS: Record<Verdict["anchor"], string> = {
  genesis: "checked from record 0",
  oldest:
    "checked from the oldest record left; the record before it is overwritten, so the hash of the oldest record itself cannot be checked",
  none: "not checked: there are no records",
};

function verdictLines({ holds, records, first, last, head, anchor, torn }: Verdict): string[] {
  if (records === 0) return ["the journal is empty: there is nothing to check"];
  const range = records === 0 ? "" : ` (${first} to ${last})`;
  const lines = [`${records} records${range}; chain ${ANCHORS[anchor]}`];
  if (torn !== undefined)
    lines.push(`slot ${torn} is incomplete: the supply failed while it was being written`);
  if (holds) lines.push(`the chain holds; head ${head}`);
  return lines;
}

/** Throws a UserError if the chain does not hold. */
function requireChain({ bad }: Verdict): void {
  if (bad !== undefined)
    throw new UserError(`the journal's chain does not hold: ${bad}`, EXIT.REFUTED);
}

/** Reads all records in the ring. Returns them with the head hash from a signed status before. */
async function fetchJournal(options: ConnectionOptions): Promise<[Journal, string | undefined]> {
  const controller = await openController(options);
  const ask = async (op: number, values: readonly number[]) => {
    const args = new Map(values.map((value, index) => [index + 1, value]));
    const { fields } = await execute(controller, options, { op, args });
    if (fields !== null) return fields;
    throw new UserError("the device's reply was lost: read the journal again", EXIT.NO_ANSWER);
  };
  try {
    const status = await ask(OP.STATUS, []);
    const next = Number(status.journalNext ?? 0);
    const records: Uint8Array[] = [];
    for (let first = Math.max(0, next - JOURNAL_SLOTS); first < next; first += RECORDS_MAX) {
      const count = Math.min(RECORDS_MAX, next - first);
      const page = await ask(OP.JOURNAL_READ, [first, count]);
      if (Array.isArray(page.records)) records.push(...page.records);
    }
    return [{ records }, next > 0 ? String(status.journalHead) : undefined];
  } finally {
    await controller.close();
  }
}

function load(file: string): Journal {
  return readJournal(file, readInput(file));
}

function save(file: string, journal: Journal): void {
  try {
    writeFileAtomic(file, Buffer.concat(journal.records), { mode: 0o644, replace: true });
  } catch (error) {
    throw writeTrouble(file, error);
  }
}

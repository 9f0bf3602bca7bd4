/**
 * `killswitch journal`: reads the journal of a device and checks its hash chain.
 */
import { type Command, Option } from "commander";
import { OP, RECORD_NAMES, RING, RING_SLOTS } from "../../abi/abi.gen.ts";
import { EXIT, UserError } from "../../base/errors.ts";
import { readInput } from "../../base/files.ts";
import { checkOutputFile, writeOutput } from "../../base/outputs.ts";
import {
  compareWithOlder,
  detailOf,
  dumpOf,
  type Journal,
  type JournalHead,
  parseRecord,
  type RingVerdict,
  readJournal,
  recordLine,
  ringName,
  type Verdict,
  verifyJournal,
} from "../../controller/journal.ts";
import { headContradiction, headIn, keepHead, loadHead } from "../../controller/kept-head.ts";
import { RECORDS_MAX } from "../../controller/operations.ts";
import { asOption, example, hexParser, jsonOption, keysOption } from "../options.ts";
import { print, printError, printJson } from "../terminal.ts";
import { ringOf } from "./console.ts";
import {
  type AttestationOptions,
  addAttestationOptions,
  expectedAttestation,
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
      .description("check the hash chains of a dump or ring image, and their head")
      .argument("<file>", "dump or ring image, - for standard input"),
  )
    .addOption(
      new Option(
        "--head <hash>",
        "the head that the journal must end with: journalHead in a status reply",
      ).argParser(hexParser(32)),
    )
    .option("--device <name>", "compare with the head that was kept of this device")
    .addOption(keysOption())
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
  let head: JournalHead | undefined;
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
  if (options.output !== undefined) writeOutput(options.output, dumpOf(journal));
  for (const [which, { records }] of journal.entries())
    for (const bytes of records) printRecord(ringName(which), bytes, options);
  requireChain(verifyJournal(journal, head?.journalHead));
  if (head === undefined) return;
  const older = loadHead(options.keys, options.device);
  if (older !== undefined) requireOlder(journal, older, head);
  keepHead(options.keys, options.device, head);
}

function printRecord(ring: string, bytes: Uint8Array, { json }: ReadOptions): void {
  const record = parseRecord(bytes);
  const kind = RECORD_NAMES[record.kind] ?? record.kind;
  if (json) printJson({ ring, ...record, kind, ...detailOf(record) });
  else print(`${ring} ${recordLine(record)}`);
}

/** Throws a UserError unless the journal, with its signed head, can have gone on from the older one. */
function requireOlder(journal: Journal, older: JournalHead, now: JournalHead): void {
  const found = compareWithOlder(journal, older);
  const bad = typeof found === "object" ? found.bad : headContradiction(older, now);
  if (bad !== undefined) throw notContinued(bad);
  if (found === "overwritten")
    printError("records after the last verified head are overwritten: read the journal more often");
}

function notContinued(bad: string): UserError {
  return new UserError(
    `the journal does not go on from its last verified head: ${bad}`,
    EXIT.REFUTED,
  );
}

interface VerifyOptions extends AttestationOptions {
  readonly head?: string;
  readonly device?: string;
  readonly keys: string;
  readonly json: boolean;
}

async function verifyVerb(file: string, options: VerifyOptions): Promise<void> {
  const attestation = expectedAttestation(options);
  const journal = load(file);
  const verdict = verifyJournal(journal, options.head);
  const older = options.device === undefined ? undefined : loadHead(options.keys, options.device);
  const found =
    older === undefined || !verdict.holds ? undefined : compareWithOlder(journal, older);
  const attested = attestation && { ...attestation.statement, publicKey: attestation.publicKey };
  if (options.json) {
    const compared = typeof found === "object" ? "refuted" : found;
    printJson({
      ...verdict,
      ...(compared === undefined ? {} : { older: compared }),
      ...(attested && { attested }),
    });
  } else for (const line of verdictLines(verdict)) print(line);
  requireChain(verdict);
  if (typeof found === "object") throw notContinued(found.bad);
  if (attestation !== undefined) {
    requireAttested(journal, attestation);
    if (options.json) return;
    print("the journal is the attested one");
    for (const line of statementLines(attestation)) print(line);
    return;
  }
  if (options.head === undefined && found !== "continues")
    throw new UserError(
      "the chains hold, but a journal that was rewritten or shortened as a whole would verify too: " +
        "give a head that the device signed (--head), an attestation (--attestation), or the device whose head was kept (--device)",
      EXIT.NOT_COMPARED,
    );
}

const ANCHORS: Record<RingVerdict["anchor"], string> = {
  genesis: "checked from record 0",
  oldest:
    "checked from the oldest record left; the record before it is overwritten, so the hash of the oldest record itself cannot be checked",
  none: "not checked: there are no records",
};

function ringLines(name: string, { records, first, last, anchor, torn }: RingVerdict): string[] {
  const range = records === 0 ? "" : ` (${first} to ${last})`;
  const lines = [`${name}: ${records} records${range}; chain ${ANCHORS[anchor]}`];
  if (torn !== undefined)
    lines.push(`${name}: slot ${torn} is incomplete: the supply failed while it was being written`);
  return lines;
}

function verdictLines({ holds, local, remote, head }: Verdict): string[] {
  if (local.records + remote.records === 0)
    return ["the journal is empty: there is nothing to check"];
  const lines = [...ringLines("local", local), ...ringLines("remote", remote)];
  return holds ? [...lines, `the chains hold; head ${head}`] : lines;
}

/** Throws a UserError if the chain does not hold. */
function requireChain({ bad }: Verdict): void {
  if (bad !== undefined)
    throw new UserError(`the journal's chain does not hold: ${bad}`, EXIT.REFUTED);
}

/**
 * Reads all records in both rings. Returns them with the head in a signed status before. The commands of
 * reading leave no record.
 */
async function fetchJournal(
  options: ConnectionOptions,
): Promise<[Journal, JournalHead | undefined]> {
  const controller = await openController(options);
  const ask = async (op: number, values: readonly number[]) => {
    const args = new Map(values.map((value, index) => [index + 1, value]));
    const { fields } = await execute(controller, options, { op, args });
    if (fields !== null) return fields;
    throw new UserError("the device's reply was lost: read the journal again", EXIT.NO_ANSWER);
  };
  try {
    const status = await ask(OP.STATUS, []);
    const head = headIn(status);
    const ring = async (which: number, next: number) => {
      const records: Uint8Array[] = [];
      for (let first = Math.max(0, next - RING_SLOTS); first < next; first += RECORDS_MAX) {
        const count = Math.min(RECORDS_MAX, next - first);
        const page = await ask(OP.JOURNAL_READ, [first, count, which]);
        if (Array.isArray(page.records)) records.push(...page.records);
      }
      return { records };
    };
    const local = await ring(RING.LOCAL, head?.journalNext ?? 0);
    return [[local, await ring(RING.REMOTE, head?.remoteNext ?? 0)], head];
  } finally {
    await controller.close();
  }
}

function load(file: string): Journal {
  return readJournal(file, readInput(file));
}

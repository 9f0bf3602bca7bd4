/**
 * A proof on record: which bytes, which tools, what was asked, what came out; and its check against
 * the files at hand. A record, not a seal: whoever doubts it runs the proof. Must not know how a part
 * works.
 */
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import { EXIT, UserError } from "../errors.ts";
import { launcher, packageRoot, versionOf } from "../paths.ts";
import { ABSTRACTION_VERSION } from "./device/abstraction.ts";
import { GATE_SPEC } from "./gate/paths.ts";
import { type Module, type PartReport, provePart, type Subject } from "./stages.ts";
import { type PartName, type Verdict, verdictOf } from "./verdict.ts";

const FORMAT = 1;

interface ModuleRecord {
  sha256: string;
  bytes: number;
}

export interface Certificate {
  format: number;
  modules: { gate: ModuleRecord; device: ModuleRecord };
  tools: Record<string, string>;
  abstraction: number;
  spec: typeof GATE_SPEC;
  quick: boolean;
  seed: number;
  verdict: Verdict;
  parts: PartReport[];
  /** What the cheap parts give: `--check` runs them again, and must get the same. */
  cheap: Cheap;
}

/** Figures of the gate near its own words and of the small model: exact, the same on every machine. */
interface Cheap {
  gate: { permitting: number; steps: number; reachable: number; pairs: number; distance: number };
  device: { states: number; transitions: number; digest: number };
}

function recordOf(bytes: Module): ModuleRecord {
  return { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length };
}

function toolVersions(): Record<string, string> {
  const binaryen = createRequire(import.meta.url).resolve("binaryen");
  return {
    killswitch: versionOf(join(packageRoot(), "package.json")),
    node: process.versions.node,
    v8: process.versions.v8,
    binaryen: versionOf(join(binaryen, "..", "package.json")),
  };
}

/** Runs the cheap parts, those of `done` apart. One that is refuted or not closed gives no figures: null. */
async function cheapOf(subject: Subject, seed: number, done: PartReport[]): Promise<Cheap | null> {
  const options = { quick: true, seed, progress: () => {} };
  const of = async (name: PartName) =>
    done.find(({ part }) => part === name) ?? (await provePart(name, subject, options));
  const { gate, verdict: first } = await of("gate");
  const { device, verdict: second } = await of("device");
  if (gate === undefined || device === undefined || first !== "proven" || second !== "proven")
    return null;
  const { permitting, steps, reachable, pairs, distance } = gate;
  const { states, transitions, digest } = device;
  return {
    gate: { permitting, steps, reachable, pairs, distance },
    device: { states, transitions, digest },
  };
}

/** The certificate of a proof. Throws a UserError on one that is refuted: there is nothing to certify. */
export async function certify(
  subject: Subject,
  parts: PartReport[],
  options: { quick: boolean; seed: number },
): Promise<Certificate> {
  const done = options.quick ? parts : [];
  const cheap = await cheapOf(subject, options.seed, done);
  const verdict = verdictOf(parts);
  if (cheap === null || verdict === "refuted")
    throw new UserError("a proof that is refuted leaves no certificate", EXIT.REFUTED);
  return {
    format: FORMAT,
    modules: { gate: recordOf(subject.gate), device: recordOf(subject.device) },
    tools: toolVersions(),
    abstraction: ABSTRACTION_VERSION,
    spec: GATE_SPEC,
    ...options,
    verdict,
    parts,
    cheap,
  };
}

function parse(text: string, path: string): Certificate {
  const bad = (why: string) =>
    new UserError(
      `${path}: not a certificate (${why}): ${launcher()} prove --out makes one`,
      EXIT.BAD_FILE,
    );
  let found: Partial<Certificate> | null;
  try {
    found = JSON.parse(text);
  } catch {
    throw bad("not JSON");
  }
  if (typeof found !== "object" || found === null) throw bad("not an object");
  if (found.format !== FORMAT) throw bad(`format ${found.format}, not ${FORMAT}`);
  for (const key of ["modules", "tools", "parts", "cheap", "verdict", "seed"] as const)
    if (found[key] === undefined) throw bad(`"${key}" is missing`);
  return found as Certificate;
}

export interface CheckReport {
  /** What does not agree; none for a certificate that holds. */
  differs: string[];
  /** Tools that are not those of the certificate: told, and no fault. */
  notes: string[];
}

/** Checks a certificate against modules: their hashes, and the cheap parts run again. */
export async function checkCertificate(
  text: string,
  path: string,
  subject: Subject,
): Promise<CheckReport> {
  const certificate = parse(text, path);
  const differs: string[] = [];
  for (const name of ["gate", "device"] as const) {
    const { sha256 } = recordOf(subject[name]);
    const claimed = certificate.modules[name]?.sha256;
    if (sha256 !== claimed)
      differs.push(`${name}.wasm has SHA-256 ${sha256}, the certificate's ${claimed}`);
  }
  if (certificate.abstraction !== ABSTRACTION_VERSION)
    differs.push(
      `abstraction ${certificate.abstraction}, this program's is ${ABSTRACTION_VERSION}`,
    );
  if (certificate.verdict !== verdictOf(certificate.parts))
    differs.push(`the verdict is not that of the parts: ${verdictOf(certificate.parts)}`);
  const notes = Object.entries(toolVersions())
    .filter(([tool, version]) => certificate.tools[tool] !== version)
    .map(
      ([tool, version]) => `${tool} ${version}, the certificate's was ${certificate.tools[tool]}`,
    );
  if (differs.length > 0) return { differs, notes };
  const cheap = await cheapOf(subject, certificate.seed, []);
  if (JSON.stringify(cheap) !== JSON.stringify(certificate.cheap))
    differs.push("the cheap parts, run again, give other figures");
  return { differs, notes };
}

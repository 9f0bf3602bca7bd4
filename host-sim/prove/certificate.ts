/**
 * Certificates: a record of a proof with the hashes of the modules, the tools, and the figures; and its
 * check against the modules at hand. A certificate is not signed. To verify a proof, run it again.
 */
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import { EXIT, UserError } from "../base/errors.ts";
import { launcher, packageRoot, versionOf } from "../base/paths.ts";
import { ABSTRACTION_VERSION } from "./device/abstraction.ts";
import { GATE_SPEC } from "./gate/paths.ts";
import { type Module, runStage, type StageReport, type Subject } from "./stages.ts";
import { type StageName, type Verdict, verdictOf } from "./verdict.ts";

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
  parts: StageReport[];
  /** The figures of the stages that `--check` runs again. It must get the same. */
  cheap: Cheap;
}

/** The figures of the quick stages `gate` and `device`. They are the same on every machine. */
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

/** The figures of the quick stages. Takes those in `done`, and runs the others. Null unless both are proven. */
async function cheapOf(subject: Subject, seed: number, done: StageReport[]): Promise<Cheap | null> {
  const options = { quick: true, seed, progress: () => {} };
  const of = async (name: StageName) =>
    done.find(({ part }) => part === name) ?? (await runStage(name, subject, options));
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

/** The certificate of a proof. Throws a UserError if the proof is refuted. */
export async function certify(
  subject: Subject,
  parts: StageReport[],
  options: { quick: boolean; seed: number },
): Promise<Certificate> {
  const done = options.quick ? parts : [];
  const cheap = await cheapOf(subject, options.seed, done);
  const verdict = verdictOf(parts);
  if (cheap === null || verdict === "refuted")
    throw new UserError(
      "no certificate is written: the proof is refuted (see the report above)",
      EXIT.REFUTED,
    );
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
      `${path} is not a certificate (${why}): write one with ${launcher()} prove --out`,
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
  /** A line for each disagreement. None: the certificate is confirmed. */
  differs: string[];
  /** Tools with another version than in the certificate. Not a disagreement. */
  notes: string[];
}

/** Checks a certificate against modules: their hashes, and the figures of the quick stages, run again. */
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
      differs.push(`${name}.wasm has SHA-256 ${sha256}, but the certificate has ${claimed}`);
  }
  if (certificate.abstraction !== ABSTRACTION_VERSION)
    differs.push(
      `the certificate has version ${certificate.abstraction} of the abstraction, but this program has version ${ABSTRACTION_VERSION}`,
    );
  if (certificate.verdict !== verdictOf(certificate.parts))
    differs.push(
      `the certificate's verdict is "${certificate.verdict}", but its parts give "${verdictOf(certificate.parts)}"`,
    );
  const notes = Object.entries(toolVersions())
    .filter(([tool, version]) => certificate.tools[tool] !== version)
    .map(
      ([tool, version]) =>
        `${tool} is version ${version}; the certificate was made with ${certificate.tools[tool]}`,
    );
  if (differs.length > 0) return { differs, notes };
  const cheap = await cheapOf(subject, certificate.seed, []);
  if (JSON.stringify(cheap) !== JSON.stringify(certificate.cheap))
    differs.push(
      "the parts `gate` and `device` of a quick proof, run again, give other figures than the certificate",
    );
  return { differs, notes };
}

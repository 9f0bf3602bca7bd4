/**
 * `killswitch prove`: proves the gate and device modules, as the bytes that ship, in several parts.
 * Runs the parts, prints their reports and writes or checks a certificate.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { codeOf, EXIT, type ExitCode, UserError } from "../../base/errors.ts";
import { checkOutputFile, writeOutput } from "../../base/outputs.ts";
import { Interrupted, onSignal } from "../../base/signals.ts";
import { linesOf } from "../../prove/report.ts";
import type { StageReport, Subject } from "../../prove/stages.ts";
import { STAGES, type StageName, type Verdict, verdictOf } from "../../prove/verdict.ts";
import { firmwarePath, validModule } from "../../sim/firmware.ts";
import { example, jsonOption, seedOption } from "../options.ts";
import { print, printJson } from "../terminal.ts";

interface ProveOptions {
  readonly gate: string;
  readonly device: string;
  readonly quick: boolean;
  readonly part: StageName[];
  readonly seed: number;
  readonly out?: string;
  readonly check?: string;
  readonly json: boolean;
}

const CODES: Record<Verdict, ExitCode> = {
  proven: EXIT.OK,
  refuted: EXIT.REFUTED,
  "not closed": EXIT.NOT_CLOSED,
  "not run": EXIT.NOT_CLOSED,
};
/** Parallel processes: one per core of the smallest machine for which run times are stated. */
const WORKERS = 2;
/** The longest parts first, so that the workers finish at about the same time. */
const ORDER: readonly StageName[] = [
  "device-mutants",
  "gate",
  "device",
  "controller",
  "gate-mutants",
  "build",
  "faults",
];

/** Returns a function that shows the progress of a part, if standard error is a terminal. */
function progressReporter(part: string): (done: number, total: number) => void {
  if (!process.stderr.isTTY) return () => {};
  return (done, total) =>
    process.stderr.write(
      `\r\x1b[K${part}: ${done.toLocaleString("en")} of ${total.toLocaleString("en")}`,
    );
}

/** Runs a part in a process of its own. */
function runInProcess(part: StageName, options: ProveOptions): Promise<StageReport> {
  const [, program = ""] = process.argv;
  const args = [
    "prove",
    "--json",
    "--part",
    part,
    "--gate",
    options.gate,
    "--device",
    options.device,
  ];
  args.push("--seed", `${options.seed}`, ...(options.quick ? ["--quick"] : []));
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // SIGKILL, because a process that is busy in WebAssembly code does not handle other signals.
  const removeHandler = onSignal(() => child.kill("SIGKILL"));
  let text = "";
  child.stdout.on("data", (data: Buffer) => {
    text += data.toString();
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      removeHandler();
      if (signal === "SIGINT") reject(new Interrupted());
      try {
        resolve(JSON.parse(text) as StageReport);
      } catch {
        reject(
          new Error(`the process of part ${part} ended with code ${code} and without a report`),
        );
      }
    });
  });
}

/** Runs all parts in parallel processes. Calls `done` with each report. */
async function runInWorkers(
  options: ProveOptions,
  done: (report: StageReport) => void,
): Promise<StageReport[]> {
  const waiting = [...ORDER];
  const reports: StageReport[] = [];
  const worker = async () => {
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
      const report = await runInProcess(part, options);
      reports.push(report);
      done(report);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  return reports.sort((a, b) => STAGES.indexOf(a.part) - STAGES.indexOf(b.part));
}

/** Runs parts in this process, one after the other. Calls `done` with each report. */
async function runHere(
  parts: readonly StageName[],
  subject: Subject,
  { quick, seed }: ProveOptions,
  done: (report: StageReport) => void,
): Promise<StageReport[]> {
  const { runStage } = await import("../../prove/stages.ts");
  const reports: StageReport[] = [];
  for (const part of parts) {
    const report = await runStage(part, subject, {
      quick,
      seed,
      progress: progressReporter(part),
    });
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
    reports.push(report);
    done(report);
  }
  return reports;
}

/** Checks a certificate against the modules. Throws a UserError if it cannot be read. */
async function check(path: string, subject: Subject, json: boolean): Promise<void> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new UserError(`${path} cannot be read (${codeOf(error)})`, EXIT.BAD_FILE);
  }
  const { checkCertificate } = await import("../../prove/certificate.ts");
  const { differs, notes } = await checkCertificate(text, path, subject);
  if (json) printJson({ holds: differs.length === 0, differs, notes });
  else {
    for (const note of notes) print(`note: ${note}`);
    for (const difference of differs) print(`differs: ${difference}`);
    if (differs.length === 0)
      print(
        `${path} is confirmed: both modules have its hashes, and the parts "gate" and "device" of a quick proof, run again, give its figures. The other parts were not run again.`,
      );
  }
  if (differs.length > 0) process.exitCode = EXIT.REFUTED;
}

async function prove(options: ProveOptions): Promise<void> {
  const subject = { gate: validModule(options.gate), device: validModule(options.device) };
  checkOutputFile(options.out);
  if (options.check !== undefined) return check(options.check, subject, options.json);
  const printReport = (report: StageReport) => {
    if (options.json) printJson(report);
    else for (const line of linesOf(report)) print(line);
  };
  const chosen = options.part.length > 0 || options.quick;
  const subset = options.quick ? STAGES.filter((part) => part !== "build") : STAGES;
  const parts = options.part.length > 0 ? options.part : subset;
  const reports = chosen
    ? await runHere(parts, subject, options, printReport)
    : await runInWorkers(options, printReport);
  const verdict = verdictOf(reports);
  if (parts === subset && options.quick && !options.json)
    print("NOT RUN build: a quick proof does not include it (run `npm run reproduce`)");
  if (!options.json) print(`${verdict}: ${reports.map(({ part }) => part).join(", ")}`);
  process.exitCode = CODES[verdict];
  if (options.out === undefined) return;
  const { quick, seed } = options;
  const { certify } = await import("../../prove/certificate.ts");
  const certificate = await certify(subject, reports, { quick, seed });
  writeOutput(options.out, `${JSON.stringify(certificate, null, 2)}\n`);
}

export function register(program: Command): void {
  const command = program
    .command("prove")
    .description("prove the gate and device modules, as the bytes that ship")
    .option("--gate <file>", "gate module", firmwarePath("gate"))
    .option("--device <file>", "device module", firmwarePath("device"))
    .option("--quick", "run a smaller proof that takes about half a minute", false)
    .addOption(
      new Option("--part <name...>", "run only these parts").choices(STAGES).default([], "all"),
    )
    .addOption(seedOption("--seed <n>", "seed of random choices").default(1))
    .option("--out <file>", "write a certificate to this file")
    .option("--check <file>", "check this certificate against the modules instead of proving")
    .addOption(jsonOption())
    .action(prove);
  example(
    command,
    "killswitch prove --quick",
    "killswitch prove --out proof.json",
    "killswitch prove --check proof.json",
    "killswitch prove --device other.wasm --part device",
  );
}

/** `npm run bench [-- PART...]`: measures figures. Each part is a file in this folder. */
interface Part {
  name: string;
  run(): Promise<void>;
}

const PARTS: Part[] = [
  { name: "device", run: async () => (await import("./device.ts")).benchDevice() },
  { name: "prove", run: async () => (await import("./prove.ts")).benchProve() },
  { name: "swarm", run: async () => (await import("./swarm.ts")).benchSwarm() },
  { name: "gateway", run: async () => (await import("./gateway.ts")).benchGateway() },
  { name: "boards", run: async () => (await import("./boards.ts")).benchBoards() },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !PARTS.some((part) => part.name === name));
if (unknown.length > 0) {
  const names = PARTS.map((part) => part.name).join(", ");
  process.stderr.write(`bench: there is no part "${unknown.join(", ")}": use ${names}\n`);
  process.exitCode = 2;
} else {
  for (const part of PARTS) {
    if (wanted.length > 0 && !wanted.includes(part.name)) continue;
    process.stdout.write(`\n## ${part.name} (npm run bench -- ${part.name})\n\n`);
    await part.run();
  }
}

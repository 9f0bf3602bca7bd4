/** Certificates and their check; the stages `gate`, `device` and `faults` of a quick proof. */
import { expect, test } from "vitest";
import { certify, checkCertificate } from "../../host-sim/prove/certificate.ts";
import { Explorer } from "../../host-sim/prove/device/explorer.ts";
import { walk } from "../../host-sim/prove/device/random-walk.ts";
import { runStage } from "../../host-sim/prove/stages.ts";
import { firmwarePath, readModule } from "../../host-sim/sim/firmware.ts";

const subject = {
  gate: readModule(firmwarePath("gate")),
  device: readModule(firmwarePath("device")),
};
const options = { quick: true, seed: 1, progress: () => {} };

test("confirms a certificate for its modules, and for no others", async () => {
  const parts = [
    await runStage("gate", subject, options),
    await runStage("device", subject, options),
  ];
  const certificate = await certify(subject, parts, { quick: true, seed: 1 });
  expect(certificate.verdict).toBe("proven");
  const text = JSON.stringify(certificate);
  expect((await checkCertificate(text, "proof.json", subject)).differs).toEqual([]);
  const device = subject.device.slice();
  device[device.length - 1] = (device[device.length - 1] ?? 0) ^ 1;
  const other = await checkCertificate(text, "proof.json", { ...subject, device });
  expect(other.differs[0]).toMatch(/^device\.wasm has SHA-256/);
  const states = certificate.cheap.device.states + 1;
  const cheap = { ...certificate.cheap, device: { ...certificate.cheap.device, states } };
  const forged = JSON.stringify({ ...certificate, cheap });
  expect((await checkCertificate(forged, "proof.json", subject)).differs).toHaveLength(1);
  await expect(checkCertificate("{}", "proof.json", subject)).rejects.toThrow(/not a certificate/);
}, 180_000);

test("faults: power cuts, jumps of time and flipped bits break no rule", async () => {
  const { verdict, faults } = await runStage("faults", subject, options);
  expect(verdict).toBe("proven");
  expect(faults?.powerCuts).toBeGreaterThan(1000);
});

test("the random walk finds a state that was not explored", () => {
  const explorer = new Explorer(subject.device, { statesMax: 20 });
  explorer.run();
  expect(walk(subject.device, explorer.table, 1, 1000).failure).toMatch(
    /did not find abstract state/,
  );
});

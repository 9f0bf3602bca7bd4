/** The table of the tier: what `rail-cut` claims here, the test of each claim, and its figure. */
import { LIMITS } from "./circuit.ts";
import { type Claim, quantity } from "./claims.ts";
import type { Proof } from "./experiments.ts";
import { REFUSED } from "./refused.ts";

const PROOF = "tests/boards/two-chip/proof.test.ts";
const RULES = "tests/boards/two-chip/rules.test.ts";
const CHIP = "tests/targets/rp2040/controller.test.ts";
const SCENARIOS = "tests/targets/rp2040/scenarios.test.ts";

/** A row: the claim, its tests as `file: title`, and the figure. */
interface TierRow {
  claim: string;
  tests: readonly string[];
  figure: string;
}

function measured(claims: readonly Claim[], id: string): string {
  const claim = claims.find((row) => row.id === id);
  if (claim === undefined) throw new RangeError(`no claim "${id}"`);
  return `${quantity(claim.measured, claim.unit)} (${claim.relation} ${quantity(claim.limit, claim.unit, 4)})`;
}

function tierRows({ claims, figures }: Proof): TierRow[] {
  const of = (id: string): string => `${id} ${measured(claims, id)}`;
  return [
    {
      claim: "At KILL, nothing that the controller's pins do powers the radio",
      tests: [`${PROOF}: claim states-kill`, `${PROOF}: claim bound-kill`],
      figure: `${of("states-kill")} over ${figures.states} pin states; ${of("bound-kill")} with every chip a dead short`,
    },
    {
      claim: "While the switch travels, the radio stays below its brown-out level",
      tests: [`${PROOF}: claim states-travel`, `${PROOF}: claim bound-travel`],
      figure: `${of("states-travel")}; ${of("bound-travel")}`,
    },
    {
      claim: "The same with any one part open or shorted, all pins high",
      tests: [`${PROOF}: claim faults-kill`, `${PROOF}: claim faults-travel`],
      figure: `${of("faults-kill")}; ${of("faults-travel")}; ${figures.faults} faults each`,
    },
    {
      claim: "The radio is dead in time after the switch opens",
      tests: [`${PROOF}: claim discharge`, `${PROOF}: claim bounce`],
      figure: `${of("discharge")}; ${of("bounce")}`,
    },
    {
      claim: "No part outside RAIL can transmit",
      tests: [`${RULES}: the shipped circuit violates no rule`],
      figure: "0 violations of rule `transmit`",
    },
    {
      claim: `Control: ${Object.keys(REFUSED).join(" and ")} as the controller are refused`,
      tests: [`${RULES}: refuse %s as the controller`],
      figure: `${Object.keys(REFUSED).length} of ${Object.keys(REFUSED).length} refused by rule \`transmit\``,
    },
    {
      claim: "Control: the naive circuit is refuted",
      tests: [`${PROOF}: claim control-one-pin`, `${PROOF}: refutes the naive circuit`],
      figure: `${of("control-one-pin")}; ${figures.naiveAlive} of ${figures.naiveStates} pin states above ${LIMITS.brownOutV} V`,
    },
    {
      claim:
        "Hostile native code on the controller, which drives every pin and sends for ever, does not keep the rail up",
      tests: [
        `${CHIP}: drives every pin at KILL, and the circuit keeps the rail down`,
        "tests/scenarios/hostile-image-on-copper.yaml",
      ],
      figure:
        "rail down in 100 of 100 samples in 10 s (emulated chip; the rail follows the switch)",
    },
    {
      claim: "Control: where the chip itself powers the radio, the same code keeps it on",
      tests: [`${CHIP}: keeps the radio on if the chip powers it (negative control)`],
      figure: "rail up 1 s after KILL",
    },
    {
      claim: "The controller boots KILLED after every reset, and reports what is true",
      tests: [`${SCENARIOS}: scenarios on the emulated controller`],
      figure:
        "every scenario that the emulated chip can run, on the bytes of the .uf2; the test names the others",
    },
  ];
}

/** The table as Markdown. */
export function tierTable(proof: Proof): string[] {
  return [
    "| claim | test | figure |",
    "| --- | --- | --- |",
    ...tierRows(proof).map(
      ({ claim, tests, figure }) =>
        `| ${claim} | ${tests.map((test) => `\`${test}\``).join(", ")} | ${figure} |`,
    ),
  ];
}

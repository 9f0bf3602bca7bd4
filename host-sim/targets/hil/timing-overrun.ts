/** The error for a run that this machine spoilt by being too slow. */

/** The run proves nothing about the board, for or against it. Run the scenario again. */
export class TimingOverrun extends Error {}

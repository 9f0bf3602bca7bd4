/** What this machine's own lateness has spoilt. Must not know what was late. */

/** The run says nothing of the board, for or against: it is to be run again. */
export class TimingOverrun extends Error {}

/** What an exploration of the controller is given, and what it finds. */
import type { ConversationMaker } from "./requests.ts";

export interface ModelOptions {
  readonly make: ConversationMaker;
  readonly device: WebAssembly.Module;
  /** Operations that a request may be for, as on a command line. */
  readonly operations: readonly string[];
  /** Requests at most. */
  readonly requests: number;
  readonly epochs: number;
  /** Whether the user may press the button once, and the hold may end once. */
  readonly hold: boolean;
  /** Whether the user may interrupt a request. */
  readonly interrupts: boolean;
  /** Speed of the device's clock against the controller's. */
  readonly rate: number;
}

export interface ModelResult {
  readonly states: number;
  readonly transitions: number;
  /** Runs from the first state to an end, of any length. */
  readonly interleavings: number;
  /** Messages given to the device's bytes and to a conversation. */
  readonly deviceRuns: number;
  readonly conversationRuns: number;
  /** The first report that is not true, with what led to it; null if every report is true. */
  readonly untrue: { readonly rule: string; readonly steps: readonly string[] } | null;
}

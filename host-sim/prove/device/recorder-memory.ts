/**
 * Where TypeScript finds the records of the recorder (recorder/records.ts): the byte offset of each
 * field. All fields are 32-bit integers.
 */
import { CONTROL, EVENT_KEY, MESSAGE_KEY } from "./recorder/memory-map.ts";

const WORD_BYTES = 4;

function offsets<const Names extends readonly string[]>(base: number, names: Names) {
  const pairs = names.map((name, index) => [name, base + WORD_BYTES * index]);
  return Object.fromEntries(pairs) as Record<Names[number], number>;
}

export const REGISTER = offsets(CONTROL, [
  "failWrites",
  "netAccepts",
  "event",
  "row",
  "before",
  "after",
  "signedLength",
  "messageBroken",
  "transitions",
  "newStates",
  "digest",
  "poisonTurn",
  "checkMessages",
  "lamp",
  "attempts",
  "recheck",
  "statePtr",
  "rxPtr",
  "epochLow",
  "epochHigh",
  "observedByEvent",
  "observedByMessage",
]);

export const EFFECT = offsets(EVENT_KEY, [
  "facts",
  "relay",
  "radio",
  "marks",
  "sends",
  "verifies",
  "writes",
]);

export const MESSAGE_HEAD = offsets(MESSAGE_KEY, [
  "to",
  "length",
  "signedLength",
  "answered",
  "marks",
  "writes",
]);

/** Offsets from the start of a row. */
export const EVENT_FIELD = offsets(0, [
  "kind",
  "a",
  "b",
  "ends",
  "ms",
  "epoch",
  "failWrites",
  "netAccepts",
  "variantOf",
  "message",
  "principal",
  "structure",
  "structureLength",
  "tag",
  "facts",
  "answered",
]);
export type EventField = keyof typeof EVENT_FIELD;

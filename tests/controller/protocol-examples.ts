/**
 * The messages that docs/PROTOCOL.md shows byte by byte: what the controller and the shipped device send in
 * one simulated conversation. Everything in it is fixed, so that the bytes are too.
 */
import { CHANNEL, PRINCIPAL } from "../../host-sim/abi/abi.gen.ts";
import { defaultBoard, loadBoard } from "../../host-sim/base/board-data.ts";
import { deriveKeys } from "../../host-sim/base/derived-keys.ts";
import { Conversation } from "../../host-sim/controller/conversation.ts";
import { parseRequest } from "../../host-sim/controller/operations.ts";
import { loadFirmware } from "../../host-sim/sim/firmware.ts";
import { Simulator } from "../../host-sim/sim/simulator.ts";
import { VirtualBroker } from "../../host-sim/sim/virtual-broker.ts";

const counted = (first: number) => Uint8Array.from({ length: 32 }, (_, index) => first + index);
/** By PRINCIPAL. The manufacturer has none. */
export const SECRETS = [counted(0x00), counted(0x20), null];

/** The messages in order, by the names that the page gives them. */
export function examples(): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  const note = (name: string, bytes: Uint8Array) => {
    if (!found.has(name)) found.set(name, bytes.slice());
  };
  let replied: Uint8Array = new Uint8Array();
  const broker = new VirtualBroker((_at, principal, channel, bytes) => {
    if (channel === CHANNEL.REPLY) replied = bytes.slice();
    else if (channel === CHANNEL.TELEMETRY) note("telemetry", bytes);
    else if (principal === PRINCIPAL.PROVIDER) note("status", bytes);
  });
  const simulator = new Simulator({
    board: loadBoard(defaultBoard()),
    firmware: loadFirmware(),
    link: broker,
    seed: 1,
    secrets: SECRETS,
    position: "on",
    trace: null,
  });
  simulator.advance(1_000);
  const conversation = new Conversation({
    keys: deriveKeys("owner", counted(0x00)),
    kid: "owner",
    principal: PRINCIPAL.OWNER,
    request: parseRequest("relay.set", ["on"]),
    deadlineMs: 5_000,
    nonce: Uint8Array.of(0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7),
  });
  const deliver = (name: string, answer: string) => {
    note(name, conversation.bytes);
    broker.publish(conversation.bytes, "direct", simulator.now);
    simulator.advance(simulator.now + 100);
    note(answer, replied);
  };
  deliver("question", "answer");
  conversation.received(replied, 0);
  deliver("command", "reply");
  deliver("command", "replay");
  simulator.advance(20_000);
  return found;
}

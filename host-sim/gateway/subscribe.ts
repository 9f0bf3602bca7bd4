/** Subscribes to many topics, and tells which of them the broker refuses. */
import type { MqttClient } from "mqtt";
import type { SetTimer } from "../base/clock.ts";

/** Most filters in one SUBSCRIBE packet. */
const BATCH = 64;
/** A return code of SUBACK (MQTT 3.1.1, 3.9.3): failure. */
const FAILURE = 0x80;

/** Returns the filters that the broker refused. Throws an Error if it does not answer in `timeoutMs`. */
export async function subscribe(
  client: MqttClient,
  filters: readonly string[],
  qos: 0 | 1,
  { setTimer, timeoutMs }: { readonly setTimer: SetTimer; readonly timeoutMs: number },
): Promise<string[]> {
  const refused: string[] = [];
  for (let at = 0; at < filters.length; at += BATCH) {
    const batch = filters.slice(at, at + BATCH);
    const granted = await new Promise<readonly number[]>((resolve, reject) => {
      const fail = () =>
        done(() => reject(new Error(`no answer to a subscription within ${timeoutMs} ms`)));
      const closed = () => done(() => reject(new Error("the connection closed")));
      const cancel = setTimer(timeoutMs, fail);
      const done = (end: () => void) => {
        cancel();
        client.off("close", closed);
        end();
      };
      client.once("close", closed);
      client.subscribe(batch, { qos }, (error, _, packet) => {
        const codes = (packet?.granted ?? []) as readonly number[];
        done(() =>
          error !== null && codes.length !== batch.length ? reject(error) : resolve(codes),
        );
      });
    });
    refused.push(...batch.filter((_, index) => granted[index] === FAILURE));
  }
  return refused;
}

import { connectAsync, type MqttClient } from "mqtt";
import { until } from "../../support/until.ts";
import { mqttClients } from "../site.ts";

/** A flood as a subscriber on the alert topics saw it. */
export interface FloodSeen {
  /** Event numbers of the alarms, in order of arrival. */
  readonly seqs: readonly number[];
  /** `subject` of each, in the same order. */
  readonly subjects: readonly string[];
  /** From the first publication to the last event, ms. */
  readonly lastMs: number;
  /** From the first publication to the acknowledgement of the last, ms. */
  readonly publishedMs: number;
  /** Messages of other instruments that were acknowledged meanwhile. */
  readonly acknowledgedMeanwhile: number;
}

/** Value above every limit of the bench's site, and one below. */
const HIGH = 60;
const LOW = 1;

/**
 * Raises an alarm on every channel of `devices` instruments at once, on a site of `writeMqttSite`, while the instrument after
 * them goes on publishing; waits until a subscriber has all of it.
 */
export async function raiseFlood(
  mqtt: string,
  { devices, channels, withinMs }: { devices: number; channels: number; withinMs: number },
): Promise<FloodSeen> {
  const staff = await connectAsync(`mqtt://${mqtt}`, { clientId: "staff" });
  const field = await connectAsync(`mqtt://${mqtt}`, { clientId: "field" });
  try {
    const seqs: number[] = [];
    const subjects: string[] = [];
    let last = 0;
    staff.on("message", (_, payload) => {
      const { seq, transition, where } = JSON.parse(payload.toString()) as Event;
      if (transition !== "raise") return;
      seqs.push(seq);
      subjects.push(where.subject);
      last = performance.now();
    });
    await staff.subscribeAsync("tocsin/+/event/red/#", { qos: 1 });
    const message = (value: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: channels }, (_, n) => [`c${n}`, value])));
    const topics = mqttClients(devices + 1).map(({ topic }) => topic);
    const other = topics.pop()!;
    let acknowledged = 0;
    let going = true;
    const others = (async () => {
      while (going) {
        await field.publishAsync(other, message(LOW), { qos: 1 });
        acknowledged++;
      }
    })();
    await until("the others publish", () => acknowledged > 0);
    const before = acknowledged;
    const began = performance.now();
    await Promise.all(topics.map((topic) => field.publishAsync(topic, message(HIGH), { qos: 1 })));
    const published = performance.now();
    await until(`${devices * channels} alarms at the subscriber`, () => seqs.length >= devices * channels, {
      withinMs,
      detail: () => `${seqs.length} have come`,
    });
    const meanwhile = acknowledged - before;
    going = false;
    await others;
    return {
      seqs,
      subjects,
      lastMs: last - began,
      publishedMs: published - began,
      acknowledgedMeanwhile: meanwhile,
    };
  } finally {
    await Promise.all([staff, field].map((client: MqttClient) => client.endAsync(true)));
  }
}

interface Event {
  readonly seq: number;
  readonly transition: string;
  readonly where: { readonly subject: string };
}

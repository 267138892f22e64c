import { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { connectAsync, type MqttClient } from "mqtt";
import { within } from "../../support/until.ts";
import type { Probe, ProbeResult } from "./probe.ts";

/*
 * An instrument and a subscriber in one process, so that both have one clock: publishes a sample beyond the limit, waits for
 * its event, publishes one below, waits for that one. One argument, the probe as JSON; says `ready`, and at the end one
 * line of JSON.
 */

/** Above the red limit of the bench's rule; each sample is a value of its own, so that its event is known by it. */
const HIGH = 60;
/** Below every limit. */
const LOW = 1;
/** Values differ by this much: what JSON carries without loss. */
const STEP = 1 / 1_024;

interface EventPayload {
  readonly value?: number;
  readonly uncommitted?: boolean;
}

const probe = JSON.parse(process.argv[2] ?? "") as Probe;
const url = `mqtt://${probe.host}:${probe.port}`;
const subscriber = await connected({ clientId: "duty" });
const instrument = await connected({ clientId: probe.client.id });
const awaited = new Map<number, (event: EventPayload) => void>();
subscriber.on("message", (_topic, payload) => {
  const event = JSON.parse(payload.toString()) as EventPayload;
  if (event.value !== undefined) awaited.get(event.value)?.(event);
});
await subscriber.subscribeAsync("tocsin/+/event/red/#", { qos: 1 });
process.stdout.write("ready\n");

const raised: number[] = [];
const returned: number[] = [];
let uncommitted = 0;
for (let n = 0; n < probe.alarms; n++) {
  // At all phases of the gateway's own rhythms.
  await pause(probe.gapMs * (0.5 + Math.random()));
  raised.push(await sample(HIGH + (n + 1) * STEP));
  await pause(probe.gapMs * (0.5 + Math.random()));
  returned.push(await sample(LOW + (n + 1) * STEP));
}
const result: ProbeResult = { raised, returned, uncommitted };
process.stdout.write(`${JSON.stringify(result)}\n`);
await Promise.all([subscriber.endAsync(true), instrument.endAsync(true)]);

/** Milliseconds from the publication of a sample to its event at the subscriber. */
async function sample(value: number): Promise<number> {
  const told = Promise.withResolvers<EventPayload>();
  awaited.set(value, told.resolve);
  const began = performance.now();
  // Its acknowledgement comes when it is on disk; the event does not wait for that, and neither do we.
  instrument.publish(probe.client.topic, JSON.stringify({ c0: value }), { qos: 1 });
  const event = await within(`the event of ${value}`, told.promise, probe.patienceMs);
  const took = performance.now() - began;
  awaited.delete(value);
  if (event.uncommitted === true) uncommitted++;
  return took;
}

async function connected(options: { clientId: string }): Promise<MqttClient> {
  const client = await connectAsync(url, { ...options, reconnectPeriod: 0 });
  // Nagle's algorithm would be measured, not the gateway.
  if (client.stream instanceof Socket) client.stream.setNoDelay(true);
  return client;
}

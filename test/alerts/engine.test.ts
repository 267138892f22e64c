import fc from "fast-check";
import { expect, test } from "vitest";
import { Alerts } from "../../gateway/alerts/alerts.ts";
import { alertsOptionsSchema } from "../../gateway/alerts/options.ts";
import { presentOf } from "../../gateway/alerts/present.ts";
import { alarmTopic } from "../../gateway/alerts/topics.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { SILENT } from "../../model/log.ts";
import { REASON } from "../../model/quality.ts";
import { ReadingBatch } from "../../model/reading.ts";
import { SECOND } from "../../model/time.ts";
import { Engine } from "../../rules/engine.ts";
import { alarmSettingsSchema } from "../../rules/settings.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { settled } from "./support/alert-desk.ts";
import { expectValid } from "./support/published.ts";
import { RecordingBus } from "./support/recording-bus.ts";
import { SITE, SITE_RULES } from "./support/site.ts";

/** Alerts behind the real engine, as the gateway connects them. */
function running(): { clock: ManualClock; engine: Engine; bus: RecordingBus; alerts: Alerts } {
  const clock = new ManualClock();
  const bus = new RecordingBus();
  const engine = new Engine({
    site: SITE,
    rules: SITE_RULES,
    settings: alarmSettingsSchema.parse({}),
    emit: (event) => alerts.event(event, true),
  });
  const alerts = new Alerts({
    configuration: {
      site: SITE,
      rules: SITE_RULES,
      alerts: alertsOptionsSchema.parse({}),
      uplinks: [],
      folder: "/",
      secret: () => "",
    },
    clock,
    now: () => clock.now(),
    log: SILENT,
    counters: new CounterRegistry(),
    engine,
    command: (command) => ({
      outcome: engine.apply({ ...command, kind: "command", at: clock.now() })!,
      ticket: 0,
    }),
    record: () => {},
    digests: [],
    digest: () => Promise.reject(new Error("no log here")),
    whenDurable: () => Promise.resolve(),
    events: () => Promise.resolve([]),
    cursor: () => Promise.resolve(0),
    setCursor: () => Promise.resolve(),
    status: () => ({ ready: true, uncommitted: 0, failure: undefined }),
    version: "0.0.0",
  });
  alerts.attach("broker", bus, { embedded: true });
  return { clock, engine, bus, alerts };
}

const reading = fc.record({
  kind: fc.constant("reading" as const),
  channel: fc.nat({ max: SITE.channels.length - 1 }),
  value: fc.oneof(
    fc.constantFrom(0, 1, 12, 30, 60, 175.1, 176, 178, Number.NaN, Number.POSITIVE_INFINITY),
    fc.double({ min: 0, max: 200, noNaN: true }),
  ),
  reason: fc.constantFrom("good", "uncertain", "sensor_failure", "no_communication", "over_range"),
});
const health = fc.record({
  kind: fc.constant("health" as const),
  thing: fc.constantFrom("link" as const, "device" as const),
  index: fc.nat({ max: 1 }),
  up: fc.boolean(),
});
const person = fc.record({
  kind: fc.constant("person" as const),
  verb: fc.constantFrom("acknowledge" as const, "reset" as const),
  which: fc.nat({ max: 5 }),
});
const wait = fc.record({ kind: fc.constant("wait" as const), seconds: fc.constantFrom(1, 10, 90) });

test("whatever readings, links and people do, the retained topics are the engine's alarms and event/# has no gap", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(reading, reading, health, person, wait), { maxLength: 60 }),
      async (steps) => {
        const { clock, engine, bus, alerts } = running();
        engine.apply({
          kind: "boot",
          at: clock.now(),
          boot: "b",
          revision: SITE.revision,
          seq: 1,
          occurrence: 1,
        });
        await alerts.start();
        const batch = new ReadingBatch();
        for (const step of steps) {
          clock.advance(step.kind === "wait" ? step.seconds * SECOND : SECOND);
          const at = clock.now();
          if (step.kind === "wait") engine.advance(at);
          else if (step.kind === "health")
            engine.apply({ ...step, kind: "health", at, reason: REASON.not_connected });
          else if (step.kind === "reading") {
            batch.clear();
            batch.add(step.channel, step.value, REASON[step.reason], at);
            engine.readings(batch, 0, 1, at);
          } else {
            const alarm = [...engine.alarms()][step.which];
            if (alarm === undefined) continue;
            bus.receive(`tocsin/demo/command/${step.verb}`, {
              id: `r-${at}`,
              occurrence: `demo-o${alarm.occurrence}`,
            });
          }
        }
        await settled();
        for (const publication of bus.published) expectValid(publication);
        const retained = [...bus.retained.keys()].filter((topic) => topic.startsWith("tocsin/demo/alarm/"));
        const alarms = Array.from(engine.alarms(), presentOf);
        expect(retained.sort()).toEqual(alarms.map((alarm) => `tocsin/demo/${alarmTopic(alarm)}`).sort());
        for (const alarm of alarms) {
          expect(JSON.parse(bus.retained.get(`tocsin/demo/${alarmTopic(alarm)}`)!)).toMatchObject({
            occurrence: `demo-o${alarm.occurrence}`,
            state: alarm.state,
            severity: alarm.severity,
            highest: alarm.highest,
            value: Number.isFinite(alarm.value) ? alarm.value : null,
            limit: Number.isFinite(alarm.limit) ? alarm.limit : null,
          });
        }
        const numbers = bus.json("tocsin/demo/event/#").map(({ seq }) => seq);
        expect(numbers).toEqual(Array.from({ length: engine.nextSeq - 1 }, (_, i) => i + 1));
        await alerts.stop();
      },
    ),
    { numRuns: 100 },
  );
});

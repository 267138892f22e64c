import { cpSync, renameSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { loadConfiguration } from "../../gateway/config/load.ts";
import { Gateway } from "../../gateway/gateway.ts";
import { SILENT } from "../../model/log.ts";
import { REASON } from "../../model/quality.ts";
import { DAY, MILLISECOND, SECOND } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { enter, onDisk } from "./enter.ts";

/*
 * What a power cut leaves is a checkpoint and the journal behind it; what a clean stop leaves is the state itself. People must
 * not be able to tell which it was: the same hours, interrupted in the one way and in the other, tell the same alarms.
 */

const SITE = `
site: { id: bench, name: 试验台 }
http: { enabled: false }
journal: { checkpoint: 17s }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:0" } }
points: { well: { name: 3号阀门井, domain: gas }, home: { name: 三楼301室, domain: fire } }
devices:
  gd: { profile: json-gas, link: broker, point: well, channels: { lel: { stale: 40s } } }
  wl:
    profile: json-gauge
    link: broker
    point: well
    derived: { level: { quantity: water_level, linear: { input: depth, scale: 1, offset: 100 } } }
  sa: { profile: json-smoke-alarm, link: broker, point: home, liveness: 120s }
rules:
  leak: { name: 泄漏, applies: { quantity: gas_lel }, above: { yellow: 10, orange: 25, red: 50 }, deadband: 2, onDelay: 7s, offDelay: 12s, basis: site, guidance: 处置 }
  lock: { name: 锁定, applies: { quantity: gas_lel }, above: { red: 40 }, latching: true, basis: site, guidance: 处置 }
  level: { name: 水位, applies: { quantity: water_level }, above: { orange: 105 }, onDelay: 20s, offDelay: 5s, basis: site, guidance: 处置 }
  fire: { name: 火警, applies: { quantity: smoke }, equals: { red: active }, offDelay: 15s, basis: site, guidance: 处置 }
`;

const VALUES = {
  "gd.lel": [0, 8.5, 9, 12, 26, 60, 45],
  "wl.depth": [1, 6],
  "sa.smoke": [0, 1],
} as const;
const REASONS = [
  REASON.good,
  REASON.good,
  REASON.good,
  REASON.uncertain,
  REASON.sensor_failure,
  REASON.no_communication,
] as const;

type Key = keyof typeof VALUES;
type Ends = "clean stops" | "power cuts";

const fraction = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const reading = fc.record({
  kind: fc.constant("reading" as const),
  key: fc.constantFrom<Key>("gd.lel", "gd.lel", "wl.depth", "sa.smoke"),
  value: fraction,
  reason: fc.constantFrom(...REASONS),
  /** Beside the present: none; right; late; a clock never set; ahead. */
  time: fc.constantFrom(Number.NaN, 0, 0, -20 * SECOND, -400 * DAY, 15 * SECOND),
});
const step = fc.record({
  /** Time that passes before. */
  span: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 6 * SECOND }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 60 * SECOND }) },
  ),
  what: fc.oneof(
    { weight: 12, arbitrary: reading },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("health" as const),
        device: fc.integer({ min: -1, max: 2 }),
        up: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("command" as const),
        verb: fc.constantFrom("acknowledge" as const, "reset" as const),
        which: fraction,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("end" as const),
        gap: fc.integer({ min: 0, max: 30 * SECOND }),
      }),
    },
  ),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Plays the steps; gives what was told, without numbers, and the numbers that were used. */
async function play(steps: readonly Step[], ends: Ends) {
  using folder = temporaryFolder("power");
  const clock = new ManualClock();
  writeFileSync(folder.join("site.yaml"), SITE);
  const events: AlarmEvent[] = [];
  let life = 0;
  const start = async () => {
    const configuration = loadConfiguration(folder.join("site.yaml"), { data: folder.join(`life-${life}`) });
    return await Gateway.start({ configuration, clock, log: SILENT });
  };
  let gateway = await start();
  const told = async () => {
    const { nextSeq } = gateway.engine;
    const from = (events.at(-1)?.seq ?? 0) + 1;
    await until("the alarm log has everything", async () => {
      const found = await gateway.journal.reader.events({ from, to: nextSeq - 1, limit: 1_000 });
      if (nextSeq > from && found.at(-1)?.seq !== nextSeq - 1) return false;
      events.push(...found);
      return true;
    });
  };
  for (const { span, what } of steps) {
    clock.advance(span);
    const { intake, engine } = gateway;
    if (what.kind === "reading") {
      const values = VALUES[what.key];
      const good = what.reason === REASON.good || what.reason === REASON.uncertain;
      enter(gateway, what.key, {
        value: good ? values[Math.floor(what.value * values.length)]! : Number.NaN,
        reason: what.reason,
        time: gateway.now() + what.time,
      });
    } else if (what.kind === "health") {
      if (what.device < 0) intake.linkHealth(0, what.up, REASON.no_communication);
      else intake.deviceHealth(what.device, what.up, REASON.no_communication);
    } else if (what.kind === "command") {
      const alarms = [...engine.alarms()];
      const alarm = alarms[Math.floor(what.which * alarms.length)];
      if (alarm === undefined) continue;
      const { rule, subject, occurrence } = alarm;
      intake.command({ verb: what.verb, id: "1", user: "duty", rule, subject, occurrence });
    } else {
      await onDisk(gateway);
      await told();
      const before = folder.join(`life-${life++}`);
      const after = folder.join(`life-${life}`);
      if (ends === "power cuts") {
        gateway.journal.pause();
        await until("the writer stands still", () => gateway.journal.paused);
        cpSync(before, after, { recursive: true });
        gateway.journal.resume();
        await gateway.stop();
      } else {
        await gateway.stop();
        renameSync(before, after);
      }
      clock.advance(what.gap);
      gateway = await start();
    }
  }
  clock.advance(60 * MILLISECOND);
  await onDisk(gateway);
  await told();
  const standing = [...gateway.engine.alarms()].map(
    ({ rule, subject, state }) => `${rule} ${subject} ${state}`,
  );
  await gateway.stop();
  return {
    told: events
      .filter(({ transition }) => transition !== "void")
      .map(({ time, transition, rule, subject, severity, from, to, value }) =>
        [time, transition, rule, subject, severity, from, to, value].join(" "),
      ),
    standing,
    occurrences: events
      .filter(({ transition }) => transition === "raise")
      .map(({ occurrence }) => occurrence),
    numbers: events.flatMap(({ seq, voidFrom }) => (voidFrom === undefined ? [seq] : [voidFrom, seq])),
  };
}

test("hours with power cuts tell what the same hours with clean stops tell, and no number stands twice", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 70 }), async (steps) => {
      const stopped = await play(steps, "clean stops");
      const cut = await play(steps, "power cuts");
      expect(cut.told).toEqual(stopped.told);
      expect(cut.standing).toEqual(stopped.standing);
      expect(new Set(cut.occurrences).size).toBe(cut.occurrences.length);
      expect(cut.numbers).toEqual([...new Set(cut.numbers)].sort((a, b) => a - b));
    }),
    { numRuns: 3, endOnFailure: true },
  );
}, 120_000);

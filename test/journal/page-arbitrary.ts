import fc from "fast-check";
import type { Page } from "../../gateway/journal/page.ts";
import { alarmEvent, commandRecord, T0 } from "./journal-fixture.ts";

/** Values as instruments give them, and the awkward ones. */
const value = fc.oneof(
  fc.integer({ min: -5_000, max: 100_000 }).map((n) => n / 100),
  fc.float({ noNaN: true }),
  fc.double(),
  fc.constantFrom(
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    5e-324,
    1e300,
    0.1 + 0.2,
  ),
);
/** Times in µs: near, odd, and out of every range. */
const time = fc.oneof(
  fc.integer({ min: 0, max: 10_000_000 }).map((n) => T0 + n),
  fc.constantFrom(0, -1, T0 + 0.5, 2 ** 53, -(2 ** 53), Number.NaN),
);
const reading = fc.record({
  series: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constant(4_000)),
  value,
  reason: fc.integer({ min: 0, max: 26 }),
  flags: fc.integer({ min: 0, max: 127 }),
  time,
  claimed: fc.option(time, { freq: 8, nil: undefined }),
});
const message = fc.record({
  readings: fc.array(reading, { maxLength: 12 }),
  gap: fc.integer({ min: 0, max: 3_000_000 }),
  high: fc.constantFrom(0, 0, 0xffff_ffff),
  low: fc.constantFrom(0, 1, 0xffff_ffff),
});

/** A page without its place: what the intake might make of anything. */
export interface Draft {
  readonly messages: readonly {
    readonly readings: readonly {
      readonly series: number;
      readonly value: number;
      readonly reason: number;
      readonly flags: number;
      readonly time: number;
      readonly claimed: number | undefined;
    }[];
    readonly gap: number;
    readonly high: number;
    readonly low: number;
  }[];
  readonly ticks: readonly number[];
  readonly events: number;
  /** Answered commands. */
  readonly records: number;
}

/** Drafts of pages; some are empty. */
export const draft: fc.Arbitrary<Draft> = fc.record({
  messages: fc.array(message, { maxLength: 10 }),
  ticks: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }),
  events: fc.integer({ min: 0, max: 2 }),
  records: fc.integer({ min: 0, max: 2 }),
});

/** The page of a draft, with columns longer than what is used. `seq`: number of its first event. */
export function placed(draft: Draft, place: { first: number; seq: number; received: number }): Page {
  const readings = draft.messages.flatMap((message) => message.readings);
  const spare = 3;
  const column = <T extends Uint32Array | Float64Array | Uint8Array>(
    made: T,
    pick: (reading: (typeof readings)[number]) => number,
  ): T => {
    readings.forEach((reading, i) => {
      made[i] = pick(reading);
    });
    return made;
  };
  const count = readings.length + spare;
  const end = new Uint32Array(draft.messages.length + spare);
  const received = new Float64Array(draft.messages.length + spare);
  const identityHigh = new Uint32Array(draft.messages.length + spare);
  const identityLow = new Uint32Array(draft.messages.length + spare);
  let at = 0;
  let clock = place.received;
  draft.messages.forEach((one, m) => {
    at += one.readings.length;
    clock += one.gap;
    end[m] = at;
    received[m] = clock;
    identityHigh[m] = one.high;
    identityLow[m] = one.low;
  });
  const claims = readings.flatMap((reading, i) => (reading.claimed === undefined ? [] : [i]));
  const inputs = draft.ticks.map((before) => ({
    before: Math.min(before, draft.messages.length),
    input: { kind: "tick" as const, at: clock },
  }));
  const hasRecord = readings.length + inputs.length > 0;
  return {
    first: place.first,
    readings: readings.length,
    series: column(new Uint32Array(count), (reading) => reading.series),
    value: column(new Float64Array(count), (reading) => reading.value),
    reason: column(new Uint8Array(count), (reading) => reading.reason),
    flags: column(new Uint8Array(count), (reading) => reading.flags),
    time: column(new Float64Array(count), (reading) => reading.time),
    claimedIndex: Uint32Array.from(claims),
    claimed: Float64Array.from(claims, (i) => readings[i]!.claimed!),
    messages: draft.messages.length,
    end,
    received,
    identityHigh,
    identityLow,
    inputs,
    events: hasRecord ? Array.from({ length: draft.events }, (_, i) => alarmEvent(place.seq + i)) : [],
    ...(hasRecord && draft.records > 0
      ? { records: Array.from({ length: draft.records }, (_, i) => commandRecord(clock + i)) }
      : {}),
  };
}

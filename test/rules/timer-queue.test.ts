import fc from "fast-check";
import { expect, test } from "vitest";
import { NEVER, OFF_DELAY, ON_DELAY, type Phase, SILENCE, TimerQueue } from "../../rules/timer-queue.ts";

const PHASES: readonly Phase[] = [ON_DELAY, SILENCE, OFF_DELAY];

test("timers of one instant come in order of phase, then of definition", () => {
  const queue = new TimerQueue();
  const slots = ([OFF_DELAY, SILENCE, ON_DELAY, SILENCE, ON_DELAY] as const).map((phase) =>
    queue.add({ phase, fire() {} }),
  );
  for (const slot of slots.toReversed()) queue.set(slot, 10);
  expect(queue.next()).toBe(10);
  expect(queue.take(10)).toEqual([2, 4, 1, 3, 0]);
  expect(queue.next()).toBe(NEVER);
});

test("whatever is set, moved and cancelled, timers end when a plain list says so", () => {
  const step = fc.oneof(
    fc.record({ slot: fc.nat(9), deadline: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.constant(NEVER)) }),
    fc.record({ advance: fc.integer({ min: 0, max: 20 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new TimerQueue();
      const model = new Map<number, number>();
      for (let i = 0; i < 10; i++) queue.add({ phase: PHASES[i % 3]!, fire() {} });
      let now = 0;
      for (const one of steps) {
        if ("slot" in one) {
          // Nothing is set into the past.
          const deadline = one.deadline === NEVER ? NEVER : now + 1 + one.deadline;
          queue.set(one.slot, deadline);
          model.set(one.slot, deadline);
          continue;
        }
        now += one.advance;
        const expected = [...model]
          .filter(([, deadline]) => deadline <= now)
          .sort((a, b) => a[1] - b[1] || (a[0] % 3) - (b[0] % 3) || a[0] - b[0])
          .map(([slot, deadline]) => `${slot}@${deadline}`);
        for (const [slot, deadline] of model) if (deadline <= now) model.delete(slot);
        const fired: string[] = [];
        if (queue.earliest <= now) {
          for (let at = queue.next(); at <= now; at = queue.next()) {
            fired.push(...queue.take(at).map((slot) => `${slot}@${at}`));
          }
        }
        expect(fired).toEqual(expected);
        expect(queue.next()).toBe(Math.min(NEVER, ...model.values()));
      }
    }),
  );
});

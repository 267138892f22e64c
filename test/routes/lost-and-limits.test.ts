import fc from "fast-check";
import { expect, test } from "vitest";
import { Payloads } from "../../gateway/alerts/payload.ts";
import { Places } from "../../gateway/alerts/places.ts";
import { RateLimit } from "../../gateway/routes/rate-limit.ts";
import { MINUTE, SECOND } from "../../model/time.ts";
import { AlarmPlant } from "../alerts/support/alarm-plant.ts";
import { SITE } from "../alerts/support/site.ts";

test("an alarm that a route is lost says so, and not that nobody listens", () => {
  const plant = new AlarmPlant(() => 1_800_000_000_000_000);
  plant.assert("alert-route-lost", "gateway", "orange");
  plant.assert("alert-route-lost", "route@duty-group", "orange");
  const payloads = new Payloads({ places: new Places(SITE), rules: [] });
  const said = plant.log.map((event) => payloads.event(event, { uncommitted: false, resent: false }).text);
  expect(said[0]!.zh).toContain("告警无人接收");
  expect(said[1]!.zh).toContain("告警通道中断");
  expect(said[1]!.en).toContain("alert route lost");
});

test("a rate limit is kept over any span, whatever is asked when", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 20 * SECOND }), { maxLength: 300 }),
      fc.integer({ min: 1, max: 20 }),
      (gaps, most) => {
        const bounds = [
          { most, within: MINUTE },
          { most: 4, within: SECOND },
        ];
        const limit = new RateLimit(bounds);
        const sent: number[] = [];
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          if (limit.wait(now) > 0) continue;
          limit.spend(now);
          sent.push(now);
        }
        for (const { most: allowed, within } of bounds) {
          for (const at of sent) {
            expect(sent.filter((time) => time > at - within && time <= at).length).toBeLessThanOrEqual(
              allowed,
            );
          }
        }
        // And it does not hold back what may go.
        const free = limit.wait(now + MINUTE);
        expect(free).toBe(0);
      },
    ),
  );
});

test("what was spent of a limit outlives the process", () => {
  const bounds = [{ most: 18, within: MINUTE }];
  const before = new RateLimit(bounds);
  for (let i = 0; i < 17; i++) before.spend(100 * SECOND + i);
  const after = new RateLimit(bounds);
  after.restore(before.keep(101 * SECOND), 105 * SECOND);
  expect(after.wait(105 * SECOND)).toBe(0);
  after.spend(105 * SECOND);
  expect(after.wait(105 * SECOND)).toBeGreaterThan(50 * SECOND);
  expect(after.wait(162 * SECOND)).toBe(0);
});

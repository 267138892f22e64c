import { describe, expect, test } from "vitest";
import type { Digest } from "../../gateway/journal/chain.ts";
import { DAY, HOUR, MINUTE } from "../../model/time.ts";
import { ManualClock, SOME_MORNING } from "../support/manual-clock.ts";
import { AlertDesk, settled } from "./support/alert-desk.ts";
import { expectValid } from "./support/published.ts";

/** The site is in China: its midnight is 16:00 UTC. */
const UNTIL_MIDNIGHT = 9 * HOUR + 30 * MINUTE;

function digest(date: string, position: number): Digest {
  return { date, at: SOME_MORNING, position, chain: "0f".repeat(32), seq: 7, trimmed: 0 };
}

/** A desk whose log gives digests, with the dates that it was asked for. */
function desk(options: { earlier?: Digest[]; failing?: () => boolean } = {}) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const started = AlertDesk.start({
    clock,
    digests: options.earlier ?? [],
    digest: (date) => {
      asked.push(date);
      return options.failing?.() === true
        ? Promise.reject(new Error("the disk hangs"))
        : Promise.resolve(digest(date, asked.length));
    },
  });
  return { clock, asked, started };
}

async function pass(clock: ManualClock, span: number): Promise<void> {
  clock.advance(span);
  await settled();
}

describe("the digest of a day", () => {
  test("is made when the day has ended at the site, once, and stands retained", async () => {
    const { clock, asked, started } = desk();
    await using open = await started;
    await pass(clock, UNTIL_MIDNIGHT - MINUTE);
    expect(asked).toEqual([]);
    await pass(clock, 2 * MINUTE);
    expect(asked).toEqual(["2026-05-21"]);
    await pass(clock, 12 * HOUR);
    expect(asked).toHaveLength(1);
    const published = open.bus.published.filter(({ topic }) => topic.includes("/audit/"));
    expect(published).toMatchObject([{ topic: "tocsin/demo/audit/2026-05-21", qos: 1, retain: true }]);
    for (const one of published) expectValid(one);
    expect(open.bus.json("tocsin/demo/audit/#")[0]).toMatchObject({ site: "demo", position: 1, seq: 7 });
    await pass(clock, DAY);
    expect(asked).toEqual(["2026-05-21", "2026-05-22"]);
  });

  test("is tried again until the disk takes it", async () => {
    let failing = true;
    const { clock, asked, started } = desk({ failing: () => failing });
    await using open = await started;
    await pass(clock, UNTIL_MIDNIGHT + MINUTE);
    await pass(clock, MINUTE);
    expect(asked.length).toBeGreaterThan(1);
    expect(open.bus.json("tocsin/demo/audit/#")).toEqual([]);
    failing = false;
    await pass(clock, 5 * MINUTE);
    expect(open.bus.json("tocsin/demo/audit/#")).toHaveLength(1);
    expect(new Set(asked)).toEqual(new Set(["2026-05-21"]));
  });

  test("comes after a start that missed midnight, and not after one that missed nothing", async () => {
    const missed = desk({ earlier: [digest("2026-05-18", 1)] });
    await using _ = await missed.started;
    await settled();
    expect(missed.asked).toEqual(["2026-05-20"]);
    const punctual = desk({ earlier: [digest("2026-05-19", 1), digest("2026-05-20", 2)] });
    await using open = await punctual.started;
    await pass(punctual.clock, HOUR);
    expect(punctual.asked).toEqual([]);
    // What was published before stands again for a broker that has forgotten it.
    expect(open.bus.json("tocsin/demo/audit/#")).toHaveLength(2);
  });

  test("is not made for a clock that was set back, nor withheld for long by one that was set far ahead", async () => {
    const { clock, asked, started } = desk();
    await using _ = await started;
    clock.setWall(clock.now() - 3 * DAY);
    await pass(clock, 2 * MINUTE);
    expect(asked).toEqual([]);
    clock.setWall(clock.now() + 400 * DAY);
    await pass(clock, 2 * MINUTE);
    expect(asked).toHaveLength(1);
    clock.setWall(clock.now());
    await pass(clock, 2 * MINUTE);
    expect(asked).toHaveLength(1);
    await pass(clock, UNTIL_MIDNIGHT);
    expect(asked.at(-1)).toBe("2026-05-21");
  });
});

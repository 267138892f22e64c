import { describe, expect, test } from "vitest";
import { DAY, SECOND } from "../../model/time.ts";
import { EngineRun, START } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";

const LONG = 3_600 * SECOND;
const site = siteOf({
  points: [{ id: "well" }, { id: "hall" }],
  groups: [{ id: "street", points: ["well", "hall"] }],
  devices: [
    { id: "gd", point: "well", channels: [{ id: "lel", stale: LONG }] },
    { id: "ge", point: "hall", channels: [{ id: "lel", stale: LONG }] },
  ],
});
const RULES = {
  gas: { applies: { quantity: "gas_lel" }, above: { red: 50 } },
  tight: { applies: { quantity: "gas_lel" }, above: { orange: 5, red: 20 } },
};
const SETTINGS = { permits: { "hot-work": { rules: ["tight"], longest: "8h" } } };

function run(): EngineRun {
  return new EngineRun(site, RULES, SETTINGS).at(0).boot();
}
const open = (subject: string, seconds = 100) =>
  ({ verb: "open-permit", permit: "hot-work", subject, span: seconds * SECOND, note: "更换阀门" }) as const;

describe("a permit to work", () => {
  test("its tighter limits are in force where it is open and while it is, and end by themselves", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 6).at(2).read("ge.lel", 6);
    expect(engine.told()).toEqual([]);
    expect(engine.at(3).give(open("point@well"))).toEqual({ accepted: true });
    expect(engine.told()).toEqual([
      "3 tight@gd.lel raise orange",
      "3 permit-open@permit@hot-work@point@well raise blue",
    ]);
    expect(engine.events.at(-1)).toMatchObject({ user: "wang", until: START + 103 * SECOND, point: "well" });
    engine.at(4).read("gd.lel", 0).at(5).read("gd.lel", 7).at(6).read("gd.lel", 0).until(103);
    engine.at(104).read("gd.lel", 7).at(105).read("gd.lel", 60);
    expect(engine.told()).toEqual([
      "4 tight@gd.lel return orange",
      "5 tight@gd.lel again orange",
      "6 tight@gd.lel return orange",
      "103 permit-open@permit@hot-work@point@well return blue",
      "105 gas@gd.lel raise red",
    ]);
  });

  test("what a tighter limit has raised does not end with the permit, but by that limit", () => {
    const engine = run();
    engine.at(1).give(open("group@street"));
    engine.at(2).read("gd.lel", 6);
    engine.at(3).give({ verb: "close-permit", permit: "hot-work", subject: "group@street", user: "li" });
    expect(engine.events.at(-1)).toMatchObject({ transition: "return", rule: "permit-open", user: "li" });
    engine.at(4).read("gd.lel", 7);
    expect(engine.engine.alarm("tight", "gd.lel")?.active).toBe(true);
    engine.at(4.5).read("gd.lel", 21);
    expect(engine.events.at(-1)).toMatchObject({ transition: "upgrade", rule: "tight", severity: "red" });
    engine.at(5).read("gd.lel", 1).at(6).read("gd.lel", 7);
    expect(engine.engine.alarm("tight", "gd.lel")?.active).toBe(false);
  });

  test("opened again, the time counts from then", () => {
    const engine = run();
    engine.at(1).give(open("point@well"));
    engine.at(50).give(open("point@well"));
    engine.until(149);
    expect(engine.told()).toEqual([
      "1 permit-open@permit@hot-work@point@well raise blue",
      "50 permit-open@permit@hot-work@point@well return blue",
      "50 permit-open@permit@hot-work@point@well raise blue",
    ]);
    engine.until(150);
    expect(engine.told()).toHaveLength(1);
  });

  test("survives a restart, also with the alarm log alone", () => {
    const first = run();
    first.at(1).give(open("point@well"));
    for (const recalled of [undefined, { lastSeq: 1, standing: first.events }]) {
      const second = recalled === undefined ? first.restored() : new EngineRun(site, RULES, SETTINGS);
      second.at(10).boot({ boot: "b2", ...(recalled === undefined ? {} : { recalled }) });
      second.at(11).read("gd.lel", 6).at(12).read("ge.lel", 6).until(101);
      expect(second.told()).toEqual([
        "11 tight@gd.lel raise orange",
        "101 permit-open@permit@hot-work@point@well return blue",
      ]);
    }
  });

  test("refused with the reason", () => {
    const engine = run();
    engine.at(1);
    expect(engine.give({ ...open("point@well"), permit: "digging" }).refusal).toBe("unknown-permit");
    expect(engine.give(open("point@nowhere")).refusal).toBe("unknown-subject");
    expect(engine.give(open("gd")).refusal).toBe("unknown-subject");
    expect(engine.give(open("point@well", 8 * 3_600 + 1)).refusal).toBe("too-long");
    expect(engine.give({ verb: "close-permit", permit: "hot-work", subject: "point@well" }).refusal).toBe(
      "not-open",
    );
    expect(engine.give({ verb: "close-permit", permit: "digging", subject: "point@well" }).refusal).toBe(
      "unknown-permit",
    );
    expect(engine.events).toEqual([]);
  });
});

describe("a proof test", () => {
  const tested = (last: number) =>
    siteOf({
      devices: [
        {
          id: "gd",
          proofTest: { every: 365 * DAY, last: START + last * DAY },
          channels: [{ id: "lel", stale: 1e6 * LONG }],
        },
      ],
    });
  const SECONDS = DAY / SECOND;

  test("is due when its interval is over, and recorded by a command until the next", () => {
    const engine = new EngineRun(tested(-364), {}).at(0).boot();
    engine.until(SECONDS);
    expect(engine.told()).toEqual([`${SECONDS} maintenance-due@gd raise blue`]);
    engine.at(SECONDS + 5).give({ verb: "proof-test", subject: "gd", note: "合格" });
    expect(engine.told()).toEqual([`${SECONDS + 5} maintenance-due@gd return blue`]);
    expect(engine.events.at(-1)).toMatchObject({ user: "wang", note: "合格" });
    engine.until(SECONDS * 366 + 4);
    expect(engine.told()).toEqual([]);
    engine.until(SECONDS * 366 + 5);
    expect(engine.told()).toEqual([`${SECONDS * 366 + 5} maintenance-due@gd raise blue`]);
  });

  test("recorded before a restart counts after it; forgotten, the alarm comes early", () => {
    const first = new EngineRun(tested(-364), {}).at(0).boot();
    first.at(10).give({ verb: "proof-test", subject: "gd" });
    const second = first.restored();
    second
      .at(20)
      .boot({ boot: "b2" })
      .until(2 * SECONDS);
    expect(second.told()).toEqual([]);
    const third = new EngineRun(tested(-364), {}).at(20).boot({ boot: "b2" });
    third.until(2 * SECONDS);
    expect(third.told()).toHaveLength(1);
  });

  test("overdue at the start is told at the start; a later day in the site file ends it", () => {
    const first = new EngineRun(tested(-400), {}).at(0).boot();
    expect(first.told()).toEqual(["0 maintenance-due@gd raise blue"]);
    const second = new EngineRun(tested(-1), {});
    second.engine.restore(first.engine.checkpoint());
    second.at(5).boot({ boot: "b2" });
    expect(second.told()).toEqual(["5 maintenance-due@gd return blue"]);
  });

  test("of a device that needs none is refused", () => {
    const engine = run();
    expect(engine.at(1).give({ verb: "proof-test", subject: "gd" }).refusal).toBe("unknown-subject");
  });
});

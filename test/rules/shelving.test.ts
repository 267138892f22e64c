import { describe, expect, test } from "vitest";
import { HOUR, MINUTE, SECOND } from "../../model/time.ts";
import { EngineRun, START } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";

const site = siteOf({
  devices: [
    {
      id: "gd",
      channels: [
        { id: "lel", stale: 3_600 * SECOND },
        { id: "co", stale: 3_600 * SECOND },
      ],
    },
  ],
});
const RULES = {
  gas: { applies: { channel: "gd.lel" }, above: { yellow: 10, orange: 25, red: 50 }, deadband: 2 },
};
const LATCHING = { gas: { ...RULES.gas, latching: true } };

function run(rules: Record<string, Record<string, unknown>> = RULES): EngineRun {
  return new EngineRun(site, rules).at(0).boot();
}

/** Shelves the alarm for so many seconds, or once. */
function shelve(engine: EngineRun, seconds?: number) {
  const alarm = engine.engine.alarm("gas", "gd.lel");
  return engine.give({
    verb: "shelve",
    rule: "gas",
    subject: "gd.lel",
    ...(alarm === undefined || alarm.state === "normal" ? {} : { occurrence: alarm.occurrence }),
    ...(seconds === undefined ? {} : { span: seconds * SECOND }),
    note: "探头已报修",
  });
}

describe("shelving for a time", () => {
  test("the alarm goes on being evaluated and recorded, silently, and is told anew when the time is over", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 12);
    expect(shelve(engine.at(2), 60)).toEqual({ accepted: true });
    engine.at(3).read("gd.lel", 5).at(4).read("gd.lel", 13).until(62);
    expect(engine.told()).toEqual([
      "1 gas@gd.lel raise yellow",
      "2 gas@gd.lel shelve yellow (shelved)",
      "3 gas@gd.lel return yellow (shelved)",
      "4 gas@gd.lel again yellow (shelved)",
      "62 gas@gd.lel unshelve yellow",
    ]);
    expect(engine.events[1]).toMatchObject({ user: "wang", note: "探头已报修", until: START + 62 * SECOND });
    expect(engine.events.at(-1)).toMatchObject({ to: "unacknowledged", silenceBefore: "shelved" });
    expect(engine.events.at(-1)).not.toHaveProperty("until");
  });

  test("an acknowledged alarm whose shelving ends must be acknowledged again", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 12).command("acknowledge", "gas", "gd.lel");
    shelve(engine.at(2), 60);
    engine.until(62);
    expect(engine.engine.alarm("gas", "gd.lel")?.state).toBe("unacknowledged");
  });

  test("what has returned meanwhile is normal when the time is over: who shelved it had seen it", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 12);
    shelve(engine.at(2), 60);
    engine.at(3).read("gd.lel", 0).until(62);
    expect(engine.told().at(-1)).toBe("62 gas@gd.lel unshelve yellow");
    expect(engine.engine.alarm("gas", "gd.lel")?.state).toBe("normal");
  });

  test("a latch holds beyond the shelving", () => {
    const engine = run(LATCHING);
    engine.at(1).read("gd.lel", 12);
    shelve(engine.at(2), 60);
    engine.at(3).read("gd.lel", 0).until(62);
    expect(engine.engine.alarm("gas", "gd.lel")).toMatchObject({
      state: "latched-unacknowledged",
      silence: undefined,
    });
  });

  test("an upgrade ends it and is told; a downgrade does not", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 30);
    shelve(engine.at(2), 600);
    engine.at(3).read("gd.lel", 12).at(4).read("gd.lel", 60).until(700);
    expect(engine.told().slice(2)).toEqual([
      "3 gas@gd.lel downgrade yellow (shelved)",
      "4 gas@gd.lel upgrade red",
    ]);
    expect(engine.events.at(-1)).toMatchObject({ to: "unacknowledged", silenceBefore: "shelved" });
  });

  test("an alarm raised in an exercise and shelved there is told when it goes on in earnest", () => {
    const engine = run();
    engine.at(1).message({ channel: "gd.lel", value: 12, mode: "exercise" });
    shelve(engine.at(2), 600);
    engine.at(3).message({ channel: "gd.lel", value: 12, mode: "live" });
    expect(engine.told().at(-1)).toBe("3 gas@gd.lel again yellow");
  });

  test("ended early by a person, with name", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 12);
    shelve(engine.at(2), 600);
    engine.at(3);
    expect(engine.give({ verb: "unshelve", rule: "gas", subject: "gd.lel", user: "li" }).accepted).toBe(true);
    engine.until(700);
    expect(engine.told().slice(2)).toEqual(["3 gas@gd.lel unshelve yellow"]);
    expect(engine.events.at(-1)).toMatchObject({ user: "li", to: "unacknowledged" });
  });

  test("shelved again, the time counts from then", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 12);
    shelve(engine.at(2), 60);
    shelve(engine.at(50), 60);
    engine.until(109);
    expect(engine.engine.alarm("gas", "gd.lel")?.silence).toBe("shelved");
    engine.until(110);
    expect(engine.engine.alarm("gas", "gd.lel")?.silence).toBeUndefined();
  });
});

describe("shelving an alarm that is normal", () => {
  test("by rule and subject; the event goes where the worst it may come to is listened for", () => {
    const engine = run();
    expect(shelve(engine.at(1), 60).accepted).toBe(true);
    expect(engine.events.at(-1)).toMatchObject({
      transition: "shelve",
      to: "normal",
      highest: "red",
      silence: "shelved",
    });
    engine.at(2).read("gd.lel", 60);
    expect(engine.told().at(-1)).toBe("2 gas@gd.lel raise red (shelved)");
    engine.until(61);
    expect(engine.told()).toEqual(["61 gas@gd.lel unshelve red"]);
    expect(engine.engine.alarm("gas", "gd.lel")?.state).toBe("unacknowledged");
  });

  test("its end is told too", () => {
    const engine = run();
    shelve(engine.at(1), 60);
    engine.until(61);
    expect(engine.told()).toEqual(["1 gas@gd.lel shelve red (shelved)", "61 gas@gd.lel unshelve red"]);
  });
});

describe("shelving once", () => {
  test("ends when the occurrence has returned; the next one is told", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 12);
    shelve(engine.at(2));
    engine.at(3).read("gd.lel", 0).at(4).read("gd.lel", 12);
    expect(engine.told().slice(2)).toEqual([
      "3 gas@gd.lel return yellow (shelved)",
      "3 gas@gd.lel unshelve yellow",
      "4 gas@gd.lel raise yellow",
    ]);
  });

  test("is limited by the longest time as well", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 12);
    shelve(engine.at(2));
    engine.until(2 + (8 * HOUR) / SECOND);
    expect(engine.told().at(-1)).toBe("28802 gas@gd.lel unshelve yellow");
  });
});

describe("refused", () => {
  const of = (engine: EngineRun, more: object) =>
    engine.give({ verb: "shelve", rule: "gas", subject: "gd.lel", span: MINUTE, ...more }).refusal;

  test("with the reason", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 12);
    expect(of(engine, {})).toBe("wrong-occurrence");
    expect(of(engine, { occurrence: 7 })).toBe("wrong-occurrence");
    expect(of(engine, { occurrence: 1, span: 8 * HOUR + 1 })).toBe("too-long");
    expect(of(engine, { rule: "fire", occurrence: 1 })).toBe("unknown-alarm");
    expect(of(engine, { subject: "gd.co" })).toBe("unknown-alarm");
    engine.at(2).read("gd.lel", 0).command("acknowledge", "gas", "gd.lel");
    expect(of(engine, { occurrence: 1 })).toBe("not-active");
    expect(engine.give({ verb: "unshelve", rule: "gas", subject: "gd.lel" }).refusal).toBe("not-shelved");
    expect(engine.give({ verb: "unshelve", rule: "no", subject: "gd.lel" }).refusal).toBe("unknown-alarm");
    expect(engine.events.every(({ silence }) => silence === undefined)).toBe(true);
  });
});

describe("over a restart", () => {
  test("shelving is kept and ends at its time, in a gap as well", () => {
    const first = run();
    first.at(1).read("gd.lel", 12);
    shelve(first.at(2), 60);
    const second = first.restored();
    second.at(30).boot({ boot: "b2" }).at(31).read("gd.lel", 13).until(62);
    expect(second.told()).toEqual(["62 gas@gd.lel unshelve yellow"]);
    const third = first.restored();
    third.at(1_000).boot({ boot: "b2" });
    expect(third.told()).toEqual(["62 gas@gd.lel unshelve yellow"]);
  });

  test("a normal alarm that was shelved and never raised is shelved still", () => {
    const first = run();
    shelve(first.at(1), 60);
    const second = first.restored();
    second.at(30).boot({ boot: "b2" }).at(31).read("gd.lel", 13);
    expect(second.told()).toEqual(["31 gas@gd.lel raise yellow (shelved)"]);
  });

  test("what only the alarm log remembers is not shelved any more, and told anew", () => {
    const first = run();
    first.at(1).read("gd.lel", 12).command("acknowledge", "gas", "gd.lel");
    shelve(first.at(2), 600);
    const second = new EngineRun(site, RULES);
    second.at(10).boot({ boot: "b2", recalled: { lastSeq: 3, standing: [first.events.at(-1)!] } });
    expect(second.told()).toEqual(["10 gas@gd.lel unshelve yellow"]);
    expect(second.events.at(-1)).toMatchObject({ to: "unacknowledged", occurrence: 1 });
  });
});

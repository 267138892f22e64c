import { describe, expect, test } from "vitest";
import { Silenced } from "../../../gateway/routes/siren/silenced.ts";

const RED = {
  rule: "gas",
  subject: "gd-1.lel",
  occurrence: 7,
  severity: "red",
  changed: 100,
  active: true,
} as const;

describe("an alarm that was silenced at the button", () => {
  const silenced = () => {
    const one = new Silenced();
    one.press([RED]);
    return one;
  };

  test.each([
    ["as it was", {}],
    ["that gets better", { severity: "orange", changed: 200 }],
    ["that passes", { active: false, changed: 200 }],
  ] as const)("%s stays silent", (_, more) => {
    expect(silenced().loud([{ ...RED, ...more }])).toEqual([]);
  });

  test.each([
    ["that is told anew", { changed: 200 }],
    ["of another occurrence", { occurrence: 8 }],
    ["of another instrument", { subject: "gd-2.lel" }],
  ] as const)("%s is heard", (_, more) => {
    expect(silenced().loud([{ ...RED, ...more }])).toHaveLength(1);
  });

  test("that had got better, and is worse again, is heard", () => {
    const one = silenced();
    const orange = { ...RED, severity: "orange", changed: 200 } as const;
    expect(one.loud([orange])).toEqual([]);
    expect(one.loud([{ ...RED, changed: 300 }])).toHaveLength(1);
  });

  test("that had passed, and comes again, is heard", () => {
    const one = silenced();
    expect(one.loud([{ ...RED, active: false, changed: 200 }])).toEqual([]);
    expect(one.loud([{ ...RED, changed: 300 }])).toHaveLength(1);
  });

  test("is compared with what it was, though the alarm itself goes on changing", () => {
    const alarm = { ...RED, changed: 100 };
    const one = new Silenced();
    one.press([alarm]);
    alarm.changed = 200;
    expect(one.loud([alarm])).toHaveLength(1);
  });

  test("and was gone is forgotten", () => {
    const one = silenced();
    expect(one.loud([])).toEqual([]);
    expect(one.loud([RED])).toHaveLength(1);
  });
});

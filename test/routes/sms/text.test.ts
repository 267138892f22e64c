import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Payloads } from "../../../gateway/alerts/payload.ts";
import { Places } from "../../../gateway/alerts/places.ts";
import { ShortText } from "../../../gateway/routes/sms/text.ts";
import { LANGUAGES, type Language } from "../../../model/text.ts";
import type { AlarmEvent } from "../../../rules/event.ts";
import { AlarmPlant } from "../../alerts/support/alarm-plant.ts";
import { SITE, SITE_RULES } from "../../alerts/support/site.ts";
import { SOME_MORNING } from "../../support/manual-clock.ts";

function speaker(
  names: { point?: string; device?: string; site?: string } = {},
  language: Language = "zh",
  parts = 1,
) {
  const both = (name: string | undefined, otherwise: { zh: string; en: string }) =>
    name === undefined ? otherwise : { zh: name, en: name };
  const places = new Places({
    ...SITE,
    name: both(names.site, SITE.name),
    points: SITE.points.map((point) => ({ ...point, name: both(names.point, point.name) })),
    devices: SITE.devices.map((device) => ({ ...device, name: both(names.device, device.name) })),
  });
  return new ShortText({
    id: "phones",
    payloads: new Payloads({ places, rules: SITE_RULES }),
    places,
    language,
    parts,
  });
}

function events(): AlarmEvent[] {
  const plant = new AlarmPlant(() => SOME_MORNING);
  const rule = SITE_RULES.find(({ subjects }) =>
    subjects.some(({ channel }) => SITE.channels[channel]?.key === "gd-01.lel"),
  )!;
  plant.assert(rule.id, "gd-01.lel", "red", { value: 60, limit: 50 });
  plant.clear(rule.id, "gd-01.lel", { value: 1 });
  return plant.log;
}

const say = (text: ShortText, event: AlarmEvent) =>
  text.say({ kind: "event", event, sending: { uncommitted: false, resent: false } });

describe("a short text", () => {
  const [raised, returned] = events();

  test("says the same in English", () => {
    expect(say(speaker({}, "en"), raised!)).toMatch(/^\[red\] Old Street well 3.* 60 %LEL, 21 May 14:30:00$/);
  });

  test("of a place with a long name leaves out the instrument, then shortens names, and keeps colour, value and time", () => {
    const point = "巫山县高唐街道净坛路一百二十三号老城区天然气中压管网第三号阀井及其附属调压设施监测点";
    const text = say(speaker({ point }), raised!);
    expect(text.length).toBe(70);
    expect(text).toMatch(/^【红色】巫山县高唐街道.*…，可燃气体浓度60 %LEL，5月21日14:30:00$/);
    expect(text).not.toContain("探测器");
    expect(say(speaker({ point }), returned!)).toMatch(/^【恢复】巫山县.*5月21日14:30:00$/);
  });

  test("has at most 70 units, is never torn, and always says colour, value and time", () => {
    const name = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 120 })
      .filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(name, name, fc.constantFrom(...LANGUAGES), (point, device, language) => {
        const text = say(speaker({ point, device }, language), raised!);
        expect(text.length).toBeLessThanOrEqual(70);
        expect(text.isWellFormed()).toBe(true);
        expect(text).toMatch(language === "zh" ? /^【红色】/ : /^\[red\] /);
        expect(text).toContain("60 %LEL");
        expect(text.endsWith("14:30:00")).toBe(true);
      }),
    );
  });

  test.each(["digest", "outline"] as const)("of a flood (%s) counts all and names what fits", (kind) => {
    const name = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 90 })
      .filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        name,
        fc.integer({ min: 1, max: 3 }),
        (count, site, parts) => {
          const of = Array.from({ length: count }, () => raised!);
          const text = speaker({ site }, "zh", parts).say({ kind, events: of });
          expect(text.length).toBeLessThanOrEqual(parts === 1 ? 70 : parts * 67);
          expect(text.isWellFormed()).toBe(true);
        },
      ),
    );
    const text = speaker({ site: "老街站" }).say({ kind, events: [raised!, returned!] });
    expect(text).toMatch(/2条/);
    expect(text).toMatch(/红色2.*老街站：老街3号阀井可燃气体浓度60 %LEL；/);
  });

  test("of a trial says first that there is no danger", () => {
    const text = speaker({ site: "站".repeat(90) }).say({ kind: "trial", time: SOME_MORNING });
    expect(text.length).toBe(70);
    expect(text).toMatch(/^【通道测试】并无险情，无需处置。/);
  });
});

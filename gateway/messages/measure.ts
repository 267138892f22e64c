import type { Severity } from "../../model/severity.ts";
import type { Channel } from "../../model/site.ts";
import type { Text } from "../../model/text.ts";
import { HOUR, MINUTE, type Micros } from "../../model/time.ts";
import { dimensionOf, ucum } from "../../model/unit.ts";
import type { Measure, TimeBase } from "../../rules/conditions/condition.ts";
import type { Rule } from "../../rules/rule.ts";
import { CATALOGUE, type MessageKey } from "./catalogue.ts";
import { formatNumber, formatQuantity, formatSpan, say, symbolOf } from "./format.ts";

/*
 * What rules compute from readings, in words: a rate, a sum over a window. Its value and limit have a unit of their own, which is
 * not always the channel's.
 */

/** How a unit of time is written below a fraction bar; UCUM writes them the same way. */
const PER: Readonly<Record<TimeBase, string>> = { second: "s", minute: "min", hour: "h", day: "d" };

/** Exposures that have a name of their own (GBZ 2.1). */
const EXPOSURES: readonly { window: number; key: MessageKey }[] = [
  { window: 8 * HOUR, key: "measure.exposure.twa" },
  { window: 15 * MINUTE, key: "measure.exposure.stel" },
];

type Subjects = Rule["subjects"];
type Conditions = ReadonlyMap<number, Subjects[number]["condition"]>;

/** A rule may watch ten thousand channels, and a flood asks for each: found once. */
const conditions = new WeakMap<Subjects, Conditions>();

function conditionOf(subjects: Subjects, channel: number): Subjects[number]["condition"] | undefined {
  let known = conditions.get(subjects);
  if (known === undefined) {
    // Of several subjects on one channel the first speaks.
    known = new Map(subjects.toReversed().map((subject) => [subject.channel, subject.condition]));
    conditions.set(subjects, known);
  }
  return known.get(channel);
}

/** What an alarm of a rule on a channel compared with its limit; undefined: the channel's own value. */
export function measureOf(
  rule: Pick<Rule, "subjects">,
  channel: Channel,
  alarm: { readonly severity: Severity; readonly limit: number },
): Measure | undefined {
  const condition = conditionOf(rule.subjects, channel.index);
  const level = condition?.levels.findIndex(({ severity }) => severity === alarm.severity) ?? -1;
  return level < 0 ? undefined : condition?.measure?.(level, alarm.limit);
}

/** What was compared: `水位变化率`, `3小时雨量`; `rain in 3 h`. */
export function measuredText({ of, window }: Measure, channel: Channel): Text {
  const fallen = dimensionOf(channel.unit) === "rain";
  const quantity = fallen ? CATALOGUE["measure.rain"] : channel.name;
  if (of === "value") return channel.name;
  const exposure = of === "exposure" ? EXPOSURES.find((known) => known.window === window) : undefined;
  return say(exposure?.key ?? `measure.${of}`, { quantity, span: lengthOf(window) });
}

/** The length of a window: minutes are 分 of a duration, but a mean is one over 10分钟. */
function lengthOf(window: Micros): Text {
  const { zh, en } = formatSpan(window);
  return { zh: zh.replace(/分$/, "分钟"), en };
}

/** A value or limit of it with its unit: `0.52 m/h`. */
export function formatMeasured(value: number, { unit, per }: Measure, beside = Number.NaN): string {
  if (per === undefined) return formatQuantity(value, unit, beside);
  return `${formatNumber(value, unit, beside)} ${symbolOf(unit)}/${PER[per]}`;
}

/** Its unit, as messages give it: name, symbol and UCUM code. */
export function measuredUnit({ unit, per }: Pick<Measure, "unit" | "per">): {
  name: string;
  symbol: string;
  ucum: string;
} {
  const below = per === undefined ? "" : `/${PER[per]}`;
  return { name: `${unit}${below}`, symbol: `${symbolOf(unit)}${below}`, ucum: `${ucum(unit)}${below}` };
}

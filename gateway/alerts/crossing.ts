import { GOOD, REASON } from "../../model/quality.ts";
import type { Severity } from "../../model/severity.ts";
import type { Channel } from "../../model/site.ts";
import { type Condition, raising, type Sample } from "../../rules/conditions/condition.ts";
import { measureOf } from "../messages/measure.ts";
import type { SpokenRule } from "./present.ts";

/** How a value stands to the limit of its alarm. */
export interface Crossing {
  readonly direction: "above" | "below" | "at";
  /** The value is back on the harmless side, and the alarm is held there by its deadband or its off-delay. */
  readonly held: boolean;
  /** Gas detection calls the lowest and the highest of the graded limits low alarm and high alarm. */
  readonly grade?: "low-alarm" | "high-alarm";
}

const conditions = new WeakMap<SpokenRule, Map<number, Condition>>();

function conditionOf(rule: SpokenRule, channel: number): Condition | undefined {
  let known = conditions.get(rule);
  if (known === undefined) {
    known = new Map();
    for (const subject of rule.subjects) known.set(subject.channel, subject.condition.create());
    conditions.set(rule, known);
  }
  return known.get(channel);
}

/** Which levels an excess in a direction would raise: how a rule is asked whether it looks up or down. */
function raisedBy(condition: Condition, value: number): number {
  const sample: Sample = { value, reason: REASON.good, quality: GOOD, time: 0, received: 0, channel: 0 };
  return raising(condition.judge(sample));
}

/**
 * In which direction the limit of an alarm is crossed. The value alone does not tell: inside the deadband it stands on the
 * other side of a limit that still holds.
 */
export function crossingOf(
  rule: SpokenRule,
  channel: Channel,
  { value, limit, severity }: { value: number; limit: number; severity: Severity },
): Crossing {
  // What is computed over time says itself on which side its limit lies.
  const measured = measureOf(rule, channel, { severity, limit });
  if (measured?.side !== undefined) {
    const held = measured.side === "below" ? value > limit : value < limit;
    return { direction: value === limit ? "at" : measured.side, held };
  }
  const condition = conditionOf(rule, channel.index);
  const level = condition?.levels.findIndex((candidate) => candidate.severity === severity) ?? -1;
  if (condition === undefined || level < 0) {
    return { direction: value === limit ? "at" : value < limit ? "below" : "above", held: false };
  }
  const up = (raisedBy(condition, Number.POSITIVE_INFINITY) >> level) & 1;
  const down = (raisedBy(condition, Number.NEGATIVE_INFINITY) >> level) & 1;
  const below = up === down ? value < limit : down === 1;
  const held = below ? value > limit : value < limit;
  const crossing = { direction: value === limit ? "at" : below ? "below" : "above", held } as const;
  if (below || !channel.quantity.startsWith("gas_") || condition.levels.length < 2) return crossing;
  if (level === 0) return { ...crossing, grade: "low-alarm" };
  return level === condition.levels.length - 1 ? { ...crossing, grade: "high-alarm" } : crossing;
}

import { GOOD, REASON } from "../../../model/quality.ts";
import { isDiscrete } from "../../../model/quantity.ts";
import type { Channel } from "../../../model/site.ts";
import { nowhere } from "../../circumstance/calendar-course.ts";
import { NO, YES } from "../../circumstance/guard.ts";
import { clearing, raising, type Sample } from "../condition.ts";
import type { Span } from "../span.ts";
import { boundsOf } from "../threshold-check.ts";
import type { JoinedPlan, Leaf, TermPlan } from "./plan.ts";

type ChannelLeaf = Extract<TermPlan, { kind: "channel" }>;

/** A term, or its opposite. */
interface Literal<L extends Leaf = Leaf> {
  readonly leaf: L;
  readonly negated: boolean;
}

/** Codes that a channel of states may have. */
const CODES = Array.from({ length: 256 }, (_, code) => code);
/** How far beside a limit a value is tried, relative to it. */
const BESIDE = 1e-9;

/**
 * Why the terms of `all` could never hold together, or one of `any` always would; undefined when nothing was found. Looked for
 * among limits and states of one channel, calendars, and levels from outside; what a window computes is left to its author.
 */
export function contradiction(plan: JoinedPlan): string | undefined {
  // One of several always holds when their opposites never hold together.
  const parts = literals(plan, plan.kind).map(({ leaf, negated }) => ({
    leaf,
    negated: plan.kind === "all" ? negated : !negated,
  }));
  const what = clash(parts);
  if (what === undefined) return undefined;
  return plan.kind === "all"
    ? `what it asks of ${what} never comes together: it could never hold`
    : `${what} always fits one of its terms: it would always hold`;
}

function literals(plan: TermPlan, kind: "all" | "any"): Literal[] {
  if (plan.kind === kind) return plan.of.flatMap((part) => literals(part, kind));
  if (plan.kind === "all" || plan.kind === "any") return [];
  if (plan.kind !== "not") return [{ leaf: plan, negated: false }];
  const [inner] = plan.of;
  return inner.kind === "all" || inner.kind === "any" || inner.kind === "not"
    ? []
    : [{ leaf: inner, negated: true }];
}

function clash(parts: readonly Literal[]): string | undefined {
  const channels = parts.filter((part): part is Literal<ChannelLeaf> => part.leaf.kind === "channel");
  for (const channel of new Set(channels.map(({ leaf }) => leaf.channel))) {
    const own = channels.filter(({ leaf }) => leaf.channel === channel);
    if (own.length > 1 && !together(channel, own)) return channel.key;
  }
  const calendars = parts.flatMap(({ leaf, negated }) =>
    leaf.kind === "calendar" ? [{ calendar: leaf.calendar, negated }] : [],
  );
  const fits = (now: number) =>
    calendars.every(({ calendar, negated }) => calendar.at(now).holds !== negated);
  const all = calendars.map(({ calendar }) => calendar);
  if (all.length > 1 && nowhere(all, { at: (now) => ({ holds: fits(now) }) })) {
    return all.map(({ id }) => id).join(" and ");
  }
  return clashOutside(parts);
}

function clashOutside(parts: readonly Literal[]): string | undefined {
  const tests = parts.flatMap(({ leaf, negated }) =>
    leaf.kind === "outside" ? [{ test: leaf.test, negated }] : [],
  );
  for (const { levels, index, id } of new Set(tests.map(({ test }) => test.source))) {
    const own = tests.filter(({ test }) => test.source.index === index);
    if (levels === undefined || own.length < 2) continue;
    const possible = levels.some((_, code) =>
      own.every(({ test, negated }) => test.of(code) === (negated ? NO : YES)),
    );
    if (!possible) return id;
  }
  return undefined;
}

/** Whether any value of a channel fits them all. */
function together(channel: Channel, parts: readonly Literal<ChannelLeaf>[]): boolean {
  const judges = parts.map(({ leaf, negated }) => ({ condition: leaf.condition.create(), negated }));
  if (judges.some(({ condition }) => condition.memory !== undefined)) return true;
  const sample: Sample = { value: 0, reason: REASON.good, quality: GOOD, time: 0, received: 0, channel: 0 };
  return candidates(channel, parts).some((value) => {
    sample.value = value;
    return judges.every(({ condition, negated }) => {
      const v = condition.judge(sample);
      return negated ? clearing(v) !== 0 : raising(v) !== 0;
    });
  });
}

/** Values of which one fits if any does: the limits, what lies beside them, the ends of the range, and between. */
function candidates(channel: Channel, parts: readonly Literal<ChannelLeaf>[]): number[] {
  if (isDiscrete(channel.quantity)) return CODES;
  const { floor, ceiling } = boundsOf(channel);
  const edges = parts
    .flatMap(({ leaf }) => leaf.condition.levels as readonly Span[])
    .flatMap(({ low, high, clearLow, clearHigh }) => [low, high, clearLow, clearHigh])
    .concat(floor, ceiling)
    .filter(Number.isFinite);
  const beside = edges.flatMap((edge) => {
    const step = Math.max(1, Math.abs(edge)) * BESIDE;
    return [edge - step, edge, edge + step];
  });
  const far = Math.max(1, ...edges.map(Math.abs)) * 2;
  const between = edges.toSorted((a, b) => a - b).map((edge, i, all) => (edge + (all[i + 1] ?? edge)) / 2);
  return [...beside, ...between, -far, far].filter((value) => value >= floor && value <= ceiling);
}

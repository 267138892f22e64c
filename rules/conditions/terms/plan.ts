import type { Channel } from "../../../model/site.ts";
import type { CalendarCourse } from "../../circumstance/calendar-course.ts";
import { type OutsideTest, YES } from "../../circumstance/guard.ts";
import type { CompiledCondition } from "../condition.ts";
import type { Span } from "../span.ts";

/**
 * A term, compiled. `name` says which it is, so that a checkpoint of other terms is not taken for its own; `said` is all that it
 * says, so that two that say the same are known.
 */
export type TermPlan =
  | {
      readonly kind: "channel";
      readonly name: string;
      readonly said: string;
      readonly channel: Channel;
      readonly condition: CompiledCondition;
    }
  | { readonly kind: "calendar"; readonly name: string; readonly calendar: CalendarCourse }
  | { readonly kind: "outside"; readonly name: string; readonly test: OutsideTest }
  | { readonly kind: "all"; readonly name: string; readonly of: readonly TermPlan[] }
  | { readonly kind: "any"; readonly name: string; readonly of: readonly TermPlan[] }
  | { readonly kind: "not"; readonly name: string; readonly of: readonly [TermPlan] };

/** A term that joins others. */
export type JoinedPlan = Extract<TermPlan, { kind: "all" } | { kind: "any" }>;

/** A term that joins no others. */
export type Leaf = Exclude<TermPlan, { kind: "all" | "any" | "not" }>;

/** The terms that join no others, in order. */
export function leavesOf(plan: TermPlan): Leaf[] {
  return "of" in plan ? plan.of.flatMap(leavesOf) : [plan];
}

/** The channels it looks at, each once. */
export function channelsOf(plans: readonly TermPlan[]): Channel[] {
  return [
    ...new Set(plans.flatMap(leavesOf).flatMap((leaf) => (leaf.kind === "channel" ? [leaf.channel] : []))),
  ];
}

/** The outside sources it depends on, by index. */
export function outsideOf(plans: readonly TermPlan[]): number[] {
  return [
    ...new Set(
      plans.flatMap(leavesOf).flatMap((leaf) => {
        if (leaf.kind === "outside") return [leaf.test.source.index];
        return leaf.kind === "channel" ? [...(leaf.condition.outside ?? [])] : [];
      }),
    ),
  ];
}

/** Whether one term surely holds whenever another does, as far as limits and wording show. */
export function implies(a: TermPlan, b: TermPlan): boolean {
  if (a.kind === "any") return a.of.every((part) => implies(part, b));
  if (b.kind === "all") return b.of.every((part) => implies(a, part));
  if (a.kind === "all") return a.of.some((part) => implies(part, b));
  if (b.kind === "any") return b.of.some((part) => implies(a, part));
  if (a.kind === "not" && b.kind === "not") return implies(b.of[0], a.of[0]);
  if (a.kind === "channel" && b.kind === "channel") return impliesLimit(a, b);
  if (a.kind === "calendar" && b.kind === "calendar") return a.calendar === b.calendar;
  return a.kind === "outside" && b.kind === "outside" && impliesLevel(a, b);
}

type OfKind<Kind extends TermPlan["kind"]> = Extract<TermPlan, { kind: Kind }>;

function impliesLimit(a: OfKind<"channel">, b: OfKind<"channel">): boolean {
  if (a.channel !== b.channel) return false;
  if (a.said === b.said) return true;
  const [one, other] = [spanOf(a), spanOf(b)];
  return one !== undefined && other !== undefined && one.low <= other.low && one.high >= other.high;
}

/** The limits of a term that has no more than those. */
function spanOf({ condition }: OfKind<"channel">): Span | undefined {
  const [level, more] = condition.levels as readonly Partial<Span>[];
  const plain = condition.create().memory === undefined && more === undefined;
  return plain && level?.low !== undefined && level.high !== undefined ? (level as Span) : undefined;
}

function impliesLevel({ test: a }: OfKind<"outside">, { test: b }: OfKind<"outside">): boolean {
  const { levels, index } = a.source;
  if (levels === undefined || index !== b.source.index) return false;
  return levels.every((_, code) => a.of(code) !== YES || b.of(code) === YES);
}

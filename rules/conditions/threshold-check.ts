import type { Channel } from "../../model/site.ts";
import { type Dimension, dimensionOf } from "../../model/unit.ts";
import type { ConditionContext } from "./condition.ts";
import type { Span } from "./span.ts";

/** What cannot be less than nothing, whatever the range of the instrument. */
const NEVER_NEGATIVE: ReadonlySet<Dimension> = new Set<Dimension>([
  "lel",
  "fraction",
  "mass_concentration",
  "lel_path",
  "relative_humidity",
  "rain",
  "rain_rate",
  "frequency",
  "resistance",
  "proportion",
  "time",
  "optical_density",
  "attenuation",
]);

/** Between what ends a number can lie at all. */
export interface Bounds {
  readonly floor: number;
  readonly ceiling: number;
  /** Says so, as the end of a message; empty where nobody stated it. */
  readonly measures: string;
}

/** What a channel's own values can be. */
export function boundsOf({ range, unit }: Channel): Bounds {
  return {
    floor: range?.low ?? (NEVER_NEGATIVE.has(dimensionOf(unit)) ? 0 : Number.NEGATIVE_INFINITY),
    ceiling: range?.high ?? Number.POSITIVE_INFINITY,
    measures: range === undefined ? "" : ` (it measures ${range.low} to ${range.high} ${unit})`,
  };
}

/** A number that can be anything: a rate. */
export const UNBOUNDED: Bounds = {
  floor: Number.NEGATIVE_INFINITY,
  ceiling: Number.POSITIVE_INFINITY,
  measures: "",
};

/** A number that is never below nothing: a count, a spread, rain. */
export const NOT_NEGATIVE: Bounds = { floor: 0, ceiling: Number.POSITIVE_INFINITY, measures: "" };

/** Reports levels that can never raise, never clear, or stand the wrong way round. True when there is none. */
export function checkSpans(
  spans: readonly Span[],
  bounds: Bounds,
  context: Pick<ConditionContext, "report">,
): boolean {
  const found: boolean[] = [];
  const report = (span: Span, message: string, hint?: string) => {
    found.push(true);
    context.report({ path: [span.severity], message, ...(hint === undefined ? {} : { hint }) });
  };
  for (const span of spans) checkSpan(span, bounds, (message, hint) => report(span, message, hint));
  for (let i = 1; i < spans.length; i++) {
    const wrong = disorder(spans[i - 1]!, spans[i]!);
    if (wrong !== undefined) report(spans[i]!, wrong.message, wrong.hint);
  }
  return found.length === 0;
}

function checkSpan(span: Span, bounds: Bounds, report: (message: string, hint?: string) => void): void {
  const hasLow = span.low !== Number.NEGATIVE_INFINITY;
  const hasHigh = span.high !== Number.POSITIVE_INFINITY;
  if (hasLow && hasHigh && span.low >= span.high) {
    report("low is not below high: every value is outside", "exchange low and high");
    return;
  }
  if (hasLow && hasHigh && span.clearLow >= span.clearHigh) {
    report(
      "the deadband leaves nothing between low and high: it could never clear",
      "make the deadband smaller",
    );
    return;
  }
  const { floor, ceiling, measures } = bounds;
  if (hasHigh) {
    if (span.strict ? span.high >= ceiling : span.high > ceiling) {
      report(`the limit ${span.high} is beyond the measuring range: it could never raise${measures}`);
    } else if (span.strict ? span.high < floor : span.high <= floor) {
      report(
        `the limit ${span.high} is at or below all the instrument measures: it would always be active${measures}`,
      );
    } else if (span.clearHigh <= floor) {
      report(
        `it clears below ${span.clearHigh}, which is never measured: it could never clear${measures}`,
        "make the deadband smaller",
      );
    }
  }
  if (hasLow) {
    if (span.strict ? span.low <= floor : span.low < floor) {
      report(`the limit ${span.low} is below the measuring range: it could never raise${measures}`);
    } else if (span.strict ? span.low > ceiling : span.low >= ceiling) {
      report(
        `the limit ${span.low} is at or above all the instrument measures: it would always be active${measures}`,
      );
    } else if (span.clearLow >= ceiling) {
      report(
        `it clears above ${span.clearLow}, which is never measured: it could never clear${measures}`,
        "make the deadband smaller",
      );
    }
  }
}

/** Why `upper` must not stand above `lower`, the next less severe level. A side that only one of them watches is free. */
function disorder(lower: Span, upper: Span): { message: string; hint?: string } | undefined {
  const bothLow = Number.isFinite(lower.low) && Number.isFinite(upper.low);
  const bothHigh = Number.isFinite(lower.high) && Number.isFinite(upper.high);
  if ((bothHigh && upper.high < lower.high) || (bothLow && upper.low > lower.low)) {
    return {
      message: `${upper.severity} is reached before ${lower.severity}: the levels stand the wrong way round`,
      hint: "from blue to red, each limit lies further from normal than the one before",
    };
  }
  // Equal limits make sense only when the more severe level waits longer: "still so after ten minutes".
  if (upper.high === lower.high && upper.low === lower.low && upper.onDelay <= lower.onDelay) {
    return {
      message: `${upper.severity} has the limit of ${lower.severity} and no longer on-delay: ${lower.severity} could never be seen`,
    };
  }
  if ((bothHigh && upper.clearHigh < lower.clearHigh) || (bothLow && upper.clearLow > lower.clearLow)) {
    return {
      message: `${lower.severity} would clear before ${upper.severity}: the deadband of ${upper.severity} is too large`,
      hint: "make the deadband smaller than the distance between the levels",
    };
  }
  return undefined;
}

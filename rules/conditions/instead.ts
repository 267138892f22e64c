import { z } from "zod";
import { guardFields } from "../circumstance/guard.ts";
import type { LimitOptions, SpanOptions } from "./level.ts";
import { type OneChannelKey, type OneChannelOptions, oneChannelFields } from "./one-channel.ts";

const { above, below, outside, stages } = oneChannelFields;

/** Kinds whose limits can be written anew. */
const REPLACED = ["above", "below", "outside", "stages"] as const satisfies OneChannelKey[];
/** Kinds that have no limits which could be moved. */
const WITHOUT_LIMITS: ReadonlySet<OneChannelKey> = new Set(["equals", "stuck", "outOfRange"]);

/** Limits that take the place of a rule's own at certain times. */
const entrySchema = z
  .strictObject({
    ...guardFields,
    above,
    below,
    outside,
    stages,
    factor: z
      .number()
      .positive()
      .optional()
      .meta({ description: "The rule's own limits, multiplied by this.", examples: [0.8] }),
    shift: z
      .number()
      .optional()
      .meta({ description: "Added to the rule's own limits, in the rule's unit.", examples: [-0.5] }),
  })
  .refine((o) => o.during !== undefined || o.except !== undefined || o.given !== undefined, {
    message: "say when it applies: during, except or given",
  })
  .refine(
    (o) =>
      [...REPLACED, "factor" as const, "shift" as const].filter((key) => o[key] !== undefined).length === 1,
    {
      message: "give the limits anew, or a factor, or a shift: one of them",
    },
  );

export const insteadSchema = z
  .array(entrySchema)
  .min(1)
  .max(8)
  .meta({
    description:
      "Limits that take the place of the rule's own at certain times: of a season, under a warning. The first that applies counts. Where nobody knows which applies, each may raise and all must clear.",
    examples: [[{ during: "flood-season", above: { yellow: 175, red: 176 } }]],
  });
export type InsteadOptions = z.output<typeof insteadSchema>[number];

/**
 * The condition that an entry puts in the place of a rule's own: the same kind with other limits.
 * Undefined, and a word why, when it cannot.
 */
export function replaced(
  entry: InsteadOptions,
  own: OneChannelOptions,
  key: OneChannelKey,
): { options: OneChannelOptions; path: string[] } | { wrong: string; path: string[] } {
  const given = REPLACED.find((candidate) => entry[candidate] !== undefined);
  if (given !== undefined) {
    return given === key
      ? { options: { [key]: entry[key] }, path: [key] }
      : { wrong: `the rule's own condition is ${key}: other limits must be of the same kind`, path: [given] };
  }
  const path = [entry.factor === undefined ? "shift" : "factor"];
  if (WITHOUT_LIMITS.has(key)) return { wrong: `${key} has no limits that could be moved`, path };
  const move: Move = { factor: entry.factor ?? 1, shift: entry.shift ?? 0 };
  return { options: { [key]: moved(own[key], key, move) }, path };
}

interface Move {
  readonly factor: number;
  readonly shift: number;
}

/** Keys that hold limits by colour or by stage. */
const GRADED: ReadonlySet<string> = new Set(["above", "below", "outside", "stages", "rise"]);
const GRADES: ReadonlySet<string> = new Set([
  ...["blue", "yellow", "orange", "red"],
  ...["attention", "warning", "guarantee", "historic"],
]);

/** Options with all limits moved, wherever the kind has them. */
function moved(options: unknown, key: string, move: Move): unknown {
  if (Array.isArray(options)) return options.map((one) => moved(one, key, move));
  if (typeof options !== "object" || options === null) return options;
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => {
      if (GRADED.has(key) && GRADES.has(name) && value !== undefined) return [name, movedLimit(value, move)];
      // A rate of rise is no level: what shifts levels leaves it, what tightens all by a share tightens it too.
      return [name, moved(value, name, name === "rise" ? { ...move, shift: 0 } : move)];
    }),
  );
}

function movedLimit(level: LimitOptions | SpanOptions, { factor, shift }: Move): LimitOptions | SpanOptions {
  if ("limit" in level) return { ...level, limit: level.limit * factor + shift };
  const { low, high } = level;
  return {
    ...level,
    ...(low === undefined ? {} : { low: low * factor + shift }),
    ...(high === undefined ? {} : { high: high * factor + shift }),
  };
}

import { z } from "zod";
import { durationSchema, textSchema } from "../../model/schema.ts";
import type { Text } from "../../model/text.ts";
import type { Micros } from "../../model/time.ts";
import type { Rule } from "../rule.ts";

/** One entry of `permits:`. */
export const permitSchema = z
  .strictObject({
    name: textSchema.meta({
      description: "What is permitted, as duty staff would say it.",
      examples: [{ zh: "动火作业", en: "hot work" }],
    }),
    rules: z
      .array(z.string().min(1))
      .min(1)
      .meta({
        description:
          "Rules that are in force only where such a permit is open: the tighter limits. All other rules go on.",
        examples: [["hot-work-gas"]],
      }),
    longest: durationSchema({ min: "1m", max: "7d" })
      .prefault("8h")
      .meta({ description: "Longest time that it can be opened for at once.", examples: ["8h"] }),
  })
  .meta({
    description: "A permit to work (作业票): a time-limited watch with tighter limits at a point or group.",
  });
export type PermitOptions = z.output<typeof permitSchema>;

/** A permit, ready to be opened. */
export interface Permit {
  readonly id: string;
  readonly name: Text;
  readonly rules: ReadonlySet<string>;
  readonly longest: Micros;
}

/** Something wrong with a permit; `path` counts from its own key. */
export interface PermitProblem {
  readonly permit: string;
  readonly path: (string | number)[];
  readonly message: string;
}

/** Compiles the permits of a site; rules that do not exist are reported. */
export function compilePermits(
  permits: Readonly<Record<string, PermitOptions>>,
  rules: readonly Rule[],
  report: (problem: PermitProblem) => void,
): Permit[] {
  return Object.entries(permits).map(([id, { name, rules: wanted, longest }]) => {
    for (const [i, rule] of wanted.entries()) {
      if (rules.some((one) => one.id === rule)) continue;
      report({ permit: id, path: ["rules", i], message: `there is no rule “${rule}” at work in this site` });
    }
    return { id, name, rules: new Set(wanted), longest };
  });
}

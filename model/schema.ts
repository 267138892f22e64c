import { z } from "zod";
import { ID_PATTERN } from "./id.ts";
import { type Micros, parseDuration } from "./time.ts";
import { UNITS, type Unit } from "./unit.ts";

/*
 * Building blocks of every options schema. An option is declared once: type, default, range, unit, description, example;
 * the parser, `tocsin check`, the JSON Schema for editors and the reference page all come from that declaration.
 */

/** An id: `[a-z0-9_-]{1,64}`. */
export const idSchema = z
  .string()
  .regex(ID_PATTERN, "an id has 1 to 64 of a-z, 0-9, _ and -")
  .meta({ description: "Stable id; never reused. Names are for people." });

/** Both languages; a single string stands for both. */
export const textSchema = z
  .union([z.string().min(1), z.strictObject({ zh: z.string().min(1), en: z.string().min(1) })])
  .transform((text) => (typeof text === "string" ? { zh: text, en: text } : text))
  .meta({
    description: "Words for people: `{ zh: 石羊沟断面, en: Shiyang section }`, or one string for both.",
  });

/** A unit of the closed table. */
export const unitSchema = z.enum(UNITS as [Unit, ...Unit[]]);

/** Bounds of a duration option. */
export interface DurationRange {
  /** As written in the file: `1s`. */
  min?: string;
  max?: string;
}

function micros(text: string): Micros {
  const span = parseDuration(text);
  if (span === undefined) throw new RangeError(`not a duration: ${text}`);
  return span;
}

/** A span of time such as `500ms`, `30s`, `1h30m`; parsed to microseconds. */
export function durationSchema(range: DurationRange = {}) {
  const min = range.min === undefined ? 0 : micros(range.min);
  const max = range.max === undefined ? Number.MAX_SAFE_INTEGER : micros(range.max);
  return z
    .string()
    .transform((text, context) => {
      const span = parseDuration(text);
      if (span === undefined) {
        context.addIssue({
          code: "custom",
          message: `not a duration; write for example 500ms, 30s, 5m, 1h30m or 2d`,
        });
        return z.NEVER;
      }
      if (span < min || span > max) {
        const bounds = [range.min && `at least ${range.min}`, range.max && `at most ${range.max}`];
        context.addIssue({ code: "custom", message: `must be ${bounds.filter(Boolean).join(" and ")}` });
        return z.NEVER;
      }
      return span;
    })
    .meta({ examples: ["30s"], pattern: "^(\\d+(\\.\\d+)?(us|ms|min|s|m|h|d))+$", durationRange: range });
}

/** Bytes such as `512MB` or `8GiB`; parsed to a number. */
export const bytesSchema = z
  .string()
  .regex(/^\d+(\.\d+)?\s*(B|kB|MB|GB|KiB|MiB|GiB)$/, "write a size such as 512MB or 8GiB")
  .transform((text) => {
    const match = /^([\d.]+)\s*(\w+)$/.exec(text);
    return Math.round(Number(match?.[1]) * (BYTE_UNITS[match?.[2] ?? ""] ?? Number.NaN));
  })
  .meta({ examples: ["8GiB"] });

const BYTE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

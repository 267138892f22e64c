import { z } from "zod";
import { REASON_NAMES, type ReasonName } from "../../model/quality.ts";
import { durationSchema, idSchema } from "../../model/schema.ts";
import { type ValueMapping, valueSchema } from "../value.ts";
import { DATA_COMMANDS, DATA_KINDS, type DataKind } from "./commands.ts";

/*
 * How a profile's channels stand in reports of HJ 212.
 */

const REAL_TIME_FIELD = /^(Zs)?Rtd$/;

const channelSchema = z
  .strictObject({
    code: z
      .string()
      .regex(/^[A-Za-z0-9]{1,12}$/, "write a factor's code, such as a21028 or 011")
      .meta({
        description:
          "Code of the factor: HJ 212-2017 with a letter (`a21028` hydrogen sulfide), the edition of 2005 without (`05`).",
        examples: ["a21028"],
      }),
    field: z
      .string()
      .regex(/^[A-Za-z]{0,16}$/, "write the letters behind the dash: Rtd, Avg, Min, Max, Cou")
      .refine(
        (field) => field !== "Flag" && field !== "SampleTime",
        "says something about a value and is none",
      )
      .default("Rtd")
      .meta({ description: "Which value: `Rtd`, `Avg`, `Min`, `Max`, `Cou`, `ZsRtd`, `ZsAvg`, …" }),
    data: z
      .union([z.enum(DATA_KINDS), z.number().int().min(1).max(8_999)])
      .optional()
      .meta({
        description:
          "Which reports carry it, by kind or by command number: `real-time` (2011), `minute` (2051), `hour` (2061), `day` (2031), or `2021`. Default for `Rtd`: `real-time`.",
        examples: ["minute", 2021],
      }),
    ...valueSchema.shape,
  })
  .superRefine(({ field, data }, context) => {
    if (data !== undefined || REAL_TIME_FIELD.test(field)) return;
    context.addIssue({
      code: "custom",
      path: ["data"],
      message: `say in which reports ${field === "" ? "it" : field} comes: data: minute, hour, day or a command number`,
    });
  });
/** How one channel stands in reports. */
export type Hj212Channel = z.output<typeof channelSchema>;

const reasonSchema = z.enum(REASON_NAMES as [ReasonName, ...ReasonName[]]);

/** How a profile's channels stand in reports of a data logger of HJ 212. */
export const hj212SectionSchema = z.strictObject({
  interval: z.enum(["start", "end"]).default("start").meta({
    description:
      "Which end of its interval the DataTime of minute, hourly and daily data names. A reading's time is the interval's end.",
  }),
  minute: durationSchema({ min: "1m", max: "1h" })
    .prefault("10m")
    .meta({ description: "Interval of minute data, as the logger is set.", examples: ["10m"] }),
  flags: z
    .record(z.string().regex(/^[A-Za-z0-9]$/, "a flag is one letter or digit"), reasonSchema)
    .default({})
    .meta({ description: "Data flags that the standard does not have, or that mean something else here." }),
  channels: z
    .record(idSchema, channelSchema)
    .refine((channels) => Object.keys(channels).length > 0, "a logger reports at least one value"),
});
export type Hj212Section = z.output<typeof hj212SectionSchema>;

/** The command that carries a channel. */
export function commandOf({ data }: Hj212Channel): number {
  return typeof data === "number" ? data : DATA_COMMANDS[data ?? "real-time"];
}

/** The kind of report that carries a channel; undefined for a command by number. */
export function kindOf(cn: number): DataKind | undefined {
  return DATA_KINDS.find((kind) => DATA_COMMANDS[kind] === cn);
}

/** The value mapping of a channel. */
export function valueMapping(channel: Hj212Channel): ValueMapping {
  const { scale, offset, codes, unit, states } = channel;
  return {
    scale,
    offset,
    codes,
    ...(unit === undefined ? {} : { unit }),
    ...(states === undefined ? {} : { states }),
  };
}

/** Two channels of a section that are the same value. */
export function sectionProblems(section: Hj212Section): { path: string[]; message: string }[] {
  const problems: { path: string[]; message: string }[] = [];
  const taken = new Map<string, string>();
  for (const [local, channel] of Object.entries(section.channels)) {
    const place = `${channel.code}-${channel.field} of ${commandOf(channel)}`;
    const other = taken.get(place);
    if (other === undefined) taken.set(place, local);
    else problems.push({ path: ["channels", local], message: `${place} is ${other} already` });
  }
  return problems;
}

import { z } from "zod";
import { idSchema } from "../../model/schema.ts";
import { type ValueMapping, valueSchema } from "../value.ts";

const channelSchema = z
  .strictObject({
    metric: z
      .string()
      .min(1)
      .meta({
        description:
          "The metric's name, within the device's `folder` when it has one. A member of a template: the template's name, `/`, the member's.",
        examples: ["Gas/LEL", "Pump 1/Speed"],
      }),
    column: z.string().min(1).optional().meta({ description: "For a dataset: the column." }),
    row: z.number().int().nonnegative().optional().meta({
      description: "For a dataset: the row, from 0. Default: the first.",
    }),
    ...valueSchema.shape,
  })
  .refine((channel) => channel.row === undefined || channel.column !== undefined, {
    path: ["row"],
    message: "row belongs to column",
  });
/** What a channel is taken from. */
export type SparkplugChannel = z.output<typeof channelSchema>;

/** How a profile's channels stand in the metrics of a Sparkplug B node or device. */
export const sparkplugSectionSchema = z.strictObject({
  channels: z
    .record(idSchema, channelSchema)
    .refine((channels) => Object.keys(channels).length > 0, "a device has at least one metric"),
});
export type SparkplugSection = z.output<typeof sparkplugSectionSchema>;

/** The value mapping of a channel. */
export function valueMapping(channel: SparkplugChannel): ValueMapping {
  const { scale, offset, codes, unit, states } = channel;
  return {
    scale,
    offset,
    codes,
    ...(unit === undefined ? {} : { unit }),
    ...(states === undefined ? {} : { states }),
  };
}

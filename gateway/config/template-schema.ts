import { z } from "zod";
import { idSchema } from "../../model/schema.ts";

const anything = z.record(z.string(), z.unknown());

/** One entry of `templates:`. What it brings is checked once the columns are filled in, as if it were written out. */
export const templateSchema = z
  .strictObject({
    points: anything.optional().meta({ description: "Points that each instance brings." }),
    devices: anything.optional().meta({ description: "Devices that each instance brings." }),
    groups: anything.optional().meta({ description: "Groups that each instance brings." }),
    rules: anything.optional().meta({ description: "Rules that each instance brings." }),
    packs: anything.optional().meta({ description: "Rule packs that each instance uses." }),
  })
  .meta({
    description: `What many places have in common; \`\${column}\` stands for a cell of the instance table, in keys too.`,
  });

/** One entry of `instances:`. */
export const instanceSchema = z
  .strictObject({
    template: idSchema.meta({ description: "The template.", examples: ["home"] }),
    from: z
      .string()
      .min(1)
      .meta({
        description:
          "CSV file (UTF-8) relative to this file: a heading, one row an instance. The column `id` names the instance.",
        examples: ["homes.csv"],
      }),
    override: z
      .record(z.string(), templateSchema)
      .optional()
      .meta({
        description: "What is different for one row, by its id; laid over what the template brings.",
        examples: [{ "home-017": { points: { "home-017": { stage: "commissioning" } } } }],
      }),
  })
  .meta({ description: "A template with a table of instances." });

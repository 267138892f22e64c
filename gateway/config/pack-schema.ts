import { z } from "zod";
import { idSchema } from "../../model/schema.ts";
import { appliesSchema } from "../../rules/subjects.ts";

const { domain, point, group, device, profile, link } = appliesSchema.shape;
const anything = z.record(z.string(), z.unknown());

/** One entry of `packs:`. The rules it brings are checked once they are put together, as if they were written out. */
export const packUseSchema = z
  .strictObject({
    pack: idSchema.optional().meta({
      description: "The pack. Default: the one that is called as this entry.",
      examples: ["geohazard"],
    }),
    applies: z.strictObject({ domain, point, group, device, profile, link }).optional().meta({
      description: "Narrows all rules of the pack to these channels. Default: the whole site.",
    }),
    set: anything.optional().meta({
      description: "Parameters of the pack, by name: what only the site can know.",
      examples: [{ uniformVelocity: 0.4, minimumVelocity: 0.1 }],
    }),
    rules: z
      .record(idSchema, anything)
      .optional()
      .meta({
        description:
          "What is different for single rules, laid over the pack's; `null` takes an option out, `enabled: false` the whole rule.",
        examples: [{ combustible: { above: { yellow: 8 } } }],
      }),
  })
  .meta({ description: "A rule pack in use. Its rules are called `<this entry>-<rule>`." });

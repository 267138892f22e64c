import { z } from "zod";
import { TOCSIN_LEVEL, topicProblem } from "../../drivers/mqtt/topic.ts";
import { pathSchema } from "../../drivers/payload/path.ts";
import { durationSchema, idSchema, textSchema, unitSchema } from "../../model/schema.ts";

/** Levels of one source: a warning has four colours and none. */
const MOST_LEVELS = 16;

const topicSchema = z.string().superRefine((topic, context) => {
  const problem =
    topicProblem(topic) ??
    (topic.startsWith("$") || topic.split("/")[0] === TOCSIN_LEVEL
      ? `the topic begins with a name other than ${TOCSIN_LEVEL}`
      : undefined);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});

const word = z.union([z.string().min(1), z.number()]);

/** One entry of `outside:`. */
export const outsideSchema = z
  .strictObject({
    name: textSchema.meta({
      description: "What it is called.",
      examples: [{ zh: "暴雨预警", en: "Rainstorm warning" }],
    }),
    levels: z
      .array(z.string().min(1).max(64))
      .min(2)
      .max(MOST_LEVELS)
      .optional()
      .meta({
        description: "What it may say, from the least to the most. Without levels it says numbers.",
        examples: [["none", "blue", "yellow", "orange", "red"]],
      }),
    unit: unitSchema.optional().meta({ description: "Of numbers: their unit.", examples: ["mm"] }),
    range: z
      .strictObject({
        low: z.number().meta({ description: "Lowest number that is believed.", examples: [0] }),
        high: z.number().meta({ description: "Highest number that is believed.", examples: [500] }),
      })
      .refine(({ low, high }) => low < high, { message: "low must be below high" })
      .optional()
      .meta({ description: "Of numbers: what is outside cannot be meant." }),
    validFor: durationSchema({ min: "1m", max: "7d" }).meta({
      description:
        "How long a message counts at most, from its own time of issue or, without one, from its arrival.",
      examples: ["6h"],
    }),
    otherwise: word.optional().meta({
      description:
        "What holds while nothing valid is known: for who speaks only when there is a warning. Without it nobody knows then, and rules take what is stricter.",
      examples: ["none"],
    }),
    mqtt: z
      .strictObject({
        link: idSchema.meta({ description: "The broker: a link of type mqtt-broker or mqtt-client." }),
        topic: topicSchema.meta({ description: "Where it is published.", examples: ["weather/wushan/rain"] }),
        users: z
          .array(z.string().min(1))
          .min(1)
          .optional()
          .meta({
            description: "On the embedded broker: its users who alone may publish there.",
            examples: [["weather"]],
          }),
        value: pathSchema.optional().meta({
          description: "Where the level or number stands in JSON. Default: the payload is the word itself.",
          examples: ["data.level"],
        }),
        words: z
          .record(z.string(), word)
          .optional()
          .meta({
            description: "Other words for levels or numbers, as the sender writes them.",
            examples: [{ "0": "red", "1": "orange", "2": "yellow", "3": "blue", "4": "none" }],
          }),
        issued: pathSchema.optional().meta({
          description:
            "Where the time of issue stands: RFC 3339, the site's local time, or Unix seconds or milliseconds.",
          examples: ["data.issued"],
        }),
        until: pathSchema.optional().meta({
          description: "Where the end of validity stands, written as `issued`.",
          examples: ["data.until"],
        }),
      })
      .refine((o) => o.value !== undefined || (o.issued === undefined && o.until === undefined), {
        message: "times stand in JSON: say where the value stands in it",
      })
      .optional()
      .meta({ description: "It comes over MQTT." }),
    http: z
      .strictObject({
        users: z
          .array(idSchema)
          .min(1)
          .meta({ description: "Who of `http.users` may say it.", examples: [["weather"]] }),
      })
      .optional()
      .meta({ description: "It comes by `POST /api/outside/<id>`." }),
  })
  .refine((o) => o.mqtt !== undefined || o.http !== undefined, {
    message: "say how it comes: mqtt, http or both",
  })
  .refine((o) => o.levels === undefined || (o.unit === undefined && o.range === undefined), {
    message: "levels have neither unit nor range",
  })
  .meta({
    description: "Something that no instrument of the site measures: a weather warning, forecast rain.",
  });
export type OutsideOptions = z.output<typeof outsideSchema>;

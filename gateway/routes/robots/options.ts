import { z } from "zod";
import { durationSchema } from "../../../model/schema.ts";
import { SEVERITIES } from "../../../model/severity.ts";
import { LANGUAGES } from "../../../model/text.ts";
import { secretSchema, tlsSchema, urlSchema } from "../../sinks/options.ts";
import { routeShape } from "../options.ts";

/** Where merging may begin: a robot takes 18 messages a minute, and some of them are left for digests and for red. */
const MOST_SINGLE = 15;

/** When messages to people are merged; for every kind of route that people read. */
export const digestSchema = z
  .strictObject({
    from: z.int().min(2).max(MOST_SINGLE).default(MOST_SINGLE).meta({
      description: "From this message of a minute on, what is not red waits for a digest.",
    }),
    every: durationSchema({ min: "1s", max: "1h" })
      .prefault("30s")
      .meta({ description: "A digest goes out so long after the oldest event in it." }),
    quiet: durationSchema({ max: "1d" }).prefault("10m").meta({
      description:
        "The same step of the same alarm within this time is a repetition and goes into the digest; red never.",
    }),
  })
  .prefault({})
  .meta({ description: "How a flood is merged before it reaches people. Red always goes by itself." });

/** Options of a chat robot; `base` is where its maker's service is. */
function robotSchema(base: string, more: z.ZodRawShape = {}) {
  return z.strictObject({
    ...routeShape({ severity: "yellow" }),
    url: urlSchema
      .default(base)
      .meta({ description: "Address of the service, without the robot's own key." }),
    token: secretSchema.meta({
      description: "The robot's key, as it stands at the end of its webhook address.",
      examples: ["env:ROBOT_TOKEN"],
    }),
    ...more,
    keyword: z
      .string()
      .min(1)
      .max(40)
      .optional()
      .meta({
        description: "Word that the robot asks for in every message, if that is its protection.",
        examples: ["警钟"],
      }),
    mentionAll: z
      .enum(SEVERITIES)
      .optional()
      .meta({
        description:
          "From this severity on everybody in the group is called (@所有人) when an alarm begins or worsens.",
        examples: ["red"],
      }),
    languages: z
      .array(z.enum(LANGUAGES))
      .min(1)
      .default([...LANGUAGES])
      .meta({ description: "Languages of the messages, in this order.", examples: [["zh"]] }),
    digest: digestSchema,
    tls: tlsSchema.optional().meta({ description: "For https: whom to trust." }),
  });
}

const secret = secretSchema.optional().meta({
  description: "Key of the signature, where the robot's protection is 加签; the clock must then be right.",
  examples: ["env:ROBOT_SECRET"],
});

export const dingtalkSchema = robotSchema("https://oapi.dingtalk.com/robot/send", { secret }).meta({
  title: "dingtalk",
});
export const feishuSchema = robotSchema("https://open.feishu.cn/open-apis/bot/v2/hook", { secret }).meta({
  title: "feishu",
});
export const wecomSchema = robotSchema("https://qyapi.weixin.qq.com/cgi-bin/webhook/send").meta({
  title: "wecom",
});

/** Parsed options of a robot. */
export type RobotOptions = z.output<ReturnType<typeof robotSchema>> & {
  /** Reference to the key of the signature, for those that have one. */
  readonly secret?: string | undefined;
};

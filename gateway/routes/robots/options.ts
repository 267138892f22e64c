import { z } from "zod";
import { SEVERITIES } from "../../../model/severity.ts";
import { LANGUAGES } from "../../../model/text.ts";
import { secretSchema, tlsSchema, urlSchema } from "../../sinks/options.ts";
import { digestSchema, routeShape } from "../options.ts";

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

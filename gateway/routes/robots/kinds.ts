import type { RouteKind } from "../route.ts";
import { dingtalkSchema, feishuSchema, wecomSchema } from "./options.ts";

/** Chat robots. They are additional: none of them proves that a person has read the message. */
export const robotKinds: readonly RouteKind[] = [
  {
    type: "dingtalk",
    summary: "A group's robot in DingTalk (钉钉).",
    options: dingtalkSchema,
    load: async () => (await import("./robot.ts")).robotOf((await import("./dingtalk.ts")).dingtalk),
  },
  {
    type: "feishu",
    summary: "A group's robot in Feishu (飞书).",
    options: feishuSchema,
    load: async () => (await import("./robot.ts")).robotOf((await import("./feishu.ts")).feishu),
  },
  {
    type: "wecom",
    summary: "A group's robot in WeCom (企业微信).",
    options: wecomSchema,
    load: async () => (await import("./robot.ts")).robotOf((await import("./wecom.ts")).wecom),
  },
];

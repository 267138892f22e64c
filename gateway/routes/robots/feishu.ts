import { createHmac } from "node:crypto";
import { MINUTE, type Micros, SECOND } from "../../../model/time.ts";
import type { RobotTemplate } from "./template.ts";

/** Feishu's signature (签名校验): of nothing, keyed with the seconds and the secret; key and message stand the other way round than usual. */
export function feishuSign(secret: string, wall: Micros): { timestamp: string; sign: string } {
  const timestamp = String(Math.floor(wall / SECOND));
  return { timestamp, sign: createHmac("sha256", `${timestamp}\n${secret}`).digest("base64") };
}

/** 自定义机器人 of a Feishu group. 100 messages a minute and 5 a second. */
export const feishu: RobotTemplate = {
  name: "Feishu",
  limits: [
    { most: 4, within: SECOND },
    { most: 90, within: MINUTE },
  ],
  // The whole body may have 20 KB.
  mostTextBytes: 15_000,
  request({ text, all, url, token, secret, wall }) {
    const called = all ? `<at user_id="all">所有人</at> ${text}` : text;
    return {
      url: `${url}/${encodeURIComponent(token)}`,
      body: {
        ...(secret === undefined ? {} : feishuSign(secret, wall)),
        msg_type: "text",
        content: { text: called },
      },
    };
  },
  codeFields: ["code", "StatusCode"],
  codes: {
    9499: { meaning: "refused" },
    11232: { meaning: "limit", wait: 10 * SECOND },
    19021: {
      meaning: "setup",
      hint: "check secret and this machine's clock: it must be right within an hour",
    },
    19022: { meaning: "setup", hint: "this machine's address is not on the robot's list" },
    19024: { meaning: "setup", hint: "the robot asks for a keyword: set `keyword`" },
  },
};

import { MINUTE } from "../../../model/time.ts";
import type { RobotTemplate } from "./template.ts";

/** 群机器人 of a WeCom group. 20 messages a minute, 2,048 bytes each; the key in the address is its only protection. */
export const wecom: RobotTemplate = {
  name: "WeCom",
  limits: [{ most: 18, within: MINUTE }],
  mostTextBytes: 2_048,
  request({ text, all, url, token }) {
    return {
      url: `${url}?key=${encodeURIComponent(token)}`,
      body: { msgtype: "text", text: { content: text, ...(all ? { mentioned_list: ["@all"] } : {}) } },
    };
  },
  codeFields: ["errcode"],
  codes: {
    45009: { meaning: "limit", wait: MINUTE },
    93000: { meaning: "setup", hint: "the key is wrong, or the robot has been removed" },
  },
};

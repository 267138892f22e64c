import { createHmac } from "node:crypto";
import { MILLISECOND, MINUTE, type Micros } from "../../../model/time.ts";
import type { RobotTemplate } from "./template.ts";

/**
 * DingTalk's signature (加签): the milliseconds and the secret, keyed with the secret, in base64, fit for an address.
 * `timestamp` must be within an hour of the service's clock.
 */
export function dingtalkSign(secret: string, wall: Micros): { timestamp: string; sign: string } {
  const timestamp = String(Math.floor(wall / MILLISECOND));
  const mac = createHmac("sha256", secret).update(`${timestamp}\n${secret}`, "utf8").digest("base64");
  return { timestamp, sign: encodeURIComponent(mac) };
}

/** 自定义机器人 of a DingTalk group. 20 messages a minute; who sends more is blocked for ten minutes. */
export const dingtalk: RobotTemplate = {
  name: "DingTalk",
  limits: [{ most: 18, within: MINUTE }],
  // The whole body may have 20 KB; line breaks and quotes grow in JSON.
  mostTextBytes: 15_000,
  request({ text, all, url, token, secret, wall }) {
    let address = `${url}?access_token=${encodeURIComponent(token)}`;
    if (secret !== undefined) {
      const { timestamp, sign } = dingtalkSign(secret, wall);
      address += `&timestamp=${timestamp}&sign=${sign}`;
    }
    return { url: address, body: { msgtype: "text", text: { content: text }, at: { isAtAll: all } } };
  },
  codeFields: ["errcode"],
  codes: {
    130101: { meaning: "limit", wait: 10 * MINUTE },
    310000: {
      meaning: "setup",
      hint: "the robot's protection: check secret, keyword and the list of addresses, and this machine's clock",
    },
    300001: { meaning: "setup", hint: "the token is wrong" },
  },
};

import { z } from "zod";
import { payloadMessageSchema } from "../payload/profile.ts";

/*
 * How a profile's channels stand in uplinks. What a message's paths walk through:
 * `data` is what the codec made of the bytes; `radio` has rssi (dBm) and snr (dB) of the gateway that heard it best, and how many
 * `gateways` did; `status` has battery (%) and margin (dB), where the network asks devices for them; `port` and `counter`.
 */

/** How the channels of a LoRaWAN device stand in its uplinks. */
export const lorawanSectionSchema = z
  .strictObject({
    codec: z
      .string()
      .regex(/\.(c?js)$/, "name a JavaScript file, such as codecs/vendor.js")
      .optional()
      .meta({
        description:
          "JavaScript file with `decodeUplink`, `Decoder` or `Decode`, from the folder of the profile. Without it the network server's own decoding is taken.",
        examples: ["codecs/vendor.js"],
      }),
    messages: z.array(payloadMessageSchema).min(1).meta({
      description:
        "As in `payload`; paths begin with data, radio, status, port or counter, such as data.gas or radio.rssi.",
    }),
  })
  .superRefine((section, context) => {
    for (const [index, message] of section.messages.entries()) {
      const own = (["device", "time"] as const).find((key) => message[key] !== undefined);
      const key =
        own ?? (message.suffix !== "" ? "suffix" : message.format === "plain" ? "format" : undefined);
      if (message.each?.device !== undefined) {
        context.addIssue({
          code: "custom",
          path: ["messages", index, "each", "device"],
          message: "uplinks have no each.device: the network says who speaks",
        });
      }
      if (key === undefined) continue;
      context.addIssue({
        code: "custom",
        path: ["messages", index, key],
        message: `uplinks have no ${key}: the network says who speaks and when`,
      });
    }
  });
export type LorawanSection = z.output<typeof lorawanSectionSchema>;

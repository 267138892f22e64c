import { z } from "zod";
import { durationSchema } from "../../../model/schema.ts";
import { LANGUAGES } from "../../../model/text.ts";
import { secretSchema } from "../../sinks/options.ts";
import { digestSchemaOf, routeShape } from "../options.ts";

/** Options of `type: sms`. */
export const smsSchema = z
  .strictObject({
    ...routeShape({ severity: "orange", classes: ["danger", "fault", "monitoring"] }),
    deadline: durationSchema({ min: "5s", max: "5m" }).prefault("2m").meta({
      description:
        "A message that the network has not taken for all numbers by then has failed, and is sent again to those that are left.",
    }),
    path: z
      .string()
      .min(1)
      .meta({
        description: "Serial port of the modem's AT commands. A USB modem has several: often the third.",
        examples: ["/dev/serial/by-id/usb-Quectel_EC20-if02-port0"],
      }),
    baudRate: z.int().min(300).max(4_000_000).default(115_200).meta({ description: "Bits a second." }),
    to: z
      .array(secretSchema)
      .min(1)
      .max(20)
      .meta({
        description:
          "Telephone numbers, by reference; a secret may hold several, with commas or line breaks between them. They appear nowhere, in logs with their middle left out.",
        examples: [["env:DUTY_PHONES"]],
      }),
    pin: secretSchema
      .optional()
      .meta({ description: "PIN of the SIM, if it asks for one. Tried once.", examples: ["env:SIM_PIN"] }),
    language: z
      .enum(LANGUAGES)
      .default("zh")
      .meta({ description: "Language of the messages; one has to do in 70 characters." }),
    parts: z.int().min(1).max(4).default(1).meta({
      description:
        "Messages that one text may take. With 1 it is a short text of at most 70 characters; with more the whole text with guidance, 67 characters a part, each paid for.",
    }),
    report: z
      .boolean()
      .default(true)
      .meta({ description: "Ask the network to report whether the telephone got it; counted and logged." }),
    validity: durationSchema({ min: "5m", max: "30d" })
      .prefault("1d")
      .meta({
        description: "How long the network keeps trying to reach a telephone that is off.",
        examples: ["6h"],
      }),
    perMinute: z.int().min(1).max(60).default(20).meta({
      description: "Messages a minute, over all numbers. A modem takes three to six seconds for each.",
    }),
    perHour: z.int().min(10).max(1_000).default(120).meta({
      description:
        "Messages an hour; operators block SIMs that send more than they like. Red goes beyond it, within `perMinute`.",
    }),
    watch: durationSchema({ min: "1s", max: "10m" })
      .prefault("30s")
      .meta({ description: "How often an idle modem is asked for signal and registration." }),
    digest: digestSchemaOf({ from: 4, every: "2m", quiet: "30m" }),
  })
  .meta({ title: "sms" });

/** Parsed options of text messages. */
export type SmsOptions = z.output<typeof smsSchema>;

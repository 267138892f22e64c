import { z } from "zod";
import { durationSchema, idSchema } from "../../../model/schema.ts";
import { routeShape } from "../options.ts";

/** When something sounds or shines. */
export const ANNUNCIATES = ["unattended", "active", "present"] as const;

function annunciator(what: string, standard: (typeof ANNUNCIATES)[number]) {
  return z
    .strictObject({
      output: idSchema.meta({
        description: "Output of the device that switches it; the device's `writes` must allow it.",
        examples: ["relay_1"],
      }),
      pulse: idSchema.optional().meta({
        description:
          "Output that switches it on for so many seconds and off by itself: the board's own timer, as a dead man's switch. Without it what is on stays on when the gateway is gone.",
        examples: ["pulse_1"],
      }),
      while: z.enum(ANNUNCIATES).default(standard).meta({
        description:
          "`unattended`: nobody has acknowledged, even if the danger has passed; `active`: the danger is there; `present`: either, or a latch waits for reset.",
      }),
    })
    .optional()
    .meta({ description: what });
}

/** Options of `type: siren`. */
export const sirenSchema = z
  .strictObject({
    ...routeShape({ severity: "red", classes: ["danger"] }),
    deadline: durationSchema({ min: "5s", max: "5m" }).prefault("30s").meta({
      description: "Switching that has not been confirmed by then has failed, and is done again.",
    }),
    device: idSchema.meta({ description: "The relay board.", examples: ["relays"] }),
    sounder: annunciator("What makes a noise; the button silences it.", "unattended"),
    beacon: annunciator("What shines; no button darkens it.", "present"),
    hold: durationSchema({ min: "2s", max: "10m" })
      .prefault("30s")
      .meta({ description: "Length of a pulse: how long after the gateway's end it switches by itself." }),
    every: durationSchema({ min: "1s", max: "5m" })
      .prefault("10s")
      .meta({ description: "How often everything is written and read back again, pulses begun anew." }),
    wiring: z.enum(["normal", "inverted"]).default("normal").meta({
      description:
        "`inverted`: a relay that is on keeps it quiet, so that it sounds when the gateway, the board or the cable fails. Needs pulses.",
    }),
    silence: z
      .string()
      .regex(/^[a-z0-9_-]+(\.[a-z0-9_-]+)+$/, "write device.channel")
      .optional()
      .meta({
        description:
          "Channel of a button: when it goes from off to on the sounder falls silent until the next alarm.",
        examples: ["relays.input_1"],
      }),
  })
  .superRefine((siren, context) => {
    const report = (path: string, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    const parts = [siren.sounder, siren.beacon].filter((part) => part !== undefined);
    if (parts.length === 0) report("sounder", "a sounder or a beacon, or both");
    if (siren.wiring === "inverted" && parts.some((part) => part.pulse === undefined))
      report("wiring", "inverted wiring needs a pulse for each, or it could never fail loud");
    if (parts.some((part) => part.pulse !== undefined) && siren.hold < 2 * siren.every)
      report("hold", "must be at least twice `every`, or one slow write would interrupt it");
  })
  .meta({ title: "siren" });

/** Parsed options of a siren. */
export type SirenOptions = z.output<typeof sirenSchema>;

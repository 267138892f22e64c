import { z } from "zod";
import { durationSchema, idSchema } from "../../model/schema.ts";
import { SEVERITIES, type Severity } from "../../model/severity.ts";

/** Steps of a case that have a deadline, in their order. */
export const CASE_STEPS = ["acknowledge", "respond", "close"] as const;
export type CaseStep = (typeof CASE_STEPS)[number];

/** How a case may have come about; said by whoever closes it. */
export const CASE_CAUSES = ["real", "false", "test", "maintenance", "duplicate", "unknown"] as const;
export type CaseCause = (typeof CASE_CAUSES)[number];

const NONE = "none";
function least(standard: Severity | typeof NONE, whose: string) {
  return z
    .enum([...SEVERITIES, NONE])
    .default(standard)
    .meta({ description: `From which severity on alarms of ${whose}; \`none\`: never.` });
}

const spans = { min: "1s", max: "366d" } as const;

function deadlines(standard: Partial<Record<CaseStep, string>>, whose: string) {
  const step = (name: CaseStep, description: string) => {
    const schema = durationSchema(spans);
    const text = standard[name];
    return (text === undefined ? schema.optional() : schema.prefault(text)).meta({ description });
  };
  return z
    .strictObject({
      acknowledge: step(
        "acknowledge",
        "Until every occurrence of the case is acknowledged, from its raise on.",
      ),
      respond: step("respond", "Until somebody is on the way, from the opening on."),
      close: step("close", "Until the case is closed with its report, from the opening on."),
    })
    .prefault({})
    .meta({ description: `Deadlines of ${whose} cases.` });
}

function groups(severity: string) {
  return z
    .array(idSchema)
    .default([])
    .meta({
      description: `Groups of people for ${severity} cases, in order.`,
      examples: [["duty", "chief"]],
    });
}

const HIGHEST_ATTEMPTS = 100;

/** 处置: how what people do about alarms is followed up. The spans are the site's own choice; no standard sets them. */
export const caseSettingsSchema = z
  .strictObject({
    open: z
      .strictObject({
        danger: least("yellow", "danger"),
        fault: least(NONE, "faults"),
        supervisory: least(NONE, "what needs looking after"),
        monitoring: least(NONE, "monitoring lost"),
      })
      .prefault({})
      .meta({
        description:
          "Which alarms that are announced to people open a case for their point, or join the one that is open.",
      }),
    deadlines: z
      .strictObject({
        red: deadlines({ acknowledge: "3m", respond: "10m", close: "1d" }, "red"),
        orange: deadlines({ acknowledge: "5m", respond: "30m", close: "3d" }, "orange"),
        yellow: deadlines({ acknowledge: "15m", respond: "2h", close: "7d" }, "yellow"),
        blue: deadlines({}, "blue"),
      })
      .prefault({})
      .meta({ description: "How long each step may take, by the severity of the case; left out: for ever." }),
    escalation: z
      .strictObject({
        red: groups("red"),
        orange: groups("orange"),
        yellow: groups("yellow"),
        blue: groups("blue"),
      })
      .prefault({})
      .meta({
        description:
          "Whom an overrun is told to: with each one the next group, at the end the last one again. Topics `escalation/<group>/…`.",
      }),
    again: durationSchema({ min: "10s", max: "30d" })
      .prefault("10m")
      .meta({ description: "An overrun that changes nothing is told again, to the next group, after this." }),
    attempts: z
      .int()
      .min(1)
      .max(HIGHEST_ATTEMPTS)
      .default(5)
      .meta({ description: "How often one step of one case is told as overrun at most." }),
  })
  .meta({ description: "处置: deadlines and escalation of what people do about alarms." });

/** Parsed settings; `caseSettingsSchema.parse({})` gives the defaults. */
export type CaseSettings = z.output<typeof caseSettingsSchema>;

import { z } from "zod";
import { durationSchema } from "../model/schema.ts";
import { SEVERITIES, type Severity } from "../model/severity.ts";

function severity(standard: Severity, description: string) {
  return z.enum(SEVERITIES).default(standard).meta({ description });
}

/** Alarms that are told again sooner than this are noise. */
function reAlarmTime(of: Severity) {
  return durationSchema({ min: "1m", max: "7d" })
    .optional()
    .meta({ description: `Time of ${of} alarms.`, examples: ["30m"] });
}

/** What applies to all alarms of a site, and the built-in rules. */
export const alarmSettingsSchema = z
  .strictObject({
    startupGrace: durationSchema({ max: "1h" }).prefault("60s").meta({
      description:
        "After a start, silence is judged this much later: links and instruments need time to come up.",
    }),
    outage: durationSchema({ min: "1s", max: "1d" }).prefault("60s").meta({
      description:
        "A link or device that its driver cannot reach for this long is an alarm even if its channels only speak when something happens.",
    }),
    futureBound: durationSchema({ min: "1s", max: "1d" })
      .prefault("10m")
      .meta({ description: "A reading dated further ahead than this is not believed: its time is refused." }),
    acknowledgeBlue: z
      .boolean()
      .default(false)
      .meta({ description: "Whether blue (attention) must be acknowledged like the others." }),
    monitoringLost: z
      .strictObject({ severity: severity("yellow", "Severity of *monitoring lost*.") })
      .prefault({})
      .meta({ description: "No usable reading for the stale time of a channel." }),
    instrumentFault: z
      .strictObject({
        severity: severity("yellow", "Severity of *instrument fault*."),
        onDelay: durationSchema({ max: "1h" })
          .prefault("5s")
          .meta({ description: "How long the instrument must report its fault." }),
        offDelay: durationSchema({ max: "1d" })
          .prefault("0s")
          .meta({ description: "How long it must have been sound again." }),
      })
      .prefault({})
      .meta({ description: "The instrument says that it is faulty: fault code, NaN, NE107 F." }),
    clockFault: z
      .strictObject({ severity: severity("blue", "Severity of *device clock wrong*.") })
      .prefault({})
      .meta({ description: "The time an instrument gives cannot be right." }),
    ruleFailed: z
      .strictObject({ severity: severity("orange", "Severity of *rule failed*.") })
      .prefault({})
      .meta({ description: "A rule could not be evaluated and was taken out; the others go on." }),
    shelving: z
      .strictObject({
        longest: durationSchema({ min: "1m", max: "7d" })
          .prefault("8h")
          .meta({
            description: "Longest time that an alarm can be shelved (搁置), once or for one occurrence.",
            examples: ["2h"],
          }),
      })
      .prefault({})
      .meta({ description: "People silence an alarm for a time." }),
    outOfService: z
      .strictObject({
        longest: durationSchema({ min: "1m", max: "90d" })
          .prefault("7d")
          .meta({
            description: "Longest time that a thing can be taken out of service (停用) at once.",
            examples: ["3d"],
          }),
      })
      .prefault({})
      .meta({ description: "People take instruments out for maintenance." }),
    outsideUnknown: z
      .strictObject({ severity: severity("yellow", "Severity of *nothing known from outside*.") })
      .prefault({})
      .meta({
        description:
          "No valid message of an outside source that states nothing for that case (`outside.*.otherwise`).",
      }),
    maintenanceDue: z
      .strictObject({ severity: severity("blue", "Severity of *proof test due*.") })
      .prefault({})
      .meta({ description: "An instrument was not proof-tested in its time (`proofTest` of the device)." }),
    reAlarm: z
      .strictObject({
        yellow: reAlarmTime("yellow"),
        orange: reAlarmTime("orange"),
        red: reAlarmTime("red"),
      })
      .prefault({})
      .meta({
        description:
          "An alarm that was acknowledged and is still active after this time must be acknowledged again. Default: never.",
      }),
    chattering: z
      .strictObject({
        raises: z.int().min(2).max(100).default(3).meta({ description: "So many raises of one alarm …" }),
        within: durationSchema({ min: "1s", max: "1h" })
          .prefault("60s")
          .meta({ description: "… within this time are chattering." }),
        quiet: durationSchema({ min: "1s", max: "1d" })
          .prefault("10m")
          .meta({ description: "It is over when the alarm was not raised for this long." }),
        severity: severity("blue", "Severity of *chattering alarm*."),
      })
      .prefault({})
      .meta({ description: "One alarm comes and goes. It is told once and hides nothing." }),
    flood: z
      .strictObject({
        begins: z
          .int()
          .min(2)
          .max(1_000)
          .default(10)
          .meta({ description: "More annunciations than this within the time begin a flood (ISA-18.2)." }),
        ends: z
          .int()
          .min(1)
          .max(1_000)
          .default(5)
          .meta({ description: "Fewer than this within the time end it." }),
        within: durationSchema({ min: "1m", max: "1d" })
          .prefault("10m")
          .meta({ description: "The time that both count in.", examples: ["10m"] }),
        severity: severity("yellow", "Severity of *alarm flood*."),
      })
      .refine(({ begins, ends }) => ends <= begins, {
        message: "a flood must end below where it begins",
        path: ["ends"],
      })
      .prefault({})
      .meta({ description: "More alarms than people can follow. It is told once and hides nothing." }),
    selfTestFailed: z
      .strictObject({ severity: severity("orange", "Severity of *self-test failed*.") })
      .prefault({})
      .meta({ description: "A test alarm through the whole chain was not acknowledged in time." }),
    journalFailed: z
      .strictObject({ severity: severity("orange", "Severity of *journal failed*.") })
      .prefault({})
      .meta({ description: "Nothing can be written to disk: readings are not acknowledged." }),
    sinkLost: z
      .strictObject({ severity: severity("yellow", "Severity of *readings lost to a sink*.") })
      .prefault({})
      .meta({ description: "Readings left the journal before a sink had them." }),
    alertRouteLost: z
      .strictObject({ severity: severity("orange", "Severity of *no receiver for alerts*.") })
      .prefault({})
      .meta({ description: "Nobody receives alert topics." }),
    writeFailed: z
      .strictObject({ severity: severity("orange", "Severity of *write to a device failed*.") })
      .prefault({})
      .meta({ description: "An output of a device does not show what was written to it." }),
    decoderFailed: z
      .strictObject({ severity: severity("yellow", "Severity of *decoder failed*.") })
      .prefault({})
      .meta({ description: "What several devices are decoded with gives nothing: nobody watches them." }),
  })
  .meta({ description: "What applies to all alarms of the site." });

/** Parsed settings; `alarmSettingsSchema.parse({})` gives the defaults. */
export type AlarmSettings = z.output<typeof alarmSettingsSchema>;
/** What the engine is given. */
export type EngineSettings = AlarmSettings;

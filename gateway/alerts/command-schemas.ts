import { z } from "zod";
import { CASE_CAUSES } from "../../rules/cases/settings.ts";
import { WORKS } from "../../rules/input.ts";
import { formatSchema, instant, text } from "./message-schemas.ts";
import { REQUEST_ID_MAX } from "./topics.ts";

/*
 * Commands from people and their results, as message-schemas.ts does for what the gateway says.
 */

/** What may be said by `command/<verb>`. */
export const COMMAND_VERBS = [
  "acknowledge",
  "reset",
  "resend",
  "shelve",
  "unshelve",
  "respond",
  "act",
  "close",
  "out-of-service",
  "return-to-service",
  "self-test",
  "proof-test",
  "open-permit",
  "close-permit",
  "write",
  "ask",
] as const;
/** Those that this version carries out; the others are refused as not supported. */
export const COMMANDS_SUPPORTED = [
  "acknowledge",
  "reset",
  "resend",
  "shelve",
  "unshelve",
  "out-of-service",
  "return-to-service",
  "write",
  "ask",
  "respond",
  "act",
  "close",
  "proof-test",
  "open-permit",
  "close-permit",
  "self-test",
] as const satisfies readonly (typeof COMMAND_VERBS)[number][];
export type CommandVerb = (typeof COMMAND_VERBS)[number];

const NOTE_MAX = 500;
/** Longest text of one fact, characters. */
export const FACT_MAX = 4_096;
/** Longest answer of a device as it came, characters; a report in packets can be megabytes. */
export const RAW_MAX = 65_536;
/** More than any request takes. */
const PARAMETERS_MAX = 32;

const commandShape = {
  id: z
    .string()
    .min(1)
    .max(REQUEST_ID_MAX)
    .meta({
      description: "Chosen by the sender, new for each command: the result comes on `command/result/<id>`.",
      examples: ["r-20260521-1"],
    }),
  expires: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({
      description: "After this instant the command is refused.",
      examples: ["2026-05-21T14:31:00+08:00"],
    }),
  issued: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({
      description:
        "When the person gave it. What silences, switches or asks is refused when that was longer ago than five minutes.",
      examples: ["2026-05-21T14:30:05+08:00"],
    }),
  note: z.string().max(NOTE_MAX).optional().meta({ description: "Kept with the event." }),
};

const occurrenceReferenceSchema = z.union([z.int().min(0), z.string().max(200)]).meta({
  description: "The occurrence that the person saw: `demo-o12` or 12. Another one is refused.",
  examples: ["demo-o12"],
});

/** Payload of `command/acknowledge` and `command/reset`. The user is the authenticated sender, never a field. */
export const alarmCommandSchema = z
  .strictObject({
    ...commandShape,
    occurrence: occurrenceReferenceSchema,
    rule: z
      .string()
      .max(200)
      .optional()
      .meta({ description: "With `subject`: names the alarm; otherwise the occurrence does." }),
    subject: z.string().max(400).optional(),
  })
  .refine((command) => (command.rule === undefined) === (command.subject === undefined), {
    message: "rule and subject go together",
    path: ["subject"],
  })
  .meta({ title: "alarm-command", description: "Acknowledges or resets one occurrence." });

const reason = z
  .string()
  .min(1)
  .max(NOTE_MAX)
  .meta({ description: "Why; kept with the event.", examples: ["探头已送检"] });
const ruleId = z.string().max(200);
const subjectKey = z.string().min(1).max(400);

/** An alarm: by the occurrence that the person saw, by rule and subject, or by all of these. */
const alarmNameShape = {
  occurrence: occurrenceReferenceSchema.optional(),
  rule: ruleId.optional().meta({ description: "With `subject`: names the alarm." }),
  subject: subjectKey.optional(),
};

function namesAlarm(command: {
  occurrence?: number | string | undefined;
  rule?: string | undefined;
  subject?: string | undefined;
}): boolean {
  const pair = command.rule !== undefined && command.subject !== undefined;
  return (
    (command.rule === undefined) === (command.subject === undefined) &&
    (pair || command.occurrence !== undefined)
  );
}
const NAMES_ALARM = {
  message: "name the alarm: by occurrence, or by rule and subject together",
  path: ["occurrence"],
};

/** Payload of `command/shelve`. */
export const shelveCommandSchema = z
  .strictObject({
    ...commandShape,
    ...alarmNameShape,
    minutes: z
      .number()
      .positive()
      .max(7 * 24 * 60)
      .optional()
      .meta({ description: "How long; the site sets the longest.", examples: [30] }),
    oneShot: z.literal(true).optional().meta({
      description:
        "Instead of minutes: until this occurrence, or the next one, has returned; never beyond the site's longest.",
    }),
    reason,
  })
  .refine(namesAlarm, NAMES_ALARM)
  .refine((command) => (command.minutes === undefined) !== (command.oneShot === undefined), {
    message: "give minutes or oneShot, one of them",
    path: ["minutes"],
  })
  .meta({
    title: "shelve-command",
    description:
      "Silences one alarm for a time. One that is normal is named by rule and subject, without an occurrence.",
  });

/** Payload of `command/unshelve`. */
export const unshelveCommandSchema = z
  .strictObject({ ...commandShape, ...alarmNameShape })
  .refine(namesAlarm, NAMES_ALARM)
  .meta({ title: "unshelve-command", description: "Ends shelving before its time." });

const thingKey = subjectKey.meta({
  description: "Key of the point, device, component or channel.",
  examples: ["gd-01", "point@well-3", "fp-1:l1d2", "gd-01.lel"],
});
const hours = z
  .number()
  .positive()
  .max(90 * 24)
  .meta({ description: "For how long; the site sets the longest.", examples: [4] });

/** Payload of `command/out-of-service`. */
export const outOfServiceCommandSchema = z
  .strictObject({
    ...commandShape,
    subject: thingKey,
    rule: ruleId.optional().meta({ description: "Only the alarm of this rule on the subject." }),
    hours,
    work: z.enum(WORKS).default("maintenance").meta({ description: "What is done to it." }),
    reason,
  })
  .meta({
    title: "out-of-service-command",
    description: "Takes a thing with its alarms out of service; it returns by itself, with notice.",
  });

/** Payload of `command/return-to-service`. */
export const returnToServiceCommandSchema = z
  .strictObject({
    ...commandShape,
    subject: thingKey,
    rule: ruleId.optional().meta({ description: "As it was taken out." }),
  })
  .meta({ title: "return-to-service-command", description: "Takes it back before its time." });

const caseReference = z.union([z.int().min(1), z.string().max(200)]).meta({
  description: "The case: `demo-c41` or 41.",
  examples: ["demo-c41"],
});
/** In Chinese three quarters of the longest payload. */
const REPORT_MAX = 2_000;

/** Payload of `command/respond`. */
export const respondCommandSchema = z.strictObject({ ...commandShape, case: caseReference }).meta({
  title: "respond-command",
  description: "Says that the sender, or who the note names, is on the way.",
});

/** Payload of `command/act`. */
export const actCommandSchema = z
  .strictObject({
    ...commandShape,
    case: caseReference,
    note: z
      .string()
      .min(1)
      .max(NOTE_MAX)
      .meta({ description: "What was done.", examples: ["已关闭上游阀门"] }),
  })
  .meta({ title: "act-command", description: "Notes what was done about a case." });

/** Payload of `command/close`. */
export const closeCommandSchema = z
  .strictObject({
    ...commandShape,
    case: caseReference,
    cause: z.enum(CASE_CAUSES).meta({ description: "How it came about." }),
    report: z.string().min(1).max(REPORT_MAX).meta({ description: "What happened and what was done." }),
  })
  .meta({
    title: "close-command",
    description:
      "Closes a case with its report. Refused while an occurrence waits for its acknowledgement; while a condition holds, but for the causes false, test and maintenance; and with cause real before anybody has responded.",
  });

/** Payload of `command/proof-test`. */
export const proofTestCommandSchema = z
  .strictObject({
    ...commandShape,
    subject: subjectKey.meta({ description: "The device that was tested.", examples: ["gd-01"] }),
  })
  .meta({ title: "proof-test-command", description: "Records that an instrument has been proof-tested." });

const placeKey = subjectKey.meta({
  description: "Key of the point or group.",
  examples: ["point@well-3", "group@old-street"],
});
const permitId = z
  .string()
  .min(1)
  .max(64)
  .meta({ description: "Id of the permit in the site file.", examples: ["hot-work"] });

/** Payload of `command/open-permit`. */
export const openPermitCommandSchema = z
  .strictObject({ ...commandShape, permit: permitId, subject: placeKey, hours, reason })
  .meta({
    title: "open-permit-command",
    description: "Opens a permit to work for a time: its rules are in force there meanwhile.",
  });

/** Payload of `command/close-permit`. */
export const closePermitCommandSchema = z
  .strictObject({ ...commandShape, permit: permitId, subject: placeKey })
  .meta({ title: "close-permit-command", description: "Closes it before its time." });

/** Payload of `command/self-test`. */
export const selfTestCommandSchema = z.strictObject(commandShape).meta({
  title: "self-test-command",
  description: "Sends a test alarm through the whole chain; acknowledge it as any other.",
});

/** Payload of `command/resend`. */
export const resendCommandSchema = z
  .strictObject({
    ...commandShape,
    from: z.int().min(0).meta({ description: "First sequence number that was missed." }),
    to: z.int().min(0).meta({ description: "Last one." }),
  })
  .refine((command) => command.from <= command.to, {
    message: "from must not be greater than to",
    path: ["to"],
  })
  .meta({ title: "resend-command", description: "Asks for missed events again, on their own topics." });

/** Payload of `command/write`. */
export const writeCommandSchema = z
  .strictObject({
    ...commandShape,
    device: z
      .string()
      .min(1)
      .max(64)
      .meta({ description: "Id of the device.", examples: ["gc-1"] }),
    output: z
      .string()
      .min(1)
      .max(64)
      .meta({ description: "Output of its profile that the site file allows.", examples: ["horn"] }),
    value: z
      .union([z.number(), z.string().min(1).max(64)])
      .meta({ description: "In the output's unit, or the name of a state.", examples: ["on", 20.5] }),
    reason,
  })
  .meta({
    title: "write-command",
    description: "Switches or sets an output of a device; it is read back before the result is sent.",
  });
export type WriteBody = z.output<typeof writeCommandSchema>;

/** Payload of `command/ask`. */
export const askCommandSchema = z
  .strictObject({
    ...commandShape,
    device: z
      .string()
      .min(1)
      .max(64)
      .meta({ description: "Id of the device.", examples: ["uitd-1"] }),
    request: z
      .string()
      .min(1)
      .max(64)
      .meta({ description: "What it is asked or told; `tocsin ask` lists them.", examples: ["device-time"] }),
    parameters: z
      .record(z.string().max(64), z.union([z.string().max(200), z.number(), z.boolean()]))
      .refine((parameters) => Object.keys(parameters).length <= PARAMETERS_MAX, "too many parameters")
      .default({})
      .meta({ description: "What the request takes.", examples: [{ minutes: 10 }] }),
    reason: reason.optional().meta({ description: "Why; required for what acts at the device." }),
  })
  .meta({
    title: "ask-command",
    description: "Asks a device something, or has it do it; its answer comes with the result.",
  });
export type AskBody = z.output<typeof askCommandSchema>;

/** Reasons for which a command is refused. */
export const REFUSALS = [
  "unknown-alarm",
  "wrong-occurrence",
  "not-active",
  "already-acknowledged",
  "condition-still-present",
  "not-acknowledged",
  "not-latched",
  "unknown-subject",
  "too-long",
  "not-shelved",
  "not-out-of-service",
  "unknown-permit",
  "not-open",
  "not-allowed",
  "device-failed",
  "unknown-case",
  "case-closed",
  "not-responded",
  "self-test-running",
  "not-supported",
  "invalid",
  "retained",
  "expired",
  "too-old",
  "unknown-age",
  "too-many",
  "busy",
  "failed",
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** `command/result/<id>`. */
export const resultMessageSchema = z
  .strictObject({
    format: formatSchema("result"),
    id: z.string().nullable().meta({ description: "Of the request; null when it had none." }),
    verb: z.string(),
    accepted: z.boolean(),
    reason: z.enum(REFUSALS).nullable().meta({ description: "Why it was refused." }),
    code: z
      .string()
      .optional()
      .meta({
        description: "Of `ask` that failed at the device: the code of the error.",
        examples: ["DEVICE_TIMEOUT"],
      }),
    durable: z.boolean().meta({ description: "Whether what was done is on disk." }),
    repeated: z.boolean().meta({
      description: "The same request had been carried out before and was not carried out again.",
    }),
    user: z.string().meta({ description: "Who the gateway takes the sender to be." }),
    time: instant("When it was answered."),
    resent: z
      .strictObject({
        from: z.int(),
        to: z.int().meta({ description: "Last number that was covered." }),
        messages: z.int().min(0),
        missing: z
          .int()
          .min(0)
          .meta({ description: "Numbers of the span that the alarm log does not hold any more." }),
        next: z.int().nullable().meta({
          description: "Where to go on when the span was too long for one request; null: all done.",
        }),
      })
      .optional()
      .meta({ description: "Of `resend`." }),
    answer: z
      .strictObject({
        facts: z.array(
          z.strictObject({
            of: z.string().optional().meta({ description: "What it is about, where there are several." }),
            id: z.string(),
            name: text("What it is called."),
            value: z
              .union([z.number(), z.string().max(FACT_MAX)])
              .nullable()
              .meta({ description: "Instants as RFC 3339; null: the device has none." }),
            text: text("With its unit."),
          }),
        ),
        raw: z
          .string()
          .max(RAW_MAX)
          .meta({ description: "As it came, or its beginning: hexadecimal, or the text that it is." }),
      })
      .optional()
      .meta({ description: "Of `ask`: what the device answered." }),
    text: text("For people."),
  })
  .meta({ title: "result", description: "What became of a command." });

export type ResultMessage = z.output<typeof resultMessageSchema>;

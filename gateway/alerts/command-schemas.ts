import { z } from "zod";
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
  "close",
  "out-of-service",
  "return-to-service",
  "self-test",
  "proof-test",
  "open-permit",
  "close-permit",
] as const;
/** Those that this version carries out; the others are refused as not supported. */
export const COMMANDS_SUPPORTED = [
  "acknowledge",
  "reset",
  "resend",
] as const satisfies readonly (typeof COMMAND_VERBS)[number][];
export type CommandVerb = (typeof COMMAND_VERBS)[number];

const NOTE_MAX = 500;

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
  "not-supported",
  "invalid",
  "retained",
  "expired",
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
    text: text("For people."),
  })
  .meta({ title: "result", description: "What became of a command." });

export type ResultMessage = z.output<typeof resultMessageSchema>;

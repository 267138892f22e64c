import { z } from "zod";
import { DOMAINS, MODES, STAGES } from "../../model/domain.ts";
import { QUALITY_NAMES, REASON_NAMES } from "../../model/quality.ts";
import { QUANTITIES, type Quantity } from "../../model/quantity.ts";
import { ALARM_CLASSES, type AlarmClass, SEVERITIES } from "../../model/severity.ts";
import { CASE_CAUSES, CASE_STEPS } from "../../rules/cases/settings.ts";
import { OUTSIDE_STATES } from "../../rules/circumstance/outside-inputs.ts";
import { ALARM_STATES, SILENCES, TRANSITIONS } from "../../rules/event.ts";

/*
 * The shape of everything on the alert topics, declared once: payloads are built to these types, tests validate every
 * published message with them, and the published JSON Schemas and the AsyncAPI document are made of them. Within one format
 * version fields are only ever added: receivers ignore what they do not know.
 */

/** Version of the formats; part of `format` in each message. It changes only when a field changes its meaning or goes. */
export const FORMAT_VERSION = 1;

const instantSchema = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/)
  .meta({ format: "date-time", examples: ["2026-05-21T06:30:05.000123Z"] });
/** An instant, RFC 3339 in UTC with microseconds. */
export const instant = (description: string) => instantSchema.meta({ description });

/** The same words in both languages. */
export const messageTextSchema = z.strictObject({ zh: z.string(), en: z.string() });
/** Words for people. */
export const text = (description: string) => messageTextSchema.meta({ description });

/** The field `format` of a message. */
export const formatSchema = (name: string) =>
  z
    .literal(`tocsin.${name}.${FORMAT_VERSION}`)
    .meta({ description: "What this message is, with the version of its form." });

const severitySchema = z.enum(SEVERITIES);
const namedSchema = z.strictObject({ id: z.string(), name: messageTextSchema });

const locationSchema = z.strictObject({
  longitude: z.number().optional().meta({ description: "WGS-84 (CGCS2000), degrees." }),
  latitude: z.number().optional().meta({ description: "WGS-84 (CGCS2000), degrees." }),
  height: z.number().optional().meta({ description: "Metres." }),
  building: z.string().optional(),
  floor: z.string().optional(),
  room: z.string().optional(),
  address: messageTextSchema.optional(),
});

const whereSchema = z
  .strictObject({
    point: namedSchema.meta({ description: "监测点: the place that is watched." }),
    subject: z
      .string()
      .meta({ description: "Key of what the rule watches, as in the topic.", examples: ["gd-01.lel"] }),
    kind: z
      .enum(["channel", "component", "device", "link", "point", "group", "gateway"])
      .meta({ description: "What the subject is." }),
    device: namedSchema.optional(),
    component: namedSchema.optional(),
    channel: namedSchema.optional(),
    link: namedSchema.optional(),
    groups: z.array(namedSchema).meta({ description: "Groups the point belongs to." }),
    location: locationSchema,
    codes: z
      .record(z.string(), z.string())
      .meta({ description: "Identifiers of the point in other systems, by system." }),
    text: text("The place as one says it."),
  })
  .meta({ description: "Where." });

const whatSchema = z
  .strictObject({
    quantity: z
      .enum(QUANTITIES as [Quantity, ...Quantity[]])
      .nullable()
      .meta({ description: "Null where the alarm is not about one measured quantity." }),
    gas: z
      .string()
      .optional()
      .meta({ description: "Which gas, for gas quantities.", examples: ["CH4"] }),
    name: text("What is measured, or what has failed, for people."),
  })
  .meta({ description: "What." });

const displayUnitSchema = z
  .strictObject({
    name: z.string().meta({
      description:
        "Tocsin's name of the unit, as in site files and InfluxDB; of a rate with the unit of time below it.",
      examples: ["mg/m3", "m/h"],
    }),
    symbol: z
      .string()
      .meta({ description: "As people write it; empty for counts and states.", examples: ["mg/m³"] }),
    ucum: z
      .string()
      .meta({ description: "UCUM code, or an annotation where UCUM has none.", examples: ["%{LEL}"] }),
  })
  .meta({ description: "Unit of `value` and `limit`." });

const qualitySchema = z
  .strictObject({
    level: z.enum(QUALITY_NAMES),
    reason: z.enum(REASON_NAMES as [string, ...string[]]),
    text: messageTextSchema,
    opcua: z.int().min(0).max(0xffff_ffff).meta({ description: "OPC UA status code (OPC 10000-4)." }),
    ne107: z
      .enum(["F", "C", "S", "M"])
      .optional()
      .meta({ description: "NAMUR NE107 category of the instrument's health." }),
  })
  .meta({ description: "Whether the value may be relied on, and why not." });

const measuredShape = {
  value: z
    .number()
    .nullable()
    .meta({ description: "Null where there is none, or none that is finite: see `valueText`." }),
  valueText: text("The value with its unit or state, `over range` included."),
  unit: displayUnitSchema.nullable(),
  limit: z.number().nullable().meta({ description: "The limit that decided; null where none applies." }),
  quality: qualitySchema,
  measured: instantSchema.nullable().meta({ description: "When the deciding reading was measured." }),
};

const ruleInMessageSchema = z
  .strictObject({
    id: z.string(),
    name: messageTextSchema,
    basis: z
      .string()
      .optional()
      .meta({ description: "The standard the limits come from.", examples: ["GB/T 50493-2019 5.5.2"] }),
  })
  .meta({ description: "The rule that decided." });

const hours = (description: string) => z.number().meta({ description, examples: [36.5] });

const detailSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("forecast"),
      hours: hours("Hours from the event to the forecast failure; 0: it was due already."),
      earliest: hours("Earliest end of the interval, hours from the event."),
      latest: hours("Latest end of the interval, hours from the event."),
      confidence: z.number().meta({ description: "Of the interval.", examples: [0.95] }),
      points: z.int().meta({ description: "Velocities that the line was laid through.", examples: [8] }),
    }),
    z.strictObject({
      kind: z.literal("frequency"),
      hertz: z.number().meta({ description: "Frequency that the peak was judged with.", examples: [18] }),
    }),
  ])
  .meta({ description: "What must be said with the value." });

const alarmShape = {
  site: namedSchema,
  mode: z.enum(MODES).meta({ description: "What is not `live` never goes out on public routes." }),
  class: z.enum(ALARM_CLASSES).meta({
    description: "What it is about: danger to people, a fault, something to look after, or blindness.",
  }),
  severity: severitySchema.meta({ description: "Now; after a return, the last it had." }),
  highest: severitySchema.meta({
    description: "The highest the occurrence has reached: the severity of its event topic.",
  }),
  where: whereSchema,
  what: whatSchema,
  ...measuredShape,
  since: instant("When the occurrence was raised."),
  rule: ruleInMessageSchema,
  guidance: text("What to do."),
  silence: z.enum(SILENCES).optional().meta({
    description:
      "The alarm is not announced to people: shelved, suppressed by design, or out of service. It goes on being evaluated.",
  }),
  until: instantSchema
    .optional()
    .meta({ description: "When the silence, or what this alarm tells of, ends by itself at the latest." }),
  covers: z
    .int()
    .min(0)
    .optional()
    .meta({ description: "Things below the subject that this alarm stands for." }),
  note: z.string().optional(),
  detail: detailSchema.optional(),
  revision: z.string().meta({ description: "Revision of the configuration that decided." }),
  text: text("The whole message, for people."),
};

const occurrenceId = z
  .string()
  .meta({ description: "From raise to end; what commands refer to.", examples: ["demo-o12"] });
const sequenceNumber = z.int().min(0);

/** `event/…`: one transition. */
export const eventMessageSchema = z
  .strictObject({
    format: formatSchema("event"),
    id: z.string().meta({
      description: "Unique for ever; a message may come more than once: know it by this.",
      examples: ["demo-1041"],
    }),
    occurrence: occurrenceId,
    seq: sequenceNumber.meta({ description: "Site-wide, without gaps on `event/#`." }),
    prev: sequenceNumber.meta({
      description: "`seq` of the event before it with the same `highest`; 0: none.",
    }),
    transition: z.enum(TRANSITIONS).exclude(["void"]),
    severityBefore: severitySchema.optional().meta({ description: "For upgrade and downgrade." }),
    silenceBefore: z
      .enum(SILENCES)
      .optional()
      .meta({ description: "Why it was not announced before, where that has changed." }),
    case: z
      .string()
      .optional()
      .meta({ description: "The case that the occurrence belongs to.", examples: ["demo-c41"] }),
    cause: z.enum(CASE_CAUSES).optional().meta({ description: "For `close`: how it came about." }),
    overdue: z
      .enum(CASE_STEPS)
      .optional()
      .meta({ description: "For `overrun`: the step that takes too long." }),
    escalateTo: z
      .string()
      .optional()
      .meta({ description: "For `overrun`: the group of people that must know now." }),
    from: z.enum(ALARM_STATES),
    to: z.enum(ALARM_STATES),
    time: instant("When it happened."),
    ...alarmShape,
    user: z
      .string()
      .optional()
      .meta({ description: "Authenticated user behind an acknowledgement or reset." }),
    uncommitted: z
      .boolean()
      .meta({ description: "It was not on disk yet when it was sent. It is not sent again when it is." }),
    resent: z.boolean().meta({ description: "Sent again on request, or after an outage." }),
  })
  .meta({ title: "event", description: "One transition of one alarm." });

/** `event/blue/system/gateway/…`: sequence numbers without an event, so that nobody waits for them. */
export const voidMessageSchema = z
  .strictObject({
    format: formatSchema("event"),
    id: z.string(),
    seq: sequenceNumber.meta({ description: "Of this message itself: the number behind the span." }),
    voidFrom: sequenceNumber.meta({ description: "First number of the span." }),
    voidTo: sequenceNumber.meta({ description: "Last number of the span." }),
    prev: sequenceNumber,
    transition: z.literal("void"),
    time: instant("When the gap was noticed."),
    site: namedSchema,
    revision: z.string(),
    text: text("For people."),
    uncommitted: z.boolean(),
    resent: z.boolean(),
  })
  .meta({
    title: "void",
    description:
      "Sequence numbers that no event on disk carries: they were reserved and lost with the power. An `uncommitted` event with such a number that somebody has received stays true; its number is never used again.",
  });

/** `alarm/…`: the present state of one alarm, retained. */
export const alarmMessageSchema = z
  .strictObject({
    format: formatSchema("alarm"),
    occurrence: occurrenceId,
    seq: sequenceNumber.nullable().meta({
      description:
        "Of the event that brought it into this state; null when that was before the gateway's start.",
    }),
    state: z.enum(ALARM_STATES).exclude(["normal"]),
    stateText: messageTextSchema,
    changed: instant("Since when it is in this state."),
    acknowledgedBy: z.string().optional().meta({ description: "Who has acknowledged it, while that holds." }),
    ...alarmShape,
  })
  .meta({ title: "alarm", description: "Present state of one alarm. An empty message: it is normal again." });

const MONITORING = ["ok", "waiting", "partial", "lost", "off"] as const;

/** `point/…`: a point at a glance, retained, always there. */
export const pointMessageSchema = z
  .strictObject({
    format: formatSchema("point"),
    site: namedSchema,
    point: namedSchema,
    domain: z.enum(DOMAINS),
    stage: z.enum(STAGES),
    mode: z.enum(MODES),
    location: locationSchema,
    codes: z.record(z.string(), z.string()),
    groups: z.array(namedSchema),
    severity: severitySchema.nullable().meta({
      description:
        "Worst of its alarms that are not normal, whatever their class; null: none. What only stands for being out of service, suppression or a permit does not count.",
    }),
    worst: z
      .strictObject({
        danger: severitySchema.nullable(),
        fault: severitySchema.nullable(),
        supervisory: severitySchema.nullable(),
        monitoring: severitySchema.nullable(),
      } satisfies Record<AlarmClass, z.ZodType>)
      .meta({ description: "The same for each class." }),
    alarms: z.int().min(0).meta({ description: "Alarms that are not normal." }),
    unacknowledged: z.int().min(0).meta({ description: "Of these, how many wait for an acknowledgement." }),
    silenced: z.int().min(0).meta({ description: "Of these, how many are not announced to people now." }),
    monitoring: z.enum(MONITORING).meta({
      description:
        "Whether danger would be seen here: `ok`, `waiting` (nothing heard yet), `partial`, `lost`; `off` when the point is not live.",
    }),
    channels: z.strictObject({
      total: z.int().min(0),
      lost: z.int().min(0).meta({ description: "Channels that are covered by a monitoring alarm." }),
      outOfService: z.int().min(0).meta({ description: "Channels that are out of service." }),
    }),
    lastEvaluated: instantSchema
      .nullable()
      .meta({ description: "When rules last saw a reading from here; null: never since the start." }),
    time: instant("When this was true."),
    revision: z.string(),
    text: text("For people."),
  })
  .meta({ title: "point", description: "A point at a glance." });

/** `status`: online or offline, and the heartbeat; retained, with a last will. */
export const statusMessageSchema = z
  .strictObject({
    format: formatSchema("status"),
    site: namedSchema,
    state: z.enum(["online", "offline"]),
    reason: z.enum(["running", "stopped", "contact-lost"]).meta({
      description: "`stopped` was on purpose; `contact-lost` is the last will, sent by the broker.",
    }),
    time: instant(
      "When it was written. A last will is written beforehand: its numbers are those of the gateway's start.",
    ),
    started: instant("When this gateway process started."),
    heartbeat: z
      .number()
      .positive()
      .meta({ description: "Seconds to the next one. Three missed: assume that the gateway is gone." }),
    lastSeq: sequenceNumber.meta({
      description: "Highest event number so far; who has less has missed something and can ask `resend`.",
    }),
    version: z.string().meta({ description: "Of the gateway's software." }),
    revision: z.string().meta({ description: "Of the configuration." }),
    ready: z.boolean(),
    backlog: z.strictObject({
      uncommitted: z.int().min(0).meta({ description: "Readings that are not on disk yet." }),
      uplinks: z
        .record(z.string(), z.int().min(0))
        .meta({ description: "Events not yet delivered, by uplink." }),
    }),
    alarms: z.int().min(0).meta({ description: "Alarms that are not normal." }),
    selfTest: z
      .strictObject({
        time: instant("When it began."),
        passed: z.boolean(),
        took: z
          .number()
          .min(0)
          .optional()
          .meta({ description: "Seconds from the test alarm to its acknowledgement." }),
        by: z.string().optional().meta({ description: "Who acknowledged it." }),
      })
      .nullable()
      .meta({ description: "The last self-test; null: there was none." }),
    subscribers: z.int().min(0).nullable().meta({
      description:
        "Fewest listeners on the danger alerts of any domain, routes to people included; null when no broker can tell.",
    }),
    routes: z
      .record(
        z.string(),
        z.strictObject({
          state: z.enum(["untried", "up", "failing"]),
          backlog: z
            .int()
            .min(0)
            .meta({ description: "Event numbers since the oldest event not delivered." }),
        }),
      )
      .meta({ description: "Ways to people besides the alert topics: whether they work." }),
    outside: z
      .record(
        z.string(),
        z.strictObject({
          state: z.enum(OUTSIDE_STATES),
          value: z.number().nullable().meta({
            description: "What rules take it for; null: nobody knows, and rules take what is stricter.",
          }),
          level: z.string().nullable().meta({ description: "The name of its level, where it has levels." }),
          until: z
            .string()
            .nullable()
            .meta({ description: "Until when the last message counts, or counted." }),
        }),
      )
      .meta({ description: "What was heard from outside the site: weather warnings, forecasts." }),
    failure: z.string().nullable().meta({ description: "Why the journal cannot write, if so." }),
    text: text("For people."),
  })
  .meta({ title: "status", description: "The gateway's own state and heartbeat." });

/** `reading/…`: last reading of a channel, if switched on. */
export const readingMessageSchema = z
  .strictObject({
    format: formatSchema("reading"),
    point: z.string(),
    device: z.string(),
    channel: z.string(),
    quantity: z.enum(QUANTITIES as [Quantity, ...Quantity[]]),
    value: z.number().nullable(),
    unit: displayUnitSchema,
    quality: qualitySchema,
    mode: z.enum(MODES),
    time: instantSchema.nullable().meta({ description: "When it was measured." }),
    received: instantSchema.nullable().meta({ description: "When the gateway took it." }),
  })
  .meta({ title: "reading", description: "Last reading of one channel." });

export type EventMessage = z.output<typeof eventMessageSchema>;
export type VoidMessage = z.output<typeof voidMessageSchema>;
export type AlarmMessage = z.output<typeof alarmMessageSchema>;
export type PointMessage = z.output<typeof pointMessageSchema>;
export type StatusMessage = z.output<typeof statusMessageSchema>;
export type ReadingMessage = z.output<typeof readingMessageSchema>;
export type Monitoring = PointMessage["monitoring"];

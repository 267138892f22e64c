import { z } from "zod";
import { MODES } from "../../model/domain.ts";
import { ALARM_CLASSES, SEVERITIES, SEVERITY_TEXT } from "../../model/severity.ts";
import { formatInstant, type Micros } from "../../model/time.ts";
import { awaitsAcknowledgement, type CaseRecord, type Done, isActive } from "../../rules/cases/case.ts";
import { CASE_CAUSES, CASE_STEPS } from "../../rules/cases/settings.ts";
import { ALARM_STATES } from "../../rules/event.ts";
import { CATALOGUE } from "../messages/catalogue.ts";
import { formatLocal, join, say } from "../messages/format.ts";
import { formatSchema, instant, messageTextSchema, text } from "./message-schemas.ts";
import { occurrenceId, type Payloads } from "./payload.ts";
import type { Places } from "./places.ts";
import type { SpokenRule } from "./present.ts";
import { unknownRule } from "./wording.ts";

const severitySchema = z.enum(SEVERITIES);
const namedSchema = z.strictObject({ id: z.string(), name: messageTextSchema });
const done = (description: string) =>
  z
    .strictObject({ time: instant("When."), user: z.string() })
    .nullable()
    .meta({ description });
const due = instant("After this the step is overrun.").nullable();

/** Retained `case/<number>`: an open case. */
export const caseMessageSchema = z
  .strictObject({
    format: formatSchema("case"),
    case: z.string().meta({ description: "Id of the case: commands name it.", examples: ["demo-c41"] }),
    number: z.int().min(1),
    site: namedSchema,
    point: namedSchema,
    mode: z.enum(MODES),
    severity: severitySchema.meta({ description: "The highest that any of its occurrences has reached." }),
    opened: instant("When it was opened."),
    active: z.boolean().meta({ description: "Whether the condition of any of its occurrences holds." }),
    unacknowledged: z
      .boolean()
      .meta({ description: "Whether any of its occurrences waits for its acknowledgement." }),
    acknowledged: done("The first acknowledgement."),
    responded: done("Who was first on the way."),
    acted: done("The first action note."),
    notes: z.int().min(0).meta({ description: "Action notes so far." }),
    due: z
      .strictObject({ acknowledge: due, respond: due, close: due })
      .meta({ description: "Deadlines; null: not awaited, without one, or told often enough." }),
    overdue: z
      .array(z.enum(CASE_STEPS))
      .meta({ description: "Steps that are awaited and were told as overrun." }),
    escalated: z.int().min(0).meta({ description: "How often it was told to the next group." }),
    occurrences: z
      .array(
        z.strictObject({
          occurrence: z.string(),
          rule: namedSchema,
          subject: z.string(),
          class: z.enum(ALARM_CLASSES),
          highest: severitySchema,
          state: z.enum(ALARM_STATES),
          since: instant("When it was raised."),
        }),
      )
      .meta({ description: "Those that are remembered one by one; each is acknowledged by itself." }),
    gathered: z.int().min(1).meta({ description: "All that there have been." }),
    closed: z
      .strictObject({
        time: instant("When."),
        user: z.string(),
        cause: z.enum(CASE_CAUSES),
        report: z.string(),
      })
      .optional()
      .meta({ description: "Only in the API: the topic of a closed case is cleared." }),
    revision: z.string(),
    text: text("For people."),
  })
  .meta({
    title: "case",
    description: "处置: what people do about the alarms of one point. An empty message: it is closed.",
  });
export type CaseMessage = z.output<typeof caseMessageSchema>;

/** Id of a case. */
export function caseId(site: string, number: number): string {
  return `${site}-c${number}`;
}

/** The number in a case id of this site; undefined when it is none. */
export function caseNumber(site: string, id: string | number): number | undefined {
  if (typeof id === "number") return id;
  const digits = id.startsWith(`${site}-c`) ? id.slice(site.length + 2) : id;
  return /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
}

/** Builds the messages of cases. */
export class CaseMessages {
  readonly #places: Places;
  readonly #payloads: Payloads;
  readonly #rules: ReadonlyMap<string, SpokenRule>;

  constructor(parts: { places: Places; payloads: Payloads; rules: readonly SpokenRule[] }) {
    this.#places = parts.places;
    this.#payloads = parts.payloads;
    this.#rules = new Map(parts.rules.map((rule) => [rule.id, rule]));
  }

  /** The message of a case as it stands. */
  message(one: Readonly<CaseRecord>): CaseMessage {
    const { site } = this.#places;
    const payloads = this.#payloads;
    const point = this.#places.point(one.point) ?? { id: one.point, name: site.name };
    const { closed } = one;
    return {
      format: "tocsin.case.1",
      case: caseId(site.id, one.number),
      number: one.number,
      site: payloads.named(site),
      point: payloads.named(point),
      mode: one.mode,
      severity: one.severity,
      opened: formatInstant(one.opened),
      active: isActive(one),
      unacknowledged: awaitsAcknowledgement(one),
      acknowledged: doneJson(one.acknowledged),
      responded: doneJson(one.responded),
      acted: doneJson(one.acted),
      notes: one.notes,
      due: {
        acknowledge: instantOrNull(one.due.acknowledge),
        respond: instantOrNull(one.due.respond),
        close: instantOrNull(one.due.close),
      },
      overdue: CASE_STEPS.filter((step) => one.overruns[step] !== undefined),
      escalated: one.escalated,
      occurrences: one.occurrences.map((entry) => ({
        occurrence: occurrenceId(site.id, entry.occurrence),
        rule: payloads.named(this.#rules.get(entry.rule) ?? unknownRule(entry.rule)),
        subject: entry.subject,
        class: entry.class,
        highest: entry.highest,
        state: entry.state,
        since: formatInstant(entry.since),
      })),
      gathered: one.gathered,
      ...(closed === undefined
        ? {}
        : {
            closed: {
              time: formatInstant(closed.at),
              user: closed.user,
              cause: closed.cause,
              report: closed.report,
            },
          }),
      revision: site.revision,
      text: payloads.text(
        join(
          say("case.present", {
            severity: SEVERITY_TEXT[one.severity],
            mode:
              one.mode === "live"
                ? { zh: "", en: "" }
                : say("case.mode", { mode: CATALOGUE[`head.${one.mode}`] }),
            where: point.name,
            number: one.number,
            count: one.gathered,
            time: formatLocal(one.opened, site.timeZone),
          }),
          CATALOGUE[`case.step.${nextStep(one)}`],
        ),
      ),
    };
  }
}

/** What is to be done next. */
function nextStep(one: Readonly<CaseRecord>): "acknowledge" | "respond" | "close" | "done" {
  if (one.closed !== undefined) return "done";
  if (awaitsAcknowledgement(one)) return "acknowledge";
  return one.responded === undefined ? "respond" : "close";
}

function doneJson(step: Done | undefined): { time: string; user: string } | null {
  return step === undefined ? null : { time: formatInstant(step.at), user: step.user };
}

function instantOrNull(at: Micros | undefined): string | null {
  return at === undefined ? null : formatInstant(at);
}

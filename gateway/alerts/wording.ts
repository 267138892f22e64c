import { DOMAINS } from "../../model/domain.ts";
import { reasonRow, UNCERTAIN } from "../../model/quality.ts";
import { isDiscrete, quantityRow } from "../../model/quantity.ts";
import { rank, SEVERITY_TEXT } from "../../model/severity.ts";
import type { Channel } from "../../model/site.ts";
import type { Text } from "../../model/text.ts";
import { BUILT_IN_RULES, isBuiltInRule } from "../../rules/built-in.ts";
import type { Measure } from "../../rules/conditions/condition.ts";
import type { Detail, Forecast } from "../../rules/detail.ts";
import type { AlarmEvent, AlarmState, Transition } from "../../rules/event.ts";
import { CATALOGUE, isMessageKey, type MessageKey } from "../messages/catalogue.ts";
import { eachLanguage, formatLocal, formatQuantity, formatSpan, join, say } from "../messages/format.ts";
import { formatMeasured, measuredText, measureOf } from "../messages/measure.ts";
import { crossingOf } from "./crossing.ts";
import type { Place } from "./places.ts";
import type { PresentAlarm, SpokenRule } from "./present.ts";

/** What the words of an alarm are made of. */
export interface Subject {
  readonly place: Place;
  readonly rule: SpokenRule;
  readonly timeZone: string;
}

type Valued = Pick<
  PresentAlarm,
  "class" | "value" | "reason" | "limit" | "severity" | "detail" | "measured" | "since"
>;

/** A rule that the configuration does not define: a built-in one, or one that is gone. */
export function unknownRule(id: string, subject?: string): SpokenRule {
  // One route of several is lost: that is not yet nobody.
  if (id === "alert-route-lost" && subject?.startsWith("route@")) {
    return { id, name: CATALOGUE["route.lost"], subjects: [] };
  }
  const name = isBuiltInRule(id) ? BUILT_IN_RULES[id].name : { zh: id, en: id };
  const guidance = `guidance.${id}`;
  return { id, name, subjects: [], ...(isMessageKey(guidance) ? { guidance: CATALOGUE[guidance] } : {}) };
}

/** What is measured or computed, or what has failed. */
export function whatOf({ place, rule }: Subject, alarm?: Pick<Valued, "severity" | "limit">): Text {
  if (place.channel === undefined) return rule.name;
  const measure = alarm === undefined ? undefined : measureOf(rule, place.channel, alarm);
  return measure === undefined ? place.channel.name : measuredText(measure, place.channel);
}

/** What the words of a value depend on beside it. */
interface ValueContext {
  readonly limit?: number;
  readonly measure?: Measure | undefined;
  readonly detail?: Detail | undefined;
  /** When it was so: hours to a failure are counted from there, however much later they are read. */
  readonly asOf: Text;
}

/** The value as people read it: number and unit, the state of a switch, or why there is no number. */
export function valueText(
  { value, reason }: Pick<Valued, "value" | "reason">,
  channel?: Channel,
  { limit = Number.NaN, measure, detail, asOf }: Partial<ValueContext> = {},
): Text {
  if (value === Number.POSITIVE_INFINITY) return CATALOGUE["value.over-range"];
  if (value === Number.NEGATIVE_INFINITY) return CATALOGUE["value.under-range"];
  if (Number.isNaN(value)) {
    const { name } = reasonRow(reason);
    if (name === "over_range") return CATALOGUE["value.over-range"];
    if (name === "under_range") return CATALOGUE["value.under-range"];
    const accelerates = measure?.of === "tangentAngle" || measure?.of === "timeToFailure";
    return CATALOGUE[accelerates && name === "good" ? "value.resting" : "value.none"];
  }
  // A time to failure is never told without its interval and the points it rests on.
  if (measure?.of === "timeToFailure") {
    return detail?.kind === "forecast" && asOf !== undefined
      ? forecastText(detail, asOf)
      : CATALOGUE["value.none"];
  }
  if (measure !== undefined) {
    const said = formatMeasured(value, measure, limit);
    if (detail?.kind !== "frequency") return words(said);
    return say("value.frequency", { value: said, frequency: formatQuantity(detail.hertz, "Hz") });
  }
  if (channel === undefined) return words(String(value));
  if (isDiscrete(channel.quantity)) return stateText(channel, value);
  return words(formatQuantity(value, channel.unit, limit));
}

/** When the reading behind a value was measured. */
export function asOf({ measured, since }: Pick<Valued, "measured" | "since">, timeZone: string): Text {
  return formatLocal(Number.isFinite(measured) ? measured : since, timeZone);
}

/** Hours are told whole from ten on: a forecast is no better than that. */
const WHOLE_HOURS = 10;

function forecastText({ hours, earliest, latest, points }: Forecast, asOf: Text): Text {
  const told = (span: number) => {
    const due = Math.max(0, span);
    return due < WHOLE_HOURS ? Number(due.toFixed(1)) : Math.round(due);
  };
  return say("value.forecast", {
    hours: told(hours),
    earliest: told(earliest),
    latest: told(latest),
    points,
    time: asOf,
  });
}

function words(both: string): Text {
  return { zh: both, en: both };
}

/** The name of a discrete channel's code. */
export function stateText(channel: Channel, value: number): Text {
  const name = channel.states?.[value] ?? quantityRow(channel.quantity).states?.[value];
  if (name === undefined) return words(String(value));
  const key = `code.${name}`;
  return isMessageKey(key) ? CATALOGUE[key] : words(name);
}

/** What is measured with its value and the limit it has crossed: `可燃气体浓度 62 %LEL，超过 50 %LEL（高报）`. */
export function thingText(subject: Subject, valued: Valued, crossing: boolean): Text {
  const { place, rule } = subject;
  const { channel } = place;
  const what = whatOf(subject, valued);
  const measure = channel === undefined ? undefined : measureOf(rule, channel, valued);
  const row = reasonRow(valued.reason);
  const because = { zh: row.zh, en: row.en };
  if (
    channel === undefined ||
    (valued.class !== "danger" && !isDiscrete(channel.quantity) && Number.isNaN(valued.limit))
  ) {
    // An instrument that has failed shows no value worth saying: what and why it failed.
    const said = channel === undefined ? rule.name : join(what, { zh: " ", en: ": " }, rule.name);
    return row.name === "good" || !crossing
      ? said
      : join(said, { zh: "（", en: " (" }, because, { zh: "）", en: ")" });
  }
  if (isDiscrete(channel.quantity) && measure === undefined) {
    // "烟雾报警" says it all; "门：开" needs the state.
    const asserts = quantityRow(channel.quantity).asserts !== undefined;
    if (asserts && crossing) return what;
    return join(what, { zh: "：", en: ": " }, valueText(valued, channel));
  }
  const { limit, detail } = valued;
  const value = valueText(valued, channel, { limit, measure, detail, asOf: asOf(valued, subject.timeZone) });
  const said = join(what, { zh: " ", en: " " }, value);
  if (!crossing) return said;
  // "Over range" is in the value's own words already.
  const saysItself = row.name === "over_range" || row.name === "under_range";
  const doubtful = row.quality === UNCERTAIN && !saysItself;
  return join(
    said,
    crossedText(channel, rule, valued),
    doubtful ? say("value.doubtful", { reason: because }) : undefined,
  );
}

/** `，超过 50 %LEL（高报）`; nothing where no limit applies. */
function crossedText(channel: Channel, rule: SpokenRule, valued: Valued): Text | undefined {
  const { limit, value } = valued;
  if (!Number.isFinite(limit)) return undefined;
  const { direction, grade, held } = crossingOf(rule, channel, valued);
  const measure = measureOf(rule, channel, valued);
  return join(
    say(held ? `crossed.was-${direction}` : `crossed.${direction}`, {
      limit:
        measure === undefined
          ? formatQuantity(limit, channel.unit, value)
          : formatMeasured(limit, measure, value),
    }),
    grade === undefined ? undefined : CATALOGUE[`crossed.${grade}`],
  );
}

/** What a person must do: the rule's own words, or the usual ones for such an alarm. */
export function guidanceOf(
  alarm: Pick<PresentAlarm, "class" | "domain" | "severity">,
  rule: SpokenRule,
): Text {
  if (rule.guidance !== undefined) return rule.guidance;
  if (alarm.class !== "danger") return CATALOGUE[`guidance.${alarm.class}`];
  const domain = DOMAINS.find((known) => known === alarm.domain) ?? "system";
  return CATALOGUE[
    `guidance.danger.${domain}.${rank(alarm.severity) >= rank("orange") ? "urgent" : "watch"}`
  ];
}

/** Transitions that tell of danger as it is; the others tell what became of it. */
const COLOURED: ReadonlySet<Transition> = new Set([
  "overrun",
  "raise",
  "upgrade",
  "downgrade",
  "again",
  "historical",
  "re-alarm",
]);

/** Transitions by which an alarm is annunciated again or comes to rest. */
const RESUMING: ReadonlySet<Transition> = new Set(["unshelve", "unsuppress", "return-to-service"]);

/** Whether the end of a silence finds the alarm active: then it is danger told anew. */
function resumesActive({ transition, to, silence }: AlarmEvent): boolean {
  return RESUMING.has(transition) && silence === undefined && isActive(to);
}

function isActive(state: AlarmState): boolean {
  return state === "unacknowledged" || state === "acknowledged";
}

/** Transitions whose own word says that the alarm is silent. */
const SILENCING: ReadonlySet<Transition> = new Set(["shelve", "suppress", "out-of-service"]);

/** `【演练·红色·升级】` or `[EXERCISE · red · worse] `. */
export function head(event: AlarmEvent): Text {
  const heads: Text[] = [];
  if (event.mode !== "live") heads.push(CATALOGUE[`head.${event.mode}`]);
  const done = doneText(event);
  if (COLOURED.has(event.transition) || resumesActive(event)) heads.push(SEVERITY_TEXT[event.severity]);
  if (event.class !== "danger") heads.push(CATALOGUE[`head.${event.class}`]);
  if (done !== undefined) heads.push(done);
  if (event.silence !== undefined && !SILENCING.has(event.transition)) {
    heads.push(CATALOGUE[`silence.${event.silence}`]);
  }
  return {
    zh: `【${heads.map((word) => word.zh).join("·")}】`,
    en: `[${heads.map((word) => word.en).join(" · ")}] `,
  };
}

function doneText(event: AlarmEvent): Text | undefined {
  if (event.transition === "raise") return undefined;
  if (event.transition === "return" && event.to.startsWith("latched")) return CATALOGUE["head.latched"];
  return CATALOGUE[`head.${event.transition}`];
}

/** The whole message about one event, for people: what, where, since when, what to do. */
export function eventText(event: AlarmEvent, subject: Subject): Text {
  if (event.transition === "void") {
    return join(
      headed("head.void"),
      say("event.void", { from: event.voidFrom ?? event.seq, to: event.voidTo ?? event.seq }),
    );
  }
  return join(head(event), sentence(event, subject), note(event), action(event, subject.rule));
}

function headed(key: MessageKey): Text {
  const { zh, en } = CATALOGUE[key];
  return { zh: `【${zh}】`, en: `[${en}] ` };
}

function sentence(event: AlarmEvent, subject: Subject): Text {
  const { place, timeZone, rule } = subject;
  const row = reasonRow(event.reason);
  const returned = event.transition === "return";
  const fillings = {
    where: place.text,
    what: whatForMonitoring(subject),
    rule: rule.name,
    thing: thingText(subject, event, !returned),
    time: formatLocal(event.time, timeZone),
    measured: formatLocal(Number.isFinite(event.measured) ? event.measured : event.time, timeZone),
    severity: SEVERITY_TEXT[event.severity],
    before: SEVERITY_TEXT[event.severityBefore ?? event.severity],
    highest: SEVERITY_TEXT[event.highest],
    duration: formatSpan(event.time - event.since),
    user: event.user ?? CATALOGUE["event.somebody"],
    number: event.case ?? 0,
    cause: CATALOGUE[`cause.${event.cause ?? "unknown"}`],
    step: CATALOGUE[`overdue.${event.overdue ?? "close"}`],
    group: event.escalateTo ?? "",
    until: event.until === undefined ? { zh: "", en: "" } : formatLocal(event.until, timeZone),
    reason: { zh: row.zh, en: row.en },
    covers:
      event.covers === undefined || event.covers === 0
        ? { zh: "", en: "" }
        : say("event.covers", { count: event.covers }),
  };
  return say(sentenceKey(event), fillings);
}

function whatForMonitoring({ place }: Subject): Text {
  return place.channel?.name ?? { zh: "", en: "it" };
}

function sentenceKey(event: AlarmEvent): MessageKey {
  const own = event.rule === "self-test" ? selfTestKey(event) : undefined;
  if (own !== undefined) return own;
  switch (event.transition) {
    case "raise":
    case "again":
      if (event.rule === "permit-open") return "event.permit.opened";
      if (event.class === "monitoring") return "event.monitoring.raise";
      return `event.${event.transition}`;
    case "return":
      if (event.rule === "permit-open") {
        return event.user === undefined ? "event.permit.expired" : "event.permit.closed";
      }
      if (event.to.startsWith("latched")) return "event.return-latched";
      return event.class === "monitoring" ? "event.monitoring.return" : "event.return";
    case "acknowledge":
      if (event.to === "normal") return "event.acknowledge-over";
      return event.to === "latched" ? "event.acknowledge-latched" : "event.acknowledge-active";
    case "out-of-service":
      return event.rule === "out-of-service" ? "event.service.out" : "event.out-of-service";
    case "return-to-service":
      if (event.rule === "out-of-service") {
        return event.user === undefined ? "event.service.expired" : "event.service.returned";
      }
      return resumeKey(event);
    case "suppress":
      return event.rule === "inhibition" ? "event.inhibition.begun" : "event.suppress";
    case "unsuppress":
      return event.rule === "inhibition" ? "event.inhibition.ended" : resumeKey(event);
    case "unshelve":
      return resumeKey(event);
    case "upgrade":
      return event.silenceBefore === "shelved" && event.silence === undefined
        ? "event.upgrade-unshelved"
        : "event.upgrade";
    case "overrun":
      return event.escalateTo === undefined ? "event.overrun" : "event.overrun-escalated";
    case "downgrade":
    case "reset":
    case "re-alarm":
    case "shelve":
    case "respond":
    case "act":
    case "close":
    case "withdraw":
    case "historical":
    case "void":
      return `event.${event.transition}`;
  }
}

/** A test alarm must not be taken for a real one in any of its steps. */
function selfTestKey({ transition, from }: AlarmEvent): MessageKey | undefined {
  if (transition === "raise") return "event.self-test.begun";
  if (transition === "acknowledge") return "event.self-test.acknowledged";
  if (transition !== "return") return undefined;
  return from === "acknowledged" ? "event.self-test.passed" : "event.self-test.late";
}

/** The end of a silence: the alarm is active, over, or still silent for another reason. */
function resumeKey(event: AlarmEvent): MessageKey {
  const ended = event.transition as "unshelve" | "unsuppress" | "return-to-service";
  if (event.silence !== undefined) return `event.${ended}-silent`;
  return isActive(event.to) ? `event.${ended}-active` : `event.${ended}-over`;
}

function note(event: AlarmEvent): Text | undefined {
  if (event.note === undefined || event.note === "") return undefined;
  const { zh, en } = say("event.note", { note: event.note });
  return { zh: `${zh}。`, en: ` ${en}.` };
}

/** Guidance where something is to be done now; after a return only what is still open. */
function action(event: AlarmEvent, rule: SpokenRule): Text | undefined {
  switch (event.transition) {
    case "raise":
    case "upgrade":
    case "downgrade":
    case "again":
    case "re-alarm": {
      const { zh, en } = guidanceOf(event, rule);
      return { zh, en: ` ${en}` };
    }
    case "return": {
      if (event.to !== "returned") return undefined;
      const { zh, en } = CATALOGUE["guidance.acknowledge"];
      return { zh, en: ` ${en}` };
    }
    case "unshelve":
    case "unsuppress":
    case "return-to-service": {
      if (!resumesActive(event)) return undefined;
      const { zh, en } = guidanceOf(event, rule);
      return { zh, en: ` ${en}` };
    }
    case "overrun": {
      const { zh, en } = CATALOGUE[`guidance.overrun.${event.overdue ?? "close"}`];
      return { zh, en: ` ${en}` };
    }
    case "respond":
    case "act":
    case "close":
    case "acknowledge":
    case "reset":
    case "shelve":
    case "suppress":
    case "out-of-service":
    case "withdraw":
    case "historical":
    case "void":
      return undefined;
  }
}

/** The message that stands in the retained topic of an alarm. */
export function alarmText(alarm: PresentAlarm, subject: Subject): Text {
  const active = alarm.state === "unacknowledged" || alarm.state === "acknowledged";
  const heads: Text[] = [];
  if (alarm.mode !== "live") heads.push(CATALOGUE[`head.${alarm.mode}`]);
  heads.push(SEVERITY_TEXT[alarm.severity]);
  if (alarm.class !== "danger") heads.push(CATALOGUE[`head.${alarm.class}`]);
  heads.push(CATALOGUE[`state.${alarm.state}`]);
  if (alarm.silence !== undefined) heads.push(CATALOGUE[`silence.${alarm.silence}`]);
  const since = formatLocal(alarm.since, subject.timeZone);
  const thing = thingText(subject, alarm, active);
  const guidance = active ? guidanceOf(alarm, subject.rule) : undefined;
  return eachLanguage((language) =>
    language === "zh"
      ? `【${heads.map((word) => word.zh).join("·")}】${subject.place.text.zh}，${thing.zh}，${since.zh}起。${guidance?.zh ?? ""}`
      : `[${heads.map((word) => word.en).join(" · ")}] ${subject.place.text.en}: ${thing.en}, since ${since.en}.${guidance === undefined ? "" : ` ${guidance.en}`}`,
  );
}

import { MODES } from "../../model/domain.ts";
import { BAD, REASONS } from "../../model/quality.ts";
import { FLAG_MODE_MASK, FLAG_MODE_SHIFT } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { ReadingRows, SeriesTags } from "./source.ts";

/*
 * Line protocol (InfluxDB 1.x and 2.x): `measurement,tag=value field=value time`, tags in the order of their names. Every line
 * ends where its text ends: no line contains a line break, so that a body can be split again.
 */

/** Measurement of readings whose series is missing from the dictionary: kept, and conspicuous. */
const UNKNOWN_SERIES = "unknown_series";

const MODE_COUNT = MODES.length;

/** `,quality=0i,reason="good" ` by reason and mode, without the leading comma. */
const QUALITY_FIELDS: readonly string[] = REASONS.flatMap((row) =>
  MODES.map((mode) => {
    const standing = mode === "live" ? "" : `,mode=${stringField(mode)}`;
    return `quality=${row.opcua}i,reason=${stringField(row.name)}${standing} `;
  }),
);
const REASON_IS_BAD: readonly boolean[] = REASONS.map((row) => row.quality === BAD);
/** What an unknown reason reads as (quality.ts). */
const UNKNOWN_REASON = REASONS.findIndex((row) => row.name === "bad");

/**
 * Readings as lines. Measurement and tags of a series are made once; a reading costs the text of its value and of its time.
 */
export class ReadingLines {
  readonly #tagsOf: (series: number) => SeriesTags | undefined;
  /** `gas_lel,channel=lel,… ` by series. */
  readonly #heads: string[] = [];

  constructor(tagsOf: (series: number) => SeriesTags | undefined) {
    this.#tagsOf = tagsOf;
  }

  /** The lines of all rows, joined by `\n`: one line a row, in order. */
  body(rows: ReadingRows): string {
    const { length, series, value, reason, flags, time } = rows;
    let body = "";
    for (let i = 0; i < length; i++) {
      const head = this.#heads[series[i]!] ?? this.#head(series[i]!);
      const known = reason[i]! < REASON_IS_BAD.length ? reason[i]! : UNKNOWN_REASON;
      const fields = QUALITY_FIELDS[known * MODE_COUNT + ((flags[i]! & FLAG_MODE_MASK) >> FLAG_MODE_SHIFT)]!;
      const number = value[i]!;
      if (i > 0) body += "\n";
      // A bad value is no value; NaN and infinities have no form in line protocol.
      body +=
        REASON_IS_BAD[known] || number - number !== 0
          ? head + fields + time[i]!
          : `${head}value=${number},${fields}${time[i]!}`;
    }
    return body;
  }

  #head(series: number): string {
    const tags = this.#tagsOf(series);
    if (tags === undefined) return `${UNKNOWN_SERIES},series=${series} `;
    const head = `${headOf(tags.quantity, {
      channel: tags.channel,
      device: tags.device,
      domain: tags.domain,
      point: tags.point,
      site: tags.site,
    })} `;
    this.#heads[series] = head;
    return head;
  }
}

/** How many events of one microsecond are told apart. */
const EVENTS_IN_A_MICROSECOND = 1_000;

/**
 * An alarm event as a line, its time in **ns**: the µs of the event, and its number modulo 1000 in the nanoseconds. Two events
 * of one alarm in one instant are two points, and an event sent again is the same point.
 */
export function eventLine(event: AlarmEvent, site: string): string {
  const head = headOf("alarm_event", {
    class: event.class,
    domain: event.domain,
    point: event.point,
    rule: event.rule,
    severity: event.severity,
    site,
    subject: event.subject,
  });
  const fields: [name: string, value: string | undefined][] = [
    ["seq", `${event.seq}i`],
    ["occurrence", `${event.occurrence}i`],
    ["transition", stringField(event.transition)],
    ["state", stringField(event.to)],
    ["state_before", stringField(event.from)],
    ["highest", stringField(event.highest)],
    ["value", floatField(event.value)],
    ["limit", floatField(event.limit)],
    ["quality", `${(REASONS[event.reason] ?? REASONS[UNKNOWN_REASON]!).opcua}i`],
    ["reason", stringField((REASONS[event.reason] ?? REASONS[UNKNOWN_REASON]!).name)],
    ["since", integerField(event.since)],
    ["measured", integerField(event.measured)],
    ["covers", event.covers === undefined ? undefined : integerField(event.covers)],
    ["void_from", event.voidFrom === undefined ? undefined : integerField(event.voidFrom)],
    ["void_to", event.voidTo === undefined ? undefined : integerField(event.voidTo)],
    ["silence", event.silence === undefined ? undefined : stringField(event.silence)],
    ["until", event.until === undefined ? undefined : integerField(event.until)],
    ["case", event.case === undefined ? undefined : integerField(event.case)],
    ["cause", event.cause === undefined ? undefined : stringField(event.cause)],
    ["overdue", event.overdue === undefined ? undefined : stringField(event.overdue)],
    ["escalate_to", event.escalateTo === undefined ? undefined : stringField(event.escalateTo)],
    ["user", event.user === undefined ? undefined : stringField(event.user)],
    ["note", event.note === undefined ? undefined : stringField(event.note)],
    ...detailFields(event.detail),
    ["mode", event.mode === "live" ? undefined : stringField(event.mode)],
    ["revision", stringField(event.revision)],
  ];
  const nanoseconds = String(event.seq % EVENTS_IN_A_MICROSECOND).padStart(3, "0");
  return `${head} ${joinFields(fields)} ${event.time}${nanoseconds}`;
}

function detailFields(detail: AlarmEvent["detail"]): [name: string, value: string | undefined][] {
  switch (detail?.kind) {
    case "forecast":
      return [
        ["earliest", floatField(detail.earliest)],
        ["latest", floatField(detail.latest)],
        ["points", `${detail.points}i`],
      ];
    case "frequency":
      return [["frequency", floatField(detail.hertz)]];
    case undefined:
      return [];
  }
}

/** The gateway's own health as a line of measurement `gateway`, time in µs; undefined when no field is a finite number. */
export function healthLine(
  fields: Readonly<Record<string, number>>,
  site: string,
  time: Micros,
): string | undefined {
  const named = Object.entries(fields).map(([name, value]): [string, string | undefined] => [
    escapeKey(name),
    floatField(value),
  ]);
  const text = joinFields(named);
  return text === "" ? undefined : `${headOf("gateway", { site })} ${text} ${time}`;
}

/** A daily digest of the alarm log (gateway/journal/chain.ts says what each part is). */
export interface DigestFields {
  readonly date: string;
  /** µs. */
  readonly at: Micros;
  readonly position: number;
  readonly chain: string;
  readonly seq: number;
  readonly trimmed: number;
}

/** A daily digest of the alarm log as a line of measurement `alarm_digest`, time in µs. */
export function digestLine({ date, at, position, chain, seq, trimmed }: DigestFields, site: string): string {
  const fields: [name: string, value: string][] = [
    ["date", stringField(date)],
    ["position", `${position}i`],
    ["chain", stringField(chain)],
    ["seq", `${seq}i`],
    ["trimmed", `${trimmed}i`],
  ];
  return `${headOf("alarm_digest", { site })} ${joinFields(fields)} ${at}`;
}

function joinFields(fields: readonly (readonly [name: string, value: string | undefined])[]): string {
  let text = "";
  for (const [name, value] of fields) {
    if (value !== undefined) text += `${text === "" ? "" : ","}${name}=${value}`;
  }
  return text;
}

/** Measurement and tags; the caller gives the tags in the order of their names. A tag cannot be empty: it is left out. */
function headOf(measurement: string, tags: Readonly<Record<string, string>>): string {
  let head = escapeMeasurement(measurement);
  for (const [name, value] of Object.entries(tags)) {
    if (value !== "") head += `,${name}=${escapeKey(value)}`;
  }
  return head;
}

/** Escapes a measurement name; see `escapeKey`. */
export function escapeMeasurement(text: string): string {
  return plain(text).replace(/[, ]/g, "\\$&");
}

/**
 * Escapes a tag value, or a tag or field name. Line breaks become spaces, and a backslash becomes a slash: line protocol has no
 * escape for it, and one before a comma or at the end would swallow what follows.
 */
export function escapeKey(text: string): string {
  return plain(text).replace(/[,= ]/g, "\\$&");
}

function plain(text: string): string {
  return text.replace(/[\r\n]+/g, " ").replaceAll("\\", "/");
}

/** A string field. Line breaks become spaces, because not every server takes them within quotes. */
export function stringField(text: string): string {
  return `"${text.replace(/[\r\n]+/g, " ").replace(/["\\]/g, "\\$&")}"`;
}

function floatField(value: number): string | undefined {
  return Number.isFinite(value) ? String(value) : undefined;
}

function integerField(value: number): string | undefined {
  return Number.isFinite(value) ? `${Math.trunc(value)}i` : undefined;
}

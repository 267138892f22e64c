import stringWidth from "string-width";
import { BAD, qualityOf, reasonRow, UNCERTAIN } from "../../model/quality.ts";
import { isDiscrete, type Quantity } from "../../model/quantity.ts";
import { ALARM_CLASS_TEXT, rank, SEVERITY_TEXT, type Severity } from "../../model/severity.ts";
import type { Channel, Point, Site } from "../../model/site.ts";
import { MINUTE, type Micros, SECOND } from "../../model/time.ts";
import type { AlarmView } from "../../rules/alarm.ts";
import type { ChannelView } from "../../rules/engine.ts";
import type { Rule } from "../../rules/rule.ts";
import { formatLocal, formatQuantity } from "../messages/format.ts";
import { formatMeasured, measureOf } from "../messages/measure.ts";

/*
 * The live table as lines of text: pure, so that a test can read it. Chinese first, English beside it.
 */

export interface ScreenState {
  readonly site: Site;
  readonly version: string;
  readonly now: Micros;
  readonly mqtt: string | undefined;
  readonly http: string | undefined;
  readonly alarms: readonly AlarmView[];
  /** What rules compute has units of its own. */
  readonly rules: readonly Rule[];
  readonly channels: readonly ChannelView[];
  /** Readings entered since start. */
  readonly readings: number;
  readonly uncommitted: number;
  readonly sinks: readonly { readonly id: string; readonly pending: number; readonly out: boolean }[];
  readonly log: readonly { readonly level: number; readonly time: number; readonly msg: string }[];
}

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

const PAINT: Readonly<Record<Severity, string>> = {
  red: "41;97",
  orange: "48;5;208;30",
  yellow: "43;30",
  blue: "44;97",
};
const DIM = "2";
const BOLD = "1";
const WARNING_LEVEL = 40;
const ERROR_LEVEL = 50;
/** Lines of the log at the foot of the screen. */
const LOG_LINES = 4;
/** Alarms shown before "and n more"; the worst come first. */
const ALARM_LINES = 12;

/** The whole screen, no line wider than it, no more lines than it has. */
export function screen(state: ScreenState, size: ScreenSize): string[] {
  const head = heading(state);
  const alarms = alarmLines(state);
  const foot = footer(state);
  const room = size.rows - head.length - alarms.length - foot.length - 1;
  const lines = [...head, ...pointLines(state, Math.max(1, room)), ...alarms, ...foot];
  return lines.slice(0, size.rows - 1).map((line) => clip(line, size.columns));
}

function heading({ site, version, now, mqtt, http }: ScreenState): string[] {
  const where = [mqtt && `MQTT ${mqtt}`, http && `HTTP http://${http}`].filter(Boolean).join("  ");
  return [
    paint(BOLD, `警钟 Tocsin ${version}  ${both(site.name)}  ${formatLocal(now, site.timeZone).zh}`),
    paint(DIM, `${where}  看报警 watch: mosquitto_sub -t 'tocsin/#' -v  停止 stop: Ctrl-C`),
    "",
  ];
}

const WIDTHS = { point: 26, channel: 30, value: 16, quality: 14, age: 8 } as const;

function pointLines(state: ScreenState, room: number): string[] {
  const head = paint(
    DIM,
    [
      cell("监测点 point", WIDTHS.point),
      cell("通道 channel", WIDTHS.channel),
      cell("数值 value", WIDTHS.value),
      cell("质量 quality", WIDTHS.quality),
      cell("多久前 age", WIDTHS.age),
    ].join(" "),
  );
  const perPoint = Math.max(LEAST_PER_POINT, Math.floor((room - 2) / Math.max(1, state.site.points.length)));
  const rows = state.site.points
    .map((point) => ({ point, worst: worstOf(state.alarms, point) }))
    .sort(
      (a, b) =>
        (b.worst === undefined ? -1 : rank(b.worst)) - (a.worst === undefined ? -1 : rank(a.worst)) ||
        a.point.index - b.point.index,
    )
    .flatMap(({ point, worst }) => rowsOf(state, point, worst, perPoint));
  const shown = rows.slice(0, Math.max(0, room - 2));
  const hidden = rows.length - shown.length;
  return [head, ...shown, hidden > 0 ? paint(DIM, `… 另有 ${hidden} 行 and ${hidden} more rows`) : ""];
}

function worstOf(alarms: readonly AlarmView[], point: Point): Severity | undefined {
  let worst: Severity | undefined;
  for (const alarm of alarms) {
    if (
      alarm.point === point.id &&
      alarm.active &&
      (worst === undefined || rank(alarm.severity) > rank(worst))
    ) {
      worst = alarm.severity;
    }
  }
  return worst;
}

/** A point without alarms of its own is normal only if somebody can see it: its link may be down, or nothing was heard yet. */
function watch({ site, channels }: ScreenState, point: Point): string {
  let waiting = false;
  for (const channel of site.channels) {
    if (channel.point !== point.index) continue;
    const { monitoring } = channels[channel.index]!;
    if (monitoring === "lost") return paint("33", "失联");
    if (monitoring === "waiting" && channel.period > 0) waiting = true;
  }
  return waiting ? paint(DIM, "待报") : "正常";
}

/** Of each point, at least so many channels: what is in alarm, then danger and measurements, then the rest. */
const LEAST_PER_POINT = 2;
/** What is seldom looked at while all is well. */
const HOUSEKEEPING: ReadonlySet<Quantity> = new Set<Quantity>([
  "code",
  "mode",
  "heartbeat",
  "count",
  "battery",
  "battery_voltage",
  "signal",
  "service_time",
  "ratio",
  "frequency",
]);

function rowsOf(state: ScreenState, point: Point, worst: Severity | undefined, most: number): string[] {
  const badge = worst === undefined ? watch(state, point) : SEVERITY_TEXT[worst].zh;
  const alarmed = new Set(state.alarms.filter(({ active }) => active).map(({ subject }) => subject));
  const weight = (channel: Channel): number => {
    if (alarmed.has(channel.key)) return 0;
    if (channel.danger || (!isDiscrete(channel.quantity) && !HOUSEKEEPING.has(channel.quantity))) return 1;
    return 2;
  };
  return state.site.channels
    .filter((channel) => channel.point === point.index)
    .sort((a, b) => weight(a) - weight(b) || a.index - b.index)
    .slice(0, most)
    .map((channel, i) => {
      const name = i === 0 ? both(point.name) : "";
      const mark = i === 0 ? (worst === undefined ? badge : paint(PAINT[worst], badge)) : "    ";
      return [
        `${mark} ${cell(name, WIDTHS.point - 5)}`,
        cell(`${channel.key} ${channel.name.zh}`, WIDTHS.channel),
        ...valueCells(channel, state.channels[channel.index], state.now),
      ].join(" ");
    });
}

function valueCells(channel: Channel, view: ChannelView | undefined, now: Micros): string[] {
  if (view === undefined || Number.isNaN(view.received)) {
    return [cell("—", WIDTHS.value), paint(DIM, cell("未收到", WIDTHS.quality)), cell("", WIDTHS.age)];
  }
  const text =
    channel.states?.[view.value] ??
    (Number.isNaN(view.value) ? "—" : formatQuantity(view.value, channel.unit));
  const quality = qualityOf(view.reason);
  const word = cell(reasonRow(view.reason).zh, WIDTHS.quality);
  return [
    cell(text, WIDTHS.value),
    quality === BAD ? paint("31", word) : quality === UNCERTAIN ? paint("33", word) : word,
    cell(age(now - view.received), WIDTHS.age),
  ];
}

function alarmLines({ alarms, rules, site, now }: ScreenState): string[] {
  const standing = [...alarms].sort(
    (a, b) => Number(b.active) - Number(a.active) || rank(b.severity) - rank(a.severity) || a.since - b.since,
  );
  const head = paint(BOLD, `报警 alarms: ${standing.length === 0 ? "无 none" : standing.length}`);
  const rows = standing.slice(0, ALARM_LINES).map((alarm) => {
    const point = site.points.find((candidate) => candidate.id === alarm.point);
    const channel = site.channels.find((candidate) => candidate.key === alarm.subject);
    const rule = rules.find((candidate) => candidate.id === alarm.rule);
    const measure = rule === undefined || channel === undefined ? undefined : measureOf(rule, channel, alarm);
    const value =
      !Number.isFinite(alarm.value) || channel === undefined
        ? ""
        : measure !== undefined
          ? formatMeasured(alarm.value, measure)
          : (channel.states?.[alarm.value] ?? formatQuantity(alarm.value, channel.unit));
    return [
      // What is over is judged by the worst it was.
      paint(
        alarm.active ? PAINT[alarm.severity] : DIM,
        SEVERITY_TEXT[alarm.active ? alarm.severity : alarm.highest].zh,
      ),
      cell(ALARM_CLASS_TEXT[alarm.class].zh, 8),
      cell(point === undefined ? alarm.point : both(point.name), WIDTHS.point),
      cell(alarm.subject, 22),
      cell(value, 14),
      cell(STATE_WORDS[alarm.state], 20),
      age(now - alarm.since),
    ].join(" ");
  });
  const hidden = standing.length - rows.length;
  return [head, ...rows, ...(hidden > 0 ? [paint(DIM, `… 另有 ${hidden} 条 and ${hidden} more`)] : []), ""];
}

const STATE_WORDS: Readonly<Record<AlarmView["state"], string>> = {
  normal: "正常 normal",
  unacknowledged: "未确认 active",
  acknowledged: "已确认 acked",
  returned: "已恢复待确认 returned",
  "latched-unacknowledged": "保持未确认 latched",
  latched: "保持待复位 latched",
};

function footer({ readings, uncommitted, sinks, log }: ScreenState): string[] {
  const delivery = sinks.map(({ id, pending, out }) =>
    out ? paint("33", `${id} 中断 out, ${pending} 待送 waiting`) : `${id} ${pending} 待送 waiting`,
  );
  return [
    paint(
      DIM,
      `已接收 readings ${readings}  未落盘 not yet on disk ${uncommitted}  ${delivery.join("  ") || "未配置 InfluxDB no InfluxDB configured"}`,
    ),
    ...log
      .filter(({ level }) => level >= WARNING_LEVEL)
      .slice(-LOG_LINES)
      .map(({ level, time, msg }) =>
        paint(level >= ERROR_LEVEL ? "31" : "33", `${new Date(time).toISOString().slice(11, 19)} ${msg}`),
      ),
  ];
}

function age(span: Micros): string {
  if (span < MINUTE) return `${Math.max(0, Math.floor(span / SECOND))} s`;
  if (span < 60 * MINUTE) return `${Math.floor(span / MINUTE)} min`;
  return `${Math.floor(span / (60 * MINUTE))} h`;
}

function both({ zh, en }: { zh: string; en: string }): string {
  return zh === en ? zh : `${zh} ${en}`;
}

function paint(code: string, text: string): string {
  return `\u001b[${code}m${text}\u001b[0m`;
}

/** Text in a column of fixed width; Chinese characters take two places. */
function cell(text: string, width: number): string {
  return clip(text, width) + " ".repeat(Math.max(0, width - stringWidth(text)));
}

const ESCAPE = "\u001b";
const ANSI = new RegExp(`${ESCAPE}\\[[\\d;]*m`, "g");

/** Cuts a line to a width without cutting into its colours. */
function clip(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let out = "";
  let used = 0;
  let at = 0;
  for (const match of [...text.matchAll(ANSI), undefined]) {
    for (const character of text.slice(at, match?.index)) {
      const w = stringWidth(character);
      if (used + w > width - 1) return `${out}…\u001b[0m`;
      out += character;
      used += w;
    }
    if (match === undefined) return out;
    out += match[0];
    at = match.index + match[0].length;
  }
  return out;
}

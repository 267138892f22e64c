import type { Severity } from "../../model/severity.ts";
import type { Channel } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { Rule } from "../../rules/rule.ts";
import { escapeHtml, SEVERITY_COLOUR } from "../page/html.ts";
import type { Episode } from "./episodes.ts";
import { stamp } from "./stamp.ts";
import type { Trace } from "./trace.ts";

/** Sizes of a plot, in pixels. */
const WIDTH = 960;
const LEFT = 64;
const RIGHT = 8;
const HEIGHT = 120;
const BAR = 7;
const AXIS = 18;
/** Marks on the axis of time. */
const TICKS = 5;
/** A bar narrower than this is not seen. */
const NARROWEST = 1.5;
/** Share of the span of values kept free above and below. */
const MARGIN = 0.08;

/** A limit that a channel's own value is compared with. */
export interface Limit {
  readonly value: number;
  readonly severity: Severity;
}

/** The limits of rules that compare a channel's own value. */
export function limitsOf(rules: readonly Rule[], channel: number): Limit[] {
  const found = new Map<string, Limit>();
  for (const { subjects } of rules) {
    for (const subject of subjects) {
      if (subject.channel !== channel || subject.key !== undefined) continue;
      const condition = subject.condition.create();
      for (const [level, { severity }] of condition.levels.entries()) {
        for (const side of [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]) {
          const value = condition.limit(level, side);
          if (!Number.isFinite(value) || subject.condition.measure?.(level, value) !== undefined) continue;
          found.set(`${severity} ${value}`, { value, severity });
        }
      }
    }
  }
  return [...found.values()];
}

/** What a plot shows. */
export interface Plotted {
  readonly channel: Channel;
  readonly trace: Trace;
  readonly from: Micros;
  readonly to: Micros;
  readonly limits: readonly Limit[];
  /** Alarms on it. */
  readonly episodes: readonly Episode[];
  readonly timeZone: string;
}

/** One channel as an SVG: the band between lowest and highest values, limits, and a bar for each alarm, a row a rule. */
export function plot(plotted: Plotted): string {
  const { from, to, episodes, timeZone, channel } = plotted;
  const rules = [...new Set(episodes.map(({ rule }) => rule))];
  const height = HEIGHT + rules.length * (BAR + 3) + AXIS;
  const x = (time: Micros) => LEFT + ((time - from) / Math.max(1, to - from)) * (WIDTH - LEFT - RIGHT);
  const parts = [
    `<rect x="${LEFT}" y="0" width="${WIDTH - LEFT - RIGHT}" height="${HEIGHT}" class="field"/>`,
  ];
  parts.push(...curve(plotted, x));
  for (const [row, rule] of rules.entries()) {
    const y = HEIGHT + 3 + row * (BAR + 3);
    parts.push(`<text x="${LEFT - 4}" y="${y + BAR}" class="rule">${escapeHtml(shortened(rule))}</text>`);
    for (const episode of episodes) {
      if (episode.rule === rule) parts.push(...bars(episode, { x, y, to }));
    }
  }
  for (let i = 0; i < TICKS; i++) {
    const time = from + ((to - from) * i) / (TICKS - 1);
    const anchor = i === 0 ? "start" : i === TICKS - 1 ? "end" : "middle";
    parts.push(
      `<text x="${round(x(time))}" y="${height - 4}" text-anchor="${anchor}">${stamp(time, timeZone)}</text>`,
    );
  }
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(channel.key)}">${parts.join("")}</svg>`;
}

function curve({ channel, trace, limits }: Plotted, x: (time: Micros) => number): string[] {
  const series = trace.series(channel.index);
  if (series === undefined) return [];
  const { low, high } = series;
  const values = [...low, ...high].filter((value) => !Number.isNaN(value));
  const bottom = Math.min(...values, ...limits.map(({ value }) => value));
  const top = Math.max(...values, ...limits.map(({ value }) => value));
  const room = (top - bottom || 1) * MARGIN;
  const y = (value: number) => HEIGHT - ((value - bottom + room) / (top - bottom + 2 * room || 1)) * HEIGHT;
  const parts = [
    `<text x="${LEFT - 4}" y="10" class="rule">${number(top)}</text>`,
    `<text x="${LEFT - 4}" y="${HEIGHT - 2}" class="rule">${number(bottom)}</text>`,
  ];
  for (const { value, severity } of limits) {
    const at = round(y(value));
    parts.push(
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="${SEVERITY_COLOUR[severity]}" class="limit"/>`,
      `<text x="${WIDTH - RIGHT - 2}" y="${round(at - 2)}" class="rule" fill="${SEVERITY_COLOUR[severity]}">${number(value)}</text>`,
    );
  }
  for (const [first, last] of stretches(plotBuckets(trace, channel))) {
    const upper: string[] = [];
    const lower: string[] = [];
    for (let i = first; i <= last; i++) {
      if (Number.isNaN(low[i]!)) continue;
      const at = round(x(trace.grid.from + (i + 0.5) * trace.grid.width));
      upper.push(`${at},${round(y(high[i]!))}`);
      lower.unshift(`${at},${round(y(low[i]!))}`);
    }
    if (upper.length === 1) {
      const [at, above] = upper[0]!.split(",");
      parts.push(`<circle cx="${at}" cy="${above}" r="1.5" class="dot"/>`);
    } else parts.push(`<polygon points="${upper.join(" ")} ${lower.join(" ")}" class="band"/>`);
  }
  return parts;
}

interface Buckets {
  readonly low: Float64Array;
  /** Empty buckets that may lie between two that belong together. */
  readonly bridged: number;
}

function plotBuckets(trace: Trace, channel: Channel): Buckets {
  const { low } = trace.series(channel.index)!;
  // A channel that keeps its state, or is never stale, has no gaps.
  const { stale, report } = channel;
  const bridged =
    report === "on-change" || stale === 0 ? Number.POSITIVE_INFINITY : Math.max(1, stale / trace.grid.width);
  return { low, bridged };
}

/** First and last bucket of each stretch without a gap. */
function stretches({ low, bridged }: Buckets): [first: number, last: number][] {
  const found: [number, number][] = [];
  let current: [number, number] | undefined;
  low.forEach((value, i) => {
    if (Number.isNaN(value)) return;
    if (current !== undefined && i - current[1] - 1 <= bridged) current[1] = i;
    else {
      current = [i, i];
      found.push(current);
    }
  });
  return found;
}

function bars(
  { steps, ended, rule }: Episode,
  { x, y, to }: { x: (time: Micros) => number; y: number; to: Micros },
): string[] {
  return steps.map(({ time, severity }, i) => {
    const left = x(time);
    const width = Math.max(NARROWEST, x(steps[i + 1]?.time ?? ended ?? to) - left);
    return `<rect x="${round(left)}" y="${y}" width="${round(width)}" height="${BAR}" fill="${SEVERITY_COLOUR[severity]}"><title>${escapeHtml(rule)} ${severity}</title></rect>`;
  });
}

function shortened(rule: string): string {
  return rule.length > 11 ? `${rule.slice(0, 10)}…` : rule;
}

function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

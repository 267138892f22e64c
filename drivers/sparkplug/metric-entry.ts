import { GOOD, qualityOf, REASON, type Reason } from "../../model/quality.ts";
import { NO_TIME, type ReadingBatch } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";
import { judge } from "../judge.ts";
import type { Decoded } from "../value.ts";
import type { Counts } from "./counts.ts";
import { DATA_TYPE, isArray } from "./data-type.ts";
import type { Target } from "./instrument.ts";
import { emptyMetric, KIND, type Metric, numberOf, type Payload } from "./payload-reader.ts";
import { reasonOf } from "./quality.ts";
import type { Definition, Scope } from "./scope.ts";

/** Templates within templates that are followed. */
const DEPTH_MAX = 8;
/** Stands for a time that cannot be one: 1970, which the gateway refuses like any implausible time. */
const UNREADABLE_TIME: Micros = 0;

/** The message a metric came in. */
export interface Carrier {
  readonly payload: Payload;
  readonly scope: Scope;
  readonly birth: boolean;
  /** Without a valid birth before it: nothing in it is better than uncertain. */
  readonly doubted: boolean;
  readonly received: Micros;
  readonly batch: ReadingBatch;
}

/** From metrics to readings. */
export class MetricEntry {
  readonly #counts: Counts;
  readonly #out: Decoded = { value: 0, reason: 0 };
  readonly #members: readonly Metric[] = Array.from({ length: DEPTH_MAX }, emptyMetric);
  readonly #cell = emptyMetric();
  /** The message had historical readings, in no particular order. */
  historical = false;

  constructor(counts: Counts) {
    this.#counts = counts;
  }

  /** Enters one metric of a message. @throws PayloadError when what lies within it cannot be read. */
  enter(metric: Metric, definition: Definition, carrier: Carrier): void {
    this.#enter(metric, definition, { carrier, depth: 0, time: metric.time, historical: metric.historical });
  }

  #enter(
    metric: Metric,
    definition: Definition,
    at: { carrier: Carrier; depth: number; time: Micros; historical: boolean },
  ): void {
    const { targets, nested } = definition;
    if (targets.length === 0 && !nested) {
      this.#counts.unmapped.add();
      return;
    }
    // The quality is only said when it is not good (Sparkplug 3.0, 6.4.9.1).
    const status = Number.isNaN(metric.quality) ? REASON.good : reasonOf(metric.quality);
    const { carrier, time, historical, depth } = at;
    for (const target of targets) {
      let source = metric;
      if (target.cell !== undefined) {
        if (metric.kind !== KIND.dataSet || !carrier.payload.cell(metric.inside, target.cell, this.#cell)) {
          // A table without the row or column has no value there.
          clearCell(this.#cell);
        }
        source = this.#cell;
      }
      const dataType =
        source === this.#cell || definition.dataType === 0 ? source.dataType : definition.dataType;
      this.#say(target, source, { carrier, dataType, status, time, historical });
    }
    if (!nested || metric.kind !== KIND.template || depth >= DEPTH_MAX) return;
    const member = this.#members[depth]!;
    carrier.payload.members(metric.inside, member, () => {
      const name = `${definition.name}/${member.name}`;
      const inner = carrier.birth
        ? carrier.scope.define(name, member.dataType)
        : carrier.scope.named(name, member.dataType);
      const own = {
        time: Number.isNaN(member.time) ? time : member.time,
        historical: historical || member.historical,
      };
      this.#enter(member, inner, { carrier, depth: depth + 1, ...own });
    });
  }

  #say(
    target: Target,
    metric: Metric,
    how: { carrier: Carrier; dataType: number; status: Reason; time: Micros; historical: boolean },
  ): void {
    const { carrier, dataType, status, historical } = how;
    const { channel } = target;
    const out = this.#out;
    target.born = true;
    target.raw = this.#decode(target, metric, dataType);
    judge(out, status, channel.danger);
    let time = this.#timeOf(how.time, target, how);
    const undated = historical && Number.isNaN(time);
    if ((carrier.doubted || undated) && qualityOf(out.reason) === GOOD) out.reason = REASON.last_usable;
    if (historical) {
      this.historical = true;
      this.#counts.historical.add();
    } else if (channel.danger && out.value !== 0 && time < target.latest) {
      // A clock that was set back would make new danger look older than the all-clear before it, and what is late raises nothing.
      time = NO_TIME;
    }
    if (time > target.latest) target.latest = time;
    carrier.batch.add(channel.index, out.value, out.reason, time);
    target.heard = true;
    target.value = out.value;
    target.reason = out.reason;
    target.time = time > UNREADABLE_TIME ? time : carrier.received;
  }

  #decode(target: Target, metric: Metric, dataType: number): Target["raw"] {
    const out = this.#out;
    out.value = Number.NaN;
    if (metric.isNull) {
      out.reason = REASON.missing_value;
      return null;
    }
    switch (metric.kind) {
      case KIND.int:
      case KIND.long:
      case KIND.real: {
        const number = numberOf(metric, dataType);
        // A yes or no in place of a number on a scale is none: false must not read as no gas.
        if (dataType === DATA_TYPE.boolean && !target.discrete) out.reason = REASON.undecodable;
        else target.decode(number, out);
        return number;
      }
      case KIND.boolean: {
        const yes = metric.number !== 0;
        if (target.discrete) target.decode(yes, out);
        else out.reason = REASON.undecodable;
        return yes;
      }
      case KIND.text:
        target.decode(metric.text, out);
        return metric.text;
      case KIND.none:
        out.reason = REASON.missing_value;
        return null;
      default:
        if (isArray(dataType)) this.#counts.arrays.add();
        out.reason = REASON.undecodable;
        return "(bytes)";
    }
  }

  #timeOf(
    own: Micros,
    { channel }: Target,
    { carrier, historical }: { carrier: Carrier; historical: boolean },
  ): Micros {
    const sent = carrier.payload.time;
    const time = Number.isNaN(own) ? sent : own;
    if (Number.isNaN(time)) return NO_TIME;
    if (!Number.isSafeInteger(time)) return UNREADABLE_TIME;
    if (!carrier.birth || historical) return time;
    // A birth gives present values with the time of their last change: what has stood for a month is of now, not too old to be true.
    const { greatestDelay } = channel;
    const old = carrier.received - time > greatestDelay;
    return old && Math.abs(carrier.received - sent) <= greatestDelay ? NO_TIME : time;
  }
}

function clearCell(cell: Metric): void {
  cell.kind = KIND.none;
  cell.isNull = false;
}

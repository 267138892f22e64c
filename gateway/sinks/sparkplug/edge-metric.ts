import { DATA_TYPE } from "../../../drivers/sparkplug/data-type.ts";
import type { WrittenMetric } from "../../../drivers/sparkplug/payload-writer.ts";
import {
  BAD_QUALITY,
  CLASSIC_UNCERTAIN,
  GOOD_QUALITY,
  STALE_QUALITY,
} from "../../../drivers/sparkplug/quality.ts";
import { MODES } from "../../../model/domain.ts";
import { BAD, GOOD, qualityOf, REASON, REASONS } from "../../../model/quality.ts";
import { isDiscrete, type Quantity } from "../../../model/quantity.ts";
import {
  FLAG_CLOCK_SUSPECT,
  FLAG_LATE,
  FLAG_MODE_MASK,
  FLAG_MODE_SHIFT,
  FLAG_ORDER_UNKNOWN,
  FLAG_TIME_REFUSED,
} from "../../../model/reading.ts";
import { MILLISECOND, type Micros } from "../../../model/time.ts";
import type { ReadingRows, SeriesTags } from "../source.ts";

/** Flags whose readings are uncertain at best (model/reading.ts). */
const DOUBTED = FLAG_TIME_REFUSED | FLAG_CLOCK_SUSPECT | FLAG_ORDER_UNKNOWN;

/** A channel of the site as a metric is made of it. Plain data. */
export interface EdgeChannel extends SeriesTags {
  /** No reading for this long makes it stale; 0: never by time alone. */
  readonly stale: Micros;
}

/** How values are marked. */
export interface MetricStyle {
  readonly uncertain: "stale" | "classic";
}

/** One channel as a metric, with the last value that the journal gave. */
export class EdgeMetric {
  readonly name: string;
  readonly alias: number;
  readonly #dataType: number;
  readonly #unit: string;
  readonly #staleAfter: Micros;
  readonly #uncertain: number;
  #value = Number.NaN;
  #reason: number = REASON.no_communication;
  #mode = 0;
  #time: Micros = Number.NaN;
  /** Sequence of the newest reading taken in; below it is what was recorded before. */
  #sequence = -1;
  #heard: Micros = Number.NEGATIVE_INFINITY;
  /** Nothing was heard of it for so long that its value says nothing about now. */
  #silent = true;

  constructor(of: { name: string; alias: number; channel: EdgeChannel; style: MetricStyle }) {
    this.name = of.name;
    this.alias = of.alias;
    this.#dataType = isDiscrete(of.channel.quantity as Quantity) ? DATA_TYPE.int32 : DATA_TYPE.double;
    this.#unit = of.channel.unit;
    this.#staleAfter = of.channel.stale;
    this.#uncertain = of.style.uncertain === "classic" ? CLASSIC_UNCERTAIN : STALE_QUALITY;
  }

  /** Takes in row `i` as the last value; false when it is older than the one that stands. */
  take(rows: ReadingRows, i: number, heard: Micros): boolean {
    const sequence = rows.sequence[i]!;
    if (sequence <= this.#sequence || (rows.flags[i]! & FLAG_LATE) !== 0) return false;
    this.#sequence = sequence;
    this.#value = rows.value[i]!;
    this.#reason = reasonOf(rows, i);
    this.#mode = modeOf(rows, i);
    this.#time = rows.time[i]!;
    this.#heard = heard;
    this.#silent = false;
    return true;
  }

  /** Row `i` as a metric of a data message: by its alias alone (tck-id-payloads-alias-data-cmd-requirement). */
  data(rows: ReadingRows, i: number, historical: boolean): WrittenMetric {
    return {
      alias: this.alias,
      announced: true,
      timestamp: milliseconds(rows.time[i]!),
      ...(historical ? { historical: true } : {}),
      ...this.#said({ value: rows.value[i]!, reason: reasonOf(rows, i), mode: modeOf(rows, i) }),
    };
  }

  /** As it stands in a birth. `timestamp` (ms since 1970) is for one that has said nothing. */
  birth(timestamp: number): WrittenMetric {
    const said = this.#silent
      ? this.#nothing()
      : this.#said({ value: this.#value, reason: this.#reason, mode: this.#mode });
    return {
      name: this.name,
      alias: this.alias,
      timestamp: this.#silent ? timestamp : milliseconds(this.#time),
      dataType: this.#dataType,
      ...said,
      properties: { engUnit: this.#unit, ...said.properties },
    };
  }

  /** Whether it has just now been silent for too long; true once. */
  fallsSilent(now: Micros): boolean {
    if (this.#silent || this.#staleAfter === 0 || now - this.#heard < this.#staleAfter) return false;
    this.#silent = true;
    return true;
  }

  /** As it stands in a data message when it has fallen silent. */
  stale(timestamp: number): WrittenMetric {
    return { alias: this.alias, announced: true, timestamp, ...this.#nothing() };
  }

  #nothing(): Pick<WrittenMetric, "value" | "dataType" | "quality" | "properties"> {
    return { value: null, dataType: this.#dataType, quality: STALE_QUALITY };
  }

  #said({
    value,
    reason,
    mode,
  }: {
    value: number;
    reason: number;
    mode: number;
  }): Pick<WrittenMetric, "value" | "dataType" | "quality" | "properties"> {
    const quality = qualityOf(reason);
    const properties = {
      ...(quality === GOOD ? {} : { Reason: (REASONS[reason] ?? REASONS[REASON.bad]!).name }),
      ...(mode === 0 ? {} : { Mode: MODES[mode]! }),
    };
    return {
      // A bad value is none, unless the instrument asserted it: a fire bit beside a fault bit stands.
      value: Number.isNaN(value) ? null : value,
      dataType: this.#dataType,
      quality: quality === GOOD ? GOOD_QUALITY : quality === BAD ? BAD_QUALITY : this.#uncertain,
      properties,
    };
  }
}

/** The reason, and the doubt that the flags cast on a good value. */
function reasonOf(rows: ReadingRows, i: number): number {
  const reason = rows.reason[i]!;
  const doubted = (rows.flags[i]! & DOUBTED) !== 0;
  return doubted && qualityOf(reason) === GOOD ? REASON.clock_suspect : reason;
}

function modeOf(rows: ReadingRows, i: number): number {
  return (rows.flags[i]! & FLAG_MODE_MASK) >> FLAG_MODE_SHIFT;
}

function milliseconds(time: Micros): number {
  return Math.floor(time / MILLISECOND);
}

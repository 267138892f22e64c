import { DAY, HOUR, MINUTE, type Micros } from "../../model/time.ts";
import { contains, length, type Period } from "./period.ts";

/** ISA-18.2 16.4 counts annunciations by ten minutes. */
const INTERVAL: Micros = 10 * MINUTE;
/** A flood begins with more than so many in an interval … (ISA-18.2 16.4, Table 6) */
const FLOOD_ABOVE = 10;
/** … and ends with fewer than so many. */
const FLOOD_BELOW = 5;

/** A stretch of intervals in flood. */
export interface Flood {
  readonly from: Micros;
  readonly to: Micros;
  readonly annunciations: number;
  /** Most in one interval. */
  readonly peak: number;
}

export interface RateView {
  readonly total: number;
  readonly perDay: number;
  readonly perHour: number;
  readonly perInterval: number;
  /** Most in one interval. */
  readonly peak: number;
  /** Share of intervals with more than ten. */
  readonly overloaded: number;
  readonly floods: readonly Flood[];
  /** Share of the time in flood. */
  readonly inFlood: number;
  /** By day from the beginning of the period; the last may be shorter. */
  readonly days: readonly number[];
}

/** Counts annunciations by ten-minute intervals from the beginning of a period. */
export class Rate {
  readonly #period: Period;
  readonly #counts: Uint32Array;

  constructor(period: Period) {
    this.#period = period;
    this.#counts = new Uint32Array(Math.max(1, Math.ceil(length(period) / INTERVAL)));
  }

  add(time: Micros): void {
    if (contains(this.#period, time)) this.#counts[Math.floor((time - this.#period.from) / INTERVAL)]!++;
  }

  view(): RateView {
    const counts = this.#counts;
    const span = length(this.#period);
    let total = 0;
    let peak = 0;
    let overloaded = 0;
    const days = new Array<number>(Math.max(1, Math.ceil(span / DAY))).fill(0);
    for (let i = 0; i < counts.length; i++) {
      const count = counts[i]!;
      total += count;
      peak = Math.max(peak, count);
      if (count > FLOOD_ABOVE) overloaded++;
      days[Math.floor((i * INTERVAL) / DAY)]! += count;
    }
    const floods = this.#floods();
    return {
      total,
      perDay: (total * DAY) / span,
      perHour: (total * HOUR) / span,
      perInterval: (total * INTERVAL) / span,
      peak,
      overloaded: overloaded / counts.length,
      floods,
      inFlood: floods.reduce((sum, { from, to }) => sum + (to - from), 0) / span,
      days,
    };
  }

  #floods(): Flood[] {
    const { from, to } = this.#period;
    const counts = this.#counts;
    const floods: Flood[] = [];
    for (let i = 0; i < counts.length; i++) {
      if (counts[i]! <= FLOOD_ABOVE) continue;
      let annunciations = 0;
      let peak = 0;
      let end = i;
      for (; end < counts.length && counts[end]! >= FLOOD_BELOW; end++) {
        annunciations += counts[end]!;
        peak = Math.max(peak, counts[end]!);
      }
      floods.push({
        from: from + i * INTERVAL,
        to: Math.min(to, from + end * INTERVAL),
        annunciations,
        peak,
      });
      i = end;
    }
    return floods;
  }
}

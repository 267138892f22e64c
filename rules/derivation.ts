import { BAD, GOOD, qualityOf, REASON, type Reason, worse } from "../model/quality.ts";
import { FLAG_DERIVED, type ReadingBatch } from "../model/reading.ts";
import type { Channel, Derivation, Site } from "../model/site.ts";

type Curve = Extract<Derivation, { kind: "curve" }>;

/** A derived channel that waits for several inputs: where in the batch each has been seen. */
interface Gathering {
  readonly channel: Channel;
  readonly inputs: readonly number[];
  readonly positions: readonly number[][];
  done: number;
}

/** Who is fed by a channel. */
type Consumer =
  | {
      readonly kind: "single";
      readonly channel: Channel;
      readonly derivation: Exclude<Derivation, { kind: "resultant" }>;
    }
  | { readonly kind: "gathering"; readonly gathering: Gathering; readonly input: number };

/**
 * Derived channels, computed from the readings of the same message after their times were judged: a level in a datum, a
 * resultant, a rating curve. A derived reading has the worst quality of its inputs (semantics.md 17), their lateness and mode.
 */
export class Derivations {
  readonly #consumers: readonly (readonly Consumer[])[];
  #touched: Gathering[] = [];
  /** Result of the last computation: the value and its reason. */
  #value = Number.NaN;
  #reason: Reason = REASON.good;

  constructor(site: Site) {
    const consumers: Consumer[][] = site.channels.map(() => []);
    for (const channel of site.channels) {
      const { derivation } = channel;
      if (derivation === undefined) continue;
      if (derivation.kind !== "resultant") {
        consumers[derivation.input]?.push({ kind: "single", channel, derivation });
        continue;
      }
      const gathering: Gathering = {
        channel,
        inputs: derivation.inputs,
        positions: derivation.inputs.map(() => []),
        done: 0,
      };
      derivation.inputs.forEach((from, input) => {
        consumers[from]?.push({ kind: "gathering", gathering, input });
      });
    }
    this.#consumers = consumers;
  }

  /** Appends what can be derived from a batch to it; derived channels may feed further ones. */
  extend(batch: ReadingBatch): void {
    for (let i = 0; i < batch.length; i++) {
      const consumers = this.#consumers[batch.channel[i]!];
      if (consumers === undefined || consumers.length === 0) continue;
      for (const consumer of consumers) {
        if (consumer.kind === "single") this.#single(batch, i, consumer);
        else this.#gather(batch, i, consumer);
      }
    }
    if (this.#touched.length > 0) this.#forget();
  }

  #single(batch: ReadingBatch, i: number, { channel, derivation }: Consumer & { kind: "single" }): void {
    const value = batch.value[i]!;
    const reason = batch.reason[i]!;
    if (qualityOf(reason) === BAD || Number.isNaN(value)) {
      this.#value = Number.NaN;
      this.#reason = qualityOf(reason) === BAD ? reason : REASON.not_a_number;
    } else if (derivation.kind === "linear") {
      this.#value = derivation.scale * value + derivation.offset;
      this.#reason = derivation.scale < 0 ? mirrored(reason) : reason;
    } else {
      this.#interpolate(derivation, value, reason);
    }
    this.#append(batch, channel, { time: batch.time[i]!, flags: batch.flags[i]! });
  }

  #gather(batch: ReadingBatch, i: number, { gathering, input }: Consumer & { kind: "gathering" }): void {
    const { positions, channel } = gathering;
    if (gathering.done === 0 && positions.every((seen) => seen.length === 0)) this.#touched.push(gathering);
    positions[input]!.push(i);
    // The k-th reading of each input belongs together: a message may bring several samples.
    const k = gathering.done;
    if (!positions.every((seen) => seen.length > k)) return;
    gathering.done = k + 1;
    let sum = 0;
    let reason: Reason = REASON.good;
    let time = Number.NEGATIVE_INFINITY;
    let flags = 0;
    for (const seen of positions) {
      const at = seen[k]!;
      const value = batch.value[at]!;
      sum += value * value;
      // The magnitude of an axis beyond its range is beyond the range upwards, whichever way the axis points.
      const own = batch.reason[at]! === REASON.under_range ? REASON.over_range : batch.reason[at]!;
      reason = worse(reason, own);
      time = Math.max(time, batch.time[at]!);
      flags |= batch.flags[at]!;
    }
    this.#value = qualityOf(reason) === BAD ? Number.NaN : Math.sqrt(sum);
    this.#reason = Number.isNaN(this.#value) && qualityOf(reason) !== BAD ? REASON.not_a_number : reason;
    this.#append(batch, channel, { time, flags });
  }

  #interpolate(curve: Curve, x: number, reason: Reason): void {
    const { x: xs, y: ys } = curve;
    const last = xs.length - 1;
    let k = 1;
    while (k < last && x > xs[k]!) k++;
    const rise = (ys[k]! - ys[k - 1]!) / (xs[k]! - xs[k - 1]!);
    const falling = ys[last]! < ys[0]!;
    this.#value = Number.isFinite(x) ? ys[k - 1]! + (x - xs[k - 1]!) * rise : falling ? -x : x;
    const outside = x < xs[0]! || x > xs[last]!;
    this.#reason = falling ? mirrored(reason) : reason;
    // Beyond the points the curve is a guess along its last piece.
    if (outside && qualityOf(reason) === GOOD) this.#reason = REASON.not_accurate;
  }

  #append(batch: ReadingBatch, channel: Channel, from: { time: number; flags: number }): void {
    const value = this.#value;
    let reason = this.#reason;
    const { range } = channel;
    if (range !== undefined && qualityOf(reason) === GOOD) {
      if (value > range.high) reason = REASON.over_range;
      else if (value < range.low) reason = REASON.under_range;
    }
    batch.add(channel.index, value, reason, from.time);
    batch.flags[batch.length - 1] = from.flags | FLAG_DERIVED;
  }

  #forget(): void {
    for (const gathering of this.#touched) {
      gathering.done = 0;
      for (const seen of gathering.positions) seen.length = 0;
    }
    this.#touched = [];
  }
}

/** What lies beyond the range upwards lies beyond it downwards once the sign is turned. */
function mirrored(reason: Reason): Reason {
  if (reason === REASON.over_range) return REASON.under_range;
  if (reason === REASON.under_range) return REASON.over_range;
  return reason;
}

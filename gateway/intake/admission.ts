import type { Counter } from "../../model/counter.ts";
import { MODES } from "../../model/domain.ts";
import { BAD, qualityOf } from "../../model/quality.ts";
import { FLAG_LATE, FLAG_MODE_SHIFT, type ReadingBatch } from "../../model/reading.ts";
import type { Site } from "../../model/site.ts";
import { MINUTE, type Micros } from "../../model/time.ts";
import type { Timeliness } from "../../rules/timeliness.ts";

/** A bad reading that says the same as the one before is journalled this often, not every cycle (design.md section 4). */
const BAD_REPEAT_INTERVAL: Micros = 10 * MINUTE;
/** In the list of refused times: its reading was left out. */
export const LEFT_OUT = -1;

/** What is counted of what an admission leaves out, or finds late. */
export interface AdmissionCounters {
  readonly repeatedBad: Pick<Counter, "add">;
  readonly late: Pick<Counter, "add">;
}

/**
 * The last step before the rules, the same live and for recorded tables: marks the mode of each reading, and takes bad readings
 * that only say again what the one before said out of the message.
 */
export class Admission {
  readonly #timeliness: Timeliness;
  readonly #counters: AdmissionCounters;
  readonly #modeFlags: Uint8Array;
  readonly #lastBadReason: Uint8Array;
  readonly #lastBadAt: Float64Array;
  /** How long a bad reading that repeats the one before is left out, by channel. */
  readonly #repeatAfter: Float64Array;

  constructor(site: Site, timeliness: Timeliness, counters: AdmissionCounters) {
    this.#timeliness = timeliness;
    this.#counters = counters;
    this.#modeFlags = Uint8Array.from(
      site.channels,
      (channel) => MODES.indexOf(channel.mode) << FLAG_MODE_SHIFT,
    );
    this.#lastBadReason = new Uint8Array(site.channels.length);
    this.#lastBadAt = new Float64Array(site.channels.length);
    // A device that has nothing to say but its fault is alive all the same, and the rules must hear it in time.
    this.#repeatAfter = Float64Array.from(site.channels, ({ device }) => {
      const { liveness } = site.devices[device]!;
      return liveness > 0 ? Math.min(BAD_REPEAT_INTERVAL, liveness / 2) : BAD_REPEAT_INTERVAL;
    });
  }

  /** Marks modes, and takes repeated bad readings out of a message that was judged and extended, in place. */
  admit(batch: ReadingBatch, received: Micros): void {
    const { channel, value, reason, flags, time } = batch;
    const { claimedIndex } = this.#timeliness;
    let kept = 0;
    let claim = 0;
    for (let i = 0; i < batch.length; i++) {
      const claims = claim < claimedIndex.length && claimedIndex[claim] === i;
      const c = channel[i]!;
      const r = reason[i]!;
      if ((flags[i]! & FLAG_LATE) !== 0) {
        // It tells of the past: nothing that comes now repeats it.
        this.#counters.late.add();
      } else if (qualityOf(r) === BAD && Number.isNaN(value[i]!)) {
        if (this.#lastBadReason[c] === r && received - this.#lastBadAt[c]! < this.#repeatAfter[c]!) {
          this.#counters.repeatedBad.add();
          if (claims) claimedIndex[claim++] = LEFT_OUT;
          continue;
        }
        this.#lastBadReason[c] = r;
        this.#lastBadAt[c] = received;
      } else {
        this.#lastBadReason[c] = 0;
      }
      if (kept !== i) {
        channel[kept] = c;
        value[kept] = value[i]!;
        reason[kept] = r;
        time[kept] = time[i]!;
      }
      flags[kept] = flags[i]! | this.#modeFlags[c]!;
      if (claims) claimedIndex[claim++] = kept;
      kept++;
    }
    batch.length = kept;
  }

  /** The message was not kept: it will be sent again, and must not pass for a repeat of itself. */
  forget(batch: ReadingBatch): void {
    for (let i = 0; i < batch.length; i++) this.#lastBadReason[batch.channel[i]!] = 0;
  }
}

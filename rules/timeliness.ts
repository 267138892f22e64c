import { BAD, qualityOf } from "../model/quality.ts";
import {
  FLAG_CLOCK_SUSPECT,
  FLAG_DERIVED,
  FLAG_DEVICE_TIME,
  FLAG_LATE,
  FLAG_ORDER_UNKNOWN,
  FLAG_TIME_REFUSED,
  type ReadingBatch,
} from "../model/reading.ts";
import type { Site } from "../model/site.ts";
import { MINUTE, type Micros } from "../model/time.ts";
import { captureTable, rowsOf, type StateRows, type StateTable } from "./state-table.ts";

/** Times before this are those of a clock that was never set: no instrument of ours is older (semantics.md 13). */
const EARLIEST: Micros = Date.UTC(2020, 0, 1) * 1_000;
/** How far ahead of the intake a device's clock may be (semantics.md 13). */
const DEFAULT_FUTURE_BOUND: Micros = 10 * MINUTE;
/** So many late readings in a row, whose own times advance, mean that the clock was set back (semantics.md 14) … */
const LATE_IN_A_ROW = 3;
/**
 * … if those times go on as time does, within this factor. What a logger had kept while it was cut off comes faster than it was
 * measured: that is a backlog, however long, and tells nothing of its clock.
 */
const PACE = 2;

const NONE = Number.NEGATIVE_INFINITY;

/** By channel, in the order of the columns of `Timeliness`; only channels that were heard. JSON-safe. */
export type TimelinessState = StateTable | StateRows;

/**
 * Judges the time of every reading before it is evaluated (semantics.md 12 to 15): late, refused, or of a clock that was set
 * back; and makes times unique within a series, because InfluxDB overwrites equal series and time.
 *
 * Each channel has an order mark: the device time of its last reading in order. Only accepted device times move it.
 */
export class Timeliness {
  readonly #keys: readonly string[];
  readonly #greatestDelay: Float64Array;
  readonly #futureBound: Micros;
  readonly #earliest: Micros;
  /** Device time of the last reading that was evaluated in order. */
  readonly #mark: Float64Array;
  /** The mark before the clock was set back; the clock agrees again when it is reached. */
  readonly #before: Float64Array;
  /** `received` of the last reading that came without a time of its own and said something. */
  readonly #untimed: Float64Array;
  /** Late readings in a row; the own time of the last one; the own time of the first one, and when that one came. */
  readonly #late: Float64Array;
  readonly #lateTime: Float64Array;
  readonly #lateSince: Float64Array;
  readonly #lateReceived: Float64Array;
  /** Last times given out: to readings in order, to late ones, and to those that carry the gateway's time. */
  readonly #lastOrdered: Float64Array;
  readonly #lastLate: Float64Array;
  readonly #lastGateway: Float64Array;
  /** Indices in the batch judged last whose time was refused, ascending … */
  readonly claimedIndex: number[] = [];
  /** … and the times that their instrument claimed, µs. */
  readonly claimed: Micros[] = [];

  /** `earliest`: times before it are not believed; a recorded table may well be older than our instruments. */
  constructor(site: Site, options: { futureBound?: Micros; earliest?: Micros } = {}) {
    const { channels } = site;
    const column = () => new Float64Array(channels.length).fill(NONE);
    this.#keys = channels.map((channel) => channel.key);
    this.#greatestDelay = Float64Array.from(channels, (channel) => channel.greatestDelay);
    this.#futureBound = options.futureBound ?? DEFAULT_FUTURE_BOUND;
    this.#earliest = options.earliest ?? EARLIEST;
    this.#mark = column();
    this.#before = column();
    this.#untimed = column();
    this.#late = new Float64Array(channels.length);
    this.#lateTime = column();
    this.#lateSince = column();
    this.#lateReceived = column();
    this.#lastOrdered = column();
    this.#lastLate = column();
    this.#lastGateway = column();
  }

  /** Judges one message as it came from its driver: puts final times and flags in place. */
  judge(batch: ReadingBatch, received: Micros): void {
    if (this.claimed.length > 0) {
      this.claimed.length = 0;
      this.claimedIndex.length = 0;
    }
    const { channel, value, reason, flags, time } = batch;
    for (let i = 0; i < batch.length; i++) {
      if ((flags[i]! & FLAG_DERIVED) !== 0) continue;
      const c = channel[i]!;
      const given = time[i]!;
      // A bad reading without a value is a driver's "could not read": it says nothing about order.
      const says = qualityOf(reason[i]!) !== BAD || !Number.isNaN(value[i]!);
      if (Number.isNaN(given)) {
        if (says) this.#untimed[c] = received;
        time[i] = this.#byGateway(c, received);
      } else if (this.#believed(c, given, received)) {
        flags[i]! |= this.#order(c, Math.round(given), received);
        time[i] = this.#unique(c, Math.round(given), (flags[i]! & FLAG_LATE) !== 0);
      } else {
        this.claimedIndex.push(i);
        this.claimed.push(given);
        flags[i]! |= FLAG_TIME_REFUSED;
        time[i] = this.#byGateway(c, received);
      }
    }
  }

  /** Takes in a message of the journal, judged before: the memory is then as it was. */
  replayed(batch: ReadingBatch, received: Micros): void {
    const { channel, value, reason, flags, time } = batch;
    for (let i = 0; i < batch.length; i++) {
      const c = channel[i]!;
      const f = flags[i]!;
      const t = time[i]!;
      if ((f & FLAG_DERIVED) !== 0) continue;
      if ((f & FLAG_DEVICE_TIME) === 0) {
        this.#lastGateway[c] = t;
        if ((f & FLAG_TIME_REFUSED) !== 0) continue;
        if (qualityOf(reason[i]!) !== BAD || !Number.isNaN(value[i]!)) this.#untimed[c] = received;
      } else if ((f & FLAG_LATE) !== 0) {
        this.#countLate(c, t, received);
        this.#lastLate[c] = t;
      } else {
        if (t < this.#mark[c]!) this.#before[c] = Math.max(this.#before[c]!, this.#mark[c]!);
        if ((f & FLAG_CLOCK_SUSPECT) === 0) this.#before[c] = NONE;
        // One microsecond later than the one before was the same time, told apart.
        if (t !== this.#lastOrdered[c]! + 1) this.#mark[c] = t;
        this.#lastOrdered[c] = t;
        this.#late[c] = 0;
      }
    }
  }

  checkpoint(): TimelinessState {
    const columns = this.#columns();
    const heard = Array.from(this.#keys, (_, c) => c).filter((c) =>
      columns.some((column) => column[c] !== NONE && column[c] !== 0),
    );
    return captureTable(this.#keys, heard, columns);
  }

  restore(state: TimelinessState): void {
    const rowOf = rowsOf(state);
    const columns = this.#columns();
    this.#keys.forEach((key, c) => {
      const row = rowOf(key);
      if (row === undefined) return;
      columns.forEach((column, i) => {
        column[c] = row[i] ?? NONE;
      });
    });
  }

  #columns(): readonly Float64Array[] {
    return [
      this.#mark,
      this.#before,
      this.#untimed,
      this.#late,
      this.#lateTime,
      this.#lastOrdered,
      this.#lastLate,
      this.#lastGateway,
      this.#lateSince,
      this.#lateReceived,
    ];
  }

  #believed(c: number, time: Micros, received: Micros): boolean {
    return (
      time <= received + this.#futureBound &&
      time >= this.#earliest &&
      received - time <= this.#greatestDelay[c]!
    );
  }

  /** Places a believed device time in the order of its channel; gives the flags it earns. */
  #order(c: number, time: Micros, received: Micros): number {
    if (time < this.#mark[c]!) {
      this.#countLate(c, time, received);
      if (!this.#setBack(c, time, received)) return FLAG_DEVICE_TIME | FLAG_LATE;
      // The clock was set back: order starts anew, in doubt until the clock is where it had been.
      this.#before[c] = Math.max(this.#before[c]!, this.#mark[c]!);
      this.#lastOrdered[c] = NONE;
      this.#mark[c] = time;
      this.#late[c] = 0;
      return FLAG_DEVICE_TIME | FLAG_CLOCK_SUSPECT;
    }
    this.#late[c] = 0;
    this.#mark[c] = time;
    let flags = FLAG_DEVICE_TIME;
    if (this.#before[c] !== NONE) {
      if (time >= this.#before[c]!) this.#before[c] = NONE;
      else flags |= FLAG_CLOCK_SUSPECT;
    }
    // Older than something that came without a time: it may raise, but must not clear what that had raised.
    if (time < this.#untimed[c]!) flags |= FLAG_ORDER_UNKNOWN;
    return flags;
  }

  #countLate(c: number, time: Micros, received: Micros): void {
    if (this.#late[c]! > 0 && time > this.#lateTime[c]!) this.#late[c]!++;
    else {
      this.#late[c] = 1;
      this.#lateSince[c] = time;
      this.#lateReceived[c] = received;
    }
    this.#lateTime[c] = time;
  }

  /** Whether the late readings in a row are those of a clock that goes on from an earlier time. */
  #setBack(c: number, time: Micros, received: Micros): boolean {
    const own = time - this.#lateSince[c]!;
    const ours = received - this.#lateReceived[c]!;
    return this.#late[c]! >= LATE_IN_A_ROW && own <= ours * PACE && ours <= own * PACE;
  }

  #byGateway(c: number, received: Micros): Micros {
    let time = Math.max(received, this.#lastGateway[c]! + 1);
    if (time === this.#lastOrdered[c]) time++;
    this.#lastGateway[c] = time;
    return time;
  }

  #unique(c: number, time: Micros, late: boolean): Micros {
    const last = late ? this.#lastLate : this.#lastOrdered;
    // Readings in order only ever go on from the last; late ones may go anywhere, so only a repeated time is moved.
    let given = (late ? time === last[c] : time <= last[c]!) ? last[c]! + 1 : time;
    if (given === this.#lastGateway[c]) given++;
    last[c] = given;
    return given;
  }
}

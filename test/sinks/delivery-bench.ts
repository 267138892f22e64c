import { readFileSync } from "node:fs";
import { Cursors } from "../../gateway/journal/cursors.ts";
import { createDelivery } from "../../gateway/sinks/create.ts";
import { quarantineOf, sinkSchema } from "../../gateway/sinks/options.ts";
import { resolveSink } from "../../gateway/sinks/resolved.ts";
import type { DeliverySource, ReadingRows } from "../../gateway/sinks/source.ts";
import type { Log } from "../../model/log.ts";
import { REASON } from "../../model/quality.ts";
import { type Clock, SystemClock } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** First instant of the bench's readings, µs. */
export const START = 1_779_345_000_000_000;
const SERIES = 50;

/** An alarm event; all of them are of one alarm, in one instant. */
export function eventNumber(seq: number): AlarmEvent {
  return {
    seq,
    prev: 0,
    transition: "raise",
    occurrence: seq,
    rule: "flood",
    subject: "device-1.level",
    point: "point-1",
    domain: "water",
    class: "danger",
    mode: "live",
    severity: "red",
    highest: "red",
    from: "normal",
    to: "unacknowledged",
    time: START,
    since: START,
    value: 3,
    reason: REASON.good,
    measured: START,
    limit: 2,
    revision: "r1",
  };
}

/**
 * A journal in memory: record n is a reading of series n % 50 with value n, one a millisecond. What delivery does with a real
 * one is tested in reader.test.ts; here the numbers can be anything.
 */
export class RecordedNumbers implements DeliverySource {
  alarmEvents: AlarmEvent[] = [];
  damaged: { from: number; to: number } | undefined;
  /** Why nothing can be read. */
  failure: Error | undefined;

  readings(from: number, to: number): ReadingRows {
    const { damaged, failure } = this;
    if (failure !== undefined) throw failure;
    if (damaged !== undefined && from < damaged.to && to > damaged.from) {
      if (from >= damaged.from) {
        const next = Math.min(to, damaged.to);
        return { ...this.#rows(from, from), next, damaged: next - from };
      }
      return this.#rows(from, damaged.from);
    }
    return this.#rows(from, to);
  }

  events(from: number, to: number, limit: number): AlarmEvent[] {
    return this.alarmEvents.filter(({ seq }) => seq >= from && seq < to).slice(0, limit);
  }

  quantityOf = (_series: number): string => "water_level";

  tags(series: number) {
    return {
      site: "demo",
      point: `point-${series}`,
      device: `device-${series}`,
      channel: "level",
      domain: "water",
      quantity: this.quantityOf(series),
      unit: "m",
      key: `device-${series}.level`,
    };
  }

  #rows(from: number, to: number): ReadingRows {
    const length = to - from;
    return {
      length,
      sequence: Float64Array.from({ length }, (_, i) => from + i),
      series: Uint32Array.from({ length }, (_, i) => (from + i) % SERIES),
      value: Float64Array.from({ length }, (_, i) => from + i),
      reason: new Uint8Array(length).fill(REASON.good),
      flags: new Uint8Array(length),
      time: Float64Array.from({ length }, (_, i) => START + (from + i) * 1_000),
      next: to,
      damaged: 0,
    };
  }
}

/** What was logged, for tests of what people are told. */
export class Logged implements Log {
  readonly lines: { level: string; fields: object; message: string }[] = [];
  readonly debug = this.#note("debug");
  readonly info = this.#note("info");
  readonly warn = this.#note("warn");
  readonly error = this.#note("error");

  #note(level: string) {
    return (fields: object, message: string) => {
      this.lines.push({ level, fields, message });
    };
  }
}

/** One sink with everything it needs, on real HTTP and a real sinks.db. */
export class DeliveryBench implements AsyncDisposable {
  readonly source = new RecordedNumbers();
  readonly log = new Logged();
  readonly #folder = temporaryFolder("delivery");
  readonly #clock: Clock = new SystemClock();
  readonly #options: Record<string, unknown>;
  #cursors: Cursors;
  #end: number;
  delivery!: Awaited<ReturnType<typeof createDelivery>>;

  private constructor(options: Record<string, unknown>, end: number) {
    this.#options = options;
    this.#end = end;
    this.#cursors = this.#openCursors();
  }

  static async start(options: Record<string, unknown>, end = 0): Promise<DeliveryBench> {
    const bench = new DeliveryBench(options, end);
    await bench.#start();
    return bench;
  }

  get folder(): string {
    return this.#folder.path;
  }

  get status() {
    return this.delivery.status;
  }

  quarantined(limit = 100) {
    return this.#cursors.quarantined({ limit });
  }

  /** So many more readings are durable. */
  record(count: number): void {
    this.#end += count;
    this.#tell();
  }

  /** An alarm event is durable. */
  event(event: AlarmEvent): void {
    this.source.alarmEvents.push(event);
    this.#tell();
  }

  /** Everything recorded so far has been dealt with. */
  get idle(): boolean {
    const { pending, events } = this.status;
    return pending + events === 0;
  }

  /** Ends delivery in good order and begins again from disk; `between` happens while nothing runs. */
  async restart(between: () => void = () => {}): Promise<void> {
    await this.delivery.stop();
    this.#cursors.close();
    between();
    this.#cursors = this.#openCursors();
    await this.#start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.delivery.stop();
    this.#cursors.close();
    this.#folder.remove();
  }

  #openCursors(): Cursors {
    return new Cursors({ folder: this.#folder.path, clock: this.#clock, log: this.log });
  }

  async #start(): Promise<void> {
    const options = sinkSchema.parse(this.#options);
    const resolved = resolveSink({ id: "sink", options }, (reference) =>
      reference.startsWith("file:") ? readFileSync(reference.slice(5), "utf8") : `secret of ${reference}`,
    );
    const end = this.#end;
    this.delivery = await createDelivery({
      resolved,
      site: "demo",
      channels: Array.from({ length: SERIES }, (_, series) => ({ ...this.source.tags(series), stale: 0 })),
      source: this.source,
      cursor: this.#cursors.sink("sink", {
        start: options.start,
        quarantine: quarantineOf(options),
        journal: { oldest: 0, end, oldestEvent: 0, eventsEnd: this.#eventsEnd },
      }),
      clock: this.#clock,
      log: this.log,
    });
    this.#tell();
    this.delivery.start();
  }

  get #eventsEnd(): number {
    return (this.source.alarmEvents.at(-1)?.seq ?? -1) + 1;
  }

  #tell(): void {
    this.delivery.grown(this.#end, this.#eventsEnd);
  }
}

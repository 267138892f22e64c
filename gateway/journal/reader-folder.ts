import type { AlarmEvent } from "../../rules/event.ts";
import type { DeliverySource, ReadingRows, SeriesTags } from "../sinks/source.ts";
import { AlarmLogReader } from "./alarm-log-reader.ts";
import { damaged } from "./bytes.ts";
import { isDamage } from "./database.ts";
import { DictionaryReader } from "./dictionary.ts";
import { JournalSource } from "./reader-source.ts";
import { SegmentReader } from "./segment-reader.ts";
import type { DamagedRecords } from "./segment-view.ts";

/** Events looked at in one step while looking for the end. */
const EVENT_STEP = 1_000;

/** The data folder to read from, as sinks and questions need it. */
export class ReaderFolder implements DeliverySource {
  readonly segments: SegmentReader;
  readonly #source: JournalSource;
  readonly #alarmLog: AlarmLogReader;
  readonly #dictionary: DictionaryReader;
  #eventsEnd = 0;

  /** @throws an SQLite error when a file is missing. */
  constructor(folder: string, onDamage: (damage: DamagedRecords) => void) {
    this.segments = new SegmentReader(folder, onDamage);
    this.#alarmLog = new AlarmLogReader(folder);
    this.#dictionary = new DictionaryReader(folder);
    this.#source = new JournalSource(this.segments);
  }

  /** One past the newest event in the alarm log. */
  eventsEnd(): number {
    for (;;) {
      const events = this.#alarmLog.events(this.#eventsEnd, Number.MAX_SAFE_INTEGER, EVENT_STEP);
      const last = events.at(-1);
      if (last === undefined) return this.#eventsEnd;
      this.#eventsEnd = last.seq + 1;
    }
  }

  readings(from: number, to: number): ReadingRows {
    return this.#source.readings(from, to);
  }

  events(from: number, to: number, limit: number): AlarmEvent[] {
    try {
      return this.#alarmLog.events(from, to, limit);
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown;
      throw damaged(`the alarm log, events ${from} to ${to - 1}`, thrown);
    }
  }

  tags(series: number): SeriesTags | undefined {
    return this.#dictionary.get(series);
  }

  close(): void {
    this.segments.close();
    this.#alarmLog.close();
    this.#dictionary.close();
  }
}

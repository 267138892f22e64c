import type { Site } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { AlarmBook } from "../alarm-book.ts";
import type { ChannelMemory } from "../channel-memory.ts";
import type { EventStream } from "../event-stream.ts";
import type { EngineSettings } from "../settings.ts";
import type { TimerQueue } from "../timer-queue.ts";

/** What the monitoring works with. */
export interface MonitoringParts {
  readonly site: Site;
  readonly settings: EngineSettings;
  readonly timers: TimerQueue;
  readonly book: AlarmBook;
  readonly stream: EventStream;
  readonly memory: ChannelMemory;
  /** Nothing is known of a channel from `at` on: its rules hold (semantics.md 8). */
  readonly onSilence: (channel: number, at: Micros) => void;
}

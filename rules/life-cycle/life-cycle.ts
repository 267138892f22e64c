import type { Severity } from "../../model/severity.ts";
import type { Site } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { Alarm, Change } from "../alarm.ts";
import type { AlarmBook } from "../alarm-book.ts";
import type { Evaluation } from "../evaluation.ts";
import type { Transition } from "../event.ts";
import type { Decision, EventStream, Silenced, Silencing } from "../event-stream.ts";
import type { EngineSettings } from "../settings.ts";
import type { TimerQueue } from "../timer-queue.ts";
import { Carriers } from "./carriers.ts";
import { Register, STANDING_FOR_THEMSELVES } from "./register.ts";
import { Service } from "./service.ts";
import { Shelving } from "./shelving.ts";
import { tellSilence } from "./telling.ts";

/** Steps by which an alarm ends its own shelving. */
const ENDING_SHELVES: ReadonlySet<Transition> = new Set(["upgrade", "again", "withdraw"]);

export interface LifeCycleParts {
  readonly site: Site;
  readonly settings: EngineSettings;
  readonly timers: TimerQueue;
  readonly book: AlarmBook;
  readonly stream: EventStream;
  readonly evaluation: Evaluation;
}

/**
 * What becomes of an alarm besides its condition (IEC 62682; domain.md a.1): silences, their ends, what is told again. It reacts to
 * steps of alarms, commands and time; a reading costs it nothing.
 */
export class LifeCycle implements Silencing {
  readonly #p: LifeCycleParts;
  readonly register: Register;
  readonly shelving: Shelving;
  readonly service: Service;

  constructor(parts: LifeCycleParts) {
    this.#p = parts;
    const carriers = new Carriers(parts.site);
    const register = new Register(parts);
    const common = { ...parts, register, carriers };
    this.register = register;
    this.shelving = new Shelving(common);
    this.service = new Service({ ...common, channels: parts.site.channels.length });
    parts.stream.silencing = this;
  }

  of(alarm: Alarm, _highest: Severity): Silenced | undefined {
    if (STANDING_FOR_THEMSELVES.has(alarm.rule)) return undefined;
    const out = this.service.covering(alarm);
    if (out !== undefined) return { silence: "out-of-service", until: out };
    return alarm.shelf === undefined ? undefined : { silence: "shelved", until: alarm.shelf.until };
  }

  moved(alarm: Alarm, change: Change, decision: Decision): void {
    const { transition } = change;
    if (transition === "return") this.shelving.returned(alarm, decision.at);
    else if (ENDING_SHELVES.has(transition)) this.shelving.forgotten(alarm);
    if (transition === "withdraw") this.service.withdrawn(alarm);
  }

  /** Takes up what restored alarms say. */
  restore(): void {
    this.shelving.restore();
    this.service.restore();
  }

  /** A start: where what silences an alarm is not what it was told to be, that is told now. */
  start(at: Micros): void {
    for (const alarm of this.#p.book.ordered()) {
      if (alarm.state === "normal") continue;
      const now = this.of(alarm, alarm.highest)?.silence;
      const before = alarm.silence;
      if (now === before) continue;
      const silence = now ?? before;
      if (silence === undefined) continue;
      tellSilence(this.#p.stream, alarm, { silence, begins: now !== undefined, behind: { at } });
    }
  }
}

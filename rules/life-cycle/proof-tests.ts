import type { Device, Site } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { Alarm } from "../alarm.ts";
import type { AlarmBook } from "../alarm-book.ts";
import { assertAlarm, clearAlarm } from "../announce.ts";
import { decisionWithoutReading, type EventStream } from "../event-stream.ts";
import type { CommandOutcome, ProofTestCommand } from "../input.ts";
import type { EngineSettings } from "../settings.ts";
import { PROOF_TEST, type TimerQueue } from "../timer-queue.ts";
import { Deadlines } from "./deadlines.ts";

const RULE = "maintenance-due";

/** When each device was tested last by command, by device key; JSON-safe. */
export type ProofTestState = Readonly<Record<string, Micros>>;

/**
 * *Proof test due*: an instrument that has not been tested for its interval. The last test is the later of what the site file says
 * and what a command has recorded; where the latter is lost, the alarm comes early, never late.
 */
export class ProofTests {
  readonly #book: AlarmBook;
  readonly #stream: EventStream;
  readonly #settings: EngineSettings;
  readonly #devices: ReadonlyMap<string, Device>;
  readonly #done = new Map<string, Micros>();
  readonly #due: Deadlines;

  constructor(parts: {
    site: Site;
    book: AlarmBook;
    stream: EventStream;
    settings: EngineSettings;
    timers: TimerQueue;
  }) {
    this.#book = parts.book;
    this.#stream = parts.stream;
    this.#settings = parts.settings;
    this.#devices = new Map(
      parts.site.devices.flatMap((device) =>
        device.proofTest === undefined ? [] : [[device.key, device] as const],
      ),
    );
    this.#due = new Deadlines({
      timers: parts.timers,
      phase: PROOF_TEST,
      due: (key, at) => {
        const device = this.#devices.get(key);
        if (device !== undefined) this.#look(device, at);
      },
    });
  }

  /** Notes a test. */
  done({ subject, user, note }: ProofTestCommand, at: Micros): CommandOutcome {
    const device = this.#devices.get(subject);
    if (device === undefined) return { accepted: false, refusal: "unknown-subject" };
    this.#done.set(subject, at);
    this.#look(device, at, { user, ...(note === undefined ? {} : { note }) });
    return { accepted: true };
  }

  /** A start: what is due by now, or not due any more by what the site file says now, is told. */
  start(at: Micros): void {
    for (const device of this.#devices.values()) this.#look(device, at);
  }

  /** Whether the configuration still wants the device of an active alarm tested. */
  holds({ subject }: Alarm): boolean {
    return this.#devices.has(subject);
  }

  state(): ProofTestState {
    return Object.fromEntries(this.#done);
  }

  restore(state: ProofTestState): void {
    this.#done.clear();
    this.#due.clear();
    for (const [key, at] of Object.entries(state)) this.#done.set(key, at);
    for (const device of this.#devices.values()) this.#due.set(device.key, this.#deadline(device));
  }

  #deadline({ key, proofTest }: Device): Micros {
    return Math.max(proofTest?.last ?? 0, this.#done.get(key) ?? 0) + (proofTest?.every ?? 0);
  }

  #look(device: Device, at: Micros, by: { user?: string; note?: string } = {}): void {
    const due = this.#deadline(device);
    const alarm = this.#book.builtIn(RULE, { kind: "device", index: device.index });
    if (due <= at) {
      const { severity } = this.#settings.maintenanceDue;
      assertAlarm(this.#stream, alarm, { severity, decision: { ...decisionWithoutReading(at), ...by } });
      return;
    }
    this.#due.set(device.key, due);
    clearAlarm(this.#stream, alarm, { ...decisionWithoutReading(at), ...by });
  }
}

import type { Counters } from "../../model/counter.ts";
import { describe } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import { type Clock, HOUR, type Micros, SECOND } from "../../model/time.ts";
import { knowsTime, timeToTell } from "../own-clock.ts";
import { writeHead } from "./body-writer.ts";
import { FUNCTION } from "./control.ts";
import type { Answer } from "./question.ts";
import type { Questions } from "./questions.ts";
import type { Station } from "./station.ts";

/** A station's clock is set no more often than this. */
const CLOCK_INTERVAL: Micros = 1 * HOUR;

export interface UpkeepOptions {
  readonly link: string;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  readonly questions: Questions;
  /** Whether clocks are set, and how far off they may be. */
  readonly correction: { readonly correct: boolean; readonly tolerance: Micros };
}

/** What the server does with connected stations of its own accord: asks for values, sets clocks. */
export class Upkeep {
  readonly #o: UpkeepOptions;

  constructor(options: UpkeepOptions) {
    this.#o = options;
  }

  /** Whether our own clock can be told to others. */
  get knowsTime(): boolean {
    return knowsTime(this.#o.clock.wall());
  }

  /** Asks a station with a function whose question has no parameters. @throws NetworkError LINK_DOWN, DeviceError DEVICE_TIMEOUT */
  ask(station: Station, code: number, signal?: AbortSignal): Promise<Answer> {
    const { questions, clock } = this.#o;
    return questions.ask(station, code, { body: (writing) => writeHead(0, clock.wall(), writing), signal });
  }

  /**
   * Sets a station's clock to ours (4AH). Its answer is confirmed with our time again, which is the second setting that a clock
   * more than five minutes off needs (6.6.4.24).
   * @throws NetworkError LINK_DOWN, DeviceError DEVICE_TIMEOUT, ConfigurationError COMMAND_USAGE when our own was never set
   */
  async setClock(station: Station, signal?: AbortSignal): Promise<Answer> {
    const { clock, counters, link } = this.#o;
    timeToTell(clock.wall());
    station.clockSetAt = clock.now();
    const answer = await this.ask(station, FUNCTION.setClock, signal);
    const help = "Clocks of stations that were set.";
    counters.counter({ name: "sl651_clocks_set", help, labels: { link } }).add();
    return answer;
  }

  /** A station has shown its clock: sets it when it is off, and the site wants that. */
  compare(station: Station, sent: Micros): void {
    const { correct, tolerance } = this.#o.correction;
    const { clock, log, link } = this.#o;
    const off = clock.wall() - sent;
    if (!correct || !this.knowsTime || Math.abs(off) <= tolerance || station.mode === "m1") return;
    if (clock.now() - station.clockSetAt < CLOCK_INTERVAL) return;
    const { id } = station.device.device;
    log.info({ link, device: id, behind: Math.round(off / SECOND) }, "setting a station's clock");
    this.#quietly("clock", this.setClock(station));
  }

  /** Asks for present values when it is time. */
  watch(station: Station, now: Micros): void {
    if (station.ask === 0 || station.session?.connection.open !== true || now - station.askedAt < station.ask)
      return;
    station.askedAt = now;
    this.#quietly("values", this.ask(station, FUNCTION.queryNow));
  }

  /** A question that nobody waits for: its failure is counted. */
  #quietly(what: string, answer: Promise<unknown>): void {
    const { log, link, counters } = this.#o;
    answer.catch((error: unknown) => {
      const help = "Questions of the server's own without an answer.";
      counters.counter({ name: "sl651_questions_failed", help, labels: { link, what } }).add();
      log.debug({ link, what, error: describe(error) }, "a station did not answer");
    });
  }
}

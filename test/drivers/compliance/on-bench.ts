import { setTimeout as pause } from "node:timers/promises";
import type { Driver } from "../../../drivers/driver.ts";
import { SILENT } from "../../../model/log.ts";
import { BAD, REASON, REASONS } from "../../../model/quality.ts";
import { type EnteredReading, RecordingIntake, type ReportedHealth } from "../../support/recording-intake.ts";
import { until, within } from "../../support/until.ts";
import { DriverStand } from "../../tcp/driver-stand.ts";
import { CountedClock } from "./counted-clock.ts";
import { handles, leftBehind } from "./handles.ts";
import type { Bench, Peer } from "./peer.ts";

/** Nothing has come for this long: nothing more will. */
const QUIET_MS = 150;

/** A driver with its device on the bench. */
export class OnBench<P extends Peer> implements AsyncDisposable {
  readonly peer: P;
  readonly clock = new CountedClock();
  readonly intake: RecordingIntake;
  readonly #stand: DriverStand;
  readonly #before: ReadonlyMap<string, number>;
  #stopped = false;

  /** Prepared and not started. */
  static async set<P extends Peer>(
    bench: { set(): Promise<{ site: string; files?: Readonly<Record<string, string>>; peer: P }> },
    { instant = true }: { instant?: boolean } = {},
  ): Promise<OnBench<P>> {
    const before = handles();
    const { site, files, peer } = await bench.set();
    const clock = new CountedClock();
    const intake = new RecordingIntake({ instant });
    const stand = await DriverStand.prepare(site, {
      clock,
      intake,
      log: SILENT,
      ...(files === undefined ? {} : { files }),
    });
    return new OnBench(stand, peer, { before, clock });
  }

  /** Started, and its device is there. */
  static async begin<P extends Peer>(
    bench: Parameters<typeof OnBench.set<P>>[0],
    options: { instant?: boolean } = {},
  ): Promise<OnBench<P>> {
    const on = await OnBench.set(bench, options);
    await on.start();
    await on.appear();
    return on;
  }

  private constructor(
    stand: DriverStand,
    peer: P,
    { before, clock }: { before: ReadonlyMap<string, number>; clock: CountedClock },
  ) {
    this.#stand = stand;
    this.intake = stand.intake;
    this.peer = peer;
    this.clock = clock;
    this.#before = before;
  }

  get driver(): Driver {
    return this.#stand.driver;
  }

  /** Indices of the channels of the site's device. */
  get channels(): readonly number[] {
    return this.#stand.configuration.site.channels.map(({ index }) => index);
  }

  /** Messages that were kept: with a ticket. */
  get kept(): number {
    return this.intake.messages.filter(({ ticket }) => ticket > 0).length;
  }

  start(): Promise<void> {
    return within("the driver starts", this.driver.start(this.intake));
  }

  appear(): Promise<void> {
    return this.peer.appear(this.driver.listening);
  }

  async stop(boundMs?: number): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await within("the driver stops", this.driver.stop(), boundMs);
  }

  /** Everything that has reached the intake, counted. */
  heard(): number {
    const { messages, health, undecodable } = this.intake;
    return messages.length + health.length + undecodable.length;
  }

  /** Sum of all counters. */
  counted(): number {
    let sum = 0;
    for (const { total } of this.#stand.counters) sum += total;
    return sum;
  }

  counterNames(): { name: string; help: string; link: string | undefined }[] {
    return [...this.#stand.counters].map(({ name: { name, help, labels } }) => ({
      name,
      help,
      link: labels?.link,
    }));
  }

  /** A good reading that is newer than now. */
  async fresh(): Promise<EnteredReading> {
    const from = this.intake.messages.length;
    return await until("a good reading enters", () =>
      this.intake.messages
        .slice(from)
        .flatMap(({ readings }) => readings)
        .find(({ reason }) => reason === "good"),
    );
  }

  /** The last reading of a channel. */
  last(channel: number): EnteredReading | undefined {
    return this.intake.readings.findLast((reading) => reading.channel === channel);
  }

  /** Whether the link has been told to be up, and neither it nor the device is said to be down. The highest thing that fails is told. */
  get up(): boolean {
    const last = (thing: ReportedHealth["thing"]) =>
      this.intake.health.findLast((row) => row.thing === thing)?.up;
    return last("link") === true && last("device") !== false;
  }

  /** Health that was told again although nothing had changed. */
  toldAgain(): ReportedHealth[] {
    const last = new Map<string, boolean>();
    return this.intake.health.filter(({ thing, index, up }) => {
      const key = `${thing} ${index}`;
      const again = last.get(key) === up;
      last.set(key, up);
      return again;
    });
  }

  /** Waits until nothing more reaches the intake. */
  async quiet(): Promise<void> {
    let heard = -1;
    let since = performance.now();
    await until("nothing more enters", () => {
      if (this.heard() !== heard) {
        heard = this.heard();
        since = performance.now();
      }
      return performance.now() - since > QUIET_MS;
    });
  }

  /** Looks on for a while. */
  async watch(): Promise<void> {
    await pause(QUIET_MS);
  }

  /** Takes everything away, and says what is still there. */
  async clear(): Promise<string[]> {
    await this.stop();
    await this.peer.vanish();
    await until("all handles are closed", () => leftBehind(this.#before).length === 0, {
      withinMs: 2_000,
    }).catch(() => {});
    const timers = this.clock.armed === 0 ? [] : [`${this.clock.armed} timers`];
    return [...leftBehind(this.#before), ...timers];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.intake.makeDurable();
    await this.stop();
    await this.peer.vanish();
  }
}

/** Whether a reading says that there is none. */
export function isBad({ reason }: EnteredReading): boolean {
  return REASONS[REASON[reason]]!.quality === BAD;
}

/** A bench with a device that reports by itself. */
export type SpeakingBench = Extract<Bench, { asks: false }>;
/** A bench without a device. */
export type OwingBench = Extract<Bench, { owes: string }>;
/** A bench whose driver asks. */
export type AskingBench = Extract<Bench, { asks: true }>;

import { REASON, type Reason } from "../../model/quality.ts";
import type { ReadingBatch } from "../../model/reading.ts";
import { type Clock, MILLISECOND, type Micros } from "../../model/time.ts";
import type { Bus } from "./bus.ts";
import type { CompiledDevice } from "./compile.ts";
import { isSilence, LinkDown, reasonOf } from "./failure.ts";
import type { Pauses } from "./pauses.ts";
import { type Ask, GroupPoll, type Outcome, type PollEvents } from "./poll.ts";
import { SelfChecks } from "./self-check.ts";
import { writeOnce } from "./writing.ts";

/** Silent polls in a row after which a device that had answered counts as dead. */
const DEAD_AFTER = 2;
/** Silent requests in one poll, with no answer yet, after which the rest of the poll is left out. */
const SILENCES_PER_POLL = 2;
/** A probe waits this many times the slowest answer of late: a dead device must not cost its bus a whole time-out. */
const PROBE_PATIENCE = 4;
/** But not less than this: it may be slower than its neighbours, and has not been heard yet. */
const SHORTEST_PROBE: Micros = 250 * MILLISECOND;
/** Every so many probes the whole time-out is waited for: the device may have become slow. */
const FULL_PROBE_EVERY = 8;
/** Up to this share is added to pauses between probes, so that dead devices do not keep step. */
const PROBE_JITTER = 0.2;

export interface StationOptions {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly pauses: Pauses;
  readonly timeout: Micros;
  /** Longest pause between probes. */
  readonly longestProbe: Micros;
  /** Late answers cannot be told from the next one (RTU): one question after the other. */
  readonly untagged: boolean;
  readonly random: () => number;
  readonly events: PollEvents;
}

/** One device on the bus: its polls, and whether it is alive. */
export class Station {
  readonly device: CompiledDevice;
  readonly polls: readonly GroupPoll[];
  /** Undefined until it has answered, or failed to, for the first time. */
  up: boolean | undefined;
  /** It is silent: polls rest, and a single request asks for it now and then. */
  probing = false;
  readonly #options: StationOptions;
  readonly #selfChecks: SelfChecks;
  #silentPolls = 0;
  #probes = 0;
  #reason: Reason = REASON.no_communication;
  /** The slowest answer it ever gave. */
  #slowest: Micros = 0;

  constructor(device: CompiledDevice, options: StationOptions) {
    this.device = device;
    this.#options = options;
    this.#selfChecks = new SelfChecks(device.selfChecks, options);
    this.polls = device.groups.map(
      (group) =>
        new GroupPoll(device, group, {
          clock: options.clock,
          longestPause: options.longestProbe,
          events: options.events,
        }),
    );
  }

  /** Why it counts as dead. */
  get reason(): Reason {
    return this.#reason;
  }

  /** Everything about it is uncertain again: the link was away. */
  forget(): void {
    this.probing = false;
    this.#silentPolls = 0;
    this.#probes = 0;
    this.#reconsider();
  }

  #reconsider(): void {
    this.#selfChecks.reconsider();
    for (const poll of this.polls) poll.reconsider();
  }

  /** Polls one group. The readings are in the group afterwards. */
  async poll(poll: GroupPoll): Promise<Outcome> {
    const outcome = await this.#measure(poll);
    if (outcome === "answered" && this.#selfChecks.due)
      await this.#selfChecks.run(this.#ask(this.#options.timeout));
    if (outcome === "answered") this.#alive();
    else if (outcome === "silent") this.#silent(poll.worst);
    return outcome;
  }

  async #measure(poll: GroupPoll): Promise<Outcome> {
    if (poll.group.triggered) {
      try {
        await trigger(this.device, this.#options);
      } catch (error) {
        return poll.untriggered(error);
      }
    }
    const patience = this.#silentPolls === 0 ? SILENCES_PER_POLL : 1;
    return await poll.run(this.#ask(this.#options.timeout), { patience, oneByOne: this.#options.untagged });
  }

  /** Asks one question, to see whether it is back. */
  async probe(): Promise<Outcome> {
    const poll = this.polls[this.#probes % this.polls.length];
    const request = poll?.sample(Math.floor(this.#probes / this.polls.length));
    const { timeout } = this.#options;
    const full = this.#probes % FULL_PROBE_EVERY === FULL_PROBE_EVERY - 1;
    this.#probes++;
    if (request === undefined) return "idle";
    try {
      await this.#ask(full ? timeout : this.#probeTimeout())(request);
    } catch (error) {
      if (isSilence(error)) {
        this.#silent(error);
        return "silent";
      }
      if (error instanceof LinkDown) return "lost";
    }
    this.#alive();
    this.#reconsider();
    return "answered";
  }

  /** All channels are bad, for one reason. */
  fail(reason: Reason, batch: ReadingBatch): void {
    for (const poll of this.polls) poll.fail(reason, batch);
  }

  /** When it is probed next: at most once a period, then less and less often. */
  nextProbe(): Micros {
    const { clock, random, longestProbe } = this.#options;
    const period = this.polls[0]?.group.period ?? longestProbe;
    const pause = Math.max(period, Math.min(period * 2 ** Math.min(this.#probes, 20), longestProbe));
    return clock.now() + pause * (1 + PROBE_JITTER * random());
  }

  #probeTimeout(): Micros {
    const { timeout, bus } = this.#options;
    const slowest = Math.max(bus.slowest, this.#slowest);
    return Math.min(timeout, Math.max(SHORTEST_PROBE, slowest * PROBE_PATIENCE));
  }

  #ask(timeout: Micros): Ask {
    const { unit, workarounds } = this.device;
    return (request, abandoned) =>
      this.#options.bus.exchange({
        request: {
          table: request.table,
          address: request.address,
          count: request.count,
          unit,
          anyUnit: workarounds.acceptAnyUnit,
        },
        timeout,
        pause: workarounds.pauseBetweenRequests,
        ...(abandoned === undefined ? {} : { abandoned }),
        onAnswer: (took) => {
          this.#slowest = Math.max(this.#slowest, took);
        },
      });
  }

  #alive(): void {
    this.up = true;
    this.probing = false;
    this.#silentPolls = 0;
    this.#probes = 0;
  }

  #silent(error: unknown): void {
    this.#silentPolls++;
    this.#reason = reasonOf(error);
    if (this.up === true && this.#silentPolls < DEAD_AFTER) return;
    this.up = false;
    this.probing = true;
  }
}

/** Tells a device to measure, where it must be told, and waits until it has; others are asked meanwhile. @throws as `writeOnce` */
export async function trigger(
  { trigger: measurement, unit, workarounds }: CompiledDevice,
  { bus, pauses, timeout }: { bus: Bus; pauses: Pauses; timeout: Micros },
): Promise<void> {
  if (measurement === undefined) return;
  await writeOnce({
    output: measurement.output,
    raw: measurement.raw,
    unit,
    anyUnit: workarounds.acceptAnyUnit,
    bus,
    pauses,
    timeout,
    pause: workarounds.pauseBetweenRequests,
    abandoned: () => false,
    urgent: false,
  });
  await pauses.wait(measurement.wait);
}

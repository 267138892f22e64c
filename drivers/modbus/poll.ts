import { REASON, type Reason } from "../../model/quality.ts";
import type { ReadingBatch } from "../../model/reading.ts";
import type { Clock, Micros } from "../../model/time.ts";
import type { CompiledDevice } from "./compile.ts";
import { type Exclusion, Exclusions } from "./exclusion.ts";
import { EXCEPTION, isIllegalRegister, isSilence, LinkDown, ModbusException, reasonOf } from "./failure.ts";
import type { Group } from "./group.ts";
import { type PlannedRequest, spanText } from "./planner.ts";

/** Parts of refused blocks asked for in one poll: enough to find one register among 125, and a bound on its length. */
const TRIALS_PER_POLL = 16;
/** Failures in a row after which a request that fails alone is asked for less often. */
const FAILURES_BEFORE_BACK_OFF = 3;

/** What a poll brought. */
export type Outcome =
  /** The device said something, if only an exception. */
  | "answered"
  /** It was asked and said nothing. */
  | "silent"
  /** The link went down meanwhile: the device was not to blame. */
  | "lost"
  /** There was nothing to ask. */
  | "idle";

/** Makes one exchange with the device, in its turn; undefined when `abandoned` said so. */
export type Ask = (request: PlannedRequest, abandoned?: () => boolean) => Promise<Uint8Array | undefined>;

export interface PollEvents {
  /** A register that the device refuses; it is left out from now on. */
  excluded(what: string, error: unknown): void;
  /** It was answered at last. */
  readmitted(what: string): void;
  /** A request failed, or the same one succeeded again. */
  failed(what: string, error: unknown): void;
  succeeded(what: string): void;
}

/** What is remembered of a request that fails while its device answers others. */
interface Trouble {
  failures: number;
  notBefore: Micros;
  reason: Reason;
}

/** The polling of one group of one device: its requests, their isolation from each other, and what the device refuses. */
export class GroupPoll {
  readonly group: Group;
  readonly #exclusions: Exclusions;
  readonly #clock: Clock;
  readonly #longestPause: Micros;
  readonly #events: PollEvents;
  /** By request, while it is in trouble. */
  readonly #troubles = new Map<string, Trouble>();
  /** Of the poll under way. */
  #answered = false;
  #silences = 0;
  #patience = 1;
  #lost = false;
  #asked = 0;
  #worst: unknown;

  constructor(
    device: CompiledDevice,
    group: Group,
    options: { clock: Clock; longestPause: Micros; events: PollEvents },
  ) {
    this.group = group;
    this.#exclusions = new Exclusions(group.spans, device.limits);
    this.#clock = options.clock;
    this.#longestPause = options.longestPause;
    this.#events = options.events;
  }

  /** One request of the plan, for a probe; another one each time. */
  sample(n: number): PlannedRequest | undefined {
    const { plan } = this.#exclusions;
    return plan[n % plan.length];
  }

  /** Why the last poll was silent. */
  get worst(): unknown {
    return this.#worst;
  }

  /** What was refused, or failed, is tried anew. */
  reconsider(): void {
    this.#exclusions.reconsider(this.#clock.now());
    for (const trouble of this.#troubles.values()) {
      trouble.failures = 0;
      trouble.notBefore = 0;
    }
  }

  /**
   * Asks for everything, each request on its own, and leaves the readings in the group. After `patience` silent requests
   * without an answer the rest is left out. `oneByOne`: a question is only put when the one before is settled.
   */
  async run(ask: Ask, { patience, oneByOne }: { patience: number; oneByOne: boolean }): Promise<Outcome> {
    this.#patience = patience;
    this.#answered = false;
    this.#silences = 0;
    this.#lost = false;
    this.#asked = 0;
    this.group.begin(REASON.no_communication);
    for (const { values } of this.#exclusions.excluded) {
      for (const index of values) this.group.set(index, REASON.configuration_error);
    }
    for (const index of this.#exclusions.suspects()) this.group.set(index, REASON.configuration_error);
    await this.#anchors("before", ask);
    if (oneByOne) for (const request of this.#inOrder()) await this.#request(request, ask);
    else await Promise.all(this.#inOrder().map((request) => this.#request(request, ask)));
    if (!this.#lost && (this.#answered || this.#silences === 0)) {
      await this.#bisect(ask);
      await this.#retryExcluded(ask);
      await this.#anchors("after", ask);
    }
    // What was answered before the link went is older than the loss that was reported meanwhile.
    if (this.#lost) return "lost";
    if (this.#answered) return "answered";
    return this.#asked === 0 ? "idle" : "silent";
  }

  /** The device could not be told to measure: what stands in its registers is the measurement before. */
  untriggered(error: unknown): Outcome {
    this.#answered = false;
    this.#silences = 0;
    this.#lost = false;
    this.#note(error);
    this.group.begin(reasonOf(error));
    return this.#lost ? "lost" : this.#answered ? "answered" : "silent";
  }

  /** Every channel of the group is bad, for one reason. */
  fail(reason: Reason, batch: ReadingBatch): void {
    this.group.begin(reason);
    this.group.finish(batch);
  }

  /** The registers of units that stand apart from their values. */
  async #anchors(when: "before" | "after", ask: Ask): Promise<void> {
    for (const [index, { table, address, count }] of this.group.anchors.entries()) {
      if (!this.#answered && this.#silences >= this.#patience) return;
      try {
        const bytes = await ask({ table, address, count, values: [] });
        if (bytes === undefined) return;
        this.#asked++;
        this.#answered = true;
        this.group.anchor(index, when, bytes, REASON.good);
      } catch (error) {
        this.#note(error);
        this.group.anchor(index, when, undefined, reasonOf(error));
      }
    }
  }

  /** Requests with a good record first: a block that never answers must not make its device look dead. */
  #inOrder(): PlannedRequest[] {
    const { plan } = this.#exclusions;
    if (this.#troubles.size === 0) return [...plan];
    this.#forgetOldTroubles(plan);
    return [...plan].sort((a, b) => this.#failures(a) - this.#failures(b));
  }

  /** Troubles of requests that are not made any more, since a block was divided or joined. */
  #forgetOldTroubles(plan: readonly PlannedRequest[]): void {
    const made = new Set(plan.map(spanText));
    for (const key of this.#troubles.keys()) {
      if (made.has(key)) continue;
      this.#troubles.delete(key);
      this.#events.succeeded(key);
    }
  }

  #failures(request: PlannedRequest): number {
    return this.#troubles.get(spanText(request))?.failures ?? 0;
  }

  async #request(request: PlannedRequest, ask: Ask): Promise<void> {
    const trouble = this.#troubles.size === 0 ? undefined : this.#troubles.get(spanText(request));
    if (trouble !== undefined && trouble.notBefore > this.#clock.now()) {
      this.group.fail(request, trouble.reason);
      return;
    }
    try {
      const bytes = await ask(request, () => !this.#answered && this.#silences >= this.#patience);
      if (bytes === undefined) return;
      this.#took(request, bytes);
      if (trouble !== undefined) {
        this.#troubles.delete(spanText(request));
        this.#events.succeeded(spanText(request));
      }
    } catch (error) {
      this.#note(error);
      this.group.fail(request, reasonOf(error));
      // Of a sweep nothing is left out: what cannot be looked through is said, not forgotten.
      if (isIllegalRegister(error) && this.group.sweeps.length === 0) {
        const exclusion = this.#exclusions.suspect(request, this.#clock.now());
        if (exclusion !== undefined) this.#exclude(exclusion, error);
      } else this.#remember(request, error);
    }
  }

  #took(request: PlannedRequest, bytes: Uint8Array): void {
    this.#asked++;
    this.#answered = true;
    this.group.take(request, bytes);
  }

  /** Draws from a failure what it says about the device and the link. */
  #note(error: unknown): void {
    this.#asked++;
    this.#worst = error;
    if (error instanceof LinkDown) this.#lost = true;
    else if (isSilence(error)) this.#silences++;
    else this.#answered = true;
  }

  #remember(request: PlannedRequest, error: unknown): void {
    const key = spanText(request);
    const trouble = this.#troubles.get(key) ?? { failures: 0, notBefore: 0, reason: REASON.good };
    trouble.failures++;
    trouble.reason = reasonOf(error);
    this.#troubles.set(key, trouble);
    this.#events.failed(key, error);
    // An unknown function stays unknown; silence and resets cost everybody on the bus.
    const needless = error instanceof ModbusException && error.exception === EXCEPTION.illegalFunction;
    const costly = !(error instanceof ModbusException) && !(error instanceof LinkDown);
    if ((needless || costly) && trouble.failures >= FAILURES_BEFORE_BACK_OFF) {
      const doubled = this.group.period * 2 ** Math.min(trouble.failures - FAILURES_BEFORE_BACK_OFF + 1, 20);
      trouble.notBefore =
        this.#clock.now() + Math.max(this.group.period, Math.min(doubled, this.#longestPause));
    }
  }

  async #bisect(ask: Ask): Promise<void> {
    for (let trials = 0; trials < TRIALS_PER_POLL; trials++) {
      const trial = this.#exclusions.next();
      if (trial === undefined) return;
      try {
        const bytes = await ask(trial.request);
        if (bytes === undefined) return;
        this.#took(trial.request, bytes);
        this.#exclusions.answered(trial);
      } catch (error) {
        this.#note(error);
        this.group.fail(trial.request, reasonOf(error));
        if (!isIllegalRegister(error)) {
          this.#exclusions.postpone(trial);
          return;
        }
        const exclusion = this.#exclusions.refused(trial, this.#clock.now());
        if (exclusion !== undefined) this.#exclude(exclusion, error);
      }
    }
  }

  /** At most one a poll. */
  async #retryExcluded(ask: Ask): Promise<void> {
    const exclusion = this.#exclusions.due(this.#clock.now());
    if (exclusion === undefined || this.#lost) return;
    try {
      const bytes = await ask(exclusion);
      if (bytes === undefined) return;
      this.#took(exclusion, bytes);
      this.#exclusions.readmit(exclusion);
      this.#events.readmitted(this.#label(exclusion));
    } catch (error) {
      this.#note(error);
      this.group.fail(exclusion, reasonOf(error));
      this.#exclusions.refusedAgain(exclusion, this.#clock.now());
    }
  }

  #exclude(exclusion: Exclusion, error: unknown): void {
    for (const index of exclusion.values) this.group.set(index, reasonOf(error));
    this.#events.excluded(this.#label(exclusion), error);
  }

  /** `holding 105 (lel, alarm1)`. */
  #label(exclusion: Exclusion): string {
    const labels = exclusion.values.map((index) => this.group.values[index]!.label);
    return `${spanText(exclusion)} (${[...new Set(labels)].join(", ")})`;
  }
}

import { REASON } from "../../model/quality.ts";
import type { ReadingBatch } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";
import { Derivations } from "../../rules/derivation.ts";
import { Engine } from "../../rules/engine.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { CommandOutcome, Input } from "../../rules/input.ts";
import { NO_PLAN } from "../../rules/life-cycle/plan.ts";
import { Timeliness } from "../../rules/timeliness.ts";
import type { Configuration } from "../configuration.ts";
import { Admission } from "../intake/admission.ts";

/** What a playback needs of a configuration: the rules, and what they are about. */
export type PlayedConfiguration = Pick<Configuration, "site" | "rules" | "alarms"> &
  Partial<Pick<Configuration, "lifeCycle">> & {
    /** Only where what people did is recorded, too: nobody answers to a table. */
    readonly cases?: Configuration["cases"];
  };

/** The same where nobody answers: no case is opened, and none is overrun. */
export function unattended({ cases: _, ...rest }: PlayedConfiguration): PlayedConfiguration {
  return rest;
}

/** Hears what a playback does. Batches are overwritten after the call. */
export interface PlaybackListener {
  readonly event: (event: AlarmEvent) => void;
  /** Readings as the rules have just seen them. */
  readonly readings?: (batch: ReadingBatch, received: Micros) => void;
}

/** The boot of a playback that begins with nothing. */
const REPLAY_BOOT = "replay";

/**
 * The rules of a site at work on recorded inputs: the classes of the running gateway, put together without its links, journal and
 * clock. Whoever feeds it is the clock.
 */
export class Playback {
  readonly configuration: PlayedConfiguration;
  readonly engine: Engine;
  readonly #timeliness: Timeliness;
  readonly #derivations: Derivations;
  readonly #admission: Admission;
  readonly #readings: PlaybackListener["readings"];
  /** Readings that were evaluated. */
  evaluated = 0;
  /** Bad readings left out because they said the same as the one before, and readings that came late. */
  readonly left = { repeatedBad: 0, late: 0 };
  /** First and last instant of anything that was played; NaN before. */
  first: Micros = Number.NaN;
  last: Micros = Number.NaN;

  constructor(configuration: PlayedConfiguration, listener: PlaybackListener) {
    const { site, rules, alarms, cases, lifeCycle = NO_PLAN } = configuration;
    this.configuration = configuration;
    this.#readings = listener.readings;
    this.engine = new Engine({
      site,
      rules,
      settings: alarms,
      lifeCycle,
      ...(cases === undefined ? {} : { cases }),
      emit: listener.event,
    });
    // A table's own times are what is known of it: that its instruments are older than ours is no reason to doubt them.
    this.#timeliness = new Timeliness(site, {
      futureBound: alarms.futureBound,
      earliest: Number.NEGATIVE_INFINITY,
    });
    this.#derivations = new Derivations(site);
    this.#admission = new Admission(site, this.#timeliness, {
      repeatedBad: { add: (n = 1) => (this.left.repeatedBad += n) },
      late: { add: (n = 1) => (this.left.late += n) },
    });
  }

  /** Begins as a gateway does that has never run. */
  boot(at: Micros): void {
    const { revision } = this.configuration.site;
    this.input({ kind: "boot", at, boot: REPLAY_BOOT, revision, seq: 1, occurrence: 1 });
  }

  /** Takes a message as its driver gave it: times are judged, channels derived, repeats left out, as the intake does it. */
  enter(batch: ReadingBatch, received: Micros): void {
    this.#timeliness.judge(batch, received);
    this.#derivations.extend(batch);
    this.#admission.admit(batch, received);
    if (batch.length > 0) this.again(batch, received);
    else this.#seen(received);
  }

  /** Computes the derived channels of a message whose own times were judged when it was recorded. */
  derive(batch: ReadingBatch): void {
    this.#derivations.extend(batch);
  }

  /** Takes a message as it was evaluated when it was recorded. */
  again(batch: ReadingBatch, received: Micros): void {
    this.engine.readings(batch, 0, batch.length, received);
    this.evaluated += batch.length;
    this.#seen(received);
    this.#readings?.(batch, received);
  }

  /** Takes anything that is not a reading. */
  input(input: Input): CommandOutcome | undefined {
    const outcome = this.engine.apply(input);
    this.#seen(input.at);
    return outcome;
  }

  /** A device or link goes or comes back, by its key. False when the site has none of that name. */
  health(key: string, up: boolean, at: Micros): boolean {
    const { links, devices } = this.configuration.site;
    const link = links.find((one) => one.key === key);
    const found = link ?? devices.find((one) => one.key === key);
    if (found === undefined) return false;
    const thing = link === undefined ? "device" : "link";
    const reason = up ? REASON.good : REASON.not_connected;
    this.input({ kind: "health", at, thing, index: found.index, key, up, reason });
    return true;
  }

  /** Lets time pass. */
  advance(to: Micros): void {
    this.engine.advance(to);
    this.#seen(to);
  }

  #seen(at: Micros): void {
    if (Number.isNaN(this.first)) this.first = at;
    if (!(at <= this.last)) this.last = at;
  }
}

import {
  type DecoderHealth,
  type Intake,
  type Patience,
  REFUSED,
  type Ticket,
  type Undecodable,
} from "../../drivers/driver.ts";
import { HostError } from "../../model/error.ts";
import { REASONS, type Reason, type ReasonName } from "../../model/quality.ts";
import type { ReadingBatch } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";

/** A reading as it entered. */
export interface EnteredReading {
  readonly channel: number;
  readonly value: number;
  readonly reason: ReasonName;
  readonly flags: number;
  /** NaN when the device gave none. */
  readonly time: Micros;
}

/** A message as it entered. */
export interface EnteredMessage {
  readonly readings: readonly EnteredReading[];
  readonly patience: Patience;
  readonly ticket: Ticket;
}

/** Health of a link or device as it was reported. */
export interface ReportedHealth {
  readonly thing: "link" | "device";
  readonly index: number;
  readonly up: boolean;
  readonly reason: ReasonName;
}

/** The intake's side of the driver contract, with a disk that a test moves by hand. */
export class RecordingIntake implements Intake {
  readonly messages: EnteredMessage[] = [];
  readonly health: ReportedHealth[] = [];
  readonly undecodable: Undecodable[] = [];
  readonly decoders: DecoderHealth[] = [];
  /** Everything is on disk at once. */
  instant: boolean;
  /** The disk fails: messages are seen and not kept. */
  refusing = false;
  congested = false;
  /** Entered messages are only counted, for measurements. */
  counting = false;
  entered = 0;
  durable: Ticket = 0;
  #last: Ticket = 0;
  readonly #durableListeners = new Set<(durable: Ticket) => void>();
  readonly #relievedListeners = new Set<() => void>();
  /** What was said last, by sender and number. */
  readonly #identities = new Map<number, number>();

  constructor({ instant = true }: { instant?: boolean } = {}) {
    this.instant = instant;
  }

  /** Ticket of the last message kept. */
  get last(): Ticket {
    return this.#last;
  }

  /** All readings, in order. */
  get readings(): EnteredReading[] {
    return this.messages.flatMap(({ readings }) => readings);
  }

  enter(batch: ReadingBatch, patience: Patience): Ticket {
    this.entered += batch.length;
    const ticket = this.refusing ? REFUSED : this.#last + batch.length;
    if (!this.counting) this.messages.push({ readings: copy(batch), patience, ticket });
    if (ticket === REFUSED) return REFUSED;
    this.#last = ticket;
    if (batch.identityHigh !== 0 || batch.identityLow !== 0) {
      this.#identities.set(batch.identityLow, batch.identityHigh);
    }
    if (this.instant) this.makeDurable();
    return ticket;
  }

  async accept(batch: ReadingBatch): Promise<Ticket> {
    const ticket = this.enter(batch, "acknowledged");
    if (ticket === REFUSED) throw new HostError("JOURNAL_UNAVAILABLE", "the test's disk fails");
    await new Promise<void>((resolve) => {
      if (this.durable >= ticket) {
        resolve();
        return;
      }
      const off = this.onDurable((durable) => {
        if (durable < ticket) return;
        off();
        resolve();
      });
    });
    return ticket;
  }

  /** The disk has everything up to `ticket`. */
  makeDurable(ticket: Ticket = this.#last): void {
    if (ticket <= this.durable) return;
    this.durable = ticket;
    for (const listener of this.#durableListeners) listener(ticket);
  }

  /** There is room again. */
  relieve(): void {
    this.congested = false;
    for (const listener of this.#relievedListeners) listener();
  }

  onDurable(listener: (durable: Ticket) => void): () => void {
    this.#durableListeners.add(listener);
    return () => this.#durableListeners.delete(listener);
  }

  onRelieved(listener: () => void): () => void {
    this.#relievedListeners.add(listener);
    return () => this.#relievedListeners.delete(listener);
  }

  isRepeat(identityHigh: number, identityLow: number): boolean {
    return this.#identities.get(identityLow) === identityHigh;
  }

  linkHealth(link: number, up: boolean, reason: Reason): void {
    this.health.push({ thing: "link", index: link, up, reason: nameOf(reason) });
  }

  deviceHealth(device: number, up: boolean, reason: Reason): void {
    this.health.push({ thing: "device", index: device, up, reason: nameOf(reason) });
  }

  decoderHealth(health: DecoderHealth): void {
    this.decoders.push(health);
  }

  quarantine(undecodable: Undecodable): void {
    this.undecodable.push(undecodable);
  }
}

function nameOf(reason: Reason): ReasonName {
  return REASONS[reason]!.name as ReasonName;
}

function copy(batch: ReadingBatch): EnteredReading[] {
  return Array.from({ length: batch.length }, (_, i) => ({
    channel: batch.channel[i]!,
    value: batch.value[i]!,
    reason: nameOf(batch.reason[i]!),
    flags: batch.flags[i]!,
    time: batch.time[i]!,
  }));
}

import type { Counter } from "../../model/counter.ts";
import { describe } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import { type Clock, type Micros, SECOND, type Timer } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { Sending } from "./payload.ts";
import type { RecentEvent, RecentEvents } from "./recent-events.ts";

/** Events of one page of the alarm log. */
const PAGE: number = 200;
/** Waits between attempts after the log or the broker has failed: doubles from the first to the longest. */
const RETRY_FIRST: Micros = SECOND / 4;
const RETRY_LONGEST: Micros = 30 * SECOND;
/** After so many failures of the log in a row, what memory still has goes out without what only the log has. */
const LOG_PATIENCE = 3;
/** Passing over events that are not for this peer is worth a write to the disk only after so many: they are read again, no more. */
const SAVE_AFTER_PASSED = 1_000;

/** What an outbox counts; its owner names the counters. */
export interface OutboxCounts {
  /** Events that the peer has acknowledged. */
  readonly delivered: Counter;
  /** Events sent again. */
  readonly repeated: Counter;
  /** Events that the peer did not take at once. */
  readonly failures: Counter;
  /** Event numbers that the alarm log did not give. */
  readonly skipped: Counter;
}

export interface OutboxOptions {
  /** Names the cursor, for ever. */
  readonly name: string;
  readonly recent: RecentEvents;
  /** The alarm log: numbers in [from, to), ascending. */
  readonly events: (query: { from: number; to: number; limit: number }) => Promise<readonly AlarmEvent[]>;
  readonly cursor: (name: string) => Promise<number | undefined>;
  readonly setCursor: (name: string, next: number) => Promise<void>;
  /** Highest event number so far. */
  readonly last: () => number;
  /** Sends one event; resolves when the peer has it. */
  readonly send: (event: AlarmEvent, sending: Sending) => Promise<void>;
  /** Which events are for this peer; all of them unless told otherwise. The others count as delivered. */
  readonly wants?: (event: AlarmEvent) => boolean;
  /** Events under way at the same time. */
  readonly window: number;
  /** An event that is not acknowledged by then is sent again. Without it `send` itself settles within a bound. */
  readonly acknowledgeWithin?: Micros;
  readonly clock: Clock;
  readonly log: Log;
  readonly counts: OutboxCounts;
}

interface UnderWay {
  readonly seq: number;
  done: boolean;
}

/**
 * Delivers every event to one peer at least once and in order, over outages of the peer and of the gateway. The alarm log is
 * the only truth; memory merely spares a live event the query. The cursor, the first number not yet delivered, is kept on
 * disk and follows the acknowledgements.
 */
export class Outbox {
  readonly #o: OutboxOptions;
  readonly #counts: OutboxCounts;
  /** Next number to send. */
  #next = 0;
  /** First number that is not acknowledged. */
  #cursor = 0;
  #underWay: UnderWay[] = [];
  /** Highest number this process has sent. */
  #highest = -1;
  /** What was read from the log and not sent yet. */
  #page: AlarmEvent[] = [];
  /** Numbers of attempts that are over count for nothing: an acknowledgement of before a lost connection may be another's. */
  #attempt = 0;
  #open = false;
  #closed = false;
  #connected = false;
  #reading = false;
  #logFailures = 0;
  #retry: Timer | undefined;
  /** It is the log that `#retry` waits for, not the peer. */
  #logIsBehind = false;
  #retryDelay: Micros = RETRY_FIRST;
  #deadline: Timer | undefined;
  #saved = 0;
  #saving: Promise<void> | undefined;
  #whenIdle: (() => void)[] = [];

  constructor(options: OutboxOptions) {
    this.#o = options;
    this.#counts = options.counts;
  }

  /** Events not delivered yet. */
  get backlog(): number {
    return this.#open ? Math.max(0, this.#o.last() + 1 - this.#cursor) : 0;
  }

  /** Finds where it stood. An outbox that is new begins with the next event: history is for `resend`. */
  async open(): Promise<void> {
    const end = this.#o.last() + 1;
    // What is stored is the first number not delivered, so never below 1: "none yet" cannot be mistaken for "at the start".
    const stored = await this.#o.cursor(this.#o.name);
    let cursor = stored === undefined || !(stored > 0) ? end : stored;
    if (cursor > end) {
      this.#o.log.error(
        { peer: this.#o.name, cursor, end },
        "a cursor of events is ahead of all events: the data folder is older than what was delivered",
      );
      cursor = end;
    }
    if (this.#closed) return;
    this.#cursor = cursor;
    this.#next = cursor;
    this.#open = true;
    if (cursor === stored) this.#saved = cursor;
    else this.#save();
    this.#pump();
  }

  /** Something may have to be sent. */
  nudge(): void {
    // What memory has by now need not wait for the log to be asked again.
    if (this.#logIsBehind && this.#o.recent.get(this.#next) !== undefined) this.#cancelRetry();
    this.#pump();
  }

  /** The peer can be reached, or not any more. What was under way is sent again. */
  connected(connected: boolean): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    if (connected) this.#retryDelay = RETRY_FIRST;
    this.#rewind();
    this.#pump();
  }

  /** Waits until everything so far is delivered, but no longer than `bound`; then keeps the cursor. */
  async close(bound: Micros): Promise<void> {
    const ran = this.#open;
    if (this.#open && this.#connected && this.backlog > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#o.clock.after(bound, resolve);
        this.#whenIdle.push(() => {
          timer.cancel();
          resolve();
        });
        this.#pump();
      });
    }
    this.#closed = true;
    this.#open = false;
    this.#connected = false;
    this.#retry?.cancel();
    this.#deadline?.cancel();
    this.#underWay = [];
    if (ran) this.#save();
    while (this.#saving !== undefined) await this.#saving;
  }

  #rewind(): void {
    this.#attempt++;
    this.#cancelRetry();
    this.#deadline?.cancel();
    this.#deadline = undefined;
    this.#underWay = [];
    this.#next = this.#cursor;
    this.#page = [];
  }

  #pump(): void {
    if (!this.#open || !this.#connected || this.#retry !== undefined) return;
    while (this.#underWay.length < this.#o.window) {
      const found = this.#take();
      if (found === undefined) break;
      this.#send(found.sent, found.fromLog);
    }
    if (this.backlog === 0) for (const idle of this.#whenIdle.splice(0)) idle();
  }

  /** The next event to send; passes over those that are not for this peer. */
  #take(): { sent: RecentEvent; fromLog: boolean } | undefined {
    for (;;) {
      const found = this.#find();
      if (found === undefined || this.#o.wants?.(found.sent.event) !== false) return found;
      this.#next = found.sent.event.seq + 1;
      if (this.#underWay.length > 0) continue;
      this.#cursor = this.#next;
      if (this.#cursor - this.#saved >= SAVE_AFTER_PASSED) this.#save();
    }
  }

  /** The next event, from memory or from the page of the log; begins to read the log when it is in neither. */
  #find(): { sent: RecentEvent; fromLog: boolean } | undefined {
    const recent = this.#o.recent.get(this.#next);
    if (recent !== undefined) return { sent: recent, fromLog: false };
    while (this.#page.length > 0 && this.#page[0]!.seq < this.#next) this.#page.shift();
    const event = this.#page.shift();
    if (event !== undefined) {
      this.#pass(event);
      return { sent: { event, committed: true }, fromLog: true };
    }
    if (this.#next <= this.#o.last()) this.#read();
    return undefined;
  }

  /** Goes on to an event whose number is not the next: numbers between are void, or no longer in the log. */
  #pass(event: AlarmEvent): void {
    const explained = event.transition === "void" ? (event.voidFrom ?? event.seq) : event.seq;
    if (explained > this.#next) this.#skip(explained - 1);
    this.#next = event.seq;
  }

  #skip(to: number): void {
    const count = to - this.#next + 1;
    this.#counts.skipped.add(count);
    this.#o.log.error(
      { peer: this.#o.name, from: this.#next, to },
      "events could not be delivered: the alarm log does not give them",
    );
  }

  #read(): void {
    if (this.#reading) return;
    this.#reading = true;
    void this.#readPage(this.#next, this.#attempt);
  }

  async #readPage(from: number, attempt: number): Promise<void> {
    let found = false;
    try {
      const events = await this.#o.events({ from, to: this.#o.last() + 1, limit: PAGE });
      this.#logFailures = 0;
      found = events.length > 0;
      if (attempt === this.#attempt) this.#page = [...events];
    } catch (thrown) {
      this.#logFailures++;
      this.#o.log.warn(
        { peer: this.#o.name, reason: describe(thrown) },
        "the alarm log could not be read for a delivery",
      );
    }
    this.#reading = false;
    const due = this.#next <= this.#o.last();
    const inMemory = this.#o.recent.get(this.#next) !== undefined;
    if (attempt !== this.#attempt || found || !due || inMemory || this.#leap()) {
      this.#pump();
      return;
    }
    this.#later();
    this.#logIsBehind = this.#retry !== undefined;
  }

  /**
   * The log gives nothing although events are due: it fails, or they are not on disk yet. What memory has must not wait for
   * ever behind what it has not.
   */
  #leap(): boolean {
    const { oldest } = this.#o.recent;
    if (oldest === undefined || oldest <= this.#next || this.#next + 1 > this.#o.last()) return false;
    if (this.#logFailures > 0 && this.#logFailures < LOG_PATIENCE) return false;
    this.#skip(oldest - 1);
    this.#next = oldest;
    return true;
  }

  #send(sent: RecentEvent, fromLog: boolean): void {
    const { event, committed } = sent;
    const entry: UnderWay = { seq: event.seq, done: false };
    const attempt = this.#attempt;
    const again = event.seq <= this.#highest;
    if (again) this.#counts.repeated.add();
    this.#highest = Math.max(this.#highest, event.seq);
    this.#underWay.push(entry);
    this.#next = event.seq + 1;
    this.#armDeadline();
    this.#o.send(event, { uncommitted: !committed, resent: fromLog || again }).then(
      () => {
        if (attempt === this.#attempt) this.#acknowledged(entry);
      },
      (thrown: unknown) => {
        if (attempt === this.#attempt) this.#failed(thrown);
      },
    );
  }

  #acknowledged(entry: UnderWay): void {
    entry.done = true;
    this.#retryDelay = RETRY_FIRST;
    let moved = false;
    while (this.#underWay[0]?.done === true) {
      this.#underWay.shift();
      this.#counts.delivered.add();
      moved = true;
    }
    if (!moved) return;
    // What lies between was passed over.
    this.#cursor = this.#underWay[0]?.seq ?? this.#next;
    this.#deadline?.cancel();
    this.#deadline = undefined;
    if (this.#underWay.length > 0) this.#armDeadline();
    this.#save();
    this.#pump();
  }

  #failed(thrown: unknown): void {
    this.#counts.failures.add();
    this.#o.log.warn(
      { peer: this.#o.name, reason: describe(thrown) },
      "an event was not taken; it is sent again",
    );
    this.#rewind();
    this.#later();
  }

  #armDeadline(): void {
    const { acknowledgeWithin } = this.#o;
    if (this.#deadline !== undefined || acknowledgeWithin === undefined) return;
    this.#deadline = this.#o.clock.after(acknowledgeWithin, () => {
      this.#deadline = undefined;
      this.#failed(new Error("no acknowledgement within the time set"));
    });
  }

  #later(): void {
    if (!this.#open || this.#retry !== undefined) return;
    const delay = this.#retryDelay;
    this.#retryDelay = Math.min(delay * 2, RETRY_LONGEST);
    this.#retry = this.#o.clock.after(delay, () => {
      this.#cancelRetry();
      this.#pump();
    });
  }

  #cancelRetry(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#logIsBehind = false;
  }

  /** Keeps the cursor on disk; one write at a time, always the newest. A cursor that lags only repeats. */
  #save(): void {
    if (this.#saving !== undefined || this.#saved === this.#cursor) return;
    const cursor = this.#cursor;
    this.#saving = this.#o
      .setCursor(this.#o.name, cursor)
      .then(
        () => {
          this.#saved = cursor;
          return true;
        },
        (thrown: unknown) => {
          this.#o.log.warn(
            { peer: this.#o.name, reason: describe(thrown) },
            "a cursor of events could not be kept; after a restart some events are sent again",
          );
          return false;
        },
      )
      .then((kept) => {
        this.#saving = undefined;
        if (kept) this.#save();
      });
  }
}

import {
  type DecoderHealth,
  type Intake as DriverIntake,
  type Patience,
  REFUSED,
  type Ticket,
  type Undecodable,
} from "../../drivers/driver.ts";
import type { Counter, Counters } from "../../model/counter.ts";
import { HostError } from "../../model/error.ts";
import type { Reason } from "../../model/quality.ts";
import type { ChannelIndex, ReadingBatch } from "../../model/reading.ts";
import type { Site } from "../../model/site.ts";
import { type Clock, MILLISECOND, type Micros, type Timer } from "../../model/time.ts";
import { decoderSubject } from "../../rules/built-in.ts";
import type { Derivations } from "../../rules/derivation.ts";
import type { Engine } from "../../rules/engine.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { Command, CommandOutcome, Input, OutsideInput } from "../../rules/input.ts";
import type { Timeliness } from "../../rules/timeliness.ts";
import type { CommandRecord } from "../journal/command-record.ts";
import type { Journal } from "../journal/journal.ts";
import type { PageBuilder } from "../journal/page.ts";
import { Admission, LEFT_OUT } from "./admission.ts";
import type { IntakeClock } from "./intake-clock.ts";
import type { RepeatMemory } from "./repeat-memory.ts";

/** An alert waits this long for its commit; then it goes out marked `uncommitted` (design.md principle 3). */
const ALERT_PATIENCE: Micros = 50 * MILLISECOND;

/** Those who may wait for the disk at a time: commands and API callers, beside a few drivers. */
const MOST_WAITING = 1_000;
/** Inputs of the rules and events that gather while the disk fails, some 20 MB; they are kept for it to recover. */
const MOST_GATHERED = 20_000;

export interface IntakeOptions {
  readonly site: Site;
  readonly engine: Engine;
  readonly timeliness: Timeliness;
  readonly derivations: Derivations;
  readonly journal: Journal;
  readonly page: PageBuilder;
  readonly intakeClock: IntakeClock;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly repeats: RepeatMemory;
  /** Longest time an acknowledged message waits for its commit, and a polled one. */
  readonly spacing: Readonly<Record<Patience, Micros>>;
  /** Readings that may wait for the disk; beyond, intake refuses. */
  readonly bound: number;
  /** Sends an event on its way to people. */
  readonly publish: (event: AlarmEvent, committed: boolean) => void;
  readonly quarantine: (undecodable: Undecodable) => void;
}

interface PendingEvents {
  /** Called when they are out. */
  readonly told: (() => void)[];
  readonly ticket: Ticket;
  readonly events: readonly AlarmEvent[];
  readonly timer: Timer;
}

/**
 * The one door through which readings enter: stamps, judges their times, runs the rules on them in memory, and hands them to
 * the journal. Rules and alerts never wait for the disk; acknowledgements always do.
 */
export class Intake implements DriverIntake {
  readonly #o: IntakeOptions;
  readonly #admission: Admission;
  #events: AlarmEvent[] = [];
  #pendingEvents: PendingEvents[] = [];
  #commitTimer: { timer: Timer; at: Micros } | undefined;
  #tickTimer: { timer: Timer; at: Micros } | undefined;
  #last: Ticket;
  #durable: Ticket;
  #congested = false;
  #stopped = false;
  readonly #durableListeners = new Set<(durable: Ticket) => void>();
  readonly #relievedListeners = new Set<() => void>();
  readonly #entered: Counter;
  readonly #refused: Counter;
  readonly #repeats: Counter;
  readonly #unrecorded: Counter;

  constructor(options: IntakeOptions) {
    this.#o = options;
    const { site, counters, timeliness } = options;
    this.#last = options.page.next - 1;
    this.#durable = this.#last;
    this.#entered = counters.counter({ name: "readings_entered", help: "Readings that passed the intake." });
    this.#refused = counters.counter({
      name: "readings_refused",
      help: "Readings evaluated but not kept: the disk was behind or failing. Not acknowledged.",
    });
    const repeatedBad = counters.counter({
      name: "readings_bad_repeated",
      help: "Bad readings that said the same as the one before and were left out of the journal.",
    });
    this.#repeats = counters.counter({
      name: "messages_repeated",
      help: "Repeats recognised by protocol identity.",
    });
    const late = counters.counter({
      name: "readings_late",
      help: "Readings older than the last evaluated one.",
    });
    this.#admission = new Admission(site, timeliness, { repeatedBad, late });
    this.#unrecorded = counters.counter({
      name: "records_unrecorded",
      help: "Alarm events, commands and other inputs of the rules that a failing disk never got; people were told all the same.",
    });
    options.journal.onReturned((buffer) => options.page.recycle(buffer));
    options.journal.onDurable((durable) => this.#settle(durable));
  }

  /** Begins to fire timers. Before this, only a restore feeds the engine. */
  start(): void {
    this.#armTick();
  }

  get durable(): Ticket {
    return this.#durable;
  }

  /** Ticket of the last record handed in. */
  get last(): Ticket {
    return this.#last;
  }

  get congested(): boolean {
    return this.#congested;
  }

  enter(batch: ReadingBatch, patience: Patience): Ticket {
    if (this.#stopped) return REFUSED;
    const { engine, journal, page, intakeClock, derivations, timeliness } = this.#o;
    const received = intakeClock.now();
    timeliness.judge(batch, received);
    // Before anything is left out: samples of several axes belong together by their place in the message.
    derivations.extend(batch);
    this.#admission.admit(batch, received);
    if (batch.length === 0) return this.#last;
    this.#entered.add(batch.length);
    engine.readings(batch, 0, batch.length, received);
    const waiting = page.readings + journal.inFlight.readings;
    if (waiting + batch.length > this.#o.bound || journal.failure !== undefined) {
      this.#refused.add(batch.length);
      this.#admission.forget(batch);
      // What a timer brought meanwhile must come out again when the journal is replayed.
      if (this.#events.length > 0) this.#keepInput({ kind: "tick", at: received });
      this.#congest(true);
      this.#afterEvaluation(received, undefined);
      return REFUSED;
    }
    if (waiting * 2 > this.#o.bound) this.#congest(true);
    page.message(batch, received);
    const { claimed, claimedIndex } = this.#o.timeliness;
    for (let i = 0; i < claimed.length; i++)
      if (claimedIndex[i] !== LEFT_OUT) page.claim(claimedIndex[i]!, claimed[i]!);
    this.#last = page.next - 1;
    if (batch.identityHigh !== 0 || batch.identityLow !== 0) {
      this.#o.repeats.remember(batch.identityHigh, batch.identityLow, received);
    }
    this.#afterEvaluation(received, patience);
    return this.#last;
  }

  async accept(batch: ReadingBatch): Promise<Ticket> {
    const ticket = this.enter(batch, "acknowledged");
    if (ticket === REFUSED) throw this.#o.journal.failure ?? intakeFull();
    await this.whenDurable(ticket);
    return ticket;
  }

  /**
   * Resolves when everything up to `ticket` is on disk.
   * @throws HostError INTAKE_FULL when too many wait already, as they do while the disk is down.
   */
  whenDurable(ticket: Ticket): Promise<void> {
    if (ticket === REFUSED) return Promise.reject(intakeFull());
    if (this.#durable >= ticket) return Promise.resolve();
    if (this.#durableListeners.size >= MOST_WAITING) return Promise.reject(intakeFull());
    return new Promise((resolve) => {
      const off = this.onDurable((durable) => {
        if (durable < ticket) return;
        off();
        resolve();
      });
    });
  }

  lastValue(channel: ChannelIndex): number {
    return this.#o.engine.channel(channel).value;
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
    const repeated = this.#o.repeats.has(identityHigh, identityLow, this.#o.intakeClock.now());
    if (repeated) this.#repeats.add();
    return repeated;
  }

  linkHealth(link: number, up: boolean, reason: Reason): void {
    const { key } = this.#o.site.links[link]!;
    this.input({
      kind: "health",
      at: this.#o.intakeClock.now(),
      thing: "link",
      index: link,
      key,
      up,
      reason,
    });
  }

  deviceHealth(device: number, up: boolean, reason: Reason): void {
    const { key } = this.#o.site.devices[device]!;
    const at = this.#o.intakeClock.now();
    this.input({ kind: "health", at, thing: "device", index: device, key, up, reason });
  }

  decoderHealth({ link, name, devices, problem }: DecoderHealth): void {
    this.input({
      kind: "system",
      at: this.#o.intakeClock.now(),
      rule: "decoder-failed",
      active: problem !== undefined,
      subject: decoderSubject(this.#o.site.links[link]!.id, name),
      note: [`${name} (${devices} devices)`, problem].filter((words) => words !== undefined).join(": "),
    });
  }

  quarantine(undecodable: Undecodable): void {
    this.#o.quarantine(undecodable);
  }

  /**
   * A command from an authenticated person. The outcome is known at once; `ticket` says when it is on disk, REFUSED: never. What
   * `record` makes of the outcome goes into the alarm log with it.
   */
  command(
    command: Command,
    record: (outcome: CommandOutcome) => Omit<CommandRecord, "at"> | undefined = () => undefined,
  ): { outcome: CommandOutcome; ticket: Ticket } {
    const at = this.#o.intakeClock.now();
    const outcome = this.#apply({ ...command, kind: "command", at }, (settled) => {
      const made = settled === undefined ? undefined : record(settled);
      if (made !== undefined) this.#keepRecord({ at, ...made });
    });
    if (outcome === undefined) throw new TypeError("the engine gave a command no outcome");
    return { outcome, ticket: this.#forgetting ? REFUSED : this.#last };
  }

  /** Word from outside. Returns when it is on disk, REFUSED: never. */
  outside(said: Pick<OutsideInput, "id" | "value" | "level" | "until">): Ticket {
    if (this.#stopped) return REFUSED;
    this.input({ kind: "outside", at: this.#o.intakeClock.now(), ...said });
    return this.#forgetting ? REFUSED : this.#last;
  }

  /** Writes down a command that the rules never saw. Returns when it is on disk, REFUSED: never. */
  record(record: Omit<CommandRecord, "at">): Ticket {
    if (this.#stopped) return REFUSED;
    const at = this.#o.intakeClock.now();
    // The record's place in the journal is a moment that a replay goes through: whatever was due by then comes out now.
    this.#o.engine.advance(at);
    if (this.#events.length > 0 || this.#o.page.empty) this.#keepInput({ kind: "tick", at });
    this.#keepRecord({ at, ...record });
    this.#afterEvaluation(at, "acknowledged");
    return this.#forgetting ? REFUSED : this.#last;
  }

  /** Gives the rules anything that is not a reading, and journals it in the order of evaluation. */
  input(input: Input): CommandOutcome | undefined {
    return this.#apply(input, () => {});
  }

  #apply(input: Input, settled: (outcome: CommandOutcome | undefined) => void): CommandOutcome | undefined {
    if (this.#stopped) return undefined;
    const outcome = this.#o.engine.apply(input);
    this.#keepInput(input);
    settled(outcome);
    if (input.kind === "boot") this.#disarmTick();
    const awaited = input.kind === "command" || input.kind === "outside";
    this.#afterEvaluation(input.at, awaited ? "acknowledged" : "polled");
    return outcome;
  }

  /** Catches what the engine emits; wired as its `emit`. */
  emitted(event: AlarmEvent): void {
    this.#events.push(event);
  }

  /** Hands everything waiting to the journal now. */
  flush(): void {
    this.#commitTimer?.timer.cancel();
    this.#commitTimer = undefined;
    if (this.#o.page.empty) return;
    // It would only wait there, with a page's worth of memory each time; here it gathers in one.
    if (this.#diskIsOut && !this.#stopped) return;
    this.#o.journal.commit(this.#o.page.take(), "now");
  }

  /** Nothing enters any more; what has entered is handed to the journal. */
  stop(): void {
    this.#stopped = true;
    this.#disarmTick();
    this.flush();
  }

  /** Resolves when every event so far has gone to people, which is soon: none waits longer for the disk than the others do. */
  async settled(): Promise<void> {
    const last = this.#pendingEvents.at(-1);
    if (last === undefined) return;
    await new Promise<void>((resolve) => {
      last.told.push(resolve);
    });
  }

  /** Events not yet on disk go out now, marked so. Called when the journal will not settle any more. */
  releaseEvents(): void {
    for (const pending of this.#pendingEvents.splice(0)) this.#release(pending, false);
  }

  #afterEvaluation(received: Micros, patience: Patience | undefined): void {
    if (this.#events.length > 0) this.#commitEvents();
    else if (patience !== undefined) this.#commitWithin(this.#o.spacing[patience], received);
    this.#armTick();
  }

  /** A batch with an event commits at once, events and readings together; people are told after that commit or 50 ms. */
  #commitEvents(): void {
    const { page, clock, journal } = this.#o;
    const events = this.#events;
    this.#events = [];
    for (const event of events) this.#keepEvent(event);
    this.#last = page.next - 1;
    const ticket = this.#last;
    this.flush();
    if (journal.failure !== undefined) {
      this.releaseEvents();
      for (const event of events) this.#o.publish(event, false);
      return;
    }
    const pending: PendingEvents = {
      told: [],
      ticket,
      events,
      timer: clock.after(ALERT_PATIENCE, () => {
        const at = this.#pendingEvents.indexOf(pending);
        if (at >= 0) this.#pendingEvents.splice(at, 1);
        this.#release(pending, false);
      }),
    };
    this.#pendingEvents.push(pending);
  }

  #release(pending: PendingEvents, committed: boolean): void {
    pending.timer.cancel();
    for (const event of pending.events) this.#o.publish(event, committed);
    for (const told of pending.told) told();
  }

  #commitWithin(spacing: Micros, now: Micros): void {
    const due = now + spacing;
    if (this.#commitTimer !== undefined && this.#commitTimer.at <= due) return;
    this.#commitTimer?.timer.cancel();
    this.#commitTimer = { at: due, timer: this.#o.clock.after(spacing, () => this.flush()) };
  }

  /** Whether the disk has failed for so long that nothing more is kept for it. */
  get #forgetting(): boolean {
    return this.#diskIsOut && this.#o.page.objects >= MOST_GATHERED;
  }

  get #diskIsOut(): boolean {
    const { failure, hangs } = this.#o.journal;
    return failure !== undefined || hangs;
  }

  #keepInput(input: Input): void {
    if (this.#forgetting) {
      this.#unrecorded.add();
      return;
    }
    this.#o.page.input(input);
    this.#last = this.#o.page.next - 1;
  }

  #keepRecord(record: CommandRecord): void {
    if (this.#forgetting) this.#unrecorded.add();
    else this.#o.page.record(record);
  }

  #keepEvent(event: AlarmEvent): void {
    if (this.#forgetting) this.#unrecorded.add();
    else this.#o.page.event(event);
  }

  /** What it was armed for comes sooner, or not at all: the clock was set. */
  #disarmTick(): void {
    this.#tickTimer?.timer.cancel();
    this.#tickTimer = undefined;
  }

  /** One timer for the whole engine, at its next deadline. */
  #armTick(): void {
    const deadline = this.#o.engine.nextDeadline();
    if (this.#stopped || deadline === Number.POSITIVE_INFINITY) return;
    // Deadlines mostly move away (a reading postpones silence): a timer that fires too early looks again, which is cheaper
    // than setting one at every reading.
    if (this.#tickTimer !== undefined && this.#tickTimer.at <= deadline) return;
    this.#tickTimer?.timer.cancel();
    const delay = Math.max(0, deadline - this.#o.intakeClock.now());
    this.#tickTimer = { at: deadline, timer: this.#o.clock.after(delay, () => this.#tick()) };
  }

  #tick(): void {
    this.#tickTimer = undefined;
    const now = this.#o.intakeClock.now();
    this.#o.engine.advance(now);
    if (this.#events.length > 0) this.#keepInput({ kind: "tick", at: now });
    this.#afterEvaluation(now, undefined);
  }

  #settle(durable: Ticket): void {
    this.#durable = durable;
    while (this.#pendingEvents.length > 0 && this.#pendingEvents[0]!.ticket <= durable) {
      this.#release(this.#pendingEvents.shift()!, true);
    }
    for (const listener of this.#durableListeners) listener(durable);
    if (this.#congested && this.#o.journal.inFlight.readings * 4 < this.#o.bound) this.#congest(false);
  }

  #congest(congested: boolean): void {
    if (this.#congested === congested) return;
    this.#congested = congested;
    if (!congested) for (const listener of this.#relievedListeners) listener();
  }
}

function intakeFull(): HostError {
  return new HostError("INTAKE_FULL", "more readings arrive than the disk takes", {
    hint: "see the journal's lag in `/metrics`; a slow or failing disk is the usual cause",
  });
}

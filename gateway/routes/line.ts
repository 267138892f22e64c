import type { Counter, Counters } from "../../model/counter.ts";
import { asTocsinError, describe } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import { type Clock, DAY, MINUTE, type Micros, type Timer } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { Sending } from "../alerts/payload.ts";
import { Outage, type OutageView } from "../sinks/outage.ts";
import { Duplicates } from "./duplicates.ts";
import { LANES, URGENT } from "./lanes.ts";
import type { RouteOptions } from "./options.ts";
import { Queue, SUSPECT_FROM, type Waiting } from "./queue.ts";
import { RateLimit } from "./rate-limit.ts";
import { type Dispatch, type Route, RouteRefused, RouteUnavailable } from "./route.ts";

/** A message that the peer refuses is offered so often before it goes into quarantine: its receiver may be half started. */
const MOST_REFUSALS = 3;
/** Of the bounds of a peer so much is left for red. */
const SPARE_FOR_RED = 2;
/** What is older than this is told in a digest, whatever it was. */
const OLD: Micros = DAY;
/** Events in one digest. */
const DIGEST_MOST = 1_000;
/** When more red events wait than this, people are told of all of them before each follows by itself. */
const OUTLINE_FROM = 15;
/** An outline is not repeated before this. */
const OUTLINE_EVERY: Micros = 5 * MINUTE;

export interface LineOptions {
  readonly id: string;
  readonly route: Route;
  readonly options: Pick<RouteOptions, "type" | "deadline" | "retry">;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** A dispatch was taken. */
  readonly onDelivered: () => void;
  /** The peer does not answer. Told at each failure. */
  readonly onFailed: (error: RouteUnavailable) => void;
  /** The peer has refused events for good. */
  readonly onRefused: (events: readonly AlarmEvent[], words: string) => void;
  /** The rate limit was used: what must be kept of it. */
  readonly onSpent: (kept: number) => void;
}

/** What goes out next, and what of the queue is over with it. */
interface Chosen {
  readonly dispatch: Dispatch;
  readonly entries: readonly Waiting[];
}

/**
 * The line in front of one route: red first, as many at a time as the route takes, within the peer's limits, merged into
 * digests where the route speaks to people, again after failures. It waits for no other route and nothing waits for it.
 */
export class RouteLine {
  readonly #o: LineOptions;
  readonly #queue = new Queue();
  readonly #outage: Outage;
  readonly #limit: RateLimit;
  /** What went out within the last minute, digests included. */
  readonly #minute = new RateLimit([{ most: OUTLINE_FROM + SPARE_FOR_RED, within: MINUTE }]);
  readonly #duplicates: Duplicates;
  readonly #delivered: Counter;
  readonly #dispatches: Counter;
  readonly #merged: Counter;
  readonly #failures: Counter;
  readonly #refused: Counter;
  readonly #underWay = new Set<AbortController>();
  #held: Micros = 0;
  #lastTry: Micros = Number.NEGATIVE_INFINITY;
  #lastWorked: Micros = Number.NEGATIVE_INFINITY;
  #outlined: Micros = Number.NEGATIVE_INFINITY;
  /** Urgent events that came since the last attempt. */
  #untried = false;
  #timer: Timer | undefined;
  #pumping = false;
  #closed = false;

  constructor(options: LineOptions) {
    this.#o = options;
    const { id, route, clock, log, counters } = options;
    this.#outage = new Outage({ clock, log, retry: options.options.retry, random: options.random });
    this.#limit = new RateLimit(route.limits ?? []);
    this.#duplicates = new Duplicates(route.digest?.quiet ?? 0);
    const labels = { route: id };
    this.#delivered = counters.counter({
      name: "route_events",
      help: "Events a route has delivered, by themselves or in a digest.",
      labels,
    });
    this.#dispatches = counters.counter({
      name: "route_dispatches",
      help: "Messages a route has handed over.",
      labels,
    });
    this.#merged = counters.counter({
      name: "route_events_merged",
      help: "Events that people got in a digest.",
      labels,
    });
    this.#failures = counters.counter({
      name: "route_failures",
      help: "Attempts of a route that failed; the message was kept and sent again.",
      labels,
    });
    this.#refused = counters.counter({
      name: "route_events_refused",
      help: "Events that the peer of a route refused for good; kept in quarantine.",
      labels,
    });
  }

  /** Why and since when the peer does not answer, if so. */
  get outage(): OutageView | undefined {
    return this.#outage.view;
  }

  /** Messages that wait or are under way. */
  get waiting(): number {
    return this.#queue.size;
  }

  get delivered(): number {
    return this.#delivered.total;
  }

  get refused(): number {
    return this.#refused.total;
  }

  /** What a process before this one had used of the peer's limits. */
  restore(kept: number): void {
    this.#limit.restore(kept, this.#o.clock.now());
  }

  /** Takes an event; resolves when it is over with: delivered, or refused for good. Never rejects. */
  deliver(event: AlarmEvent, sending: Sending): Promise<void> {
    return new Promise((resolve) => {
      const entry: Waiting = {
        event,
        sending,
        lane: event.highest,
        since: this.#o.clock.now(),
        settle: resolve,
        busy: false,
        failed: 0,
        failedAt: 0,
        refused: 0,
        notBefore: 0,
      };
      this.#queue.add(entry);
      if (entry.lane === URGENT) this.#untried = true;
      this.#soon();
    });
  }

  /** Hands a trial message over at once, past the queue but within the peer's limits. @throws RouteUnavailable, RouteRefused */
  async attempt(time: Micros): Promise<void> {
    const { clock } = this.#o;
    const wait = this.#limit.wait(clock.now());
    if (wait > 0) throw new RouteUnavailable("the peer's limit of messages is used up", { retryAfter: wait });
    this.#spend(clock.now());
    await this.#handOver({ kind: "trial", time });
    this.#worked();
  }

  /** Ends what is under way; the alarm log has what was not delivered. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const abort of this.#underWay) abort.abort();
    this.#queue.clear();
    this.#o.route.close();
  }

  /** After what runs now: the brokers come first, and a burst is looked at once. */
  #soon(): void {
    if (this.#pumping || this.#closed) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  #later(wait: Micros): void {
    this.#timer?.cancel();
    this.#timer = this.#o.clock.after(wait, () => this.#pump());
  }

  #pump(): void {
    this.#timer?.cancel();
    while (!this.#closed && this.#underWay.size < (this.#o.route.parallel ?? 1)) {
      const now = this.#o.clock.now();
      const next = this.#next(now);
      if (typeof next === "number") this.#later(next - now);
      if (typeof next !== "object") return;
      if (next.dispatch.kind === "outline") this.#outlined = now;
      this.#spend(now);
      void this.#send(next);
    }
  }

  /** What may go out now; a number: nothing before that instant; undefined: nothing before something else happens. */
  #next(now: Micros): Chosen | Micros | undefined {
    // While the peer is away one message asks whether it is back.
    if (this.#outage.on && this.#underWay.size > 0) return undefined;
    const away = this.#away(now);
    if (away > 0) return now + away;
    const chosen = this.#choose(now);
    if (typeof chosen !== "object") return chosen;
    const urgent = chosen.dispatch.kind === "outline" || chosen.entries.some(({ lane }) => lane === URGENT);
    const full = this.#limit.wait(now, urgent ? 0 : SPARE_FOR_RED);
    return full > 0 ? now + full : chosen;
  }

  /** How long the peer is left alone. A new red event does not sit out a pause that we chose ourselves. */
  #away(now: Micros): Micros {
    const wait = this.#outage.wait;
    if (wait === 0 || !this.#untried) return wait;
    return Math.max(0, this.#held - now, this.#lastTry + this.#o.options.retry.first - now);
  }

  #spend(now: Micros): void {
    this.#minute.spend(now);
    this.#limit.spend(now);
    if (this.#limit.worthKeeping) this.#o.onSpent(this.#limit.keep(now));
  }

  /** What goes out next; a number: nothing before that instant. */
  #choose(now: Micros): Chosen | Micros | undefined {
    const outline = this.#outline(now);
    if (outline !== undefined) return outline;
    const merged: Waiting[] = [];
    for (const entry of this.#queue.free(now)) {
      if (this.#merges(entry, now)) {
        merged.push(entry);
        continue;
      }
      const first = this.#o.route.ordered ? this.#queue.first(entry) : entry;
      if (!first.busy && first.notBefore <= now) return single(first);
    }
    return this.#digest(merged, now) ?? this.#queue.nextTry(now);
  }

  /** Whether an event waits for a digest instead of going by itself. */
  #merges({ lane, event }: Waiting, now: Micros): boolean {
    const { digest } = this.#o.route;
    if (digest === undefined) return false;
    if (now - event.time > OLD) return true;
    if (lane === URGENT) return false;
    return this.#minute.within(MINUTE, now) >= digest.from - 1 || this.#duplicates.has(event, now);
  }

  #digest(merged: Waiting[], now: Micros): Chosen | Micros | undefined {
    if (merged.length === 0) return undefined;
    const { every } = this.#o.route.digest!;
    const due = Math.min(...merged.map(({ since }) => since)) + every;
    if (merged.length < DIGEST_MOST && due > now) {
      const next = this.#queue.nextTry(now);
      return Math.min(due, next ?? due);
    }
    const entries = merged.slice(0, DIGEST_MOST);
    if (entries.length === 1) return single(entries[0]!);
    return { dispatch: { kind: "digest", events: inOrder(entries) }, entries };
  }

  #outline(now: Micros): Chosen | undefined {
    if (this.#o.route.digest === undefined || now - this.#outlined < OUTLINE_EVERY) return undefined;
    if (this.#queue.urgent <= OUTLINE_FROM) return undefined;
    const waiting = [...this.#queue.free(now, [URGENT])];
    return { dispatch: { kind: "outline", events: inOrder(waiting) }, entries: [] };
  }

  async #send({ dispatch, entries }: Chosen): Promise<void> {
    for (const entry of entries) entry.busy = true;
    this.#untried = false;
    try {
      await this.#handOver(dispatch);
      this.#taken(dispatch, entries);
    } catch (thrown) {
      if (this.#closed) return;
      if (thrown instanceof RouteUnavailable && !this.#isItself(thrown, entries)) this.#unavailable(thrown);
      else this.#offended(thrown, entries);
    }
    for (const entry of entries) entry.busy = false;
    this.#pump();
  }

  #taken(dispatch: Dispatch, entries: readonly Waiting[]): void {
    const now = this.#o.clock.now();
    for (const entry of entries) {
      this.#duplicates.told(entry.event, now);
      this.#done(entry);
    }
    this.#delivered.add(entries.length);
    if (dispatch.kind === "digest") this.#merged.add(entries.length);
    this.#o.log.debug(
      {
        route: this.#o.id,
        kind: dispatch.kind,
        seqs: entries.slice(0, OUTLINE_FROM).map(({ event }) => event.seq),
      },
      "handed over",
    );
    this.#worked();
  }

  #worked(): void {
    this.#dispatches.add();
    this.#outage.worked();
    this.#held = 0;
    this.#lastWorked = this.#o.clock.now();
    this.#o.onDelivered();
  }

  /** Whether it is the message and not the peer: it fails again and again while others of the same time have gone through. */
  #isItself(error: RouteUnavailable, entries: readonly Waiting[]): boolean {
    const [entry, ...others] = entries;
    if (entry === undefined || others.length > 0 || !error.answered) return false;
    if (entry.failed === 0) entry.failedAt = this.#o.clock.now();
    entry.failed++;
    return entry.failed > SUSPECT_FROM && this.#lastWorked > entry.failedAt;
  }

  #unavailable(error: RouteUnavailable): void {
    this.#failures.add();
    this.#outage.failed(error);
    this.#held = this.#o.clock.now() + (error.retryAfter ?? 0);
    this.#o.onFailed(error);
  }

  /** The peer answers, and does not want this: after some attempts it is set aside, so that it holds up nothing for ever. */
  #offended(thrown: unknown, entries: readonly Waiting[]): void {
    const { clock, options, log, id, onRefused } = this.#o;
    this.#failures.add();
    this.#outage.worked();
    const error = thrown instanceof RouteRefused ? thrown : asTocsinError(thrown);
    const gone: AlarmEvent[] = [];
    for (const entry of entries) {
      entry.refused++;
      entry.notBefore = clock.now() + options.retry.first * 2 ** (entry.refused - 1);
      if (entry.refused < MOST_REFUSALS) continue;
      gone.push(entry.event);
      this.#done(entry);
    }
    log.warn(
      { route: id, code: error.code, quarantined: gone.length },
      `a message was refused: ${error.message}`,
    );
    if (gone.length === 0) return;
    this.#refused.add(gone.length);
    onRefused(gone, describe(error));
  }

  #done(entry: Waiting): void {
    this.#queue.delete(entry);
    entry.settle();
  }

  /** Under a deadline; whatever the route does, this settles. */
  async #handOver(dispatch: Dispatch): Promise<void> {
    const { clock, options, route } = this.#o;
    const abort = new AbortController();
    this.#underWay.add(abort);
    this.#lastTry = clock.now();
    let timer: Timer | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        abort.signal.addEventListener("abort", () => reject(new RouteUnavailable("given up")), {
          once: true,
        });
        timer = clock.after(options.deadline, () => {
          reject(new RouteUnavailable("no answer within the deadline", { kind: "deadline" }));
          abort.abort();
        });
        route.deliver(dispatch, abort.signal).then(resolve, reject);
      });
    } finally {
      timer?.cancel();
      this.#underWay.delete(abort);
    }
  }
}

function single(entry: Waiting): Chosen {
  return { dispatch: { kind: "event", event: entry.event, sending: entry.sending }, entries: [entry] };
}

/** The most severe first, then the oldest. */
function inOrder(entries: readonly Waiting[]): AlarmEvent[] {
  return entries
    .toSorted((a, b) => LANES.indexOf(a.lane) - LANES.indexOf(b.lane) || a.event.seq - b.event.seq)
    .map(({ event }) => event);
}

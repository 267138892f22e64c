import type { z } from "zod";
import type { MessageBus } from "../../drivers/driver.ts";
import type { Counters } from "../../model/counter.ts";
import { type ErrorOptions, NetworkError } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import type { Clock, Micros } from "../../model/time.ts";
import type { AlarmView } from "../../rules/alarm.ts";
import type { ChannelView } from "../../rules/engine.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { Payloads, Sending } from "../alerts/payload.ts";
import type { Places } from "../alerts/places.ts";
import type { TopicRoot } from "../alerts/topics.ts";
import type { WriteWish, Written } from "../writes.ts";
import type { RateBound } from "./rate-limit.ts";

/*
 * A route is a way to people besides the alert topics: a webhook, a chat robot, CAP; a text message, a siren.
 *
 * What is the same for all of them is done around them, once (line.ts, routes.ts): which events they get, the durable cursors,
 * red first, rate limits, back-off with jitter, digests, quarantine, health and its alarm. A kind of route only knows how to
 * hand one dispatch over.
 *
 * To add one: a folder with `options.ts` (a zod schema that begins with `...routeShape(…)`; imports no library of a protocol)
 * and the route behind `load()`, a line in registry.ts, and its row in docs/routes.md.
 */

/** What is handed over at once. */
export type Dispatch =
  | {
      readonly kind: "event";
      readonly event: AlarmEvent;
      readonly sending: Sending;
    }
  /** Several events in one message: a flood, repetitions, what is old. The most severe first, then the oldest. */
  | {
      readonly kind: "digest";
      readonly events: readonly AlarmEvent[];
    }
  /** So many red events wait for the rate limit that people must hear of all of them now; each still follows by itself. */
  | {
      readonly kind: "outline";
      readonly events: readonly AlarmEvent[];
    }
  /** Somebody tries the route. */
  | {
      readonly kind: "trial";
      readonly time: Micros;
    };

/** When a route that speaks to people merges messages. Red is never merged. */
export interface DigestBounds {
  /** From this message of a minute on, what is not red waits for a digest. */
  readonly from: number;
  /** A digest goes out so long after the oldest event in it came. */
  readonly every: Micros;
  /** The same step of the same alarm within this time is a repetition, and goes into the digest. */
  readonly quiet: Micros;
}

/**
 * One way to people. Keeps nothing and repeats nothing; settles every dispatch when told to give up.
 */
export interface Route {
  /** The peer's own limits; none by default. */
  readonly limits?: readonly RateBound[];
  /** Dispatches under way at the same time, each of another alarm; 1 by default. */
  readonly parallel?: number;
  /** Without it every event is a dispatch of its own. */
  readonly digest?: DigestBounds;
  /**
   * Whether the events of an occurrence must come in order even where an early one was less severe: it then goes along with
   * the red one. Otherwise red goes at once, and what was before it comes later.
   */
  readonly ordered?: boolean;
  /** Whether an event that the site has selected says anything here. */
  wants?(event: AlarmEvent): boolean;
  /** Whether an event must be handed over although the alarm is silenced: the end of what this route has announced. */
  ends?(event: AlarmEvent): boolean;
  /**
   * Hands a dispatch over; resolves when the peer has it.
   * @throws RouteUnavailable when it may work later, RouteRefused when the peer will never take this one.
   */
  deliver(dispatch: Dispatch, signal: AbortSignal): Promise<void>;
  /** Ends its connections. */
  close(): void;
}

/** What a route on the site itself works with. */
export interface OnSite {
  /** Alarms for this route that are not normal and not silenced, as they are now. */
  readonly standing: () => readonly AlarmView[];
  /** What a channel said last; undefined when there is none of this key. */
  readonly channel: (key: string) => Pick<ChannelView, "value" | "reason" | "received"> | undefined;
  /** Writes to an instrument what the site file allows. Never rejects. */
  readonly write: (wish: WriteWish) => Promise<Written>;
  /** Writes down in the alarm log what somebody did at the site. */
  readonly record: (done: { user: string; verb: string; said: Readonly<Record<string, unknown>> }) => void;
}

/** What a route is made from. */
export interface RouteContext<Options = unknown> {
  readonly id: string;
  /** Parsed by the kind's own schema. */
  readonly options: Options;
  readonly payloads: Payloads;
  readonly places: Places;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** Whether the wall clock can be believed: without that nothing that carries a time may be signed. */
  readonly timeTrusted: () => boolean;
  /** The alarm log: numbers in [from, to), ascending. */
  readonly events: (query: { from: number; to: number; limit: number }) => Promise<readonly AlarmEvent[]>;
  /** First event number that was this route's. */
  readonly began: number;
  /** Whether the site has selected an event for this route. */
  readonly selected: (event: AlarmEvent) => boolean;
  /** Brokers to publish on: those of this process, or the uplink of this id. */
  readonly buses: (uplink?: string) => readonly { readonly bus: MessageBus; readonly root: TopicRoot }[];
  /** Absent where a route is only tried. */
  readonly onSite?: OnSite;
  /** For a route that knows how it is without sending anything: what is wrong, in words; undefined: it is fit. */
  readonly condition: (problem: string | undefined) => void;
  /** @throws ConfigurationError SECRET_MISSING */
  readonly secret: (reference: string) => string;
}

/** One kind of route, as the registry knows it. */
export interface RouteKind {
  /** The route's `type` in the site file. */
  readonly type: string;
  readonly summary: string;
  /** Everything but `type`; begins with `...routeShape(…)`. */
  readonly options: z.ZodObject;
  /** @throws (from `create`) ConfigurationError for what only shows at start. */
  load(): Promise<{ create(context: RouteContext): Route }>;
}

/** The peer cannot be reached, is overloaded or does not let us in: everything is kept and tried again. Code ROUTE_UNAVAILABLE. */
export class RouteUnavailable extends NetworkError {
  /** What the peer asked us to wait, µs; undefined when it did not. */
  readonly retryAfter: Micros | undefined;
  /** Failures of one kind in a row are one piece of news. */
  readonly kind: string;
  /** The peer answered with an error of its own: perhaps it is this very message that it cannot take. */
  readonly answered: boolean;

  constructor(
    message: string,
    options: ErrorOptions & { retryAfter?: Micros | undefined; kind?: string; answered?: boolean } = {},
  ) {
    super("ROUTE_UNAVAILABLE", message, options);
    this.retryAfter = options.retryAfter;
    this.kind = options.kind ?? message;
    this.answered = options.answered ?? false;
  }
}

/** The peer refuses this very message. Its words are the error's. Code ROUTE_REFUSED. */
export class RouteRefused extends NetworkError {
  constructor(message: string, options: ErrorOptions = {}) {
    super("ROUTE_REFUSED", message, options);
  }
}

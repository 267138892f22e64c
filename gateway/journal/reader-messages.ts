import type { Micros } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { ResolvedSink } from "../sinks/resolved.ts";
import type { EdgeChannel } from "../sinks/sparkplug/edge-metric.ts";
import type { SinkStatus } from "../sinks/status.ts";
import type { Digest } from "./chain.ts";
import type { KeptUndecodable, QuarantinedRow } from "./cursors.ts";
import type { HistoryPage, HistoryQuery } from "./history.ts";
import type { Trend, TrendQuery } from "./history-trend.ts";

/*
 * What main and the reader thread say to each other.
 */

/** What the thread starts with. */
export interface ReaderStart {
  readonly folder: string;
  readonly site: string;
  readonly sinks: readonly ResolvedSink[];
  /** What the site consists of now. */
  readonly channels: readonly EdgeChannel[];
  /** Everything below this sequence is durable. */
  readonly end: number;
}

/** Questions, by name: what is asked and what is answered. */
export interface Questions {
  history: { ask: HistoryQuery; answer: HistoryPage };
  trend: { ask: TrendQuery; answer: Trend };
  events: { ask: EventQuery; answer: AlarmEvent[] };
  cursor: { ask: { name: string }; answer: number };
  setCursor: { ask: { name: string; sequence: number }; answer: null };
  sinkStatus: { ask: null; answer: SinkStatus[] };
  quarantined: { ask: { sink?: string; limit: number }; answer: QuarantinedRow[] };
  undecodable: { ask: { limit: number }; answer: (KeptUndecodable & { at: Micros })[] };
  close: { ask: null; answer: null };
}
export type QuestionName = keyof Questions;

/** Alarm events with numbers from `from` to `to` inclusive, ascending, at most `limit`. */
export interface EventQuery {
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

/** Main to the thread. */
export type ToReader =
  | { readonly kind: "question"; readonly id: number; readonly name: QuestionName; readonly ask: unknown }
  /** Everything below `end` is durable, and its events are in the alarm log. */
  | { readonly kind: "grown"; readonly end: number }
  /** A segment has been begun or sealed. */
  | { readonly kind: "segments" }
  /** The records [from, to), which held so many readings, are gone. */
  | { readonly kind: "trimmed"; readonly from: number; readonly to: number; readonly readings: number }
  | { readonly kind: "health"; readonly fields: Readonly<Record<string, number>>; readonly time: Micros }
  | { readonly kind: "digest"; readonly digest: Digest }
  | { readonly kind: "undecodable"; readonly message: KeptUndecodable };

/** An error as it crosses threads: classes do not. */
export interface CarriedError {
  readonly code: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** The thread to main. */
export type FromReader =
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly id: number; readonly answer: unknown }
  | { readonly kind: "refusal"; readonly id: number; readonly error: CarriedError }
  | { readonly kind: "sinks"; readonly status: SinkStatus[] }
  | {
      readonly kind: "log";
      readonly level: "debug" | "info" | "warn" | "error";
      readonly fields: Readonly<Record<string, unknown>>;
      readonly message: string;
    };

import type { ErrorCode } from "../../model/error.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { OpenCase } from "./alarm-log.ts";
import type { Digest } from "./chain.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { SeriesDefinition } from "./dictionary.ts";
import type { JournalOptions } from "./options.ts";
import type { Page } from "./page.ts";
import type { LostRecords } from "./salvage.ts";

/*
 * What main and the writer thread say to each other. Pages cross with their buffers; the buffers come back when the page is on disk.
 */

/** Messages to main, with the buffers that they carry away. */
export type Tell = (message: FromWriter, transfer?: readonly ArrayBuffer[]) => void;

/** Event and occurrence numbers leased at once: a crash leaves a gap of at most twice this. */
export const NUMBER_SPAN = 1_000_000;

/** Numbers that main uses up. */
export type NumberKind = "event" | "occurrence";

/** `workerData` of the writer thread. */
export interface WriterStart {
  readonly folder: string;
  readonly options: JournalOptions;
  /** Wall clock at the start, µs, for the record of boots. */
  readonly at: number;
  /**
   * A test hook, two Int32. While the first is 1 the writer stands still, as if the disk did; the second is 1 while it does.
   */
  readonly stall: SharedArrayBuffer;
}

/** The first message to the writer thread: `workerData` would keep the definitions for as long as the thread lives. */
export interface Opening {
  readonly series: readonly SeriesDefinition[];
}

export type ToWriter =
  | { readonly kind: "page"; readonly page: Page; readonly now: boolean }
  | { readonly kind: "checkpoint"; readonly checkpoint: Checkpoint }
  | { readonly kind: "lease"; readonly of: NumberKind; readonly to: number }
  | { readonly kind: "tail"; readonly request: number; readonly after: number }
  | { readonly kind: "extend"; readonly request: number; readonly series: readonly SeriesDefinition[] }
  /** Asks for the digest of a day that has ended; `at`: wall clock, µs. */
  | { readonly kind: "digest"; readonly request: number; readonly date: string; readonly at: number }
  /** Nothing but a reason to look at `stall`. */
  | { readonly kind: "look" }
  | { readonly kind: "close" };

/** An error as it crosses threads. */
export interface SentError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

/** What was found and put right when the journal was opened. */
export interface Recovered {
  /** Series id per definition, in order. */
  readonly series: Uint32Array;
  /** Last sequence that may have been used; the next page begins behind it. */
  readonly lastSequence: number;
  readonly checkpoint?: Checkpoint;
  /** First event number of a fresh durable lease. */
  readonly seq: number;
  readonly occurrence: number;
  readonly bootId: string;
  /** Last event of each occurrence that has not ended. */
  readonly openOccurrences: readonly AlarmEvent[];
  /** Highest event number of the alarm log; 0 when it is empty. */
  readonly lastEvent: number;
  /** Cases that are open, as the alarm log knows them. */
  readonly openCases: readonly OpenCase[];
  /** The last daily digests of the alarm log, oldest first. */
  readonly digests: readonly Digest[];
  /** Identities of the messages received last, oldest first, and when each was received, µs. */
  readonly identities: {
    readonly high: Uint32Array;
    readonly low: Uint32Array;
    readonly received: Float64Array;
  };
  /** Damaged files, where they are now. */
  readonly setAside: readonly string[];
  /** Accepted records that are gone with them; the last span may be longer than what was in use. */
  readonly lost: readonly LostRecords[];
  /** Last event and occurrence number that may be used. */
  readonly leased: { readonly event: number; readonly occurrence: number };
}

export type FromWriter =
  | { readonly kind: "opened"; readonly recovered: Recovered }
  /** The journal cannot be opened; the thread has ended. */
  | { readonly kind: "refused"; readonly error: SentError }
  /**
   * Everything up to `sequence` is on disk: `pages` more pages, whose buffers come back. `logged`: its events are in the alarm
   * log, too; otherwise `logged` follows.
   */
  | {
      readonly kind: "durable";
      readonly sequence: number;
      readonly pages: number;
      readonly readings: number;
      readonly bytes: number;
      readonly buffers: readonly ArrayBuffer[];
      readonly logged: boolean;
    }
  /** Events of records up to `sequence` are in the alarm log. */
  | { readonly kind: "logged"; readonly sequence: number }
  | { readonly kind: "failed"; readonly error: SentError }
  | { readonly kind: "recovered" }
  | { readonly kind: "leased"; readonly of: NumberKind; readonly to: number }
  /** Answer to `tail`; empty at the end. `error`: records up to `next` cannot be read. */
  | {
      readonly kind: "pages";
      readonly request: number;
      readonly pages: readonly Page[];
      readonly next: number;
      readonly error?: SentError;
    }
  | {
      readonly kind: "extended";
      readonly request: number;
      readonly series: Uint32Array;
      readonly error?: SentError;
    }
  | {
      readonly kind: "digested";
      readonly request: number;
      readonly digest?: Digest;
      readonly error?: SentError;
    }
  /** A segment was begun, or rewritten: who reads the folder looks again. */
  | { readonly kind: "segments" }
  /** Accepted records are no longer kept: retention. */
  | { readonly kind: "trimmed"; readonly first: number; readonly last: number; readonly readings: number }
  /** A damaged file was set aside while running. */
  | { readonly kind: "setAside"; readonly file: string; readonly lost: readonly LostRecords[] }
  | {
      readonly kind: "log";
      readonly level: "info" | "warn" | "error";
      readonly fields: object;
      readonly message: string;
    }
  /** The thread is about to end. `clean`: everything is on disk and marked so. */
  | { readonly kind: "closed"; readonly clean: boolean };

import type { OutageView } from "./outage.ts";

/** What a Sparkplug edge node counts beside what every sink does, from the process's start. */
export interface EdgeCounts {
  /** Births of the node and of what is behind it. */
  readonly births: number;
  /** Requests of hosts for births. */
  readonly rebirths: number;
  /** Readings sent as historical. */
  readonly historical: number;
  /** Metrics that fell silent and were sent without a value. */
  readonly stale: number;
  /** Readings that no metric stands for: their channel is no longer what it was when they were recorded. */
  readonly unmapped: number;
  /** Commands that ask for nothing we do, cannot be read, or are retained. */
  readonly refusedCommands: number;
}

/** How a sink is doing. Plain data. */
export interface SinkStatus {
  readonly id: string;
  readonly type: string;
  /** Present while the sink does not answer. */
  readonly outage?: OutageView;
  /** Readings and events stored by the sink, since the cursor was made. */
  readonly delivered: number;
  /** Lines refused by the server for good. */
  readonly quarantined: number;
  /** Records that the journal let go, or could not read, before they were delivered. */
  readonly lost: number;
  /** Failed attempts since start. */
  readonly failures: number;
  /** Lines of the gateway's own health and daily digests that did not wait for the sink, since start. */
  readonly healthDropped: number;
  /** Records not delivered … */
  readonly pending: number;
  /** … of which so many are not among the newest, and wait their turn beside them. */
  readonly backlog: number;
  /** Alarm events not delivered. */
  readonly events: number;
  /** Of an edge node. */
  readonly edge?: EdgeCounts;
}

import type { KeptPosition } from "./position.ts";
import type { PoisonRow } from "./shipment.ts";

/** What became of records, since the cursor was made. */
export interface Tally {
  /** Readings and events stored by the sink. */
  delivered: number;
  /** Lines that it refused for good. */
  quarantined: number;
  /** Records that the journal let go, or could not read, before they were delivered. */
  lost: number;
}

/** How far one sink has come, as its delivery sees it. */
export interface SinkCursor {
  readonly position: KeptPosition;
  /** Number of the first alarm event not delivered. */
  readonly nextEvent: number;
  readonly tallied: Readonly<Tally>;
  /** Where to ask for the present state whenever it is written. */
  keepFrom(state: () => { position: KeptPosition; nextEvent: number }): void;
  tally(counts: Partial<Tally>): void;
  /** Keeps a refused row, up to the sink's bound. Written no later than the position that passes it. */
  quarantine(row: PoisonRow): void;
  /** The position has changed: write it within the spacing. */
  moved(): void;
}

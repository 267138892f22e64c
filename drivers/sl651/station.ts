import type { Micros } from "../../model/time.ts";
import type { Session } from "../tcp/session.ts";
import type { Assembly } from "./assembly.ts";
import { LastWords } from "./last-words.ts";
import type { ConfirmationEnd, Sl651Options, TransferMode } from "./options.ts";
import type { Question } from "./question.ts";
import { type Sl651Device, StationMapping } from "./station-mapping.ts";

/** One station of the site, whatever connection it comes over. */
export class Station {
  readonly device: Sl651Device;
  readonly address: number;
  readonly mapping: StationMapping;
  readonly mode: TransferMode;
  readonly confirmation: ConfirmationEnd;
  readonly ask: Micros;
  readonly names: ReadonlyMap<number, string>;
  readonly last = new LastWords();
  /** The connection it spoke on last. */
  session: Session | undefined;
  /** How it and the centre call each other, from its last frame. */
  encoding: "hex" | "ascii" = "hex";
  centre = 1;
  password = 0;
  /** The report in packets that is coming in. */
  assembly: Assembly | undefined;
  /** The report in packets that became whole last. */
  whole: { readonly code: number; readonly total: number; readonly at: Micros } | undefined;
  /** Asked and not answered yet, in order. */
  readonly questions: Question[] = [];
  /** When it was last asked by the clock, and when its own clock was last set. */
  askedAt: Micros = Number.NEGATIVE_INFINITY;
  clockSetAt: Micros = Number.NEGATIVE_INFINITY;

  /** @throws ConfigurationError UNIT_MISMATCH */
  constructor(device: Sl651Device, options: Pick<Sl651Options, "mode" | "confirmation">) {
    this.device = device;
    this.address = device.address.station;
    this.mapping = new StationMapping(device);
    this.mode = device.address.mode ?? options.mode;
    this.confirmation = device.address.confirmation ?? options.confirmation;
    this.ask = device.address.ask ?? 0;
    this.names = new Map(device.channels.map(({ channel }) => [channel.index, channel.id]));
  }
}

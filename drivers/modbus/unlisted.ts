import { REASON, type Reason, worse } from "../../model/quality.ts";
import { compileValue, type Decoded, type ValueDecoder } from "../value.ts";
import type { ModbusSection } from "./profile.ts";
import { type ComponentAddress, type Place, placeInComponent } from "./registers.ts";

/*
 * Components that nobody has entered in the site file, and that say fire all the same: every place where a component can be is
 * looked through, and one channel of the panel speaks for all that are not listed.
 */

/** Most places that are looked through; a panel with more needs a profile that says less. */
export const MOST_PLACES = 16_384;

/** How far a panel goes in fields of its components' address, where that is less than the product can. */
export type Extent = Readonly<Record<string, number>>;

/** How many components an address can name. */
export function placeCount(section: ModbusSection): number {
  return Object.values(section.components?.address ?? {}).reduce(
    (product, { min, max }) => product * (max - min + 1),
    1,
  );
}

/** Every address that a component of this panel can have; none when there are more than MOST_PLACES. */
export function everyAddress(section: ModbusSection, upTo: Extent = {}): ComponentAddress[] {
  if (section.components === undefined || placeCount(section) > MOST_PLACES) return [];
  return Object.entries(section.components.address).reduce<Record<string, number>[]>(
    (found, [name, { min, max }]) => {
      const last = Math.min(max, upTo[name] ?? max);
      return found.flatMap((address) =>
        Array.from({ length: Math.max(0, last - min + 1) }, (_, i) => ({ ...address, [name]: min + i })),
      );
    },
    [{}],
  );
}

/** Places where components that are not `listed` would assert something by one of these channels, channel after channel of each. */
export function unlistedPlaces(
  section: ModbusSection,
  asserts: readonly string[],
  { listed, upTo }: { listed: readonly ComponentAddress[]; upTo: Extent | undefined },
): Place[] {
  const { components } = section;
  if (components === undefined) return [];
  const key = (address: ComponentAddress): string =>
    Object.entries(components.address)
      .map(([name, field]) => address[name] ?? field.default ?? field.min)
      .join(".");
  const known = new Set(listed.map(key));
  return everyAddress(section, upTo)
    .filter((address) => !known.has(key(address)))
    .flatMap((address) =>
      asserts.map((local) => placeInComponent(section, components.channels[local]!, address)),
    );
}

/** What the raw numbers of those channels mean: 1 asserts. */
export function unlistedDecoders(section: ModbusSection, asserts: readonly string[]): ValueDecoder[] {
  return asserts.map((local) => compileValue(section.components!.channels[local]!, { unit: "state" }));
}

/** The channels that speak for some of what a group reads: its values from `from` up to `to`, that one left out. */
export interface Sweep {
  readonly from: number;
  readonly to: number;
  /** Index of the site's channel, and its name for messages. */
  readonly channel: number;
  readonly label: string;
  /** The channel that says where; undefined: nobody asks. */
  readonly where: { readonly channel: number; readonly label: string } | undefined;
  /** Of the channels that assert, place after place. */
  readonly decoders: readonly ValueDecoder[];
}

/** What all places together say. */
export interface SweepResult {
  readonly value: number;
  /** Register of the first that asserts danger, from 1; 0: none. */
  readonly at: number;
  readonly reason: Reason;
}

const decoded: Decoded = { value: 0, reason: REASON.good };

/**
 * Any that asserts is enough, whatever could not be read beside it. That none does is only known when all were read.
 * `raw`, `seen` and `reason` are by place.
 */
export function sweepResult(
  places: readonly Place[],
  { from, to, decoders }: Sweep,
  { raw, seen, reason }: { raw: Float64Array; seen: Uint8Array; reason: Uint8Array },
): SweepResult {
  let worst: Reason = REASON.good;
  for (let i = from; i < to; i++) {
    if (seen[i] === 0) {
      worst = worse(worst, reason[i]! as Reason);
      continue;
    }
    decoders[(i - from) % decoders.length]!(raw[i]!, decoded);
    if (decoded.value === 1) return { value: 1, at: places[i]!.address + 1, reason: REASON.good };
  }
  return worst === REASON.good
    ? { value: 0, at: 0, reason: REASON.good }
    : { value: Number.NaN, at: Number.NaN, reason: worst };
}

import { REASON, type Reason, worse } from "../../model/quality.ts";
import type { ModbusSection } from "./profile.ts";
import { type ComponentAddress, type Place, placeInComponent } from "./registers.ts";

/*
 * Components that nobody has entered in the site file, and that say fire all the same: every place where a component can be is
 * looked through, and one channel of the panel speaks for all that are not listed.
 */

/** Most places that are looked through; a panel with more needs a profile that says less. */
export const MOST_PLACES = 8_192;

/** How many components an address can name. */
export function placeCount(section: ModbusSection): number {
  return Object.values(section.components?.address ?? {}).reduce(
    (product, { min, max }) => product * (max - min + 1),
    1,
  );
}

/** Every address that a component of the product can have; none when there are more than MOST_PLACES. */
export function everyAddress(section: ModbusSection): ComponentAddress[] {
  if (section.components === undefined || placeCount(section) > MOST_PLACES) return [];
  return Object.entries(section.components.address).reduce<Record<string, number>[]>(
    (found, [name, { min, max }]) =>
      found.flatMap((address) =>
        Array.from({ length: max - min + 1 }, (_, i) => ({ ...address, [name]: min + i })),
      ),
    [{}],
  );
}

/** Places where components that are not `listed` would assert danger by one of these channels. */
export function unlistedPlaces(
  section: ModbusSection,
  asserts: readonly string[],
  listed: readonly ComponentAddress[],
): Place[] {
  const { components } = section;
  if (components === undefined) return [];
  const key = (address: ComponentAddress): string =>
    Object.entries(components.address)
      .map(([name, field]) => address[name] ?? field.default ?? field.min)
      .join(".");
  const known = new Set(listed.map(key));
  return everyAddress(section)
    .filter((address) => !known.has(key(address)))
    .flatMap((address) =>
      asserts.map((local) => placeInComponent(section, components.channels[local]!, address)),
    );
}

/** The channels that speak for everything a group reads. */
export interface Sweep {
  /** Index of the site's channel, and its name for messages. */
  readonly channel: number;
  readonly label: string;
  /** The channel that says where; undefined: nobody asks. */
  readonly where: { readonly channel: number; readonly label: string } | undefined;
}

/** What all places together say. */
export interface SweepResult {
  readonly value: number;
  /** Register of the first that asserts danger, from 1; 0: none. */
  readonly at: number;
  readonly reason: Reason;
}

/**
 * Any that asserts is enough, whatever could not be read beside it. That none does is only known when all were read.
 * `raw`, `seen` and `reason` are by place.
 */
export function sweepResult(
  places: readonly Place[],
  { raw, seen, reason }: { raw: Float64Array; seen: Uint8Array; reason: Uint8Array },
): SweepResult {
  let worst: Reason = REASON.good;
  for (let i = 0; i < places.length; i++) {
    if (seen[i] === 0) worst = worse(worst, reason[i]! as Reason);
    else if (raw[i] === 1) return { value: 1, at: places[i]!.address + 1, reason: REASON.good };
  }
  return worst === REASON.good
    ? { value: 0, at: 0, reason: REASON.good }
    : { value: Number.NaN, at: Number.NaN, reason: worst };
}

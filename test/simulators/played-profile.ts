import {
  type PlacedChannel,
  placedChannels,
  placedComponentChannels,
} from "../../drivers/modbus/registers.ts";
import type { Profile } from "../../drivers/profile.ts";
import type { ValueMapping } from "../../drivers/value.ts";
import { quantityRow } from "../../model/quantity.ts";
import { conversion, type Unit } from "../../model/unit.ts";

/*
 * A Modbus profile made ready to be played: one device with one component, every number other than its neighbours'.
 */

/** A profile as one site would use it. */
export interface Variant {
  readonly title: string;
  readonly profile: Profile;
  /** Channels that stand where another one does: this site excludes them. */
  readonly exclude: readonly string[];
}

type Wires = NonNullable<Profile["modbus"]>["channels"];

/**
 * A profile without Modbus section gives none. Where several channels share a register (one for each unit that the
 * instrument can be set to), each has a variant without the others.
 */
export function variants(profile: Profile): Variant[] {
  const section = profile.modbus;
  if (section === undefined) return [];
  const groups = [...sharing(section.channels), ...sharing(section.components?.channels ?? {})];
  const most = Math.max(1, ...groups.map((group) => group.length));
  return Array.from({ length: most }, (_, n) => {
    const exclude = groups.flatMap((group) => group.filter((_, i) => i !== Math.min(n, group.length - 1)));
    const kept = groups.map((group) => group[Math.min(n, group.length - 1)]);
    return {
      title: kept.length === 0 ? profile.id : `${profile.id} (${kept.join(", ")})`,
      profile: exclude.length === 0 ? profile : without(profile, exclude),
      exclude,
    };
  });
}

/** Channels of which each takes whole registers that another one takes too. */
function sharing(channels: Wires): string[][] {
  const groups = new Map<string, string[]>();
  for (const [local, { table, address, type }] of Object.entries(channels)) {
    if (type === "bit" || type === "bits" || type === "match") continue;
    const at = `${table ?? ""} ${address}`;
    groups.set(at, [...(groups.get(at) ?? []), local]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

function without(profile: Profile, exclude: readonly string[]): Profile {
  const keep = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(record).filter(([local]) => !exclude.includes(local)));
  const section = profile.modbus!;
  const status = (list: typeof section.status) =>
    list.map((one) => ({ ...one, affects: one.affects.filter((local) => !exclude.includes(local)) }));
  const { components } = section;
  return {
    ...profile,
    channels: keep(profile.channels),
    modbus: {
      ...section,
      channels: keep(section.channels),
      status: status(section.status),
      ...(components === undefined
        ? {}
        : {
            components: {
              ...components,
              channels: keep(components.channels),
              status: status(components.status),
            },
          }),
    },
  };
}

/** A component for the profiles of panels: the highest address they have in each field. */
export function componentOf(profile: Profile): Record<string, number> | undefined {
  const components = profile.modbus?.components;
  if (components === undefined) return undefined;
  return Object.fromEntries(Object.entries(components.address).map(([name, { max }]) => [name, max]));
}

/** A channel by its key in the simulation, with its place. */
export interface PlacedTest {
  readonly key: string;
  readonly place: PlacedChannel;
}

export function placesOf(profile: Profile): PlacedTest[] {
  const section = profile.modbus!;
  const component = componentOf(profile);
  return [
    ...placedChannels(section).map((place) => ({ key: `dut.${place.local}`, place })),
    ...(component === undefined ? [] : placedComponentChannels(section, component)).map((place) => ({
      key: `dut:part.${place.local}`,
      place,
    })),
  ];
}

/** Within the range, not a round number, and different for each channel. */
function someValue({ range }: Profile["channels"][string], index: number): number {
  const { low, high } = range ?? { low: 1, high: 30 };
  return low + ((high - low) * (index + 2)) / 40;
}

/** A scenario that plays one profile as unit 3; numbers get a value of their own, states and codes stay calm. */
export function scenarioOf(profile: Profile, links: string): string {
  const component = componentOf(profile);
  const channels = placesOf(profile)
    .filter(({ place }) => {
      const { quantity } = profile.channels[place.local]!;
      return quantityRow(quantity).unit !== "state" && quantity !== "code" && place.format.type !== "bits";
    })
    .map(({ key, place }, index) => {
      const id = key.replace("dut.", "").replace("dut:", "");
      return `${id}: ${someValue(profile.channels[place.local]!, index)}`;
    });
  return `${links}
devices:
  dut:
    profile: ${profile.id}
    link: bus
    address: { unit: 3 }
    ${component === undefined ? "" : `components: { part: { address: ${JSON.stringify(component)} } }`}
    channels: { ${channels.join(", ")} }
`;
}

/** The mapping that counts: with the channel's own unit, or the first that the instrument can be set to, where it says its unit. */
export function mappingOf({ mapping, unitFrom }: PlacedChannel, own?: Unit): ValueMapping {
  if (unitFrom === undefined) return mapping;
  const units = [...unitFrom.units.values()];
  const unit = units.find((known) => known === own) ?? units[0];
  return unit === undefined ? mapping : { ...mapping, unit };
}

/** By how much a value may differ from the one that was meant: half a step of its raw number, in the channel's unit. */
export function stepOf(place: PlacedChannel, { unit, meant }: { unit: Unit; meant: number }): number {
  if (place.format.type.startsWith("f")) return Math.abs(meant) * 1e-6;
  const { scale, unit: from } = mappingOf(place, unit);
  return Math.abs(scale * (from === undefined ? 1 : conversion(from, unit).scale)) / 2 + 1e-9;
}

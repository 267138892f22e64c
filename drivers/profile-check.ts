import { describe } from "../model/error.ts";
import { type Assertion, isDiscrete, quantityRow } from "../model/quantity.ts";
import { conversion } from "../model/unit.ts";
import { analogMapping } from "./gb26875/analog-mapping.ts";
import type { Gb26875Section } from "./gb26875/profile.ts";
import {
  type Hj212Section,
  valueMapping as hj212Mapping,
  sectionProblems as hj212Problems,
} from "./hj212/profile.ts";
import type { ModbusSection } from "./modbus/profile.ts";
import { place, placedChannels, placedComponentChannels } from "./modbus/registers.ts";
import { MOST_PLACES, placeCount } from "./modbus/unlisted.ts";
import type { PayloadMessage } from "./payload/profile.ts";
import { PROFILE_SECTIONS, type Profile, type ProfileChannel } from "./profile.ts";
import { type Sl651Section, sectionProblems, valueMapping } from "./sl651/profile.ts";
import { type SparkplugSection, valueMapping as sparkplugMapping } from "./sparkplug/profile.ts";
import {
  type Szy206Section,
  valueMapping as szy206Mapping,
  sectionProblems as szy206Problems,
} from "./szy206/profile.ts";
import { compileValue, type ValueMapping } from "./value.ts";

/*
 * What a schema of one section cannot see: that channels and their mappings fit each other.
 */

/** One thing wrong with a profile, at a path of its file. */
export interface ProfileProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly hint?: string;
}

/** A channel's mapping as any section writes it. */
type MappedChannels = Readonly<Record<string, ValueMapping & { readonly type?: unknown }>>;

/** Everything wrong with a profile that its schema accepted. */
export function checkProfile(profile: Profile): ProfileProblem[] {
  const problems: ProfileProblem[] = [];
  if (PROFILE_SECTIONS.every((section) => profile[section] === undefined)) {
    problems.push({
      path: ["channels"],
      message: `no section says how the channels come: ${PROFILE_SECTIONS.join(", ")}`,
    });
  }
  for (const [local, channel] of Object.entries(profile.channels)) {
    problems.push(...checkChannel(channel, ["channels", local]));
  }
  if (profile.modbus !== undefined) problems.push(...checkModbus(profile, profile.modbus));
  if (profile.payload !== undefined)
    problems.push(...checkMessages(profile, "payload", profile.payload.messages));
  if (profile.gb26875 !== undefined) problems.push(...checkGb26875(profile, profile.gb26875));
  if (profile.sl651 !== undefined) problems.push(...checkSl651(profile, profile.sl651));
  if (profile.hj212 !== undefined) problems.push(...checkHj212(profile, profile.hj212));
  if (profile.szy206 !== undefined) problems.push(...checkSzy206(profile, profile.szy206));
  if (profile.sparkplug !== undefined) problems.push(...checkSparkplug(profile, profile.sparkplug));
  if (profile.lorawan !== undefined)
    problems.push(...checkMessages(profile, "lorawan", profile.lorawan.messages));
  return problems;
}

function checkChannel(channel: ProfileChannel, path: readonly string[]): ProfileProblem[] {
  const problems: ProfileProblem[] = [];
  const discrete = isDiscrete(channel.quantity);
  if (discrete && channel.range !== undefined) {
    problems.push({ path: [...path, "range"], message: `${channel.quantity} is a state: it has no range` });
  }
  if (channel.states !== undefined && !["mode", "code"].includes(channel.quantity)) {
    problems.push({
      path: [...path, "states"],
      message: `the states of ${channel.quantity} are fixed: only mode and code name their own`,
    });
  }
  return problems;
}

function checkModbus(profile: Profile, section: ModbusSection): ProfileProblem[] {
  const problems: ProfileProblem[] = [];
  const own: MappedChannels = section.channels;
  const components: MappedChannels = section.components?.channels ?? {};
  const ownPath = ["modbus", "channels"];
  const componentPath = ["modbus", "components", "channels"];
  for (const local of Object.keys(profile.channels)) {
    if (local in own && local in components) {
      problems.push({
        path: [...componentPath, local],
        message: `${local} is a channel of the device already`,
      });
    }
    const { unlisted } = section;
    const swept = local in unlisted || Object.values(unlisted).some(({ where }) => where === local);
    if (!(local in own) && !(local in components) && !swept) {
      problems.push({
        path: ["channels", local],
        message: `the modbus section does not say where ${local} is`,
      });
    }
  }
  problems.push(...checkMapped(profile, own, ownPath), ...checkMapped(profile, components, componentPath));
  problems.push(...checkUnitChoices(profile, section.channels, ownPath));
  problems.push(...checkUnitChoices(profile, section.components?.channels ?? {}, componentPath));
  problems.push(...checkPlaces(section), ...checkUnlisted(profile, section));
  return problems;
}

/** Channels that speak for unlisted components are there, are heard, and look through no more than can be. */
function checkUnlisted(profile: Profile, section: ModbusSection): ProfileProblem[] {
  const problems: ProfileProblem[] = [];
  for (const [local, { where }] of Object.entries(section.unlisted)) {
    const path = ["modbus", "unlisted", local];
    const channel = profile.channels[local];
    if (channel === undefined || !HEARD.has(quantityRow(channel.quantity).asserts))
      problems.push({
        path,
        message: `there is no channel ${local} under channels that asserts danger, or is supervisory`,
      });
    if (where !== undefined && profile.channels[where]?.quantity !== "code")
      problems.push({ path: [...path, "where"], message: `there is no channel ${where} of quantity code` });
    if (placeCount(section) > MOST_PLACES) {
      problems.push({
        path,
        message: `the address of components has ${placeCount(section)} places; at most ${MOST_PLACES} can be looked through`,
      });
    }
  }
  return problems;
}

/** Danger; and what may be danger where a product does not say which of its states is. */
const HEARD: ReadonlySet<Assertion | undefined> = new Set<Assertion>(["danger", "supervisory"]);

/** Every unit that an instrument may be set to must be one of the channel's own kind: %LEL does not become ppm by a setting. */
function checkUnitChoices(
  profile: Profile,
  channels: ModbusSection["channels"],
  path: readonly string[],
): ProfileProblem[] {
  const problems: ProfileProblem[] = [];
  for (const [local, { unitFrom }] of Object.entries(channels)) {
    const channel = profile.channels[local];
    if (channel === undefined || unitFrom === undefined) continue;
    const { unit: own } = quantityRow(channel.quantity);
    for (const [raw, unit] of Object.entries(unitFrom.units)) {
      try {
        conversion(unit, own);
      } catch (error) {
        problems.push({
          path: [...path, local, "unitFrom", "units", raw],
          message: describe(error),
          hint: "leave it out, and give the other kind of quantity a channel of its own",
        });
      }
    }
  }
  return problems;
}

function checkMessages(
  profile: Profile,
  section: "payload" | "lorawan",
  messages: readonly PayloadMessage[],
): ProfileProblem[] {
  const problems: ProfileProblem[] = [];
  const carried = new Set(messages.flatMap((message) => Object.keys(message.channels)));
  for (const local of Object.keys(profile.channels)) {
    if (carried.has(local)) continue;
    problems.push({
      path: ["channels", local],
      message: `no message of the ${section} section carries ${local}`,
    });
  }
  for (const [index, { channels }] of messages.entries()) {
    problems.push(...checkMapped(profile, channels, [section, "messages", index, "channels"]));
  }
  return problems;
}

/** One channel may stand for the same thing of the device, of its systems and of its components. */
function checkGb26875(profile: Profile, section: Gb26875Section): ProfileProblem[] {
  const problems: ProfileProblem[] = [];
  const parts = { device: section.device, systems: section.systems, components: section.components };
  const taken = new Set(Object.values(parts).flatMap((part) => Object.keys(part)));
  for (const local of Object.keys(profile.channels)) {
    if (taken.has(local)) continue;
    problems.push({
      path: ["channels", local],
      message: `the gb26875 section does not say what ${local} is taken from`,
    });
  }
  for (const [name, part] of Object.entries(parts)) {
    for (const local of Object.keys(part)) {
      if (profile.channels[local] !== undefined) continue;
      problems.push({
        path: ["gb26875", name, local],
        message: `there is no channel ${local} under channels`,
      });
    }
  }
  const catches = Object.entries(section.device).some(([local, { unlisted }]) => {
    const channel = profile.channels[local];
    return unlisted === "fire" && channel !== undefined && quantityRow(channel.quantity).asserts === "danger";
  });
  if (!catches) {
    problems.push({
      path: ["gb26875", "device"],
      message: "nobody would hear of a fire that a component reports which the site does not list",
      hint: "give the device a channel such as unlisted_fire: { quantity: fire } with { unlisted: fire }",
    });
  }
  for (const [local, source] of Object.entries(section.components)) {
    const channel = profile.channels[local];
    if (channel === undefined || source.analog === undefined) continue;
    const target = { unit: quantityRow(channel.quantity).unit };
    for (const analog of source.analog) {
      try {
        compileValue(analogMapping(source, analog), target);
      } catch (error) {
        problems.push({ path: ["gb26875", "components", local, "analog"], message: describe(error) });
      }
    }
  }
  return problems;
}

function checkSl651(profile: Profile, section: Sl651Section): ProfileProblem[] {
  const problems: ProfileProblem[] = [];
  for (const local of Object.keys(profile.channels)) {
    if (local in section.channels) continue;
    problems.push({
      path: ["channels", local],
      message: `the sl651 section does not say which element ${local} is`,
    });
  }
  for (const { path, ...rest } of sectionProblems(section, profile.channels)) {
    problems.push({ path: ["sl651", ...path], ...rest });
  }
  const mapped = Object.fromEntries(
    Object.entries(section.channels).map(([local, channel]) => [local, valueMapping(channel)]),
  );
  problems.push(...checkMapped(profile, mapped, ["sl651", "channels"]));
  return problems;
}

function checkHj212(profile: Profile, section: Hj212Section): ProfileProblem[] {
  const problems: ProfileProblem[] = [];
  for (const local of Object.keys(profile.channels)) {
    if (local in section.channels) continue;
    problems.push({
      path: ["channels", local],
      message: `the hj212 section does not say which value ${local} is`,
    });
  }
  for (const { path, message } of hj212Problems(section))
    problems.push({ path: ["hj212", ...path], message });
  const mapped = Object.fromEntries(
    Object.entries(section.channels).map(([local, channel]) => [local, hj212Mapping(channel)]),
  );
  problems.push(...checkMapped(profile, mapped, ["hj212", "channels"]));
  return problems;
}

function checkSzy206(profile: Profile, section: Szy206Section): ProfileProblem[] {
  const problems: ProfileProblem[] = [];
  for (const local of Object.keys(profile.channels)) {
    if (local in section.channels) continue;
    problems.push({
      path: ["channels", local],
      message: `the szy206 section does not say where ${local} stands`,
    });
  }
  for (const { path, message } of szy206Problems(section, profile.channels)) {
    problems.push({ path: ["szy206", ...path], message });
  }
  const mapped = Object.fromEntries(
    Object.entries(section.channels).map(([local, channel]) => [local, szy206Mapping(channel)]),
  );
  problems.push(...checkMapped(profile, mapped, ["szy206", "channels"]));
  return problems;
}

function checkSparkplug(profile: Profile, section: SparkplugSection): ProfileProblem[] {
  const problems: ProfileProblem[] = [];
  for (const local of Object.keys(profile.channels)) {
    if (local in section.channels) continue;
    problems.push({
      path: ["channels", local],
      message: `the sparkplug section does not say which metric ${local} is`,
    });
  }
  const mapped = Object.fromEntries(
    Object.entries(section.channels).map(([local, channel]) => [local, sparkplugMapping(channel)]),
  );
  problems.push(...checkMapped(profile, mapped, ["sparkplug", "channels"]));
  return problems;
}

/** That each mapping has its channel and yields what the channel's quantity can be. */
export function checkMapped(
  profile: Profile,
  mapped: MappedChannels,
  path: readonly (string | number)[],
): ProfileProblem[] {
  const problems: ProfileProblem[] = [];
  for (const [local, mapping] of Object.entries(mapped)) {
    const channel = profile.channels[local];
    if (channel === undefined) {
      problems.push({ path: [...path, local], message: `there is no channel ${local} under channels` });
      continue;
    }
    const row = quantityRow(channel.quantity);
    try {
      compileValue(mapping, {
        unit: row.unit,
        ...(channel.range === undefined ? {} : { range: channel.range }),
      });
    } catch (error) {
      problems.push({ path: [...path, local, "unit"], message: describe(error) });
    }
    if (mapping.type === "string" && mapping.states === undefined) {
      problems.push({ path: [...path, local], message: "a text needs `states` that give each text a code" });
    }
    for (const [raw, code] of Object.entries(mapping.states ?? {})) {
      if (row.states !== undefined && row.states[code] === undefined) {
        problems.push({
          path: [...path, local, "states", raw],
          message: `${channel.quantity} has no state ${code}`,
          hint: row.states.map((name, index) => `${index} ${name}`).join(", "),
        });
      }
    }
  }
  return problems;
}

/** That every value is within its table, of the first component as of the last. */
function checkPlaces(section: ModbusSection): ProfileProblem[] {
  const problems: ProfileProblem[] = [];
  const attempt = (path: readonly string[], run: () => unknown): void => {
    try {
      run();
    } catch (error) {
      problems.push({ path, message: describe(error) });
    }
  };
  for (const [local, wire] of Object.entries(section.channels)) {
    attempt(["modbus", "channels", local, "address"], () =>
      placedChannels({ ...section, channels: { [local]: wire } }),
    );
  }
  for (const [id, output] of Object.entries(section.outputs)) {
    attempt(["modbus", "outputs", id, "address"], () => place(section, output));
    const { verify } = output;
    if (typeof verify !== "string")
      attempt(["modbus", "outputs", id, "verify"], () => place(section, verify));
  }
  for (const [index, { register }] of section.selfCheck.entries()) {
    attempt(["modbus", "selfCheck", `${index}`], () => place(section, register));
  }
  const fields = Object.entries(section.components?.address ?? {});
  if (section.components === undefined) return problems;
  for (const address of corners(fields)) {
    const known = problems.length;
    attempt(["modbus", "components", "base"], () => placedComponentChannels(section, address));
    // One corner outside is enough to say.
    if (problems.length > known) break;
  }
  return problems;
}

/** Every combination of the least and the greatest of each field: strides may count up or down, channel by channel. */
function corners(
  fields: readonly (readonly [string, { min: number; max: number }])[],
): Record<string, number>[] {
  return fields.reduce<Record<string, number>[]>(
    (found, [name, { min, max }]) =>
      found.flatMap((corner) => [
        { ...corner, [name]: min },
        { ...corner, [name]: max },
      ]),
    [{}],
  );
}

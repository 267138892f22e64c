import type { DeviceOnLink } from "../../../drivers/driver.ts";
import { componentAddressSchema } from "../../../drivers/modbus/registers.ts";
import type { Profile, ProfileChannel } from "../../../drivers/profile.ts";
import { ConfigurationError } from "../../../model/error.ts";
import { quantityRow } from "../../../model/quantity.ts";
import type { Channel, Component, Device } from "../../../model/site.ts";

/** A device on the bench: its profile alone, no site. */
export interface BenchDevice {
  readonly onLink: DeviceOnLink<unknown, unknown>;
  readonly channels: readonly { readonly local: string; readonly channel: Channel }[];
}

export interface BenchOptions {
  readonly address: object;
  /** Addresses of components to read, as `loop=1,number=12`. */
  readonly components: readonly string[];
  /** Outputs that may be written: for devices that measure when they are told to. */
  readonly allow: readonly string[];
}

/** Silence does not matter on the bench. */
const NEVER = 0;

/** @throws ConfigurationError PROFILE_INVALID without registers; COMMAND_USAGE for components that it cannot have. */
export function benchDevice(profile: Profile, options: BenchOptions): BenchDevice {
  const section = profile.modbus;
  if (section === undefined) {
    throw new ConfigurationError("PROFILE_INVALID", `profile ${profile.id} has no section modbus`, {
      hint: "only what can be asked can be tried; devices that speak by themselves are heard by a gateway that runs",
    });
  }
  for (const output of options.allow) {
    if (section.outputs[output] !== undefined) continue;
    throw new ConfigurationError("COMMAND_USAGE", `--allow ${output}: the profile has no such output`, {
      hint: `outputs: ${Object.keys(section.outputs).join(", ") || "none"}`,
    });
  }
  const channels: { local: string; channel: Channel; component?: Component }[] = [];
  const add = (local: string, component?: Component) => {
    const declared = profile.channels[local];
    if (declared === undefined) return;
    const id = component === undefined ? local : `${component.id}.${local}`;
    const channel = benchChannel(declared, { id, local, index: channels.length });
    channels.push({ local, channel, ...(component === undefined ? {} : { component }) });
  };
  for (const local of Object.keys(section.channels)) add(local);
  options.components.forEach((text, index) => {
    const component: Component = {
      index,
      id: text,
      key: `bench:${text}`,
      name: { zh: text, en: text },
      device: 0,
      point: 0,
      address: componentAddress(profile, text),
    };
    for (const local of Object.keys(section.components?.channels ?? {})) add(local, component);
  });
  const device: Device = {
    index: 0,
    id: profile.id,
    key: profile.id,
    name: profile.name,
    link: 0,
    point: 0,
    profile: profile.id,
    address: options.address,
    components: [],
    channels: channels.map(({ channel }) => channel.index),
    liveness: NEVER,
  };
  return {
    channels,
    onLink: { device, address: options.address, profile: section, writes: options.allow, channels },
  };
}

function benchChannel(
  { quantity, name, range, states }: ProfileChannel,
  { id, local, index }: { id: string; local: string; index: number },
): Channel {
  const row = quantityRow(quantity);
  const names = states ?? (row.states === undefined ? undefined : Object.fromEntries(row.states.entries()));
  return {
    index,
    id,
    key: id,
    name: name ?? { zh: local, en: local },
    device: 0,
    point: 0,
    quantity,
    unit: row.unit,
    ...(range === undefined ? {} : { range }),
    ...(names === undefined ? {} : { states: names }),
    danger: row.asserts === "danger",
    period: NEVER,
    report: "periodic",
    stale: NEVER,
    heartbeat: NEVER,
    greatestDelay: NEVER,
    mode: "test",
  };
}

function componentAddress(profile: Profile, text: string): unknown {
  const schema = profile.modbus === undefined ? undefined : componentAddressSchema(profile.modbus);
  if (schema === undefined) {
    throw new ConfigurationError(
      "COMMAND_USAGE",
      `--component ${text}: profile ${profile.id} has no components`,
    );
  }
  const fields = Object.fromEntries(
    text.split(",").map((part) => {
      const [name = "", value = ""] = part.split("=");
      return [name.trim(), Number(value)];
    }),
  );
  const parsed = schema.safeParse(fields);
  if (parsed.success) return parsed.data;
  const said = parsed.error.issues.map((issue) =>
    `${issue.path.join(".")}: ${issue.message}`.replace(/^: /, ""),
  );
  throw new ConfigurationError("COMMAND_USAGE", `--component ${text}: ${said.join("; ")}`, {
    hint: `for example: ${Object.keys(schema.shape)
      .map((name) => `${name}=1`)
      .join(",")}`,
  });
}

import { quantityRow } from "../../model/quantity.ts";
import type { Channel, Derivation } from "../../model/site.ts";
import type { DerivedOptions } from "./device-schema.ts";
import { didYouMean } from "./suggestion.ts";
import type { DeviceParts, Surroundings } from "./surroundings.ts";
import { channelAlready, noChannelBefore, OWN_CHANNEL_ID } from "./texts/devices.ts";
import { LISTED } from "./texts/hints.ts";
import { noneCalled, of, THINGS } from "./texts/references.ts";

interface DerivedTarget {
  readonly parts: DeviceParts;
  readonly device: number;
  /** Indices of the device's channels so far. */
  readonly channels: readonly number[];
  /** All channels of the site; derived ones are appended. */
  readonly all: Channel[];
}

/** The computed channels of one device, in the order of the file; each may use those before it. */
export function resolveDerived(around: Surroundings, target: DerivedTarget): Channel[] {
  const { parts, all } = target;
  const known = new Map(target.channels.map((index) => [all[index]!.id, all[index]!]));
  const added: Channel[] = [];
  for (const [id, options] of Object.entries(parts.options.derived)) {
    const path = ["devices", parts.id, "derived", id];
    if (known.has(id)) {
      around.problems.at(around.parsed.tree.spot(path, "key"), {
        message: channelAlready(parts.id, id),
        hint: OWN_CHANNEL_ID,
      });
      continue;
    }
    const inputs = findInputs(around, { parts, id, options, known });
    const [first] = inputs;
    if (first === undefined) continue;
    const channel = makeChannel(around, { target, id, options, inputs });
    all.push(channel);
    known.set(id, channel);
    added.push(channel);
  }
  return added;
}

function findInputs(
  around: Surroundings,
  from: { parts: DeviceParts; id: string; options: DerivedOptions; known: ReadonlyMap<string, Channel> },
): Channel[] {
  const { parts, id, options, known } = from;
  const path = ["devices", parts.id, "derived", id];
  const named: { name: string; at: (string | number)[] }[] = [];
  if (options.linear !== undefined)
    named.push({ name: options.linear.input, at: [...path, "linear", "input"] });
  if (options.curve !== undefined) named.push({ name: options.curve.input, at: [...path, "curve", "input"] });
  for (const [i, name] of (options.resultant?.inputs ?? []).entries()) {
    named.push({ name, at: [...path, "resultant", "inputs", i] });
  }
  const inputs: Channel[] = [];
  for (const { name, at } of named) {
    const channel = known.get(name);
    if (channel === undefined) {
      around.problems.at(around.parsed.tree.spot(at), {
        message: of("computed", id, noChannelBefore(parts.id, name)),
        hint: didYouMean(name, known.keys(), LISTED.channels),
      });
    } else inputs.push(channel);
  }
  return inputs.length === named.length ? inputs : [];
}

function makeChannel(
  around: Surroundings,
  from: { target: DerivedTarget; id: string; options: DerivedOptions; inputs: readonly Channel[] },
): Channel {
  const { target, id, options, inputs } = from;
  const { parts, device, all } = target;
  const row = quantityRow(options.quantity);
  const [first] = inputs as [Channel, ...Channel[]];
  let point = first.point;
  if (options.point !== undefined) {
    const own = around.points.get(options.point);
    if (own !== undefined) point = own.index;
    else if (!around.parsed.points.ids.has(options.point)) {
      around.problems.at(around.parsed.tree.spot(["devices", parts.id, "derived", id, "point"]), {
        message: of("computed", id, noneCalled(THINGS.point, options.point)),
        hint: didYouMean(options.point, around.parsed.points.ids, LISTED.points),
      });
    }
  }
  // It comes with its inputs, so the slowest of them sets the pace.
  const slowest = inputs.reduce((a, b) => (b.period > a.period ? b : a));
  return {
    index: all.length,
    id,
    key: `${parts.id}.${id}`,
    name: options.name ?? { zh: row.zh, en: row.en },
    device,
    point,
    quantity: options.quantity,
    unit: row.unit,
    ...(first.gas === undefined ? {} : { gas: first.gas }),
    ...(options.range === undefined ? {} : { range: options.range }),
    danger: false,
    period: slowest.period,
    report: inputs.every((input) => input.report === "on-change") ? "on-change" : "periodic",
    stale: Math.max(...inputs.map((input) => input.stale)),
    heartbeat: 0,
    greatestDelay: Math.min(...inputs.map((input) => input.greatestDelay)),
    mode: first.mode,
    derivation: derivation(options, inputs),
  };
}

function derivation(options: DerivedOptions, inputs: readonly Channel[]): Derivation {
  const [first] = inputs as [Channel, ...Channel[]];
  if (options.linear !== undefined) {
    const { scale, offset } = options.linear;
    return { kind: "linear", input: first.index, scale, offset };
  }
  if (options.curve !== undefined) {
    const { points } = options.curve;
    return { kind: "curve", input: first.index, x: points.map(([x]) => x), y: points.map(([, y]) => y) };
  }
  return { kind: "resultant", inputs: inputs.map((input) => input.index) };
}

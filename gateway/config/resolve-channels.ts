import type { DeviceOnLink } from "../../drivers/driver.ts";
import { isDiscrete, quantityRow } from "../../model/quantity.ts";
import type { Channel, Component } from "../../model/site.ts";
import { DAY, formatDuration, MILLISECOND, MINUTE, type Micros, SECOND } from "../../model/time.ts";
import { didYouMean } from "./suggestion.ts";
import type { DeviceParts, Surroundings } from "./surroundings.ts";
import * as texts from "./texts/devices.ts";
import { LISTED } from "./texts/hints.ts";
import { noneCalled, THINGS } from "./texts/references.ts";

/** Silence of this many periods means that monitoring is lost, unless somebody says otherwise (semantics 10). */
const STALE_PERIODS = 3;
/** Samples that come faster than this come many to a message: their period says nothing about the time between messages … */
const WAVEFORM_PERIOD: Micros = 100 * MILLISECOND;
/** … which is taken to be below this, unless somebody says otherwise. */
const WAVEFORM_STALE: Micros = 5 * SECOND;
/** Oldest device time that is believed (semantics 13): a polled device answers at once, others may have been cut off. */
const GREATEST_DELAY_POLLED: Micros = 10 * MINUTE;
const GREATEST_DELAY: Micros = DAY;

/** What a channel is made from. */
export interface ChannelSource {
  readonly parts: DeviceParts;
  /** Id within the profile. */
  readonly local: string;
  /** Id within the device. */
  readonly channelId: string;
  readonly component?: Component;
  readonly index: number;
  readonly device: number;
}

/** How long a channel of this period may be silent. */
function staleOf(period: Micros, polled: boolean): Micros {
  const waveform = !polled && period > 0 && period < WAVEFORM_PERIOD;
  return waveform ? WAVEFORM_STALE : STALE_PERIODS * period;
}

/** One channel with the profile's word, the device's own and the defaults laid over each other; undefined: left out. */
export function resolveChannel(around: Surroundings, source: ChannelSource): Channel | undefined {
  const { parts, local, channelId, component } = source;
  const { id, options, link, profile } = parts;
  const base = profile.channels[local];
  // A profile whose section names an unknown channel has been reported with the profile.
  if (base === undefined) return undefined;
  const own = options.channels[channelId];
  if (own?.exclude === true) return undefined;

  const row = quantityRow(base.quantity);
  const polled = link.kind.period?.({
    options: link.link.options,
    address: parts.address,
    section: parts.section,
    local,
  });
  if (polled !== undefined && own?.period !== undefined) {
    around.problems.at(around.parsed.tree.spot(["devices", id, "channels", channelId, "period"], "key"), {
      message: texts.polledPeriod(channelId),
      hint: texts.PERIOD_OF_POLLING,
    });
  }
  const period = polled ?? own?.period ?? base.period ?? 0;
  const stale = own?.stale ?? base.stale ?? staleOf(period, polled !== undefined);
  if (stale > 0 && stale < period) {
    around.problems.at(around.parsed.tree.spot(["devices", id, "channels", channelId, "stale"]), {
      message: texts.alwaysLost(channelId, formatDuration(stale), formatDuration(period)),
    });
  }
  const range = own?.range ?? base.range;
  if (own?.range !== undefined && isDiscrete(base.quantity)) {
    around.problems.at(around.parsed.tree.spot(["devices", id, "channels", channelId, "range"], "key"), {
      message: texts.rangeOfState(channelId),
    });
  }
  const gas = own?.gas ?? base.gas;
  const states = base.states ?? namedStates(row.states);
  const point = resolvePoint(around, source, own?.point);
  return {
    index: source.index,
    id: channelId,
    key: component === undefined ? `${id}.${local}` : `${component.key}.${local}`,
    name: own?.name ?? base.name ?? { zh: row.zh, en: row.en },
    device: source.device,
    ...(component === undefined ? {} : { component: component.index }),
    point,
    quantity: base.quantity,
    unit: row.unit,
    ...(gas === undefined ? {} : { gas }),
    ...(states === undefined ? {} : { states }),
    ...(range === undefined ? {} : { range }),
    danger: row.asserts === "danger",
    period,
    report: base.report,
    stale,
    heartbeat: own?.heartbeat ?? base.heartbeat ?? 0,
    greatestDelay:
      options.greatestDelay ??
      profile.greatestDelay ??
      (polled === undefined ? GREATEST_DELAY : GREATEST_DELAY_POLLED),
    mode: own?.mode ?? options.mode ?? around.pointAt[point]?.mode ?? "live",
  };
}

function resolvePoint(around: Surroundings, source: ChannelSource, own: string | undefined): number {
  const inherited = source.component?.point ?? source.parts.point.index;
  if (own === undefined) return inherited;
  const found = around.points.get(own);
  if (found !== undefined) return found.index;
  if (!around.parsed.points.ids.has(own)) {
    const path = ["devices", source.parts.id, "channels", source.channelId, "point"];
    around.problems.at(around.parsed.tree.spot(path), {
      message: texts.ofChannel(source.channelId, noneCalled(THINGS.point, own)),
      hint: didYouMean(own, around.parsed.points.ids, LISTED.points),
    });
  }
  return inherited;
}

function namedStates(states: readonly string[] | undefined): Readonly<Record<number, string>> | undefined {
  return states === undefined ? undefined : Object.fromEntries(states.entries());
}

/**
 * A live channel whose silence nothing would ever notice is a promise that cannot be kept: neither a stale time of its own
 * nor a liveness interval of its device, nor a topic that tells whether the device is there.
 */
export function warnOfUnwatched(
  around: Surroundings,
  parts: DeviceParts,
  liveness: Micros,
  channels: DeviceOnLink<unknown, unknown>["channels"],
): void {
  if (liveness > 0 || parts.profile.payload?.availability !== undefined) return;
  if (channels.some(({ channel }) => channel.stale > 0)) return;
  if (channels.length === 0) return;
  around.problems.at(around.parsed.tree.spot(["devices", parts.id], "key"), {
    message: texts.unwatched(parts.id),
    hint: texts.SAY_LIVENESS,
  });
}

import { QUALITY_NAMES, qualityOf, REASON_NAMES, type Reason, reasonRow } from "../../model/quality.ts";
import type { Channel, Device, Link, Point, Site } from "../../model/site.ts";
import { formatDuration, formatInstant, type Micros } from "../../model/time.ts";
import { ucum } from "../../model/unit.ts";
import type { AlarmView } from "../../rules/alarm.ts";
import type { OutsideView } from "../../rules/circumstance/outside-inputs.ts";
import type { ComputedView } from "../../rules/computed.ts";
import type { ChannelView, ShelvedView } from "../../rules/engine.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { Configuration } from "../configuration.ts";
import { measuredUnit } from "../messages/measure.ts";
import type { RouteStatus } from "../routes/active-route.ts";
import type { PointConnection } from "./connection.ts";

/*
 * How things look in the API's JSON. Times are RFC 3339 in UTC; a number that is none is null.
 */

/** A number for JSON. */
export function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** An instant for JSON; null when there is none. */
export function instant(time: Micros): string | null {
  return Number.isFinite(time) && time > 0 ? formatInstant(time) : null;
}

/** Quality as its three names: good/uncertain/bad, the reason, and the OPC UA code. */
export function qualityJson(reason: Reason) {
  return {
    quality: QUALITY_NAMES[qualityOf(reason)],
    reason: REASON_NAMES[reason] ?? "bad",
    opcua: reasonRow(reason).opcua,
  };
}

/** What a rule has computed, level by level; a value that is none is null. */
export function computedJson({ rule, subject, channel, levels }: ComputedView) {
  return {
    rule,
    subject,
    levels: levels.map(({ severity, value, limit, measure, detail }) => ({
      severity,
      of: measure?.of ?? "value",
      value: finite(value),
      limit: finite(limit),
      unit: measuredUnit(measure ?? channel).ucum,
      window: measure === undefined || measure.window === 0 ? null : formatDuration(measure.window),
      detail: detail ?? null,
    })),
  };
}

export function pointJson(
  site: Site,
  point: Point,
  now: { alarms: readonly AlarmView[]; connection: PointConnection | undefined },
) {
  const { alarms, connection } = now;
  return {
    id: point.id,
    name: point.name,
    domain: point.domain,
    stage: point.stage,
    mode: point.mode,
    location: point.location,
    codes: point.codes,
    groups: site.groups.filter((group) => group.points.includes(point.index)).map((group) => group.id),
    connected: connection?.connected ?? false,
    online: connection?.online ?? false,
    alarms: alarms.filter((alarm) => alarm.point === point.id).map(alarmJson),
  };
}

export function deviceJson(site: Site, device: Device) {
  return {
    id: device.id,
    name: device.name,
    profile: device.profile,
    link: site.links[device.link]?.id ?? null,
    point: site.points[device.point]?.id ?? null,
    serial: device.serial ?? null,
    components: device.components.map((index) => site.components[index]!.id),
    channels: device.channels.map((index) => site.channels[index]!.id),
  };
}

export function linkJson(link: Link, alarms: readonly AlarmView[]) {
  return {
    id: link.id,
    name: link.name,
    type: link.type,
    lost: alarms.some((alarm) => alarm.subject === link.key && alarm.active),
  };
}

export function channelJson(site: Site, channel: Channel, view: ChannelView | undefined) {
  return {
    key: channel.key,
    device: site.devices[channel.device]!.id,
    channel: channel.id,
    point: site.points[channel.point]!.id,
    name: channel.name,
    quantity: channel.quantity,
    unit: channel.unit,
    ucum: ucum(channel.unit),
    ...(channel.gas === undefined ? {} : { gas: channel.gas }),
    ...(view === undefined || Number.isNaN(view.received)
      ? { value: null, quality: null, reason: null, time: null, received: null }
      : {
          value: finite(view.value),
          ...(channel.states?.[view.value] === undefined ? {} : { state: channel.states[view.value] }),
          ...qualityJson(view.reason),
          time: instant(view.time),
          received: instant(view.received),
        }),
  };
}

export function alarmJson(alarm: AlarmView) {
  return {
    rule: alarm.rule,
    subject: alarm.subject,
    point: alarm.point,
    domain: alarm.domain,
    class: alarm.class,
    mode: alarm.mode,
    state: alarm.state,
    active: alarm.active,
    severity: alarm.severity,
    highest: alarm.highest,
    occurrence: alarm.occurrence,
    since: instant(alarm.since),
    changed: instant(alarm.changed),
    value: finite(alarm.value),
    ...qualityJson(alarm.reason),
    measured: instant(alarm.measured),
    limit: finite(alarm.limit),
    acknowledgedBy: alarm.acknowledgedBy ?? null,
    silence: alarm.silence ?? null,
    until: alarm.until === undefined ? null : instant(alarm.until),
    covers: alarm.covers ?? null,
    note: alarm.note ?? null,
    detail: alarm.detail ?? null,
  };
}

/** An alarm that a person has shelved, with who, why and until when. */
export function shelvedJson({ shelf, ...alarm }: ShelvedView) {
  return {
    rule: alarm.rule,
    subject: alarm.subject,
    point: alarm.point,
    state: alarm.state,
    user: shelf.user,
    reason: shelf.note ?? null,
    since: instant(shelf.since),
    until: instant(shelf.until),
    oneShot: shelf.oneShot,
  };
}

export function eventJson(event: AlarmEvent) {
  return {
    ...event,
    time: instant(event.time),
    since: instant(event.since),
    ...(event.until === undefined ? {} : { until: instant(event.until) }),
    measured: instant(event.measured),
    value: finite(event.value),
    limit: finite(event.limit),
    ...qualityJson(event.reason),
  };
}

export function routeJson({ since, lastDelivered, ...status }: RouteStatus) {
  return { ...status, since: instant(since), lastDelivered: instant(lastDelivered) };
}

export function siteJson({ site, rules }: Configuration) {
  return {
    id: site.id,
    name: site.name,
    timeZone: site.timeZone,
    revision: site.revision,
    points: site.points.length,
    devices: site.devices.length,
    channels: site.channels.length,
    rules: rules.length,
  };
}

/** An outside source: what rules take it for, and since when. */
export function outsideJson({ source, state, value, received, until }: OutsideView) {
  return {
    id: source.id,
    name: source.name,
    state,
    value: finite(value),
    level: source.levels?.[value] ?? null,
    unit: source.unit ?? null,
    received: instant(received),
    until: instant(until),
  };
}

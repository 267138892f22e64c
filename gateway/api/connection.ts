import type { Point, Site } from "../../model/site.ts";
import type { ChannelView } from "../../rules/engine.ts";

/** How many of the points that should speak do. */
export interface ConnectionRate {
  /** Points that are planned, in commissioning or live: what is retired is owed nothing. */
  readonly expected: number;
  /** Of these, how many have been heard at all. */
  readonly connected: number;
  /** Of these, how many are heard now: not all of their channels are lost. */
  readonly online: number;
  /** connected / expected (接入率), 0 to 1; null when nothing is expected. */
  readonly rate: number | null;
}

/** What is known of one point's connection. */
export interface PointConnection {
  readonly connected: boolean;
  readonly online: boolean;
}

/** Whether each point was ever heard, and is heard now, by point index. */
export function connections(site: Site, channels: Iterable<ChannelView>): PointConnection[] {
  const connected = new Uint8Array(site.points.length);
  const online = new Uint8Array(site.points.length);
  for (const { channel, received, monitoring } of channels) {
    if (Number.isNaN(received)) continue;
    connected[channel.point] = 1;
    if (monitoring === "ok") online[channel.point] = 1;
  }
  return site.points.map(({ index }) => ({ connected: connected[index] === 1, online: online[index] === 1 }));
}

/** The connection rate of some points. */
export function connectionRate(points: readonly Point[], known: readonly PointConnection[]): ConnectionRate {
  const wanted = points.filter(({ stage }) => stage !== "retired");
  const connected = wanted.filter(({ index }) => known[index]?.connected === true).length;
  const online = wanted.filter(({ index }) => known[index]?.online === true).length;
  const expected = wanted.length;
  return { expected, connected, online, rate: expected === 0 ? null : connected / expected };
}

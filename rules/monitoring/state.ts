import type { Site } from "../../model/site.ts";
import { type PackedNumber, pack, unpack } from "../checkpoint-number.ts";
import { captureTable, rowsOf, type StateRows, type StateTable } from "../state-table.ts";
import { NEVER, type TimerQueue } from "../timer-queue.ts";
import type { Reach, Watched } from "./watched.ts";

/** Down and out flags, reason, outage deadline. */
type ReachState = readonly [0 | 1, 0 | 1, number, PackedNumber];

/** What the monitoring remembers, by key; JSON-safe. */
export interface MonitoringState {
  /** Silent flag, stale deadline, heartbeat deadline, last heartbeat. */
  readonly channels: StateTable | StateRows;
  /** As links have it, then dead and stalled flags, liveness deadline, last sign of life. */
  readonly devices: StateTable | StateRows;
  readonly links: Readonly<Record<string, ReachState>>;
}

interface Parts {
  readonly site: Site;
  readonly timers: TimerQueue;
}

/** Writes it down. */
export function captureMonitoring({ site, timers }: Parts, w: Watched): MonitoringState {
  const deadline = (timer: number) => (timer < 0 ? NEVER : timers.deadline(timer));
  const deadlines = (column: ArrayLike<number>) => {
    const all = new Float64Array(column.length);
    for (let i = 0; i < all.length; i++) all[i] = deadline(column[i]!);
    return all;
  };
  const watched = site.channels.filter(
    ({ index }) => w.staleTimer[index]! >= 0 || w.heartbeatTimer[index]! >= 0,
  );
  const { devices } = w;
  return {
    channels: captureTable(keysOf(site.channels), indicesOf(watched), [
      w.silent,
      deadlines(w.staleTimer),
      deadlines(w.heartbeatTimer),
      w.beat,
    ]),
    devices: captureTable(keysOf(site.devices), indicesOf(site.devices), [
      devices.down,
      devices.out,
      devices.reason,
      deadlines(devices.timer),
      w.dead,
      w.stalled,
      deadlines(w.livenessTimer),
      w.aliveAt,
    ]),
    links: Object.fromEntries(
      site.links.map(({ key, index }): [string, ReachState] => [
        key,
        [
          flag(w.links.down, index),
          flag(w.links.out, index),
          w.links.reason[index]!,
          pack(deadline(w.links.timer[index]!)),
        ],
      ]),
    ),
  };
}

/** Takes it up again; what the configuration no longer has is left out. */
export function restoreMonitoring(state: MonitoringState, { site, timers }: Parts, w: Watched): void {
  const set = (timer: number, deadline: number) => {
    if (timer >= 0) timers.set(timer, deadline);
  };
  const reach = (side: Reach, index: number, [down, out, reason, deadline]: readonly number[]) => {
    side.down[index] = down!;
    w.set(side.out, index, bit(out!));
    side.reason[index] = reason!;
    set(side.timer[index]!, deadline!);
  };
  const channel = rowsOf(state.channels);
  for (const { key, index } of site.channels) {
    const known = channel(key);
    if (known === undefined) continue;
    const [silent, stale, heartbeat, beat] = known;
    if (w.staleTimer[index]! >= 0) w.set(w.silent, index, bit(silent!));
    set(w.staleTimer[index]!, stale!);
    set(w.heartbeatTimer[index]!, heartbeat!);
    w.beat[index] = beat!;
  }
  const device = rowsOf(state.devices);
  for (const { key, index } of site.devices) {
    const known = device(key);
    if (known === undefined) continue;
    const [, , , , dead, stalled, liveness, aliveAt] = known;
    reach(w.devices, index, known);
    if (w.livenessTimer[index]! >= 0) w.set(w.dead, index, bit(dead!));
    w.set(w.stalled, index, bit(stalled!));
    set(w.livenessTimer[index]!, liveness!);
    w.aliveAt[index] = aliveAt!;
  }
  for (const { key, index } of site.links) {
    const known = state.links[key];
    if (known !== undefined) reach(w.links, index, known.map(unpack));
  }
}

function keysOf(things: readonly { readonly key: string }[]): string[] {
  return things.map(({ key }) => key);
}

function indicesOf(things: readonly { readonly index: number }[]): number[] {
  return things.map(({ index }) => index);
}

function bit(value: number): 0 | 1 {
  return value === 1 ? 1 : 0;
}

function flag(flags: Uint8Array, index: number): 0 | 1 {
  return bit(flags[index]!);
}

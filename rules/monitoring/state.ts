import type { Site } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import { type PackedNumber, pack, unpack } from "../checkpoint-number.ts";
import { NEVER, type TimerQueue } from "../timer-queue.ts";
import type { Reach, Watched } from "./watched.ts";

/** Silent flag, stale deadline, heartbeat deadline, last heartbeat. */
type ChannelState = readonly [0 | 1, PackedNumber, PackedNumber, PackedNumber];
/** Down and out flags, reason, outage deadline. */
type ReachState = readonly [0 | 1, 0 | 1, number, PackedNumber];
/** The same, then dead and stalled flags, liveness deadline, last sign of life. */
type DeviceState = readonly [...ReachState, 0 | 1, 0 | 1, PackedNumber, PackedNumber];

/** What the monitoring remembers, by key; JSON-safe. */
export interface MonitoringState {
  readonly channels: Readonly<Record<string, ChannelState>>;
  readonly devices: Readonly<Record<string, DeviceState>>;
  readonly links: Readonly<Record<string, ReachState>>;
}

interface Parts {
  readonly site: Site;
  readonly timers: TimerQueue;
}

/** Writes it down. */
export function captureMonitoring({ site, timers }: Parts, w: Watched): MonitoringState {
  const deadline = (timer: number) => pack(timer < 0 ? NEVER : timers.deadline(timer));
  const reach = (side: Reach, index: number): ReachState => [
    flag(side.down, index),
    flag(side.out, index),
    side.reason[index]!,
    deadline(side.timer[index]!),
  ];
  return {
    channels: Object.fromEntries(
      site.channels
        .filter(({ index }) => w.staleTimer[index]! >= 0 || w.heartbeatTimer[index]! >= 0)
        .map(({ key, index }): [string, ChannelState] => [
          key,
          [
            flag(w.silent, index),
            deadline(w.staleTimer[index]!),
            deadline(w.heartbeatTimer[index]!),
            pack(w.beat[index]!),
          ],
        ]),
    ),
    devices: Object.fromEntries(
      site.devices.map(({ key, index }): [string, DeviceState] => [
        key,
        [
          ...reach(w.devices, index),
          flag(w.dead, index),
          flag(w.stalled, index),
          deadline(w.livenessTimer[index]!),
          pack(w.aliveAt[index]!),
        ],
      ]),
    ),
    links: Object.fromEntries(site.links.map(({ key, index }) => [key, reach(w.links, index)])),
  };
}

/** Takes it up again; what the configuration no longer has is left out. */
export function restoreMonitoring(state: MonitoringState, { site, timers }: Parts, w: Watched): void {
  const set = (timer: number, deadline: PackedNumber) => {
    const at: Micros = unpack(deadline);
    if (timer >= 0) timers.set(timer, at);
  };
  const reach = (side: Reach, index: number, [down, out, reason, deadline]: ReachState) => {
    side.down[index] = down;
    w.set(side.out, index, out);
    side.reason[index] = reason;
    set(side.timer[index]!, deadline);
  };
  for (const { key, index } of site.channels) {
    const known = state.channels[key];
    if (known === undefined) continue;
    const [silent, stale, heartbeat, beat] = known;
    if (w.staleTimer[index]! >= 0) w.set(w.silent, index, silent);
    set(w.staleTimer[index]!, stale);
    set(w.heartbeatTimer[index]!, heartbeat);
    w.beat[index] = unpack(beat);
  }
  for (const { key, index } of site.devices) {
    const known = state.devices[key];
    if (known === undefined) continue;
    const [down, out, reason, outage, dead, stalled, liveness, aliveAt] = known;
    reach(w.devices, index, [down, out, reason, outage]);
    if (w.livenessTimer[index]! >= 0) w.set(w.dead, index, dead);
    w.set(w.stalled, index, stalled);
    set(w.livenessTimer[index]!, liveness);
    w.aliveAt[index] = unpack(aliveAt);
  }
  for (const { key, index } of site.links) {
    const known = state.links[key];
    if (known !== undefined) reach(w.links, index, known);
  }
}

function flag(flags: Uint8Array, index: number): 0 | 1 {
  return flags[index] === 1 ? 1 : 0;
}

import type { Micros } from "../../model/time.ts";
import { clearAlarm } from "../announce.ts";
import type { Decision } from "../event-stream.ts";
import type { MonitoringParts } from "./parts.ts";
import type { Thing, Watched } from "./watched.ts";

/**
 * How *monitoring lost* ends: with the first usable reading below the thing it was raised at. What that alarm had covered and is
 * still silent gets one more stale time to come back, and is then told for itself.
 */
export class Recovery {
  readonly #p: MonitoringParts;
  readonly #w: Watched;

  constructor(parts: MonitoringParts, watched: Watched) {
    this.#p = parts;
    this.#w = watched;
  }

  /** A usable reading of a channel that something concerns: ends what it disproves, from the link down to the channel. */
  recover(channel: number, now: Micros): void {
    const w = this.#w;
    const device = w.deviceOf[channel]!;
    const decision = this.decision(channel, now);
    this.live(device, decision);
    w.set(w.silent, channel, 0);
    this.returnDevice(device, decision, true);
    const { component } = this.#p.site.channels[channel]!;
    if (component !== undefined) {
      this.#return({ kind: "component", index: component }, decision, () =>
        this.#refreshChannels(w.channelsOf(component), now),
      );
    }
    this.#return({ kind: "channel", index: channel }, decision, () => {});
  }

  /** A sign of life: the device is not dead, and its link carries. */
  live(device: number, decision: Decision): void {
    const w = this.#w;
    w.set(w.dead, device, 0);
    const link = w.linkOf[device]!;
    for (const [side, index] of [
      [w.devices, device],
      [w.links, link],
    ] as const) {
      if (side.out[index] === 0) continue;
      w.set(side.out, index, 0);
      if (side.down[index] === 1) {
        this.#p.timers.set(side.timer[index]!, decision.at + this.#p.settings.outage);
      }
    }
    this.returnLink(link, decision);
  }

  /** The link carries again: its alarm returns. */
  returnLink(link: number, decision: Decision): void {
    this.#return({ kind: "link", index: link }, decision, () => {
      for (const device of this.#w.devicesOn(link)) {
        if (this.#w.told.device[device] === 1) continue;
        this.#refreshDevice(device, decision.at);
      }
    });
  }

  /** The device's alarm returns unless something of its own still holds it. `usable`: proven by a usable reading. */
  returnDevice(device: number, decision: Decision, usable: boolean): void {
    const w = this.#w;
    if (w.dead[device] === 1 || w.stalled[device] === 1 || w.devices.out[device] === 1) return;
    if (!usable && w.allSilent(device)) return;
    this.#return({ kind: "device", index: device }, decision, () => this.#refreshDevice(device, decision.at));
  }

  #return(subject: Thing, decision: Decision, refresh: () => void): void {
    if (this.#w.told[subject.kind][subject.index] === 0) return;
    this.#w.set(this.#w.told[subject.kind], subject.index, 0);
    const alarm = this.#p.book.find("monitoring-lost", this.#w.key(subject));
    if (alarm !== undefined) clearAlarm(this.#p.stream, alarm, decision);
    refresh();
  }

  /** What a returned alarm had covered and is still silent gets one more stale time to come back. */
  #refreshDevice(device: number, now: Micros): void {
    const w = this.#w;
    if (w.dead[device] === 1) {
      w.set(w.dead, device, 0);
      this.#p.timers.set(w.livenessTimer[device]!, now + w.liveness[device]!);
    }
    this.#refreshChannels(this.#p.site.devices[device]!.channels, now);
  }

  #refreshChannels(channels: Iterable<number>, now: Micros): void {
    const w = this.#w;
    for (const channel of channels) {
      if (w.silent[channel] === 0) continue;
      const { component } = this.#p.site.channels[channel]!;
      const { told } = w;
      if (told.channel[channel] === 1) continue;
      if (component !== undefined && told.component[component] === 1) continue;
      w.set(w.silent, channel, 0);
      this.#p.timers.set(w.staleTimer[channel]!, now + w.stale[channel]!);
    }
  }

  /** Behind a return: the reading that was just kept. */
  decision(channel: number, now: Micros): Decision {
    const { memory } = this.#p;
    return {
      at: now,
      value: memory.value[channel]!,
      reason: memory.reason[channel]!,
      measured: memory.time[channel]!,
      limit: Number.NaN,
      mode: memory.mode(channel),
    };
  }
}

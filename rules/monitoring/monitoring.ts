import type { Channel } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { Alarm } from "../alarm.ts";
import { assertAlarm } from "../announce.ts";
import { type Decision, decisionWithoutReading } from "../event-stream.ts";
import type { HealthInput } from "../input.ts";
import { NEVER, SILENCE } from "../timer-queue.ts";
import type { MonitoringParts } from "./parts.ts";
import { Recovery } from "./recovery.ts";
import { captureMonitoring, type MonitoringState, restoreMonitoring } from "./state.ts";
import { type Carrier, type Thing, Watched } from "./watched.ts";

/**
 * *Monitoring lost* (semantics.md 10, 11): who has not been heard for too long, told once, at the highest failed thing.
 *
 * A channel is silent after its stale time without a usable reading. A device has failed when its driver says so, when it was
 * silent beyond its liveness, when its heartbeat stands still, or when all its watched channels are silent. A link has failed when
 * its driver says so. What happens in one instant is first marked and then placed, so that a device whose channels all end in
 * that instant is one alarm. An alarm below one that is raised later stays: more missing data never clears anything.
 */
export class Monitoring {
  readonly #p: MonitoringParts;
  readonly #watched: Watched;
  readonly #recovery: Recovery;
  readonly #channels: readonly Channel[];
  /** Subjects that this instant has found silent, in the order of their timers. */
  #found: Thing[] = [];
  /** Made when it is first needed, at a boot. */
  #byKey: Map<string, Thing> | undefined;

  constructor(parts: MonitoringParts) {
    this.#p = parts;
    this.#channels = parts.site.channels;
    this.#watched = new Watched({
      site: parts.site,
      memory: parts.memory,
      timer: (carrier) => parts.timers.add({ phase: SILENCE, fire: (at) => this.#due(carrier, at) }),
    });
    this.#recovery = new Recovery(parts, this.#watched);
  }

  /** Whether a heartbeat of some device stands still. */
  get anyStalled(): boolean {
    return this.#watched.stalledDevices > 0;
  }

  /** Whether the heartbeat of this channel's device stands still: what the device says may be frozen. */
  stalled(channel: number): boolean {
    return this.#watched.stalled[this.#channels[channel]!.device] === 1;
  }

  /** Whether a driver says that it cannot reach a thing. By itself this is no alarm: silence is. */
  down({ kind, index }: { kind: "link" | "device"; index: number }): boolean {
    const w = this.#watched;
    return (kind === "link" ? w.links : w.devices).down[index] === 1;
  }

  isHeartbeat(channel: number): boolean {
    return this.#watched.heartbeatTimer[channel]! >= 0;
  }

  silent(channel: number): boolean {
    const w = this.#watched;
    return w.silent[channel] === 1 || w.dead[w.deviceOf[channel]!] === 1;
  }

  /** Whether what a channel said last still counts: neither it, nor what carries it, has failed since. */
  hears(channel: number): boolean {
    const w = this.#watched;
    const device = w.deviceOf[channel]!;
    return (
      !this.silent(channel) &&
      w.stalled[device] === 0 &&
      w.devices.out[device] === 0 &&
      w.links.out[w.linkOf[device]!] === 0
    );
  }

  /** All deadlines start anew at `at`: the gateway has started, or its clock was set. What was lost stays lost until it is heard. */
  start(at: Micros, options: { forgetHealth: boolean }): void {
    const w = this.#watched;
    const { timers, settings } = this.#p;
    const from = at + settings.startupGrace;
    for (let c = 0; c < this.#channels.length; c++) {
      if (w.staleTimer[c]! >= 0 && w.silent[c] === 0) timers.set(w.staleTimer[c]!, from + w.stale[c]!);
      if (w.heartbeatTimer[c]! >= 0 && w.stalled[w.deviceOf[c]!] === 0) {
        timers.set(w.heartbeatTimer[c]!, from + this.#channels[c]!.heartbeat);
      }
    }
    for (let d = 0; d < w.livenessTimer.length; d++) {
      if (w.livenessTimer[d]! >= 0 && w.dead[d] === 0) timers.set(w.livenessTimer[d]!, from + w.liveness[d]!);
    }
    if (options.forgetHealth) {
      // Drivers say afresh what they cannot reach.
      for (const side of [w.links, w.devices]) {
        side.down.fill(0);
      }
    }
    for (const side of [w.links, w.devices]) {
      side.timer.forEach((timer, index) => {
        if (timer < 0) return;
        const waits = side.down[index] === 1 && side.out[index] === 0;
        timers.set(timer, waits ? at + settings.outage : NEVER);
      });
    }
  }

  /** A good or uncertain reading was evaluated. */
  usable(channel: number, now: Micros): void {
    const w = this.#watched;
    const device = w.deviceOf[channel]!;
    const stale = w.staleTimer[channel]!;
    if (stale >= 0) this.#p.timers.set(stale, now + w.stale[channel]!);
    const liveness = w.livenessTimer[device]!;
    if (liveness >= 0) this.#p.timers.set(liveness, now + w.liveness[device]!);
    if (w.counts[channel] === 0) w.aliveAt[device] = now;
    if (w.troubles > 0 && w.concerned(channel)) this.#recovery.recover(channel, now);
  }

  /** The device has spoken, though not usably: a late reading, or a fault of its own. The channel's freshness stays as it is. */
  alive(channel: number, now: Micros, late: boolean): void {
    const w = this.#watched;
    const device = w.deviceOf[channel]!;
    if (late) w.aliveAt[device] = now;
    const liveness = w.livenessTimer[device]!;
    if (liveness >= 0) this.#p.timers.set(liveness, now + w.liveness[device]!);
    if (w.troubles === 0 || !w.concerned(channel)) return;
    const decision = this.#recovery.decision(channel, now);
    this.#recovery.live(device, decision);
    this.#recovery.returnDevice(device, decision, false);
  }

  /** A usable reading of a heartbeat channel: only a changed value is a beat. */
  beat(channel: number, value: number, now: Micros): void {
    const w = this.#watched;
    if (value === w.beat[channel]) return;
    w.beat[channel] = value;
    this.#p.timers.set(w.heartbeatTimer[channel]!, now + this.#channels[channel]!.heartbeat);
    const device = w.deviceOf[channel]!;
    if (w.stalled[device] === 0) return;
    w.set(w.stalled, device, 0);
    this.#recovery.returnDevice(device, this.#recovery.decision(channel, now), true);
  }

  /** A driver can or cannot reach a link or a device. By itself this is no alarm: it says where silence is raised. */
  health(input: HealthInput): void {
    const w = this.#watched;
    const side = input.thing === "link" ? w.links : w.devices;
    if (input.index >= side.down.length) return;
    const down = input.up ? 0 : 1;
    const timer = side.timer[input.index]!;
    if (timer >= 0 && side.down[input.index] !== down) {
      this.#p.timers.set(timer, input.up ? NEVER : input.at + this.#p.settings.outage);
    }
    side.down[input.index] = down;
    side.reason[input.index] = input.reason;
    if (input.up && side.out[input.index] === 1) {
      w.set(side.out, input.index, 0);
      const decision = decisionWithoutReading(input.at, input.reason);
      if (input.thing === "device") this.#recovery.returnDevice(input.index, decision, true);
      else if (!w.anySilentOn(input.index)) this.#recovery.returnLink(input.index, decision);
    }
  }

  /** Raises what this instant has found, at the highest failed thing. */
  settle(at: Micros): void {
    if (this.#found.length === 0) return;
    const found = this.#found;
    this.#found = [];
    for (const subject of found) this.#place(subject, at);
  }

  state(): MonitoringState {
    return captureMonitoring(this.#p, this.#watched);
  }

  /** Takes up a state; the alarms themselves must have been restored before. */
  restore(state: MonitoringState): void {
    const w = this.#watched;
    restoreMonitoring(state, this.#p, w);
    this.recall();
  }

  /** Learns from the alarms what has been told; they must have been restored before. */
  recall(): void {
    const w = this.#watched;
    for (const subject of this.#things()) {
      const active = this.#p.book.find("monitoring-lost", w.key(subject))?.active === true;
      w.set(w.told[subject.kind], subject.index, active ? 1 : 0);
    }
  }

  /** Whether this alarm still has a subject whose silence is an alarm. */
  holds(alarm: Alarm): boolean {
    this.#byKey ??= new Map(Array.from(this.#things(), (thing) => [this.#watched.key(thing), thing]));
    const thing = this.#byKey.get(alarm.subject);
    return thing !== undefined && this.#watched.watches(thing);
  }

  *#things(): IterableIterator<Thing> {
    const { links, devices, components, channels } = this.#p.site;
    for (const { index } of links) yield { kind: "link", index };
    for (const { index } of devices) yield { kind: "device", index };
    for (const { index } of components) yield { kind: "component", index };
    for (const { index } of channels) yield { kind: "channel", index };
  }

  #due(carrier: Carrier, at: Micros): void {
    const w = this.#watched;
    const { index } = carrier;
    switch (carrier.kind) {
      case "stale":
        w.set(w.silent, index, 1);
        this.#p.onSilence(index, at);
        if (w.counts[index] === 1) this.#found.push({ kind: "channel", index });
        break;
      case "heartbeat": {
        const device = w.deviceOf[index]!;
        w.set(w.stalled, device, 1);
        this.#silence(device, at);
        this.#foundDevice(device);
        break;
      }
      case "liveness":
        w.set(w.dead, index, 1);
        this.#silence(index, at);
        this.#foundDevice(index);
        break;
      case "device-outage":
        w.set(w.devices.out, index, 1);
        this.#silence(index, at);
        this.#foundDevice(index);
        break;
      case "link-outage":
        w.set(w.links.out, index, 1);
        for (const device of w.devicesOn(index)) this.#silence(device, at);
        this.#found.push({ kind: "link", index });
        break;
    }
  }

  #foundDevice(index: number): void {
    if (this.#watched.live[index] === 1) this.#found.push({ kind: "device", index });
  }

  /** The channels of a device that have no stale time of their own know no more than their device. */
  #silence(device: number, at: Micros): void {
    for (const channel of this.#p.site.devices[device]!.channels) {
      if (this.#watched.staleTimer[channel]! < 0) this.#p.onSilence(channel, at);
    }
  }

  #place(found: Thing, at: Micros): void {
    const w = this.#watched;
    if (found.kind === "link") {
      this.#raise(found, at);
      return;
    }
    const device = found.kind === "device" ? found.index : w.deviceOf[found.index]!;
    const link = w.linkOf[device]!;
    const path: Thing[] = [
      { kind: "link", index: link },
      { kind: "device", index: device },
    ];
    const component = found.kind === "channel" ? this.#channels[found.index]!.component : undefined;
    if (component !== undefined) path.push({ kind: "component", index: component });
    if (found.kind === "channel") path.push(found);
    // What an alarm above covers is not told again.
    if (path.some((subject) => this.#told(subject))) return;
    const failed = path.find((subject) => w.failed(subject, at)) ?? found;
    this.#raise(failed, at);
  }

  #raise(subject: Thing, at: Micros): void {
    const w = this.#watched;
    const decision: Decision = {
      ...(subject.kind === "channel"
        ? this.#p.memory.lastUsable(subject.index, at)
        : decisionWithoutReading(at, w.reasonOf(subject))),
      reason: w.reasonOf(subject),
      mode: w.modeOf(subject),
      ...(subject.kind === "channel" ? {} : { covers: w.below(subject) }),
    };
    const { severity } = this.#p.settings.monitoringLost;
    assertAlarm(this.#p.stream, this.#p.book.builtIn("monitoring-lost", subject), { severity, decision });
    w.set(w.told[subject.kind], subject.index, 1);
  }

  #told(subject: Thing): boolean {
    return this.#watched.told[subject.kind][subject.index] === 1;
  }
}

import { MODES, type Mode } from "../../model/domain.ts";
import { BAD, qualityOf, REASON, type Reason } from "../../model/quality.ts";
import { type Channel, type Derivation, type Site, type Subject, subjectKey } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { ChannelMemory } from "../channel-memory.ts";

/** What monitoring can be lost at: never points or groups. */
export type Thing = Subject & { readonly kind: "link" | "device" | "component" | "channel" };

/** What a deadline of the monitoring is about. */
export interface Carrier {
  readonly kind: "stale" | "heartbeat" | "liveness" | "device-outage" | "link-outage";
  readonly index: number;
}

/** What drivers say of links or of devices. */
export interface Reach {
  /** The driver cannot reach it. */
  readonly down: Uint8Array;
  readonly reason: Uint8Array;
  /** It was down for longer than the setting `outage`. */
  readonly out: Uint8Array;
  /** -1: an outage as such is no alarm, silence of the channels is. */
  readonly timer: Int32Array;
}

/** No timer. */
const NO_TIMER = -1;

/**
 * Who is watched, and who is silent: flags and counts in flat arrays, so that a reading costs a few look-ups.
 * Flags change through `set` alone, which keeps the counts.
 */
export class Watched {
  readonly #site: Site;
  readonly #memory: ChannelMemory;
  readonly deviceOf: Uint32Array;
  readonly linkOf: Uint32Array;
  /** Device of a live point, or with channels of one: its failure is an alarm. */
  readonly live: Uint8Array;
  /** Channels whose silence is an alarm: of live points, with a stale time, not derived (their inputs tell). */
  readonly counts: Uint8Array;
  readonly stale: Float64Array;
  readonly staleTimer: Int32Array;
  readonly heartbeatTimer: Int32Array;
  readonly beat: Float64Array;
  readonly liveness: Float64Array;
  readonly livenessTimer: Int32Array;
  /** Flags: channel silent; device dead (beyond its liveness) or stalled; monitoring alarm active, by kind of thing. */
  readonly silent: Uint8Array;
  readonly dead: Uint8Array;
  readonly stalled: Uint8Array;
  readonly told: Readonly<Record<"link" | "device" | "component" | "channel", Uint8Array>>;
  readonly links: Reach;
  readonly devices: Reach;
  /** When a device last spoke without refreshing any watched channel. */
  readonly aliveAt: Float64Array;
  readonly #longestStale: Float64Array;
  readonly #watchedOnDevice: Uint32Array;
  readonly #silentOnDevice: Uint32Array;
  readonly #watchedOnComponent: Uint32Array;
  readonly #silentOnComponent: Uint32Array;
  readonly #devicesOn: number[][];
  readonly #channelsOf: number[][];
  /** Flags that are set: while there is none, a reading has nothing to recover. */
  troubles = 0;
  stalledDevices = 0;

  constructor(parts: { site: Site; memory: ChannelMemory; timer: (carrier: Carrier) => number }) {
    const { site, memory, timer } = parts;
    const { channels, components, devices, links, points } = site;
    this.#site = site;
    this.#memory = memory;
    this.deviceOf = Uint32Array.from(channels, (channel) => channel.device);
    this.linkOf = Uint32Array.from(devices, (device) => device.link);
    this.stale = Float64Array.from(channels, (channel) => staleTime(channel, channels));
    this.counts = Uint8Array.from(channels, (channel) =>
      channel.stale > 0 && channel.derivation === undefined && points[channel.point]?.stage === "live"
        ? 1
        : 0,
    );
    const timers = (n: number, wanted: (index: number) => boolean, kind: Carrier["kind"]) =>
      Int32Array.from({ length: n }, (_, index) => (wanted(index) ? timer({ kind, index }) : NO_TIMER));
    this.staleTimer = timers(channels.length, (c) => this.stale[c]! > 0, "stale");
    this.heartbeatTimer = timers(channels.length, (c) => channels[c]!.heartbeat > 0, "heartbeat");
    this.liveness = Float64Array.from(devices, (device) => device.liveness);
    this.livenessTimer = timers(devices.length, (d) => this.liveness[d]! > 0, "liveness");
    this.beat = new Float64Array(channels.length).fill(Number.NaN);
    this.silent = new Uint8Array(channels.length);
    this.dead = new Uint8Array(devices.length);
    this.stalled = new Uint8Array(devices.length);
    this.told = {
      link: new Uint8Array(links.length),
      device: new Uint8Array(devices.length),
      component: new Uint8Array(components.length),
      channel: new Uint8Array(channels.length),
    };
    this.aliveAt = new Float64Array(devices.length).fill(Number.NEGATIVE_INFINITY);
    this.#longestStale = new Float64Array(devices.length);
    this.#watchedOnDevice = new Uint32Array(devices.length);
    this.#silentOnDevice = new Uint32Array(devices.length);
    this.#watchedOnComponent = new Uint32Array(components.length);
    this.#silentOnComponent = new Uint32Array(components.length);
    this.#channelsOf = components.map(() => []);
    const livePoint = (point: number) => points[point]?.stage === "live";
    this.live = Uint8Array.from(devices, (device) => (livePoint(device.point) ? 1 : 0));
    const speaksOnlyOnChange = new Uint8Array(devices.length);
    for (const { index, device, component, point } of channels) {
      if (livePoint(point)) this.live[device] = 1;
      if (component !== undefined) this.#channelsOf[component]!.push(index);
      if (livePoint(point) && this.stale[index] === 0) speaksOnlyOnChange[device] = 1;
      if (this.counts[index] === 0) continue;
      this.#watchedOnDevice[device]!++;
      if (component !== undefined) this.#watchedOnComponent[component]!++;
      this.#longestStale[device] = Math.max(this.#longestStale[device]!, this.stale[index]!);
    }
    this.#devicesOn = links.map(() => []);
    for (const device of devices) this.#devicesOn[device.link]?.push(device.index);
    // Where every channel has a stale time, silence tells; an outage as such matters where one would wait for an event for ever.
    const reach = (n: number, wanted: (index: number) => boolean, kind: Carrier["kind"]): Reach => ({
      down: new Uint8Array(n),
      reason: new Uint8Array(n),
      out: new Uint8Array(n),
      timer: timers(n, wanted, kind),
    });
    const onChange = (device: number) => speaksOnlyOnChange[device] === 1 && this.live[device] === 1;
    this.devices = reach(devices.length, onChange, "device-outage");
    this.links = reach(links.length, (link) => this.devicesOn(link).some(onChange), "link-outage");
  }

  /** Sets or clears a flag. */
  set(flags: Uint8Array, index: number, value: 0 | 1): void {
    if (flags[index] === value) return;
    flags[index] = value;
    const step = value === 1 ? 1 : -1;
    this.troubles += step;
    if (flags === this.stalled) this.stalledDevices += step;
    if (flags !== this.silent || this.counts[index] === 0) return;
    this.#silentOnDevice[this.deviceOf[index]!]! += step;
    const { component } = this.#site.channels[index]!;
    if (component !== undefined) this.#silentOnComponent[component]! += step;
  }

  /** Whether a reading of this channel may end something. */
  concerned(channel: number): boolean {
    const device = this.deviceOf[channel]!;
    const link = this.linkOf[device]!;
    const { told } = this;
    const component = this.#site.channels[channel]!.component;
    return (
      this.silent[channel] === 1 ||
      this.dead[device] === 1 ||
      this.devices.out[device] === 1 ||
      this.links.out[link] === 1 ||
      told.channel[channel] === 1 ||
      told.device[device] === 1 ||
      told.link[link] === 1 ||
      (component !== undefined && told.component[component] === 1)
    );
  }

  devicesOn(link: number): readonly number[] {
    return this.#devicesOn[link] ?? [];
  }

  channelsOf(component: number): readonly number[] {
    return this.#channelsOf[component] ?? [];
  }

  key(subject: Subject): string {
    return subjectKey(this.#site, subject);
  }

  /** Whether every watched channel of a device is silent. */
  allSilent(device: number): boolean {
    const watched = this.#watchedOnDevice[device]!;
    return watched > 0 && this.#silentOnDevice[device] === watched;
  }

  anySilentOn(link: number): boolean {
    return this.devicesOn(link).some(
      (device) => this.#silentOnDevice[device]! > 0 || this.dead[device] === 1,
    );
  }

  /** Whether a thing has failed as a whole. A channel on the list of the silent has. */
  failed(subject: Subject, at: Micros): boolean {
    const { index } = subject;
    switch (subject.kind) {
      case "link":
        return this.links.down[index] === 1 || this.links.out[index] === 1;
      case "device":
        return (
          this.devices.down[index] === 1 ||
          this.devices.out[index] === 1 ||
          this.dead[index] === 1 ||
          this.stalled[index] === 1 ||
          // A late reading proves that the device lives (semantics.md 12): then its channels have failed, not it.
          (this.allSilent(index) && at - this.aliveAt[index]! >= this.#longestStale[index]!)
        );
      case "component": {
        const watched = this.#watchedOnComponent[index]!;
        return watched > 0 && this.#silentOnComponent[index] === watched;
      }
      default:
        return true;
    }
  }

  /** Whether the silence of a thing is an alarm in this configuration. */
  watches(subject: Subject): boolean {
    switch (subject.kind) {
      case "link":
        return this.devicesOn(subject.index).some((device) => this.live[device] === 1);
      case "device":
        return this.live[subject.index] === 1;
      case "component":
        return this.#watchedOnComponent[subject.index]! > 0;
      default:
        return this.counts[subject.index] === 1;
    }
  }

  /** How many things below a subject its alarm stands for. */
  below(subject: Subject): number {
    switch (subject.kind) {
      case "link":
        return this.devicesOn(subject.index).filter((device) => this.live[device] === 1).length;
      case "device":
        return this.#watchedOnDevice[subject.index]! || this.#site.devices[subject.index]!.channels.length;
      case "component":
        return this.#watchedOnComponent[subject.index]!;
      default:
        return 0;
    }
  }

  /** Why a thing is silent, as far as it is known. */
  reasonOf(subject: Subject): Reason {
    const { index } = subject;
    if (subject.kind === "channel") {
      const last = this.#memory.reason[index]!;
      return this.#memory.heard(index) && qualityOf(last) === BAD ? last : REASON.no_communication;
    }
    const reach = subject.kind === "link" ? this.links : subject.kind === "device" ? this.devices : undefined;
    if (reach?.down[index] === 1) return reach.reason[index]!;
    return subject.kind === "device" && this.stalled[index] === 1
      ? REASON.device_failure
      : REASON.no_communication;
  }

  /** Mode of an event about a thing. */
  modeOf(subject: Subject): Mode {
    const { channels, components, devices, points } = this.#site;
    const at = (own: number, parts: readonly number[]) =>
      common([own, ...parts.map((part) => channels[part]!.point)].map((point) => points[point]?.mode));
    switch (subject.kind) {
      case "channel":
        return channels[subject.index]!.mode;
      case "component":
        return at(components[subject.index]!.point, this.channelsOf(subject.index));
      case "device":
        return at(devices[subject.index]!.point, devices[subject.index]!.channels);
      case "link":
        return common(
          devices.filter(({ link }) => link === subject.index).map(({ point }) => points[point]?.mode),
        );
      default:
        return MODES[0];
    }
  }
}

/** The mode of what hangs on a link or a device: one live instrument among exercises makes its loss a real one. */
function common(modes: readonly (Mode | undefined)[]): Mode {
  const [first = MODES[0]] = modes;
  return modes.every((mode) => mode === first) ? first : MODES[0];
}

/** A channel's own stale time; a derived channel without one is as stale as the slowest of its inputs. */
function staleTime(channel: Channel, channels: readonly Channel[]): Micros {
  if (channel.stale > 0 || channel.derivation === undefined) return channel.stale;
  const inputs = inputsOf(channel.derivation).map((input) => channels[input]);
  return Math.max(0, ...inputs.map((input) => (input === undefined ? 0 : staleTime(input, channels))));
}

function inputsOf(derivation: Derivation): readonly number[] {
  return derivation.kind === "resultant" ? derivation.inputs : [derivation.input];
}

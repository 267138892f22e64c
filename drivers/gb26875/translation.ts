import { REASON, type Reason, worse } from "../../model/quality.ts";
import type { Channel, Component } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { DeviceOnLink } from "../driver.ts";
import { compileValue, type ValueDecoder } from "../value.ts";
import { zoneOf } from "../zone.ts";
import { type ComponentAddress, type Gb26875Address, wireAddress } from "./address.ts";
import { analogMapping } from "./analog-mapping.ts";
import type { Gb26875Section, StateOption } from "./profile.ts";
import { COMPONENT_STATES, DEVICE_STATES, SYSTEM_STATES } from "./states.ts";
import type { InformationObject } from "./unit.ts";

export type Gb26875Device = DeviceOnLink<Gb26875Address, Gb26875Section>;

/** One bit of a state word, as a channel. */
export interface StateChannel {
  readonly slot: number;
  readonly channel: Channel;
  readonly local: string;
  readonly bit: number;
  readonly inverted: boolean;
}

/** One kind of analog value, as a channel. */
interface AnalogChannel {
  readonly slot: number;
  readonly channel: Channel;
  readonly decode: ValueDecoder;
}

/** A state that decides what other channels are worth. */
interface Doubt {
  readonly bit: number;
  readonly reason: Reason;
  readonly affects: ReadonlySet<string>;
}

/** A system or component that the site lists, with its channels. */
export interface Target {
  readonly component: Component;
  readonly address: ComponentAddress;
  /** It stands for a whole system. */
  readonly whole: boolean;
  readonly states: StateChannel[];
  readonly analogs: Map<number, AnalogChannel>;
  /** Raised by the operation “manual alarm”. */
  readonly manual: { readonly slot: number; readonly channel: Channel }[];
  readonly doubts: readonly Doubt[];
  /** System that it was last heard in. */
  heardIn: number | undefined;
}

/** A channel that is one slot of the device. */
export interface Slot {
  readonly slot: number;
  readonly channel: Channel;
}

const BYTE = 256;

/** A system of a device as one number: kind and address. */
export function systemNumber(system: number, systemAddress: number): number {
  return system * BYTE + systemAddress;
}

/** The same of the system an object names. */
export function systemOf({ system, systemAddress }: InformationObject): number {
  return systemNumber(system, systemAddress);
}

/** The address in such a number. */
export function addressOfSystem(system: number): number {
  return system % BYTE;
}

type Bits = Readonly<Record<string, { readonly bit: number; readonly inverted?: true }>>;

function bitOf(state: StateOption, bits: Bits): { bit: number; inverted: boolean } {
  if (typeof state === "number") return { bit: state, inverted: false };
  const known = bits[state]!;
  return { bit: known.bit, inverted: known.inverted === true };
}

/**
 * From what the objects of a device's units name to the channels of the site.
 * @throws ConfigurationError UNIT_MISMATCH when an analog value does not convert into its channel's unit.
 */
export class Translation {
  readonly zone: Micros;
  readonly section: Gb26875Section;
  readonly states: StateChannel[] = [];
  readonly manual: Slot[] = [];
  readonly unlistedFire: Slot[] = [];
  readonly unlistedAddress: Slot[] = [];
  readonly heartbeat: Slot[] = [];
  readonly duty: Slot[] = [];
  /** By the number on the wire, those that name more of the address first. */
  readonly #components = new Map<number, Target[]>();
  /** Whole systems, by kind. */
  readonly #systems = new Map<number, Target[]>();
  readonly targets: readonly Target[];

  constructor(device: Gb26875Device) {
    this.section = device.profile;
    this.zone = zoneOf(device.profile.zone);
    const byComponent = new Map<Component, Target>();
    for (const [slot, { local, channel, component }] of device.channels.entries()) {
      if (component === undefined) {
        this.#own(local, { slot, channel });
        continue;
      }
      const target = byComponent.get(component) ?? this.#target(component);
      byComponent.set(component, target);
      this.#attach(target, local, { slot, channel });
    }
    this.targets = [...byComponent.values()];
    for (const target of this.targets) this.#index(target);
  }

  /** The listed component that an object is about. */
  component(object: InformationObject): Target | undefined {
    const candidates = this.#components.get(object.address);
    return candidates?.find(
      ({ address }) =>
        (address.system === undefined || address.system === object.system) &&
        (address.systemAddress === undefined || address.systemAddress === object.systemAddress) &&
        (address.type === undefined || address.type === object.component),
    );
  }

  /** The listed system that an object is about. */
  system(object: InformationObject): Target | undefined {
    const candidates = this.#systems.get(object.system);
    return candidates?.find(
      ({ address }) => address.systemAddress === undefined || address.systemAddress === object.systemAddress,
    );
  }

  #own(local: string, at: Slot): void {
    const source = this.section.device[local];
    if (source === undefined) return;
    if (source.state !== undefined) {
      this.states.push({ ...at, local, ...bitOf(source.state, DEVICE_STATES) });
    } else if (source.operation !== undefined) this.manual.push(at);
    else if (source.unlisted === "fire") this.unlistedFire.push(at);
    else if (source.unlisted === "address") this.unlistedAddress.push(at);
    else if (source.heartbeat === true) this.heartbeat.push(at);
    else if (source.duty === true) this.duty.push(at);
  }

  #target(component: Component): Target {
    const address = (component.address ?? {}) as ComponentAddress;
    const whole = wireAddress(address, this.section.order) === undefined;
    return {
      component,
      address,
      whole,
      states: [],
      analogs: new Map(),
      manual: [],
      doubts: whole
        ? []
        : this.section.status.map(({ state, reason, affects }) => ({
            bit: bitOf(state, COMPONENT_STATES).bit,
            reason: REASON[reason],
            affects: new Set(affects),
          })),
      heardIn: undefined,
    };
  }

  #attach(target: Target, local: string, at: Slot): void {
    if (target.whole) {
      const source = this.section.systems[local];
      if (source?.state !== undefined) {
        target.states.push({ ...at, local, ...bitOf(source.state, SYSTEM_STATES) });
      } else if (source?.operation !== undefined) target.manual.push(at);
      return;
    }
    const source = this.section.components[local];
    if (source === undefined) return;
    if (source.state !== undefined) {
      target.states.push({ ...at, local, ...bitOf(source.state, COMPONENT_STATES) });
      return;
    }
    for (const analog of source.analog ?? []) {
      const decode = compileValue(analogMapping(source, analog), at.channel);
      target.analogs.set(analog, { ...at, decode });
    }
  }

  #index(target: Target): void {
    const wire = wireAddress(target.address, this.section.order);
    const map = wire === undefined ? this.#systems : this.#components;
    const key = wire ?? target.address.system ?? 0;
    const known = map.get(key) ?? [];
    known.push(target);
    known.sort((a, b) => precision(b.address) - precision(a.address));
    map.set(key, known);
  }
}

/** How much of its address an entry names: the one that names more is meant. */
function precision({ system, systemAddress, type }: ComponentAddress): number {
  return [system, systemAddress, type].filter((part) => part !== undefined).length;
}

/** What a state word makes of one channel: danger that is asserted stays, whatever is doubtful beside it. */
export function reasonFor(target: Target, state: { local: string }, word: number): Reason {
  let reason: Reason = REASON.good;
  for (const doubt of target.doubts) {
    if (((word >> doubt.bit) & 1) === 1 && doubt.affects.has(state.local))
      reason = worse(reason, doubt.reason);
  }
  return reason;
}

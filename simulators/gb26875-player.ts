import { wireAddress, zoneAndPoint } from "../drivers/gb26875/address.ts";
import type { StateOption } from "../drivers/gb26875/profile.ts";
import {
  COMPONENT_STATES,
  DEVICE_STATES,
  SYSTEM_OPERATIONS,
  SYSTEM_STATES,
} from "../drivers/gb26875/states.ts";
import { TYPE } from "../drivers/gb26875/unit.ts";
import { InternalError } from "../model/error.ts";
import { type Micros, SECOND } from "../model/time.ts";
import type { Endpoint } from "./endpoint.ts";
import { formatEndpoint } from "./endpoint.ts";
import { objectAt, SimulatedTransmitter } from "./gb26875-device.ts";
import type { Instrument } from "./instrument.ts";
import type { Moment } from "./moment.ts";
import type { Player, Reached } from "./player.ts";
import type { Stage } from "./stage.ts";

/** "Send data" without data, as vendors' devices do while nothing happens. */
const HEARTBEAT_EVERY: Micros = 20 * SECOND;
/** A centre that is not there is dialled again after this time. */
const DIAL_EVERY: Micros = 2 * SECOND;

export interface Gb26875PlayerOptions {
  readonly centre: Endpoint;
  readonly transport: "tcp" | "udp";
  readonly instruments: readonly Instrument[];
  readonly stage: Stage;
  readonly onConnection: (device: string, connected: boolean) => void;
}

/** One channel of a state word. */
interface Bit {
  readonly index: number;
  readonly bit: number;
  readonly inverted: boolean;
}

/** Something with a state word: the device itself, a system, or a component. */
interface Word {
  readonly bits: Bit[];
  /** Channels raised by the operation "manual alarm". */
  readonly manual: number[];
  readonly tell: (flags: number) => Promise<unknown>;
  readonly operate: ((flags: number) => Promise<unknown>) | undefined;
  told: number | undefined;
  pressed: boolean;
  busy: boolean;
}

/** The transmission devices of one link: each dials the centre, tells every state that changes, and says hello meanwhile. */
export class Gb26875Player implements Player {
  readonly link: string;
  readonly endpoint = undefined;
  readonly #options: Gb26875PlayerOptions;
  readonly #devices: readonly PlayedTransmitter[];

  constructor(link: string, options: Gb26875PlayerOptions) {
    this.link = link;
    this.#options = options;
    this.#devices = options.instruments.map((instrument) => new PlayedTransmitter(instrument, options));
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  tick(moment: Moment): void {
    for (const device of this.#devices) device.tick(moment);
  }

  reached(): Reached[] {
    return this.#options.instruments.map(({ device }) => ({
      device: device.id,
      name: device.name,
      profile: device.profile,
      link: device.link,
      where: `${this.#options.transport}://${formatEndpoint(this.#options.centre)} source ${device.address.source ?? 0}`,
      channels: device.channels.length,
    }));
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#devices.map((device) => device.stop()));
  }
}

/** One device that is played. */
class PlayedTransmitter {
  readonly #instrument: Instrument;
  readonly #options: Gb26875PlayerOptions;
  readonly #transmitter: SimulatedTransmitter;
  readonly #words: readonly Word[];
  #dialling = false;
  #dialAt: Micros = 0;
  #saidAt: Micros = 0;
  #connected = false;
  #stopped = false;

  constructor(instrument: Instrument, options: Gb26875PlayerOptions) {
    this.#instrument = instrument;
    this.#options = options;
    this.#transmitter = new SimulatedTransmitter({
      clock: options.stage.clock,
      centre: options.centre,
      transport: options.transport,
      source: instrument.device.address.source ?? 0,
    });
    this.#words = this.#wordsOf(instrument);
  }

  tick(moment: Moment): void {
    if (this.#stopped) return;
    const now = this.#options.stage.clock.now();
    const gone = this.#instrument
      .faults(moment)
      .some(({ fault }) => fault.kind === "dead" || fault.kind === "offline");
    this.#notice(this.#transmitter.connected);
    if (gone) {
      if (this.#connected) void this.#transmitter.disconnect();
      return;
    }
    if (!this.#connected) {
      if (!this.#dialling && now >= this.#dialAt) this.#dial(now);
      return;
    }
    for (const word of this.#words) this.#tell(word, moment, now);
    if (now - this.#saidAt < HEARTBEAT_EVERY) return;
    this.#saidAt = now;
    this.#transmitter.heartbeat().catch(() => {});
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#transmitter.disconnect();
  }

  #notice(connected: boolean): void {
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#options.onConnection(this.#instrument.device.id, connected);
    // Whoever comes back tells everything anew.
    if (connected) for (const word of this.#words) word.told = undefined;
  }

  #dial(now: Micros): void {
    this.#dialling = true;
    this.#dialAt = now + DIAL_EVERY;
    this.#transmitter.connect().then(
      () => {
        this.#dialling = false;
        if (this.#stopped) void this.#transmitter.disconnect();
      },
      () => {
        this.#dialling = false;
      },
    );
  }

  /** Tells a state that is not what was told last. What is not confirmed is told again. */
  #tell(word: Word, moment: Moment, now: Micros): void {
    if (word.busy) return;
    const active = (index: number) => this.#instrument.says(index, moment).value > 0;
    const pressed = word.manual.some(active);
    if (word.operate !== undefined && pressed !== word.pressed) {
      word.pressed = pressed;
      const operation = pressed ? SYSTEM_OPERATIONS.manual_alarm : SYSTEM_OPERATIONS.clear;
      this.#busy(word, now, word.operate(1 << operation.bit));
      return;
    }
    let flags = 1;
    for (const { index, bit, inverted } of word.bits) {
      if (active(index) === inverted) flags &= ~(1 << bit);
      else flags |= 1 << bit;
    }
    if (flags === word.told || word.bits.length === 0) return;
    word.told = flags;
    this.#busy(word, now, word.tell(flags));
  }

  #busy(word: Word, now: Micros, sent: Promise<unknown>): void {
    word.busy = true;
    this.#saidAt = now;
    sent.then(
      () => {
        word.busy = false;
      },
      () => {
        word.busy = false;
        word.told = undefined;
      },
    );
  }

  #wordsOf({ device }: Instrument): Word[] {
    const { section } = device;
    if (!("gb26875" in section))
      throw new InternalError("INTERNAL", `${device.id} is no transmission device`);
    const { order, systems, components, device: own } = section.gb26875;
    const words = new Map<string, Word>();
    for (const [index, { local, component }] of device.channels.entries()) {
      const wire = component === undefined ? undefined : wireAddress(component.address, order);
      const [source, bits] =
        component === undefined
          ? ([own[local], DEVICE_STATES] as const)
          : wire === undefined
            ? ([systems[local], SYSTEM_STATES] as const)
            : ([components[local], COMPONENT_STATES] as const);
      const key = component?.id ?? "";
      const word = words.get(key) ?? this.#wordOf(component?.address, wire, order);
      words.set(key, word);
      if (source === undefined) continue;
      if (source.state !== undefined) word.bits.push({ index, ...bitOf(source.state, bits) });
      else if ("operation" in source && source.operation !== undefined) word.manual.push(index);
    }
    return [...words.values()];
  }

  #wordOf(
    address: Readonly<Record<string, number>> | undefined,
    wire: number | undefined,
    order: "zone-point" | "point-zone",
  ): Word {
    const { clock } = this.#options.stage;
    const idle = { bits: [], manual: [], told: undefined, pressed: false, busy: false };
    const timed = (object: object, flags: number) => [{ ...object, flags, time: clock.wall() }];
    if (address === undefined) {
      return {
        ...idle,
        tell: (flags) => this.#transmitter.say(TYPE.deviceState, timed({}, flags)),
        operate: (flags) => this.#transmitter.say(TYPE.deviceOperation, timed({ operator: 1 }, flags)),
      };
    }
    const { system = 1, systemAddress = 1, type = 0 } = address;
    if (wire === undefined) {
      const at = { system, systemAddress };
      return {
        ...idle,
        tell: (flags) => this.#transmitter.say(TYPE.systemState, timed(at, flags)),
        operate: (flags) => this.#transmitter.say(TYPE.systemOperation, timed({ ...at, operator: 1 }, flags)),
      };
    }
    const object = {
      ...objectAt({ system, systemAddress, type, ...zoneAndPoint(wire, order) }),
      address: wire,
    };
    return {
      ...idle,
      tell: (flags) => this.#transmitter.say(TYPE.componentState, timed(object, flags)),
      operate: undefined,
    };
  }
}

type Bits = Readonly<Record<string, { readonly bit: number; readonly inverted?: true }>>;

function bitOf(state: StateOption, bits: Bits): { bit: number; inverted: boolean } {
  if (typeof state === "number") return { bit: state, inverted: false };
  const known = bits[state];
  return { bit: known?.bit ?? 0, inverted: known?.inverted === true };
}

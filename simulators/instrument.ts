import type { Gb26875Section } from "../drivers/gb26875/profile.ts";
import type { Hj212Section } from "../drivers/hj212/profile.ts";
import type { LorawanSection } from "../drivers/lorawan/profile.ts";
import type { ModbusSection } from "../drivers/modbus/profile.ts";
import type { PayloadSection } from "../drivers/mqtt/profile.ts";
import type { Sl651Section } from "../drivers/sl651/profile.ts";
import type { SparkplugSection } from "../drivers/sparkplug/profile.ts";
import type { Szy206Section } from "../drivers/szy206/profile.ts";
import { ConfigurationError } from "../model/error.ts";
import type { ReasonName } from "../model/quality.ts";
import { type Quantity, quantityRow } from "../model/quantity.ts";
import type { Text } from "../model/text.ts";
import type { Micros } from "../model/time.ts";
import type { Unit } from "../model/unit.ts";
import { isChannelFault } from "./fault.ts";
import { atStory, type Moment } from "./moment.ts";
import type { Raw } from "./raw-value.ts";
import type { Recording } from "./recording.ts";
import type { ScenarioDevice, StoryEntry } from "./scenario.ts";
import { compileSignal, type SignalContext } from "./signal.ts";
import type { Recorded, SignalPart, ValueOrState } from "./signal-schema.ts";
import { compileTrack, type Story, type TimedFault, type Track } from "./story.ts";

/** A channel of a device that is played. */
export interface PlayedChannel {
  /** Id within the device: `lel`, or `l1d12.fire`. */
  readonly id: string;
  /** Key in the story: `gd-01.lel`, `fp-1:l1d12.fire`. */
  readonly key: string;
  /** Id in the profile's section. */
  readonly local: string;
  readonly component?: { readonly id: string; readonly address: Readonly<Record<string, number>> };
  readonly quantity: Quantity;
  readonly unit: Unit;
  readonly range?: { readonly low: number; readonly high: number };
  /** Names of the codes of a discrete channel. */
  readonly states?: Readonly<Record<number, string>>;
  readonly report: "periodic" | "on-change";
  /** Expected time between messages, of a device that speaks by itself; 0: unknown. */
  readonly period: Micros;
}

/** A device that is played: from the site, or from the scenario alone. */
export interface PlayedDevice {
  readonly id: string;
  readonly name: Text;
  /** Id of its link. */
  readonly link: string;
  /** Id of its profile. */
  readonly profile: string;
  /** Unit of a Modbus device, topic and name of an MQTT device, source of a fire transmission device, address of a station, MN of a data logger, place behind an edge node. */
  readonly address: PlayedAddress;
  readonly section:
    | { readonly modbus: ModbusSection }
    | { readonly payload: PayloadSection }
    | { readonly gb26875: Gb26875Section }
    | { readonly sl651: Sl651Section }
    | { readonly hj212: Hj212Section }
    | { readonly szy206: Szy206Section }
    | { readonly sparkplug: SparkplugSection }
    | { readonly lorawan: LorawanSection };
  readonly channels: readonly PlayedChannel[];
  /** Longest normal silence; 0: none is known. */
  readonly liveness: Micros;
}

export interface PlayedAddress {
  readonly unit?: number | undefined;
  readonly modem?: string | undefined;
  readonly topic?: string | undefined;
  readonly id?: string | undefined;
  readonly source?: number | undefined;
  readonly station?: number | undefined;
  readonly mn?: string | undefined;
  readonly terminal?: string | undefined;
  readonly group?: string | undefined;
  readonly node?: string | undefined;
  readonly device?: string | undefined;
  readonly folder?: string | undefined;
  /** Source that pushes for it. */
  readonly pushedBy?: string | undefined;
  /** In lower case, without separators. */
  readonly devEui?: string | undefined;
}

/** What a channel says at a moment. */
export interface Saying {
  /** In the channel's unit; NaN: not a number. */
  readonly value: number;
  /** Stands there instead of the value: a raw number or text, or the profile's code for a reason. */
  readonly code?: { readonly raw?: Raw | undefined; readonly reason?: ReasonName | undefined };
}

export interface InstrumentOptions {
  readonly seed: number;
  readonly story: Story;
  readonly entries: readonly StoryEntry[];
  readonly options: ScenarioDevice | undefined;
  /** What a channel measures when the scenario says nothing of it. */
  readonly calm: (channel: PlayedChannel) => readonly SignalPart[];
  readonly recording: (recorded: Recorded) => Recording;
}

/** One device that is played: what its channels say, and what befalls it. Independent of how it is asked. */
export class Instrument {
  readonly device: PlayedDevice;
  readonly #tracks: readonly Track[];
  readonly #story: Story;

  /** @throws ConfigurationError CONFIG_INVALID when the scenario names a channel or state that the device does not have. */
  constructor(device: PlayedDevice, options: InstrumentOptions) {
    this.device = device;
    this.#story = options.story;
    const signals = options.options?.channels ?? {};
    for (const id of Object.keys(signals)) {
      if (!device.channels.some((channel) => channel.id === id)) throw unknownChannel(device, id);
    }
    this.#tracks = device.channels.map((channel) => {
      const context: SignalContext = {
        key: channel.key,
        seed: options.seed,
        number: (value) => stateNumber(channel, value),
        recording: options.recording,
      };
      const signal = compileSignal(signals[channel.id] ?? options.calm(channel), context);
      return compileTrack(signal, options.entries, context);
    });
  }

  /** What the channel at `index` of the device says. */
  says(index: number, moment: Moment): Saying {
    const channel = this.device.channels[index]!;
    const faults = this.#channelFaults(channel.key, moment);
    let then = moment;
    for (const { fault, from } of faults) {
      if (fault.kind === "stuck") then = atStory(moment, from);
    }
    let value = this.#tracks[index]!.value(then);
    let code: Saying["code"];
    for (const { fault } of faults) {
      if (fault.kind === "nan") value = Number.NaN;
      if (fault.kind === "code") code = fault;
    }
    return code === undefined ? { value } : { value, code };
  }

  /** Whether the channel's registers are not there at a moment. */
  isMissing(index: number, moment: Moment): boolean {
    return this.#channelFaults(this.device.channels[index]!.key, moment).some(
      ({ fault }) => fault.kind === "missing",
    );
  }

  /** What befalls its answers and messages: the faults of the device and of its link. */
  faults(moment: Moment): TimedFault[] {
    return [
      ...this.#story.faults(`link@${this.device.link}`, moment),
      ...this.#story.faults(this.device.id, moment),
    ].filter(({ fault }) => !isChannelFault(fault));
  }

  #channelFaults(key: string, moment: Moment): readonly TimedFault[] {
    const own = this.#story.faults(key, moment);
    const all = this.#story.faults(this.device.id, moment).filter(({ fault }) => isChannelFault(fault));
    return all.length === 0 ? own : [...all, ...own];
  }
}

/** The code of a state by its name; a number is itself. @throws ConfigurationError CONFIG_INVALID when there is no such state. */
export function stateNumber(channel: PlayedChannel, value: ValueOrState): number {
  if (typeof value === "number") return value;
  const named = Object.entries(channel.states ?? {}).find(([, name]) => name === value);
  if (named !== undefined) return Number(named[0]);
  const code = quantityRow(channel.quantity).states?.indexOf(value) ?? -1;
  if (code >= 0) return code;
  const names = [...Object.values(channel.states ?? {}), ...(quantityRow(channel.quantity).states ?? [])];
  throw new ConfigurationError("CONFIG_INVALID", `${channel.key} has no state "${value}"`, {
    hint: names.length === 0 ? "it measures a number" : `its states are ${names.join(", ")}`,
  });
}

function unknownChannel(device: PlayedDevice, id: string): ConfigurationError {
  const known = device.channels.map((channel) => channel.id);
  return new ConfigurationError(
    "CONFIG_INVALID",
    `${device.id} (${device.profile}) has no channel ${id} to play`,
    {
      hint: `its channels are ${known.join(", ")}; a derived channel follows its inputs`,
    },
  );
}

import { crc32 } from "node:zlib";
import { ConfigurationError } from "../../model/error.ts";
import type { Channel } from "../../model/site.ts";
import type { DeviceOnLink } from "../driver.ts";
import type { EntryPaths } from "../payload/entries.ts";
import { LastWords } from "../payload/last-words.ts";
import { compileMessage, entryPathsOf, type MessageDecoder } from "../payload/message.ts";
import { type Path, parsePath } from "../payload/path.ts";
import type { PayloadMessage } from "../payload/profile.ts";
import { type Availability, compileAvailability } from "./availability.ts";
import type { MqttAddress, PayloadSection } from "./profile.ts";
import { DEVICE_PLACEHOLDER, isBrokersOwn, isWildcard, TOCSIN_LEVEL, TopicTree } from "./topic.ts";

/** A device as MQTT links have it. */
export type MqttDevice = DeviceOnLink<MqttAddress, PayloadSection>;

/** What one device says on one topic. */
export interface Speaker {
  readonly device: MqttDevice;
  readonly messages: readonly MessageDecoder[];
  readonly availability: Availability | undefined;
  readonly last: LastWords;
}

/** Who speaks on a topic. */
export interface Route {
  /** CRC of the topic: part of a message's identity. */
  readonly crc: number;
  /** Devices that the topic itself names. */
  readonly speakers: readonly Speaker[];
  /** Topics that many devices share: the payload says who speaks. */
  readonly shared: readonly Shared[];
}

/** A topic that many devices share. */
export interface Shared {
  /** Where the payload names the one device that speaks; undefined: it has several. */
  readonly path: Path | undefined;
  /** Where these have their entries; undefined: each stands under its name. */
  readonly entries: EntryPaths | undefined;
  readonly byName: Map<string, Speaker>;
}

/** A topic (or filter) that a link has to subscribe to, with the devices it serves. */
export interface RouteFilter {
  readonly filter: string;
  readonly devices: ReadonlySet<number>;
}

/** Topics matched by wildcards are remembered up to this number, then forgotten together. */
const REMEMBERED_TOPICS = 10_000;

interface Entry {
  readonly speakers: Speaker[];
  /** By how the payload names who speaks, as text. */
  readonly shared: Map<string, Shared>;
  readonly devices: Set<number>;
}

/** From topics to devices: exact topics by a map, filters with wildcards by a tree. */
export class Router {
  readonly devices: readonly MqttDevice[];
  readonly #exact = new Map<string, Route>();
  readonly #wild = new TopicTree<Entry>();
  readonly #remembered = new Map<string, Route | undefined>();
  readonly #entries = new Map<string, Entry>();
  readonly #speakers = new Map<number, Speaker[]>();

  /**
   * @throws ConfigurationError CONFIG_INVALID when two devices cannot be told apart, or a topic is not theirs to use;
   * UNIT_MISMATCH when a profile's unit does not fit.
   */
  constructor(devices: readonly MqttDevice[]) {
    this.devices = devices;
    for (const device of devices) this.#add(device);
    for (const [filter, entry] of this.#entries) {
      if (isWildcard(filter)) this.#wild.add(filter, entry);
      else this.#exact.set(filter, routeOf(filter, [entry]));
    }
    if (this.#wild.size === 0) return;
    // A topic written out by one device can also match another's wildcard.
    for (const topic of this.#exact.keys()) {
      const entries = [this.#entries.get(topic)!, ...this.#wild.match(topic)];
      this.#exact.set(topic, routeOf(topic, entries));
    }
  }

  /** Who speaks on this topic; undefined when it is no device's. */
  find(topic: string): Route | undefined {
    const route = this.#exact.get(topic);
    if (route !== undefined || this.#wild.size === 0) return route;
    if (this.#remembered.has(topic)) return this.#remembered.get(topic);
    const entries = this.#wild.match(topic);
    const found = entries.length === 0 ? undefined : routeOf(topic, entries);
    if (this.#remembered.size >= REMEMBERED_TOPICS) this.#remembered.clear();
    this.#remembered.set(topic, found);
    return found;
  }

  /** Everything that must be subscribed to. */
  *filters(): IterableIterator<RouteFilter> {
    for (const [filter, { devices }] of this.#entries) yield { filter, devices };
  }

  /** All that one device says, topic by topic. */
  speakers(device: number): readonly Speaker[] {
    return this.#speakers.get(device) ?? [];
  }

  #add(device: MqttDevice): void {
    const section = device.profile;
    const base = baseTopic(device);
    const channels = new Map<string, Channel>(device.channels.map(({ local, channel }) => [local, channel]));
    const topics = new Map<
      string,
      {
        messages: MessageDecoder[];
        names: Set<PayloadMessage["device"]>;
        several: boolean;
        entries: EntryPaths | undefined;
      }
    >();
    const by = { name: ownName(device), zone: device.address.zone };
    for (const message of section.messages) {
      const topic = base + message.suffix;
      const known = topics.get(topic) ?? {
        messages: [],
        names: new Set(),
        several: false,
        entries: undefined,
      };
      known.messages.push(compileMessage(message, channels, by));
      known.names.add(message.device);
      known.entries ??= entryPathsOf(message);
      known.several ||= message.format === "cigem" || known.entries !== undefined;
      topics.set(topic, known);
    }
    for (const [topic, { messages, names, several, entries }] of topics) {
      const speaker: Speaker = { device, messages, availability: undefined, last: new LastWords() };
      const name = [...names].find((path) => path !== undefined);
      if (several) this.#share(topic, { path: undefined, entries, speaker });
      else if (name === undefined) this.#speak(topic, speaker);
      else this.#share(topic, { path: parsePath(name), entries, speaker });
    }
    if (section.availability === undefined) return;
    const { suffix, bridge } = section.availability;
    const hears = (topic: string, availability: Availability) =>
      this.#speak(topic, { device, messages: [], availability, last: new LastWords() });
    hears(base + suffix, compileAvailability(section.availability));
    if (bridge === undefined) return;
    hears(
      bridge.topic.replaceAll(DEVICE_PLACEHOLDER, ownName(device)),
      compileAvailability(bridge, "bridge"),
    );
  }

  #speak(topic: string, speaker: Speaker): void {
    const entry = this.#entry(topic, speaker);
    const twin = entry.speakers.find(
      (other) =>
        other.messages.length > 0 &&
        speaker.messages.length > 0 &&
        other.device.profile === speaker.device.profile,
    );
    if (twin !== undefined) throw indistinguishable(topic, twin, speaker);
    entry.speakers.push(speaker);
  }

  #share(topic: string, { speaker, ...naming }: Omit<Shared, "byName"> & { speaker: Speaker }): void {
    const entry = this.#entry(topic, speaker);
    const key = JSON.stringify([naming.path ?? null, naming.entries?.key ?? null]);
    const shared: Shared = entry.shared.get(key) ?? { ...naming, byName: new Map() };
    entry.shared.set(key, shared);
    const name = ownName(speaker.device);
    const twin = shared.byName.get(name);
    if (twin !== undefined) throw indistinguishable(topic, twin, speaker);
    shared.byName.set(name, speaker);
  }

  #entry(topic: string, speaker: Speaker): Entry {
    const { device } = speaker.device;
    if (topic.split("/")[0] === TOCSIN_LEVEL || isBrokersOwn(topic)) {
      throw new ConfigurationError(
        "CONFIG_INVALID",
        `device ${device.id}: topic ${topic} belongs to the gateway`,
        {
          hint: "give the device another topic",
        },
      );
    }
    const entry: Entry = this.#entries.get(topic) ?? { speakers: [], shared: new Map(), devices: new Set() };
    this.#entries.set(topic, entry);
    entry.devices.add(device.index);
    const known = this.#speakers.get(device.index);
    if (known === undefined) this.#speakers.set(device.index, [speaker]);
    else known.push(speaker);
    return entry;
  }
}

/** What a device calls itself in topics and payloads. */
export function ownName(device: MqttDevice): string {
  return device.address.id ?? device.device.id;
}

/** The topic under which a device speaks, its name filled in. */
export function baseTopic(device: MqttDevice): string {
  return (device.address.topic ?? device.profile.topic).replaceAll(DEVICE_PLACEHOLDER, ownName(device));
}

function routeOf(topic: string, entries: readonly Entry[]): Route {
  return {
    crc: crc32(topic),
    speakers: entries.flatMap((entry) => entry.speakers),
    shared: entries.flatMap((entry) => [...entry.shared.values()]),
  };
}

function indistinguishable(topic: string, a: Speaker, b: Speaker): ConfigurationError {
  return new ConfigurationError(
    "CONFIG_INVALID",
    `devices ${a.device.device.id} and ${b.device.device.id} cannot be told apart: both are read from ${topic}`,
    { hint: "give each its own address.topic or address.id" },
  );
}

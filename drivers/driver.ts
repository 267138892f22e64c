import type { z } from "zod";
import type { Counters } from "../model/counter.ts";
import type { Log } from "../model/log.ts";
import type { Reason } from "../model/quality.ts";
import type { ChannelIndex, ReadingBatch } from "../model/reading.ts";
import type { Channel, Component, Device, Link } from "../model/site.ts";
import type { Text } from "../model/text.ts";
import type { Clock, Micros } from "../model/time.ts";
import type { Unit } from "../model/unit.ts";
import type { RequestAnswer, RequestDescription, RequestOrder } from "./request.ts";

/*
 * The contract between drivers and the gateway. One driver instance serves one link.
 *
 *  - A constructor touches nothing outside; what it throws is a configuration error.
 *  - `start` opens the link and keeps it open for ever, with back-off and jitter; it returns once it has begun, not once the
 *    peer is there: a device that is down at start is a normal situation.
 *  - Every channel that could NOT be read is reported as a bad reading with the reason.
 *  - `stop` returns within STOP_BOUND, and nothing is entered after it.
 *  - Nothing is acknowledged to a peer before `intake.durable` has reached the ticket of what it sent.
 */

/** Longest time a driver may take to stop. */
export const STOP_BOUND: Micros = 2_000_000;

/** Longest time a write may take, its turn and reading back included. */
export const WRITE_BOUND: Micros = 10_000_000;

/** Position of a message in the journal. Tickets grow; everything up to `Intake.durable` is on disk. */
export type Ticket = number;

/** The intake could not take the message for keeping (its bound is reached, or the disk fails). Rules have seen it all the same. */
export const REFUSED: Ticket = -1;

/** Why a message enters, for the spacing of commits. */
export type Patience =
  /** Somebody waits for the acknowledgement: commit within about 20 ms. */
  | "acknowledged"
  /** Nobody waits (polled data): commits may be seconds apart, to spare flash. */
  | "polled";

/** The one door through which readings enter. Declared here, implemented by the gateway. */
export interface Intake {
  /**
   * Takes one message. Rules run on it before this returns; the batch may be reused at once.
   * Returns the ticket whose durability is the permission to acknowledge, or REFUSED. Never throws.
   */
  enter(batch: ReadingBatch, patience: Patience): Ticket;
  /**
   * The same for who prefers to wait: resolves when durable.
   * @throws HostError JOURNAL_UNAVAILABLE or INTAKE_FULL: then nothing may be acknowledged.
   */
  accept(batch: ReadingBatch): Promise<Ticket>;
  /** Everything up to this ticket is on disk. */
  readonly durable: Ticket;
  /** What a channel said last, before this run too; NaN when it was never heard. For drivers that must know what still stands. */
  lastValue?(channel: ChannelIndex): number;
  /** Calls `listener` with the new value whenever `durable` grows. Returns the way to stop that. */
  onDurable(listener: (durable: Ticket) => void): () => void;
  /** True while more is waiting for the disk than the bound allows: slow acknowledged sources down. */
  readonly congested: boolean;
  onRelieved(listener: () => void): () => void;
  /**
   * Whether a message with this identity has been accepted before (or recently enough to be remembered), and no other of the
   * same lower half since; for repeats only (MQTT's DUP, a frame counter seen twice). Never call it for messages that the
   * protocol does not call repeats. Lower half: the sender and the number it gave; upper half: what was said.
   */
  isRepeat(identityHigh: number, identityLow: number): boolean;
  /** The link as a whole can or cannot carry anything. Reported on change only. */
  linkHealth(link: number, up: boolean, reason: Reason): void;
  /** One device answers or does not. Reported on change only. */
  deviceHealth(device: number, up: boolean, reason: Reason): void;
  /** What several devices are decoded with does not work, or works again. Reported on change only. */
  decoderHealth(health: DecoderHealth): void;
  /** A publication or frame that no profile could decode: kept (bounded) for a person to look at, and counted. */
  quarantine(undecodable: Undecodable): void;
}

/** Whether what the messages of some devices are decoded with works. */
export interface DecoderHealth {
  /** Index of the link. */
  readonly link: number;
  /** What people know it by: the name of its file. */
  readonly name: string;
  /** How many devices are read with it. */
  readonly devices: number;
  /** Undefined: it works again. */
  readonly problem: string | undefined;
}

export interface Undecodable {
  readonly link: string;
  /** Device id when known, else the topic or peer address it came from. */
  readonly source: string;
  readonly error: string;
  /** The first bytes of what arrived. */
  readonly payload: Uint8Array;
}

/** A device as its driver needs it: resolved, with the protocol's section of its profile. */
export interface DeviceOnLink<Address, Section> {
  readonly device: Device;
  readonly address: Address;
  readonly profile: Section;
  /** Outputs that the site file allows to be written. Absent: none. */
  readonly writes?: readonly string[];
  /** Requests that act and that the site file allows. Absent: none. */
  readonly requests?: readonly string[];
  /** Channels with the local id under which the profile's section knows them. */
  readonly channels: readonly {
    readonly local: string;
    readonly channel: Channel;
    readonly component?: Component;
  }[];
}

/** A topic that is no device's and that the gateway listens to: where an outside source speaks. */
export interface OutsideTopic {
  readonly topic: string;
  /** On a broker of ours: who alone may publish there. Empty: anybody, on an open loopback listener. */
  readonly users: readonly string[];
  /** Called for every publication there. Its acknowledgement waits for the ticket. Never throws. */
  take(message: BusMessage): Ticket;
}

/** A publication for another link than the broker it came to. */
export interface FedMessage extends BusMessage {
  readonly qos: 0 | 1 | 2;
}

/** What a link takes from an embedded broker that is another link: a network server may publish there instead of on a broker of its own. */
export interface FeedOptions {
  /** Id of the link that is the broker. */
  readonly broker: string;
  /** Filters of the topics; none of them is a device's of the broker. */
  readonly topics: readonly string[];
  /** Who alone may publish there. Empty: anybody, on an open loopback listener. */
  readonly users: readonly string[];
}

/** The same with who takes it. */
export interface Feed extends FeedOptions {
  /**
   * Takes a publication. The broker holds its acknowledgement, and those behind it, until `settle` is called, at once or later, with
   * what it waits for. Repeats are the taker's to know. Never throws.
   */
  take(message: FedMessage, settle: (ticket: Ticket) => void): void;
}

export interface DriverContext<Options = unknown, Address = unknown, Section = unknown> {
  /** Id of the site, where a name must be unique among gateways: a client id on a shared broker. */
  readonly siteId?: string;
  readonly link: Link;
  readonly options: Options;
  readonly devices: readonly DeviceOnLink<Address, Section>[];
  /** Of brokers. */
  readonly outside?: readonly OutsideTopic[];
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** Reads a secret named in the site file (`env:NAME` or `file:PATH`). @throws ConfigurationError SECRET_MISSING */
  readonly secret: (reference: string) => string;
}

/** One value as the device says it now, for `tocsin read`. */
export interface SnapshotValue {
  readonly channel: string;
  /** What came over the wire, as a person would write it: `0x42C8 0x0000`, or the JSON fragment. */
  readonly raw: string;
  /** Where it came from: `holding 2..3`, or the JSON path. */
  readonly from: string;
  readonly value: number;
  readonly reason: Reason;
  readonly time: Micros;
}

/** Something to be switched or set. */
export interface WriteOrder {
  /** Index of the device. */
  readonly device: number;
  /** Id of the output in its profile. */
  readonly output: string;
  /** In the output's unit; for one with states the number of the state. */
  readonly value: number;
}

/** What came of a write that was carried out. */
export interface WriteResult {
  /** It was read back and stands there. False where the profile says that it cannot be read. */
  readonly verified: boolean;
  /** Where it was written: `unit 7, coil 3`. */
  readonly to: string;
  /** What was written, as a person would read it on the wire: `0xFF00`. */
  readonly raw: string;
}

/** Registers or bits to be read as they are, of a device that the site may not have yet. */
export interface RawRead {
  readonly unit: number;
  readonly table: "holding" | "input" | "coil" | "discrete";
  readonly address: number;
  readonly count: number;
  /** The modem behind which it is, on a link that modems dial. */
  readonly modem?: string;
}

/** Somebody who speaks on a link and is in no site file, or under the address of another. */
export interface Stranger {
  /** Id of the link. */
  readonly link: string;
  /** The protocol by the name people know. */
  readonly protocol: string;
  /** Its address as it goes into a device of the site file: `{ station: "0012345678" }`. */
  readonly address: string;
  /** Where it came from last. */
  readonly peer: string;
  /** What it said last, in words. */
  readonly said: string;
  /** When it was heard first and last, on the clock of readings; forgotten strangers begin anew. */
  readonly first: Micros;
  readonly last: Micros;
  /** Messages since `first`. */
  readonly count: number;
  /** It is no stranger by its address: a device of the site has the same, and speaks from elsewhere. */
  readonly twin?: string;
}

export interface Driver {
  start(intake: Intake): Promise<void>;
  stop(): Promise<void>;
  /**
   * Asks a device now (polled protocols) or tells what it said last (pushed ones). A polled read takes its turn in the
   * link's queue, so the bus is not disturbed.
   * @throws DeviceError or NetworkError when it cannot be read.
   */
  read(device: number, signal: AbortSignal): Promise<SnapshotValue[]>;
  /**
   * Writes one output of a device, before all reads that wait, and reads it back. Only what the site file allows for the device is
   * ever written. Settles within WRITE_BOUND. The caller records who wanted it and why.
   * @throws ConfigurationError WRITE_REFUSED: not allowed, not there, or not a value it takes: nothing was written.
   * @throws DeviceError WRITE_UNVERIFIED: something else stands there; DEVICE_* and NetworkError: not known to be carried out.
   */
  write?(order: WriteOrder): Promise<WriteResult>;
  /**
   * Asks a device something that its kind lists under `requests`, or has it do it. Whether it may is the caller's to know, who also
   * records it. The answer is that of this device to this request, or none.
   * @throws DeviceError DEVICE_TIMEOUT, DEVICE_EXCEPTION when it refuses, DEVICE_ANSWER when it says something else, DEVICE_UNDECODABLE
   * @throws NetworkError LINK_DOWN when it is not connected; ConfigurationError COMMAND_USAGE when parameters do not fit the device
   */
  request?(order: RequestOrder): Promise<RequestAnswer>;
  /**
   * Reads registers as they are, in the link's turn: for trying profiles and finding devices.
   * @throws DeviceError or NetworkError when they cannot be read.
   */
  readRaw?(request: RawRead): Promise<Uint8Array>;
  /**
   * Asks a unit who it is, by what the protocol has for that: texts by what they say.
   * @throws DeviceError or NetworkError when it does not answer.
   */
  identify?(unit: Pick<RawRead, "unit" | "modem">): Promise<Readonly<Record<string, string>>>;
  /** Devices that speak to the link and that the site does not have; bounded. For links on which devices call by themselves. */
  strangers?(): readonly Stranger[];
  /** `host:port` where the driver listens, for links that listen; known once `start` has returned. */
  readonly listening?: string;
  /** Present when the link is a broker that alerts can be published on. */
  readonly bus?: MessageBus;
  /** What it takes from an embedded broker. */
  readonly feed?: Feed | undefined;
  /**
   * Of embedded brokers: from now on what fits goes to the feed. Called before anything is started.
   * @throws ConfigurationError CONFIG_INVALID when a device of the broker speaks on such a topic.
   */
  feeds?(feed: Feed): void;
}

/** Who sent a message on the bus, as the broker has authenticated it. */
export interface Sender {
  readonly client: string;
  /** Undefined on an open loopback listener. */
  readonly user: string | undefined;
}

export interface BusMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
  /** The broker may have kept it while we were away, nobody knows how long. */
  readonly waited?: boolean;
  readonly sender: Sender;
}

/** Publish and subscribe, whoever the broker is. What alerts and commands travel on. */
export interface MessageBus {
  /** Resolves when the broker has the message (QoS 1: acknowledged). An empty payload with `retain` clears the topic. */
  publish(
    topic: string,
    payload: string | Uint8Array,
    options: { qos: 0 | 1; retain: boolean },
  ): Promise<void>;
  /** Messages whose topic matches `filter`. Returns the way to stop that. */
  subscribe(filter: string, listener: (message: BusMessage) => void): () => void;
  readonly connected: boolean;
  onConnected(listener: (connected: boolean) => void): () => void;
  /** Live subscribers whose subscriptions include this topic; undefined when the broker cannot tell. */
  subscribers(topic: string): number | undefined;
}

/**
 * One kind of link, as the registry knows it. Imports no protocol library, so that `tocsin check` can load all of them;
 * the driver itself is loaded only when a site uses it.
 */
export interface DriverKind {
  /** The link's `type` in the site file. */
  readonly type: string;
  readonly summary: string;
  /** Options of the link, without `type` and `name`. */
  readonly link: z.ZodObject;
  /** Options of a device's `address` on such a link. */
  readonly address: z.ZodObject;
  /** Which section a profile needs for devices on this link. */
  readonly section:
    | "modbus"
    | "payload"
    | "gb26875"
    | "sl651"
    | "hj212"
    | "szy206"
    | "own"
    | "sparkplug"
    | "lorawan";
  /** With section `own`: what stands there in a profile. */
  readonly own?: z.ZodObject;
  /** A device's address as one text, equal for two that could not be told apart on a link. */
  addressName?(address: unknown): string;
  /** Local ids of the channels that belong to a device itself. */
  channels?(section: unknown): readonly string[];
  /** What such a device's components are, for protocols whose profiles do not lay out their addresses. */
  readonly components?: ComponentKind;
  /** What such a device lets itself be told. */
  outputs?(section: unknown): readonly OutputDescription[];
  /** What such devices can be asked or told beside that, and how. */
  readonly requests?: readonly RequestDescription[];
  /** What a device's entry cannot be on this link, beyond what the schemas see. */
  problems?(request: DeviceEntry): readonly DeviceProblem[];
  /** Polled protocols: how often the driver asks for a channel of such a device. Undefined: the device speaks by itself. */
  period?(request: { options: unknown; address: unknown; section: unknown; local: string }): Micros;
  /** What a link with such options takes from an embedded broker. */
  feed?(options: unknown): FeedOptions | undefined;
  load(): Promise<{ create(context: DriverContext): Driver }>;
}

/** Something that can be written. */
export interface OutputDescription {
  readonly id: string;
  readonly name: Text;
  /** Names of the values it takes, where it takes no others. */
  readonly states?: Readonly<Record<string, number>>;
  readonly range?: { readonly low: number; readonly high: number };
  readonly unit?: Unit;
}

/** A device as it stands in the site file, parsed. */
export interface DeviceEntry {
  /** Of the link. */
  readonly options: unknown;
  readonly address: unknown;
  readonly section: unknown;
  /** Outputs that may be written. */
  readonly writes: readonly string[];
}

/** Something wrong with a device's entry. */
export interface DeviceProblem {
  /** Below the device's own key. */
  readonly path: readonly string[];
  readonly message: string;
  readonly hint?: string;
}

/** The parts of a device: their addresses, and which channels each has. */
export interface ComponentKind {
  readonly address: z.ZodObject;
  /** Local ids of the channels of a component at this address. */
  channels(section: unknown, address: unknown): readonly string[];
  /** Its address as one text, equal for two that could not be told apart on a device. */
  name(section: unknown, address: unknown): string;
}

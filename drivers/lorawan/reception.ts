import { basename } from "node:path";
import { crc32 } from "node:zlib";
import { describe } from "../../model/error.ts";
import { REASON } from "../../model/quality.ts";
import { ReadingBatch } from "../../model/reading.ts";
import type { Channel } from "../../model/site.ts";
import { MILLISECOND, type Micros } from "../../model/time.ts";
import { DangerOrder } from "../danger-order.ts";
import {
  type DeviceOnLink,
  type DriverContext,
  type Intake,
  REFUSED,
  type SnapshotValue,
  type Ticket,
} from "../driver.ts";
import { compileMessage, type MessageDecoder } from "../payload/message.ts";
import { formatPath, parsePath, wordOf } from "../payload/path.ts";
import { Strangers } from "../strangers.ts";
import { OnceInAWhile } from "../tcp/once-in-a-while.ts";
import type { CodecInput, CodecOutcome } from "./codec-messages.ts";
import type { Codecs } from "./codecs.ts";
import { type Counts, countsOf } from "./counts.ts";
import { FrameCounter } from "./frame-counter.ts";
import type { LorawanAddress, LorawanOptions } from "./options.ts";
import type { LorawanSection } from "./profile.ts";
import { type Uplink, type UplinkReader, uplinkReader } from "./uplink.ts";

/** Bytes of an undecodable message that are kept for a person to look at. */
const QUARANTINED_BYTES = 1_024;
/** Longest JSON fragment shown by `read`. */
const FRAGMENT_CHARACTERS = 200;

/** Longest words of a codec's own that are passed on, characters. */
const WORDS_MAX = 200;

/** A context of this driver. */
export type LorawanContext = DriverContext<LorawanOptions, LorawanAddress, LorawanSection>;

/** A message as the broker brought it. */
export interface Delivery {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  /** Kept by the broker from before we subscribed. */
  readonly retained: boolean;
}

/** Called once with what the acknowledgement waits for. */
export type Settle = (ticket: Ticket) => void;

/** What the paths of a profile walk through. */
interface Root {
  readonly data?: unknown;
  readonly radio: Uplink["radio"];
  readonly status: Uplink["status"];
  readonly port: number;
  readonly counter: number | undefined;
}

interface Speaker {
  readonly on: DeviceOnLink<LorawanAddress, LorawanSection>;
  readonly messages: readonly MessageDecoder[];
  readonly counter: FrameCounter;
  /** Number of its codec's file; undefined: the network server decodes. */
  readonly codec: number | undefined;
  /** Channels that stand in what the codec makes of the bytes. */
  readonly decoded: readonly number[];
  last: { root: Root; received: Micros } | undefined;
}

/** From messages of a network server to readings in the intake. Knows no sockets. */
export class Reception {
  readonly strangers: Strangers;
  /** Files of the codecs that the devices need, and how many devices each is for. */
  readonly files: readonly string[];
  readonly devicesOfFiles: readonly number[];
  readonly #context: LorawanContext;
  readonly #counts: Counts;
  readonly #read: UplinkReader;
  readonly #speakers = new Map<string, Speaker>();
  readonly #byDevice = new Map<number, Speaker>();
  readonly #batch = new ReadingBatch();
  readonly #order: DangerOrder;
  readonly #told = new OnceInAWhile();
  #codecs: Codecs | undefined;
  #intake: Intake | undefined;
  #last: Ticket = 0;

  /** @throws ConfigurationError UNIT_MISMATCH when a profile's unit does not fit. */
  constructor(context: LorawanContext) {
    this.#context = context;
    const { link, options, clock, log, counters } = context;
    this.#counts = countsOf(counters, link.id);
    this.#order = new DangerOrder(context.devices);
    this.#read = uplinkReader(options.server, options.fields);
    this.strangers = new Strangers({
      link: link.id,
      protocol: "LoRaWAN",
      bound: options.limits.strangers,
      clock,
      log,
    });
    const files: string[] = [];
    for (const on of context.devices) {
      const channels = new Map<string, Channel>(on.channels.map(({ local, channel }) => [local, channel]));
      const { codec } = on.profile;
      if (codec !== undefined && !files.includes(codec)) files.push(codec);
      const speaker: Speaker = {
        on,
        messages: on.profile.messages.map((message) => compileMessage(message, channels)),
        counter: new FrameCounter(),
        codec: codec === undefined ? undefined : files.indexOf(codec),
        decoded: decodedChannels(on),
        last: undefined,
      };
      this.#speakers.set(on.address.devEui, speaker);
      this.#byDevice.set(on.device.index, speaker);
    }
    this.files = files;
    const codecs = [...this.#speakers.values()].map(({ codec }) => codec);
    this.devicesOfFiles = files.map((_, index) => codecs.filter((codec) => codec === index).length);
  }

  /** The ticket that everything entered so far waits for at most. */
  get last(): Ticket {
    return this.#last;
  }

  start(intake: Intake, codecs: Codecs): void {
    this.#intake = intake;
    this.#codecs = codecs;
    this.#last = Math.max(0, intake.durable);
  }

  /** Nothing enters after this. */
  stop(): void {
    this.#intake = undefined;
  }

  /**
   * A codec gives nothing any more, or works again. What it said last of its devices no longer holds: all of it becomes bad at once, not
   * with each device's next uplink.
   */
  codecHealth(codec: number, problem: string | undefined): void {
    const intake = this.#intake;
    if (intake === undefined) return;
    const speakers = [...this.#speakers.values()].filter((speaker) => speaker.codec === codec);
    const { link } = this.#context;
    const name = basename(this.files[codec]!);
    intake.decoderHealth({ link: link.index, name, devices: speakers.length, problem });
    if (problem === undefined) return;
    const batch = this.#batch;
    batch.clear();
    for (const { decoded } of speakers) for (const channel of decoded) this.#bad(channel);
    if (batch.length > 0) intake.enter(batch, "polled");
  }

  /** Takes a message; `settle` is called at once, or when its codec has run. Never throws. */
  take(delivery: Delivery, settle: Settle): void {
    const ticket = this.#dispatch(delivery, settle);
    if (ticket !== undefined) settle(ticket);
  }

  /** Undefined: its codec runs, and settles it. */
  #dispatch(delivery: Delivery, settle: Settle): Ticket | undefined {
    if (this.#intake === undefined) return REFUSED;
    this.#counts.messages.add();
    let uplink: Uplink;
    try {
      uplink = this.#read(JSON.parse(delivery.payload.toString("utf8")), delivery.topic);
    } catch (error) {
      this.#undecodable(delivery.topic, describe(error), delivery.payload);
      return 0;
    }
    const speaker = this.#speakers.get(uplink.devEui);
    if (speaker === undefined) {
      this.#stranger(uplink, delivery);
      return 0;
    }
    if (uplink.kind === "join") {
      speaker.counter.forget();
      this.#counts.joins.add();
      return 0;
    }
    if (uplink.kind === "other") {
      this.#counts.other.add();
      return 0;
    }
    const { codec } = speaker;
    // Port 0 and empty frames are the protocol's own; they still say how well the device is heard.
    if (codec === undefined || uplink.kind === "status" || uplink.bytes.length === 0 || uplink.port === 0) {
      return this.#finish(speaker, { uplink, delivery, outcome: undefined });
    }
    const heard = Number.isNaN(uplink.time) ? this.#context.clock.wall() : uplink.time;
    const recvTime = Math.round(heard / MILLISECOND);
    const input: CodecInput = { bytes: [...uplink.bytes], fPort: uplink.port, recvTime };
    const { index: device } = speaker.on.device;
    this.#codecs?.decode(codec, { input: JSON.stringify(input), device }, (outcome) =>
      settle(this.#finish(speaker, { uplink, delivery, outcome })),
    );
    return undefined;
  }

  /** What a device said last. */
  said(device: number): SnapshotValue[] {
    const speaker = this.#byDevice.get(device);
    if (speaker?.last === undefined) return [];
    const { root, received } = speaker.last;
    const batch = new ReadingBatch();
    const origins: { raw: string; from: string }[] = [];
    for (const message of speaker.messages) {
      message.decode(root, batch, (_, raw, path) => {
        origins.push({
          raw: (JSON.stringify(raw) ?? "").slice(0, FRAGMENT_CHARACTERS),
          from: formatPath(path),
        });
      });
    }
    const names = new Map(speaker.on.channels.map(({ channel }) => [channel.index, channel.id]));
    return origins.map((origin, i) => ({
      ...origin,
      channel: names.get(batch.channel[i]!) ?? "",
      value: batch.value[i]!,
      reason: batch.reason[i]!,
      time: received,
    }));
  }

  /** In the order of arrival for one device. */
  #finish(
    speaker: Speaker,
    { uplink, delivery, outcome }: { uplink: Uplink; delivery: Delivery; outcome: CodecOutcome | undefined },
  ): Ticket {
    const intake = this.#intake;
    if (intake === undefined) return REFUSED;
    const batch = this.#batch;
    batch.clear();
    if (this.#isRepeat(speaker, uplink, intake)) {
      this.#counts.repeats.add();
      return this.#last;
    }
    this.#decode(speaker, { uplink, delivery, outcome });
    if (batch.length === 0) return 0;
    const time = this.#context.options.time === "network" ? uplink.time : Number.NaN;
    for (let i = 0; i < batch.length; i++) {
      if (Number.isNaN(batch.time[i]!)) batch.time[i] = time;
      // Of unknown age: it can raise an alarm and clear none.
      if (delivery.retained && Number.isNaN(time) && batch.reason[i] === REASON.good) {
        batch.reason[i] = REASON.last_usable;
      }
    }
    if (!delivery.retained) this.#order.settle(batch);
    this.#counts.readings.add(batch.length);
    const ticket = intake.enter(batch, delivery.qos === 0 ? "polled" : "acknowledged");
    if (ticket === REFUSED) {
      // The network sends it again, and then it is no repeat.
      speaker.counter.forget();
      (delivery.qos === 0 ? this.#counts.dropped : this.#counts.refused).add();
      return REFUSED;
    }
    if (ticket > this.#last) this.#last = ticket;
    return ticket;
  }

  #isRepeat(speaker: Speaker, uplink: Uplink, intake: Intake): boolean {
    const { counter, session } = uplink;
    if (uplink.kind !== "uplink" || counter === undefined) return false;
    const said = crc32(uplink.bytes);
    const batch = this.#batch;
    const name = `${uplink.devEui} ${session} ${counter}`;
    batch.identityLow = crc32(name) || 1;
    // The instant tells a device that began anew, with the same number and the same words, from a message delivered twice.
    batch.identityHigh = crc32(uplink.timeText, said);
    const order = speaker.counter.note({ session, counter, said, now: this.#context.clock.now() });
    if (order.kind === "repeat") return true;
    if (order.kind === "next" && order.missed > 0) this.#counts.missed.add(order.missed);
    // A number that is higher than the last was not here before, but for what came before a restart of ours.
    if (intake.isRepeat(batch.identityHigh, batch.identityLow)) return true;
    if (order.kind === "back") this.#counts.restarts.add();
    return false;
  }

  #decode(
    speaker: Speaker,
    { uplink, delivery, outcome }: { uplink: Uplink; delivery: Delivery; outcome: CodecOutcome | undefined },
  ): void {
    const batch = this.#batch;
    const { radio, status, port, counter } = uplink;
    const rest = { radio, status, port, counter };
    const opened = open(outcome);
    const data = outcome === undefined && speaker.codec === undefined ? uplink.object : opened.data;
    const root: Root = data === undefined ? rest : { ...rest, data };
    speaker.last = { root, received: this.#context.clock.now() };
    let problem = opened.problem;
    for (const message of speaker.messages) {
      try {
        message.decode(root, batch);
      } catch (error) {
        problem ??= describe(error);
        for (const { index } of message.channels) this.#bad(index);
      }
    }
    if (opened.problem !== undefined) {
      this.#complain(speaker, opened);
      // It said something, and what these channels are now nobody knows.
      for (const message of speaker.messages) for (const { index } of message.channels) this.#bad(index);
    }
    if (problem !== undefined) this.#undecodable(speaker.on.device.id, problem, delivery.payload);
  }

  /** Marks a channel bad that the message has not spoken of. */
  #bad(channel: number): void {
    const batch = this.#batch;
    for (let i = 0; i < batch.length; i++) if (batch.channel[i] === channel) return;
    batch.add(channel, Number.NaN, REASON.undecodable);
  }

  #complain(speaker: Speaker, { fault, problem }: { fault?: string; problem?: string }): void {
    const { codec = "" } = speaker.on.profile;
    this.#counts.fault(codec, fault ?? "errors").add();
    const { log, link, clock } = this.#context;
    if (!this.#told.due(`${codec} ${fault}`, clock.now())) return;
    const device = speaker.on.device.id;
    log.warn({ link: link.id, device, codec, fault, problem }, "a device's codec gave nothing for an uplink");
  }

  #stranger(uplink: Uplink, { topic, payload }: Delivery): void {
    this.#counts.unknown.add();
    const address = `{ devEui: ${JSON.stringify(uplink.devEui)} }`;
    if (!this.strangers.note(address, { peer: topic, said: uplink.kind })) return;
    this.#quarantine(topic, `no device of this site has the address ${address}`, payload);
  }

  #undecodable(source: string, error: string, payload: Buffer): void {
    this.#counts.undecodable.add();
    this.#quarantine(source, error, payload);
  }

  #quarantine(source: string, error: string, bytes: Buffer): void {
    const payload = Uint8Array.prototype.slice.call(bytes, 0, QUARANTINED_BYTES);
    this.#intake?.quarantine({ link: this.#context.link.id, source, error, payload });
  }
}

/** The channels of a device whose paths begin with `data`. */
function decodedChannels(on: DeviceOnLink<LorawanAddress, LorawanSection>): number[] {
  const decoded = on.profile.messages.flatMap(({ channels }) =>
    Object.entries(channels).filter(([local, { path }]) => parsePath(path ?? [local])[0] === "data"),
  );
  const locals = new Set(decoded.map(([local]) => local));
  return on.channels.filter(({ local }) => locals.has(local)).map(({ channel }) => channel.index);
}

/** What a codec said: its data, or what was wrong. `errors` that are set mean that the uplink could not be decoded (TS013). */
function open(outcome: CodecOutcome | undefined): { data?: unknown; fault?: string; problem?: string } {
  if (outcome === undefined) return {};
  if ("fault" in outcome) return { fault: outcome.fault, problem: `${outcome.fault}: ${outcome.words}` };
  const said = JSON.parse(outcome.json) as { data?: unknown; errors?: unknown } | null;
  if (typeof said !== "object" || said === null) return { problem: "the codec returned no object" };
  const { data, errors } = said;
  if (Array.isArray(errors) && errors.length > 0)
    return {
      problem: `the codec says: ${(wordOf(errors[0]) ?? "nothing that is a text").slice(0, WORDS_MAX)}`,
    };
  if (typeof data !== "object" || data === null) return { problem: "the codec returned no data" };
  return { data };
}

import { crc32 } from "node:zlib";
import type { Counter } from "../../model/counter.ts";
import { DeviceError, describe } from "../../model/error.ts";
import { REASON } from "../../model/quality.ts";
import { ReadingBatch } from "../../model/reading.ts";
import type { Channel } from "../../model/site.ts";
import { DangerOrder } from "../danger-order.ts";
import {
  type DeviceOnLink,
  type DriverContext,
  type Intake,
  REFUSED,
  type SnapshotValue,
  type Ticket,
} from "../driver.ts";
import { decodeReceived } from "../payload/decode.ts";
import { LastWords } from "../payload/last-words.ts";
import { compileMessage, type MessageDecoder } from "../payload/message.ts";
import { ReceivedPayload } from "../payload/received-payload.ts";
import { Strangers } from "../strangers.ts";
import type { Enclosed } from "./envelope.ts";
import type { HttpAddress, HttpOptions, HttpSection } from "./options.ts";

/** Bytes of an undecodable message that are kept for a person to look at. */
const QUARANTINED_BYTES = 1_024;
/** Seed of the second CRC of an id: makes 32 further bits of it. */
const SECOND_SEED = 0x9e37_79b1;

export type HttpContext = DriverContext<HttpOptions, HttpAddress, HttpSection>;

/** What became of the messages of a request. */
export interface Taken {
  /** What the answer waits for; REFUSED: something could not be kept, and the request must come again. */
  ticket: Ticket;
  accepted: number;
  repeats: number;
  unknown: number;
  undecodable: number;
}

interface Speaker {
  readonly on: DeviceOnLink<HttpAddress, HttpSection>;
  readonly messages: readonly MessageDecoder[];
  readonly last: LastWords;
}

/** From messages to readings in the intake: finds the device, recognises repeats, decodes. Knows no sockets. */
export class Reception {
  readonly strangers: Strangers;
  readonly #context: HttpContext;
  readonly #batch = new ReadingBatch();
  readonly #order: DangerOrder;
  /** By source, then by name. */
  readonly #speakers = new Map<string, Map<string, Speaker>>();
  readonly #byDevice = new Map<number, Speaker>();
  readonly #counts: Readonly<
    Record<"messages" | "readings" | "repeats" | "twice" | "unknown" | "undecodable" | "refused", Counter>
  >;
  #intake: Intake | undefined;
  /** What a repeat waits for: its first sending entered at or before this. */
  #last: Ticket = 0;

  /** @throws ConfigurationError UNIT_MISMATCH when a profile's unit does not fit. */
  constructor(context: HttpContext) {
    this.#context = context;
    this.#order = new DangerOrder(context.devices);
    const { link, options, clock, log, counters } = context;
    this.strangers = new Strangers({
      link: link.id,
      protocol: "HTTP",
      bound: options.limits.strangers,
      clock,
      log,
    });
    const labels = { link: link.id };
    const counter = (name: string, help: string) => counters.counter({ name, help, labels });
    this.#counts = {
      messages: counter("http_intake_messages", "Messages of devices received."),
      readings: counter("http_intake_readings", "Readings decoded from messages."),
      repeats: counter("http_intake_repeats", "Messages sent again that had been accepted before."),
      unknown: counter("http_intake_unknown_devices", "Messages of devices that the site does not have."),
      twice: counter("http_intake_keys_twice", "Messages decoded from JSON in which a key stands twice."),
      undecodable: counter(
        "http_intake_undecodable",
        "Requests and messages that could not be decoded: quarantined.",
      ),
      refused: counter(
        "http_intake_refused",
        "Messages that the journal could not take: the source sends them again.",
      ),
    };
    for (const on of context.devices) {
      const channels = new Map<string, Channel>(on.channels.map(({ local, channel }) => [local, channel]));
      const messages = on.profile.messages.map((message) =>
        compileMessage(message, channels, { name: on.address.id }),
      );
      const speaker = { on, messages, last: new LastWords() };
      const names = this.#speakers.get(on.address.source) ?? new Map<string, Speaker>();
      this.#speakers.set(on.address.source, names);
      names.set(on.address.id, speaker);
      this.#byDevice.set(on.device.index, speaker);
    }
  }

  get last(): Ticket {
    return this.#last;
  }

  start(intake: Intake): void {
    this.#intake = intake;
    this.#last = Math.max(0, intake.durable);
  }

  /** Nothing enters after this. */
  stop(): void {
    this.#intake = undefined;
  }

  has(source: string, name: string): boolean {
    return this.#speakers.get(source)?.has(name) === true;
  }

  /**
   * Enters what the messages of a request say, each message as one batch. `nonce`: what the sender signed and uses once; it
   * names the messages that have no id.
   */
  take(
    messages: readonly Enclosed[],
    from: { source: string; peer: string; nonce: string | undefined },
  ): Taken {
    const taken: Taken = { ticket: 0, accepted: 0, repeats: 0, unknown: 0, undecodable: 0 };
    for (const [index, message] of messages.entries()) {
      if (message.ignored) continue;
      this.#counts.messages.add();
      const ticket = this.#one(message, { ...from, index, taken });
      if (ticket === REFUSED) {
        this.#counts.refused.add();
        taken.ticket = REFUSED;
      } else if (taken.ticket !== REFUSED) taken.ticket = Math.max(taken.ticket, ticket);
    }
    return taken;
  }

  /** Keeps a request that nobody could make sense of. */
  undecodable(source: string, error: string, body: Buffer): void {
    this.#counts.undecodable.add();
    this.#quarantine(source, error, body);
  }

  /** @throws DeviceError DEVICE_TIMEOUT, DEVICE_UNDECODABLE */
  said(device: number): SnapshotValue[] {
    const speaker = this.#byDevice.get(device);
    if (speaker === undefined || !speaker.last.said) {
      throw new DeviceError("DEVICE_TIMEOUT", "the device has said nothing since the gateway started", {
        hint: "its platform pushes by itself: look at the address it pushes to, and at `tocsin status` for strangers",
      });
    }
    if (speaker.last.tooLong) {
      throw new DeviceError("DEVICE_UNDECODABLE", "its last message is too long to be kept for reading");
    }
    try {
      const names = new Map(speaker.on.channels.map(({ channel }) => [channel.index, channel.id]));
      return speaker.last.explain(speaker.messages, names);
    } catch (cause) {
      throw new DeviceError("DEVICE_UNDECODABLE", describe(cause), { cause });
    }
  }

  #one(
    message: Enclosed,
    from: { source: string; peer: string; nonce: string | undefined; index: number; taken: Taken },
  ): Ticket {
    const intake = this.#intake;
    if (intake === undefined) return REFUSED;
    const { taken, source } = from;
    const speaker =
      message.device === undefined ? undefined : this.#speakers.get(source)?.get(message.device);
    if (speaker === undefined) {
      taken.unknown++;
      this.#stranger(message, from);
      return 0;
    }
    const batch = this.#batch;
    batch.clear();
    const identity = identityOf(message, from);
    if (identity !== undefined) {
      const { low, high } = identity;
      if (intake.isRepeat(high, low)) {
        taken.repeats++;
        this.#counts.repeats.add();
        return this.#last;
      }
      batch.identityLow = low;
      batch.identityHigh = high;
    }
    if (!this.#decode(speaker, message, batch)) taken.undecodable++;
    if (batch.length === 0) return 0;
    this.#counts.readings.add(batch.length);
    const ticket = intake.enter(batch, "acknowledged");
    if (ticket === REFUSED) return REFUSED;
    taken.accepted++;
    if (ticket > this.#last) this.#last = ticket;
    return ticket;
  }

  /** False when some of it could not be decoded: what those channels are now nobody knows. */
  #decode(speaker: Speaker, message: Enclosed, batch: ReadingBatch): boolean {
    const { device } = speaker.on;
    speaker.last.remember(`http ${speaker.on.address.source}`, message.payload, this.#context.clock.now());
    const payload = new ReceivedPayload(message.payload);
    let failed = false;
    for (const decoder of speaker.messages) {
      const from = batch.length;
      try {
        if (decodeReceived(decoder, payload, batch)) this.#counts.twice.add();
      } catch (error) {
        for (const { index } of decoder.channels) batch.add(index, Number.NaN, REASON.undecodable);
        if (!failed) this.undecodable(device.id, describe(error), message.payload);
        failed = true;
      }
      for (let i = from; i < batch.length; i++)
        if (Number.isNaN(batch.time[i]!)) batch.time[i] = message.time;
      if (!decoder.stored) this.#order.settle(batch, from);
    }
    return !failed;
  }

  #stranger(message: Enclosed, { source, peer }: { source: string; peer: string }): void {
    this.#counts.unknown.add();
    const address = `{ source: ${source}, id: ${JSON.stringify(message.device ?? "")} }`;
    const said = message.device === undefined ? "a message that names no device" : "a message";
    if (!this.strangers.note(address, { peer, said })) return;
    this.#quarantine(peer, `no device of this site has the address ${address}`, message.payload);
  }

  #quarantine(source: string, error: string, body: Buffer): void {
    const payload = Uint8Array.prototype.slice.call(body, 0, QUARANTINED_BYTES);
    this.#intake?.quarantine({ link: this.#context.link.id, source, error, payload });
  }
}

/** The message's own id, else the nonce that was signed with it; undefined: nothing names it. */
function identityOf(
  message: Enclosed,
  { source, nonce, index }: { source: string; nonce: string | undefined; index: number },
): { low: number; high: number } | undefined {
  if (message.id === "" && nonce === undefined) return undefined;
  const name =
    message.id === "" ? `${source}\n${index}\n${nonce}` : `${source}\n${message.device}\n${message.id}`;
  const low = crc32(name);
  // An id given to another message by mistake names another: an alarm kept twice does less harm than one dropped.
  const high = crc32(message.payload, crc32(name, SECOND_SEED));
  return low === 0 && high === 0 ? { low: 1, high } : { low, high };
}

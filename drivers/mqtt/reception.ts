import { crc32 } from "node:zlib";
import type { Counter, Counters } from "../../model/counter.ts";
import { DeviceError, describe } from "../../model/error.ts";
import { GOOD, qualityOf, REASON } from "../../model/quality.ts";
import { ReadingBatch } from "../../model/reading.ts";
import type { Clock } from "../../model/time.ts";
import { DangerOrder } from "../danger-order.ts";
import { type Intake, REFUSED, type SnapshotValue, type Ticket } from "../driver.ts";
import { decodeReceived } from "../payload/decode.ts";
import { ReceivedPayload } from "../payload/received-payload.ts";
import { type Availability, saysOnline } from "./availability.ts";
import type { Route, Router, Shared, Speaker } from "./router.ts";

/** Bytes of an undecodable payload that are kept for a person to look at. */
const QUARANTINED_BYTES = 1_024;
/** Knuth's multiplicative constant, 2^32 / golden ratio: spreads small packet ids over 32 bits. */
const SPREAD = 0x9e37_79b1;

/** The publication was not permitted to its sender. */
export const DENIED: Ticket = -2;

/** A publication as it arrived, whoever the broker is. */
export interface Publication {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  /** The protocol's own word that this may have been sent before. */
  readonly dup: boolean;
  /** Packet identifier; 0 with QoS 0 and for wills. */
  readonly packetId: number;
  /** Kept by the broker from before we subscribed: of unknown age unless it carries a time. */
  readonly old: boolean;
}

/** Who sent it. */
export interface Origin {
  /** CRC of the client id: part of a message's identity. */
  readonly seed: number;
  /** Undefined: may speak for every device. */
  readonly devices: ReadonlySet<number> | undefined;
}

export interface ReceptionOptions {
  /** Index and id of the link. */
  readonly link: { readonly index: number; readonly id: string };
  readonly router: Router;
  readonly clock: Clock;
  readonly counters: Counters;
}

/** From a publication to readings in the intake: decodes, recognises repeats, keeps what devices said last. */
export class Reception {
  readonly #o: ReceptionOptions;
  readonly #batch = new ReadingBatch();
  /** What devices' availability topics, and those of their bridges, said last. */
  readonly #available = { device: new Map<number, boolean>(), bridge: new Map<number, boolean>() };
  /** What was last said of devices' health. */
  readonly #up = new Map<number, boolean>();
  readonly #order: DangerOrder;
  #intake: Intake | undefined;
  /** Highest ticket handed out: what a repeat waits for, since its first sending entered at or before it. */
  #last: Ticket = 0;
  readonly #messages: Counter;
  readonly #readings: Counter;
  readonly #repeats: Counter;
  readonly #undecodable: Counter;
  readonly #twice: Counter;
  readonly #unknown: Counter;
  readonly #refused: Counter;
  readonly #dropped: Counter;

  constructor(options: ReceptionOptions) {
    this.#o = options;
    this.#order = new DangerOrder(options.router.devices);
    const labels = { link: options.link.id };
    const counter = (name: string, help: string) => options.counters.counter({ name, help, labels });
    this.#messages = counter("mqtt_messages", "Publications of devices received.");
    this.#readings = counter("mqtt_readings", "Readings decoded from publications.");
    this.#repeats = counter("mqtt_repeats", "Publications sent again (DUP) that had been accepted before.");
    this.#undecodable = counter(
      "mqtt_undecodable",
      "Publications that no profile could decode: quarantined.",
    );
    this.#twice = counter("mqtt_keys_twice", "Messages decoded from JSON in which a key stands twice.");
    this.#unknown = counter(
      "mqtt_unknown_devices",
      "Publications naming a device that the site does not have.",
    );
    this.#refused = counter(
      "mqtt_refused",
      "Publications the intake did not keep: evaluated, not acknowledged.",
    );
    this.#dropped = counter("mqtt_dropped", "QoS 0 publications the intake did not keep: lost.");
  }

  start(intake: Intake): void {
    this.#intake = intake;
    this.#last = Math.max(0, intake.durable);
  }

  /** Nothing enters after this. */
  stop(): void {
    this.#intake = undefined;
  }

  /** The ticket that everything entered so far waits for at most. */
  get last(): Ticket {
    return this.#last;
  }

  /**
   * Enters what a publication says. Returns the ticket whose durability permits the acknowledgement (0: at once), REFUSED, or
   * DENIED when the payload speaks for a device that is not the sender's.
   */
  take(route: Route, publication: Publication, origin: Origin): Ticket {
    const intake = this.#intake;
    if (intake === undefined) return REFUSED;
    this.#messages.add();
    const batch = this.#batch;
    batch.clear();
    const payload = new ReceivedPayload(publication.payload);
    for (const speaker of route.speakers) this.#hear(speaker, payload, publication);
    for (const { path, entries, byName } of route.shared) {
      if (path === undefined) {
        if (!this.#hearSeveral({ entries, byName }, payload, { publication, origin })) return DENIED;
        continue;
      }
      const name = payload.nameAt(path);
      const speaker = name === undefined ? undefined : byName.get(name);
      if (speaker === undefined) {
        const why = payload.problem ?? `no device of this site is called ${name ?? "(no name)"}`;
        this.#stranger(publication, why);
        continue;
      }
      if (origin.devices !== undefined && !origin.devices.has(speaker.device.device.index)) return DENIED;
      this.#hear(speaker, payload, publication);
    }
    if (batch.length === 0) return 0;
    if (publication.old) doubt(batch);
    if (publication.packetId !== 0) {
      const crc = crc32(publication.payload, route.crc);
      identify(batch, { seed: origin.seed, packetId: publication.packetId, crc });
      if (publication.dup && intake.isRepeat(batch.identityHigh, batch.identityLow)) {
        this.#repeats.add();
        return this.#last;
      }
    }
    return this.#enter(intake, publication);
  }

  /**
   * What a device said last, topic by topic.
   * @throws DeviceError DEVICE_TIMEOUT when it has said nothing since the link began; DEVICE_UNDECODABLE when its last words
   * cannot be read.
   */
  snapshot(device: number): SnapshotValue[] {
    const values: SnapshotValue[] = [];
    let heard = false;
    let problem: string | undefined;
    for (const { last, messages, device: speaking } of this.#o.router.speakers(device)) {
      if (!last.said) continue;
      heard = true;
      if (last.tooLong) {
        problem = `its last message on ${last.topic} is too long to be kept for reading`;
        continue;
      }
      const names = new Map(speaking.channels.map(({ channel }) => [channel.index, channel.id]));
      try {
        values.push(...last.explain(messages, names));
      } catch (error) {
        problem = `${last.topic}: ${describe(error)}`;
      }
    }
    if (!heard) {
      throw new DeviceError("DEVICE_TIMEOUT", "the device has said nothing since the gateway started", {
        hint: "it speaks by itself: look at its topic and its client id, or press its test button",
      });
    }
    if (values.length === 0 && problem !== undefined) throw new DeviceError("DEVICE_UNDECODABLE", problem);
    return values;
  }

  #enter(intake: Intake, publication: Publication): Ticket {
    this.#readings.add(this.#batch.length);
    const ticket = intake.enter(this.#batch, publication.qos === 0 ? "polled" : "acknowledged");
    if (ticket === REFUSED) {
      if (publication.qos === 0) this.#dropped.add();
      else this.#refused.add();
      return REFUSED;
    }
    if (ticket > this.#last) this.#last = ticket;
    return ticket;
  }

  #hear(speaker: Speaker, payload: ReceivedPayload, publication: Publication): void {
    speaker.last.remember(publication.topic, publication.payload, this.#o.clock.now());
    if (speaker.availability !== undefined) {
      this.#attend(speaker, saysOnline(payload, speaker.availability), speaker.availability.of);
      return;
    }
    let failed = false;
    for (const message of speaker.messages) {
      const from = this.#batch.length;
      try {
        if (decodeReceived(message, payload, this.#batch)) this.#twice.add();
      } catch (error) {
        // It said something, and what these channels are now nobody knows. What its other parts say stands.
        for (const { index } of message.channels) this.#batch.add(index, Number.NaN, REASON.undecodable);
        if (!failed) this.#quarantine(publication, speaker.device.device.id, describe(error));
        failed = true;
      }
      // What a broker had kept is from before, and says so by its time.
      if (!message.stored && !publication.old) this.#order.settle(this.#batch, from);
    }
  }

  /** Several devices in one payload. False: one of them is not the sender's to speak for. */
  #hearSeveral(
    { entries, byName }: Pick<Shared, "entries" | "byName">,
    payload: ReceivedPayload,
    { publication, origin }: { publication: Publication; origin: Origin },
  ): boolean {
    const names = payload.names(entries);
    const speakers = names.flatMap((name) => byName.get(name) ?? []);
    if (speakers.some(({ device }) => origin.devices?.has(device.device.index) === false)) return false;
    for (const speaker of speakers) this.#hear(speaker, payload, publication);
    if (names.length === 0) this.#stranger(publication, payload.problem ?? "no device speaks in it");
    const unnamed = entries === undefined || names.length === 0 ? 0 : payload.unnamed(entries);
    if (unnamed > 0) this.#stranger(publication, `${unnamed} of its entries name no device`);
    for (const name of names) {
      if (!byName.has(name)) this.#stranger(publication, `no device of this site is called ${name}`);
    }
    return true;
  }

  #attend(speaker: Speaker, said: boolean | undefined, of: Availability["of"]): void {
    const { index } = speaker.device.device;
    if (said === undefined) return;
    this.#available[of].set(index, said);
    const { device, bridge } = this.#available;
    const up = device.get(index) !== false && bridge.get(index) !== false;
    if (this.#up.get(index) === up) return;
    this.#up.set(index, up);
    this.#intake?.deviceHealth(index, up, up ? REASON.good : REASON.no_communication);
  }

  #stranger(publication: Publication, error: string): void {
    this.#unknown.add();
    this.#quarantine(publication, publication.topic, error);
  }

  #quarantine(publication: Publication, source: string, error: string): void {
    this.#undecodable.add();
    // A copy: the payload is a window on the socket's buffer, which must not be kept alive.
    const payload = Uint8Array.prototype.slice.call(publication.payload, 0, QUARANTINED_BYTES);
    this.#intake?.quarantine({ link: this.#o.link.id, source, error, payload });
  }
}

/** Readings of unknown age can raise an alarm; they never clear one. */
function doubt(batch: ReadingBatch): void {
  for (let i = 0; i < batch.length; i++) {
    const undated = Number.isNaN(batch.time[i]!);
    if (undated && qualityOf(batch.reason[i]!) === GOOD) batch.reason[i] = REASON.last_usable;
  }
}

/** 64 bits: what was said, topic and payload, in the upper half; who said it under which packet id in the lower. */
function identify(batch: ReadingBatch, of: { seed: number; packetId: number; crc: number }): void {
  batch.identityHigh = of.crc;
  batch.identityLow = (of.seed ^ Math.imul(of.packetId, SPREAD)) >>> 0;
  if (batch.identityHigh === 0 && batch.identityLow === 0) batch.identityLow = 1;
}

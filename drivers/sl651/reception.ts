import { crc32 } from "node:zlib";
import type { Counter, Counters } from "../../model/counter.ts";
import { MODES } from "../../model/domain.ts";
import { describe } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import { GOOD, qualityOf, REASON } from "../../model/quality.ts";
import { FLAG_MODE_SHIFT, ReadingBatch } from "../../model/reading.ts";
import type { Clock, Micros } from "../../model/time.ts";
import { sortByTime } from "../chronological.ts";
import { DangerOrder } from "../danger-order.ts";
import { type Intake, REFUSED, type Ticket } from "../driver.ts";
import { decodeBody } from "./body.ts";
import type { Body, BodyHead, BodyVisitor } from "./body-visitor.ts";
import { FUNCTION, functionName, isUniform } from "./control.ts";
import { emptyField, type Field, fieldText } from "./field.ts";
import { addManual } from "./manual.ts";
import type { Station } from "./station.ts";
import { formatStationAddress } from "./station-address.ts";

/** Bytes of an undecodable body that are kept for a person to look at. */
const QUARANTINED_BYTES = 1_024;
/** What a test report says goes to the test data (6.6.4.3). */
const TEST_FLAG = MODES.indexOf("test") << FLAG_MODE_SHIFT;
/** Bytes of serial number and time of sending, which a repeat may have anew. */
const HEAD_BYTES = { hex: 8, ascii: 16 } as const;

/** What became of a report; `stranger`: a station in it that the site does not have, and whose words are not kept. */
export type Outcome =
  /** No station of this site, or not even its head can be read. */
  | { readonly kind: "nothing"; readonly stranger: number | undefined }
  /** Taken: it may be confirmed once `ticket` is durable (0: at once), never when REFUSED. */
  | {
      readonly kind: "taken";
      readonly ticket: Ticket;
      readonly head: BodyHead;
      readonly stranger: number | undefined;
    };

export interface ReceptionOptions {
  readonly link: string;
  readonly stations: ReadonlyMap<number, Station>;
  /** Zone of the stations, µs ahead of UTC. */
  readonly offset: Micros;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
}

/** From a whole body to readings in the intake: decodes, sorts by time, recognises repeats. */
export class Reception implements BodyVisitor {
  readonly #o: ReceptionOptions;
  readonly #batch = new ReadingBatch();
  readonly #order: DangerOrder;
  #intake: Intake | undefined;
  /** Highest ticket handed out: what a repeat waits for, since its first sending entered at or before it. */
  #last: Ticket = 0;
  // What is known of the body that is being read.
  #head: BodyHead | undefined;
  #speaker: Station | undefined;
  #anyKnown = false;
  #stranger: number | undefined;
  readonly #reports: Counter;
  readonly #readings: Counter;
  readonly #repeats: Counter;
  readonly #undecodable: Counter;
  readonly #unmapped: Counter;
  readonly #pictures: Counter;
  readonly #refused: Counter;

  constructor(options: ReceptionOptions) {
    this.#o = options;
    this.#order = new DangerOrder([...options.stations.values()].map(({ device }) => device));
    const labels = { link: options.link };
    const counter = (name: string, help: string) => options.counters.counter({ name, help, labels });
    this.#reports = counter("sl651_reports", "Whole reports of stations of the site.");
    this.#readings = counter("sl651_readings", "Readings decoded from reports.");
    this.#repeats = counter("sl651_repeats", "Reports sent again that had been accepted before.");
    this.#undecodable = counter(
      "sl651_undecodable",
      "Bodies that could not be read to their end: quarantined.",
    );
    this.#unmapped = counter("sl651_unmapped_elements", "Values of elements that no channel wants.");
    this.#pictures = counter("sl651_pictures", "Pictures received; they are not kept.");
    this.#refused = counter("sl651_refused", "Reports the intake did not keep: evaluated, not confirmed.");
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

  /** Enters what a whole body says; `address` is that of its frame. `waited`: the station waits for a confirmation. */
  take(body: Body, from: { address: number; waited: boolean }): Outcome {
    const intake = this.#intake;
    if (intake === undefined) return { kind: "nothing", stranger: undefined };
    const sender = this.#o.stations.get(from.address);
    const batch = this.#batch;
    batch.clear();
    this.#head = undefined;
    this.#speaker = sender;
    this.#anyKnown = sender !== undefined;
    this.#stranger = sender === undefined ? from.address : undefined;
    try {
      decodeBody(body, this.#o.offset, this);
    } catch (error) {
      this.#undecodable.add();
      // Strangers are shown as such; what they say must not push out what stations of the site say.
      if (this.#anyKnown) this.#quarantine(intake, body, { address: from.address, error: describe(error) });
    }
    const head = this.#head as BodyHead | undefined;
    const stranger = this.#stranger;
    if (!this.#anyKnown || head === undefined) return { kind: "nothing", stranger };
    if (body.code === FUNCTION.keepAlive) return { kind: "taken", ticket: 0, head, stranger };
    this.#reports.add();
    (this.#speaker ?? sender)?.last.remember(body, this.#o.clock.now());
    const ticket = this.#enter(intake, body, { ...from, serial: head.serial });
    return { kind: "taken", ticket, head, stranger };
  }

  #enter(intake: Intake, body: Body, from: { address: number; serial: number; waited: boolean }): Ticket {
    const batch = this.#batch;
    if (batch.length === 0) return 0;
    if (body.code === FUNCTION.test) markAsTest(batch);
    sortByTime(batch);
    if (!isUniform(body.code)) this.#order.settle(batch);
    if (from.serial !== 0) {
      identify(batch, body, from);
      if (intake.isRepeat(batch.identityHigh, batch.identityLow)) {
        this.#repeats.add();
        return this.#last;
      }
    }
    this.#readings.add(batch.length);
    const ticket = intake.enter(batch, from.waited ? "acknowledged" : "polled");
    if (ticket === REFUSED) this.#refused.add();
    else if (ticket > this.#last) this.#last = ticket;
    return ticket;
  }

  head(head: BodyHead): void {
    this.#head = head;
  }

  station(address: number): void {
    const station = this.#o.stations.get(address);
    this.#speaker = station;
    if (station === undefined) {
      this.#stranger = address;
      return;
    }
    // A relay of its own address that only passes on what stations of the site say is no stranger.
    if (!this.#anyKnown) this.#stranger = undefined;
    this.#anyKnown = true;
  }

  element(field: Field): void {
    if (this.#speaker?.mapping.add(field, this.#batch, false) !== true) this.#unmapped.add();
  }

  manual(text: Uint8Array): void {
    const mapping = this.#speaker?.mapping;
    if (mapping === undefined || this.#intake === undefined) return;
    if (
      !addManual(text, { mapping, batch: this.#batch, offset: this.#o.offset, time: this.#head?.sent ?? 0 })
    ) {
      this.#unmapped.add();
      const words = fieldText({ ...emptyField(), bytes: text, length: text.length, ascii: true });
      this.#o.log.info({ link: this.#o.link, text: words.slice(0, QUARANTINED_BYTES) }, "a manual report");
    }
  }

  picture(): void {
    this.#pictures.add();
  }

  content(): void {
    // Parameters, versions and counters are for whoever asked.
  }

  #quarantine(intake: Intake, body: Body, what: { address: number; error: string }): void {
    const device = this.#o.stations.get(what.address)?.device.device.id;
    intake.quarantine({
      link: this.#o.link,
      source: device ?? formatStationAddress(what.address),
      error: `${functionName(body.code).en}: ${what.error}`,
      payload: body.bytes.subarray(0, QUARANTINED_BYTES),
    });
  }
}

/** Marks a test report: it may raise an alarm marked as a test, and clears none that is real. */
function markAsTest(batch: ReadingBatch): void {
  for (let i = 0; i < batch.length; i++) {
    batch.flags[i]! |= TEST_FLAG;
    if (qualityOf(batch.reason[i]!) === GOOD) batch.reason[i] = REASON.substitute;
  }
}

/**
 * A report sent again has its serial number again (6.6.2.4). Serial numbers begin anew when a station restarts, so what it says
 * belongs to the identity, too; the time of sending does not.
 */
function identify(batch: ReadingBatch, body: Body, from: { address: number; serial: number }): void {
  const contents = crc32(body.bytes.subarray(HEAD_BYTES[body.encoding]));
  batch.identityLow = crc32(`${from.address} ${from.serial} ${body.code}`, contents);
  // 21 bits are kept of this half: the serial number and five bits of the address.
  batch.identityHigh = ((from.serial << 5) | (from.address & 0x1f)) >>> 0;
}

import { DeviceError, describe } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import { GOOD, qualityOf, REASON } from "../../model/quality.ts";
import { ReadingBatch } from "../../model/reading.ts";
import type { Clock } from "../../model/time.ts";
import { sortByTime } from "../chronological.ts";
import { type Intake, REFUSED, type SnapshotValue, type Stranger, type Ticket } from "../driver.ts";
import { Strangers } from "../strangers.ts";
import type { Counts } from "./counts.ts";
import { EdgeNode } from "./edge-node.ts";
import { type SparkplugDevice, snapshotOf, targetsOf } from "./instrument.ts";
import type { SparkplugOptions } from "./options.ts";
import { Payload, PayloadError } from "./payload-reader.ts";
import { Rebirths } from "./rebirths.ts";
import type { Scope } from "./scope.ts";
import { parseTopic, type SparkplugTopic } from "./topic.ts";

/** Bytes of an undecodable payload that are kept for a person to look at. */
const QUARANTINED_BYTES = 1_024;

/** A message as it arrived. */
export interface Arrival {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly dup: boolean;
  readonly retained: boolean;
}

export interface HostOptions {
  readonly link: { readonly index: number; readonly id: string };
  readonly options: SparkplugOptions;
  readonly devices: readonly SparkplugDevice[];
  readonly clock: Clock;
  readonly log: Log;
  readonly counts: Counts;
  /** Asks a node for its birth. */
  readonly askForBirth: (node: EdgeNode) => void;
}

interface Watched {
  readonly node: EdgeNode;
  readonly rebirths: Rebirths;
}

/** The host application without its connection: nodes of the site, their messages, who else speaks. */
export class Host {
  readonly #o: HostOptions;
  readonly #nodes = new Map<string, Watched>();
  readonly #scopes = new Map<number, Scope>();
  readonly #strangers: Strangers;
  readonly #batch = new ReadingBatch();
  #intake: Intake | undefined;
  #last: Ticket = 0;

  /** @throws ConfigurationError UNIT_MISMATCH when a profile's unit does not fit its channel. */
  constructor(options: HostOptions) {
    this.#o = options;
    const { link, clock, log } = options;
    this.#strangers = new Strangers({
      link: link.id,
      protocol: "Sparkplug B",
      bound: options.options.limits.strangers,
      clock,
      log,
    });
    for (const device of options.devices) {
      const { group, node, device: name } = device.address;
      const scope = this.#watch(group, node).node.wanted(name);
      scope.add(device, targetsOf(device));
      this.#scopes.set(device.device.index, scope);
    }
  }

  /** The ticket that everything entered so far waits for at most. */
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
    this.disconnected();
  }

  /** The connection is there: nobody is known until a birth came, and a will that was published meanwhile was not heard. */
  connected(): void {
    for (const { rebirths } of this.#nodes.values()) rebirths.need("we have just come");
  }

  /** The connection is lost; the link says so for all its devices. */
  disconnected(): void {
    for (const { node, rebirths } of this.#nodes.values()) {
      node.lostTouch();
      rebirths.stop();
    }
  }

  /** Groups of the site's nodes. */
  groups(): string[] {
    return [...new Set(this.#o.devices.map(({ address }) => address.group))];
  }

  strangers(): readonly Stranger[] {
    return this.#strangers.list();
  }

  /** Enters a message. Returns the ticket whose durability permits the acknowledgement (0: at once), or REFUSED. */
  take(arrival: Arrival): Ticket {
    const { counts } = this.#o;
    const topic = parseTopic(arrival.topic);
    if (topic === undefined) {
      counts.unrouted.add();
      return 0;
    }
    const watched = this.#nodes.get(keyOf(topic.group, topic.node));
    if (watched === undefined) {
      counts.unknownNodes.add();
      this.#stranger(topic, arrival);
      return 0;
    }
    if (arrival.retained) {
      counts.retained.add();
      return 0;
    }
    if (topic.device !== undefined && watched.node.scope(topic.device) === undefined) {
      this.#stranger(topic, arrival);
    }
    counts.messages.add();
    return this.#hear(watched, topic, arrival);
  }

  /**
   * What a device said last, channel by channel.
   * @throws DeviceError DEVICE_TIMEOUT when it has said nothing since the link began.
   */
  snapshot(device: number): SnapshotValue[] {
    const targets = this.#scopes.get(device)?.targets ?? [];
    const heard = targets.filter(({ heard, instrument }) => heard && instrument.device.index === device);
    if (heard.length > 0) return heard.map(snapshotOf);
    throw new DeviceError("DEVICE_TIMEOUT", "the device has said nothing since the gateway started", {
      hint: "look at its group, node and device id: `tocsin status` lists who speaks and is in no site file",
    });
  }

  #watch(group: string, name: string): Watched {
    const key = keyOf(group, name);
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const { clock, counts, options, askForBirth, log, link } = this.#o;
    const node = new EdgeNode({
      group,
      node: name,
      counts,
      events: {
        health: (scope, up) => this.#health(scope, up),
        unsound: (why) => rebirths.need(why),
        sound: () => rebirths.answered(),
        died: () => rebirths.stop(),
      },
    });
    const rebirths = new Rebirths({
      clock,
      ...options.rebirth,
      patience: options.patience,
      ask: (why) => {
        log.debug({ link: link.id, node: key, why }, "asking a Sparkplug node for its birth");
        askForBirth(node);
      },
      giveUp: () => this.#giveUp(node),
    });
    const watched = { node, rebirths };
    this.#nodes.set(key, watched);
    return watched;
  }

  #hear({ node, rebirths }: Watched, { verb, device }: SparkplugTopic, arrival: Arrival): Ticket {
    const { clock, counts } = this.#o;
    const batch = this.#batch;
    batch.clear();
    try {
      const payload = new Payload(arrival.payload);
      const message = { verb, device, payload, received: clock.now(), dup: arrival.dup };
      if (node.take(message, batch) === undefined) return this.#last;
      if (node.unordered) sortByTime(batch);
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
      counts.undecodable.add();
      this.#quarantine(arrival, describe(error));
      doubt(batch);
      node.lostTouch();
      rebirths.need("a payload that cannot be read");
    }
    return this.#enter(arrival.qos);
  }

  #enter(qos: 0 | 1 | 2): Ticket {
    const intake = this.#intake;
    const { counts } = this.#o;
    if (intake === undefined) return REFUSED;
    if (this.#batch.length === 0) return 0;
    counts.readings.add(this.#batch.length);
    const ticket = intake.enter(this.#batch, qos === 0 ? "polled" : "acknowledged");
    if (ticket === REFUSED) {
      if (qos === 0) counts.dropped.add();
      else counts.refused.add();
      return REFUSED;
    }
    if (ticket > this.#last) this.#last = ticket;
    return ticket;
  }

  #giveUp(node: EdgeNode): void {
    this.#batch.clear();
    node.giveUp(this.#batch);
    this.#enter(0);
  }

  #health({ instruments }: Scope, up: boolean): void {
    for (const { device } of instruments) {
      this.#intake?.deviceHealth(device.index, up, up ? REASON.good : REASON.no_communication);
    }
  }

  #stranger({ group, node, device, verb }: SparkplugTopic, arrival: Arrival): void {
    const names = { group, node, ...(device === undefined ? {} : { device }) };
    const address = `{ ${Object.entries(names)
      .map(([key, name]) => `${key}: ${JSON.stringify(name)}`)
      .join(", ")} }`;
    const news = this.#strangers.note(address, { peer: this.#o.link.id, said: verb });
    if (news) this.#quarantine(arrival, "no device of this site has this group, node and device");
  }

  #quarantine({ topic, payload }: Arrival, error: string): void {
    // A copy: the payload is a window on the socket's buffer, which must not be kept alive.
    const kept = Uint8Array.prototype.slice.call(payload, 0, QUARANTINED_BYTES);
    this.#intake?.quarantine({ link: this.#o.link.id, source: topic, error, payload: kept });
  }
}

/** Ids have no slash, so that this is one node's alone. */
function keyOf(group: string, node: string): string {
  return `${group}/${node}`;
}

/** A payload that breaks off may be wrong before that too. */
function doubt(batch: ReadingBatch): void {
  for (let i = 0; i < batch.length; i++) {
    if (qualityOf(batch.reason[i]!) === GOOD) batch.reason[i] = REASON.last_usable;
  }
}

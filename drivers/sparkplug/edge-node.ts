import { REASON, type Reason } from "../../model/quality.ts";
import type { ReadingBatch } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";
import type { Counts } from "./counts.ts";
import { type Carrier, MetricEntry } from "./metric-entry.ts";
import { emptyMetric, numberOf, type Payload } from "./payload-reader.ts";
import { Scope } from "./scope.ts";
import { SEQUENCE, type Verb } from "./topic.ts";

/** The metric that ties a death to its birth. */
const BD_SEQ = "bdSeq";

/** What a node tells about its devices. */
export interface EdgeNodeEvents {
  /** The devices of a scope are there, or are not. Called on change only. */
  health(scope: Scope, up: boolean): void;
  /** A birth is needed before its data can be relied on. */
  unsound(why: string): void;
  /** It was born. */
  sound(): void;
  /** It died: it will be born by itself. */
  died(): void;
}

export interface EdgeNodeOptions {
  readonly group: string;
  readonly node: string;
  readonly counts: Counts;
  readonly events: EdgeNodeEvents;
}

/** A message of a node. */
export interface EdgeMessage {
  readonly verb: Verb;
  readonly device: string | undefined;
  readonly payload: Payload;
  readonly received: Micros;
  /** The protocol's own word that this may have been sent before. */
  readonly dup: boolean;
}

/**
 * The session of one edge node: its birth gives names and aliases to metrics, its messages are numbered, its death ends all.
 * Whatever comes without a valid birth, or after a gap (a lost message may have been another birth, with other aliases), can
 * raise an alarm and clears nothing.
 */
export class EdgeNode {
  readonly #o: EdgeNodeOptions;
  readonly #scopes = new Map<string | undefined, Scope>();
  readonly #entry: MetricEntry;
  readonly #metric = emptyMetric();
  /** Between its birth and its death, without a gap. */
  #sound = false;
  #born = false;
  #seq = 0;
  #bdSeq = Number.NaN;

  constructor(options: EdgeNodeOptions) {
    this.#o = options;
    this.#entry = new MetricEntry(options.counts);
  }

  get group(): string {
    return this.#o.group;
  }

  get node(): string {
    return this.#o.node;
  }

  get sound(): boolean {
    return this.#sound;
  }

  get scopes(): Iterable<Scope> {
    return this.#scopes.values();
  }

  /** The node itself (undefined) or a device of it that the site has. */
  scope(device: string | undefined): Scope | undefined {
    return this.#scopes.get(device);
  }

  /** Makes a scope of the site's. */
  wanted(device: string | undefined): Scope {
    const known = this.#scopes.get(device);
    if (known !== undefined) return known;
    const scope = new Scope(device);
    this.#scopes.set(device, scope);
    return scope;
  }

  /** Something it said was lost, so that its present birth may be another. */
  lostTouch(): void {
    this.#sound = false;
  }

  /** Enters what a message says. Undefined: it repeats the message before it. @throws PayloadError; what was read until then stands. */
  take(message: EdgeMessage, batch: ReadingBatch): true | undefined {
    this.#entry.historical = false;
    switch (message.verb) {
      case "NBIRTH":
        this.#nodeBorn(message, batch);
        return true;
      case "NDEATH":
        this.#nodeDied(message, batch);
        return true;
      default:
        return this.#numbered(message, batch);
    }
  }

  /** Whether the message taken last had readings in no particular order of time. */
  get unordered(): boolean {
    return this.#entry.historical;
  }

  /** No birth came in time: the devices that have none are lost. */
  giveUp(batch: ReadingBatch): void {
    for (const scope of this.#scopes.values()) {
      if (!this.#sound || !scope.alive) this.#lose(scope, batch);
    }
  }

  #nodeBorn(message: EdgeMessage, batch: ReadingBatch): void {
    const { counts, events } = this.#o;
    counts.births.add();
    this.#bdSeq = Number.NaN;
    for (const scope of this.#scopes.values()) {
      scope.forget();
      scope.alive = false;
    }
    this.#born = true;
    this.#seq = message.payload.seq;
    this.#sound = isSequence(this.#seq);
    const own = this.#scopes.get(undefined);
    this.#readBirth(message, own, batch);
    if (own !== undefined) this.#revive(own);
    if (this.#sound) events.sound();
    else events.unsound("a birth without a sequence number");
  }

  #nodeDied({ payload }: EdgeMessage, batch: ReadingBatch): void {
    const { counts, events } = this.#o;
    const bdSeq = this.#bdSeqOf(payload);
    // A will that the broker publishes after the node has come back (tck-id-payloads-ndeath-bdseq).
    // Without a valid birth of our own nobody knows which session is the present one: then every death counts.
    if (this.#sound && bdSeq !== this.#bdSeq && !Number.isNaN(bdSeq) && !Number.isNaN(this.#bdSeq)) {
      counts.staleDeaths.add();
      return;
    }
    counts.deaths.add();
    this.#born = false;
    this.#sound = false;
    for (const scope of this.#scopes.values()) {
      scope.forget();
      this.#lose(scope, batch);
    }
    events.died();
  }

  #numbered(message: EdgeMessage, batch: ReadingBatch): true | undefined {
    const { counts } = this.#o;
    const { seq } = message.payload;
    if (message.dup && this.#sound && seq === this.#seq) {
      counts.repeats.add();
      return undefined;
    }
    this.#follow(seq);
    const scope = this.#scopes.get(message.device);
    if (message.verb.startsWith("D") && scope === undefined) counts.unknownDevices.add();
    if (!this.#sound) counts.doubted.add();
    if (scope === undefined) return true;
    switch (message.verb) {
      case "DBIRTH":
        counts.births.add();
        scope.forget();
        this.#readBirth(message, scope, batch);
        if (this.#sound) this.#revive(scope);
        break;
      case "DDEATH":
        counts.deaths.add();
        this.#lose(scope, batch);
        break;
      default:
        this.#readData(message, scope, batch);
    }
    return true;
  }

  /** Compares a sequence number with the one that should follow. */
  #follow(seq: number): void {
    const expected = (this.#seq + 1) % SEQUENCE;
    this.#seq = seq;
    if (seq === expected && this.#sound) return;
    if (this.#sound) this.#o.counts.gaps.add();
    const why = this.#born
      ? isSequence(seq)
        ? `message ${expected} is missing, ${seq} came`
        : "a message without a sequence number"
      : "it was not born";
    this.#sound = false;
    this.#o.events.unsound(why);
  }

  #readBirth({ payload, received }: EdgeMessage, scope: Scope | undefined, batch: ReadingBatch): void {
    const metric = this.#metric;
    const { counts } = this.#o;
    const carrier: Carrier | undefined = scope && {
      payload,
      scope,
      birth: true,
      doubted: !this.#sound,
      received,
      batch,
    };
    for (let i = 0; i < payload.length; i++) {
      payload.metric(i, metric);
      if (metric.name === BD_SEQ && (scope === undefined || scope.device === undefined)) {
        this.#bdSeq = numberOf(metric, metric.dataType);
        continue;
      }
      if (scope === undefined || carrier === undefined || metric.name === "") continue;
      const definition = scope.define(metric.name, metric.dataType);
      // tck-id-payloads-alias-uniqueness
      if (metric.alias !== undefined && !scope.alias(metric.alias, definition)) counts.ambiguousAliases.add();
      if (definition === scope.unwanted) counts.unmapped.add();
      else this.#entry.enter(metric, definition, carrier);
    }
    if (scope === undefined) return;
    for (const target of scope.targets) {
      if (target.born) continue;
      counts.missing.add();
      batch.add(target.channel.index, Number.NaN, REASON.configuration_error);
      tell(target, REASON.configuration_error, received);
    }
  }

  #readData({ payload, received }: EdgeMessage, scope: Scope, batch: ReadingBatch): void {
    const metric = this.#metric;
    const { counts, events } = this.#o;
    // Data of a device that has died or was never born: the same doubt.
    const doubted = !this.#sound || !scope.alive;
    const carrier: Carrier = { payload, scope, birth: false, doubted, received, batch };
    let unknown = 0;
    for (let i = 0; i < payload.length; i++) {
      payload.metric(i, metric);
      const { name, alias, dataType } = metric;
      const definition =
        name !== "" ? scope.named(name, dataType) : alias === undefined ? undefined : scope.aliased(alias);
      if (definition === undefined) unknown++;
      else this.#entry.enter(metric, definition, carrier);
    }
    if (unknown > 0) {
      counts.unknownAliases.add(unknown);
      if (this.#sound) {
        this.#sound = false;
        events.unsound("an alias that its birth did not give");
      }
    } else if (this.#sound && !scope.alive) events.unsound("data of a device without a birth");
  }

  #bdSeqOf(payload: Payload): number {
    for (let i = 0; i < payload.length; i++) {
      payload.metric(i, this.#metric);
      if (this.#metric.name === BD_SEQ) return numberOf(this.#metric, this.#metric.dataType);
    }
    return Number.NaN;
  }

  #revive(scope: Scope): void {
    scope.alive = true;
    if (scope.up === true) return;
    scope.up = true;
    this.#o.events.health(scope, true);
  }

  #lose(scope: Scope, batch: ReadingBatch): void {
    scope.alive = false;
    if (scope.up === false) return;
    scope.up = false;
    for (const { channel } of scope.targets) batch.add(channel.index, Number.NaN, REASON.no_communication);
    this.#o.events.health(scope, false);
  }
}

function isSequence(seq: number): boolean {
  return Number.isInteger(seq) && seq >= 0 && seq < SEQUENCE;
}

function tell(target: Scope["targets"][number], reason: Reason, received: Micros): void {
  target.heard = true;
  target.value = Number.NaN;
  target.reason = reason;
  target.raw = null;
  target.time = received;
}

import type { WrittenMetric } from "../drivers/sparkplug/payload-writer.ts";
import type { SparkplugSection } from "../drivers/sparkplug/profile.ts";
import { describe } from "../model/error.ts";
import { MILLISECOND, type Micros, SECOND } from "../model/time.ts";
import { awayBy, clockOffset, type Fault } from "./fault.ts";
import { FaultCount } from "./fault-count.ts";
import type { Instrument } from "./instrument.ts";
import type { Moment } from "./moment.ts";
import { ordinaryPeriod } from "./ordinary-period.ts";
import { SparkplugEdge, type SparkplugEdgeOptions } from "./sparkplug-edge.ts";
import { SparkplugMetrics } from "./sparkplug-metrics.ts";
import type { Stage } from "./stage.ts";

/** A broker that is not there is dialled again after this time. */
const REDIAL: Micros = 5 * SECOND;
/** Values that a device keeps while it may not send: as much as a small edge node has room for; the oldest go first. */
const KEPT_MAX = 1_000;
/** Added to an alias that is to be wrong: no birth gives so many. */
const WRONG_BY = 1_000_000;
/** A tag of protobuf that belongs to nothing, and breaks off. */
const NONSENSE = Uint8Array.of(0x12, 0xff, 0x01);

export interface SparkplugNodeOptions extends Pick<SparkplugEdgeOptions, "url" | "group" | "node"> {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly stage: Stage;
  readonly every: (device: string) => Micros | undefined;
  readonly onConnection: (device: string, connected: boolean) => void;
  readonly onTrouble: (where: string, words: string) => void;
}

/** One instrument behind the node, and what is due. */
interface Behind {
  readonly instrument: Instrument;
  readonly metrics: SparkplugMetrics;
  readonly every: Micros;
  readonly faults: FaultCount;
  readonly last: Map<number, number>;
  readonly kept: WrittenMetric[];
  due: Micros;
}

/** One edge node of a scenario with the instruments behind it: born when it connects, data when something is due or changes. */
export class SparkplugNode {
  readonly #o: SparkplugNodeOptions;
  readonly #edge: SparkplugEdge;
  /** By Sparkplug's device; undefined: the node's own metrics. */
  readonly #devices = new Map<string | undefined, Behind[]>();
  /** Devices that have died without the node. */
  readonly #dead = new Set<string>();
  #dialAt: Micros = 0;
  #dialling: Promise<void> | undefined;
  #told = false;

  constructor(
    instruments: readonly (readonly [Instrument, SparkplugSection])[],
    options: SparkplugNodeOptions,
  ) {
    this.#o = options;
    const { url, group, node, username, password, stage } = options;
    this.#edge = new SparkplugEdge({
      url,
      group,
      node,
      clock: stage.clock,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    });
    let alias = 1;
    for (const [instrument, section] of instruments) {
      const { device } = instrument;
      const behind: Behind = {
        instrument,
        metrics: new SparkplugMetrics(instrument, section, alias),
        every: options.every(device.id) ?? ordinaryPeriod(instrument),
        faults: new FaultCount(),
        last: new Map(),
        kept: [],
        due: 0,
      };
      alias += device.channels.length;
      const name = device.address.device;
      this.#devices.set(name, [...(this.#devices.get(name) ?? []), behind]);
    }
  }

  tick(moment: Moment): void {
    const away = [...this.#devices.values()].flat().map(({ instrument }) => awayOf(instrument, moment));
    if (away.every((how) => how !== "here")) {
      this.#leave(away.includes("offline"));
      return;
    }
    this.#tell();
    if (!this.#edge.connected) {
      this.#dial(moment);
      return;
    }
    for (const [name, behind] of this.#devices) this.#tickDevice(name, behind, moment);
  }

  async stop(): Promise<void> {
    await this.#dialling;
    await this.#edge.close();
  }

  #tickDevice(name: string | undefined, behind: readonly Behind[], moment: Moment): void {
    this.#becomes(name, behind, moment);
    const here = behind.filter(({ instrument }) => awayOf(instrument, moment) === "here");
    if (here.length === 0) {
      if (name === undefined || this.#dead.has(name)) return;
      this.#dead.add(name);
      this.#do(this.#edge.deathOf(name));
      return;
    }
    if (name !== undefined && this.#dead.delete(name)) this.#do(this.#edge.birthOf(name));
    for (const one of here) this.#tickInstrument(name, one, moment);
  }

  #tickInstrument(name: string | undefined, behind: Behind, moment: Moment): void {
    const active = behind.instrument.faults(moment);
    const keeps = active.some(({ fault }) => fault.kind === "kept");
    if (!keeps && behind.kept.length > 0) {
      this.#do(this.#edge.say(name, behind.kept.splice(0)));
    }
    const changed = this.#changed(behind, moment);
    if (!changed && moment.elapsed < behind.due) return;
    if (moment.elapsed >= behind.due) behind.due = moment.elapsed + behind.every;
    const faults = behind.faults.befalling(active, moment);
    const timestamp = Math.floor((this.#o.stage.clock.wall() + clockOffset(faults)) / MILLISECOND);
    const metrics = behind.metrics.said(moment).map((metric) => ({ ...metric, timestamp }));
    if (keeps) {
      behind.kept.push(...metrics.map((metric) => ({ ...metric, historical: true })));
      behind.kept.splice(0, Math.max(0, behind.kept.length - KEPT_MAX));
    } else this.#say(name, metrics, faults);
  }

  #say(name: string | undefined, metrics: readonly WrittenMetric[], faults: readonly Fault[]): void {
    const befalls = (kind: Fault["kind"]) => faults.some((fault) => fault.kind === kind);
    if (befalls("lost")) this.#edge.lose();
    else if (befalls("malformed")) {
      const verb = name === undefined ? "NDATA" : "DDATA";
      this.#do(
        this.#edge.utter(verb, { ...(name === undefined ? {} : { device: name }), payload: NONSENSE }),
      );
    } else if (befalls("wrong-alias")) {
      const wrong = metrics.map((metric) => ({ ...metric, alias: Number(metric.alias) + WRONG_BY }));
      this.#do(this.#edge.say(name, wrong));
    } else this.#do(this.#edge.say(name, metrics));
  }

  /** Whether a state differs from what it was at the last look. */
  #changed({ instrument, metrics, last }: Behind, moment: Moment): boolean {
    let changed = false;
    for (const index of metrics.states) {
      const { value } = instrument.says(index, moment);
      const before = last.get(index);
      last.set(index, value);
      if (before !== undefined && !Object.is(before, value)) changed = true;
    }
    return changed;
  }

  /** What the next birth of a device, or of the node, says. */
  #becomes(name: string | undefined, behind: readonly Behind[], moment: Moment): void {
    const here = behind.filter(({ instrument }) => awayOf(instrument, moment) === "here");
    this.#edge.becomes(
      name,
      here.flatMap(({ metrics }) => metrics.born(moment)),
    );
  }

  #dial(moment: Moment): void {
    if (this.#dialling !== undefined || moment.elapsed < this.#dialAt) return;
    this.#dialAt = moment.elapsed + REDIAL;
    this.#dead.clear();
    for (const [name, behind] of this.#devices) {
      this.#becomes(name, behind, moment);
      for (const one of behind) one.due = moment.elapsed + one.every;
    }
    this.#dialling = this.#edge
      .connect()
      .catch((error: unknown) => this.#trouble(error))
      .finally(() => {
        this.#dialling = undefined;
      });
  }

  #leave(inGoodOrder: boolean): void {
    if (this.#edge.connected) {
      if (inGoodOrder) this.#do(this.#edge.die().then(() => this.#edge.close()));
      else this.#edge.drop();
      // Back again it is born at once.
      this.#dialAt = 0;
    }
    this.#tell();
  }

  /** Tells when the connection has come or gone. */
  #tell(): void {
    const { connected } = this.#edge;
    if (connected === this.#told) return;
    this.#told = connected;
    for (const { instrument } of [...this.#devices.values()].flat()) {
      this.#o.onConnection(instrument.device.id, connected);
    }
  }

  #do(done: Promise<void>): void {
    done.catch((error: unknown) => this.#trouble(error));
  }

  #trouble(error: unknown): void {
    this.#o.onTrouble(`${this.#o.group}/${this.#o.node}`, describe(error));
  }
}

function awayOf(instrument: Instrument, moment: Moment): "here" | "dead" | "offline" {
  return awayBy(instrument.faults(moment).map(({ fault }) => fault));
}

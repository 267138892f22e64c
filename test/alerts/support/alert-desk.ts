import { Alerts, type AlertsOptions } from "../../../gateway/alerts/alerts.ts";
import type { UnstampedRecord } from "../../../gateway/alerts/command-ledger.ts";
import { alertsOptionsSchema, type UplinkSettings, uplinkSchema } from "../../../gateway/alerts/options.ts";
import type { ConnectUplink } from "../../../gateway/alerts/uplink.ts";
import type { Digest } from "../../../gateway/journal/chain.ts";
import { CounterRegistry } from "../../../model/counter.ts";
import { SILENT } from "../../../model/log.ts";
import type { Clock } from "../../../model/time.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { AlarmPlant } from "./alarm-plant.ts";
import { RecordingBus } from "./recording-bus.ts";
import { SITE, SITE_RULES } from "./site.ts";

/** What outlives a gateway: its data folder. */
export interface Disk {
  readonly cursors: Map<string, number>;
}

export interface DeskOptions {
  readonly clock?: Clock;
  readonly plant?: AlarmPlant;
  readonly rules?: typeof SITE_RULES;
  readonly disk?: Disk;
  readonly alerts?: Parameters<typeof alertsOptionsSchema.parse>[0];
  readonly uplinks?: Record<string, Partial<Parameters<typeof uplinkSchema.parse>[0] & object>>;
  readonly connect?: ConnectUplink;
  /** The embedded broker; a recording one unless told otherwise, none with `null`. */
  readonly bus?: ConstructorParameters<typeof RecordingBus>[0] | null;
  readonly attach?: Parameters<Alerts["attach"]>[1];
  /** Routes to people that work and take a red danger, by point. */
  readonly routes?: (point: string) => number;
  readonly whenDurable?: (ticket: number) => Promise<void>;
  readonly digests?: readonly Digest[];
  readonly digest?: (date: string) => Promise<Digest>;
  /** Asks instruments; none can be asked by default. */
  readonly request?: AlertsOptions["request"] & object;
}

/** Alerts with alarms of the test's making; events reach them at once, committed, unless the test holds them back. */
export class AlertDesk {
  readonly clock: Clock;
  readonly plant: AlarmPlant;
  readonly counters = new CounterRegistry();
  readonly bus = new RecordingBus();
  readonly alerts: Alerts;
  readonly disk: Disk;
  readonly subscribers: number[] = [];
  /** What was written down of commands. */
  readonly records: UnstampedRecord[] = [];
  committed = true;

  constructor(options: DeskOptions = {}) {
    const clock = options.clock ?? new ManualClock();
    this.clock = clock;
    this.plant = options.plant ?? new AlarmPlant(() => clock.now());
    this.disk = options.disk ?? { cursors: new Map() };
    this.alerts = new Alerts({
      configuration: {
        site: SITE,
        rules: options.rules ?? SITE_RULES,
        alerts: alertsOptionsSchema.parse(options.alerts ?? {}),
        uplinks: Object.entries(options.uplinks ?? {}).map(([id, uplink]) => ({
          id,
          options: uplinkSchema.parse({ url: "mqtt://broker.example:1883", ...uplink }) as UplinkSettings,
        })),
        folder: "/",
        secret: () => "secret",
      },
      clock,
      now: () => clock.now(),
      log: SILENT,
      counters: this.counters,
      engine: this.plant,
      command: (command, record) => {
        const done = this.plant.command(command);
        const made = record(done.outcome);
        if (made !== undefined) this.records.push(made);
        return done;
      },
      record: (record) => this.records.push(record),
      digests: options.digests ?? [],
      digest: options.digest ?? (() => Promise.reject(new Error("no log here"))),
      whenDurable: options.whenDurable ?? (() => Promise.resolve()),
      events: this.plant.events,
      cursor: (name) => Promise.resolve(this.disk.cursors.get(name) ?? 0),
      setCursor: (name, next) => {
        this.disk.cursors.set(name, next);
        return Promise.resolve();
      },
      status: () => ({ ready: true, uncommitted: 0, failure: undefined }),
      version: "0.0.0",
      onSubscribers: (count) => this.subscribers.push(count),
      ...(options.request === undefined ? {} : { request: options.request }),
      ...(options.routes === undefined ? {} : { routes: ({ id }) => options.routes!(id) }),
      ...(options.connect === undefined ? {} : { connect: options.connect }),
    });
    if (options.attach !== undefined) this.alerts.attach("broker", options.attach, { embedded: true });
    else if (options.bus !== null) this.alerts.attach("broker", this.bus, { embedded: true });
    this.plant.onEvent = (event) => this.alerts.event(event, this.committed);
  }

  /** Starts alerts; `await using` stops them. */
  static async start(options: DeskOptions = {}): Promise<AlertDesk> {
    const desk = new AlertDesk(options);
    await desk.alerts.start();
    await settled();
    return desk;
  }

  /** Total of a counter over all its labels. */
  count(name: string): number {
    let total = 0;
    for (const counter of this.counters) if (counter.name.name === name) total += counter.total;
    return total;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.alerts.stop();
  }
}

/** Lets promises that are ready run. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
}

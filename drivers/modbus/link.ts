import type { Counter } from "../../model/counter.ts";
import {
  ConfigurationError,
  describe,
  InternalError,
  NetworkError,
  type TocsinError,
} from "../../model/error.ts";
import { REASON } from "../../model/quality.ts";
import { ReadingBatch } from "../../model/reading.ts";
import { type Micros, SECOND } from "../../model/time.ts";
import {
  type Driver,
  type DriverContext,
  type Intake,
  type RawRead,
  type SnapshotValue,
  STOP_BOUND,
  type WriteOrder,
  type WriteResult,
} from "../driver.ts";
import { Bus } from "./bus.ts";
import { compileDevice, type ModbusDevice } from "./compile.ts";
import { Connection } from "./connection.ts";
import { Episodes } from "./episodes.ts";
import type { PollingOptions } from "./options.ts";
import { Pauses } from "./pauses.ts";
import type { GroupPoll, Outcome } from "./poll.ts";
import { identify, readRaw } from "./raw-read.ts";
import { Schedule, type Task } from "./schedule.ts";
import type { Session } from "./session.ts";
import { snapshot } from "./snapshot.ts";
import { Station, type StationOptions, trigger } from "./station.ts";
import { WriteQueue } from "./write-queue.ts";

/** What tells one kind of Modbus link from another. */
export interface LinkKind {
  /** Opens a connection; `renew` throws it away later, so that another is opened. */
  readonly open: (signal: AbortSignal, renew: (error: TocsinError) => void) => Promise<Session>;
  /** Requests under way at the same time. */
  readonly inFlight: number;
  /** Answers carry no transaction id. */
  readonly untagged: boolean;
  /** Least silence between frames. */
  readonly frameGap: Micros;
  /** Whether a connection that hears nothing may be dead without the system knowing (TCP). */
  readonly mayBeDeaf: boolean;
  /** It is one of several ways of its link, by this name: when it is lost its devices are, and not the link. */
  readonly carrier?: string;
}

/** Part of STOP_BOUND that closing may take. */
const CLOSE_BOUND: Micros = STOP_BOUND / 2;

/** Polls begun beyond those that can be on the wire: one that waits for a device's late answer must not hold up the others. */
const POLLS_BESIDE = 3;

/** The driver of one Modbus link: keeps it open, polls its devices in turn, and reports what it cannot read. */
export class ModbusLink implements Driver {
  readonly #context: DriverContext;
  readonly #options: PollingOptions;
  /** For messages. */
  readonly #name: string;
  readonly #isCarrier: boolean;
  readonly #connection: Connection;
  readonly #bus: Bus;
  readonly #schedule: Schedule;
  readonly #stations: Station[];
  readonly #probes = new Map<Station, Task>();
  readonly #polls = new Map<Station, Task[]>();
  readonly #reported = new Map<Station, boolean>();
  readonly #episodes: Episodes;
  readonly #pauses: Pauses;
  readonly #writes: WriteQueue;
  readonly #reconnects: Counter;
  readonly #batch = new ReadingBatch();
  #intake: Intake | undefined;

  /** @throws ConfigurationError when a device cannot be compiled. */
  constructor(context: DriverContext, kind: LinkKind, random: () => number = Math.random) {
    const { clock, counters, link, log } = context;
    // The gateway has parsed them with the schemas of kinds.ts.
    const options = context.options as PollingOptions;
    const labels = { link: link.id };
    this.#context = context;
    this.#options = options;
    this.#name = kind.carrier ?? link.id;
    this.#isCarrier = kind.carrier !== undefined;
    this.#pauses = new Pauses(clock);
    this.#episodes = new Episodes(log, clock, { link: link.id });
    this.#reconnects = counters.counter({
      name: "modbus_reconnects",
      help: "Connections made anew after one was lost.",
      labels,
    });
    const missed = counters.counter({
      name: "modbus_missed_cycles",
      help: "Polls left out because the one before had not come to its end.",
      labels,
    });
    const excluded = counters.counter({
      name: "modbus_excluded_registers",
      help: "Registers left out because the device refused them.",
      labels,
    });
    this.#bus = new Bus({
      link: link.id,
      clock,
      pauses: this.#pauses,
      counters,
      inFlight: kind.inFlight,
      retries: options.retries,
      untagged: kind.untagged,
      late: options.timeout,
      frameGap: kind.frameGap,
      onAnswer: () => this.#connection.prove(),
      onStuck: () => {
        if (kind.mayBeDeaf) this.#connection.renew(deaf(this.#name));
      },
    });
    const { timeout } = options;
    this.#writes = new WriteQueue({ bus: this.#bus, pauses: this.#pauses, clock, timeout });
    const compiled = this.#devices().map((device) =>
      named(device.device.id, () => compileDevice(device, options.workarounds)),
    );
    const measuring = compiled.flatMap(({ groups }) => groups.filter(({ triggered }) => triggered)).length;
    this.#schedule = new Schedule({
      clock,
      // A poll that waits for a measurement is not on the wire.
      limit: kind.inFlight + POLLS_BESIDE + measuring,
      onMissed: (times) => missed.add(times),
      onFault: (error) => log.error({ link: link.id, err: error }, `a poll broke off: ${describe(error)}`),
    });
    this.#stations = compiled.map((device) => {
      const name = (what: string) => `${device.id}: ${what}`;
      const stationOptions: StationOptions = {
        clock,
        bus: this.#bus,
        pauses: this.#pauses,
        timeout,
        longestProbe: options.probe,
        untagged: kind.untagged,
        random,
        events: {
          excluded: (what, error) => {
            excluded.add();
            this.#episodes.happened(
              name(`excluded ${what}`),
              `${device.id}: ${what} is left out: ${describe(error)}`,
            );
          },
          readmitted: (what) =>
            this.#episodes.over(name(`excluded ${what}`), `${device.id}: ${what} is read again`),
          failed: (what, error) => this.#episodes.happened(name(what), `${device.id}: ${describe(error)}`),
          succeeded: (what) => this.#episodes.over(name(what), `${device.id}: ${what} is read again`),
        },
      };
      return named(device.id, () => new Station(device, stationOptions));
    });
    for (const station of this.#stations) this.#addTasks(station);
    this.#connection = new Connection(
      {
        clock,
        open: (signal) => kind.open(signal, (error) => this.#connection.renew(error)),
        pauseAfterConnect: Math.max(
          options.workarounds.pauseAfterConnect,
          ...compiled.map((device) => device.workarounds.pauseAfterConnect),
        ),
        longestPause: options.reconnect,
        settle: Math.max(options.timeout, SECOND),
        random,
      },
      {
        attached: (session) => {
          this.#bus.attach(session);
          this.#episodes.over("session", `link ${this.#name}: the connection stands again`);
          this.#schedule.start();
        },
        detached: (error) => {
          this.#reconnects.add();
          this.#bus.detach();
          this.#episodes.happened("session", describe(error));
        },
        up: () => this.#up(),
        down: (error, changed) => this.#down(error, changed),
      },
    );
  }

  start(intake: Intake): Promise<void> {
    this.#intake = intake;
    this.#connection.start();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#intake = undefined;
    this.#schedule.pause();
    this.#pauses.end();
    this.#episodes.close();
    this.#bus.fail(new NetworkError("LINK_DOWN", `link ${this.#context.link.id} is stopped`));
    const closed = this.#connection.stop().then(() => this.#schedule.idle());
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#context.clock.after(CLOSE_BOUND, resolve);
    await Promise.race([closed, promise]);
    timer.cancel();
  }

  async read(device: number, signal: AbortSignal): Promise<SnapshotValue[]> {
    const found = this.#devices().find((candidate) => candidate.device.index === device);
    if (found === undefined) throw new InternalError("INTERNAL", `device ${device} is not on this link`);
    const compiled = compileDevice(found, this.#options.workarounds);
    const { timeout } = this.#options;
    const bus = this.#bus;
    return await snapshot({
      device: compiled,
      bus,
      timeout,
      clock: this.#context.clock,
      signal,
      trigger: () => trigger(compiled, { bus, timeout, pauses: this.#pauses }),
    });
  }

  async write(order: WriteOrder): Promise<WriteResult> {
    const station = this.#stations.find(({ device }) => device.index === order.device);
    if (station === undefined)
      throw new InternalError("INTERNAL", `device ${order.device} is not on this link`);
    return await this.#writes.write(station.device, order);
  }

  readRaw(request: RawRead): Promise<Uint8Array> {
    return readRaw(this.#bus, request, this.#options.timeout);
  }

  identify({ unit }: Pick<RawRead, "unit">): Promise<Readonly<Record<string, string>>> {
    return identify(this.#bus, unit, this.#options.timeout);
  }

  #devices(): readonly ModbusDevice[] {
    // Address and section were parsed by the schemas of this folder.
    return this.#context.devices as readonly ModbusDevice[];
  }

  #addTasks(station: Station): void {
    const polls = station.polls.map((poll) =>
      this.#schedule.add(poll.group.period, () => this.#poll(station, poll)),
    );
    const probe = this.#schedule.add(this.#options.probe, () => this.#probe(station));
    probe.enabled = false;
    this.#polls.set(station, polls);
    this.#probes.set(station, probe);
  }

  async #poll(station: Station, poll: GroupPoll): Promise<void> {
    if (station.probing) return;
    const outcome = await station.poll(poll);
    if (outcome === "lost") return;
    this.#report(station);
    const batch = this.#batch;
    batch.clear();
    poll.group.finish(batch);
    this.#enter(batch);
    if (outcome === "silent") this.#turnTo(station, outcome);
  }

  async #probe(station: Station): Promise<void> {
    const outcome = await station.probe();
    if (outcome === "silent") {
      this.#report(station);
      const batch = this.#batch;
      batch.clear();
      station.fail(station.reason, batch);
      this.#enter(batch);
    } else if (outcome === "answered") this.#report(station);
    this.#turnTo(station, outcome);
  }

  /** From polls to probes when a device falls silent, and back when it answers. */
  #turnTo(station: Station, outcome: Outcome): void {
    const probe = this.#probes.get(station)!;
    const probing = station.probing && outcome !== "answered";
    probe.enabled = probing;
    if (probing) probe.due = station.nextProbe();
    const now = this.#context.clock.now();
    for (const task of this.#polls.get(station) ?? []) {
      if (!task.enabled && !probing) task.due = now;
      task.enabled = !probing;
    }
    this.#schedule.check();
  }

  #enter(batch: ReadingBatch): void {
    if (batch.length > 0) this.#intake?.enter(batch, "polled");
  }

  #report(station: Station): void {
    const { up, device } = station;
    if (up === undefined || this.#reported.get(station) === up) return;
    this.#reported.set(station, up);
    this.#intake?.deviceHealth(device.index, up, up ? REASON.good : station.reason);
    if (up) this.#episodes.over(`dead ${device.id}`, `${device.id} answers again`);
    else this.#episodes.happened(`dead ${device.id}`, `${device.id} (unit ${device.unit}) does not answer`);
  }

  #up(): void {
    const { link } = this.#context;
    if (!this.#isCarrier) this.#intake?.linkHealth(link.index, true, REASON.good);
    this.#episodes.over("down", `link ${this.#name} is up again`);
  }

  #down(error: TocsinError, changed: boolean): void {
    this.#schedule.pause();
    this.#bus.fail(error);
    const { link } = this.#context;
    this.#episodes.happened("down", `link ${this.#name}: ${describe(error)}`, { hint: error.hint });
    if (!changed) return;
    if (!this.#isCarrier) this.#intake?.linkHealth(link.index, false, REASON.not_connected);
    for (const station of this.#stations) {
      if (this.#isCarrier) {
        this.#reported.set(station, false);
        this.#intake?.deviceHealth(station.device.index, false, REASON.not_connected);
        // What it was before is no news any more: it must answer to be up again.
        station.up = undefined;
      }
      station.forget();
      this.#turnTo(station, "lost");
      this.#batch.clear();
      station.fail(REASON.not_connected, this.#batch);
      this.#enter(this.#batch);
    }
  }
}

/** Nothing is heard on a connection that the system believes to stand: a cable was pulled, or the peer lost its state. */
function deaf(link: string): NetworkError {
  return new NetworkError("LINK_DOWN", `link ${link}: nothing is heard any more, a new connection is made`);
}

/** Runs something for a device; an error of its configuration then says which device it is. */
function named<T>(device: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new ConfigurationError(error.code, `device ${device}: ${error.message}`, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

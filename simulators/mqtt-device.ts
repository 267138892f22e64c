import type { PayloadSection } from "../drivers/mqtt/profile.ts";
import type { Micros, Timer } from "../model/time.ts";
import { awayBy, clockOffset } from "./fault.ts";
import { FaultCount } from "./fault-count.ts";
import type { Instrument } from "./instrument.ts";
import type { Moment } from "./moment.ts";
import { type BrokerAccess, MqttConnection } from "./mqtt-connection.ts";
import { hashText } from "./noise.ts";
import { ordinaryPeriod } from "./ordinary-period.ts";
import { availabilityPayload, deviceTopic, PayloadBuilder, spoken } from "./payload.ts";
import { delayOf, spoil } from "./spoil.ts";
import type { Stage } from "./stage.ts";

export interface MqttDeviceOptions {
  readonly instrument: Instrument;
  readonly section: PayloadSection;
  readonly access: BrokerAccess;
  readonly stage: Stage;
  /** How often it publishes; undefined: by its profile. */
  readonly every: Micros | undefined;
  readonly onConnected?: (connected: boolean) => void;
  readonly onTrouble?: (words: string) => void;
}

/** An instrument that publishes to a broker, by its profile. */
export class MqttDevice {
  readonly topic: string;
  readonly every: Micros;
  readonly #options: MqttDeviceOptions;
  readonly #builders: readonly PayloadBuilder[];
  readonly #connection: MqttConnection;
  readonly #faults = new FaultCount();
  readonly #last = new Map<number, number>();
  readonly #late = new Set<Timer>();
  #due: Micros = 0;
  /** Three hundred devices of one kind do not speak in chorus; one whose interval the scenario sets keeps to it. */
  readonly #phase: Micros;
  #away: "here" | "dead" | "offline" = "here";
  #changing: Promise<void> = Promise.resolve();
  #published = 0;

  constructor(options: MqttDeviceOptions) {
    const { instrument, section, access } = options;
    const { device } = instrument;
    this.#options = options;
    this.topic = deviceTopic(device.id, section, device.address);
    this.#builders = spoken(section.messages).map((message) => new PayloadBuilder(instrument, message));
    this.every = options.every ?? ordinaryPeriod(instrument);
    this.#phase = options.every === undefined ? hashText(device.id) % this.every : 0;
    const availability = section.availability;
    this.#connection = new MqttConnection({
      access,
      clientId: `simulator-${device.id}`,
      will:
        availability === undefined
          ? undefined
          : {
              topic: this.topic + availability.suffix,
              payload: availabilityPayload(availability, "offline"),
            },
      onConnected: (connected) => {
        if (connected) this.#greet();
        options.onConnected?.(connected);
      },
      onTrouble: (words) => options.onTrouble?.(words),
    });
  }

  get connected(): boolean {
    return this.#connection.connected;
  }

  /** Messages handed over for publishing so far. */
  get published(): number {
    return this.#published;
  }

  /** Messages that the broker has not acknowledged. */
  get unacknowledged(): number {
    return this.#connection.unacknowledged;
  }

  /** Messages lost because the device's memory was full. */
  get lost(): number {
    return this.#connection.lost;
  }

  /** Begins to connect; a broker that is not there yet is a normal situation. */
  start(): void {
    this.#connection.open();
  }

  /** Signs off. */
  async stop(): Promise<void> {
    for (const timer of this.#late) timer.cancel();
    this.#late.clear();
    await this.#changing;
    await this.#connection.close();
  }

  /** Says what is due at a moment: everything when its period is over, and whatever has changed. Called on every tick. */
  tick(moment: Moment): void {
    const { instrument } = this.#options;
    const faults = instrument.faults(moment);
    this.#beAway(awayBy(faults.map(({ fault }) => fault)));
    if (this.#away !== "here") return;
    const periodic = moment.elapsed >= this.#due;
    if (periodic) this.#due = this.#nextDue(moment.elapsed);
    for (const builder of this.#builders) {
      const changed = this.#changes(builder, moment);
      if (periodic || changed.length > 0) this.#say(builder, { moment, changed });
    }
  }

  /** The next time, after `elapsed`, that its phase and period give. */
  #nextDue(elapsed: Micros): Micros {
    const since = (elapsed - this.#phase) % this.every;
    return elapsed + (since < 0 ? -since : this.every - since);
  }

  /** The discrete channels whose state differs from what was said last. */
  #changes(builder: PayloadBuilder, moment: Moment): number[] {
    const changed: number[] = [];
    for (const index of builder.discrete) {
      const { value } = this.#options.instrument.says(index, moment);
      const last = this.#last.get(index);
      this.#last.set(index, value);
      if (last !== undefined && !Object.is(last, value)) changed.push(index);
    }
    return changed;
  }

  #say(builder: PayloadBuilder, { moment, changed }: { moment: Moment; changed: readonly number[] }): void {
    const { instrument, stage } = this.#options;
    const active = instrument.faults(moment);
    // Where channels share one field, each change is a message of its own.
    const times = changed.length > 1 && builder.sharesFields ? changed : [changed[0]];
    for (const focus of times) {
      const faults = this.#faults.befalling(active, moment);
      const time = stage.clock.wall() + clockOffset(faults);
      const payload = spoil(builder.build(moment, { time, focus }), faults);
      const delay = delayOf(faults);
      const topic = this.topic + builder.message.suffix;
      const twice = faults.some(({ kind }) => kind === "duplicate");
      this.#later(delay, () => {
        if (twice) this.#connection.loseNextAck();
        this.#connection.publish({ topic, payload, retain: false });
      });
      this.#published++;
    }
  }

  #later(delay: Micros, run: () => void): void {
    if (delay === 0) {
      run();
      return;
    }
    const timer = this.#options.stage.clock.after(delay, () => {
      this.#late.delete(timer);
      run();
    });
    this.#late.add(timer);
  }

  #beAway(away: "here" | "dead" | "offline"): void {
    if (away === this.#away) return;
    this.#away = away;
    // Back again it speaks at once.
    this.#due = 0;
    this.#changing = this.#changing.then(async () => {
      if (away === "dead") await this.#connection.die();
      else if (away === "offline") await this.#connection.close();
      else this.#connection.open();
    });
  }

  #greet(): void {
    const { availability } = this.#options.section;
    if (availability === undefined) return;
    this.#connection.publish({
      topic: this.topic + availability.suffix,
      payload: availabilityPayload(availability, "online"),
      retain: true,
    });
  }
}

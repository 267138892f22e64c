import { basename } from "node:path";
import type { NetworkServer } from "../drivers/lorawan/options.ts";
import type { LorawanSection } from "../drivers/lorawan/profile.ts";
import type { Micros, Timer } from "../model/time.ts";
import type { Caller } from "./caller-player.ts";
import { clockOffset, type Fault } from "./fault.ts";
import { FaultCount } from "./fault-count.ts";
import type { Instrument } from "./instrument.ts";
import { writeUplink } from "./lora-uplink.ts";
import { type Decoded, milesightPayload } from "./milesight-payload.ts";
import type { Moment } from "./moment.ts";
import type { MqttConnection } from "./mqtt-connection.ts";
import { hashText } from "./noise.ts";
import { ordinaryPeriod } from "./ordinary-period.ts";
import { PayloadBuilder, spoken } from "./payload.ts";
import { delayOf, spoil } from "./spoil.ts";
import type { Stage } from "./stage.ts";

/** How devices encode what their codec, by its file, decodes. */
const ENCODERS: ReadonlyMap<string, (data: Decoded) => Buffer> = new Map([
  ["milesight.js", milesightPayload],
]);

/** The port that the devices use, and one that nothing is expected on. */
const PORT = 85;
const ODD_PORT = 199;
/** Frame counters have 16 or 32 bits; the longer ones are the rule. */
const COUNTERS = 2 ** 32;
/** A device that is heard fairly well. */
const RADIO = { rssi: -87, snr: 8 };

export interface LoraCallerOptions {
  readonly server: NetworkServer;
  readonly network: MqttConnection;
  readonly url: string;
  readonly every: Micros | undefined;
  readonly stage: Stage;
}

/** Whether the uplinks of a device can be made: the network server decodes for it, or its codec is one that has an encoder. */
export function canEncode({ codec }: LorawanSection): boolean {
  return codec === undefined || ENCODERS.has(basename(codec));
}

/** A LoRaWAN device with its network server, as that publishes its uplinks. */
export class LoraCaller implements Caller {
  readonly instrument: Instrument;
  readonly where: string;
  readonly every: Micros;
  readonly #o: LoraCallerOptions;
  readonly #devEui: string;
  readonly #builders: readonly PayloadBuilder[];
  readonly #encode: ((data: Decoded) => Buffer) | undefined;
  readonly #faults = new FaultCount();
  readonly #late = new Set<Timer>();
  #here = false;
  #counter = 0;
  #wasReset = false;

  constructor(instrument: Instrument, section: LorawanSection, options: LoraCallerOptions) {
    this.instrument = instrument;
    this.#o = options;
    this.#devEui = instrument.device.address.devEui ?? "";
    this.where = `${options.url} DevEUI ${this.#devEui}`;
    this.every = options.every ?? ordinaryPeriod(instrument);
    this.#builders = spoken(section.messages).map((message) => new PayloadBuilder(instrument, message));
    const { codec } = section;
    this.#encode = codec === undefined ? undefined : ENCODERS.get(basename(codec));
  }

  get connected(): boolean {
    return this.#here;
  }

  /** It is switched on: that a broker is away is its network server's matter. */
  connect(): Promise<void> {
    this.#here = true;
    return Promise.resolve();
  }

  report(moment: Moment): Promise<void> {
    const active = this.instrument.faults(moment);
    this.#beginAnew(active.some(({ fault: { kind } }) => kind === "counter-reset"));
    for (const builder of this.#builders) {
      const faults = this.#faults.befalling(active, moment);
      const time = this.#o.stage.clock.wall() + clockOffset(faults);
      const said = JSON.parse(builder.build(moment, { time })) as { data?: Decoded };
      this.#send(said.data ?? {}, { time, faults });
    }
    return Promise.resolve();
  }

  close(): void {
    this.#here = false;
    for (const timer of this.#late) timer.cancel();
    this.#late.clear();
  }

  /** Its battery was changed: it counts from 0 again, once. */
  #beginAnew(reset: boolean): void {
    if (reset && !this.#wasReset) this.#counter = 0;
    this.#wasReset = reset;
  }

  #send(data: Decoded, { time, faults }: { time: Micros; faults: readonly Fault[] }): void {
    const has = (kind: Fault["kind"]) => faults.some((fault) => fault.kind === kind);
    const counter = this.#counter;
    this.#counter = (counter + 1) % COUNTERS;
    // It was on the air, and no gateway heard it.
    if (has("lost")) return;
    const { topic, payload } = writeUplink(this.#o.server, {
      devEui: this.#devEui,
      devAddr: (hashText(this.#devEui) >>> 0).toString(16).padStart(8, "0"),
      counter,
      port: has("wrong-port") ? ODD_PORT : PORT,
      bytes: this.#encode?.(data) ?? Buffer.from([0]),
      time,
      ...RADIO,
      object: this.#encode === undefined ? data : undefined,
    });
    const publication = { topic, payload: spoil(payload, faults), retain: false };
    const copies = has("duplicate") ? 2 : 1;
    this.#later(delayOf(faults), () => {
      for (let n = 0; n < copies; n++) this.#o.network.publish(publication);
    });
  }

  #later(delay: Micros, run: () => void): void {
    if (delay === 0) {
      run();
      return;
    }
    const timer = this.#o.stage.clock.after(delay, () => {
      this.#late.delete(timer);
      run();
    });
    this.#late.add(timer);
  }
}

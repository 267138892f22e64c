import { basename } from "node:path";
import { DeviceError } from "../../model/error.ts";
import { REASON } from "../../model/quality.ts";
import { formatDuration, MILLISECOND, type Micros } from "../../model/time.ts";
import type { Driver, DriverContext, Feed, Intake, SnapshotValue, Stranger } from "../driver.ts";
import { Codecs } from "./codecs.ts";
import { countsOf } from "./counts.ts";
import { feedOf } from "./options.ts";
import { type LorawanContext, Reception } from "./reception.ts";
import { Subscription } from "./subscription.ts";

/** Stop waits this long for codecs and disk, so that what can be acknowledged is. */
const STOP_PATIENCE: Micros = 500 * MILLISECOND;
const STOP_STEP: Micros = 10 * MILLISECOND;

/** The link to a network server. @throws ConfigurationError when devices or options contradict each other. */
export function create(context: DriverContext): LorawanDriver {
  return new LorawanDriver(context as LorawanContext);
}

/**
 * Uplinks from a LoRaWAN network server over MQTT, from its broker or the site's own, each acknowledged when what its codec made of it
 * is on disk.
 */
export class LorawanDriver implements Driver {
  /** What it takes from the site's own broker, where the network server publishes there. */
  readonly feed: Feed | undefined;
  readonly #context: LorawanContext;
  readonly #reception: Reception;
  readonly #codecs: Codecs;
  readonly #subscription: Subscription | undefined;
  #intake: Intake | undefined;

  constructor(context: LorawanContext) {
    this.#context = context;
    const { options, link, clock, counters, log } = context;
    const counts = countsOf(counters, link.id);
    this.#reception = new Reception(context);
    this.#codecs = new Codecs({
      files: this.#reception.files,
      devices: this.#reception.devicesOfFiles,
      bounds: {
        deadline: options.codec.deadline / MILLISECOND,
        memoryBytes: options.codec.memory,
        output: options.codec.output,
      },
      waiting: options.codec.waiting,
      clock,
      onRestart: (why) => {
        counts.threads.add();
        log.warn({ link: link.id, why }, "the thread of the codecs ended and is started again");
      },
      onParked: (file, span) =>
        log.error(
          { link: link.id, codec: basename(file), span: formatDuration(span) },
          "a codec took too long again and again and is set aside: its devices are not read meanwhile",
        ),
      onHealth: (index, problem) => this.#reception.codecHealth(index, problem),
    });
    const feed = feedOf(options);
    if (feed !== undefined) this.feed = { ...feed, take: (...taken) => this.#take(...taken) };
    if (options.url !== undefined) {
      this.#subscription = new Subscription(context, options.url, { counts, reception: this.#reception });
    }
  }

  /** Acknowledgements of its own connection that wait for codecs or the disk. */
  get held(): number {
    return this.#subscription?.held ?? 0;
  }

  start(intake: Intake): Promise<void> {
    this.#intake = intake;
    this.#reception.start(intake, this.#codecs);
    this.#codecs.start();
    if (this.#subscription === undefined) {
      // The site's own broker has a health of its own; whether the network server speaks, its devices' liveness says.
      intake.linkHealth(this.#context.link.index, true, REASON.good);
    } else this.#subscription.start(intake);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    const { clock } = this.#context;
    const intake = this.#intake;
    this.#reception.stop();
    this.#intake = undefined;
    const end = clock.now() + STOP_PATIENCE;
    while (intake !== undefined && intake.durable < this.#reception.last && clock.now() < end) {
      await new Promise<void>((resolve) => clock.after(STOP_STEP, resolve));
    }
    await this.#codecs.stop();
    await this.#subscription?.stop();
  }

  /** @throws DeviceError DEVICE_TIMEOUT when the device has said nothing since the link began. */
  read(device: number, _signal: AbortSignal): Promise<SnapshotValue[]> {
    const values = this.#reception.said(device);
    if (values.length > 0) return Promise.resolve(values);
    const error = new DeviceError("DEVICE_TIMEOUT", "the device has said nothing since the gateway started", {
      hint: "it speaks by itself: look at its DevEUI, at the network server's live frames, or press its test button",
    });
    return Promise.reject(error);
  }

  strangers(): readonly Stranger[] {
    return this.#reception.strangers.list();
  }

  #take(
    { topic, payload, qos, retained }: Parameters<Feed["take"]>[0],
    settle: Parameters<Feed["take"]>[1],
  ): void {
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    this.#reception.take({ topic, payload: bytes, qos, retained }, settle);
  }
}

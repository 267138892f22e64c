import { parseListen } from "../../model/listen.ts";
import { REASON } from "../../model/quality.ts";
import { MILLISECOND, type Micros, SECOND } from "../../model/time.ts";
import type { Driver, DriverContext, Intake, SnapshotValue, Stranger } from "../driver.ts";
import { Desk } from "./desk.ts";
import { Listener } from "./listener.ts";
import { type HttpContext, Reception } from "./reception.ts";

/** Stop waits this long for the disk, so that what can be answered is. */
const STOP_PATIENCE: Micros = 1 * SECOND;
const STOP_STEP: Micros = 10 * MILLISECOND;

/** The intake of one HTTP link. @throws ConfigurationError UNIT_MISMATCH */
export function create(context: DriverContext): HttpIntake {
  return new HttpIntake(context as HttpContext);
}

/** Platforms and devices push, and get a 2xx once what they said is on disk. */
export class HttpIntake implements Driver {
  readonly #context: HttpContext;
  readonly #reception: Reception;
  readonly #desk: Desk;
  readonly #listener: Listener;
  #detach: (() => void) | undefined;

  constructor(context: HttpContext) {
    this.#context = context;
    const { options, link, counters } = context;
    this.#reception = new Reception(context);
    this.#desk = new Desk(context, this.#reception);
    const turnedAway = counters.counter({
      name: "http_intake_connections_turned_away",
      help: "Connections closed because there were too many, or too many of their address.",
      labels: { link: link.id },
    });
    this.#listener = new Listener(options, {
      address: parseListen(options.listen) ?? { host: "127.0.0.1", port: 0 },
      request: (request, response) => void this.#desk.serve(request, response),
      turnedAway: () => turnedAway.add(),
      noRequest: (peer, error) => this.#desk.noRequest(peer, error),
    });
  }

  get listening(): string {
    return this.#listener.listening;
  }

  strangers(): readonly Stranger[] {
    return this.#reception.strangers.list();
  }

  /** Answers that wait for the disk. */
  get held(): number {
    return this.#desk.waiting;
  }

  /** @throws HostError ADDRESS_IN_USE, ADDRESS_UNAVAILABLE; ConfigurationError SECRET_MISSING, CONFIG_NOT_FOUND */
  async start(intake: Intake): Promise<void> {
    const { link, log } = this.#context;
    this.#desk.start(intake);
    this.#reception.start(intake);
    this.#detach = intake.onDurable((durable) => this.#desk.release(durable));
    try {
      await this.#listener.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    log.info({ link: link.id, listening: this.listening }, "HTTP intake listens");
    intake.linkHealth(link.index, true, REASON.good);
  }

  async stop(): Promise<void> {
    this.#desk.stop();
    this.#reception.stop();
    const { clock } = this.#context;
    const end = clock.now() + STOP_PATIENCE;
    while (this.#desk.waiting > 0 && clock.now() < end) {
      await new Promise<void>((resolve) => clock.after(STOP_STEP, resolve));
    }
    this.#desk.end();
    this.#detach?.();
    this.#detach = undefined;
    await this.#listener.stop();
  }

  read(device: number, _signal: AbortSignal): Promise<SnapshotValue[]> {
    return new Promise((resolve) => resolve(this.#reception.said(device)));
  }
}

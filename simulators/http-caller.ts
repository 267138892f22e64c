import { Agent, request } from "node:http";
import { finished } from "node:stream/promises";
import { describe, NetworkError } from "../model/error.ts";
import { type Micros, SECOND, type Timer } from "../model/time.ts";
import type { Caller } from "./caller-player.ts";
import { type Endpoint, formatEndpoint } from "./endpoint.ts";
import { clockOffset, type Fault } from "./fault.ts";
import { FaultCount } from "./fault-count.ts";
import { type PlatformMessage, type PushingSource, type PushRequest, requestOf } from "./http-message.ts";
import type { Instrument } from "./instrument.ts";
import type { Moment } from "./moment.ts";
import { ordinaryPeriod } from "./ordinary-period.ts";
import { deviceName, PayloadBuilder, spoken } from "./payload.ts";
import { delayOf, spoil } from "./spoil.ts";
import type { Stage } from "./stage.ts";

/** Messages that a platform keeps for one device while nobody takes them; beyond it the oldest is lost. */
const KEPT_MAX = 1_000;
/** Before a message is sent again: first, doubled, and at most. */
const AGAIN_FIRST: Micros = 1 * SECOND;
const AGAIN_MOST: Micros = 30 * SECOND;
/** Pieces that a slow body comes in. */
const PIECES = 10;

export interface HttpCallerOptions {
  readonly server: Endpoint;
  readonly source: PushingSource;
  readonly every: Micros | undefined;
  readonly stage: Stage;
  readonly onTrouble: (words: string) => void;
}

/** A message on its way, with what befalls it. */
interface Kept {
  readonly message: PlatformMessage;
  readonly faults: readonly Fault[];
}

/**
 * A device at home whose platform pushes what it says: in its order, each message until it is answered with 2xx, always under the same
 * id and signed anew.
 */
export class HttpCaller implements Caller {
  readonly instrument: Instrument;
  readonly where: string;
  readonly every: Micros;
  readonly #o: HttpCallerOptions;
  readonly #builders: readonly PayloadBuilder[];
  readonly #faults = new FaultCount();
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #kept: Kept[] = [];
  /** Pauses that are going on: before a message is sent again, and in the middle of a slow body. */
  readonly #pauses = new Map<Timer, () => void>();
  #sending = false;
  #number = 0;
  #connected = false;
  #ended = false;
  #lost = 0;

  constructor(instrument: Instrument, options: HttpCallerOptions) {
    const { section } = instrument.device;
    this.instrument = instrument;
    this.#o = options;
    this.where = `http://${formatEndpoint(options.server)} ${options.source.id} ${this.#name}`;
    this.every = options.every ?? ordinaryPeriod(instrument);
    const messages = "payload" in section ? section.payload.messages : [];
    this.#builders = spoken(messages).map((message) => new PayloadBuilder(instrument, message));
  }

  get connected(): boolean {
    return this.#connected;
  }

  connect(): Promise<void> {
    this.#connected = true;
    return Promise.resolve();
  }

  report(moment: Moment): Promise<void> {
    const active = this.instrument.faults(moment);
    for (const builder of this.#builders) {
      const faults = this.#faults.befalling(active, moment);
      const time = this.#o.stage.clock.wall() + clockOffset(faults);
      const payload = builder.build(moment, { time });
      const copies = faults.reduce((n, fault) => Math.max(n, fault.kind === "burst" ? fault.messages : 1), 1);
      for (let n = 0; n < copies; n++) {
        const id = `${this.instrument.device.id}-${this.#o.stage.clock.wall()}-${this.#number++}`;
        this.#keep({ message: { device: this.#name, id, payload, time }, faults });
      }
    }
    void this.#deliver();
    return Promise.resolve();
  }

  /** The device is away; its platform goes on with what it has. */
  close(): void {
    this.#connected = false;
  }

  /** The scenario ends, and what is kept with it. */
  end(): void {
    this.close();
    this.#ended = true;
    this.#kept.length = 0;
    for (const [timer, resume] of this.#pauses) {
      timer.cancel();
      resume();
    }
    this.#pauses.clear();
    this.#agent.destroy();
  }

  get #name(): string {
    const { id, address } = this.instrument.device;
    return deviceName(id, address);
  }

  #keep(kept: Kept): void {
    this.#kept.push(kept);
    if (this.#kept.length <= KEPT_MAX) return;
    this.#kept.shift();
    this.#o.onTrouble(`its platform keeps no more than ${KEPT_MAX} messages: ${++this.#lost} lost`);
  }

  async #deliver(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    let pause = AGAIN_FIRST;
    for (let next = this.#kept[0]; next !== undefined; next = this.#kept[0]) {
      const done = await this.#send(next);
      // What is kept may have changed meanwhile: only what was sent is taken out.
      if (done && this.#kept[0] === next) this.#kept.shift();
      if (done) pause = AGAIN_FIRST;
      else {
        await this.#wait(pause);
        pause = Math.min(2 * pause, AGAIN_MOST);
      }
    }
    this.#sending = false;
  }

  /** False: it must be sent again. */
  async #send({ message, faults }: Kept): Promise<boolean> {
    const forged = faults.some(({ kind }) => kind === "forged");
    const times = faults.some(({ kind }) => kind === "duplicate") ? 2 : 1;
    await this.#wait(delayOf(faults));
    try {
      for (let n = 0; n < times; n++) {
        const wall = this.#o.stage.clock.wall();
        const spoilt = (body: string) => spoil(body, faults);
        const status = await this.#post(requestOf(this.#o.source, message, { wall, forged, spoilt }), faults);
        // Who does not know the secret does not come again with it.
        if (forged) return true;
        if (status >= 400 && status < 500 && faults.some(({ kind }) => kind === "malformed")) return true;
        if (status < 200 || status > 299) throw new NetworkError("LINK_DOWN", `answered with ${status}`);
      }
    } catch (error) {
      if (!this.#ended) this.#o.onTrouble(describe(error));
      return this.#ended;
    }
    return true;
  }

  async #post({ path, headers, body }: PushRequest, faults: readonly Fault[]): Promise<number> {
    const { host, port } = this.#o.server;
    const bytes = Buffer.from(body);
    const sent = request({
      host,
      port,
      path,
      method: "POST",
      agent: this.#agent,
      headers: { ...headers, "content-length": String(bytes.length) },
    });
    const answered = new Promise<number>((resolve, reject) => {
      sent.once("error", reject);
      sent.once("response", (response) => {
        response.resume();
        finished(response).then(() => resolve(response.statusCode ?? 0), reject);
      });
    });
    const slow = faults.find((fault) => fault.kind === "slow-body");
    if (slow === undefined) sent.end(bytes);
    else void this.#dribble(sent, bytes, slow.over);
    return await answered;
  }

  async #dribble(sent: ReturnType<typeof request>, bytes: Buffer, over: Micros): Promise<void> {
    const size = Math.ceil(bytes.length / PIECES);
    for (let at = 0; at < bytes.length && !sent.destroyed; at += size) {
      sent.write(bytes.subarray(at, at + size));
      await this.#wait(over / PIECES);
    }
    if (!sent.destroyed) sent.end();
  }

  #wait(span: Micros): Promise<void> {
    if (span === 0 || this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#o.stage.clock.after(span, () => {
        this.#pauses.delete(timer);
        resolve();
      });
      this.#pauses.set(timer, resolve);
    });
  }
}

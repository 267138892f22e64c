import type { Request } from "../../drivers/modbus/request.ts";
import type { Session } from "../../drivers/modbus/session.ts";
import { DeviceError, NetworkError } from "../../model/error.ts";
import type { Clock, Micros } from "../../model/time.ts";

/** A bus whose devices answer after a while of virtual time, or not at all. */
export class VirtualBus implements Session {
  readonly strays = 0;
  over = false;
  heard = 0;
  readonly heardAt = Number.NEGATIVE_INFINITY;
  readonly #inFlight = new Set<(error: Error) => void>();
  readonly dead = new Set<number>();
  /** When requests were made. */
  readonly times: Micros[] = [];
  /** Requests by unit. */
  readonly asked = new Map<number, number>();
  readonly #clock: Clock;
  readonly #answerTime: Micros;

  constructor(clock: Clock, answerTime: Micros) {
    this.#clock = clock;
    this.#answerTime = answerTime;
  }

  ask(request: Request, timeout: Micros): Promise<Uint8Array> {
    this.times.push(this.#clock.now());
    this.asked.set(request.unit, (this.asked.get(request.unit) ?? 0) + 1);
    return new Promise((resolve, reject) => {
      this.#inFlight.clear();
      this.#inFlight.add(reject);
      if (this.dead.has(request.unit)) {
        this.#clock.after(timeout, () => reject(new DeviceError("DEVICE_TIMEOUT", "silence")));
        return;
      }
      this.#clock.after(this.#answerTime, () => {
        this.heard++;
        resolve(new Uint8Array(request.count * 2));
      });
    });
  }

  #lost: (error: NetworkError) => void = () => {};

  onLost(listener: (error: NetworkError) => void): void {
    this.#lost = listener;
  }

  /** The line is lost, with whatever is on its way. */
  lose(): void {
    if (this.over) return;
    void this.close();
    this.#lost(new NetworkError("LINK_DOWN", "lost"));
  }

  onUnasked(): void {}

  close(): Promise<void> {
    this.over = true;
    for (const reject of this.#inFlight) reject(new NetworkError("LINK_DOWN", "closed"));
    return Promise.resolve();
  }
}

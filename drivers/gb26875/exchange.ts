import { DeviceError, NetworkError } from "../../model/error.ts";
import { type Clock, type Micros, SECOND, type Timer } from "../../model/time.ts";
import { COMMAND, type Frame, SERIAL_MAX } from "./frame.ts";

/** An unanswered frame is sent again after this time, at most so often (6.2). */
const ANSWER_WITHIN: Micros = 10 * SECOND;
const SENDINGS_MOST = 4;
/** Requests of one device that wait for an answer at a time. */
const PENDING_MOST = 16;

/** Sends a frame to a device; false when it is not connected. */
export type Transmit = (frame: { serial: number; command: number; unit: Buffer }) => boolean;

interface Pending {
  readonly command: number;
  readonly unit: Buffer;
  readonly resolve: (answer: Buffer) => void;
  readonly reject: (error: unknown) => void;
  /** Stops listening for the one who asked losing patience. */
  readonly forget: () => void;
  sendings: number;
  timer: Timer | undefined;
}

/** What we ask of one device: each with a serial number of ours, sent again until it is answered, within bounds. */
export class Exchange {
  readonly #device: string;
  readonly #clock: Clock;
  readonly #transmit: Transmit;
  readonly #pending = new Map<number, Pending>();
  #serial = 0;

  constructor(device: string, { clock, transmit }: { clock: Clock; transmit: Transmit }) {
    this.#device = device;
    this.#clock = clock;
    this.#transmit = transmit;
  }

  /**
   * Sends a request (4) or a control (1). Resolves with the application unit of the reply, which is empty for a confirmation. Once
   * `signal` is aborted it is not sent again, and an answer that comes then belongs to nobody.
   * @throws NetworkError LINK_DOWN when the device is not connected, or asked too much already; DeviceError DEVICE_TIMEOUT when
   * it does not answer, DEVICE_EXCEPTION when it denies; what `signal` was aborted with.
   */
  ask(
    command: typeof COMMAND.request | typeof COMMAND.control,
    unit: Buffer,
    signal?: AbortSignal,
  ): Promise<Buffer> {
    if (this.#pending.size >= PENDING_MOST) {
      return Promise.reject(
        new NetworkError("LINK_DOWN", `${this.#device}: ${PENDING_MOST} requests wait for an answer already`),
      );
    }
    return new Promise((resolve, reject) => {
      this.#serial = this.#serial === SERIAL_MAX ? 0 : this.#serial + 1;
      const serial = this.#serial;
      const abandon = () => {
        const pending = this.#pending.get(serial);
        if (pending === undefined) return;
        this.#settle(serial, pending);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", abandon, { once: true });
      const forget = () => signal?.removeEventListener("abort", abandon);
      this.#pending.set(serial, { command, unit, resolve, reject, forget, sendings: 0, timer: undefined });
      this.#send(serial);
    });
  }

  /** A confirmation, reply or denial came. False when nobody had asked for it. */
  answer({ serial, command, unit }: Frame): boolean {
    const pending = this.#pending.get(serial);
    if (pending === undefined) return false;
    // A device may confirm a request before it replies.
    if (command === COMMAND.confirm && pending.command === COMMAND.request) return true;
    this.#settle(serial, pending);
    if (command === COMMAND.deny) {
      pending.reject(new DeviceError("DEVICE_EXCEPTION", `${this.#device} denies the request`));
    } else pending.resolve(Buffer.from(unit));
    return true;
  }

  /** Nothing will be answered any more. */
  end(): void {
    for (const [serial, pending] of this.#pending) {
      this.#settle(serial, pending);
      pending.reject(new NetworkError("LINK_DOWN", `the link of ${this.#device} was closed`));
    }
  }

  #send(serial: number): void {
    const pending = this.#pending.get(serial);
    if (pending === undefined) return;
    const { command, unit } = pending;
    if (pending.sendings >= SENDINGS_MOST) {
      this.#settle(serial, pending);
      pending.reject(
        new DeviceError("DEVICE_TIMEOUT", `${this.#device} did not answer ${SENDINGS_MOST} times`),
      );
      return;
    }
    pending.sendings++;
    if (!this.#transmit({ serial, command, unit })) {
      this.#settle(serial, pending);
      pending.reject(
        new NetworkError("LINK_DOWN", `${this.#device} is not connected`, {
          hint: "it connects to the gateway by itself: look at its settings for the centre's address and port",
        }),
      );
      return;
    }
    pending.timer = this.#clock.after(ANSWER_WITHIN, () => this.#send(serial));
  }

  #settle(serial: number, pending: Pending): void {
    pending.timer?.cancel();
    pending.forget();
    this.#pending.delete(serial);
  }
}

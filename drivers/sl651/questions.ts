import { DeviceError, NetworkError } from "../../model/error.ts";
import type { Clock, Micros } from "../../model/time.ts";
import type { Body, BodyHead } from "./body-visitor.ts";
import { ENQ, functionName } from "./control.ts";
import type { Frame } from "./frame.ts";
import { writeFrame } from "./frame-writer.ts";
import type { Answer, Question } from "./question.ts";
import type { Station } from "./station.ts";

/** A question is put again after a time-out, and the third time-out ends it (6.3.2.3). */
const TRIES = 3;
/** Questions of one station that wait for their turn. */
const QUEUE_MAX = 8;

export interface QuestionOptions {
  readonly clock: Clock;
  readonly offset: Micros;
  readonly timeout: Micros;
}

/** Asks stations, one question at a time each: the answer is known by its function code only. */
export class Questions {
  readonly #o: QuestionOptions;
  readonly #asking = new Set<Station>();

  constructor(options: QuestionOptions) {
    this.#o = options;
  }

  /**
   * Asks and waits for the answer. Once `signal` is aborted the question is withdrawn.
   * @throws NetworkError LINK_DOWN when the station is not connected; DeviceError DEVICE_TIMEOUT when it does not answer; what
   * `signal` was aborted with.
   */
  ask(
    station: Station,
    code: number,
    { body, signal }: { body: Question["body"]; signal?: AbortSignal | undefined },
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (station.session?.connection.open !== true) {
        reject(this.#absent(station));
        return;
      }
      if (station.questions.length >= QUEUE_MAX) {
        reject(
          new DeviceError("DEVICE_TIMEOUT", `${station.device.device.id} has too many questions waiting`),
        );
        return;
      }
      const withdraw = () => {
        const at = station.questions.indexOf(question);
        if (at < 0) return;
        reject(signal?.reason);
        if (at === 0) this.#next(station);
        else station.questions.splice(at, 1);
      };
      signal?.addEventListener("abort", withdraw, { once: true });
      const forget = () => signal?.removeEventListener("abort", withdraw);
      const question: Question = { code, body, resolve, reject, forget, asked: 0, timer: undefined };
      station.questions.push(question);
      this.#asking.add(station);
      if (station.questions.length === 1) this.#put(station);
    });
  }

  /** A station has sent a body; true when it was the answer to what it was asked. */
  answered(station: Station, body: Body, head: BodyHead): boolean {
    const question = station.questions[0];
    if (question === undefined || question.code !== body.code) return false;
    question.resolve({ ...body, ...head, bytes: Uint8Array.from(body.bytes) });
    this.#next(station);
    return true;
  }

  /** Nobody is asked any more. */
  stop(): void {
    for (const station of this.#asking) {
      for (const question of station.questions.splice(0)) {
        question.timer?.cancel();
        question.forget();
        question.reject(new NetworkError("LINK_DOWN", "the link is stopping"));
      }
    }
    this.#asking.clear();
  }

  #put(station: Station): void {
    const question = station.questions[0];
    if (question === undefined) return;
    const { session, encoding, centre, password, address } = station;
    if (session?.connection.open !== true) {
      question.reject(this.#absent(station));
      this.#next(station);
      return;
    }
    question.asked++;
    const body = question.body({ encoding, offset: this.#o.offset });
    const frame: Frame = {
      encoding,
      up: false,
      centre,
      station: address,
      password,
      code: question.code,
      packet: undefined,
      body,
      end: ENQ,
    };
    session.connection.send(writeFrame(frame));
    question.timer = this.#o.clock.after(this.#o.timeout, () => this.#late(station, question));
  }

  #late(station: Station, question: Question): void {
    if (question.asked < TRIES) {
      this.#put(station);
      return;
    }
    const words = `${station.device.device.id} has not answered: ${functionName(question.code).en}`;
    question.reject(new DeviceError("DEVICE_TIMEOUT", words));
    this.#next(station);
  }

  #next(station: Station): void {
    const done = station.questions.shift();
    done?.timer?.cancel();
    done?.forget();
    if (station.questions.length === 0) this.#asking.delete(station);
    else this.#put(station);
  }

  #absent(station: Station): NetworkError {
    return new NetworkError("LINK_DOWN", `station ${station.device.device.id} is not connected`, {
      hint: "stations dial in by themselves; with confirmation: esc they stay for ten minutes",
    });
  }
}

import { DeviceError, NetworkError } from "../../model/error.ts";
import type { Text } from "../../model/text.ts";
import { type Clock, type Micros, SECOND, type Timer } from "../../model/time.ts";
import { CONVERSATION_CN, commandName } from "./commands.ts";
import { parameter } from "./parameters.ts";
import type { Segment } from "./segment.ts";

/** A request that is not answered is sent again after this time, three times in all (OverTime and ReCount of 1000). */
const ANSWER_WITHIN: Micros = 10 * SECOND;
const SENDINGS_MOST = 3;
/** From the answer that it will be done to the result that it is. */
const RESULT_WITHIN: Micros = 25 * SECOND;
/** Requests of one logger that wait. */
const PENDING_MOST = 4;
/** Bytes of parameters in one answer, each segment counted with its head: a day of minute data of a factor or two. */
const ANSWER_BYTES_MOST = 256 * 2 ** 10;
const HEAD_BYTES = 100;

/** QnRtn (table 7) and ExeRtn (table 8): 1 is well. */
const WELL = "1";
const REFUSALS: Readonly<Record<string, Text>> = {
  2: { zh: "请求被拒绝", en: "refused" },
  3: { zh: "密码错误", en: "wrong password" },
  4: { zh: "MN错误", en: "wrong MN" },
  5: { zh: "ST错误", en: "wrong ST" },
  6: { zh: "Flag错误", en: "wrong Flag" },
  7: { zh: "QN错误", en: "wrong QN" },
  8: { zh: "CN错误", en: "command not known" },
  9: { zh: "CRC校验错误", en: "wrong check sum" },
  100: { zh: "未知错误", en: "unknown error" },
};
const FAILURES: Readonly<Record<string, Text>> = {
  2: { zh: "执行失败，原因不明", en: "failed for no known reason" },
  3: { zh: "命令请求条件错误", en: "conditions of the command are wrong" },
  4: { zh: "通讯超时", en: "communication timed out" },
  5: { zh: "系统繁忙", en: "busy" },
  6: { zh: "系统故障", en: "system fault" },
  100: { zh: "没有数据", en: "no data" },
};

/** What is asked of a logger. */
export interface LoggerRequest {
  readonly cn: number;
  readonly cp: string;
  /** What ends it: the segment that carries what was asked for, the next report of this command, or the result (9012). */
  readonly endsWith: "data" | "report" | "result";
  /** Whether a report belongs to it: loggers go on with those that nobody has asked for. Default: each of the command. */
  readonly about?: (report: Segment) => boolean;
}

/** What came back: segments of the command that was asked for, in order. */
export type LoggerAnswer = readonly Segment[];

interface Pending {
  readonly request: LoggerRequest;
  readonly heard: Segment[];
  /** Of `heard`. */
  bytes: number;
  readonly resolve: (answer: LoggerAnswer) => void;
  readonly reject: (error: unknown) => void;
  readonly forget: () => void;
  sendings: number;
  accepted: boolean;
  timer: Timer | undefined;
}

/** Sends a request under a number; false when the logger is not connected. */
export type Transmit = (qn: string, request: LoggerRequest) => boolean;

export interface ExchangeOptions {
  readonly device: string;
  readonly clock: Clock;
  /** A request number that has not been used yet. */
  readonly number: () => string;
  readonly transmit: Transmit;
}

/** What we ask of one logger: each under a request number of ours, by which its answers are known. */
export class Exchange {
  readonly #o: ExchangeOptions;
  readonly #pending = new Map<string, Pending>();
  /** The request that was answered last: its result may still come, and is no surprise. */
  #done = "";

  constructor(options: ExchangeOptions) {
    this.#o = options;
  }

  /**
   * Asks, and resolves with what came. Once `signal` is aborted it is not sent again, and what comes then belongs to nobody.
   * @throws NetworkError LINK_DOWN when the logger is not connected, or asked too much already; DeviceError DEVICE_TIMEOUT,
   * DEVICE_EXCEPTION when it refuses or fails, DEVICE_ANSWER when it has too much to say; what `signal` was aborted with.
   */
  ask(request: LoggerRequest, signal?: AbortSignal): Promise<LoggerAnswer> {
    const { device, number } = this.#o;
    if (this.#pending.size >= PENDING_MOST) {
      const words = `${device}: ${PENDING_MOST} requests wait for an answer already`;
      return Promise.reject(new NetworkError("LINK_DOWN", words));
    }
    return new Promise((resolve, reject) => {
      const qn = number();
      const abandon = () => {
        if (this.#settle(qn) !== undefined) reject(signal?.reason);
      };
      signal?.addEventListener("abort", abandon, { once: true });
      const forget = () => signal?.removeEventListener("abort", abandon);
      const fresh = { bytes: 0, sendings: 0, accepted: false, timer: undefined };
      this.#pending.set(qn, { request, heard: [], resolve, reject, forget, ...fresh });
      this.#send(qn);
    });
  }

  /** A segment of the conversation or of a parameter came. False when nobody had asked for it. */
  answer(segment: Segment): boolean {
    // The edition of 2005 repeats the number among the parameters.
    const qn = parameter(segment.cp, "QN") ?? segment.qn;
    const pending = this.#pending.get(qn);
    if (pending === undefined) return qn !== "" && qn === this.#done;
    const { cn, cp } = segment;
    if (cn === CONVERSATION_CN.requestAnswer) {
      const code = parameter(cp, "QnRtn") ?? "";
      if (code === WELL) this.#accepted(qn, pending);
      else this.#fail(qn, REFUSALS[code] ?? { zh: `QnRtn=${code}`, en: `QnRtn=${code}` });
    } else if (cn === CONVERSATION_CN.result) {
      const code = parameter(cp, "ExeRtn") ?? "";
      if (code === WELL) this.#end(qn);
      else this.#fail(qn, FAILURES[code] ?? { zh: `ExeRtn=${code}`, en: `ExeRtn=${code}` });
    } else if (cn === pending.request.cn) {
      this.#hear(qn, pending, segment);
      if (pending.request.endsWith === "data") this.#end(qn);
    } else return false;
    return true;
  }

  /** A report came, whatever its number: loggers give reports that were asked for numbers of their own. */
  reported(segment: Segment): void {
    for (const [qn, pending] of this.#pending) {
      const { request, accepted } = pending;
      if (request.cn !== segment.cn || request.endsWith === "data" || !accepted) continue;
      if (request.about?.(segment) === false) continue;
      this.#hear(qn, pending, segment);
      if (request.endsWith === "report") this.#end(qn);
    }
  }

  /** Nothing will be answered any more. */
  end(): void {
    for (const qn of [...this.#pending.keys()]) {
      this.#settle(qn)?.reject(new NetworkError("LINK_DOWN", `the link of ${this.#o.device} was closed`));
    }
  }

  #send(qn: string): void {
    const pending = this.#pending.get(qn);
    if (pending === undefined) return;
    const { device, clock, transmit } = this.#o;
    if (pending.sendings >= SENDINGS_MOST) {
      this.#late(qn);
      return;
    }
    pending.sendings++;
    if (!transmit(qn, pending.request)) {
      const hint = "loggers dial in by themselves: look at the centre's address and port in its settings";
      this.#settle(qn)?.reject(new NetworkError("LINK_DOWN", `${device} is not connected`, { hint }));
      return;
    }
    pending.timer = clock.after(ANSWER_WITHIN, () => this.#send(qn));
  }

  #hear(qn: string, pending: Pending, segment: Segment): void {
    pending.heard.push(segment);
    pending.bytes += segment.cp.length + HEAD_BYTES;
    if (pending.bytes <= ANSWER_BYTES_MOST) return;
    const words = `${this.#o.device} answers with more than ${ANSWER_BYTES_MOST} bytes`;
    this.#settle(qn)?.reject(new DeviceError("DEVICE_ANSWER", words, { hint: "ask for a shorter time" }));
  }

  #accepted(qn: string, pending: Pending): void {
    if (pending.accepted) return;
    pending.accepted = true;
    pending.timer?.cancel();
    pending.timer = this.#o.clock.after(RESULT_WITHIN, () => this.#late(qn));
  }

  #late(qn: string): void {
    const pending = this.#settle(qn);
    if (pending === undefined) return;
    const what = commandName(pending.request.cn).en;
    const words = pending.accepted ? "said that it would and gave no result" : "did not answer";
    pending.reject(new DeviceError("DEVICE_TIMEOUT", `${this.#o.device} ${words}: ${what}`));
  }

  #fail(qn: string, { zh, en }: Text): void {
    this.#settle(qn)?.reject(new DeviceError("DEVICE_EXCEPTION", `${this.#o.device}: ${zh} ${en}`));
  }

  #end(qn: string): void {
    const pending = this.#settle(qn);
    if (pending === undefined) return;
    this.#done = qn;
    pending.resolve(pending.heard);
  }

  #settle(qn: string): Pending | undefined {
    const pending = this.#pending.get(qn);
    if (pending === undefined) return undefined;
    pending.timer?.cancel();
    pending.forget();
    this.#pending.delete(qn);
    return pending;
  }
}

import { z } from "zod";
import type { Driver } from "../drivers/driver.ts";
import { type Fact, REQUEST_BOUND, type RequestAnswer, type RequestDescription } from "../drivers/request.ts";
import type { Counters } from "../model/counter.ts";
import { asTocsinError, DeviceError, describe, type ErrorCode } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import type { Device } from "../model/site.ts";
import { type Clock, type Micros, SECOND } from "../model/time.ts";
import type { Configuration } from "./configuration.ts";

/** Requests that wait or are under way, of all devices and of one: each may take a minute. */
const OUTSTANDING_MOST = 32;
const OUTSTANDING_OF_A_DEVICE = 4;

/** What somebody wants to know of a device, or have it do. */
export interface RequestWish {
  /** Id of the device. */
  readonly device: string;
  /** Id of the request in its kind of link. */
  readonly request: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Who wants it, for the log. */
  readonly user: string;
  /** Required for what acts. */
  readonly reason: string | undefined;
}

/** What came of it. */
export type Requested =
  | { readonly outcome: "answered"; readonly answer: RequestAnswer }
  /** Nothing was sent: the site file does not allow it, or there is no such device or request. */
  | { readonly outcome: "not-allowed"; readonly detail: string }
  /** Nothing was sent: a parameter is missing or wrong, or the reason is. */
  | { readonly outcome: "invalid"; readonly detail: string }
  /** Nothing was sent: too many wait. */
  | { readonly outcome: "busy" }
  /** It is not known to be done, or not answered: `code` says why. */
  | { readonly outcome: "device-failed"; readonly code: ErrorCode; readonly detail: string };

export interface RequestsOptions {
  readonly configuration: Configuration;
  /** By link id. */
  readonly drivers: () => ReadonlyMap<string, Driver>;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
}

/** A request that a device of the site knows. */
export interface OfferedRequest extends RequestDescription {
  /** Whether the site file lets it be made. */
  readonly allowed: boolean;
}

/** What a device can be asked or told, by its kind of link and the site file. */
export function offeredRequests(configuration: Configuration, device: Device): OfferedRequest[] {
  const link = configuration.site.links[device.link]!;
  const onLink = configuration.devicesOf(link.index).find((one) => one.device.index === device.index);
  const requests = configuration.drivers.get(link.type)?.requests ?? [];
  return requests.map((request) => ({
    ...request,
    allowed: !request.acts || onLink?.requests?.includes(request.id) === true,
  }));
}

/** A request for machines, its parameters as a JSON Schema. */
export function requestJson({ parameters, ...request }: OfferedRequest): object {
  return { ...request, parameters: z.toJSONSchema(parameters, { io: "input" }) };
}

type RequestingDriver = Driver & Required<Pick<Driver, "request">>;

interface Target {
  readonly device: number;
  readonly driver: RequestingDriver;
  readonly offered: OfferedRequest;
}

/**
 * The one way in which devices are asked or told something by people. One request at a time for a device, in the order in which they
 * came; what acts only where the site file lists it. Who carries out a command records it.
 */
export class Requests {
  readonly #o: RequestsOptions;
  /** The last request of each device that has one. */
  readonly #lines = new Map<number, { last: Promise<void>; outstanding: number }>();
  #outstanding = 0;

  constructor(options: RequestsOptions) {
    this.#o = options;
  }

  /** Asks; settles within REQUEST_BOUND. Never rejects. */
  async ask(wish: RequestWish): Promise<Requested> {
    const requested = await this.#ask(wish);
    this.#o.counters
      .counter({
        name: "device_requests",
        help: "Requests to devices, by what came of them.",
        labels: { outcome: requested.outcome },
      })
      .add();
    return requested;
  }

  async #ask(wish: RequestWish): Promise<Requested> {
    const target = this.#target(wish);
    if (typeof target === "string") return { outcome: "not-allowed", detail: target };
    const { offered, device } = target;
    const { id, acts, allowed } = offered;
    if (!allowed) {
      return { outcome: "not-allowed", detail: `the site file does not allow ${id} of ${wish.device}` };
    }
    if (acts && wish.reason === undefined)
      return { outcome: "invalid", detail: `${id} acts at the device: give a reason` };
    const parameters = offered.parameters.safeParse(wish.parameters);
    if (!parameters.success) {
      return { outcome: "invalid", detail: z.prettifyError(parameters.error).replaceAll(/\s*\n\s*/g, " ") };
    }
    const { log } = this.#o;
    const fields = { device: wish.device, request: id, user: wish.user, reason: wish.reason };
    // Before it is on the wire: should the machine fail meanwhile, it is known that it was tried.
    log.info({ ...fields, parameters: parameters.data }, "a device is asked");
    try {
      const answer = await this.#inTurn(device, (signal) =>
        target.driver.request({ device, request: id, parameters: parameters.data, signal }),
      );
      return answer === undefined ? { outcome: "busy" } : { outcome: "answered", answer };
    } catch (thrown) {
      const { code, fault } = asTocsinError(thrown);
      const detail = describe(thrown);
      if (fault === "configuration") return { outcome: "invalid", detail };
      log.warn({ ...fields, code, error: detail }, "a request to a device failed");
      return { outcome: "device-failed", code, detail };
    }
  }

  /** Runs when those before have settled; undefined: too many wait. @throws DeviceError DEVICE_TIMEOUT beyond REQUEST_BOUND */
  async #inTurn(
    device: number,
    run: (signal: AbortSignal) => Promise<RequestAnswer>,
  ): Promise<RequestAnswer | undefined> {
    const line = this.#lines.get(device) ?? { last: Promise.resolve(), outstanding: 0 };
    if (line.outstanding >= OUTSTANDING_OF_A_DEVICE || this.#outstanding >= OUTSTANDING_MOST)
      return undefined;
    this.#lines.set(device, line);
    line.outstanding++;
    this.#outstanding++;
    const before = line.last;
    const answer = this.#within(REQUEST_BOUND, async (signal) => {
      await before;
      signal.throwIfAborted();
      return await run(signal);
    });
    line.last = answer.then(
      () => {},
      () => {},
    );
    try {
      return await answer;
    } finally {
      this.#outstanding--;
      if (--line.outstanding === 0) this.#lines.delete(device);
    }
  }

  async #within(bound: Micros, run: (signal: AbortSignal) => Promise<RequestAnswer>): Promise<RequestAnswer> {
    const patience = new AbortController();
    const late = new DeviceError("DEVICE_TIMEOUT", `no answer within ${bound / SECOND} s`, {
      hint: "others may have been before it",
    });
    let timer: { cancel(): void } | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = this.#o.clock.after(bound, () => {
        patience.abort(late);
        reject(late);
      });
    });
    try {
      return await Promise.race([run(patience.signal), tooLate]);
    } finally {
      timer?.cancel();
    }
  }

  /** Where the wish leads, or why nowhere. */
  #target({ device: id, request }: RequestWish): Target | string {
    const { configuration, drivers } = this.#o;
    const { site } = configuration;
    const device = site.devices.find((candidate) => candidate.id === id);
    if (device === undefined) return `no device is called ${JSON.stringify(id)}`;
    const offered = offeredRequests(configuration, device).find((one) => one.id === request);
    if (offered === undefined) return `${id} knows no request ${JSON.stringify(request)}`;
    const driver = drivers().get(site.links[device.link]!.id);
    if (driver === undefined || !canRequest(driver)) return `the link of ${id} is not open`;
    return { device: device.index, driver, offered };
  }
}

function canRequest(driver: Driver): driver is RequestingDriver {
  return driver.request !== undefined;
}

/** Facts as they are written down: short, for the alarm log. */
export function saidByFacts(facts: readonly Fact[]): Record<string, unknown> {
  return Object.fromEntries(facts.map(({ id, value }) => [id, value]));
}

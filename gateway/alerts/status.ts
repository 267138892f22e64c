import type { Site } from "../../model/site.ts";
import { formatInstant, type Micros, SECOND } from "../../model/time.ts";
import type { OutsideView } from "../../rules/circumstance/outside-inputs.ts";
import type { Engine } from "../../rules/engine.ts";
import type { SelfTestResult } from "../../rules/self-test.ts";
import { say } from "../messages/format.ts";
import type { StatusMessage } from "./message-schemas.ts";
import type { Payloads } from "./payload.ts";

/** What the gateway says of itself in the heartbeat. */
export interface GatewayStatus {
  readonly ready: boolean;
  /** Readings that are not on disk yet. */
  readonly uncommitted: number;
  /** Why the journal cannot write, if so. */
  readonly failure: string | undefined;
}

export interface StatusOptions {
  readonly site: Site;
  readonly payloads: Payloads;
  readonly version: string;
  readonly heartbeat: Micros;
  readonly started: Micros;
  readonly now: () => Micros;
  readonly gateway: () => GatewayStatus;
  readonly lastSeq: () => number;
  readonly alarms: () => number;
  readonly selfTest: () => Engine["selfTest"] | undefined;
  readonly outside: () => readonly OutsideView[];
  readonly subscribers: () => number | undefined;
  readonly uplinks: () => Record<string, number>;
  readonly routes: () => Readonly<Record<string, RouteState>>;
}

/** A route to people, in the heartbeat. */
export type RouteState = StatusMessage["routes"][string];

/** Why a status message is sent. */
export type StatusReason = StatusMessage["reason"];

/** Builds what stands in the topic `status`. */
export class Status {
  readonly #o: StatusOptions;

  constructor(options: StatusOptions) {
    this.#o = options;
  }

  /** The message; `contact-lost` is for the last will, which is written beforehand. */
  payload(reason: StatusReason): string {
    const o = this.#o;
    const { ready, uncommitted, failure } = o.gateway();
    const fillings = { site: o.site.name, seq: o.lastSeq(), failure: failure ?? "" };
    const message: StatusMessage = {
      format: "tocsin.status.1",
      site: o.payloads.named(o.site),
      state: reason === "running" ? "online" : "offline",
      reason,
      time: formatInstant(o.now()),
      started: formatInstant(o.started),
      heartbeat: o.heartbeat / SECOND,
      lastSeq: o.lastSeq(),
      version: o.version,
      revision: o.site.revision,
      ready: reason === "running" && ready,
      backlog: { uncommitted, uplinks: o.uplinks() },
      alarms: o.alarms(),
      selfTest: selfTestJson(o.selfTest()?.last),
      outside: Object.fromEntries(o.outside().map((view) => [view.source.id, outsideState(view)])),
      subscribers: o.subscribers() ?? null,
      routes: { ...o.routes() },
      failure: failure ?? null,
      text: o.payloads.text(
        reason === "running"
          ? say(failure === undefined ? "status.online" : "status.failing", fillings)
          : say(reason === "stopped" ? "status.stopped" : "status.lost", fillings),
      ),
    };
    return JSON.stringify(message);
  }
}

function outsideState({ source, state, value, until }: OutsideView): StatusMessage["outside"][string] {
  return {
    state,
    value: Number.isNaN(value) ? null : value,
    level: source.levels?.[value] ?? null,
    until: Number.isFinite(until) ? formatInstant(until) : null,
  };
}

/** What became of the last self-test, in seconds; null when there was none. */
export function selfTestJson(last: SelfTestResult | undefined): StatusMessage["selfTest"] {
  if (last === undefined) return null;
  return {
    time: formatInstant(last.began),
    passed: last.passed,
    ...(last.took === undefined ? {} : { took: last.took / SECOND }),
    ...(last.by === undefined ? {} : { by: last.by }),
  };
}

import type { Driver } from "../../drivers/driver.ts";
import type { CounterRegistry } from "../../model/counter.ts";
import type { HostError } from "../../model/error.ts";
import type { Micros } from "../../model/time.ts";
import type { Engine } from "../../rules/engine.ts";
import type { Alerts } from "../alerts/alerts.ts";
import type { Configuration } from "../configuration.ts";
import type { Reader } from "../journal/reader.ts";
import type { OutsideReception } from "../outside/reception.ts";
import type { Routes } from "../routes/routes.ts";

/** What the API and the live table may see of the running gateway. They read; only commands of people change anything. */
export interface Observed {
  readonly configuration: Configuration;
  readonly engine: Pick<
    Engine,
    "alarms" | "channels" | "computed" | "down" | "shelved" | "selfTest" | "outside"
  >;
  readonly alerts: Pick<Alerts, "cases" | "ask">;
  readonly outside: Pick<OutsideReception, "post">;
  readonly drivers: ReadonlyMap<string, Driver>;
  readonly counters: CounterRegistry;
  readonly journal: {
    readonly reader: Reader;
    readonly series: Uint32Array;
    readonly failure: HostError | undefined;
    readonly inFlight: { readonly pages: number; readonly readings: number; readonly bytes: number };
  };
  readonly routes: Pick<Routes, "status">;
  readonly ready: boolean;
  readonly startedAt: Micros;
  /** How far the intake clock leads the wall clock, µs. */
  readonly clockAhead: Micros;
  now(): Micros;
}

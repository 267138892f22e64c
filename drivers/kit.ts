import { z } from "zod";
import { ConfigurationError, DeviceError, HostError, NetworkError } from "../model/error.ts";
import { listenSchema, parseListen } from "../model/listen.ts";
import { REASON } from "../model/quality.ts";
import { ReadingBatch } from "../model/reading.ts";
import { durationSchema, idSchema } from "../model/schema.ts";
import { MILLISECOND, SECOND } from "../model/time.ts";
import { type DriverKind, REFUSED } from "./driver.ts";
import { HeldAnswers } from "./tcp/held-answers.ts";

/*
 * What a driver that does not come with Tocsin is given. It imports nothing of ours but types, so that it runs beside any copy of
 * Tocsin and can stand anywhere.
 */

/** Grows when a driver that was written for an earlier one could no longer run. */
export const KIT_VERSION = 1;

/** Our side of the driver contract (drivers/driver.ts), as values. */
export const DRIVER_KIT = {
  version: KIT_VERSION,
  z,
  ReadingBatch,
  REASON,
  REFUSED,
  HeldAnswers,
  MILLISECOND,
  SECOND,
  ConfigurationError,
  DeviceError,
  HostError,
  NetworkError,
  durationSchema,
  idSchema,
  listenSchema,
  parseListen,
} as const;
export type DriverKit = typeof DRIVER_KIT;

/** What the module of such a driver exports. */
export interface DriverModule {
  /** The version of the kit it was written for. */
  readonly kit: number;
  /** Its kinds of link. Opens nothing. */
  kinds(kit: DriverKit): readonly DriverKind[];
}

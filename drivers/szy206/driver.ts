import type { DriverContext } from "../driver.ts";
import { DialInDriver } from "../tcp/dial-in.ts";
import { Centre } from "./centre.ts";
import type { Szy206Address, Szy206Options } from "./options.ts";
import type { Szy206Section } from "./profile.ts";

/** A context of this driver. */
export type Szy206Context = DriverContext<Szy206Options, Szy206Address, Szy206Section>;

/** The server of one SZY 206 link. @throws ConfigurationError when devices or options contradict each other. */
export function create(context: DriverContext): DialInDriver {
  const own = context as Szy206Context;
  return new DialInDriver(own, new Centre(own));
}

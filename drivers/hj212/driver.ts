import type { DriverContext } from "../driver.ts";
import { DialInDriver } from "../tcp/dial-in.ts";
import { Centre } from "./centre.ts";
import type { Hj212Address, Hj212Options } from "./options.ts";
import type { Hj212Section } from "./profile.ts";

/** A context of this driver. */
export type Hj212Context = DriverContext<Hj212Options, Hj212Address, Hj212Section>;

/** The server of one HJ 212 link. @throws ConfigurationError when devices or options contradict each other. */
export function create(context: DriverContext): DialInDriver {
  const own = context as Hj212Context;
  return new DialInDriver(own, new Centre(own));
}

import type { DriverContext } from "../driver.ts";
import type { RequestAnswer, RequestOrder } from "../request.ts";
import { DialInDriver } from "../tcp/dial-in.ts";
import { Centre } from "./centre.ts";
import type { Hj212Address, Hj212Options } from "./options.ts";
import type { Hj212Section } from "./profile.ts";

/** A context of this driver. */
export type Hj212Context = DriverContext<Hj212Options, Hj212Address, Hj212Section>;

/** The server of one HJ 212 link. @throws ConfigurationError when devices or options contradict each other. */
export function create(context: DriverContext): Hj212Driver {
  const own = context as Hj212Context;
  return new Hj212Driver(own, new Centre(own));
}

/** A server for data loggers, which can also be asked. */
export class Hj212Driver extends DialInDriver {
  readonly #centre: Centre;

  constructor(context: Hj212Context, centre: Centre) {
    super(context, centre);
    this.#centre = centre;
  }

  /** @throws as `Driver.request` */
  request(order: RequestOrder): Promise<RequestAnswer> {
    return this.#centre.request(order);
  }
}

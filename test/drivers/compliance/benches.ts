import { dialInBenches } from "./dial-in.ts";
import { httpBenches } from "./http.ts";
import { lorawanBenches } from "./lorawan.ts";
import { modbusBenches } from "./modbus.ts";
import { mqttBenches } from "./mqtt.ts";
import type { Bench } from "./peer.ts";
import { sparkplugBenches } from "./sparkplug.ts";

/** The bench of each kind of driver, by the link's `type`. A kind without one fails the suite. */
export const benches: ReadonlyMap<string, Bench> = new Map(
  Object.entries({
    ...modbusBenches,
    ...mqttBenches,
    ...dialInBenches,
    ...httpBenches,
    ...sparkplugBenches,
    ...lorawanBenches,
  }),
);

import type { DriverKind } from "../driver.ts";
import { sl651AddressSchema, sl651LinkSchema } from "./options.ts";
import { SL651_REQUESTS } from "./request-kinds.ts";
import { formatStationAddress } from "./station-address.ts";

/** The link on which hydrological stations dial in. */
export const sl651Kinds: readonly DriverKind[] = [
  {
    type: "sl651-server",
    summary: "SL 651-2014: hydrological stations (RTU) that dial in over TCP",
    link: sl651LinkSchema,
    address: sl651AddressSchema,
    section: "sl651",
    addressName: (address) => `station ${formatStationAddress((address as { station: number }).station)}`,
    requests: SL651_REQUESTS,
    load: () => import("./driver.ts"),
  },
];

import type { DriverKind } from "../driver.ts";
import { type Hj212Address, hj212AddressSchema, hj212LinkSchema } from "./options.ts";
import type { Hj212Section } from "./profile.ts";
import { HJ212_REQUESTS } from "./request-kinds.ts";

/** The link that data loggers of HJ 212 dial. */
export const hj212Kinds: readonly DriverKind[] = [
  {
    type: "hj212-server",
    summary: "HJ 212-2017 and 2005: data loggers (数采仪) of environmental monitoring that dial in over TCP",
    link: hj212LinkSchema,
    address: hj212AddressSchema,
    section: "hj212",
    addressName: (address) => `MN ${(address as Hj212Address).mn}`,
    channels: (section) => Object.keys((section as Hj212Section).channels),
    requests: HJ212_REQUESTS,
    load: () => import("./driver.ts"),
  },
];

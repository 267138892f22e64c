import type { DriverKind } from "../driver.ts";
import { type Szy206Address, szy206AddressSchema, szy206LinkSchema } from "./options.ts";
import type { Szy206Section } from "./profile.ts";

/** The link that terminals of SZY 206 dial. */
export const szy206Kinds: readonly DriverKind[] = [
  {
    type: "szy206-server",
    summary: "SZY 206-2016: water resources terminals (水资源遥测终端) that dial in over TCP",
    link: szy206LinkSchema,
    address: szy206AddressSchema,
    section: "szy206",
    addressName: (address) => `terminal ${(address as Szy206Address).terminal}`,
    channels: (section) => Object.keys((section as Szy206Section).channels),
    load: () => import("./driver.ts"),
  },
];

import type { DriverKind } from "../driver.ts";
import {
  addressName,
  type ComponentAddress,
  channelsAt,
  componentAddressSchema,
  type Gb26875Address,
  gb26875AddressSchema,
} from "./address.ts";
import { gb26875OptionsSchema } from "./options.ts";
import type { Gb26875Section } from "./profile.ts";
import { GB26875_REQUESTS } from "./request-kinds.ts";

/** The link that user information transmission devices connect to. */
export const gb26875Kinds: readonly DriverKind[] = [
  {
    type: "gb26875-server",
    summary:
      "Server for fire user information transmission devices (用户信息传输装置), GB/T 26875.3, over TCP and UDP",
    link: gb26875OptionsSchema,
    address: gb26875AddressSchema,
    section: "gb26875",
    addressName: (address) => `source ${(address as Gb26875Address).source}`,
    channels: (section) => Object.keys((section as Gb26875Section).device),
    components: {
      address: componentAddressSchema,
      channels: (section, address) => channelsAt(section as Gb26875Section, address as ComponentAddress),
      name: (section, address) => addressName(address as ComponentAddress, (section as Gb26875Section).order),
    },
    requests: GB26875_REQUESTS,
    load: () => import("./driver.ts"),
  },
];

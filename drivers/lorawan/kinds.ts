import type { DriverKind } from "../driver.ts";
import {
  feedOf,
  type LorawanAddress,
  type LorawanOptions,
  lorawanAddressSchema,
  lorawanLinkSchema,
} from "./options.ts";
import type { LorawanSection } from "./profile.ts";

/** The link to a LoRaWAN network server. */
export const lorawanKinds: readonly DriverKind[] = [
  {
    type: "lorawan",
    summary: "LoRaWAN uplinks from ChirpStack, The Things Stack and others over MQTT",
    link: lorawanLinkSchema,
    address: lorawanAddressSchema,
    section: "lorawan",
    addressName: (address) => `DevEUI ${(address as LorawanAddress).devEui}`,
    channels: (section) => [
      ...new Set((section as LorawanSection).messages.flatMap(({ channels }) => Object.keys(channels))),
    ],
    feed: (options) => feedOf(options as LorawanOptions),
    load: () => import("./driver.ts"),
  },
];

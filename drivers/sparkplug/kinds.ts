import type { DriverKind } from "../driver.ts";
import { type SparkplugAddress, sparkplugAddressSchema, sparkplugLinkSchema } from "./options.ts";
import type { SparkplugSection } from "./profile.ts";

/** The link on which Sparkplug B edge nodes are heard. */
export const sparkplugKinds: readonly DriverKind[] = [
  {
    type: "sparkplug",
    summary: "Sparkplug B host application on an external MQTT broker",
    link: sparkplugLinkSchema,
    address: sparkplugAddressSchema,
    section: "sparkplug",
    addressName: (address) => {
      const { group, node, device, folder } = address as SparkplugAddress;
      const parts = [`${group}/${node}`];
      if (device !== undefined) parts.push(`device ${device}`);
      if (folder !== undefined) parts.push(`folder ${folder}`);
      return parts.join(", ");
    },
    channels: (section) => Object.keys((section as SparkplugSection).channels),
    load: () => import("./driver.ts"),
  },
];

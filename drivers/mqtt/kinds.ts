import type { DriverKind } from "../driver.ts";
import { brokerOptionsSchema } from "./broker/options.ts";
import { clientOptionsSchema } from "./client/options.ts";
import { mqttAddressSchema } from "./profile.ts";

/** The MQTT links: the embedded broker (at most one in a site) and a client of an external one. */
export const mqttKinds: readonly DriverKind[] = [
  {
    type: "mqtt-broker",
    summary: "Embedded MQTT broker: devices publish to the gateway, alerts are published here",
    link: brokerOptionsSchema,
    address: mqttAddressSchema,
    section: "payload",
    load: () => import("./broker/driver.ts"),
  },
  {
    type: "mqtt-client",
    summary: "Client of an external MQTT broker, 3.1.1 or 5",
    link: clientOptionsSchema,
    address: mqttAddressSchema,
    section: "payload",
    load: () => import("./client/driver.ts"),
  },
];

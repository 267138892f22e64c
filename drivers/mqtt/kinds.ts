import type { DriverKind } from "../driver.ts";

/** The MQTT links: the embedded broker and a client of an external one. */
export const mqttKinds: readonly DriverKind[] = [];

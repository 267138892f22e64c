import type { DriverKind } from "./driver.ts";
import { gb26875Kinds } from "./gb26875/kinds.ts";
import { hj212Kinds } from "./hj212/kinds.ts";
import { httpKinds } from "./http/kinds.ts";
import { lorawanKinds } from "./lorawan/kinds.ts";
import { modbusKinds } from "./modbus/kinds.ts";
import { mqttKinds } from "./mqtt/kinds.ts";
import { sl651Kinds } from "./sl651/kinds.ts";
import { sparkplugKinds } from "./sparkplug/kinds.ts";
import { szy206Kinds } from "./szy206/kinds.ts";

const KINDS: readonly DriverKind[] = [
  ...modbusKinds,
  ...mqttKinds,
  ...gb26875Kinds,
  ...sl651Kinds,
  ...hj212Kinds,
  ...szy206Kinds,
  ...httpKinds,
  ...sparkplugKinds,
  ...lorawanKinds,
];

/** The kinds of link there are, by the `type` they have in a site file. */
export const driverKinds: ReadonlyMap<string, DriverKind> = new Map(KINDS.map((kind) => [kind.type, kind]));

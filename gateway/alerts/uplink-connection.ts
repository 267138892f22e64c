import { resolve } from "node:path";
import type { Log } from "../../model/log.ts";
import type { Clock } from "../../model/time.ts";
import type { Configuration } from "../configuration.ts";
import type { ConnectUplink } from "./uplink.ts";

/** Each event goes with its retained state, and retained states have a window of their own beside the events. */
const PUBLICATIONS_PER_EVENT = 2;
const RETAINED_WINDOW = 64;

/**
 * Connects uplinks over MQTT. The library is loaded only by a site that has uplinks.
 * The function made throws ConfigurationError SECRET_MISSING, or CONFIG_NOT_FOUND for a TLS file.
 */
export function mqttUplinks(o: {
  readonly configuration: Pick<Configuration, "secret" | "folder">;
  readonly clock: Clock;
  readonly log: Log;
}): ConnectUplink {
  const file = (path: string | undefined) =>
    path === undefined ? undefined : resolve(o.configuration.folder, path);
  return async ({ id, settings, clientId, will }) => {
    const { MqttBus } = await import("../../drivers/mqtt/client/bus.ts");
    const { tls, password } = settings;
    return new MqttBus({
      name: `uplink:${id}`,
      connection: {
        ...settings,
        tls:
          tls === undefined
            ? undefined
            : { ...tls, ca: file(tls.ca), certificate: file(tls.certificate), key: file(tls.key) },
      },
      clientId,
      ...(password === undefined ? {} : { password: o.configuration.secret(password) }),
      will: { ...will(), retain: true },
      window: settings.window * PUBLICATIONS_PER_EVENT + RETAINED_WINDOW,
      clock: o.clock,
      log: o.log,
    });
  };
}

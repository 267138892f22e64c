import type { NetworkServer } from "../drivers/lorawan/options.ts";
import { MILLISECOND, type Micros } from "../model/time.ts";

/** One uplink, before a network server has written it down. */
export interface SimulatedUplink {
  /** In lower case. */
  readonly devEui: string;
  readonly devAddr: string;
  readonly counter: number;
  readonly port: number;
  readonly bytes: Buffer;
  /** When the network had it. */
  readonly time: Micros;
  readonly rssi: number;
  readonly snr: number;
  /** What the network server decodes itself; undefined: nothing. */
  readonly object: unknown;
}

/** What network servers call the application and the gateway here. */
const APPLICATION = "simulated";

/** An uplink as a network server publishes it: fields of ChirpStack v4 and The Things Stack v3 (which leaves zeros out); plain JSON. */
export function writeUplink(
  server: NetworkServer,
  uplink: SimulatedUplink,
): { topic: string; payload: string } {
  const { devEui, devAddr, counter, port, rssi, snr, object } = uplink;
  const time = new Date(Math.floor(uplink.time / MILLISECOND)).toISOString();
  const data = uplink.bytes.toString("base64");
  switch (server) {
    case "chirpstack":
      return {
        topic: `application/${APPLICATION}/device/${devEui}/event/up`,
        payload: JSON.stringify({
          deduplicationId: `${devEui}-${counter}-${uplink.time}`,
          time,
          deviceInfo: { applicationName: APPLICATION, devEui },
          devAddr,
          fCnt: counter,
          fPort: port,
          confirmed: false,
          data,
          ...(object === undefined ? {} : { object }),
          rxInfo: [{ gatewayId: APPLICATION, rssi, snr }],
        }),
      };
    case "ttn":
      return {
        topic: `v3/${APPLICATION}/devices/${devEui}/up`,
        payload: JSON.stringify({
          end_device_ids: { device_id: devEui, dev_eui: devEui.toUpperCase(), dev_addr: devAddr },
          received_at: time,
          uplink_message: {
            ...(port === 0 ? {} : { f_port: port }),
            ...(counter === 0 ? {} : { f_cnt: counter }),
            frm_payload: data,
            ...(object === undefined ? {} : { decoded_payload: object }),
            rx_metadata: [{ gateway_ids: { gateway_id: APPLICATION }, rssi, ...(snr === 0 ? {} : { snr }) }],
            received_at: time,
          },
        }),
      };
    case "plain":
      return {
        topic: `${APPLICATION}/${devEui}/up`,
        payload: JSON.stringify({
          devEui,
          devAddr,
          fCnt: counter,
          fPort: port,
          data,
          time,
          rssi,
          snr,
          object,
        }),
      };
  }
}

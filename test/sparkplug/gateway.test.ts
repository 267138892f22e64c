import { describe, expect, test } from "vitest";
import { DATA_TYPE } from "../../drivers/sparkplug/data-type.ts";
import type { WrittenMetric } from "../../drivers/sparkplug/payload-writer.ts";
import { SparkplugEdge } from "../../simulators/sparkplug-edge.ts";
import { Stand } from "../gateway/stand.ts";
import { missing } from "../servers/available.ts";
import { startMosquitto } from "../servers/mosquitto.ts";
import { until } from "../support/until.ts";

/* A gas detector behind a Sparkplug edge node, as the whole gateway sees it. */

const site = (url: string) => `
site: { id: plant, name: 一号厂 }
http: { enabled: false }
links:
  broker: { type: mqtt-broker, listen: "127.0.0.1:0" }
  scada: { type: sparkplug, url: "${url}", rebirth: { interval: 1s } }
points:
  hall: { name: 压缩机房, domain: gas }
devices:
  gas-101:
    profile: sparkplug-gas
    link: scada
    point: hall
    address: { group: plant, node: edge, device: panel, folder: AT-101 }
rules:
  gas: { name: 可燃气体, applies: { device: gas-101, channel: lel }, above: { yellow: 10, red: 25 }, deadband: 2, basis: GB/T 50493, guidance: 撤离并通风 }
  alarm: { name: 探测器报警, applies: { quantity: gas_alarm }, equals: { red: active }, basis: GB/T 50493, guidance: 撤离并通风 }
alarms: { startupGrace: 1m }
`;

const LEL = { alias: 1, dataType: DATA_TYPE.double };
const metrics = (lel: number): WrittenMetric[] => [
  { name: "AT-101/LEL", value: lel, ...LEL },
  { name: "AT-101/Alarm", alias: 2, dataType: DATA_TYPE.boolean, value: false },
  { name: "AT-101/Fault", alias: 3, dataType: DATA_TYPE.boolean, value: false },
  { name: "AT-101/Temperature", alias: 4, dataType: DATA_TYPE.float, value: 20 },
];
const GAS = "gas gas-101.lel";

describe.skipIf(missing("mosquitto"))("gas", () => {
  test("raises; its node's death, a lost message and a bad quality end nothing; the next birth's low value does", async () => {
    await using mosquitto = await startMosquitto();
    await using stand = await Stand.start(site(mosquitto.url));
    const options = { url: mosquitto.url, group: "plant", node: "edge", clock: stand.clock };
    const edge = new SparkplugEdge({ ...options, obedient: false, devices: { panel: metrics(1) } });
    try {
      await edge.connect();
      await until("it is born", () => stand.counted("sparkplug_births") === 2);
      await edge.say("panel", [{ ...LEL, value: 30 }]);
      await stand.staff.hears(`raise ${GAS} red`);
      await edge.say("panel", [{ ...LEL, value: 0, quality: 0 }]);
      edge.lose();
      await edge.say("panel", [{ ...LEL, value: 0 }]);
      await until("the gap is seen", () => stand.counted("sparkplug_gaps") === 1);
      edge.drop();
      await until("the death is heard", () => stand.counted("sparkplug_deaths") === 1);
      expect(stand.standing()).toContain(`${GAS} unacknowledged`);
      await edge.connect();
      await stand.staff.hears(`return ${GAS} red`);
    } finally {
      await edge.close();
    }
  });
});

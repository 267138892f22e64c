import { writeFileSync } from "node:fs";
import { connectAsync } from "mqtt";
import { expect, test } from "vitest";
import { ModemCable, PHONES } from "../routes/sms/stand.ts";
import { missing } from "../servers/available.ts";
import { freePort } from "../support/free-port.ts";
import { startGateway } from "../support/gateway-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";

test.skipIf(missing("socat"))(
  "a gateway that is killed in the middle of a text message sends it when it is back",
  {
    timeout: 60_000,
  },
  async () => {
    await using cable = new ModemCable();
    const { modem } = cable;
    await cable.plugIn();
    using folder = temporaryFolder("sms-kill");
    const port = await freePort();
    writeFileSync(
      folder.join("site.yaml"),
      `
site: { id: bench, name: 试验台 }
http: { enabled: false }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:${port}" } }
points: { well: { name: 老街阀井, domain: gas } }
devices: { gd-1: { profile: json-gas, link: broker, point: well } }
rules:
  gas: { name: 可燃气体, applies: { quantity: gas_lel }, above: { red: 50 }, basis: site, guidance: 撤离 }
routes:
  phones: { type: sms, path: ${cable.path}, to: ["env:PHONES"] }
`,
    );
    const start = () => startGateway(folder.join("site.yaml"), { environment: { PHONES: PHONES.duty } });
    // The network takes it, and the gateway dies before it hears of that.
    modem.network = () => ({ silent: true, taken: true });
    const first = await start();
    const instrument = await connectAsync(`mqtt://127.0.0.1:${port}`);
    await instrument.publishAsync(
      "devices/gd-1/gas",
      JSON.stringify({ gas: { value: 62, unit: "%LEL" }, state: "high", ts: Date.now() / 1_000 }),
      { qos: 1 },
    );
    await until("it is at the network", () => modem.messages.length === 1, {
      detail: () => first.child.tail(),
    });
    await first.kill();
    await instrument.endAsync(true);
    modem.network = () => ({ taken: true });
    const second = await start();
    await until("it is there again, for nobody knows better", () => modem.messages.length === 2, {
      withinMs: 30_000,
      detail: () => second.child.tail(),
    });
    expect(new Set(modem.messages.map(({ text }) => text)).size).toBe(1);
    expect(modem.messages[0]!.text).toMatch(/^【红色】老街阀井.*62 %LEL/);
    expect(second.child.tail() + first.child.tail()).not.toContain(PHONES.duty.slice(3));
    expect(await second.stop()).toBe(0);
  },
);

import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type BrokerDriver, create as createBroker } from "../../drivers/mqtt/broker/driver.ts";
import { MqttBus } from "../../drivers/mqtt/client/bus.ts";
import { create as createClient } from "../../drivers/mqtt/client/driver.ts";
import { connectionOptionsSchema } from "../../drivers/mqtt/client/options.ts";
import { SILENT } from "../../model/log.ts";
import { SystemClock } from "../../model/time.ts";
import { selfSigned } from "../support/certificate.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { brokerContext, clientContext, TestSite } from "./site.ts";

let folder: TemporaryFolder;
let driver: BrokerDriver;
const intake = new RecordingIntake();

beforeEach(async () => {
  folder = temporaryFolder("tls");
  const { certificate, key } = selfSigned();
  writeFileSync(folder.join("certificate.pem"), certificate);
  writeFileSync(folder.join("key.pem"), key);
  const site = new TestSite([{ id: "g", profile: "plain-value" }]);
  const tls = { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
  driver = createBroker(brokerContext({ tls, limits: { waiting: 3, connectTimeout: "500ms" } }, { site }));
  await driver.start(intake);
});
afterEach(async () => {
  await driver.stop();
  folder.remove();
});

const connection = (ca: string | undefined) =>
  connectionOptionsSchema.parse({
    url: `mqtts://localhost:${driver.address.port}`,
    protocol: 4,
    backoff: { first: "50ms", greatest: "100ms" },
    ...(ca === undefined ? {} : { tls: { ca } }),
  });

test("both ends speak TLS: a bus that knows the authority publishes to the encrypted listener", async () => {
  const uplink = new MqttBus({
    name: "up",
    connection: connection(folder.join("certificate.pem")),
    clientId: "up",
    clock: new SystemClock(),
    log: SILENT,
  });
  uplink.start();
  try {
    await until("it is connected", () => uplink.connected);
    await uplink.publish("devices/g/depth", "1.5", { qos: 1, retain: false });
    expect(intake.readings.at(-1)?.value).toBe(1.5);
  } finally {
    await uplink.stop();
  }
});

test("a certificate that nobody vouches for is refused, not accepted in silence", async () => {
  const warnings: string[] = [];
  const uplink = new MqttBus({
    name: "up",
    connection: connection(undefined),
    clientId: "up",
    clock: new SystemClock(),
    log: { ...SILENT, warn: (fields) => warnings.push(JSON.stringify(fields)) },
  });
  uplink.start();
  try {
    await until("it is refused", () => warnings.length > 0);
    expect(warnings[0]).toMatch(/self-signed/);
    expect(uplink.connected).toBe(false);
  } finally {
    await uplink.stop();
  }
});

test("a TLS file that is not there is a mistake of the site file", async () => {
  const site = new TestSite([{ id: "g", profile: "plain-value" }]);
  const url = "mqtts://localhost:1";
  expect(() =>
    createClient(clientContext({ url, tls: { ca: folder.join("absent.pem") } }, { site })),
  ).toThrow(expect.objectContaining({ code: "CONFIG_NOT_FOUND" }));
  const absent = { certificate: folder.join("absent.pem"), key: folder.join("key.pem") };
  const other = createBroker(brokerContext({ tls: absent }, { site }));
  await expect(other.start(new RecordingIntake())).rejects.toMatchObject({ code: "CONFIG_NOT_FOUND" });
});

test("sockets that never finish the handshake do not keep others out", async () => {
  const silent = Array.from({ length: 10 }, () => {
    const socket = connect({ port: driver.address.port, host: "127.0.0.1" });
    socket.on("error", () => {});
    // A socket that nobody reads does not notice its end.
    return socket.resume();
  });
  const uplink = new MqttBus({
    name: "up",
    connection: connection(folder.join("certificate.pem")),
    clientId: "up",
    clock: new SystemClock(),
    log: SILENT,
  });
  uplink.start();
  try {
    await until("it is connected", () => uplink.connected);
    await until("the silent ones are gone", () => silent.every(({ destroyed }) => destroyed));
    expect(uplink.connected).toBe(true);
  } finally {
    for (const socket of silent) socket.destroy();
    await uplink.stop();
  }
});

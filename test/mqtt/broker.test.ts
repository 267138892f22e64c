import { setImmediate as turn } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { type BrokerDriver, create } from "../../drivers/mqtt/broker/driver.ts";
import type { BrokerOptions } from "../../drivers/mqtt/broker/options.ts";
import { SECOND } from "../../model/time.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until, within } from "../support/until.ts";
import { RawClient } from "./raw-client.ts";
import { brokerContext, type TestContext, TestSite, total } from "./site.ts";

const TOPIC = "devices/g/depth";

/** A broker with one gauge that says plain numbers, and an intake whose disk the test moves. */
class Stage implements AsyncDisposable {
  readonly driver: BrokerDriver;
  readonly context: TestContext<BrokerOptions>;
  readonly intake = new RecordingIntake({ instant: false });

  constructor(options: Parameters<typeof brokerContext>[0] = {}, clock?: ManualClock) {
    const site = new TestSite([{ id: "g", profile: "plain-value" }]);
    this.context = brokerContext(options, clock === undefined ? { site } : { site, clock });
    this.driver = create(this.context);
  }

  static async open(options: Parameters<typeof brokerContext>[0] = {}, clock?: ManualClock): Promise<Stage> {
    const stage = new Stage(options, clock);
    await stage.driver.start(stage.intake);
    return stage;
  }

  connect(packet: Parameters<typeof RawClient.connect>[1] = {}): Promise<RawClient> {
    return RawClient.connect(this.driver.address.port, packet);
  }

  get values(): number[] {
    return this.intake.readings.map(({ value }) => value);
  }

  total(counter: string): number {
    return total(this.context.counters, counter);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.intake.makeDurable();
    await this.driver.stop();
  }
}

const stages: Stage[] = [];
const open = async (options: Parameters<typeof brokerContext>[0] = {}, clock?: ManualClock) => {
  const stage = await Stage.open(options, clock);
  stages.push(stage);
  return stage;
};
afterEach(async () => {
  for (const stage of stages.splice(0)) await stage[Symbol.asyncDispose]();
});

describe("acknowledgements", () => {
  test("wait for the disk, while later packets and PINGREQ of the same client are read and answered", async () => {
    const stage = await open();
    const client = await stage.connect();
    for (let id = 1; id <= 200; id++) client.publish(TOPIC, `${id}`, { id });
    await client.ping();
    client.publish(TOPIC, "201", { id: 201 });
    await client.ping();
    expect(stage.values).toEqual(Array.from({ length: 201 }, (_, i) => i + 1));
    expect(client.acknowledged).toEqual([]);
    expect(stage.driver.held).toBe(201);
    stage.intake.makeDurable(100);
    await client.waitFor("puback", 100);
    await client.ping();
    expect(client.acknowledged).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    stage.intake.makeDurable();
    await client.waitFor("puback", 201);
    expect(client.acknowledged).toEqual(Array.from({ length: 201 }, (_, i) => i + 1));
  });

  test("a disk that does not answer delays neither this client nor another", async () => {
    const stage = await open();
    const first = await stage.connect({ clientId: "first" });
    const second = await stage.connect({ clientId: "second" });
    first.publish(TOPIC, "1");
    await first.ping();
    second.publish(TOPIC, "2");
    await second.ping();
    first.publish(TOPIC, "3", { id: 2 });
    await first.ping();
    expect(stage.values).toEqual([1, 2, 3]);
  });

  test("a message that is no device's is acknowledged at once, in its turn", async () => {
    const stage = await open();
    const client = await stage.connect();
    client.publish("elsewhere", "x", { id: 1 });
    await client.waitFor("puback", 1);
    client.publish(TOPIC, "1", { id: 2 });
    client.publish("elsewhere", "x", { id: 3 });
    await client.ping();
    expect(client.acknowledged).toEqual([1]);
    stage.intake.makeDurable();
    await client.waitFor("puback", 3);
    expect(client.acknowledged).toEqual([1, 2, 3]);
  });

  test("an undecodable message is quarantined, kept as bad, and acknowledged like any other", async () => {
    const stage = await open();
    const client = await stage.connect();
    client.publish(TOPIC, "nonsense", { id: 1 });
    await client.ping();
    expect(stage.intake.readings.map(({ reason }) => reason)).toEqual(["not_a_number"]);
    stage.intake.makeDurable();
    await client.waitFor("puback");
  });

  test("QoS 0 enters with nobody waiting; its patience says so", async () => {
    const stage = await open();
    const client = await stage.connect();
    client.publish(TOPIC, "1", { qos: 0 });
    client.publish(TOPIC, "2", { qos: 1 });
    await client.ping();
    expect(stage.intake.messages.map(({ patience }) => patience)).toEqual(["polled", "acknowledged"]);
  });

  test("a device that says everything in one go and hangs up is heard", async () => {
    const stage = await open();
    const client = new RawClient(stage.driver.address.port);
    client.send({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clientId: "quick",
      clean: true,
      keepalive: 60,
    });
    for (let n = 1; n <= 100; n++) client.publish(TOPIC, `${n}`, { qos: 0 });
    client.send({ cmd: "disconnect" });
    client.socket.end();
    await until("all has entered", () => stage.values.length === 100);
  });
});

describe("repeats", () => {
  test("a message sent again after a reconnect is counted once, and acknowledged when it is on disk", async () => {
    const stage = await open();
    const first = await stage.connect({ clean: false });
    first.publish(TOPIC, "1", { id: 5 });
    await first.ping();
    await first.break();
    const again = await stage.connect({ clean: false });
    again.publish(TOPIC, "1", { id: 5, dup: true });
    again.publish(TOPIC, "2", { id: 6 });
    await again.ping();
    expect(stage.values).toEqual([1, 2]);
    expect(again.acknowledged).toEqual([]);
    expect(stage.total("mqtt_repeats")).toBe(1);
    stage.intake.makeDurable();
    await again.waitFor("puback", 2);
    expect(again.acknowledged).toEqual([5, 6]);
  });

  test("DUP alone makes no repeat: what never arrived enters", async () => {
    const stage = await open();
    const client = await stage.connect();
    client.publish(TOPIC, "1", { id: 5, dup: true });
    client.publish(TOPIC, "2", { id: 5, dup: true });
    client.publish("devices/g/depth", "1", { id: 6, dup: true });
    await client.ping();
    expect(stage.values).toEqual([1, 2, 1]);
  });

  test("an alarm of a device that numbers every message alike is no repeat of its alarm before the all-clear", async () => {
    const stage = await open();
    const session = { clean: false };
    for (const [value, dup] of [
      ["1", false],
      ["0", false],
      ["1", true],
    ] as const) {
      const awake = await stage.connect(session);
      awake.publish(TOPIC, value, { id: 1, dup });
      await awake.ping();
      await awake.break();
    }
    expect(stage.values).toEqual([1, 0, 1]);
  });

  test("equal values in equal packets without DUP are two readings", async () => {
    const stage = await open();
    const client = await stage.connect();
    client.publish(TOPIC, "1", { id: 5 });
    client.publish(TOPIC, "1", { id: 5 });
    await client.ping();
    expect(stage.values).toEqual([1, 1]);
  });

  test("another client's equal packet is no repeat", async () => {
    const stage = await open();
    const first = await stage.connect({ clientId: "first" });
    const second = await stage.connect({ clientId: "second" });
    first.publish(TOPIC, "1", { id: 5 });
    await first.ping();
    second.publish(TOPIC, "1", { id: 5, dup: true });
    await second.ping();
    expect(stage.values).toEqual([1, 1]);
  });
});

describe("QoS 2", () => {
  test("PUBREC waits for the disk, and one packet identifier is one reading until PUBCOMP", async () => {
    const stage = await open();
    const client = await stage.connect();
    client.publish(TOPIC, "1", { qos: 2, id: 9 });
    await client.ping();
    client.publish(TOPIC, "1", { qos: 2, id: 9, dup: true });
    client.publish(TOPIC, "1", { qos: 2, id: 9 });
    await client.ping();
    expect(stage.values).toEqual([1]);
    expect(client.of("pubrec")).toEqual([]);
    stage.intake.makeDurable();
    await client.waitFor("pubrec", 3);
    client.send({ cmd: "pubrel", messageId: 9 });
    await client.waitFor("pubcomp");
    client.publish(TOPIC, "1", { qos: 2, id: 9 });
    await client.ping();
    expect(stage.values).toEqual([1, 1]);
  });

  test("after a broken connection the rest of the handshake completes and nothing is doubled", async () => {
    const stage = await open();
    const first = await stage.connect({ clean: false });
    first.publish(TOPIC, "1", { qos: 2, id: 9 });
    await first.ping();
    await first.break();
    stage.intake.makeDurable();
    const again = await stage.connect({ clean: false });
    again.publish(TOPIC, "1", { qos: 2, id: 9, dup: true });
    await again.waitFor("pubrec");
    again.send({ cmd: "pubrel", messageId: 9 });
    await again.waitFor("pubcomp");
    expect(stage.values).toEqual([1]);
  });

  test("QoS 1 and 2 mixed keep the order of the publications", async () => {
    const stage = await open();
    const client = await stage.connect();
    client.publish(TOPIC, "1", { qos: 2, id: 1 });
    client.publish(TOPIC, "2", { qos: 1, id: 2 });
    client.publish("elsewhere", "3", { qos: 2, id: 3 });
    client.publish(TOPIC, "4", { qos: 1, id: 4 });
    await client.ping();
    stage.intake.makeDurable();
    await client.waitFor("puback", 2);
    const order = client.packets
      .filter(({ cmd }) => cmd === "puback" || cmd === "pubrec")
      .map(({ messageId }) => messageId);
    expect(order).toEqual([1, 2, 3, 4]);
  });
});

describe("a disk that fails", () => {
  test("nothing is acknowledged, everything is evaluated, and the client is made to send again", async () => {
    const clock = new ManualClock();
    const stage = await open({}, clock);
    const client = await stage.connect({ clean: false });
    client.publish(TOPIC, "1", { id: 1 });
    await client.ping();
    stage.intake.refusing = true;
    client.publish(TOPIC, "2", { id: 2 });
    await client.ping();
    stage.intake.refusing = false;
    client.publish(TOPIC, "3", { id: 3 });
    await client.ping();
    expect(stage.values).toEqual([1, 2, 3]);
    stage.intake.makeDurable();
    await client.waitFor("puback", 1);
    await client.ping();
    // 3 is on disk; acknowledging it before 2 would break the order.
    expect(client.acknowledged).toEqual([1]);
    clock.advance(10 * SECOND);
    await client.waitForClose();
    expect(stage.total("mqtt_refused")).toBe(1);

    const again = await stage.connect({ clean: false });
    again.publish(TOPIC, "2", { id: 2, dup: true });
    again.publish(TOPIC, "3", { id: 3, dup: true });
    await again.ping();
    stage.intake.makeDurable();
    await again.waitFor("puback", 2);
    // 2 was evaluated twice and kept once; 3 was recognised.
    expect(stage.values).toEqual([1, 2, 3, 2]);
    expect(stage.total("mqtt_repeats")).toBe(1);
  });

  test("when there is room again, the client need not wait", async () => {
    const stage = await open();
    const client = await stage.connect();
    stage.intake.refusing = true;
    client.publish(TOPIC, "1", { id: 1 });
    await client.ping();
    stage.intake.refusing = false;
    stage.intake.relieve();
    await client.waitForClose();
  });

  test("QoS 0 beyond the bound is lost, and counted", async () => {
    const stage = await open();
    const client = await stage.connect();
    stage.intake.refusing = true;
    client.publish(TOPIC, "1", { qos: 0 });
    await client.ping();
    expect(stage.total("mqtt_dropped")).toBe(1);
    expect(client.closed).toBe(false);
  });

  test("a congested intake slows clients down, yet goes on hearing them", async () => {
    const clock = new ManualClock();
    const stage = await open({}, clock);
    const client = await stage.connect();
    client.publish(TOPIC, "0", { id: 60_000 });
    await client.ping();
    stage.intake.congested = true;
    client.publish(TOPIC, "1", { id: 1 });
    await until("it has entered", () => stage.values.length === 2);
    client.publish(TOPIC, "2", { id: 2 });
    for (let n = 0; n < 20; n++) await turn();
    expect(stage.values).toEqual([0, 1]);
    await until("the trickle hears it", () => {
      clock.advance(SECOND / 10);
      return stage.values.length === 3;
    });
    stage.intake.relieve();
    client.publish(TOPIC, "3", { id: 3 });
    await client.ping();
    expect(stage.values).toEqual([0, 1, 2, 3]);
  });
});

describe("starting and stopping", () => {
  test("the link is reported up", async () => {
    const stage = await open();
    expect(stage.intake.health).toEqual([{ thing: "link", index: 0, up: true, reason: "good" }]);
  });

  test("a port that is taken is an error that says so", async () => {
    const stage = await open();
    const second = new Stage({ listen: `127.0.0.1:${stage.driver.address.port}` });
    await expect(second.driver.start(second.intake)).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
  });

  test("an address that is not this machine's is an error that says so", async () => {
    const stage = new Stage({ listen: "192.0.2.1:1883", users: {} });
    await expect(stage.driver.start(stage.intake)).rejects.toMatchObject({ code: "ADDRESS_UNAVAILABLE" });
  });

  test("stopping acknowledges what is on disk in time, closes everything, and nothing enters afterwards", async () => {
    const stage = await open();
    const client = await stage.connect();
    client.publish(TOPIC, "1", { id: 1 });
    await client.ping();
    const stopped = within("the driver stops", stage.driver.stop(), 3_000);
    client.publish(TOPIC, "2", { id: 2 });
    stage.intake.makeDurable();
    await client.waitFor("puback");
    await stopped;
    await client.waitForClose();
    expect(client.acknowledged).toEqual([1]);
    expect(stage.values).toEqual([1]);
  });

  test("stopping with a dead disk does not wait for it", async () => {
    const stage = await open();
    const client = await stage.connect();
    client.publish(TOPIC, "1", { id: 1 });
    await client.ping();
    await within("the driver stops", stage.driver.stop(), 3_000);
    await client.waitForClose();
    expect(client.acknowledged).toEqual([]);
  });
});

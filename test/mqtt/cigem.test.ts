import { connectAsync } from "mqtt";
import { describe, expect, test } from "vitest";
import { create as createBroker } from "../../drivers/mqtt/broker/driver.ts";
import { create as createClient } from "../../drivers/mqtt/client/driver.ts";
import { type Publication, Reception } from "../../drivers/mqtt/reception.ts";
import { Router } from "../../drivers/mqtt/router.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { HOUR } from "../../model/time.ts";
import { missing } from "../servers/available.ts";
import { startMosquitto } from "../servers/mosquitto.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until } from "../support/until.ts";
import { brokerContext, clientContext, type TestDevice, TestSite, total } from "./site.ts";

/* Universal-type geohazard instruments (CIGEM): several devices on one topic, a header before the JSON. */

const DEVICES: TestDevice[] = [
  { id: "crack", profile: "cigem-crack", address: { id: "WS0001" } },
  { id: "rain", profile: "cigem-rain", address: { id: "WS0002" } },
  { id: "tilt", profile: "cigem-tilt", address: { id: "WS0003" } },
];
/** cigem-type2 of the collected vectors: type 2, length 128 big-endian. */
const VECTOR = Buffer.from(
  "0200807B22575330303031223A7B224C315F4C465F31223A7B22323032362D30352D32315430363A33303A30352E3030305A223A31322E33367D2C224C335F594C5F31223A7B22323032362D30352D32315430363A33303A30352E3030305A223A7B2276616C7565223A332E352C22746F74616C56616C7565223A34382E357D7D7D7D",
  "hex",
);

class Field {
  readonly site: TestSite;
  readonly intake = new RecordingIntake();
  readonly counters = new CounterRegistry();
  readonly reception: Reception;
  readonly router: Router;

  constructor(devices: readonly TestDevice[] = DEVICES) {
    this.site = new TestSite(devices);
    this.router = new Router(this.site.devices);
    const link = { index: 0, id: "broker" };
    this.reception = new Reception({
      link,
      router: this.router,
      clock: new ManualClock(),
      counters: this.counters,
    });
    this.reception.start(this.intake);
  }

  hear(payload: Buffer | object, devices?: ReadonlySet<number>): number {
    const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
    const publication: Publication = {
      topic: "$dp",
      payload: bytes,
      qos: 1,
      dup: false,
      packetId: 1,
      old: false,
    };
    return this.reception.take(this.router.find("$dp")!, publication, { seed: 1, devices });
  }

  get said(): string[] {
    return this.intake.readings.map(
      ({ channel, value, reason, time }) =>
        `${this.site.key(channel)} ${value} ${reason}${Number.isNaN(time) ? "" : ` ${new Date(time / 1000).toISOString()}`}`,
    );
  }
}

function framed(type: number, json: object): Buffer {
  const text = Buffer.from(JSON.stringify(json));
  const header = Buffer.from([type, text.length >> 8, text.length & 0xff]);
  return Buffer.concat([header, text]);
}

const AT = "2026-05-21T06:30:05.000Z";

describe("one message", () => {
  test("of type 2, as collected: a crack of 12.36 mm at its own time", () => {
    const field = new Field();
    field.hear(VECTOR);
    expect(field.said).toEqual([`crack.crack 12.36 good ${AT}`]);
  });

  test("the same bytes say rain, where the device is a rain gauge: 3.5 mm of the interval, 48.5 in all", () => {
    const field = new Field([{ id: "r", profile: "cigem-rain", address: { id: "WS0001" } }]);
    field.hear(VECTOR);
    expect(field.said).toEqual([`r.rain 3.5 good ${AT}`, `r.counter 48.5 good ${AT}`]);
  });

  test("of several devices is one message: all its values are evaluated together", () => {
    const field = new Field();
    field.hear(
      framed(2, {
        WS0001: { L1_LF_1: { [AT]: 1 } },
        WS0002: { L3_YL_1: { [AT]: { value: 2, totalValue: 3 } } },
      }),
    );
    expect(field.intake.messages).toHaveLength(1);
    expect(field.said).toEqual([
      `crack.crack 1 good ${AT}`,
      `rain.rain 2 good ${AT}`,
      `rain.counter 3 good ${AT}`,
    ]);
  });

  test("of type 1 has no times: they are of the moment of arrival", () => {
    const field = new Field();
    field.hear(framed(1, { WS0001: { L1_LF_1: 0.2136 }, WS0002: { L3_YL_1: { value: 1 } } }));
    expect(field.said).toEqual(["crack.crack 0.2136 good", "rain.rain 1 good"]);
  });

  test("without a header is understood, with times or without", () => {
    const field = new Field();
    field.hear({ WS0001: { L1_LF_1: { "2026-04-05T20:34:06.000Z": 10.86 } } });
    field.hear({ WS0001: { L1_LF_1: 10.9 } });
    expect(field.said).toEqual(["crack.crack 10.86 good 2026-04-05T20:34:06.000Z", "crack.crack 10.9 good"]);
  });

  test("several times of one sensor enter in their order", () => {
    const field = new Field();
    field.hear(
      framed(2, { WS0001: { L1_LF_1: { "2026-05-21T03:00:00.000Z": 3, "2026-05-21T01:00:00.000Z": 1 } } }),
    );
    expect(field.said.map((said) => said.split(" ")[1])).toEqual(["1", "3"]);
  });

  test("a list with commas is read by position, one value as the field `value`", () => {
    const list = new Field([
      {
        id: "t",
        profile: {
          channels: { angle: { quantity: "tilt" } },
          payload: {
            topic: "$dp",
            messages: [{ format: "cigem", channels: { angle: { path: "L1_QJ_1[3]" } } }],
          },
        },
      },
      { id: "r", profile: "cigem-rain" },
    ]);
    list.hear({ t: { L1_QJ_1: { [AT]: "0.1,0.2,89.9,0.25,180" } }, r: { L3_YL_1: { [AT]: 4 } } });
    expect(list.said).toEqual([`t.angle 0.25 good ${AT}`, `r.rain 4 good ${AT}`]);
  });

  test("a Z that is none: the device's zone repairs it, and only its", () => {
    const field = new Field([
      { id: "local", profile: "cigem-crack", address: { zone: "+08:00" } },
      { id: "utc", profile: "cigem-crack" },
    ]);
    field.hear({ local: { L1_LF_1: { [AT]: 1 } }, utc: { L1_LF_1: { [AT]: 2 } } });
    const [local, utc] = field.intake.readings.map(({ time }) => time);
    expect(utc! - local!).toBe(8 * HOUR);
  });

  test("a time that nobody can read does not make an old value new", () => {
    const field = new Field();
    field.hear(framed(2, { WS0001: { L1_LF_1: { yesterday: 1 } } }));
    expect(field.intake.readings.map(({ value, time }) => [value, time])).toEqual([[1, 0]]);
  });
});

describe("the state of sensors", () => {
  test.each([
    [-1, "device_failure"],
    [-2, "sensor_failure"],
    [-3, "missing_value"],
  ])("%s is a fault of that sensor: %s", (state, reason) => {
    const field = new Field();
    field.hear(
      framed(2, {
        WS0001: { S1_ZT_1: { [AT]: { battery_dump_energy: 80, sensor_state: { L1_LF_1: state } } } },
      }),
    );
    expect(field.said).toEqual([`crack.battery 80 good ${AT}`, `crack.crack NaN ${reason} ${AT}`]);
  });

  test("0 says nothing about the value", () => {
    const field = new Field();
    field.hear(framed(2, { WS0001: { S1_ZT_1: { [AT]: { sensor_state: { L1_LF_1: 0 } } } } }));
    expect(field.said).toEqual([]);
  });
});

describe("what is no such message", () => {
  test.each([
    [
      "a length in the wrong order",
      Buffer.concat([Buffer.from("028000", "hex"), VECTOR.subarray(3)]),
      /32768 bytes/,
    ],
    ["a length beyond the end", VECTOR.subarray(0, 100), /the header says 128/],
    ["a header cut off", Buffer.from("0200", "hex"), /cut off/],
    ["a file", Buffer.from("030002", "hex"), /type 3/],
    ["something else", Buffer.from("hello"), /neither/],
    ["encrypted", Buffer.from('{"header":{"appId":"x"},"bodies":{"body":"…"}}'), /encrypted/],
    ["a list", Buffer.from("0200027b5d".replace("7b5d", "5b5d"), "hex"), /no JSON object/],
    ["nothing", Buffer.alloc(0), /./],
  ])("%s is quarantined, acknowledged, and hurts nobody", (_, payload, why) => {
    const field = new Field();
    expect(field.hear(payload)).toBe(0);
    expect(field.intake.undecodable).toHaveLength(1);
    expect(field.intake.undecodable[0]!.error).toMatch(why);
    expect(field.intake.readings).toEqual([]);
  });

  test("a device that the site does not have costs the others nothing", () => {
    const field = new Field();
    field.hear({ NOBODY: { L1_LF_1: 1 }, WS0001: { L1_LF_1: 2 }, constructor: {} });
    expect(field.said).toEqual(["crack.crack 2 good"]);
    expect(total(field.counters, "mqtt_unknown_devices")).toBe(2);
  });

  test("a device whose part is no object is bad; the others speak", () => {
    const field = new Field();
    field.hear({ WS0001: 5, WS0002: { L3_YL_1: 2 } });
    expect(field.said).toContain("rain.rain 2 good");
    expect(field.said.find((said) => said.startsWith("crack.crack"))).toBe("crack.crack NaN undecodable");
  });

  test("who may speak for one device only may not speak for its neighbour in the same breath", () => {
    const field = new Field();
    const own = new Set([field.site.device("crack")]);
    expect(field.hear({ WS0001: { L1_LF_1: 1 }, WS0002: { L3_YL_1: 2 } }, own)).toBe(-2);
    expect(field.intake.readings).toEqual([]);
    expect(field.hear({ WS0001: { L1_LF_1: 1 } }, own)).toBeGreaterThan(0);
  });
});

describe("the topic $dp on a real broker", () => {
  const site = () => new TestSite([{ id: "crack", profile: "cigem-crack", address: { id: "WS0001" } }]);

  async function send(url: string): Promise<void> {
    const client = await connectAsync(url);
    try {
      await client.publishAsync("$dp", VECTOR, { qos: 1 });
    } finally {
      await client.endAsync(true);
    }
  }

  test("the embedded one takes it", async () => {
    const driver = createBroker(brokerContext({}, { site: site() }));
    const intake = new RecordingIntake();
    await driver.start(intake);
    try {
      await send(`mqtt://${driver.listening}`);
      await until("it is heard", () => intake.readings.length === 1);
      expect(intake.readings[0]).toMatchObject({ value: 12.36, reason: "good" });
    } finally {
      await driver.stop();
    }
  });

  test.skipIf(missing("mosquitto"))("Mosquitto passes it on", async () => {
    await using mosquitto = await startMosquitto();
    const driver = createClient(clientContext({ url: mosquitto.url }, { site: site() }));
    const intake = new RecordingIntake();
    await driver.start(intake);
    try {
      await until("it is heard", async () => {
        await send(mosquitto.url);
        return intake.readings.length > 0;
      });
      expect(intake.readings[0]).toMatchObject({ value: 12.36, reason: "good" });
    } finally {
      await driver.stop();
    }
  });
});

import { writeFileSync } from "node:fs";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missing } from "../servers/available.ts";
import { type Mosquitto, startMosquitto } from "../servers/mosquitto.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { LoraStand } from "./stand.ts";

/* ChirpStack and The Things Stack behind Mosquitto. Message shapes: devices.md 8. */

const EUI = "24e124136b502217";
const TILT = { id: "tilt-1", profile: "milesight-em310-tilt", devEui: EUI };
const MOVED = Buffer.from("03cf00000000282307", "hex").toString("base64");
const CALM = Buffer.from("03cf00000000000000", "hex").toString("base64");

const folder = temporaryFolder("lorawan");

function chirpstack(more: object = {}): object {
  return {
    deduplicationId: "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
    time: new Date().toISOString(),
    deviceInfo: { devEui: EUI, deviceName: "tilt" },
    devAddr: "00189440",
    fCnt: 1,
    fPort: 85,
    data: MOVED,
    rxInfo: [
      { gatewayId: "a", rssi: -110, snr: -3.5 },
      { gatewayId: "b", rssi: -60, snr: 9.5 },
    ],
    ...more,
  };
}

describe.skipIf(missing("mosquitto"))("behind Mosquitto", () => {
  let mosquitto: Mosquitto;
  let client: MqttClient;
  beforeAll(async () => {
    mosquitto = await startMosquitto({});
    client = await connectAsync(mosquitto.url);
  });
  afterAll(async () => {
    await client.endAsync(true);
    await mosquitto.close();
  });

  let number = 0;
  const options = (more: object = {}) => ({ url: mosquitto.url, clientId: `lora-${number++}`, ...more });
  const up = (message: object, event = "up") =>
    client.publishAsync(`application/7/device/${EUI}/event/${event}`, JSON.stringify(message), { qos: 1 });

  /** Publishes until it is heard: the subscription may not stand yet. */
  async function heard(stand: LoraStand, publish: () => Promise<unknown>): Promise<void> {
    const before = stand.total("lorawan_messages");
    await until("it is heard", async () => {
      await publish();
      return stand.total("lorawan_messages") > before;
    });
  }
  const hello = (stand: LoraStand) => heard(stand, () => up({ deviceInfo: { devEui: EUI } }, "log"));

  test("ChirpStack: an uplink becomes readings with the network's time and the best radio", async () => {
    await using stand = await LoraStand.start(options(), [TILT]);
    await hello(stand);
    const time = "2026-05-01T08:00:00.25Z";
    await up(chirpstack({ time }));
    await until("it is decoded", () => stand.readings.length > 0);
    expect(stand.readings).toEqual([
      "tilt-1.x 0 good",
      "tilt-1.y 0 good",
      "tilt-1.z 90 good",
      "tilt-1.moved 1 good",
      "tilt-1.rssi -60 good",
      "tilt-1.snr 9.5 good",
    ]);
    expect(stand.intake.readings[0]?.time).toBe(Date.parse(time) * 1_000);
    const said = await stand.driver.read(0, new AbortController().signal);
    expect(said.find(({ channel }) => channel === "z")).toMatchObject({ value: 90, from: "data.tilt_z" });
  });

  test("repeats are entered once, gaps are counted, a join and a device that began anew are no gaps", async () => {
    await using stand = await LoraStand.start(options(), [TILT]);
    await hello(stand);
    const frame = chirpstack({ fCnt: 5 });
    for (const message of [
      frame,
      frame,
      chirpstack({ fCnt: 9 }),
      chirpstack({ fCnt: 0, data: CALM, time: "2026-05-01T09:00:00Z" }),
    ]) {
      await up(message);
    }
    await up({ deviceInfo: { devEui: EUI }, devAddr: "00189441" }, "join");
    await up(chirpstack({ fCnt: 0, devAddr: "00189441", time: "2026-05-01T09:01:00Z" }));
    await until("all is decoded", () => stand.intake.messages.length === 4);
    expect(stand.total("lorawan_repeats")).toBe(1);
    expect(stand.total("lorawan_frames_missed")).toBe(3);
    expect(stand.total("lorawan_counters_back")).toBe(1);
    expect(stand.total("lorawan_joins")).toBe(1);
  });

  test("nothing is acknowledged before it is on disk: what was not comes again, and is no repeat", async () => {
    const name = options();
    {
      const intake = new RecordingIntake({ instant: false });
      await using stand = await LoraStand.start(name, [TILT], intake);
      await hello(stand);
      await up(chirpstack({ fCnt: 7 }));
      await until("it is decoded", () => intake.messages.length === 1);
      expect(stand.driver.held).toBe(1);
    }
    // The power failed: the disk does not have it, so the broker sends it again.
    await using stand = await LoraStand.start(name, [TILT]);
    await until("it came again", () => stand.readings.includes("tilt-1.moved 1 good"));
    await until("it is acknowledged", () => stand.driver.held === 0);
  });

  test("a frame that the journal refused is no repeat when it comes again", async () => {
    await using stand = await LoraStand.start(options(), [TILT]);
    await hello(stand);
    stand.intake.refusing = true;
    const frame = chirpstack({ fCnt: 7 });
    await up(frame);
    await until("it is refused", () => stand.total("lorawan_refused") === 1);
    stand.intake.refusing = false;
    await up(frame);
    await until("it is kept", () => stand.intake.last > 0);
    expect(stand.total("lorawan_repeats")).toBe(0);
  });

  test("a message that comes again after it was kept is a repeat, over a restart too", async () => {
    const intake = new RecordingIntake();
    const frame = chirpstack({ fCnt: 7 });
    for (const messages of [1, 1]) {
      await using stand = await LoraStand.start(options(), [TILT], intake);
      await hello(stand);
      await up(frame);
      await until("it is told", () => stand.total("lorawan_repeats") + stand.total("lorawan_readings") > 0);
      expect(intake.messages).toHaveLength(messages);
    }
  });

  test("The Things Stack: what is left out is zero, and its own decoding serves where there is no codec", async () => {
    const stand = await LoraStand.start(options({ server: "ttn" }), [{ ...TILT, codec: undefined }]);
    await using _ = stand;
    const say = (uplink: object) =>
      client.publishAsync(
        "v3/county@ttn/devices/tilt/up",
        JSON.stringify({
          end_device_ids: { device_id: "tilt", dev_eui: EUI.toUpperCase(), dev_addr: "00BCB929" },
          uplink_message: { received_at: new Date().toISOString(), ...uplink },
        }),
        { qos: 1 },
      );
    // No f_port and no f_cnt: both are 0.
    await heard(stand, () => say({ rx_metadata: [{ rssi: -35, snr: 5 }], decoded_payload: { moved: 1 } }));
    await until("it is decoded", () => stand.readings.includes("tilt-1.moved 1 good"));
    expect(stand.readings).toContain("tilt-1.rssi -35 good");
    await say({ f_cnt: 1, f_port: 85, decoded_payload: { moved: 0 } });
    await until("it is decoded", () => stand.readings.includes("tilt-1.moved 0 good"));
    expect(stand.total("lorawan_frames_missed")).toBe(0);
  });

  test("a plain topic, with fields of its own", async () => {
    const fields = { device: "id", data: "hex", encoding: "hex" as const, counter: "n", port: "p" };
    await using stand = await LoraStand.start(options({ server: "plain", topics: ["lora/up"], fields }), [
      TILT,
    ]);
    const message = JSON.stringify({
      id: "24-E1-24-13-6B-50-22-17",
      hex: "03cf00000000282307",
      n: 3,
      p: 85,
      rssi: -90,
    });
    await heard(stand, () => client.publishAsync("lora/up", message, { qos: 1 }));
    await until("it is decoded", () => stand.readings.includes("tilt-1.z 90 good"));
    expect(stand.readings).toContain("tilt-1.rssi -90 good");
  });

  test("a codec that fails makes the device's channels bad, keeps its radio, and another device is read as ever", async () => {
    const codec = folder.join("loop.js");
    writeFileSync(codec, "function decodeUplink() { for (;;) {} }");
    const bad = { ...TILT, id: "bad", devEui: "24e124136b500000", codec };
    await using stand = await LoraStand.start(options(), [TILT, bad]);
    await hello(stand);
    for (let fCnt = 0; fCnt < 5; fCnt++) await up(chirpstack({ fCnt, deviceInfo: { devEui: bad.devEui } }));
    await up(chirpstack());
    // Six uplinks, and once what the device had said last is bad: nobody knows it any more.
    await until("all is decoded", () => stand.intake.messages.length === 7);
    expect(stand.intake.decoders).toMatchObject([
      { name: "loop.js", devices: 1, problem: expect.stringMatching(/^deadline: /) },
    ]);
    expect(stand.readings).toContain("tilt-1.moved 1 good");
    expect(stand.readings).toContain("bad.moved NaN undecodable");
    expect(stand.readings).not.toContain("bad.rssi NaN undecodable");
    expect(stand.readings).toContain("bad.rssi -60 good");
    expect(stand.total("lorawan_codec_faults")).toBe(5);
    expect(stand.intake.undecodable).toHaveLength(5);
    await until("all is acknowledged", () => stand.driver.held === 0);
  });

  test("a codec that says what is wrong by something that is no text costs its message, and no more", async () => {
    const codec = folder.join("words.js");
    writeFileSync(codec, "function decodeUplink() { return { errors: [{ toString: 1, valueOf: 1 }] }; }");
    const bad = { ...TILT, id: "bad", devEui: "24e124136b500001", codec };
    await using stand = await LoraStand.start(options(), [TILT, bad]);
    await hello(stand);
    await up(chirpstack({ deviceInfo: { devEui: bad.devEui } }));
    await up(chirpstack());
    await until("both are decoded", () => stand.intake.messages.length === 2);
    expect(stand.readings).toContain("bad.moved NaN undecodable");
    expect(stand.readings).toContain("tilt-1.moved 1 good");
  });

  test("unknown devices, no JSON, and events of the server's own are counted and acknowledged", async () => {
    await using stand = await LoraStand.start(options(), [TILT]);
    await hello(stand);
    await up(chirpstack({ deviceInfo: { devEui: "0102030405060708" } }));
    await client.publishAsync(`application/7/device/${EUI}/event/up`, "{", { qos: 1 });
    await up(chirpstack({ deviceInfo: null }));
    await up({ deviceInfo: { devEui: EUI }, batteryLevel: 42.5, margin: 10 }, "status");
    await until("all is taken", () => stand.total("lorawan_messages") >= 5);
    expect(stand.total("lorawan_unknown_devices")).toBe(2);
    expect(stand.total("lorawan_undecodable")).toBe(1);
    expect(stand.driver.strangers().map(({ address }) => address)).toEqual([
      '{ devEui: "0102030405060708" }',
      '{ devEui: "" }',
    ]);
    expect(stand.intake.messages).toEqual([]);
    await until("all is acknowledged", () => stand.driver.held === 0);
  });
});

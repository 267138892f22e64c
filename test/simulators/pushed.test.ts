import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { loadProfiles } from "../../drivers/profile-store.ts";
import { SECOND } from "../../model/time.ts";
import { HttpStand } from "../http/stand.ts";
import { Both } from "../lorawan/both.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { type Played, play } from "./play.ts";

/* Devices that speak through somebody else, a vendor's cloud or a network server, against the drivers themselves. */

const IMEI = "866971030000001";

const SOURCES = {
  signed: { hmac: { secret: "env:KEY" }, envelope: { device: "imei", id: ["msgId"] } },
  token: { path: "/homes/{device}", token: { secret: "env:TOKEN" } },
  aep: { platform: "aep" as const },
  onenet: { platform: "onenet" as const, check: "env:ONENET" },
};

/** A gateway's HTTP intake and the clouds that push to it, on one clock. */
async function clouds(story: string, source: keyof typeof SOURCES = "signed") {
  const clock = new ManualClock();
  const profile = "nb-iot-smoke";
  const devices = [{ id: "sa-301", profile, at: { source, id: IMEI } }];
  const stand = await HttpStand.start({ sources: SOURCES }, devices, { clock });
  const link = { type: "http-push", server: `127.0.0.1:${stand.port}`, sources: SOURCES };
  const device = { profile, link: "cloud", every: "1h", address: { source, id: IMEI } };
  const scenario = { links: { cloud: link }, devices: { "sa-301": device }, story: [] };
  const text = JSON.stringify(scenario).replace('"story":[]', `"story":${story}`);
  const secret = (reference: string) => `value-of-${reference.replace(":", "-")}`;
  const played = await play(text, { clock, secret });
  const smoke = () => stand.readings.filter((line) => line.startsWith("sa-301.smoke"));
  return {
    clock,
    stand,
    played,
    smoke,
    kept: () => stand.intake.messages.filter(({ ticket }) => ticket > 0),
  };
}

/** Lets the scenario's time go on to something. */
async function awaited(clock: ManualClock, what: string, condition: () => boolean): Promise<void> {
  await until(what, () => {
    if (condition()) return true;
    clock.advance(SECOND / 10);
    return false;
  });
}

test.each(Object.keys(SOURCES) as (keyof typeof SOURCES)[])(
  "a smoke alarm behind a cloud of kind %s is heard",
  async (source) => {
    const { clock, stand, played, smoke } = await clouds(
      '[{"at":"5s","set":{"sa-301.smoke":"active"}}]',
      source,
    );
    await using _stand = stand;
    await using _played = played;
    await awaited(clock, "the alarm", () => smoke().includes("sa-301.smoke 1 good"));
    expect(smoke()[0]).toBe("sa-301.smoke 0 good");
    expect(stand.total("http_intake_turned_away")).toBe(0);
  },
);

test("what the gateway cannot keep comes again under its id, and is entered once", async () => {
  const { clock, stand, played, smoke, kept } = await clouds('[{"at":"5s","set":{"sa-301.smoke":"active"}}]');
  await using _stand = stand;
  await using _played = played;
  await awaited(clock, "all is well", () => smoke().length === 1);
  stand.intake.refusing = true;
  await awaited(clock, "it was refused twice", () => stand.total("http_intake_refused") >= 2);
  stand.intake.refusing = false;
  await awaited(clock, "it is kept", () => kept().length === 2);
  expect(played.events.some((event) => event.kind === "trouble" && event.words.includes("503"))).toBe(true);
});

test("repeats, forged and slow ones, what is no JSON, and a burst", async () => {
  const { clock, stand, played } = await clouds(
    JSON.stringify([
      {
        at: "5s",
        for: "1s",
        set: { "sa-301.smoke": "active" },
        faults: [{ kind: "duplicate", on: "sa-301" }],
      },
      { at: "10s", for: "1s", set: { "sa-301.smoke": "normal" }, faults: [{ kind: "forged", on: "sa-301" }] },
      {
        at: "15s",
        for: "1s",
        set: { "sa-301.smoke": "active" },
        faults: [{ kind: "malformed", on: "sa-301" }],
      },
      {
        at: "20s",
        for: "1s",
        set: { "sa-301.smoke": "normal" },
        faults: [{ kind: "slow-body", over: "2s", on: "sa-301" }],
      },
      {
        at: "30s",
        for: "1s",
        set: { "sa-301.smoke": "active" },
        faults: [{ kind: "burst", messages: 30, on: "sa-301" }],
      },
    ]),
  );
  await using _stand = stand;
  await using _played = played;
  await awaited(clock, "the repeat", () => stand.total("http_intake_repeats") === 1);
  await awaited(clock, "the forged one", () => stand.turnedAway("credentials") === 1);
  await awaited(clock, "the malformed one", () => stand.total("http_intake_undecodable") === 1);
  // The first, the alarm, the slow one, and thirty.
  await awaited(clock, "the burst", () => stand.intake.messages.length === 33);
  expect(stand.total("http_intake_repeats")).toBe(1);
});

test("a source that the link does not have is a mistake of the scenario", async () => {
  const link = { type: "http-push", server: "127.0.0.1:1", sources: SOURCES };
  const devices = { a: { profile: "nb-iot-smoke", link: "cloud", address: { source: "nobody", id: IMEI } } };
  await expect(play(JSON.stringify({ links: { cloud: link }, devices }))).rejects.toThrow(
    /signed, token, aep/,
  );
});

const DEVICES = {
  gas: { profile: "milesight-gs101", devEui: "24e124136b500001", channels: { gas: 0, valve: 1 } },
  tilt: {
    profile: "milesight-em310-tilt",
    devEui: "24e124136b500002",
    channels: { x: -1.25, y: 0.5, z: 90 },
  },
  level: {
    profile: "milesight-em500-swl",
    devEui: "24e124136b500003",
    channels: { depth: 1.87, battery: 64 },
  },
  pipe: { profile: "milesight-em500-pp", devEui: "24e124136b500004", channels: { pressure: 250 } },
};

/** A network server that publishes to the gateway's own broker. */
async function network(
  server: "chirpstack" | "ttn",
  story: object[],
): Promise<{ both: Both; played: Played }> {
  const entries = Object.entries(DEVICES);
  const site = {
    site: { id: "bench", name: "试验台" },
    http: { enabled: false },
    points: { slope: { name: "边坡", domain: "geohazard" } },
    links: {
      broker: { type: "mqtt-broker", listen: "127.0.0.1:0" },
      lora: { type: "lorawan", broker: "broker", server },
    },
    devices: Object.fromEntries(
      entries.map(([id, { profile, devEui }]) => [
        id,
        { profile, link: "lora", point: "slope", address: { devEui } },
      ]),
    ),
  };
  const both = await Both.open(site, new RecordingIntake());
  await both.lora.driver.start(both.intake);
  const devices = Object.fromEntries(
    entries.map(([id, { profile, devEui, channels }]) => [
      id,
      { profile, link: "lora", every: "1h", address: { devEui }, channels },
    ]),
  );
  const links = { lora: { type: "lorawan", url: `mqtt://127.0.0.1:${both.broker.port}`, server } };
  return { both, played: await play(JSON.stringify({ links, devices, story })) };
}

test.each(["chirpstack", "ttn"] as const)(
  "%s: what devices measure comes out of their bytes",
  async (server) => {
    const { both, played } = await network(server, [
      { at: "5s", set: { "gas.gas": "active", "tilt.moved": "active" } },
    ]);
    await using _both = both;
    await using _played = played;
    const entered = () => both.lora.entered().map((line) => line.split(" @")[0]);
    await awaited(played.clock, "all have spoken", () => both.intake.messages.length >= 4);
    for (const line of [
      "gas.gas 0 good",
      "gas.valve 1 good",
      "tilt.x -1.25 good",
      "tilt.y 0.5 good",
      "tilt.z 90 good",
      "tilt.moved 0 good",
      "level.depth 1.87 good",
      "level.battery 64 good",
      "pipe.pressure 250 good",
      "gas.rssi -87 good",
      "gas.snr 8 good",
    ]) {
      expect(entered()).toContain(line);
    }
    await awaited(played.clock, "the alarms", () => both.intake.messages.length >= 6);
    expect(entered()).toContain("gas.gas 1 good");
    expect(entered()).toContain("tilt.moved 1 good");
  },
);

test("uplinks that are lost, said twice, on another port, and a device that begins anew", async () => {
  const on = "gas";
  const { both, played } = await network("chirpstack", [
    { at: "5s", for: "1s", set: { "gas.gas": "active" }, faults: [{ kind: "lost", on }] },
    { at: "10s", for: "1s", set: { "gas.gas": "normal" }, faults: [{ kind: "duplicate", on }] },
    { at: "15s", for: "1s", set: { "gas.gas": "active" }, faults: [{ kind: "wrong-port", on }] },
    { at: "20s", for: "1s", set: { "gas.gas": "normal" }, faults: [{ kind: "counter-reset", on }] },
    { at: "25s", for: "1s", set: { "gas.gas": "active" }, faults: [{ kind: "malformed", on }] },
    { at: "30s", set: { "gas.gas": "normal" } },
  ]);
  await using _both = both;
  await using _played = played;
  const total = (name: string) => both.lora.total(name);
  await awaited(played.clock, "the one said twice", () => total("lorawan_repeats") === 1);
  expect(total("lorawan_frames_missed")).toBe(1);
  await awaited(
    played.clock,
    "the one of a device that began anew",
    () => total("lorawan_counters_back") === 1,
  );
  await awaited(played.clock, "what is no JSON", () => total("lorawan_undecodable") === 1);
  // Four devices at first; then the one said twice, the one on another port, the reset and the last.
  await awaited(played.clock, "the last", () => both.intake.messages.length === 8);
  expect(total("lorawan_repeats")).toBe(1);
});

test("a codec that no simulator can write for is a mistake of the scenario", async () => {
  using folder = temporaryFolder("codec");
  const section = { codec: "own.js", messages: [{ channels: { gas: { path: "data.gas" } } }] };
  const about = {
    vendor: "test",
    product: "test",
    class: "gas",
    name: "x",
    source: "test",
    maturity: "documented",
  };
  const profile = { id: "own", ...about, channels: { gas: { quantity: "gas_alarm" } }, lorawan: section };
  writeFileSync(folder.join("own.yaml"), JSON.stringify(profile));
  writeFileSync(folder.join("own.js"), "module.exports = { decodeUplink: () => ({ data: {} }) };");
  const own = loadProfiles([folder.path]).profiles;
  const link = { type: "lorawan", url: "mqtt://127.0.0.1:1" };
  const devices = { a: { profile: "own", link: "lora", address: { devEui: "24e124136b500001" } } };
  const played = play(JSON.stringify({ links: { lora: link }, devices }), { profiles: own });
  await expect(played).rejects.toThrow(/own\.js/);
});

import { beforeAll, describe, expect, test } from "vitest";
import { hashPassword } from "../../drivers/mqtt/broker/password.ts";
import { HOUR, MILLISECOND } from "../../model/time.ts";
import { missing } from "../servers/available.ts";
import { type MqttAddress, publish } from "../servers/mosquitto-clients.ts";
import { until } from "../support/until.ts";
import { Stand } from "./stand.ts";

const PASSWORD = "correct horse";
const FILES = { weather: "of-the-weather-bureau", wang: "of-wang", shared: "for-dashboards" };

const site = (hash: string) => `
site: { id: bench, name: 试验台 }
http: { listen: "127.0.0.1:0", token: "file:shared", users: { bureau: { token: "file:weather" }, wang: { token: "file:wang" } } }
links:
  broker:
    type: mqtt-broker
    listen: "127.0.0.1:0"
    users:
      gauge: { role: device, devices: [wl-1], topics: ["weather/#"], password: "${hash}" }
      bureau: { role: observer, password: "${hash}" }
      duty: { role: staff, password: "${hash}" }
points: { section: { name: 石羊沟断面, domain: water } }
devices:
  wl-1: { profile: json-gauge, link: broker, point: section }
outside:
  rain-warning:
    name: { zh: 暴雨预警, en: Rainstorm warning }
    levels: [none, blue, yellow, orange, red]
    validFor: 6h
    mqtt: { link: broker, topic: weather/rain, users: [bureau], value: level, words: { "0": red, "4": none } }
    http: { users: [bureau] }
rules:
  level:
    name: 水位超限
    applies: { quantity: water_depth }
    above: { red: 5 }
    instead: [{ given: { input: rain-warning, atLeast: orange }, factor: 0.5 }]
    basis: site
    guidance: 转移
`;

describe.skipIf(missing("mosquitto_pub"))("word from outside", () => {
  let hash: string;
  beforeAll(async () => {
    hash = await hashPassword(PASSWORD);
  });

  async function stage() {
    const stand = await Stand.start(site(hash), {
      files: FILES,
      staff: { username: "duty", password: PASSWORD },
    });
    const as = (user: string): MqttAddress => {
      const [host, port] = stand.gateway.addresses.mqtt!.split(":");
      return { host: host!, port: Number(port), user, password: PASSWORD };
    };
    const tell = (user: string, payload: string) =>
      publish(as(user), { topic: "weather/rain", payload, withinMs: 5_000 });
    const depth = (metres: number) =>
      publish(as("gauge"), {
        topic: "devices/wl-1/level",
        payload: JSON.stringify({
          time: new Date(stand.gateway.now() / MILLISECOND).toISOString(),
          level: metres,
        }),
        withinMs: 5_000,
      });
    const post = async (body: unknown, token?: string, id = "rain-warning") => {
      const response = await fetch(`http://${stand.gateway.addresses.http}/api/outside/${id}`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(body),
      });
      return response.status;
    };
    const get = async () => {
      const response = await fetch(`http://${stand.gateway.addresses.http}/api/outside`, {
        headers: { authorization: "Bearer for-dashboards" },
      });
      return ((await response.json()) as { outside: Record<string, unknown>[] }).outside[0];
    };
    const active = () => stand.gateway.engine.alarm("level", "wl-1.depth")?.active === true;
    return { stand, tell, depth, post, get, active };
  }

  test("an orange warning over MQTT halves the limit at once, over a restart, until it is called off over HTTP", async () => {
    const { stand, tell, depth, post, get, active } = await stage();
    await using _ = stand;
    await tell("bureau", '{"level":4}');
    await depth(3);
    expect(active()).toBe(false);
    await tell("bureau", '{"level":"orange"}');
    await stand.staff.hears("raise level wl-1.depth red");
    expect(await get()).toMatchObject({ id: "rain-warning", state: "valid", level: "orange" });

    await stand.stop();
    await stand.start();
    expect(await get()).toMatchObject({ state: "valid", level: "orange" });
    expect(active()).toBe(true);

    expect(await post({ value: "none" })).toBe(401);
    expect(await post({ value: "none" }, FILES.shared)).toBe(403);
    expect(await post({ value: "none" }, FILES.wang)).toBe(403);
    expect(await post({ value: "none" }, FILES.weather, "snow")).toBe(404);
    expect(await post({ level: "none" }, FILES.weather)).toBe(400);
    expect(await post({ value: "none", issued: "2020-01-01T00:00:00Z" }, FILES.weather)).toBe(409);
    expect(active()).toBe(true);
    expect(await post({ value: "none" }, FILES.weather)).toBe(200);
    // The river stands at 3 m, and at 5 m the ordinary limit. A reading since the start must say so.
    await depth(3);
    await stand.staff.hears("return level wl-1.depth red");
    expect(await get()).toMatchObject({ level: "none" });
  });

  test("nobody but who is named may say it on the broker: neither a device with topics of its own nor staff", async () => {
    const { stand, tell, depth, active, get } = await stage();
    await using _ = stand;
    await tell("bureau", '{"level":"red"}');
    await depth(3);
    await stand.staff.hears("raise level wl-1.depth red");
    for (const liar of ["gauge", "duty"]) await tell(liar, '{"level":4}').catch(() => {});
    await until("both are turned away", () => stand.counted("mqtt_denied") >= 2);
    await depth(3);
    expect(active()).toBe(true);
    expect(await get()).toMatchObject({ level: "red" });
  });

  test("what cannot be read, and what has run out, leaves the stricter limit and is told", async () => {
    const { stand, tell, depth, active, post, get } = await stage();
    await using _ = stand;
    await tell("bureau", '{"level":4}');
    await depth(3);
    expect(active()).toBe(false);
    await tell("bureau", '{"level":"??"}');
    await stand.staff.hears("raise level wl-1.depth red");
    await stand.staff.hears("raise outside-unknown outside@rain-warning yellow");
    await tell("bureau", '{"level":4}');
    await stand.staff.hears("return level wl-1.depth red");
    await stand.staff.hears("return outside-unknown outside@rain-warning yellow");
    expect(await post({ value: "pink" }, FILES.weather)).toBe(400);
    expect(stand.standing()).toContain("outside-unknown outside@rain-warning unacknowledged");
    await tell("bureau", '{"level":4}');
    stand.clock.jump(7 * HOUR);
    await until("nobody knows any more", () => stand.gateway.engine.outside()[0]?.state === "expired");
    await depth(3);
    expect(active()).toBe(true);
    expect(await get()).toMatchObject({ value: null, level: null });
  });

  test("the heartbeat says how it stands", async () => {
    const { stand, tell } = await stage();
    await using _ = stand;
    await tell("bureau", '{"level":"orange"}');
    await until("the heartbeat says orange", () => {
      const status = [...stand.staff.retained].find(([topic]) => topic.endsWith("/status"))?.[1] as
        | { outside: Record<string, { state: string; level: string | null }> }
        | undefined;
      const known = status?.outside["rain-warning"];
      return known?.state === "valid" && known.level === "orange";
    });
  });
});

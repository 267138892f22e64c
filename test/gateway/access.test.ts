import { beforeAll, describe, expect, test } from "vitest";
import { hashPassword } from "../../drivers/mqtt/broker/password.ts";
import { missing } from "../servers/available.ts";
import { type MqttAddress, publish, subscribe } from "../servers/mosquitto-clients.ts";
import { until } from "../support/until.ts";
import { Stand } from "./stand.ts";

const PASSWORD = "correct horse";

const site = (hash: string) => `
site: { id: bench, name: 试验台 }
http: { enabled: false }
links:
  broker:
    type: mqtt-broker
    listen: "127.0.0.1:0"
    users:
      detector-1: { role: device, devices: [sa-1], password: "${hash}" }
      detector-2: { role: device, devices: [sa-2], password: "${hash}" }
      duty: { role: staff, password: "${hash}" }
      wall: { role: observer, password: "${hash}" }
points: { home: { name: 三楼301室, domain: fire } }
devices:
  sa-1: { profile: json-smoke-alarm, link: broker, point: home }
  sa-2: { profile: json-smoke-alarm, link: broker, point: home }
rules:
  fire: { name: 火警, applies: { quantity: smoke }, equals: { red: active }, basis: site, guidance: 立即核实 }
`;

describe.skipIf(missing("mosquitto_pub", "mosquitto_sub"))("a listener with users", () => {
  let hash: string;
  beforeAll(async () => {
    hash = await hashPassword(PASSWORD);
  });

  async function stage() {
    const stand = await Stand.start(site(hash), { staff: { username: "wall", password: PASSWORD } });
    const [host, port] = stand.gateway.addresses.mqtt!.split(":");
    const as = (user: string, password = PASSWORD): MqttAddress => ({
      host: host!,
      port: Number(port),
      user,
      password,
    });
    const smoke = (user: string, device: string, on: boolean) =>
      publish(as(user), {
        topic: `devices/${device}/state`,
        payload: JSON.stringify({ smoke: on }),
        withinMs: 5_000,
      });
    return { stand, as, smoke, address: { host: host!, port: Number(port) } };
  }

  test("lets a device speak for itself and for nobody else, neither another device nor the gateway", async () => {
    const { stand, as, smoke } = await stage();
    await using _ = stand;
    await using desk = await subscribe(as("duty"), ["tocsin/#"]);
    await using spy = (await subscribe(as("detector-1"), ["tocsin/#", "devices/#"]).catch(
      () => undefined,
    )) ?? {
      messages: [],
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };

    await smoke("detector-1", "sa-1", true);
    await stand.staff.hears("raise fire sa-1.smoke red");

    // Each of these is a lie. However the broker turns it away, nobody must hear it.
    await smoke("detector-1", "sa-2", true).catch(() => {});
    for (const topic of [
      "tocsin/bench/event/red/fire/home/sa-2.smoke/fire",
      "tocsin/bench/alarm/fire/home/sa-1.smoke/fire",
      "tocsin/bench/status",
      "tocsin/bench/command/acknowledge",
    ]) {
      await publish(as("detector-1"), { topic, payload: '{"forged":true}', withinMs: 5_000 }).catch(() => {});
      await publish(as("detector-1"), { topic, payload: "", retain: true, withinMs: 5_000 }).catch(() => {});
    }
    // Nor do people speak for a device: an all-clear from the desk is none.
    await smoke("duty", "sa-1", false).catch(() => {});
    await smoke("wall", "sa-1", false).catch(() => {});

    await smoke("detector-2", "sa-2", true);
    await stand.staff.hears("raise fire sa-2.smoke red");
    expect(stand.staff.lines()).toEqual(["raise fire sa-1.smoke red", "raise fire sa-2.smoke red"]);
    await until("the desk has heard it too", () =>
      desk.messages.some(({ topic }) => topic.includes("/event/red/") && topic.includes("sa-2")),
    );
    expect(
      desk.messages.map(({ payload }) => payload.toString()).filter((text) => text.includes("forged")),
    ).toEqual([]);
    expect(stand.staff.retained.get("/bench/alarm/fire/home/sa-1.smoke/fire")).toMatchObject({
      state: "unacknowledged",
    });
    expect(stand.staff.retained.get("/bench/status")).toMatchObject({ state: "online" });
    expect(spy.messages.filter(({ topic }) => topic.startsWith("tocsin/") || topic.includes("sa-2"))).toEqual(
      [],
    );
  });

  test("takes commands from staff only, and names who was authenticated, whatever the payload says", async () => {
    const { stand, as, smoke } = await stage();
    await using _ = stand;
    await using desk = await subscribe(as("duty"), ["tocsin/bench/command/result/+", "tocsin/bench/event/#"]);
    await smoke("detector-1", "sa-1", true);
    await stand.staff.hears("raise fire sa-1.smoke red");
    const { occurrence } = stand.staff.event("raise fire sa-1.smoke red");
    const command = (user: string, body: object) =>
      publish(as(user), {
        topic: "tocsin/bench/command/acknowledge",
        payload: JSON.stringify({ occurrence, ...body }),
        withinMs: 5_000,
      });
    const result = async (id: string) =>
      JSON.parse(
        (await desk.waitFor(({ topic }) => topic.endsWith(`/result/${id}`))).payload.toString(),
      ) as unknown;

    await command("wall", { id: "observer" }).catch(() => {});
    await command("detector-1", { id: "device" }).catch(() => {});
    await command("duty", { id: "boss", user: "the boss" });
    expect(await result("boss")).toMatchObject({ accepted: false, reason: "invalid" });
    await command("duty", { id: "right" });
    expect(await result("right")).toMatchObject({ accepted: true, user: "duty", durable: true });
    await stand.staff.hears("acknowledge fire sa-1.smoke red");
    expect(stand.staff.event("acknowledge fire sa-1.smoke red")).toMatchObject({ user: "duty" });
    expect(
      desk.messages.map(({ topic }) => topic).filter((topic) => /result\/(observer|device)$/.test(topic)),
    ).toEqual([]);
    const kept = await stand.gateway.journal.reader.events({ from: 1, to: 1_000, limit: 100 });
    expect(kept.map(({ transition, user }) => [transition, user])).toEqual([
      ["raise", undefined],
      ["acknowledge", "duty"],
    ]);
  });

  test("lets nobody in without a password, or with a wrong one", async () => {
    const { stand, as, address } = await stage();
    await using _ = stand;
    const message = { topic: "devices/sa-1/state", payload: '{"smoke":true}', withinMs: 10_000 };
    await expect(publish(address, message)).rejects.toThrow(/not authori[sz]ed|bad user name/i);
    await expect(publish(as("duty", "wrong"), message)).rejects.toThrow(/not authori[sz]ed|bad user name/i);
    await expect(publish(as("nobody"), message)).rejects.toThrow(/not authori[sz]ed|bad user name/i);
    expect(stand.gateway.engine.channel(0).received).toBeNaN();
  });
});

import { request } from "node:http";
import { describe, expect, test } from "vitest";
import type { PointMessage } from "../../gateway/alerts/message-schemas.ts";
import { until } from "../support/until.ts";
import { Stand } from "./stand.ts";

const site = (http: string) => `
site: { id: bench, name: 试验台 }
http: ${http}
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:0" } }
points:
  home: { name: 三楼301室, domain: fire, groups: [block] }
  next: { name: 三楼302室, domain: fire, stage: commissioning, groups: [block] }
  old: { name: 三楼303室, domain: fire, stage: retired }
groups: { block: { name: 三楼 } }
devices:
  sa-1: { profile: json-smoke-alarm, link: broker, point: home }
  sa-2: { profile: json-smoke-alarm, link: broker, point: next }
rules:
  fire: { name: 火警, applies: { quantity: smoke }, equals: { red: active }, basis: site, guidance: 立即核实 }
`;
const OPEN = '{ listen: "127.0.0.1:0" }';
const WITH_USERS =
  '{ listen: "127.0.0.1:0", token: "file:shared", users: { wang: { token: "file:wang" }, li: { token: "file:li" } } }';
const FILES = { shared: "for-dashboards", wang: "of-wang", li: "of-li" };

interface Call {
  readonly token?: string;
  readonly type?: string;
  readonly host?: string;
}

function calling(stand: Stand) {
  const base = `http://${stand.gateway.addresses.http}`;
  const headers = ({ token, type = "application/json" }: Call) => ({
    "content-type": type,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  });
  return {
    post: async (verb: string, body: unknown, call: Call = {}) => {
      const response = await fetch(`${base}/api/command/${verb}`, {
        method: "POST",
        headers: headers(call),
        body: typeof body === "string" ? body : JSON.stringify(body),
      });
      return {
        status: response.status,
        body: (await response.json().catch(() => ({}))) as Record<string, unknown>,
      };
    },
    get: async (path: string, call: Call = {}) => {
      const response = await fetch(`${base}${path}`, { headers: headers(call) });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
  };
}

/** The status of a command that is sent with another `Host`, which `fetch` cannot do. */
function statusFor(address: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = request(
      `http://${address}/api/command/unshelve`,
      { method: "POST", headers: { host, "content-type": "application/json" } },
      (response) => {
        response.resume();
        response.once("end", () => resolve(response.statusCode));
      },
    );
    call.once("error", reject);
    call.end(JSON.stringify({ id: host, rule: "fire", subject: "sa-1.smoke" }));
  });
}

describe("commands over HTTP", () => {
  test("are carried out for whose token it is, with the same answers as over MQTT", async () => {
    await using stand = await Stand.start(site(WITH_USERS), { files: FILES });
    const { post, get } = calling(stand);
    await stand.staff.publish("devices/sa-1/state", { smoke: true });
    await stand.staff.hears("raise fire sa-1.smoke red");
    const { occurrence } = stand.staff.event("raise fire sa-1.smoke red");

    expect((await post("acknowledge", { id: "1", occurrence })).status).toBe(401);
    expect((await post("acknowledge", { id: "1", occurrence }, { token: "for-dashboards" })).status).toBe(
      403,
    );
    expect(
      await post("acknowledge", { id: "1", occurrence, user: "boss" }, { token: "of-wang" }),
    ).toMatchObject({
      status: 400,
      body: { accepted: false, reason: "invalid", user: "wang" },
    });
    expect(await post("acknowledge", { id: "1", occurrence }, { token: "of-wang" })).toMatchObject({
      status: 200,
      body: { format: "tocsin.result.1", id: "1", accepted: true, durable: true, user: "wang" },
    });
    await stand.staff.hears("acknowledge fire sa-1.smoke red");
    expect(stand.staff.event("acknowledge fire sa-1.smoke red").user).toBe("wang");
    expect(await post("acknowledge", { id: "2", occurrence }, { token: "of-li" })).toMatchObject({
      status: 409,
      body: { reason: "already-acknowledged", user: "li" },
    });
    expect((await post("resend", { id: "3", from: 1, to: 2 }, { token: "of-li" })).body).toMatchObject({
      reason: "not-supported",
    });

    const shelved = { id: "4", occurrence, minutes: 30, reason: "厨房在做饭" };
    expect((await post("shelve", shelved, { token: "of-li" })).status).toBe(200);
    const out = { id: "5", subject: "sa-2", hours: 1, work: "calibration", reason: "送检" };
    expect((await post("out-of-service", out, { token: "of-wang" })).status).toBe(200);
    expect((await get("/api/silences", { token: "for-dashboards" })).body).toMatchObject({
      shelved: [{ rule: "fire", subject: "sa-1.smoke", user: "li", reason: "厨房在做饭", oneShot: false }],
      outOfService: [{ subject: "sa-2", acknowledgedBy: "wang", note: "calibration: 送检" }],
      suppressed: [],
      permits: [],
    });

    // And so it stands in the point's own topic, without a colour that nobody needs to fear.
    await until("the points say so", () => {
      const [home, next] = ["home", "next"].map(
        (id) => stand.staff.retained.get(`/bench/point/${id}`) as PointMessage,
      );
      return home?.silenced === 1 && next?.channels.outOfService === 7 && next.severity === null;
    });
  });

  test("on an open loopback are those of nobody in particular, and a web page cannot send them", async () => {
    await using stand = await Stand.start(site(OPEN));
    const { post } = calling(stand);
    expect(await post("unshelve", { id: "1", rule: "fire", subject: "sa-1.smoke" })).toMatchObject({
      status: 409,
      body: { reason: "not-shelved", user: "local" },
    });
    expect((await post("unshelve", "{}", { type: "text/plain" })).status).toBe(415);
    expect((await post("unshelve", `{"id":"${"x".repeat(10_000)}"}`)).status).toBe(413);
    // A name that a stranger has pointed at this machine.
    expect(await statusFor(stand.gateway.addresses.http!, "evil.example")).toBe(403);
    expect(await statusFor(stand.gateway.addresses.http!, "localhost:80")).toBe(409);
    expect((await post("unshelve", "no JSON")).body).toMatchObject({ accepted: false, reason: "invalid" });
  });
});

test("the connection rate counts what was heard against all that is not retired", async () => {
  await using stand = await Stand.start(site(OPEN));
  const { get } = calling(stand);
  const none = { expected: 2, connected: 0, online: 0, rate: 0 };
  expect((await get("/api/connection")).body).toEqual({ ...none, groups: [{ id: "block", ...none }] });
  await stand.staff.publish("devices/sa-2/state", { smoke: true });
  expect((await get("/api/connection")).body).toMatchObject({
    expected: 2,
    connected: 1,
    online: 1,
    rate: 0.5,
  });
  expect((await get("/api/points")).body.points).toMatchObject([
    { id: "home", connected: false },
    { id: "next", connected: true, mode: "test" },
    { id: "old", connected: false },
  ]);
  await stand.staff.hears("raise fire sa-2.smoke red");
  expect(stand.staff.event("raise fire sa-2.smoke red").mode).toBe("test");
});

import { expect, test } from "vitest";
import { HOUR, MINUTE } from "../../model/time.ts";
import { until } from "../support/until.ts";
import { Stand } from "./stand.ts";

const SITE = `
site: { id: bench, name: 试验台, timeZone: UTC }
http: { listen: "127.0.0.1:0" }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:0" } }
points: { weir: { name: 堰, domain: water } }
devices: { wl-1: { profile: plain-value, link: broker, point: weir } }
rules:
  high: { name: 高水位, applies: { channel: depth }, above: { yellow: 5 }, basis: site, guidance: 巡查 }
alerts: { selfTest: { schedule: "0 * * * *", within: 5m } }
`;

test("a test alarm goes out to a subscriber and comes back as its acknowledgement; status and API say so", async () => {
  await using stand = await Stand.start(SITE);
  const { staff, gateway } = stand;
  const api = async () => await (await fetch(`http://${gateway.addresses.http}/api/self-test`)).json();
  expect(await api()).toEqual({ running: null, last: null });
  expect(await staff.command("bench", "self-test", { note: "交班" })).toMatchObject({
    accepted: true,
    text: { zh: expect.stringContaining("尚未通过") },
  });
  await staff.hears("raise self-test gateway yellow");
  const raised = staff.event("raise self-test gateway yellow");
  expect(raised).toMatchObject({ mode: "test", class: "supervisory", note: "交班" });
  expect(raised.text.zh).toMatch(/^【测试·黄色·监管】.*不是真实报警.*只需确认/);
  expect(raised.text.en).toMatch(/^\[TEST/);
  expect(await staff.command("bench", "self-test", {})).toMatchObject({
    accepted: false,
    reason: "self-test-running",
  });
  expect(await staff.command("bench", "acknowledge", { occurrence: raised.occurrence })).toMatchObject({
    accepted: true,
  });
  await staff.hears("return self-test gateway yellow");
  expect(staff.event("return self-test gateway yellow").text.zh).toContain("自检通过");
  expect(await api()).toMatchObject({ running: null, last: { passed: true, by: "local" } });
  // By the calendar, and nobody is there.
  stand.clock.jump(HOUR + MINUTE);
  await until("a test has begun by itself", () =>
    stand.standing().some((line) => line.startsWith("self-test gateway")),
  );
  stand.clock.jump(6 * MINUTE);
  await staff.hears("raise self-test-failed gateway orange");
  expect(staff.event("raise self-test-failed gateway orange").text.zh).toMatch(/自检未通过/);
  await until("the heartbeat says so", () => {
    stand.clock.jump(MINUTE);
    const status = staff.retained.get("/bench/status") as { selfTest?: { passed: boolean } } | undefined;
    return status?.selfTest?.passed === false;
  });
});

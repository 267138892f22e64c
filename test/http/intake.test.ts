import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { httpLinkSchema } from "../../drivers/http/options.ts";
import { MILLISECOND, MINUTE } from "../../model/time.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until } from "../support/until.ts";
import { HttpStand, type StandDevice } from "./stand.ts";

/* Smoke alarms at home that a platform pushes for. */

const IMEI = "866971030000001";
const ALARM: StandDevice = { id: "sa-1", profile: "nb-iot-smoke", at: { source: "cloud", id: IMEI } };
const CLOUD = {
  cloud: { token: { secret: "env:TOKEN" }, envelope: { device: "imei", id: ["msgId"] } },
};
const SIGNED = { cloud: { hmac: { secret: "env:KEY" }, envelope: { device: "imei" } } };
const fire = (more: object = {}) => ({ imei: IMEI, status: "01", ...more });

describe("a 2xx", () => {
  test("comes once the message is on disk, and not before", async () => {
    await using stand = await HttpStand.start({ sources: CLOUD }, [ALARM], { instant: false });
    let answered = false;
    const answer = stand.push("/cloud", fire()).finally(() => {
      answered = true;
    });
    await until("it waits for the disk", () => stand.driver.held === 1);
    expect(stand.readings).toContain("sa-1.smoke 1 good");
    expect(answered).toBe(false);
    stand.intake.makeDurable();
    expect(await answer).toMatchObject({ status: 200 });
    expect(JSON.parse((await answer).text)).toEqual({ accepted: 1, repeats: 0, unknown: 0, undecodable: 0 });
  });

  test("is a 503 that asks to come again when the journal takes nothing", async () => {
    await using stand = await HttpStand.start({ sources: CLOUD }, [ALARM]);
    stand.intake.refusing = true;
    const answer = await stand.push("/cloud", fire());
    expect(answer.status).toBe(503);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    expect(stand.total("http_intake_refused")).toBe(1);
  });

  test("is a 503 when the disk hangs, and what got there all the same is a repeat", async () => {
    await using stand = await HttpStand.start({ sources: CLOUD, limits: { wait: "100ms" } }, [ALARM], {
      instant: false,
    });
    expect((await stand.push("/cloud", fire({ msgId: "m1" }))).status).toBe(503);
    stand.intake.makeDurable();
    const again = await stand.push("/cloud", fire({ msgId: "m1" }));
    expect([again.status, JSON.parse(again.text).repeats]).toEqual([200, 1]);
    expect(stand.intake.messages).toHaveLength(1);
  });
});

describe("a message sent again", () => {
  test("is known by its id and entered once; one with another id is another", async () => {
    await using stand = await HttpStand.start({ sources: CLOUD }, [ALARM]);
    for (const msgId of ["m1", "m1", "m2"]) await stand.push("/cloud", fire({ msgId }));
    expect(stand.intake.messages).toHaveLength(2);
    expect(stand.total("http_intake_repeats")).toBe(1);
  });

  test("an id given to something else by mistake drops no alarm", async () => {
    await using stand = await HttpStand.start({ sources: CLOUD }, [ALARM]);
    await stand.push("/cloud", fire({ msgId: "m1", status: "11" }));
    await stand.push("/cloud", fire({ msgId: "m1", status: "01" }));
    expect(stand.readings.filter((line) => line.includes("smoke"))).toEqual([
      "sa-1.smoke 0 good",
      "sa-1.smoke 1 good",
    ]);
  });

  test("equal messages without an id are as many messages", async () => {
    await using stand = await HttpStand.start({ sources: CLOUD }, [ALARM]);
    await stand.push("/cloud", fire());
    await stand.push("/cloud", fire());
    expect(stand.intake.messages).toHaveLength(2);
  });

  test("is known after a restart of the link", async () => {
    const intake = new RecordingIntake();
    {
      await using stand = await HttpStand.start({ sources: SIGNED }, [ALARM], { intake });
      expect((await stand.signed("/cloud", fire(), { nonce: "n1" })).status).toBe(200);
    }
    await using stand = await HttpStand.start({ sources: SIGNED }, [ALARM], { intake });
    expect((await stand.signed("/cloud", fire(), { nonce: "n1" })).status).toBe(200);
    expect(intake.messages).toHaveLength(1);
  });
});

describe("who may push", () => {
  test.each([
    ["without a token", {}],
    ["with a wrong one", { authorization: "Bearer wrong" }],
    ["with one of another scheme", { authorization: "Basic dmFsdWU=" }],
  ])("nobody %s", async (_, headers) => {
    await using stand = await HttpStand.start({ sources: CLOUD }, [ALARM]);
    expect((await stand.send("/cloud", fire(), { headers })).status).toBe(401);
    expect(stand.intake.messages).toEqual([]);
    expect(stand.turnedAway("credentials")).toBe(1);
  });

  test("a token may stand in a header of its own, or in the address", async () => {
    const envelope = { device: "imei" };
    const sources = {
      cloud: { token: { secret: "env:TOKEN", header: "X-Token" }, envelope },
      other: { token: { secret: "env:TOKEN", query: "token" }, envelope },
    };
    await using stand = await HttpStand.start({ sources }, [ALARM]);
    const header = await stand.send("/cloud", fire(), { headers: { "x-token": "value-of-env-TOKEN" } });
    const query = await stand.send("/other?token=value-of-env-TOKEN", fire());
    expect([header.status, query.status]).toEqual([200, 200]);
    // The second source has no such device: a source speaks for its own only.
    expect(stand.intake.messages).toHaveLength(1);
    expect(stand.total("http_intake_unknown_devices")).toBe(1);
  });

  test("a signature covers the body, is of now, and serves once", async () => {
    await using stand = await HttpStand.start({ sources: SIGNED }, [ALARM]);
    const status = async (answer: ReturnType<HttpStand["signed"]>) => (await answer).status;
    const at = Date.now();
    expect(await status(stand.signed("/cloud", fire(), { nonce: "a", at }))).toBe(200);
    const calm = { imei: IMEI, status: "11" };
    expect(await status(stand.signed("/cloud", calm, { nonce: "b", sign: fire() }))).toBe(401);
    expect(await status(stand.signed("/cloud", fire(), { nonce: "c", key: "guessed" }))).toBe(401);
    const old = Date.now() - (6 * MINUTE) / MILLISECOND;
    expect(await status(stand.signed("/cloud", fire(), { nonce: "d", at: old }))).toBe(401);
    expect(stand.turnedAway("stale")).toBe(1);
    // The nonce again for something else; and the very request again, whose first answer was lost.
    expect(await status(stand.signed("/cloud", calm, { nonce: "a" }))).toBe(409);
    expect(await status(stand.signed("/cloud", fire(), { nonce: "a", at }))).toBe(200);
    expect(stand.intake.messages).toHaveLength(1);
  });

  test("a request that the journal refused may be sent again as it is", async () => {
    await using stand = await HttpStand.start({ sources: SIGNED }, [ALARM]);
    const at = Date.now();
    stand.intake.refusing = true;
    expect((await stand.signed("/cloud", fire(), { nonce: "a", at })).status).toBe(503);
    stand.intake.refusing = false;
    expect((await stand.signed("/cloud", fire(), { nonce: "a", at })).status).toBe(200);
    expect(stand.intake.messages.at(-1)!.ticket).toBeGreaterThan(0);
  });

  test("beyond the loopback every source needs credentials", () => {
    const sources = { a: { envelope: { device: "imei" } } };
    expect(httpLinkSchema.safeParse({ listen: "0.0.0.0:8480", sources }).error?.issues[0]?.path).toEqual([
      "sources",
      "a",
    ]);
    expect(httpLinkSchema.safeParse({ listen: "127.0.0.1:8480", sources }).success).toBe(true);
    expect(httpLinkSchema.safeParse({ listen: "0.0.0.0:8480", sources: CLOUD }).success).toBe(true);
  });
});

describe("who speaks", () => {
  test("the path may say it", async () => {
    const sources = { cloud: { path: "/push/{device}", token: { secret: "env:TOKEN" } } };
    await using stand = await HttpStand.start({ sources }, [
      ALARM,
      { id: "depth-1", profile: "plain-value", at: { source: "cloud", id: "井 7" } },
    ]);
    expect((await stand.push(`/push/${IMEI}`, { status: "01" })).status).toBe(200);
    expect(
      (await stand.push(`/push/${encodeURIComponent("井 7")}`, "1.25", { "content-type": "text/plain" }))
        .status,
    ).toBe(200);
    expect(stand.readings[0]).toBe("sa-1.smoke 1 good");
    expect(stand.readings.at(-1)).toMatch(/^depth-1\.\w+ 1\.25 good$/);
    expect((await stand.push("/push/%zz", { status: "01" })).status).toBe(404);
  });

  test("one that the site does not have is counted and named, and the others of the request enter", async () => {
    const sources = { cloud: { ...CLOUD.cloud, envelope: { messages: "list", device: "imei" } } };
    await using stand = await HttpStand.start({ sources }, [ALARM]);
    const answer = await stand.push("/cloud", { list: [fire({ imei: "1" }), fire(), { status: "01" }] });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      200,
      { accepted: 1, repeats: 0, unknown: 2, undecodable: 0 },
    ]);
    expect(stand.driver.strangers().map(({ address }) => address)).toEqual([
      '{ source: cloud, id: "1" }',
      '{ source: cloud, id: "" }',
    ]);
  });

  test("a name out of JavaScript's own is nobody", async () => {
    await using stand = await HttpStand.start({ sources: CLOUD }, [ALARM]);
    for (const imei of ["__proto__", "constructor"]) await stand.push("/cloud", { imei, status: "01" });
    expect(stand.total("http_intake_unknown_devices")).toBe(2);
    expect((await stand.push("/__proto__", fire())).status).toBe(404);
  });
});

describe("bad input", () => {
  test.each([
    ["no JSON", "{", 400],
    ["a number", "42", 400],
    ["nothing", "", 400],
    ["JSON deeper than anybody writes", `${"[".repeat(100_000)}${"]".repeat(100_000)}`, 400],
  ])("%s is refused, kept for a person to look at, and enters nothing", async (_, text, status) => {
    await using stand = await HttpStand.start({ sources: CLOUD }, [ALARM]);
    expect((await stand.push("/cloud", text)).status).toBe(status);
    expect(stand.intake.messages).toEqual([]);
    expect(stand.intake.undecodable).toHaveLength(1);
  });

  test("a body beyond the bound, compressed, of a strange type, or by a strange method", async () => {
    await using stand = await HttpStand.start({ sources: CLOUD, limits: { body: "1KiB" } }, [ALARM]);
    const long = fire({ text: "x".repeat(2_000) });
    expect((await stand.push("/cloud", long)).status).toBe(413);
    expect((await stand.push("/cloud", long, { "transfer-encoding": "chunked" })).status).toBe(413);
    expect((await stand.push("/cloud", fire(), { "content-encoding": "gzip" })).status).toBe(415);
    expect(
      (await stand.push("/cloud", "a=1", { "content-type": "application/x-www-form-urlencoded" })).status,
    ).toBe(415);
    expect((await stand.send("/cloud", "", { method: "GET" })).status).toBe(405);
    expect((await stand.push("/elsewhere", fire())).status).toBe(404);
    expect((await stand.push("/cloud", fire())).status).toBe(200);
  });

  test("a body that never comes ends its connection, and others are served meanwhile", async () => {
    await using stand = await HttpStand.start({ sources: CLOUD, limits: { request: "200ms" } }, [ALARM]);
    const slow = connect(stand.port, "127.0.0.1");
    slow.on("error", () => {});
    slow.write(
      "POST /cloud HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer value-of-env-TOKEN\r\nContent-Length: 100\r\n\r\n{",
    );
    const closed = once(slow.resume(), "close");
    expect((await stand.push("/cloud", fire())).status).toBe(200);
    await closed;
    expect(stand.intake.messages).toHaveLength(1);
  });

  test("what is no HTTP, and connections beyond the bound, end", async () => {
    await using stand = await HttpStand.start({ sources: CLOUD, limits: { perAddress: 2 } }, [ALARM]);
    const odd = connect(stand.port, "127.0.0.1");
    odd.on("error", () => {});
    odd.write(Buffer.from([0x68, 0x10, 0, 1, 2, 3, 0x16]));
    await once(odd.resume(), "close");
    expect(stand.total("http_intake_turned_away")).toBe(1);
    const open = Array.from({ length: 4 }, () => connect(stand.port, "127.0.0.1").on("error", () => {}));
    await until("two of four are closed", () => stand.total("http_intake_connections_turned_away") === 2);
    for (const socket of open) socket.destroy();
  });

  test("a flood of one source is told to wait; another source is not", async () => {
    const sources = {
      flood: { ...CLOUD.cloud, rate: 5 },
      cloud: CLOUD.cloud,
    };
    await using stand = await HttpStand.start({ sources }, [
      ALARM,
      { ...ALARM, id: "sa-2", at: { source: "flood", id: IMEI } },
    ]);
    const flood = await Promise.all(Array.from({ length: 40 }, () => stand.push("/flood", fire())));
    expect(flood.filter(({ status }) => status === 429).length).toBeGreaterThan(20);
    expect(flood.find(({ status }) => status === 429)?.headers["retry-after"]).toBeDefined();
    // Guessing tokens uses up nothing of what the real source may send.
    await Promise.all(Array.from({ length: 40 }, () => stand.send("/cloud", fire())));
    expect((await stand.push("/cloud", fire())).status).toBe(200);
  });

  test("a message that the profile cannot read makes its channels bad", async () => {
    const sources = { cloud: { ...CLOUD.cloud, envelope: { device: "imei", body: ["text"] } } };
    await using stand = await HttpStand.start({ sources }, [ALARM]);
    const answer = await stand.push("/cloud", { imei: IMEI, text: "no JSON" });
    expect(JSON.parse(answer.text)).toMatchObject({ accepted: 1, undecodable: 1 });
    expect(stand.readings).toContain("sa-1.smoke NaN undecodable");
    expect(stand.intake.undecodable).toHaveLength(1);
  });
});

describe("platforms, as far as they are known", () => {
  test("AEP: payload in an envelope with the platform's time, its own messages left aside", async () => {
    const sources = { cloud: { platform: "aep" as const, token: { secret: "env:TOKEN", query: "token" } } };
    await using stand = await HttpStand.start({ sources }, [ALARM]);
    const at = Date.now() - 60_000;
    const push = (more: object) =>
      stand.send("/cloud?token=value-of-env-TOKEN", {
        deviceId: IMEI,
        timestamp: at,
        upPacketSN: -1,
        ...more,
      });
    await push({ messageType: "dataReport", payload: { status: "11" } });
    await push({ messageType: "eventReport", eventContent: { status: "01" } });
    await push({ messageType: "eventReport", eventContent: { status: "01" } });
    await push({ messageType: "deviceOnlineOfflineReport", eventType: 1 });
    expect(stand.readings.filter((line) => line.includes("smoke"))).toEqual([
      "sa-1.smoke 0 good",
      "sa-1.smoke 1 good",
    ]);
    expect(stand.intake.readings[0]?.time).toBe(at * 1_000);
  });

  test("AEP: a fire that comes behind a later all-clear is of now: nobody was told of it", async () => {
    const sources = { cloud: { platform: "aep" as const } };
    await using stand = await HttpStand.start({ sources }, [ALARM]);
    const now = Date.now();
    const say = (status: string, timestamp: number) =>
      stand.push("/cloud", { deviceId: IMEI, messageType: "dataReport", timestamp, payload: { status } });
    await say("11", now);
    await say("01", now - 60_000);
    expect(stand.intake.readings.at(-1)).toMatchObject({ value: 1, reason: "good", time: Number.NaN });
  });

  test("AEP: a kind of message that is no word is no message to be left aside", async () => {
    const sources = { cloud: { platform: "aep" as const } };
    await using stand = await HttpStand.start({ sources }, [ALARM]);
    const body = { deviceId: IMEI, messageType: { toString: 1, valueOf: 1 }, payload: { status: "01" } };
    expect((await stand.push("/cloud", body)).status).toBe(200);
    expect(stand.readings).toContain("sa-1.smoke 1 good");
  });

  test("OneNET: the check of the address, and pushes with a signature", async () => {
    const sources = { cloud: { platform: "onenet" as const, check: "env:CHECK" } };
    await using stand = await HttpStand.start({ sources }, [ALARM]);
    const sign = (msg: string) => createHash("md5").update(`value-of-env-CHECKn1${msg}`).digest("base64");
    const check = (signature: string) =>
      stand.send(`/cloud?msg=hello&nonce=n1&signature=${encodeURIComponent(signature)}`, "", {
        method: "GET",
      });
    const right = await check(sign("hello"));
    expect([right.status, right.text, right.headers["content-type"]]).toEqual([
      200,
      "hello",
      "text/plain; charset=utf-8",
    ]);
    expect((await check(sign("other"))).status).toBe(401);
    const msg = JSON.stringify({ dev_id: IMEI, at: Date.now(), type: 1, status: "01" });
    const push = (signature: string) => stand.send("/cloud", { msg, nonce: "n1", signature });
    expect((await push(sign("other"))).status).toBe(401);
    expect((await push(sign(msg))).status).toBe(200);
    expect(stand.readings[0]).toBe("sa-1.smoke 1 good");
  });
});

test("after stop nothing enters and nobody is connected", async () => {
  const stand = await HttpStand.start({ sources: CLOUD }, [ALARM]);
  const { port } = stand;
  await stand.driver.stop();
  const socket = connect(port, "127.0.0.1");
  await expect(once(socket, "connect")).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("what a device said last can be read", async () => {
  await using stand = await HttpStand.start({ sources: CLOUD }, [ALARM]);
  await expect(stand.driver.read(0, new AbortController().signal)).rejects.toMatchObject({
    code: "DEVICE_TIMEOUT",
  });
  await stand.push("/cloud", fire({ temperature: 21 }));
  const said = await stand.driver.read(0, new AbortController().signal);
  expect(said.map(({ channel, value }) => `${channel} ${value}`)).toEqual(["smoke 1", "temperature 21"]);
});

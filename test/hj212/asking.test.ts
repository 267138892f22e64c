import { describe, expect, test } from "vitest";
import { HJ212_REQUESTS } from "../../drivers/hj212/request-kinds.ts";
import type { RequestAnswer } from "../../drivers/request.ts";
import { HOUR, MINUTE, SECOND } from "../../model/time.ts";
import type { Hj212Logger, Hj212LoggerOptions, LoggerFault } from "../../simulators/hj212-logger.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { until, within } from "../support/until.ts";
import { Stand, type TestSite } from "./site.ts";

const REAL_TIME = "DataTime=20260521143000;a21028-Rtd=3.2,a21028-Flag=N";
const HOURS = [
  "DataTime=20260521120000;a21001-Avg=0.5,a21001-Flag=N",
  "DataTime=20260521130000;a21001-Avg=0.6,a21001-Flag=N",
];
const SPAN = { from: "2026-05-21T12:00:00+08:00", to: "2026-05-21T14:00:00+08:00" };

/** Asks as the gateway does: parameters by their schema. */
function ask(
  stand: Stand,
  request: string,
  parameters: object = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<RequestAnswer> {
  const known = HJ212_REQUESTS.find(({ id }) => id === request)!;
  const order = { device: 0, request, parameters: known.parameters.parse(parameters), signal };
  return stand.inner.driver.request!(order);
}

interface Standing {
  readonly stand: Stand;
  readonly logger: Hj212Logger;
  readonly clock: JumpingClock;
}

/** A logger that has said who it is. */
async function standing(options: Partial<Hj212LoggerOptions> = {}, site: TestSite = {}): Promise<Standing> {
  const clock = new JumpingClock();
  const stand = await Stand.open(site, { clock });
  const logger = await stand.call(options);
  await logger.report(2011, "DataTime=20260521142900;a21028-Rtd=3.1,a21028-Flag=N");
  return { stand, logger, clock };
}

const asked = ({ received }: Hj212Logger) => received.map(({ cn }) => cn).filter((cn) => cn < 9_000);

describe("a logger is asked", () => {
  test.each([4, 0])("for its clock and its intervals, and told them (Flag %i)", async (edition) => {
    const { stand, logger } = await standing({ edition });
    await using _ = stand;
    logger.clockError = -HOUR;
    const [, ahead] = (await ask(stand, "clock")).facts;
    expect(Math.abs(Number(ahead!.value) + 3_600)).toBeLessThanOrEqual(5);
    await ask(stand, "set-clock");
    expect(logger.clockError).toBe(0);
    expect(stand.inner.total("hj212_clocks_set")).toBe(1);

    expect((await ask(stand, "real-time-interval")).facts).toMatchObject([
      { value: 30, text: { zh: "30秒" } },
    ]);
    await ask(stand, "set-real-time-interval", { seconds: 60 });
    await ask(stand, "set-minute-interval", { minutes: 5 });
    expect(logger.intervals).toEqual({ RtdInterval: "60", MinInterval: "5" });
    expect((await ask(stand, "minute-interval")).facts).toMatchObject([{ value: 5, text: { en: "5 min" } }]);

    const [question] = logger.received.filter(({ cn }) => cn === 1_011);
    expect(question).toMatchObject({ st: "22", pw: "123456", flag: edition | 1 });
    expect(question!.qn).toMatch(/^\d{17}$/);
    // What a logger says of the conversation has another system code; it is asked under its own all the same.
    const questions = logger.received.filter(({ cn }) => cn < 9_000);
    expect(new Set(questions.map(({ st }) => st))).toEqual(new Set(["22"]));
    expect(new Set(questions.map(({ qn }) => qn)).size).toBe(questions.length);
    expect(stand.inner.total("hj212_unasked")).toBe(0);
  });

  test("for data, now and stored: what comes are readings, too", async () => {
    const { stand } = await standing({ stored: { 2011: [REAL_TIME], 2061: HOURS } });
    await using _ = stand;
    const now = await ask(stand, "real-time");
    expect(now.facts).toMatchObject([{ id: "a21028-Rtd", value: 3.2, text: { zh: "3.2 N" } }]);
    expect(now.raw).toBe(REAL_TIME);
    const { facts } = await ask(stand, "hours", SPAN);
    expect(facts.map(({ of, value }) => [of, value])).toEqual([
      ["2026-05-21T04:00:00.000000Z", 0.5],
      ["2026-05-21T05:00:00.000000Z", 0.6],
    ]);
    // As readings they stand at the end of their hour.
    expect(stand.inner.entered().slice(-3)).toEqual([
      "logger.h2s 3.2 good @2026-05-21 14:30:00",
      "logger.nh3_hour 0.5 good @2026-05-21 13:00:00",
      "logger.nh3_hour 0.6 good @2026-05-21 14:00:00",
    ]);
    await expect(ask(stand, "hours", { ...SPAN, to: SPAN.from })).rejects.toMatchObject({
      code: "COMMAND_USAGE",
    });
  });

  test("for stored data, and goes on reporting meanwhile: what is of another time is no part of the answer", async () => {
    const later = "DataTime=20260521150000;a21001-Avg=9.9,a21001-Flag=N";
    const { stand } = await standing({ stored: { 2061: [HOURS[0]!, later, HOURS[1]!] } });
    await using _ = stand;
    const { facts } = await ask(stand, "hours", SPAN);
    expect(facts.map(({ value }) => value)).toEqual([0.5, 0.6]);
    // A reading it is.
    expect(stand.inner.entered()).toContain("logger.nh3_hour 9.9 good @2026-05-21 16:00:00");
  });

  test("for stored data, of which it has more than anybody can take: an error, and all of it are readings", async () => {
    const endless = Array.from({ length: 400 }, () => `${HOURS[0]};${"x".repeat(900)}-Avg=1`);
    const { stand } = await standing({ stored: { 2061: endless } });
    await using _ = stand;
    await expect(ask(stand, "hours", SPAN)).rejects.toMatchObject({ code: "DEVICE_ANSWER" });
    await until("all have come", () => stand.inner.total("hj212_frames") >= 1 + 1 + endless.length);
  });

  test.each<[LoggerFault, string, object, string]>([
    ["refuses", "clock", {}, "DEVICE_EXCEPTION"],
    ["refuses", "set-minute-interval", { minutes: 5 }, "DEVICE_EXCEPTION"],
    ["fails", "set-clock", {}, "DEVICE_EXCEPTION"],
    ["other-field", "clock", {}, "DEVICE_ANSWER"],
    ["other-field", "real-time-interval", {}, "DEVICE_ANSWER"],
  ])("and %s: %s", async (fault, request, parameters, code) => {
    const { stand, logger } = await standing({ misbehaves: () => fault });
    await using _ = stand;
    await expect(ask(stand, request, parameters)).rejects.toMatchObject({ code });
    expect(logger.intervals).toEqual({ RtdInterval: "30", MinInterval: "10" });
  });

  test.each<[LoggerFault]>([["silent"], ["other-number"]])(
    "and is %s: three times under one number, then an error",
    async (fault) => {
      const { stand, logger, clock } = await standing({ misbehaves: () => fault });
      await using _ = stand;
      const failed = expect(ask(stand, "clock")).rejects.toMatchObject({ code: "DEVICE_TIMEOUT" });
      for (let sent = 1; sent <= 3; sent++) {
        await until("it is asked", () => asked(logger).length === sent);
        clock.jump(10 * SECOND);
      }
      await failed;
      const numbers = logger.received.filter(({ cn }) => cn === 1_011).map(({ qn }) => qn);
      expect(new Set(numbers).size).toBe(1);
    },
  );

  test("and reports by itself before it has said that it will: that is no answer", async () => {
    const { stand, logger, clock } = await standing({ misbehaves: () => "silent" });
    await using _ = stand;
    const failed = expect(ask(stand, "real-time")).rejects.toMatchObject({ code: "DEVICE_TIMEOUT" });
    for (let sent = 1; sent <= 3; sent++) {
      await until("it is asked", () => asked(logger).length === sent);
      await logger.report(2_011, REAL_TIME);
      clock.jump(10 * SECOND);
    }
    await failed;
  });

  test("and says that it will and never does: not asked again, and an error", async () => {
    const { stand, logger, clock } = await standing({ misbehaves: () => "gives no result" });
    await using _ = stand;
    const outcome = ask(stand, "set-real-time-interval", { seconds: 60 });
    const failed = expect(outcome).rejects.toMatchObject({ code: "DEVICE_TIMEOUT" });
    await until("it is asked", () => asked(logger).length === 1);
    await until("its answer is there", () => stand.inner.total("hj212_frames") === 2);
    clock.jump(26 * SECOND);
    await failed;
    expect(asked(logger)).toEqual([1_062]);
  });

  test("and whoever asked loses patience: what comes late is nobody's, and the next question has an answer of its own", async () => {
    let slow = true;
    const { stand, logger, clock } = await standing({
      misbehaves: () => (slow ? { after: 5 * SECOND } : undefined),
    });
    await using _ = stand;
    const patience = new AbortController();
    const first = expect(ask(stand, "clock", {}, patience.signal)).rejects.toThrow("no patience");
    await until("it is asked", () => asked(logger).length === 1);
    patience.abort(new Error("no patience"));
    await first;
    slow = false;
    logger.clockError = 10 * MINUTE;
    clock.jump(5 * SECOND);
    const [, ahead] = (await ask(stand, "clock")).facts;
    expect(Math.abs(Number(ahead!.value) - 600)).toBeLessThanOrEqual(5);
    await until("the late answers are nobody's", () => stand.inner.total("hj212_unasked") === 2);
  });

  test("and is not there", async () => {
    await using stand = await Stand.open();
    for (const request of ["clock", "set-clock"]) {
      await expect(ask(stand, request)).rejects.toMatchObject({ code: "LINK_DOWN" });
    }
    expect(stand.inner.total("hj212_clocks_not_set")).toBe(1);
  });

  test("a link that stops answers nobody", async () => {
    const { stand, logger } = await standing({ misbehaves: () => "silent" });
    const outcome = expect(ask(stand, "clock")).rejects.toMatchObject({ code: "LINK_DOWN" });
    await until("it is asked", () => asked(logger).length === 1);
    await stand[Symbol.asyncDispose]();
    await within("the error", outcome);
  });
});

describe("a logger's clock", () => {
  const wanted: TestSite = { link: { clock: { correct: true } } };

  test("is set when the site wants it and a real-time report shows it off, once an hour", async () => {
    const { stand, logger, clock } = await standing({}, wanted);
    await using _ = stand;
    expect(asked(logger)).toEqual([]);
    logger.clockError = 5 * MINUTE;
    await logger.report(2_011, REAL_TIME);
    await until("it is set", () => logger.clockError === 0);
    logger.clockError = 10 * MINUTE;
    await logger.report(2_011, REAL_TIME);
    expect(asked(logger)).toEqual([1_012]);
    await until("it is counted", () => stand.inner.total("hj212_clocks_set") === 1);
    clock.jump(HOUR);
    await logger.report(2_011, REAL_TIME);
    await until("it is set again", () => logger.clockError === 0);
  });

  test("is left alone otherwise", async () => {
    const { stand, logger } = await standing();
    await using _ = stand;
    logger.clockError = 5 * MINUTE;
    await logger.report(2_011, REAL_TIME);
    expect(asked(logger)).toEqual([]);
    expect(logger.clockError).toBe(5 * MINUTE);
  });
});

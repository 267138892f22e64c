import { describe, expect, test } from "vitest";
import type { RequestAnswer } from "../../drivers/request.ts";
import { writeHead } from "../../drivers/sl651/body-writer.ts";
import { FUNCTION } from "../../drivers/sl651/control.ts";
import { SL651_REQUESTS } from "../../drivers/sl651/request-kinds.ts";
import { parseStationAddress } from "../../drivers/sl651/station-address.ts";
import { HOUR, SECOND } from "../../model/time.ts";
import type { Sl651Station, Sl651StationOptions } from "../../simulators/sl651-station.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { until, within } from "../support/until.ts";
import { atBeijing } from "./reading.ts";
import { RIVER, Stand } from "./site.ts";

const ADDRESS = parseStationAddress("0012345678")!;
const OTHER_ADDRESS = parseStationAddress("0011223344")!;
const OBSERVED = atBeijing("2026-05-21 14:30:00");
const CLASS = 0x48;
const Z = 0x39;
const VT = 0x38;
const ZT = 0x45;

function elements(values: Readonly<Record<number, number | null>>, address = ADDRESS) {
  const list = Object.entries(values).map(([guide, value]) => ({ guide: Number(guide), value }));
  return { stations: [{ address, category: CLASS, groups: [{ observed: OBSERVED, elements: list }] }] };
}

function row(values: readonly (number | null)[], observed = OBSERVED) {
  return {
    stations: [{ address: ADDRESS, category: CLASS, row: { observed, step: HOUR, guide: Z, values } }],
  };
}

/** Asks as the gateway does: parameters by their schema. */
function ask(
  stand: Stand,
  request: string,
  parameters: object = {},
  { device = 0, signal = new AbortController().signal }: { device?: number; signal?: AbortSignal } = {},
): Promise<RequestAnswer> {
  const known = SL651_REQUESTS.find(({ id }) => id === request)!;
  return stand.driver.request({ device, request, parameters: known.parameters.parse(parameters), signal });
}

/** A station that the centre knows. */
async function known(stand: Stand, options: Partial<Sl651StationOptions> = {}): Promise<Sl651Station> {
  const before = stand.total("sl651_frames");
  const rtu = await stand.call(options);
  rtu.keepAlive();
  await until("it is known", () => stand.total("sl651_frames") > before);
  return rtu;
}

function said({ facts }: RequestAnswer): string[] {
  return facts
    .filter(({ id }) => id !== "clock" && id !== "ahead")
    .map(({ of, name, text }) => `${of ?? "-"} ${name.zh} ${text.zh}`);
}

const AT = "2026-05-21T06:30:00.000000Z";

describe("a station is asked", () => {
  test.each(["hex", "ascii"] as const)(
    "for present values in %s: they are readings, too",
    async (encoding) => {
      await using stand = await Stand.open();
      await known(stand, { encoding, answer: () => elements({ [Z]: 7.5 }) });
      const answer = await ask(stand, "now");
      const [, , river] = answer.facts;
      expect(river).toMatchObject({ of: AT, id: "Z", value: 7.5, text: { zh: "7.5 m" } });
      expect(answer.raw).toMatch(/^[0-9a-f]+$/);
      expect(stand.entered()).toEqual(["river.level 7.5 good @2026-05-21 14:30"]);
    },
  );

  test("for elements and for status: a missing one is said to be, alarm bits are put into words", async () => {
    await using stand = await Stand.open();
    await known(stand, {
      answer: ({ code }) =>
        code === FUNCTION.status ? elements({ [ZT]: 0b1000_0011 }) : elements({ [Z]: null, [VT]: 12.31 }),
    });
    expect(
      said(await ask(stand, "elements", { elements: "Z, VT" })).map((line) =>
        line.split(" ").slice(2).join(" "),
      ),
    ).toEqual(["12.31 V", "缺测"]);
    const [status] = (await ask(stand, "status")).facts.slice(2);
    expect(status).toMatchObject({
      id: "ZT",
      value: 0b1000_0011,
      text: { zh: "交流电停电、蓄电池电压低、水泵工作", en: "mains off, battery low, pump working" },
    });
  });

  test("for a period: stored values in steps, which are readings, too", async () => {
    await using stand = await Stand.open();
    const rtu = await known(stand, { answer: () => row([1, 2, null]) });
    const period = { element: "Z", from: "2026-05-21T14:30:00+08:00", to: "2026-05-21T16:30:00+08:00" };
    const { facts } = await ask(stand, "period", period);
    expect(facts.slice(2).map(({ of, value }) => [of, value])).toEqual([
      [AT, 1],
      ["2026-05-21T07:30:00.000000Z", 2],
      ["2026-05-21T08:30:00.000000Z", null],
    ]);
    expect(stand.entered()).toEqual([
      "river.level 1 good @2026-05-21 14:30",
      "river.level 2 good @2026-05-21 15:30",
      "river.level - missing_value @2026-05-21 16:30",
    ]);
    expect(Buffer.from(rtu.received[0]!.body.subarray(8)).toString("hex")).toBe(
      "2605211426052116" + "0418000100" + "3923",
    );
    await expect(ask(stand, "period", { ...period, to: period.from })).rejects.toMatchObject({
      code: "COMMAND_USAGE",
    });
  });

  test("for its version: what stands there, as it is", async () => {
    await using stand = await Stand.open();
    const rtu = await known(stand, {
      answer: ({ code }) => {
        const head = writeHead(7, stand.clock.wall(), { encoding: "hex", offset: 8 * HOUR });
        setImmediate(() => rtu.send(rtu.frame(code, Buffer.concat([head, Buffer.from("RTU V2.10")]))));
        return undefined;
      },
    });
    expect(said(await ask(stand, "version"))).toEqual(["- 内容 RTU V2.10"]);
  });

  test("for its clock, and told ours", async () => {
    await using stand = await Stand.open();
    const rtu = await known(stand, { answer: () => ({}) });
    rtu.clockError = -HOUR;
    const [, ahead] = (await ask(stand, "clock")).facts;
    expect(Math.abs(Number(ahead!.value) + 3_600)).toBeLessThanOrEqual(5);
    expect(rtu.clockError).toBe(-HOUR);
    const [, after] = (await ask(stand, "set-clock")).facts;
    expect(Math.abs(Number(after!.value))).toBeLessThanOrEqual(5);
    expect(rtu.clockError).toBe(0);
    expect(stand.total("sl651_clocks_set")).toBe(1);
  });

  test("and answers for something else: an error, not an answer", async () => {
    await using stand = await Stand.open();
    let tells = elements({ [VT]: 12 });
    await known(stand, { answer: () => tells });
    await expect(ask(stand, "elements", { elements: "Z" })).rejects.toMatchObject({ code: "DEVICE_ANSWER" });
    // Stored values of the week before: the answer to a question that was given up.
    tells = row([1, 2], OBSERVED - 7 * 24 * HOUR) as never;
    const period = { element: "Z", from: "2026-05-21T14:00:00+08:00", to: "2026-05-21T16:00:00+08:00" };
    await expect(ask(stand, "period", period)).rejects.toMatchObject({ code: "DEVICE_ANSWER" });
  });

  test("and is silent: three times, then an error; its clock is not set unasked", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.open({ clock });
    const rtu = await known(stand);
    rtu.clockError = -HOUR;
    await rtu.report(FUNCTION.timed, elements({ [Z]: 1 }));
    const asked = ask(stand, "elements", { elements: "Z,VT" });
    const failed = expect(asked).rejects.toMatchObject({ code: "DEVICE_TIMEOUT" });
    const count = (code: number) => rtu.received.filter((frame) => frame.code === code).length;
    for (let i = 1; i <= 3; i++) {
      await until(`question ${i}`, () => count(FUNCTION.queryElements) === i);
      clock.jump(16 * SECOND);
    }
    await failed;
    expect(count(FUNCTION.setClock)).toBe(0);
  });

  test("and whoever asked loses patience: the question is withdrawn, and the next one has its turn", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.open({ clock });
    const rtu = await known(stand, { answersAfter: 30 * SECOND, answer: () => elements({ [Z]: 3 }) });
    const [patience, other] = [new AbortController(), new AbortController()];
    const first = ask(stand, "elements", { elements: "Z" }, { signal: patience.signal });
    const withdrawn = ask(stand, "events", {}, { signal: other.signal });
    const third = ask(stand, "now");
    const over = Promise.allSettled([first, withdrawn]);
    await until("it is asked", () => rtu.received.length === 1);
    other.abort(new Error("no patience"));
    patience.abort(new Error("no patience"));
    expect((await within("both ends", over)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await until("the third is asked", () => rtu.received.length === 2);
    expect(rtu.received.map(({ code }) => code)).toEqual([FUNCTION.queryElements, FUNCTION.queryNow]);
    // The late answer to the first is no answer to the third.
    let settled = false;
    third.then(
      () => (settled = true),
      () => (settled = true),
    );
    rtu.send(
      rtu.frame(FUNCTION.queryElements, writeHead(9, clock.wall(), { encoding: "hex", offset: 8 * HOUR })),
    );
    await until("it is heard", () => stand.total("sl651_reports") >= 1);
    expect(settled).toBe(false);
    clock.jump(14 * SECOND);
    clock.jump(16 * SECOND);
    expect(said(await within("the third", third))).toHaveLength(1);
  });

  test("and is not there", async () => {
    await using stand = await Stand.open();
    await expect(ask(stand, "clock")).rejects.toMatchObject({ code: "LINK_DOWN" });
    await expect(stand.driver.read(0, new AbortController().signal)).rejects.toMatchObject({
      code: "DEVICE_TIMEOUT",
    });
  });
});

test("two stations are asked the same: each is answered by itself, over one connection each", async () => {
  const clock = new JumpingClock();
  const other = { ...RIVER, id: "other", address: { station: "0011223344" } };
  await using stand = await Stand.open({ clock, stations: [RIVER, other] });
  await known(stand);
  await known(stand, { address: OTHER_ADDRESS, answer: () => elements({ [Z]: 22 }, OTHER_ADDRESS) });
  const silent = ask(stand, "now");
  let settled = false;
  silent.then(
    () => (settled = true),
    () => (settled = true),
  );
  const { facts } = await ask(stand, "now", {}, { device: 1 });
  expect(facts.at(-1)).toMatchObject({ id: "Z", value: 22 });
  expect(settled).toBe(false);
  expect(stand.entered()).toEqual(["other.level 22 good @2026-05-21 14:30"]);
});

import { afterEach, describe, expect, test } from "vitest";
import type { OnSite } from "../../../gateway/routes/route.ts";
import type { WriteWish, Written } from "../../../gateway/writes.ts";
import { REASON } from "../../../model/quality.ts";
import { MINUTE, SECOND } from "../../../model/time.ts";
import type { AlarmView } from "../../../rules/alarm.ts";
import { until } from "../../support/until.ts";
import { RouteDesk } from "../desk.ts";

const GAS = "gd-01.lel";
const RIVER = "gauge-1.level";

/** A board by its outputs, as the gateway would write them, and the panel beside it. */
class Board {
  readonly writes: string[] = [];
  readonly records: object[] = [];
  answer: Written = { outcome: "written", verified: true, to: "unit 1" };
  button = { value: 0, reason: REASON.good, received: 0 };

  /** How long a write takes, on this clock. */
  takes = 0;
  clock: RouteDesk["clock"] | undefined;

  async write(wish: WriteWish): Promise<Written> {
    this.writes.push(`${wish.output} ${wish.value}`);
    if (this.takes > 0) await new Promise<void>((resolve) => this.clock!.after(this.takes, resolve));
    return this.answer;
  }
}

const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0)) await clean();
});

async function siren(options: object) {
  const board = new Board();
  const silences = new Map<string, AlarmView["silence"]>();
  let desk: RouteDesk | undefined;
  const onSite: OnSite = {
    standing: () =>
      desk === undefined
        ? []
        : [...desk.plant.alarms()]
            .filter(({ state }) => state !== "normal")
            .map((alarm) => ({ ...alarm, active: alarm.active, silence: silences.get(alarm.subject) })),
    channel: () => board.button,
    write: (wish) => board.write(wish),
    record: (done) => board.records.push(done),
  };
  desk = await RouteDesk.start({
    routes: {
      horn: { type: "siren", device: "relays", silence: "relays.input_1", every: "10s", ...options },
    },
    onSite,
  });
  cleanUp.push(() => desk[Symbol.asyncDispose]());
  await until("the first look", () => board.writes.length > 0);
  const last = (output: string) => board.writes.findLast((write) => write.startsWith(output));
  return { desk, board, silences, last };
}

const SOUNDER = { sounder: { output: "relay_1" } };
const PULSED = { sounder: { output: "relay_1", pulse: "pulse_1" } };

describe("a siren", () => {
  test("is written once at a change, and again at every beat", async () => {
    const { desk, board } = await siren(PULSED);
    desk.raise(GAS, "red");
    await until("it sounds", () => board.writes.length === 2);
    // Another alarm changes nothing: the next beat is near enough.
    desk.raise(RIVER, "red");
    await until("it is over", () => desk.status("horn").backlog === 0);
    expect(board.writes).toEqual(["relay_1 0", "pulse_1 30"]);
    await desk.pass(MINUTE, SECOND);
    expect(board.writes.slice(2)).toEqual(Array(6).fill("pulse_1 30"));
  });

  test("is written at every beat, however long its board takes", async () => {
    const { desk, board } = await siren(PULSED);
    desk.raise(GAS, "red");
    await until("it sounds", () => board.writes.length === 2);
    board.takes = SECOND;
    board.clock = desk.clock;
    await desk.pass(MINUTE, SECOND / 2);
    expect(board.writes.length).toBe(8);
  });

  test("is not for what is less severe, acknowledged, or silenced", async () => {
    const { desk, board, silences, last } = await siren(SOUNDER);
    desk.raise(RIVER, "orange");
    await desk.pass(20 * SECOND, SECOND);
    expect(last("relay_1")).toBe("relay_1 0");
    desk.raise(GAS, "red");
    await until("it sounds", () => last("relay_1") === "relay_1 1");
    silences.set(GAS, "shelved");
    await desk.pass(10 * SECOND, SECOND);
    expect(last("relay_1")).toBe("relay_1 0");
    silences.clear();
    await desk.pass(10 * SECOND, SECOND);
    expect(last("relay_1")).toBe("relay_1 1");
    desk.acknowledge(GAS);
    await until("it is silent", () => last("relay_1") === "relay_1 0");
    expect(board.records).toEqual([]);
  });

  test.each([
    ["unattended", ["1", "1", "0"]],
    ["active", ["1", "0", "0"]],
    ["present", ["1", "1", "0"]],
  ])("while %s: raised, passed, acknowledged", async (when, expected) => {
    const { desk, last } = await siren({ beacon: { output: "relay_2", while: when } });
    const shown: (string | undefined)[] = [];
    const steps = [() => desk.raise(GAS, "red"), () => desk.clear(GAS), () => desk.acknowledge(GAS)];
    for (const step of steps) {
      step();
      await until("it is over", () => desk.status("horn").backlog === 0);
      await desk.pass(10 * SECOND, SECOND);
      shown.push(last("relay_2")?.slice(-1));
    }
    expect(shown).toEqual(expected);
  });

  test("is a lost route while its board does not do it, and tries at every beat", async () => {
    const { desk, board, last } = await siren({ ...SOUNDER, lostAfter: "30s" });
    board.answer = { outcome: "device-failed", detail: "no answer" };
    desk.raise(GAS, "red");
    await desk.pass(MINUTE, SECOND);
    expect(desk.lost).toEqual(["horn lost: horn: sounder (relay_1): no answer"]);
    board.answer = { outcome: "written", verified: true, to: "unit 1" };
    await desk.pass(MINUTE, SECOND);
    expect(last("relay_1")).toBe("relay_1 1");
    expect(desk.lost.at(-1)).toBe("horn works");
    expect(desk.status("horn").backlog).toBe(0);
  });

  test("that was never needed is lost all the same when its board is gone", async () => {
    const { desk, board } = await siren({ ...SOUNDER, lostAfter: "30s" });
    board.answer = { outcome: "device-failed", detail: "no answer" };
    await desk.pass(MINUTE, SECOND);
    expect(desk.lost).toHaveLength(1);
  });
});

describe("its button", () => {
  async function sounding() {
    const all = await siren(SOUNDER);
    all.desk.raise(GAS, "red");
    await until("it sounds", () => all.last("relay_1") === "relay_1 1");
    await all.desk.pass(SECOND);
    return all;
  }

  test("silences once, and is written down", async () => {
    const { desk, board, last } = await sounding();
    board.button = { ...board.button, value: 1 };
    await desk.pass(SECOND);
    expect(last("relay_1")).toBe("relay_1 0");
    expect(board.records).toEqual([
      {
        user: "local panel",
        verb: "silence",
        said: { route: "horn", channel: "relays.input_1", alarms: 1 },
      },
    ]);
    // It sticks. The next alarm is heard.
    desk.raise(RIVER, "red");
    await until("it sounds", () => last("relay_1") === "relay_1 1");
    await desk.pass(10 * SECOND);
    expect(board.records).toHaveLength(1);
    expect(last("relay_1")).toBe("relay_1 1");
  });

  test("that cannot be read silences nothing", async () => {
    const { desk, board, last } = await sounding();
    board.button = { ...board.button, value: 1, reason: REASON.no_communication };
    await desk.pass(11 * SECOND);
    expect(last("relay_1")).toBe("relay_1 1");
    expect(board.records).toEqual([]);
  });

  test("that was down before anything sounded silences nothing", async () => {
    const { desk, board, last } = await siren(SOUNDER);
    board.button = { ...board.button, value: 1 };
    await desk.pass(SECOND);
    desk.raise(GAS, "red");
    await until("it sounds", () => last("relay_1") === "relay_1 1");
    await desk.pass(11 * SECOND);
    expect(last("relay_1")).toBe("relay_1 1");
    expect(board.records).toEqual([]);
  });
});

import { describe, expect, test } from "vitest";
import { STOP_BOUND } from "../../../drivers/driver.ts";
import { MILLISECOND } from "../../../model/time.ts";
import { missing } from "../../servers/available.ts";
import { until } from "../../support/until.ts";
import { dice } from "../../tcp/driver-stand.ts";
import { type AskingBench, isBad, OnBench, type OwingBench, type SpeakingBench } from "./on-bench.ts";
import type { Bench, Peer, Setting } from "./peer.ts";

/** How long a stop may take here: its bound, and some room for a busy machine. */
const STOP_MS = STOP_BOUND / MILLISECOND + 1_000;
/** Reports at once: more than one read of a socket holds, where reading must stop. */
const FLOOD = { slows: 20_000, unacknowledged: 2_000 };
/** Outbursts of bytes that mean nothing: to a driver that asks it takes its time to ask again. */
const OUTBURSTS = { asking: 6, speaking: 25 };
const LONGEST_OUTBURST = 2_000;

/** What every driver keeps, whatever it speaks: the contract at the head of drivers/driver.ts, as tests. */
export function compliance(type: string, bench: Bench): void {
  describe.skipIf(missing(...(bench.needs ?? [])))(type, () => {
    if ("owes" in bench) alone(bench);
    else if (bench.asks) asking(bench);
    else speaking(bench);
  });
}

/** A driver whose device nobody has put on the bench yet. */
function alone(bench: OwingBench): void {
  const set = async () => {
    const peer: Peer = {
      appear: () => Promise.resolve(),
      vanish: () => Promise.resolve(),
      babble: () => Promise.resolve(),
    };
    return { ...(await bench.set()), peer };
  };

  test("making it touches nothing", () => untouched({ set }));

  test(`nobody is there: it starts, says so once, and stops; nothing is left behind (owed: ${bench.owes})`, async () => {
    const on = await OnBench.set({ set });
    await on.start();
    await until("the loss is told", () => on.intake.health.length > 0);
    expect(on.up).toBe(false);
    expect(on.toldAgain()).toEqual([]);
    named(on);
    await silentAfterStop(on);
  });
}

function asking(bench: AskingBench): void {
  test("making it touches nothing", () => untouched(bench));

  test("it asks, readings enter, and what it does is counted", async () => {
    await using on = await OnBench.begin(bench);
    const before = on.counted();
    await on.fresh();
    await until("every channel is good", () =>
      on.channels.every((channel) => on.last(channel)?.reason === "good"),
    );
    expect(on.intake.messages.every(({ patience }) => patience === "polled")).toBe(true);
    expect(on.counted()).toBeGreaterThan(before);
    named(on);
  });

  test("a device that is lost: every channel is bad with a reason, and it is told once; and again when it is back", async () => {
    await using on = await OnBench.begin(bench);
    await until("it is up", () => on.up);
    await on.fresh();
    await on.peer.vanish();
    await until("every channel is bad", () => on.channels.every((channel) => isBad(on.last(channel)!)));
    await until("the loss is told", () => !on.up);
    expect(on.intake.health.findLast(({ up }) => !up)!.reason).not.toBe("good");
    await on.appear();
    await on.fresh();
    await until("the return is told", () => on.up);
    expect(on.toldAgain()).toEqual([]);
  });

  test("a device that is down at start is a normal situation", async () => {
    await using on = await OnBench.set(bench);
    await on.start();
    await until("every channel is bad", () =>
      on.channels.every((channel) => {
        const last = on.last(channel);
        return last !== undefined && isBad(last);
      }),
    );
    await on.appear();
    await on.fresh();
  });

  test("it stops while it asks, and when nobody is there; nothing enters after", async () => {
    const on = await OnBench.begin(bench);
    await on.fresh();
    await silentAfterStop(on);
    const alone = await OnBench.set(bench);
    await alone.start();
    await silentAfterStop(alone);
  });

  test("an intake that refuses does not stop it", async () => {
    await using on = await OnBench.begin(bench);
    on.intake.refusing = true;
    await on.fresh();
    on.intake.refusing = false;
    await until("it is kept", () => on.kept > 0);
  });

  test("answers that mean nothing", () => hostile(bench, async (on) => void (await on.fresh())));

  test("nothing is left behind", async () => {
    const on = await OnBench.begin(bench);
    await on.fresh();
    expect(await on.clear()).toEqual([]);
  });
}

function speaking(bench: SpeakingBench): void {
  test("making it touches nothing", () => untouched(bench));

  test("what the device says enters, is acknowledged and counted", async () => {
    await using on = await OnBench.begin(bench);
    const before = on.counted();
    on.peer.say(1);
    await until("it is acknowledged", () => on.peer.acknowledged === 1);
    expect(on.intake.readings.some(({ reason }) => reason === "good")).toBe(true);
    expect(on.intake.messages.every(({ patience }) => patience === "acknowledged")).toBe(true);
    await until("it is counted", () => on.counted() > before);
    named(on);
  });

  test("nothing is acknowledged before it is on disk; then all that is, and no more", async () => {
    await using on = await OnBench.begin(bench, { instant: false });
    for (const n of [1, 2, 3]) on.peer.say(n);
    await until("all have entered", () => on.kept === 3);
    await on.quiet();
    expect(on.peer.acknowledged).toBe(0);
    on.intake.makeDurable(on.intake.messages.find(({ ticket }) => ticket > 0)!.ticket);
    await until("the first is acknowledged", () => on.peer.acknowledged === 1);
    await on.quiet();
    expect(on.peer.acknowledged).toBe(1);
    on.intake.makeDurable();
    await until("all are", () => on.peer.acknowledged === 3);
  });

  test("what the intake refuses is seen, not acknowledged, and taken when it is sent again", async () => {
    await using on = await OnBench.begin(bench);
    on.intake.refusing = true;
    on.peer.say(1);
    await until("it is seen", () => on.intake.messages.length > 0);
    await on.quiet();
    expect([on.kept, on.peer.acknowledged]).toEqual([0, 0]);
    on.intake.refusing = false;
    await on.peer.again(1);
    await until("it is acknowledged", () => on.peer.acknowledged === 1);
    expect(on.kept).toBeGreaterThan(0);
  });

  test("what was acknowledged and is sent again is acknowledged again", async () => {
    await using on = await OnBench.begin(bench);
    on.peer.say(1);
    await until("it is acknowledged", () => on.peer.acknowledged === 1);
    await on.peer.again(1);
    await until("and again", () => on.peer.acknowledged === 2);
  });

  test("a device that talks faster than the disk writes loses nothing that was acknowledged", async () => {
    await using on = await OnBench.begin(bench);
    const flood = FLOOD[bench.flood];
    on.intake.congested = true;
    if (bench.flood === "unacknowledged") on.intake.refusing = true;
    for (let n = 1; n <= flood; n++) on.peer.say(n);
    await until("some of it has entered", () => on.intake.messages.length > 0);
    await on.watch();
    if (bench.flood === "slows") expect(on.intake.messages.length).toBeLessThan(flood / 2);
    else expect(on.peer.acknowledged).toBe(0);
    on.intake.refusing = false;
    on.intake.relieve();
    if (bench.flood === "unacknowledged") on.peer.say(flood + 1);
    else await until("all of it has entered", () => on.kept === flood, { detail: () => `${on.kept} have` });
    await until("what was kept is acknowledged", () => on.peer.acknowledged === on.kept);
  });

  test("a device that goes and comes again", async () => {
    await using on = await OnBench.begin(bench);
    on.peer.say(1);
    await until("it is heard", () => on.peer.acknowledged === 1);
    await on.peer.vanish();
    if (bench.tellsLoss) await until("the loss is told", () => !on.up);
    await on.appear();
    on.peer.say(2);
    await until("it is heard again", () => on.peer.acknowledged === 2);
    await until("all is up", () => on.up);
    expect(on.toldAgain()).toEqual([]);
    expect(on.intake.readings.filter(isBad)).toEqual([]);
  });

  test("a device that is not there at start is a normal situation", async () => {
    await using on = await OnBench.set(bench);
    await on.start();
    expect(on.intake.readings).toEqual([]);
    await on.appear();
    on.peer.say(1);
    await until("it is heard", () => on.peer.acknowledged === 1);
  });

  test("it stops while the disk does not answer, and when nobody is there; nothing enters after", async () => {
    const on = await OnBench.begin(bench, { instant: false });
    for (const n of [1, 2, 3]) on.peer.say(n);
    await until("all have entered", () => on.kept === 3);
    await silentAfterStop(on);
    expect(on.peer.acknowledged).toBe(0);
    const alone = await OnBench.set(bench);
    await alone.start();
    await silentAfterStop(alone);
  });

  test("bytes that mean nothing", () =>
    hostile(bench, async (on, round) => {
      const before = on.peer.acknowledged;
      on.peer.say(round);
      await until("it is heard all the same", () => on.peer.acknowledged > before);
    }));

  test("nothing is left behind", async () => {
    const on = await OnBench.begin(bench);
    on.peer.say(1);
    await until("it is heard", () => on.peer.acknowledged === 1);
    expect(await on.clear()).toEqual([]);
  });
}

async function untouched(bench: { set(): Promise<Setting & { peer: Peer }> }): Promise<void> {
  const on = await OnBench.set(bench);
  expect(on.clock.armed).toBe(0);
  expect(on.heard()).toBe(0);
  expect(await on.clear()).toEqual([]);
}

/** Counters say what they count, and of which link. */
function named(on: { counterNames(): { name: string; help: string; link: string | undefined }[] }): void {
  const names = on.counterNames();
  expect(names.length).toBeGreaterThan(0);
  for (const { name, help } of names) {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(help, name).not.toBe("");
  }
  const nameless = names.filter(({ link }) => link === undefined).map(({ name }) => name);
  expect(nameless, "counters without the label `link`").toEqual([]);
}

async function silentAfterStop(
  on: OnBench<never> | Pick<OnBench<never>, "stop" | "heard" | "intake" | "clear">,
): Promise<void> {
  await on.stop(STOP_MS);
  const heard = on.heard();
  on.intake.makeDurable();
  on.intake.relieve();
  expect(await on.clear()).toEqual([]);
  expect(on.heard()).toBe(heard);
}

async function hostile<B extends AskingBench | SpeakingBench>(
  bench: B,
  afterwards: (on: OnBench<Awaited<ReturnType<B["set"]>>["peer"]>, round: number) => Promise<void>,
): Promise<void> {
  const roll = dice(651);
  await using on = await OnBench.begin<Awaited<ReturnType<B["set"]>>["peer"]>(bench as never);
  await afterwards(on, 1);
  const outbursts = bench.asks ? OUTBURSTS.asking : OUTBURSTS.speaking;
  for (let round = 0; round < outbursts; round++) {
    const bytes = Buffer.from(Array.from({ length: 1 + roll(LONGEST_OUTBURST) }, () => roll(256)));
    await on.peer.babble(bytes);
  }
  await afterwards(on, 2);
}

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Outbox } from "../../gateway/alerts/outbox.ts";
import { RecentEvents } from "../../gateway/alerts/recent-events.ts";
import { uplinkCounts } from "../../gateway/alerts/uplink.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { SILENT } from "../../model/log.ts";
import { MINUTE, SECOND } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { AlarmPlant } from "./support/alarm-plant.ts";
import { settled } from "./support/alert-desk.ts";

/** An outbox with a log, a disk for its cursor, and a peer that does what the test says. */
class Post {
  readonly clock = new ManualClock();
  readonly plant = new AlarmPlant(() => this.clock.now());
  readonly counters = new CounterRegistry();
  recent = new RecentEvents(8);
  readonly disk = new Map<string, number>();
  /** Everything the peer has received, in order. */
  readonly received: number[] = [];
  readonly resent = new Set<number>();
  /** Taken and not answered. */
  readonly waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  answering = true;
  logFails = false;
  /** Events are numbered, and told a moment later: they wait for their commit. */
  committing: AlarmEvent[] | undefined;
  queries = 0;
  /** Which events are for this peer. */
  readonly wants: ((event: AlarmEvent) => boolean) | undefined;
  outbox: Outbox;

  constructor(wants?: (event: AlarmEvent) => boolean) {
    this.wants = wants;
    this.outbox = this.#make();
    this.plant.onEvent = (event) => this.#happened(event);
  }

  #make(): Outbox {
    return new Outbox({
      name: "uplink:county",
      recent: this.recent,
      events: (query) => {
        this.queries++;
        if (this.logFails) return Promise.reject(new Error("the log fails"));
        // What is not committed is not in the log either.
        const end = Math.min(query.to, this.committing?.[0]?.seq ?? query.to);
        return this.plant.events({ ...query, to: end });
      },
      cursor: (name) => Promise.resolve(this.disk.get(name) ?? 0),
      setCursor: (name, next) => {
        this.disk.set(name, next);
        return Promise.resolve();
      },
      last: () => this.plant.nextSeq - 1,
      send: (event, { resent }) => {
        this.received.push(event.seq);
        if (resent) this.resent.add(event.seq);
        if (this.answering) return Promise.resolve();
        return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
      },
      window: 4,
      acknowledgeWithin: 30 * SECOND,
      clock: this.clock,
      log: SILENT,
      counts: uplinkCounts(this.counters, "uplink:county"),
      ...(this.wants === undefined ? {} : { wants: this.wants }),
    });
  }

  #happened(event: AlarmEvent): void {
    if (this.committing === undefined) this.tell(event);
    else this.committing.push(event);
  }

  tell(event: AlarmEvent): void {
    this.recent.add(event, true);
    this.outbox.nudge();
  }

  /** The gateway ends as by a power cut, and another begins with what is on disk. */
  async restart(): Promise<void> {
    this.outbox.connected(false);
    this.waiting.splice(0);
    this.recent = new RecentEvents(8);
    this.outbox = this.#make();
    await this.outbox.open();
  }

  happen(times = 1): void {
    for (let i = 0; i < times; i++) {
      const active = this.plant.alarm("gas-leak", "gd-01.lel").active;
      if (active) this.plant.clear("gas-leak", "gd-01.lel", { value: 1 });
      else this.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    }
  }

  count(name: string): number {
    for (const counter of this.counters) if (counter.name.name === name) return counter.total;
    return 0;
  }
}

/** Order of first arrival. */
function firsts(numbers: readonly number[]): number[] {
  return [...new Set(numbers)];
}

describe("an outbox", () => {
  test("sends a live event from memory, without asking the log", async () => {
    const post = new Post();
    await post.outbox.open();
    post.outbox.connected(true);
    post.happen(3);
    await settled();
    expect(post.received).toEqual([1, 2, 3]);
    expect(post.queries).toBe(0);
    expect(post.resent.size).toBe(0);
    expect(post.disk.get("uplink:county")).toBe(4);
  });

  test("waits for no log while an event is on its way to the disk: it goes out in the instant in which it is told", async () => {
    const post = new Post();
    await post.outbox.open();
    post.outbox.connected(true);
    post.happen();
    await settled();
    for (let round = 0; round < 5; round++) {
      post.committing = [];
      post.happen(2);
      const [first, second] = post.committing as [AlarmEvent, AlarmEvent];
      post.tell(first);
      await settled();
      post.committing = [second];
      post.tell(second);
      post.committing = undefined;
      await settled();
      expect(post.received.at(-1)).toBe(second.seq);
    }
    expect(firsts(post.received)).toEqual(post.received);
  });

  test("that is new begins with what happens next", async () => {
    const post = new Post();
    post.happen(5);
    await post.outbox.open();
    post.outbox.connected(true);
    await settled();
    expect(post.received).toEqual([]);
    post.happen();
    await settled();
    expect(post.received).toEqual([6]);
  });

  test("that was opened before the first event and never connected does not lose it in a restart", async () => {
    const post = new Post();
    await post.outbox.open();
    await settled();
    post.happen(3);
    await post.restart();
    post.outbox.connected(true);
    await settled();
    expect(post.received).toEqual([1, 2, 3]);
  });

  test("delivers in order what happened while the peer was away, marked as sent again", async () => {
    const post = new Post();
    await post.outbox.open();
    post.happen(100);
    post.outbox.connected(true);
    await settled();
    await settled();
    expect(post.received).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect([...post.resent]).toEqual(Array.from({ length: 92 }, (_, i) => i + 1));
    expect(post.outbox.backlog).toBe(0);
  });

  test("keeps to its window", async () => {
    const post = new Post();
    post.answering = false;
    await post.outbox.open();
    post.outbox.connected(true);
    post.happen(10);
    await settled();
    expect(post.received).toEqual([1, 2, 3, 4]);
    expect(post.outbox.backlog).toBe(10);
  });

  test("does not pass an event that is not acknowledged: the cursor waits at the first of them", async () => {
    const post = new Post();
    post.answering = false;
    await post.outbox.open();
    post.outbox.connected(true);
    post.happen(3);
    await settled();
    post.waiting[1]!.resolve();
    post.waiting[2]!.resolve();
    await settled();
    expect(post.disk.get("uplink:county")).toBe(1);
    post.waiting[0]!.resolve();
    await settled();
    expect(post.disk.get("uplink:county")).toBe(4);
  });

  test("sends again what a lost connection left unacknowledged, and nothing else", async () => {
    const post = new Post();
    post.answering = false;
    await post.outbox.open();
    post.outbox.connected(true);
    post.happen(3);
    await settled();
    post.waiting[0]!.resolve();
    await settled();
    post.outbox.connected(false);
    for (const { reject } of post.waiting) reject(new Error("gone"));
    post.answering = true;
    post.outbox.connected(true);
    await settled();
    expect(post.received).toEqual([1, 2, 3, 2, 3]);
    expect([...post.resent]).toEqual([2, 3]);
    expect(post.count("uplink_events_repeated")).toBe(2);
  });

  test("sends again what is not acknowledged in time", async () => {
    const post = new Post();
    post.answering = false;
    await post.outbox.open();
    post.outbox.connected(true);
    post.happen();
    await post.clock.run(29 * SECOND, SECOND);
    expect(post.received).toEqual([1]);
    post.answering = true;
    await post.clock.run(2 * SECOND, SECOND);
    expect(post.received).toEqual([1, 1]);
    expect(post.outbox.backlog).toBe(0);
  });

  test("waits for a log that fails, and then goes on where it was", async () => {
    const post = new Post();
    await post.outbox.open();
    post.happen(20);
    post.logFails = true;
    post.outbox.connected(true);
    await post.clock.run(SECOND / 2, SECOND / 10);
    expect(post.received).toEqual([]);
    post.logFails = false;
    await post.clock.run(MINUTE, SECOND);
    expect(post.received).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(post.count("uplink_events_skipped")).toBe(0);
  });

  test("does not hold danger back for ever behind a log that stays broken: what is left out is counted", async () => {
    const post = new Post();
    await post.outbox.open();
    post.happen(20);
    post.logFails = true;
    post.outbox.connected(true);
    await post.clock.run(MINUTE, SECOND);
    expect(post.received).toEqual([13, 14, 15, 16, 17, 18, 19, 20]);
    expect(post.count("uplink_events_skipped")).toBe(12);
  });

  test("passes over void numbers without counting them as left out", async () => {
    const post = new Post();
    await post.outbox.open();
    post.plant.boot(1);
    post.happen();
    post.plant.boot(100);
    post.happen();
    await post.restart();
    post.outbox.connected(true);
    await settled();
    expect(post.received).toEqual([1, 100, 101]);
    expect(post.count("uplink_events_skipped")).toBe(0);
    expect(post.outbox.backlog).toBe(0);
  });

  test("goes on behind what retention has removed from the log, and counts it", async () => {
    const post = new Post();
    await post.outbox.open();
    post.happen(30);
    post.plant.log.splice(0, 10);
    await post.restart();
    post.outbox.connected(true);
    await settled();
    expect(post.received[0]).toBe(11);
    expect(post.count("uplink_events_skipped")).toBe(10);
  });

  test("delivers each event at least once and in order, whatever peer, disk and power do", async () => {
    const step = fc.constantFrom(
      "happen",
      "burst",
      "connect",
      "disconnect",
      "answer",
      "refuse",
      "hold",
      "flow",
      "restart",
      "minute",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const post = new Post();
        await post.outbox.open();
        for (const what of steps) {
          if (what === "happen") post.happen();
          else if (what === "burst") post.happen(15);
          else if (what === "connect") post.outbox.connected(true);
          else if (what === "disconnect") post.outbox.connected(false);
          else if (what === "answer") for (const { resolve } of post.waiting.splice(0)) resolve();
          else if (what === "refuse") post.waiting.shift()?.reject(new Error("refused"));
          else if (what === "hold") post.answering = false;
          else if (what === "flow") post.answering = true;
          else if (what === "restart") await post.restart();
          else await post.clock.run(MINUTE, 10 * SECOND);
          await settled();
        }
        post.answering = true;
        for (const { resolve } of post.waiting.splice(0)) resolve();
        post.outbox.connected(true);
        await post.clock.run(3 * MINUTE, SECOND);
        const all = post.plant.log.map(({ seq }) => seq);
        expect(firsts(post.received)).toEqual(all);
        expect(post.outbox.backlog).toBe(0);
        expect(post.disk.get("uplink:county")).toBe(all.length + 1);
      }),
      { numRuns: 60 },
    );
  });

  test("lets what is left go out within a bound when the gateway stops, and ends when it cannot", async () => {
    const post = new Post();
    await post.outbox.open();
    post.outbox.connected(true);
    post.answering = false;
    post.happen(2);
    const closing = post.outbox.close(SECOND);
    await post.clock.run(2 * SECOND);
    await closing;
    expect(post.clock.pending).toBe(0);
    expect(post.disk.get("uplink:county")).toBe(1);
  });
});

describe("an outbox for some of the events", () => {
  const ofReturns = (event: AlarmEvent) => event.transition === "return";

  test("sends those, and its cursor passes over the others", async () => {
    const post = new Post(ofReturns);
    await post.outbox.open();
    post.outbox.connected(true);
    post.happen(5);
    await settled();
    expect(post.received).toEqual([2, 4]);
    expect(post.outbox.backlog).toBe(0);
    await post.outbox.close(SECOND);
    expect(post.disk.get("uplink:county")).toBe(6);
  });

  test("never moves its cursor over one that is under way", async () => {
    const post = new Post(ofReturns);
    await post.outbox.open();
    post.outbox.connected(true);
    post.answering = false;
    post.happen(7);
    await settled();
    expect(post.received).toEqual([2, 4, 6]);
    expect(post.disk.get("uplink:county") ?? 1).toBeLessThanOrEqual(2);
    post.waiting[1]!.resolve();
    await settled();
    expect(post.disk.get("uplink:county") ?? 1).toBeLessThanOrEqual(2);
    post.waiting[0]!.resolve();
    await settled();
    // The one acknowledged meanwhile counts, and so do those between.
    expect(post.disk.get("uplink:county")).toBe(6);
  });

  test("finds them in the log after an outage longer than memory", async () => {
    const post = new Post(ofReturns);
    await post.outbox.open();
    post.happen(1_001);
    post.outbox.connected(true);
    await settled();
    expect(post.received).toEqual(Array.from({ length: 500 }, (_, i) => 2 * i + 2));
  });
});

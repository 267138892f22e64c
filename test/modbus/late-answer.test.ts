import { Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import { Bus } from "../../drivers/modbus/bus.ts";
import { Pauses } from "../../drivers/modbus/pauses.ts";
import { RtuPort } from "../../drivers/modbus/rtu-port.ts";
import { ModbusSession } from "../../drivers/modbus/session.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { NetworkError } from "../../model/error.ts";
import { MILLISECOND, type Micros } from "../../model/time.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { rtu } from "./raw-server.ts";

/*
 * RTU has no transaction ids: an answer that comes after its deadline looks like the answer to the next question of the same
 * unit, function and length. Registers hold their own address, so that a value in the wrong place shows.
 */

const TIMEOUT: Micros = 150 * MILLISECOND;

/** A serial line whose device takes as long for each question as the test says, in order. */
class SlowLine extends Duplex {
  readonly #clock: ManualClock;
  readonly #delays: number[];

  constructor(clock: ManualClock, delays: number[]) {
    super();
    this.#clock = clock;
    this.#delays = delays;
  }

  override _read(): void {}

  override _write(frame: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    callback();
    const [unit, code] = [frame[0]!, frame[1]!];
    const request = { transaction: 0, unit, code, frame, number: 0 };
    const answer = rtu({ ...request, address: frame.readUInt16BE(2), count: frame.readUInt16BE(4) });
    this.#clock.after((this.#delays.shift() ?? 10) * MILLISECOND, () => this.push(answer));
  }
}

function busWith(delays: number[]) {
  const clock = new ManualClock();
  const line = new SlowLine(clock, delays);
  const pauses = new Pauses(clock);
  const counters = new CounterRegistry();
  const bus = new Bus({
    link: "bus",
    clock,
    pauses,
    counters,
    inFlight: 1,
    retries: 0,
    untagged: true,
    late: TIMEOUT,
    frameGap: 0,
    onAnswer: () => {},
    onStuck: () => {},
  });
  const end = Promise.withResolvers<unknown>();
  const stream = { stream: line, ended: end.promise, close: () => end.resolve(undefined) };
  bus.attach(
    new ModbusSession(stream, (l, events) => new RtuPort(l, events, { clock }), {
      clock,
      inFlight: 1,
      name: "line",
    }),
  );
  const outcomes: string[] = [];
  const ask = (unit: number, address: number, more: { count?: number; timeout?: Micros } = {}) => {
    const { count = 1, timeout = TIMEOUT } = more;
    const request = { table: "holding" as const, address, count, unit, anyUnit: false };
    return bus.exchange({ request, timeout, pause: 0 }).then(
      (bytes) => outcomes.push(`${unit}:${address} is ${Buffer.from(bytes!).readUInt16BE(0)}`),
      (error: { code: string }) => outcomes.push(`${unit}:${address} ${error.code}`),
    );
  };
  const count = (name: string) => [...counters].find((row) => row.name.name === name)?.total;
  return { clock, bus, pauses, ask, outcomes, count };
}

describe("an answer that comes after its deadline", () => {
  test("is not the answer to the next question, whoever puts it; another unit need not wait", async () => {
    const { clock, ask, outcomes } = busWith([215, 10, 40]);
    const asked = [ask(1, 200), ask(1, 300), ask(2, 400)];
    await clock.run(600 * MILLISECOND, 5 * MILLISECOND);
    await Promise.all(asked);
    expect(outcomes).toEqual(["1:200 DEVICE_TIMEOUT", "2:400 is 400", "1:300 is 300"]);
  });

  test("is remembered although a question of another length was not answered after it", async () => {
    const { clock, ask, outcomes } = busWith([185, 1000, 30]);
    const short = { timeout: 50 * MILLISECOND };
    const asked = [ask(1, 200, short), ask(1, 600, { count: 2, timeout: 20 * MILLISECOND }), ask(1, 300)];
    await clock.run(900 * MILLISECOND, 5 * MILLISECOND);
    await Promise.all(asked);
    expect(outcomes).toEqual(["1:200 DEVICE_TIMEOUT", "1:600 DEVICE_TIMEOUT", "1:300 is 300"]);
  });

  test("is not believed though it comes later than two time-outs", async () => {
    // The first answer comes after 310 ms: ten milliseconds after the next question of its shape was put.
    const { clock, ask, outcomes, count } = busWith([310, 10, 10]);
    const asked = [ask(1, 200), ask(1, 300)];
    await clock.run(900 * MILLISECOND, 5 * MILLISECOND);
    await Promise.all(asked);
    expect(outcomes).toEqual(["1:200 DEVICE_TIMEOUT", "1:300 is 300"]);
    expect(count("modbus_resyncs")).toBe(1);
  });

  test("is waited for no longer once it has come, however late", async () => {
    const { clock, ask, outcomes, count } = busWith([700, 10, 10]);
    const first = ask(1, 200);
    await clock.run(800 * MILLISECOND, 5 * MILLISECOND);
    const second = ask(1, 300);
    await clock.run(100 * MILLISECOND, 5 * MILLISECOND);
    await Promise.all([first, second]);
    expect(outcomes).toEqual(["1:200 DEVICE_TIMEOUT", "1:300 is 300"]);
    expect(count("modbus_resyncs")).toBe(0);
  });

  test("costs nothing where the same register is asked for again", async () => {
    const { clock, ask, outcomes, count } = busWith([100_000, 10]);
    const asked = [ask(1, 200), ask(1, 200)];
    await clock.run(600 * MILLISECOND, 5 * MILLISECOND);
    await Promise.all(asked);
    expect(outcomes).toEqual(["1:200 DEVICE_TIMEOUT", "1:200 is 200"]);
    expect(count("modbus_resyncs")).toBe(0);
  });

  test("keeps nobody waiting when the link is stopped", async () => {
    const { clock, bus, pauses, ask, outcomes } = busWith([1000]);
    const asked = [ask(1, 200), ask(1, 300)];
    await clock.run(160 * MILLISECOND, 5 * MILLISECOND);
    pauses.end();
    bus.fail(new NetworkError("LINK_DOWN", "stopped"));
    await Promise.all(asked);
    expect(outcomes).toEqual(["1:200 DEVICE_TIMEOUT", "1:300 LINK_DOWN"]);
  });
});

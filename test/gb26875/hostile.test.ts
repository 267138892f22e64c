import { expect, test } from "vitest";
import { Centre } from "../../drivers/gb26875/centre.ts";
import { checksum } from "../../drivers/gb26875/frame.ts";
import type { Gb26875Options } from "../../drivers/gb26875/options.ts";
import { Session } from "../../drivers/gb26875/session.ts";
import type { Gb26875Device } from "../../drivers/gb26875/translation.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { SILENT } from "../../model/log.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { SOURCE, Stand } from "./site.ts";
import { VECTORS } from "./vectors.ts";

/** A small generator with a seed, so that a crash can be had again. */
function dice(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Where the source address stands. */
const SOURCE_AT = 12;

test("fifty thousand mutated frames of a device we know, through all of the driver but the socket", async () => {
  const { configuration } = await Stand.start().then(async (stand) => {
    await stand.driver.stop();
    return stand;
  });
  const clock = new ManualClock();
  const intake = new RecordingIntake();
  intake.counting = true;
  const link = configuration.site.links[0]!;
  const options = link.options as Gb26875Options;
  const devices = configuration.devicesOf(0) as Gb26875Device[];
  const centre = new Centre({ link, options, devices, clock, log: SILENT, counters: new CounterRegistry() });
  centre.start(intake);
  let answered = 0;
  const session = new Session({
    centre,
    clock,
    limits: options.limits,
    wire: {
      peer: "test",
      address: "test",
      open: true,
      connected: true,
      send: () => answered++,
      known: () => {},
      released: () => {},
    },
  });
  const roll = dice(7);
  const originals = VECTORS.map(({ hex }) => Buffer.from(hex, "hex"));
  for (let i = 0; i < 50_000; i++) {
    const bytes = Buffer.from(originals[roll(originals.length)]!);
    // Sent by our device; two in three with a right sum.
    bytes.writeUIntLE(SOURCE, SOURCE_AT, 6);
    for (let mutations = roll(4); mutations > 0; mutations--) {
      const at = roll(bytes.length);
      if (at < SOURCE_AT || at >= SOURCE_AT + 6) bytes[at] = roll(256);
    }
    if (roll(3) > 0) bytes[bytes.length - 3] = checksum(bytes, 2, bytes.length - 3);
    session.feed(bytes);
    if (roll(20) === 0) clock.advance(roll(3_000_000));
  }
  session.end();
  centre.stop();
  expect(centre.counts.frames.total).toBeGreaterThan(20_000);
  expect(intake.entered).toBeGreaterThan(10_000);
  expect(answered).toBeGreaterThan(5_000);
  expect(session.held).toBe(0);
  // What was set up from time to time has ended with it.
  expect(clock.pending).toBe(0);
});

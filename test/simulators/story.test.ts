import { expect, test } from "vitest";
import { SECOND } from "../../model/time.ts";
import { play } from "./play.ts";

const bus = `links: { bus: { type: modbus-tcp, listen: "127.0.0.1:0" } }`;

test("a ramp begins where the value is, stays at its end, and release leads back", async () => {
  await using played = await play(`
${bus}
devices: { gd-01: { profile: generic-lel, link: bus, channels: { lel: 4 } } }
story:
  - { at: 40s, set: { gd-01.lel: { release: true } } }
  - { at: 10s, for: 10s, set: { gd-01.lel: { ramp: 64 } } }
  - { at: 15s, for: 5s, set: { gd-01.lel: { ramp: 0 } } }
  - { at: 30s, set: { gd-01.lel: 20 } }
`);
  const seen: Record<number, number | undefined> = {};
  for (let second = 0; second <= 45; second++) {
    seen[second] = played.simulation.value("gd-01.lel");
    played.clock.advance(SECOND);
  }
  expect([0, 9, 10, 12, 14].map((s) => seen[s])).toEqual([4, 4, 4, 16, 28]);
  // The second ramp takes over half way: from 34 down to 0 in five seconds.
  expect([15, 16, 17, 20, 29].map((s) => seen[s])).toEqual([34, 27.2, 20.4, 0, 0]);
  expect([30, 39, 40, 45].map((s) => seen[s])).toEqual([20, 20, 4, 4]);
});

test("noise goes on under what the story sets", async () => {
  await using played = await play(`
${bus}
devices: { gd-01: { profile: generic-lel, link: bus, channels: { lel: [{ constant: 4 }, { noise: { amplitude: 1 } }] } } }
story: [{ at: 10s, set: { gd-01.lel: 50 } }]
`);
  const values = new Set<number | undefined>();
  played.clock.advance(10 * SECOND);
  for (let second = 0; second < 10; second++) {
    const value = played.simulation.value("gd-01.lel")!;
    expect(Math.abs(value - 50)).toBeLessThan(6);
    values.add(value);
    played.clock.advance(SECOND);
  }
  expect(values.size).toBe(10);
});

test("the story is told in order, faults begin and end, and it begins again", async () => {
  await using played = await play(`
${bus}
repeat: 30s
devices: { gd-01: { profile: generic-lel, link: bus } }
story:
  - { at: 20s, for: 5s, faults: [{ kind: timeout, on: gd-01 }] }
  - { at: 5s, say: { zh: 泄漏, en: leak }, set: { gd-01.alarm1: active } }
`);
  const told = () =>
    played.events.map((event) =>
      event.kind === "say"
        ? `${event.cycle}: ${event.text.en}`
        : event.kind === "fault"
          ? `${event.cycle}: ${event.fault} ${event.begins ? "begins" : "ends"}`
          : event.kind,
    );
  played.clock.advance(5 * SECOND);
  expect(told()).toEqual(["0: leak"]);
  expect(played.simulation.value("gd-01.alarm1")).toBe(1);
  played.clock.advance(25 * SECOND);
  expect(told()).toEqual(["0: leak", "0: timeout begins", "0: timeout ends", "repeat"]);
  expect(played.simulation.value("gd-01.alarm1")).toBe(0);
  played.clock.advance(5 * SECOND);
  expect(told().at(-1)).toBe("1: leak");
});

test("a story that does not repeat is over once, and the instruments stay as they are", async () => {
  await using played = await play(`
${bus}
devices: { gd-01: { profile: generic-lel, link: bus } }
story: [{ at: 5s, say: leak, set: { gd-01.lel: 30 } }]
`);
  played.clock.advance(100 * SECOND);
  expect(played.events.map(({ kind }) => kind)).toEqual(["say", "end"]);
  expect(played.simulation.value("gd-01.lel")).toBe(30);
});

test("a fast scenario leaves nothing out between its ticks", async () => {
  const text = `
${bus}
repeat: 10s
devices: { gd-01: { profile: generic-lel, link: bus } }
story: [{ at: 9s, say: late }, { at: 1s, say: early }]
`;
  await using played = await play(text, { speed: 1_000 });
  // Half a minute of the scenario in thirty milliseconds.
  played.clock.advance(30_000);
  expect(played.events.filter(({ kind }) => kind === "say")).toHaveLength(6);
  expect(played.events.filter(({ kind }) => kind === "repeat")).toHaveLength(3);
});

test("an instrument whose status must be normal is calm without being told", async () => {
  await using played = await play(`
${bus}
devices: { mi: { profile: honeywell-midas, link: bus } }
`);
  // State 0 of a Midas is warm-up; 1 is monitoring.
  expect(played.simulation.value("mi.state")).toBe(1);
  const beat = played.simulation.value("mi.heartbeat");
  played.clock.advance(10 * SECOND);
  expect(played.simulation.value("mi.heartbeat")).not.toBe(beat);
});

test("everything is given back at the end: timers, ports, connections", async () => {
  const text = `
${bus}
repeat: 10s
devices: { gd-01: { profile: generic-lel, link: bus } }
story: [{ at: 1s, for: 5s, faults: [{ kind: dead, on: link@bus }] }]
`;
  const played = await play(text);
  const port = played.port("bus");
  await played.simulation.stop();
  expect(played.clock.pending).toBe(0);
  await using again = await play(text.replace(":0", `:${port}`));
  expect(again.port("bus")).toBe(port);
  await expect(play(text.replace(":0", `:${port}`))).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
});

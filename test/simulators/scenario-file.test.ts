import { expect, test } from "vitest";
import { parseScenario } from "../../simulators/scenario-file.ts";
import { play } from "./play.ts";

const parse = (text: string) => parseScenario(text, { file: "/scenario.yaml", shown: "s.yaml" });

const wrong = (text: string): string[] => {
  try {
    parse(text);
  } catch (failure) {
    if (failure instanceof Error && "code" in failure)
      return [String(failure.code), ...failure.message.split("\n")];
    throw failure;
  }
  return [];
};

test("every error of a scenario at once, each with line and column", () => {
  const [code, ...lines] = wrong(`seed: -1
devices:
  gd-01: { profile: generic-lel, chanels: {} }
  GD-02: { profile: generic-lel }
story:
  - at: soon
    say: x
  - at: 5s
    set: { gd-01.lel: { ramp: 60 } }
  - { at: 5s, faults: [{ kind: tiemout, on: gd-01 }] }
  - { at: 5s, faults: [{ kind: exception, code: 999, on: gd-01 }] }
  - { at: 5s }
`);
  expect(code).toBe("CONFIG_INVALID");
  expect(lines.map((line) => line.split(": ")[0])).toEqual([
    "s.yaml:1:1",
    "s.yaml:3:34",
    "s.yaml:4:3",
    "s.yaml:6:5",
    "s.yaml:8:5",
    "s.yaml:10:26",
    "s.yaml:11:43",
    "s.yaml:12:5",
  ]);
  expect(lines[1]).toContain('"chanels" is not known here');
});

test("a part of a signal is one thing", () => {
  const text = (part: string) => `devices: { a: { profile: p, channels: { x: [${part}] } } }`;
  expect(wrong(text("{ constant: 1, noise: { amplitude: 1 } }"))[1]).toMatch(
    /s\.yaml:1:\d+: a part of a signal is exactly one of/,
  );
  expect(wrong(text("{ noise: { amplitude: -1 } }"))[1]).toMatch(/s\.yaml:1:\d+: /);
  expect(wrong(text("{ noise: { amplitude: 1 } }"))).toEqual([]);
});

test.each([
  ["a: [", "CONFIG_SYNTAX"],
  ["a: 1\na: 2", "CONFIG_SYNTAX"],
  ["", "CONFIG_INVALID"],
  ["[]", "CONFIG_INVALID"],
  [`x: ${"[".repeat(200)}${"]".repeat(200)}`, "CONFIG_INVALID"],
])("what is no scenario: %j", (text, code) => {
  expect(wrong(text)[0]).toBe(code);
});

test("what does not fit the instruments is found before anything starts, all at once", async () => {
  const text = `links:
  bus: { type: modbus-tcp, listen: "127.0.0.1:0" }
  air: { type: mqtt, url: "mqtt://127.0.0.1:9" }
devices:
  gd-01: { profile: generic-lel, link: bus, channels: { methane: 1, alarm1: burning } }
  gd-02: { profile: generic-lel, link: bus }
  gd-03: { profile: nothing, link: bus }
  gd-04: { profile: generic-lel, link: nowhere }
  gd-05: { profile: generic-lel, link: air }
  gd-06: {}
repeat: 10s
story:
  - { at: 1s, set: { gd-01.lell: 5, gd-02.alarm1: on } }
  - { at: 2s, faults: [{ kind: malformed, on: gd-01 }, { kind: timeout, on: gd-01.lel }, { kind: nan, on: gd-01 }] }
  - { at: 3s, faults: [{ kind: dead, on: link@buss }] }
  - { at: 9s, for: 2s, say: too late }
`;
  const failure = await play(text).then(
    () => expect.fail("it started"),
    (reason: Error & { code: string }) => reason,
  );
  expect(failure.code).toBe("CONFIG_INVALID");
  const lines = failure.message.split("\n");
  for (const expected of [
    /^scenario\.yaml:5:\d+: no channel that is played is called "gd-01\.methane" \(gd-01 has .*gd-01\.lel/,
    /^scenario\.yaml:5:\d+: gd-01\.alarm1 has no state "burning" \(its states are normal, active/,
    /^scenario\.yaml:6:3: "gd-02" has the same unit id on "bus" as "gd-01"/,
    /^scenario\.yaml:7:\d+: no profile is called "nothing"/,
    /^scenario\.yaml:8:\d+: no link is called "nowhere"/,
    /^scenario\.yaml:9:\d+: generic-lel does not say how it stands on a link of type mqtt/,
    /^scenario\.yaml:10:3: "gd-06" needs a profile/,
    /^scenario\.yaml:13:\d+: no channel that is played is called "gd-01\.lell"/,
    /^scenario\.yaml:13:\d+: gd-02\.alarm1 has no state "on"/,
    /^scenario\.yaml:14:\d+: "malformed" cannot befall an instrument on a link of type modbus-tcp/,
    /^scenario\.yaml:14:\d+: "timeout" befalls a device or a link, not a channel/,
    /^scenario\.yaml:14:\d+: "nan" befalls a channel/,
    /^scenario\.yaml:15:\d+: nothing that is played is called "link@buss"/,
    /^scenario\.yaml:16:\d+: reaches beyond the end of the story/,
  ]) {
    expect(lines).toContainEqual(expect.stringMatching(expected));
  }
  expect(lines).toHaveLength(14);
});

test("a scenario without instruments, and a recording that is not there", async () => {
  await expect(play("story: []")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  const text = `
links: { bus: { type: modbus-tcp, listen: "127.0.0.1:0" } }
devices:
  gd-01: { profile: generic-lel, link: bus, channels: { lel: [{ recorded: { file: nowhere.csv, time: t, value: v } }] } }
`;
  await expect(play(text)).rejects.toMatchObject({ code: "CONFIG_NOT_FOUND" });
});

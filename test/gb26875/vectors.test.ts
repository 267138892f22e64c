import { describe, expect, test } from "vitest";
import { decodeText } from "../../drivers/gb26875/gb18030.ts";
import { readTime } from "../../drivers/gb26875/timestamp.ts";
import { decodeUnit, type InformationObject } from "../../drivers/gb26875/unit.ts";
import { zoneOf } from "../../drivers/zone.ts";
import { formatInstant } from "../../model/time.ts";
import { readAll } from "./reading-frames.ts";
import { bytesOf, VECTORS } from "./vectors.ts";

const ZONE = zoneOf("+08:00");
const OPTIONS = { zone: ZONE, shortComponents: true };

/** What the unit of a vector says, in words a test can compare. */
function said(hex: string) {
  const { type, objects } = decodeUnit(Buffer.from(hex, "hex"), OPTIONS);
  return { type, objects: objects.map(spoken) };
}

/** An object without the fields that say nothing. */
function spoken(object: InformationObject): Record<string, unknown> {
  const { text, time, ...numbers } = object;
  return {
    ...Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== 0)),
    ...(text.length > 0 ? { text: decodeText(text) } : {}),
    ...(Number.isNaN(time) ? {} : { time: formatInstant(time) }),
  };
}

/** Local time at +08:00. */
const at = (local: string) => formatInstant(Date.parse(`${local}+08:00`) * 1_000);
const zonePoint = (zone: number, point: number) => zone + point * 0x1_0000;

const EVENT = at("2012-09-26T09:58:02");
const STATE_REPLY = { type: 21, objects: [{ flags: 0x08, time: EVENT }] };

/** Command, and what the unit says. */
const MEANING: Readonly<Record<string, { command: number; unit?: object }>> = {
  "smoke-fire": {
    command: 2,
    unit: {
      type: 2,
      objects: [
        {
          system: 1,
          systemAddress: 1,
          component: 40,
          address: zonePoint(10, 2),
          flags: 0x0002,
          text: "",
          time: EVENT,
        },
      ],
    },
  },
  ack: { command: 3 },
  nak: { command: 6 },
  "mains-fault": { command: 2, unit: STATE_REPLY },
  "duty-answer": { command: 2, unit: { type: 24, objects: [{ flags: 0x20, operator: 1, time: EVENT }] } },
  version: { command: 2, unit: { type: 25, objects: [{ major: 1, minor: 1 }] } },
  "device-time": { command: 2, unit: { type: 28, objects: [{ time: EVENT }] } },
  "read-state": { command: 4, unit: { type: 81, objects: [{}] } },
  "reply-state": { command: 5, unit: STATE_REPLY },
  "read-version": { command: 4, unit: { type: 85, objects: [{}] } },
  "reply-version": { command: 5, unit: { type: 25, objects: [{ major: 1, minor: 1 }] } },
  "read-time": { command: 4, unit: { type: 88, objects: [{}] } },
  init: { command: 1, unit: { type: 89, objects: [{}] } },
  sync: { command: 1, unit: { type: 90, objects: [{ time: EVENT }] } },
  "duty-check": { command: 1, unit: { type: 91, objects: [{ flags: 10 }] } },
  "go-codec": {
    command: 2,
    unit: {
      type: 2,
      objects: [
        {
          system: 1,
          systemAddress: 3,
          address: zonePoint(217, 6),
          flags: 0x0002,
          text: "Ａ区１层呷哺走廊",
          time: at("2020-08-01T19:18:48"),
        },
      ],
    },
  },
  "smarttd-state": {
    command: 2,
    unit: {
      type: 2,
      objects: [
        {
          system: 131,
          component: 128,
          address: 0x07aa,
          flags: 0x0001,
          text: "F9164-TD-NB_V1.0.1_STD-ON_2021",
          time: at("2021-06-17T17:38:28"),
        },
      ],
    },
  },
  "short-object-1": {
    command: 2,
    unit: {
      type: 2,
      objects: [
        {
          system: 135,
          component: 40,
          address: 0x1735,
          flags: 0x0023,
          time: at("2021-06-03T15:19:59"),
        },
      ],
    },
  },
  "syn-analog": {
    command: 2,
    unit: {
      type: 3,
      objects: [
        {
          system: 1,
          component: 18,
          address: zonePoint(1, 7),
          analog: 3,
          raw: -55,
          time: at("2026-05-21T14:30:05"),
        },
        {
          system: 1,
          component: 12,
          address: zonePoint(1, 7),
          analog: 6,
          raw: 250,
          time: at("2026-05-21T14:30:05"),
        },
      ],
    },
  },
  "syn-sysstate": {
    command: 2,
    unit: { type: 1, objects: [{ system: 1, flags: 0x0107, time: at("2026-05-21T14:30:05") }] },
  },
  "syn-heartbeat": { command: 2 },
  "syn-ack": { command: 3 },
};

describe("frames that others published", () => {
  test.each(VECTORS.filter(({ ok }) => ok))("$id ($source) says what its source says", ({ id, hex }) => {
    const { frames, faults, skippedBytes } = readAll([Buffer.from(hex, "hex")]);
    expect(faults).toEqual([]);
    expect(skippedBytes).toBe(0);
    expect(frames).toHaveLength(1);
    const { command, unit } = MEANING[id]!;
    expect(frames[0]!.command).toBe(command);
    if (unit === undefined) expect(frames[0]!.unit).toBe("");
    else expect(said(frames[0]!.unit)).toEqual(unit);
  });

  test.each(VECTORS.filter(({ ok }) => !ok))("$id ($source) is refused, with the reason", ({ hex }) => {
    const { frames, faults } = readAll([Buffer.from(hex, "hex")]);
    expect(frames).toEqual([]);
    expect(faults).toEqual(["checksum"]);
  });

  test("headers: serial number, versions, time, and addresses with the low byte first", () => {
    const [smoke] = readAll([bytesOf("smoke-fire")]).frames;
    expect(smoke).toMatchObject({
      serial: 1,
      mainVersion: 1,
      userVersion: 1,
      source: 889,
      destination: 88_888,
    });
    expect(formatInstant(readTime(Buffer.from(smoke!.time, "hex"), 0, ZONE))).toBe(at("2012-09-26T09:58:32"));
    const [go] = readAll([bytesOf("go-codec")]).frames;
    expect(go).toMatchObject({ serial: 0, source: 0, destination: 0x0102_0304_0506 });
    const [smart] = readAll([bytesOf("smarttd-state")]).frames;
    expect(smart).toMatchObject({ serial: 0x15, mainVersion: 0x02, userVersion: 0xff });
    expect(readAll([bytesOf("syn-ack")]).frames[0]!.serial).toBe(260);
  });
});

/** Application units alone, from the tests of shootingfans/codec_gb26875_3_2011. */
describe("application units that others published", () => {
  test.each([
    [
      "01 01 01 02 04 02 04 00 09 02 07 15",
      { type: 1, objects: [{ system: 1, systemAddress: 2, flags: 0x0204, time: at("2021-07-02T09:00:04") }] },
    ],
    [
      "03 01 01 02 28 01 02 03 04 03 20 03 04 00 09 02 07 15",
      {
        type: 3,
        objects: [
          {
            system: 1,
            systemAddress: 2,
            component: 40,
            address: 0x0403_0201,
            analog: 3,
            raw: 0x0320,
            time: at("2021-07-02T09:00:04"),
          },
        ],
      },
    ],
    ["05 01 01 02 03 04", { type: 5, objects: [{ system: 1, systemAddress: 2, major: 3, minor: 4 }] }],
    [
      "08 01 01 02 04 00 09 02 07 15",
      { type: 8, objects: [{ system: 1, systemAddress: 2, time: at("2021-07-02T09:00:04") }] },
    ],
    ["15 01 08 04 00 09 02 07 15", { type: 21, objects: [{ flags: 0x08, time: at("2021-07-02T09:00:04") }] }],
    ["19 01 03 04", { type: 25, objects: [{ major: 3, minor: 4 }] }],
    ["3D 01 01 01", { type: 61, objects: [{ system: 1, systemAddress: 1 }] }],
    [
      "3E 01 01 01 03 02 11 01",
      { type: 62, objects: [{ system: 1, systemAddress: 1, address: 0x0111_0203 }] },
    ],
  ])("%s", (hex, meaning) => {
    expect(said(hex.replaceAll(" ", ""))).toEqual(meaning);
  });
});

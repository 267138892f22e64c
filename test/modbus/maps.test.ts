import { describe, expect, test } from "vitest";
import { registersOf } from "../../drivers/modbus/codec.ts";
import {
  type PlacedChannel,
  placedChannels,
  placedComponentChannels,
} from "../../drivers/modbus/registers.ts";
import { profiles } from "../simulators/play.ts";

/*
 * Register maps copied a second time from the makers' documents, by hand and not from the profiles: a slip in one of the two
 * shows. One line a channel: table, address on the wire, type (with the bit, or bits as lowest+width), byte order where there are
 * several registers, factor and unit.
 */

const MAPS: Readonly<Record<string, string>> = {
  "honeywell-midas": `
    state holding 0 bits:0+4
    fault holding 0 bit:5
    alarm1 holding 0 bit:6
    alarm2 holding 0 bit:7
    concentration holding 2 f32 CDAB ×1 ppm
    fault_number holding 5 u16
    temperature holding 7 i16 ×1 Cel
    cell_life holding 8 u16 ×1 h
    heartbeat holding 9 u16
    sample_flow holding 10 u16 ×0.001 L/min`,
  "honeywell-xnx": `
    lel holding 2 f32 ABCD
    path holding 2 f32 ABCD ×0.01
    fault_number holding 4 i16
    alarm1 holding 5 bit:0
    alarm2 holding 5 bit:1
    warning holding 5 bit:4
    fault holding 5 bit:6
    state holding 6 bits:0+8
    heartbeat holding 7 u16
    sensor_life holding 8 f32 ABCD ×1 d
    temperature holding 15 bits:0+8 ×1 Cel`,
  "honeywell-sensepoint-xcd": `
    lel holding 2 f32 ABCD ×1 %LEL
    fault_number holding 4 i16
    alarm1 holding 5 bit:0
    fault holding 5 bit:5
    state holding 6 bits:0+8
    heartbeat holding 7 u16`,
  "honeywell-sensepoint-xcl": `
    monitor input 10 u16
    latched1 input 15 bit:0 ABCD
    latched2 input 15 bit:1 ABCD
    warnings input 17 bits:0+16 ABCD
    faults input 17 bits:16+16 ABCD
    alarm1 holding 105 bit:0
    alarm2 holding 105 bit:1
    warning holding 105 bit:4
    fault holding 105 bit:6
    heartbeat holding 107 u16
    calibration_due holding 108 f32 ABCD ×1 d`,
  "msa-ultima-x-ppm": `
    fault holding 200 bit:0
    low holding 200 bit:5
    mid holding 200 bit:6
    high holding 200 bit:7
    faults holding 201 u16
    gas1 holding 206 f32 ABCD ×1 ppm
    gas2 holding 208 f32 ABCD ×1 ppm
    gas3 holding 210 f32 ABCD ×1 ppm
    temperature holding 216 i16 ×1 Cel`,
  "draeger-polytron8000-lel": "gas holding 506 f32 ABCD ×1 %LEL",
  "pemtech-pt495": `
    ppm holding 0 i16
    oxygen holding 0 i16 ×0.1
    status holding 1 bits:0+8`,
  "copeland-c-series": `
    ppm input 101 u16 ×1 ppm
    module_missing input 102 bit:0
    fault input 102 bit:1
    service input 118 u16 ×1 d`,
  "evikon-e2608": `
    raw holding 257 u16
    ppm holding 259 u16 ×1 ppm`,
  "gds-gasmax-cx": `
    sensor_life input 1008 i16
    loop_current input 1209 f32 ABCD ×1 mA`,
  "system-sensor-faast": `
    minor_fault holding 8 bit:5
    urgent_fault holding 8 bit:6
    isolated holding 8 bit:7
    fan holding 12 u16 ×1 rpm
    alert holding 13 bit:0
    action1 holding 13 bit:1
    action2 holding 13 bit:2
    fire1 holding 13 bit:3
    fire2 holding 13 bit:4
    cover holding 15 match`,
  "tyco-fv300": `
    status holding 8 u16
    loop_current holding 9 u16 ×0.001 mA
    cluster1 holding 10 u16
    cluster2 holding 13 u16
    cluster3 holding 16 u16
    cluster4 holding 19 u16`,
  "banner-qm30vt2": `
    z_velocity holding 5201 u16 ×0.001 mm/s
    temperature holding 5203 i16 ×0.01 Cel
    x_velocity holding 5205 u16 ×0.001 mm/s
    z_peak_acceleration holding 5206 u16 ×0.001 [g]
    x_peak_acceleration holding 5207 u16 ×0.001 [g]
    z_frequency holding 5208 u16 ×0.1 Hz
    x_frequency holding 5209 u16 ×0.1 Hz
    z_acceleration holding 5210 u16 ×0.001 [g]
    x_acceleration holding 5211 u16 ×0.001 [g]
    z_kurtosis holding 5212 u16 ×0.001
    x_kurtosis holding 5213 u16 ×0.001
    z_crest holding 5214 u16 ×0.001
    x_crest holding 5215 u16 ×0.001
    z_peak_velocity holding 5217 u16 ×0.001 mm/s
    x_peak_velocity holding 5219 u16 ×0.001 mm/s
    z_high_frequency holding 5220 u16 ×0.001 [g]
    x_high_frequency holding 5221 u16 ×0.001 [g]`,
  "witmotion-wtvb01": `
    x_acceleration holding 52 i16 ×0.00048828125 [g]
    z_acceleration holding 54 i16 ×0.00048828125 [g]
    x_velocity holding 58 i16 ×1 mm/s
    z_velocity holding 60 i16 ×1 mm/s
    temperature holding 64 i16 ×0.01 Cel
    x_displacement holding 65 i16 ×1 um
    z_displacement holding 67 i16 ×1 um
    x_frequency holding 68 u16 ×0.1 Hz
    z_frequency holding 70 u16 ×0.1 Hz`,
  "machine-saver-trivibe": `
    running holding 3 bit:0
    temperature holding 31 i16 ×1 Cel
    acceleration1 holding 172 f32 ABCD ×1 [g]
    acceleration2 holding 174 f32 ABCD ×1 [g]
    acceleration3 holding 176 f32 ABCD ×1 [g]
    velocity1 holding 178 f32 ABCD ×1 in/s
    velocity2 holding 180 f32 ABCD ×1 in/s
    velocity3 holding 182 f32 ABCD ×1 in/s`,
  "amc-vibro-avm": `
    battery holding 2040 u16 ×1 %
    temperature holding 2041 i16 ×1 Cel
    warning1 holding 2047 match
    alarm1 holding 2048 match
    peak_acceleration1 holding 2049 u16 ×0.001 m/s2
    acceleration1 holding 2050 u16 ×0.001 m/s2
    peak_velocity1 holding 2052 u16 ×0.001 m/s
    velocity1 holding 2053 u16 ×0.001 m/s
    iso_velocity1 holding 2054 u16 ×0.001 m/s
    acceleration2 holding 2068 u16 ×0.001 m/s2
    iso_velocity2 holding 2072 u16 ×0.001 m/s`,
  "keller-series30": `
    pressure holding 2 f32 ABCD ×1 bar
    temperature holding 8 f32 ABCD ×1 Cel`,
  "keller-nanolevel": `
    pressure holding 2 f32 ABCD ×1 bar
    temperature holding 6 f32 ABCD ×1 Cel`,
  "vega-level": "level input 106 f32 CDAB",
  "aquaread-leveline": `
    temperature input 0 i16 ×0.01 Cel
    pressure input 1 i32 ABCD ×0.1 mbar`,
  "ysi-h3553t": `
    stage holding 29 f32 ABCD ×1 m
    temperature holding 33 f32 ABCD ×1 Cel
    battery holding 35 f32 ABCD ×1 V
    compressor_battery holding 39 f32 ABCD ×1 V`,
  "generic-rs485-level": `
    level holding 4 i16
    temperature holding 5 i16 ×0.1 Cel`,
  "balluff-bsi-r11a0": `
    angle input 0 u16 ×0.01 deg
    temperature input 10 i16 ×0.01 Cel`,
  "jingyan-tll90s": `
    x holding 102 i32 ABCD ×0.001 deg
    y holding 104 i32 ABCD ×0.001 deg`,
  "geokon-6150f": "a holding 256 f32 CDAB ×1 deg",
  "geokon-3810a": `
    raw holding 256 u16
    resistance holding 258 f32 CDAB ×1 Ohm`,
  "schneider-vigirex-rhu": `
    alarm holding 201 bit:0
    prealarm holding 203 bit:0
    memorised holding 205 bit:0
    toroid holding 207 bit:0
    leakage holding 400 u16 ×1 mA
    share holding 440 u16`,
  "circutor-rgu10": `
    leakage input 4000 u16 ×1 mA
    prealarm discrete 1 bit
    tripped discrete 2 bit
    by_leakage discrete 3 bit
    transformer discrete 4 bit
    testing discrete 5 bit
    communication discrete 7 bit`,
  "bender-rcmb300": `
    ac holding 8000 f32 ABCD ×1 A
    dc holding 8002 f32 ABCD ×1 A
    rms holding 8004 f32 ABCD ×1 A
    code holding 8006 f32 ABCD
    alarm holding 8008 match ABCD
    trip holding 8014 match`,
  "fonrich-frdcmg": "bus_bar holding 66 bit:15",
};

/** Of panels, for one component each. */
const PARTS: readonly (readonly [profile: string, part: Readonly<Record<string, number>>, map: string])[] = [
  [
    "igd-toc635",
    { sensor: 999 },
    `lel input 998 u16 ×0.1 %LEL
     voltage input 1998 u16 ×0.01 V
     alarm1 input 3998 bit:0
     alarm2 input 3998 bit:1
     alarm3 input 3998 bit:2
     fault input 3998 bit:3
     disabled input 3998 bit:4`,
  ],
  ["oldham-itrans2", { sensor: 1 }, "lel holding 101 i16\noxygen holding 101 i16 ×0.1"],
  ["oldham-itrans2", { sensor: 2 }, "ppm holding 201 i16"],
  [
    "pemtech-pt2008",
    { sensor: 2 },
    "lel holding 34 i16 ×1 %LEL\nstatus holding 35 u16\nbattery_raw holding 36 u16",
  ],
  [
    "notifier-modbus-gw",
    { loop: 2, module: 1, number: 159 },
    `prealarm holding 758 bit:14
     trouble holding 758 bit:13
     disabled holding 758 bit:9
     event holding 758 bits:0+8`,
  ],
  ["honeywell-clss-gateway", { loop: 2, module: 1, number: 300 }, "trouble holding 1199 bit:13"],
  [
    "siemens-dms8000-zones",
    { zone: 1 },
    `fire input 21000 bit:0
     prealarm input 22000 bit:0
     not_ready input 23000 bit:0
     off input 24000 bit:0`,
  ],
  [
    "siemens-dms8000-elements",
    { element: 1 },
    "active input 10000 bit:0\nfault input 11000 bit:0\noff input 12000 bit:0",
  ],
  ["fonrich-frdcmg", { input: 24 }, "arc holding 66 bit:7"],
];

const lines = (map: string) =>
  map
    .trim()
    .split("\n")
    .map((line) => line.trim());

function written({ local, table, address, format, mapping }: PlacedChannel): string {
  const { type, order, bit, shift, width } = format;
  const part = bit !== undefined ? `:${bit}` : shift !== undefined ? `:${shift}+${width}` : "";
  const wide = registersOf(format) > 1 ? ` ${order}` : "";
  const { scale, unit } = mapping;
  const worth = scale === 1 && unit === undefined ? "" : ` ×${scale}${unit === undefined ? "" : ` ${unit}`}`;
  return `${local} ${table} ${address} ${type}${part}${wide}${worth}`;
}

describe("what the makers' documents say and what the profiles say are the same", () => {
  test.each(Object.entries(MAPS))("%s", (id, map) => {
    const found = placedChannels(profiles.get(id)!.modbus!).map(written);
    for (const line of lines(map)) expect(found).toContain(line);
  });

  test.each(PARTS)("%s, the part %o", (id, part, map) => {
    const found = placedComponentChannels(profiles.get(id)!.modbus!, part).map(written);
    for (const line of lines(map)) expect(found).toContain(line);
  });

  test("outputs: the words that reset and inhibit, with their key", () => {
    const { outputs } = profiles.get("honeywell-midas")!.modbus!;
    expect(outputs.command).toMatchObject({
      table: "holding",
      address: 20,
      type: "u32",
      states: {
        reset: 0x015e_3626,
        "inhibit-alarms": 0x025e_3626,
        "inhibit-all": 0x035e_3626,
        "remove-inhibit": 0x055e_3626,
      },
    });
    expect(profiles.get("pemtech-pt495")!.modbus!.outputs.reset).toMatchObject({ address: 40_007 });
    for (const id of ["geokon-3810a", "geokon-6150f"])
      expect(profiles.get(id)!.modbus!.outputs.measure).toMatchObject({ address: 0x0118 });
  });
});

import { describe, expect, test } from "vitest";
import { readStream, tell } from "./reading.ts";

/*
 * Frames of others, with their sources. (Y) is the client class of the repository yu-xiaoyao/sl651-2014-server; the ones marked
 * [SYN] were made from the text of the standard, because nobody publishes such a frame.
 */

interface Vector {
  readonly id: string;
  readonly source: string;
  readonly hex: string;
  /** `up 32 centre 5 0011223344 pw 03e8 end 03` */
  readonly frame: string;
  readonly serial: number;
  readonly sent: string;
  readonly stations?: string[];
  readonly elements?: string[];
  readonly manual?: string;
  readonly content?: string;
}

const Y = "yu-xiaoyao/sl651-2014-server Sl651ClientApplication.java";
const MADE = "built from the rules [SYN]";

const VECTORS: readonly Vector[] = [
  {
    id: "2F-link",
    source: Y,
    hex: "7E7E01001234567812342F0008020003591011155111036BCA",
    frame: "up 2f centre 1 0012345678 pw 1234 end 3",
    serial: 3,
    sent: "2059-10-11 15:51:11",
  },
  {
    id: "30-test",
    source: Y,
    hex: "7E7E010012345678123430002B020003591011154947F1F1001234567848F0F0591011154920190000052619000005392300000127381211150320FA",
    frame: "up 30 centre 1 0012345678 pw 1234 end 3",
    serial: 3,
    sent: "2059-10-11 15:49:47",
    stations: ["0012345678 48"],
    elements: [
      "PJ 0.5 @2059-10-11 15:49",
      "PT 0.5 @2059-10-11 15:49",
      "Z 0.127 @2059-10-11 15:49",
      "VT 11.15 @2059-10-11 15:49",
    ],
  },
  {
    id: "30-reply",
    source: "CSDN/toymoban sample",
    hex: "7E7E00123456780112343080080200035910111549471B75D4",
    frame: "down 30 centre 1 0012345678 pw 1234 end 1b",
    serial: 3,
    sent: "2059-10-11 15:49:47",
  },
  {
    id: "32-timed",
    source: Y,
    hex: "7E7E05001122334403E832002B020034170718110016F1F1001122334448F0F01707181100201900004026190000403923000104903812109903A421",
    frame: "up 32 centre 5 0011223344 pw 3e8 end 3",
    serial: 0x34,
    sent: "2017-07-18 11:00:16",
    stations: ["0011223344 48"],
    elements: [
      "PJ 4 @2017-07-18 11:00",
      "PT 4 @2017-07-18 11:00",
      "Z 10.49 @2017-07-18 11:00",
      "VT 10.99 @2017-07-18 11:00",
    ],
  },
  {
    id: "32-reply",
    source: "CSDN/toymoban sample",
    hex: "7E7E00112233440503E83280080200341707181100161BE5D4",
    frame: "down 32 centre 5 0011223344 pw 3e8 end 1b",
    serial: 0x34,
    sent: "2017-07-18 11:00:16",
  },
  {
    id: "33-additional",
    source: Y,
    hex: "7E7E05001122334403E833002B020026170718102202F1F1001122334448F0F01707181022201900004026190000403923000104903812110203F511",
    frame: "up 33 centre 5 0011223344 pw 3e8 end 3",
    serial: 0x26,
    sent: "2017-07-18 10:22:02",
    stations: ["0011223344 48"],
    elements: [
      "PJ 4 @2017-07-18 10:22",
      "PT 4 @2017-07-18 10:22",
      "Z 10.49 @2017-07-18 10:22",
      "VT 11.02 @2017-07-18 10:22",
    ],
  },
  {
    id: "34-hourly",
    source: Y,
    hex: "7E7E05001122334403E8340068020033170718110014F1F1001122334448F0F01707181005F4600500000014FFFFFFFFFF0000F0F017071811002619000040F0F01707181005F5C0000C000C001C00310031FFFFFFFFFFFFFFFFFFFF00310031F0F0170718110039230001049020190000403812109903F502",
    frame: "up 34 centre 5 0011223344 pw 3e8 end 3",
    serial: 0x33,
    sent: "2017-07-18 11:00:14",
    stations: ["0011223344 48"],
    elements: [
      "DRP 0.5 @2017-07-18 10:05",
      "DRP 0 @2017-07-18 10:10",
      "DRP 0 @2017-07-18 10:15",
      "DRP 0 @2017-07-18 10:20",
      "DRP 2 @2017-07-18 10:25",
      "DRP - @2017-07-18 10:30",
      "DRP - @2017-07-18 10:35",
      "DRP - @2017-07-18 10:40",
      "DRP - @2017-07-18 10:45",
      "DRP - @2017-07-18 10:50",
      "DRP 0 @2017-07-18 10:55",
      "DRP 0 @2017-07-18 11:00",
      "PT 4 @2017-07-18 11:00",
      "DRZ1 0.12 @2017-07-18 10:05",
      "DRZ1 0.12 @2017-07-18 10:10",
      "DRZ1 0.28 @2017-07-18 10:15",
      "DRZ1 0.49 @2017-07-18 10:20",
      "DRZ1 0.49 @2017-07-18 10:25",
      "DRZ1 - @2017-07-18 10:30",
      "DRZ1 - @2017-07-18 10:35",
      "DRZ1 - @2017-07-18 10:40",
      "DRZ1 - @2017-07-18 10:45",
      "DRZ1 - @2017-07-18 10:50",
      "DRZ1 0.49 @2017-07-18 10:55",
      "DRZ1 0.49 @2017-07-18 11:00",
      "Z 10.49 @2017-07-18 11:00",
      "PJ 4 @2017-07-18 11:00",
      "VT 10.99 @2017-07-18 11:00",
    ],
  },
  {
    id: "35-manual",
    source: "CSDN page, 0x20 restored",
    hex: "7E7E0100123456781234350011020004591011155145F2F25120312E323334034602",
    frame: "up 35 centre 1 0012345678 pw 1234 end 3",
    serial: 4,
    sent: "2059-10-11 15:51:45",
    manual: "Q 1.234",
  },
  {
    id: "39-manual",
    source: Y,
    hex: "7E7E0100123456781234390011020014170718100630F2F25120312E3233340346AA",
    frame: "up 39 centre 1 0012345678 pw 1234 end 3",
    serial: 0x14,
    sent: "2017-07-18 10:06:30",
    manual: "Q 1.234",
  },
  {
    id: "40-cmd",
    source: Y,
    hex: "7E7E010012345678123440004D02001B170718101458F1F1001234567801200500000002280011223344045002218094153172009708053801A130123456780C08020D4080010000000000000F6831303133313132333435363738032B4C",
    frame: "up 40 centre 1 0012345678 pw 1234 end 3",
    serial: 0x1b,
    sent: "2017-07-18 10:14:58",
    stations: ["0012345678"],
    content:
      "01200500000002280011223344045002218094153172009708053801a130123456780c08020d4080010000000000000f6831303133313132333435363738",
  },
  {
    id: "41-cmd",
    source: Y,
    hex: "7E7E050011223344123441005102001E170718101813F1F100112233440120050000000228001122334403101234045002218094153172009708053801A130123456780C08020D4080010000000000000F6831303133313132333435363738036F60",
    frame: "up 41 centre 5 0011223344 pw 1234 end 3",
    serial: 0x1e,
    sent: "2017-07-18 10:18:13",
    stations: ["0011223344"],
    content:
      "0120050000000228001122334403101234045002218094153172009708053801a130123456780c08020d4080010000000000000f6831303133313132333435363738",
  },
  {
    id: "42-cmd",
    source: Y,
    hex: "7E7E050011223344123442003F02001F170718101913F1F1001122334420080121080522080823100300240805250910260910270802282300010000301B0002003812050040120003411200200342A6",
    frame: "up 42 centre 5 0011223344 pw 1234 end 3",
    serial: 0x1f,
    sent: "2017-07-18 10:19:13",
    stations: ["0011223344"],
    content:
      "20080121080522080823100300240805250910260910270802282300010000301b00020038120500401200034112002 0".replace(
        " ",
        "",
      ),
  },
  {
    id: "43-cmd",
    source: Y,
    hex: "7E7E050011223344123443003F020020170718101935F1F1001122334420080121080522080823100300240805250910260910270802282300010000301B00020038120500401200034112002003AF1B",
    frame: "up 43 centre 5 0011223344 pw 1234 end 3",
    serial: 0x20,
    sent: "2017-07-18 10:19:35",
    stations: ["0011223344"],
    content:
      "20080121080522080823100300240805250910260910270802282300010000301b000200381205004012000341120020",
  },
  {
    id: "44-cmd",
    source: Y,
    hex: "7E7E0500112233441234440035020020170718110226F1F1001122334448F0F01707181005701902200371190220037219022003731902200374190220037519022003037E6D",
    frame: "up 44 centre 5 0011223344 pw 1234 end 3",
    serial: 0x20,
    sent: "2017-07-18 11:02:26",
    stations: ["0011223344 48"],
    elements: ["VTA", "VTB", "VTC", "VIA", "VIB", "VIC"].map((id) => `${id} 2200.3 @2017-07-18 10:05`),
  },
  {
    id: "45-cmd",
    source: Y,
    hex: "7E7E0500112233441234450021020022170718101955F1F10011223344114441544138362D53572D56312E3228482903C476",
    frame: "up 45 centre 5 0011223344 pw 1234 end 3",
    serial: 0x22,
    sent: "2017-07-18 10:19:55",
    stations: ["0011223344"],
    content: `11${Buffer.from("DATA86-SW-V1.2(H)").toString("hex")}`,
  },
  {
    id: "47-cmd",
    source: Y,
    hex: "7E7E05001122334403E847000F02003A170718110347F1F100112233440305BD",
    frame: "up 47 centre 5 0011223344 pw 3e8 end 3",
    serial: 0x3a,
    sent: "2017-07-18 11:03:47",
    stations: ["0011223344"],
  },
  {
    id: "48-cmd",
    source: Y,
    hex: "7E7E05001122334403E848000F02003B170718110432F1F1001122334403B3C3",
    frame: "up 48 centre 5 0011223344 pw 3e8 end 3",
    serial: 0x3b,
    sent: "2017-07-18 11:04:32",
    stations: ["0011223344"],
  },
  {
    id: "49-cmd",
    source: Y,
    hex: "7E7E05001122334412344900130200241707181020 24F1F10011223344031003E803CEC8".replace(" ", ""),
    frame: "up 49 centre 5 0011223344 pw 1234 end 3",
    serial: 0x24,
    sent: "2017-07-18 10:20:24",
    stations: ["0011223344"],
    content: "031003e8",
  },
  {
    id: "4A-cmd",
    source: Y,
    hex: "7E7E05001122334403E84A000F020025170718102149F1F10011223344032D27",
    frame: "up 4a centre 5 0011223344 pw 3e8 end 3",
    serial: 0x25,
    sent: "2017-07-18 10:21:49",
    stations: ["0011223344"],
  },
  {
    // The author put the addresses as on the way down and the direction as on the way up; the CRC agrees.
    id: "50-cmd",
    source: Y,
    hex: "7E7E00112233440503E850004F020040170718102149F1F111223344051111222233334444555566667777888899991111222233334444555566667777888899990000000000000000000000000000000000000000000000000000000005369F",
    frame: "",
    serial: 0x40,
    sent: "2017-07-18 10:21:49",
  },
  {
    id: "51-cmd",
    source: Y,
    hex: "7E7E001234567891123451000F02027E210409084605F1F11234567891036D55",
    frame: "up 51 centre 0 1234567891 pw 1234 end 3",
    serial: 0x27e,
    sent: "2021-04-09 08:46:05",
    stations: ["1234567891"],
  },
  {
    id: "syn-31",
    source: MADE,
    hex: "7E7E010012345678123431002E020001260521143000F1F1001234567848F0F02605211400041800000539230017525000175260FFFFFFFF0017530003FDE8",
    frame: "up 31 centre 1 0012345678 pw 1234 end 3",
    serial: 1,
    sent: "2026-05-21 14:30:00",
    stations: ["0012345678 48"],
    elements: [
      "Z 175.25 @2026-05-21 14:00",
      "Z 175.26 @2026-05-21 14:05",
      "Z - @2026-05-21 14:10",
      "Z 175.3 @2026-05-21 14:15",
    ],
  },
  {
    id: "syn-33-neg",
    source: MADE,
    hex: "7E7E0100123456781234330026020001260521143000F1F1001234567848F0F026052114300219FF00553923001752503812126003CB02",
    frame: "up 33 centre 1 0012345678 pw 1234 end 3",
    serial: 1,
    sent: "2026-05-21 14:30:00",
    stations: ["0012345678 48"],
    elements: ["AI -5.5 @2026-05-21 14:30", "Z 175.25 @2026-05-21 14:30", "VT 12.6 @2026-05-21 14:30"],
  },
  {
    id: "syn-33-zt",
    source: MADE,
    hex: "7E7E0100123456781234330027020002260521143500F1F1001234567848F0F0260521143539230017590045200000000638121140036B4B",
    frame: "up 33 centre 1 0012345678 pw 1234 end 3",
    serial: 2,
    sent: "2026-05-21 14:35:00",
    stations: ["0012345678 48"],
    elements: ["Z 175.9 @2026-05-21 14:35", "ZT 6 @2026-05-21 14:35", "VT 11.4 @2026-05-21 14:35"],
  },
];

describe("frames of others", () => {
  test.each(VECTORS)("$id says what its source says", (vector) => {
    const { frames, spoiled, reader } = readStream(Buffer.from(vector.hex, "hex"));
    expect({ spoiled, skipped: reader.skipped, pending: reader.pending }).toEqual({
      spoiled: [],
      skipped: 0,
      pending: 0,
    });
    const [frame] = frames;
    if (vector.frame !== "") {
      const { up, code, centre, station, password, end } = frame!;
      const address = station.toString(16).padStart(10, "0");
      expect(
        `${up ? "up" : "down"} ${code.toString(16)} centre ${centre} ${address} pw ${password.toString(16)} end ${end.toString(16)}`,
      ).toBe(vector.frame);
    }
    const told = tell({ encoding: "hex", code: frame!.code, bytes: frame!.body });
    expect(told.serial).toBe(vector.serial);
    expect(told.sent).toBe(vector.sent);
    if (vector.id === "50-cmd") return;
    expect(told.stations).toEqual(vector.stations ?? []);
    expect(told.elements).toEqual(vector.elements ?? []);
    expect(told.manual).toBe(vector.manual);
    expect(told.content).toBe(vector.content);
  });

  test("35-broken: the repository's copy lacks a space, and its CRC says so", () => {
    const hex = "7E7E0100123456781234350011020004591011155145F2F251312E32333420034602";
    const { frames, spoiled, reader } = readStream(Buffer.from(hex, "hex"));
    expect(frames).toEqual([]);
    expect(spoiled).toEqual(["crc"]);
    expect(reader.pending).toBe(0);
  });
});

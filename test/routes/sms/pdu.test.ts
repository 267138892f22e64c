import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { divide, parseStatusReport, submitPdu } from "../../../gateway/routes/sms/pdu.ts";
import { DAY, HOUR, MINUTE } from "../../../model/time.ts";
import { parseSubmit } from "../../../simulators/sms-submit.ts";

describe("a message for a modem", () => {
  test("is what a real modem was seen to take", () => {
    expect(submitPdu({ to: "+1234567890", text: "Hello,Quectel!", validity: 10 * MINUTE })).toEqual({
      hex: "0011000A9121436587090008011C00480065006C006C006F002C005100750065006300740065006C0021",
      length: 41,
    });
  });

  test("in Chinese is what two other programs make", () => {
    expect(submitPdu({ to: "+8613800138000", text: "红色警报：石羊沟1号断面水位超保证" })).toEqual({
      hex: "0001000D91683108108300F00008227EA282728B6662A5FF1A77F37F8A6C9F003153F765AD97626C344F4D8D854FDD8BC1",
      length: 48,
    });
  });

  test("of 71 characters takes two parts, with a header each", () => {
    const parts = divide("警".repeat(71));
    expect(parts.map(({ length }) => length)).toEqual([67, 4]);
    const [first, second] = parts.map((text, i) =>
      submitPdu({ to: "+8613800138000", text, part: { reference: 0, total: 2, number: i + 1 } }),
    );
    expect(first!.hex.startsWith("0041000D91683108108300F000088C0500030002018B66")).toBe(true);
    expect(first!.length).toBe(154);
    expect(second!.length).toBe(28);
    expect(second!.hex.slice(28, 42)).toBe("0E050003000202");
  });

  test.each([66, 67, 133, 134])("with a character of two units at %d is divided beside it", (at) => {
    const text = `${"警".repeat(at)}😀${"警".repeat(80)}`;
    const parts = divide(text);
    expect(parts.join("")).toBe(text);
    expect(parts.every((part) => part.isWellFormed() && part.length <= 67)).toBe(true);
  });

  test("that asks for a report, to a national number of odd length", () => {
    expect(submitPdu({ to: "639337937", text: "先生", report: true }).hex).toBe(
      "002100098136397339F70008045148751F",
    );
  });

  test.each([
    [5 * MINUTE, 0],
    [12 * HOUR, 143],
    [13 * HOUR, 145],
    [DAY, 167],
    [2 * DAY, 168],
    [30 * DAY, 196],
    [35 * DAY, 197],
    [500 * DAY, 255],
  ])("of validity %d µs says %d", (validity, octet) => {
    expect(parseSubmit(submitPdu({ to: "10086", text: "1", validity }).hex)!.validity).toBe(octet);
  });

  test("arrives as it was written, whatever it says", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 300 }),
        fc.stringMatching(/^\+?\d{3,20}$/),
        fc.boolean(),
        (text, to, report) => {
          const parts = divide(text);
          const read = parts.map((part, i) => {
            const about =
              parts.length === 1 ? {} : { part: { reference: 7, total: parts.length, number: i + 1 } };
            const { hex, length } = submitPdu({ to, text: part, report, ...about });
            expect(hex.length).toBe((length + 1) * 2);
            expect(hex).toBe(hex.toUpperCase());
            const message = parseSubmit(hex)!;
            expect(message).toMatchObject({ to, report });
            // No surrogate pair is torn: each part is well-formed where the text is.
            if (text.isWellFormed()) expect(message.text.isWellFormed()).toBe(true);
            return message.text;
          });
          expect(read.join("")).toBe(text);
          if (text.length <= 70) expect(parts.length).toBe(1);
        },
      ),
    );
  });

  test("is refused where it does not fit", () => {
    expect(() => submitPdu({ to: "1", text: "警".repeat(71) })).toThrow(RangeError);
    expect(() => submitPdu({ to: "12a", text: "1" })).toThrow(RangeError);
  });
});

describe("a report of the network", () => {
  const REPORT = "07914356060013F1065A098136397339F7219011700463802190117004638030";

  test("is read as ModemManager reads it", () => {
    expect(parseStatusReport(REPORT)).toEqual({
      reference: 0x5a,
      number: "639337937",
      outcome: "trying",
      status: 0x30,
    });
  });

  test.each([
    ["00", "delivered"],
    ["46", "failed"],
    ["63", "failed"],
  ])("%s: %s", (status, outcome) => {
    expect(parseStatusReport(REPORT.slice(0, -2) + status)).toMatchObject({ outcome });
  });

  test("that is none, or torn, is nothing", () => {
    expect(parseStatusReport("0001000D91683108108300F0")).toBeUndefined();
    expect(parseStatusReport(REPORT.slice(0, 40))).toBeUndefined();
    expect(parseStatusReport("ZZ")).toBeUndefined();
    expect(parseStatusReport("")).toBeUndefined();
  });
});

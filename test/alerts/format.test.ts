import fc from "fast-check";
import { expect, test } from "vitest";
import { formatLocal, formatNumber, formatQuantity, formatSpan, say } from "../../gateway/messages/format.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../model/time.ts";
import { UNITS } from "../../model/unit.ts";

test("numbers have the digits of their unit and no trailing zeros", () => {
  expect(formatQuantity(62, "%LEL")).toBe("62 %LEL");
  expect(formatQuantity(62.04, "%LEL")).toBe("62 %LEL");
  expect(formatQuantity(175.23, "m")).toBe("175.23 m");
  expect(formatQuantity(100, "mg/m3")).toBe("100 mg/m³");
  expect(formatQuantity(-0.01, "Cel", 5)).toBe("-0.01 ℃");
  expect(formatQuantity(0.8, "deg")).toBe("0.8°");
  expect(formatQuantity(3, "1")).toBe("3");
});

test("a value is never rounded onto the limit it has not reached, nor to zero", () => {
  expect(formatNumber(49.97, "%LEL", 50)).toBe("49.97");
  expect(formatNumber(0.0004, "m")).toBe("0.0004");
});

test("a number as written is a number close to the value, whatever the unit", () => {
  fc.assert(
    fc.property(fc.constantFrom(...UNITS), fc.double({ min: -1e6, max: 1e6, noNaN: true }), (unit, value) => {
      expect(Math.abs(Number(formatNumber(value, unit)) - value)).toBeLessThanOrEqual(0.5);
    }),
  );
});

test("times are those of the clock on the site's wall", () => {
  const time = Date.UTC(2026, 4, 21, 16, 30, 5) * 1000;
  expect(formatLocal(time, "Asia/Shanghai")).toEqual({ zh: "5月22日00:30:05", en: "22 May 00:30:05" });
  expect(formatLocal(time, "UTC")).toEqual({ zh: "5月21日16:30:05", en: "21 May 16:30:05" });
});

test("spans are said in their two largest units", () => {
  expect(formatSpan(0).zh).toBe("不足1秒");
  expect(formatSpan(3 * MINUTE + 20 * SECOND)).toEqual({ zh: "3分20秒", en: "3 min 20 s" });
  expect(formatSpan(2 * HOUR + 5 * SECOND)).toEqual({ zh: "2小时", en: "2 h" });
  expect(formatSpan(DAY + HOUR + MINUTE)).toEqual({ zh: "1天1小时", en: "1 d 1 h" });
});

test("a filling that is missing stays visible", () => {
  expect(say("status.online", { site: "站" }).zh).toContain("{seq}");
});

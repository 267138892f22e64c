import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_BITS, MAX_REGISTERS } from "../../drivers/modbus/limits.ts";
import { NO_LIMITS, type PlanLimits, plan, type Span } from "../../drivers/modbus/planner.ts";
import { isBitTable } from "../../drivers/modbus/registers.ts";
import { ConfigurationError } from "../../model/error.ts";

const LONGEST_VALUE = 4;

const value: fc.Arbitrary<Span> = fc.oneof(
  fc.record({
    table: fc.constantFrom("holding" as const, "input" as const),
    address: fc.nat(600),
    count: fc.integer({ min: 1, max: LONGEST_VALUE }),
  }),
  fc.record({
    table: fc.constantFrom("coil" as const, "discrete" as const),
    address: fc.nat(5000),
    count: fc.constant(1),
  }),
);

const limits: fc.Arbitrary<PlanLimits> = fc.record({
  maxRegisters: fc.integer({ min: LONGEST_VALUE, max: MAX_REGISTERS }),
  maxBits: fc.integer({ min: 1, max: MAX_BITS }),
  maxGap: fc.nat(40),
  oneRequestPerChannel: fc.boolean(),
  bitsFromZero: fc.constant(false),
  forbidden: fc.array(
    fc
      .record({
        table: fc.constantFrom("holding" as const, "input" as const, "coil" as const),
        from: fc.nat(600),
        length: fc.nat(5),
      })
      .map(({ table, from, length }) => ({ table, from, to: from + length })),
    { maxLength: 5 },
  ),
  barriers: fc.array(
    fc.record({ table: fc.constantFrom("holding" as const, "coil" as const), address: fc.nat(600) }),
    {
      maxLength: 5,
    },
  ),
});

function touches(span: Span, forbidden: PlanLimits["forbidden"]): boolean {
  return forbidden.some(
    (f) => f.table === span.table && f.from < span.address + span.count && f.to >= span.address,
  );
}

describe("the requests for a set of values", () => {
  test("cover every value once and whole, keep every limit, touch nothing forbidden", () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 80 }), limits, (all, limits) => {
        const values = all.filter((span) => !touches(span, limits.forbidden));
        const requests = plan(values, limits);
        const seen = requests.flatMap(({ values }) => values).sort((a, b) => a - b);
        expect(seen).toEqual(values.map((_, index) => index));
        for (const request of requests) {
          const bits = isBitTable(request.table);
          expect(request.count).toBeLessThanOrEqual(bits ? limits.maxBits : limits.maxRegisters);
          expect(touches(request, limits.forbidden)).toBe(false);
          const end = request.address + request.count;
          for (const index of request.values) {
            const span = values[index]!;
            expect(span.table).toBe(request.table);
            expect(span.address).toBeGreaterThanOrEqual(request.address);
            expect(span.address + span.count).toBeLessThanOrEqual(end);
          }
          if (limits.oneRequestPerChannel) {
            const spans = new Set(request.values.map((i) => `${values[i]!.address} ${values[i]!.count}`));
            expect(spans.size).toBe(1);
          }
          if (request.values.length > 1 && !limits.oneRequestPerChannel)
            expectNoGapBeyond(request, values, limits);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("of neighbours are one request", () => {
    const neighbours: Span[] = Array.from({ length: 100 }, (_, i) => ({
      table: "holding",
      address: 5200 + i,
      count: 1,
    }));
    expect(plan(neighbours, NO_LIMITS)).toMatchObject([{ address: 5200, count: 100 }]);
  });

  test("bits of one register are read once", () => {
    const status: Span = { table: "holding", address: 1, count: 1 };
    expect(plan([status, status, status], { ...NO_LIMITS, oneRequestPerChannel: true })).toMatchObject([
      { address: 1, count: 1, values: [0, 1, 2] },
    ]);
  });

  test("for coils begin at 0 where the controller wants that", () => {
    const coils: Span[] = [
      { table: "coil", address: 700, count: 1 },
      { table: "coil", address: 30, count: 1 },
    ];
    expect(plan(coils, { ...NO_LIMITS, bitsFromZero: true })).toMatchObject([
      { address: 0, count: 701, values: [1, 0] },
    ]);
  });

  test("cannot be made for a value longer than the device's limit", () => {
    const limits = { ...NO_LIMITS, maxRegisters: 2 };
    expect(() => plan([{ table: "holding", address: 0, count: 4 }], limits)).toThrow(ConfigurationError);
  });
});

function expectNoGapBeyond(
  request: { table: Span["table"]; values: readonly number[] },
  values: readonly Span[],
  limits: PlanLimits,
): void {
  const gap = isBitTable(request.table) ? limits.maxGap * 16 : limits.maxGap;
  const spans = request.values.map((i) => values[i]!).sort((a, b) => a.address - b.address);
  let end = spans[0]!.address;
  for (const span of spans) {
    expect(span.address - end).toBeLessThanOrEqual(gap);
    end = Math.max(end, span.address + span.count);
  }
}

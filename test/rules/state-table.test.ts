import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SECOND } from "../../model/time.ts";
import { pack } from "../../rules/checkpoint-number.ts";
import type { EngineState } from "../../rules/engine.ts";
import { captureTable, rowsOf, type StateRows, type StateTable } from "../../rules/state-table.ts";
import { unpackColumn } from "../../rules/window/packed-column.ts";
import { EngineRun } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";

const KEYS = ["well.gas", "well.fault", "tower.1.fire", "keys", "columns"];
const anyNumber = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0),
);
const column = fc.array(anyNumber, { minLength: KEYS.length, maxLength: KEYS.length });

/** The rows of a table as checkpoints of earlier editions hold them. */
function asRows({ keys, columns }: StateTable): StateRows {
  const unpacked = columns.map(unpackColumn);
  if (keys === "") return {};
  return Object.fromEntries(
    keys.split("\n").map((key, row) => [key, unpacked.map((one) => pack(one[row]!))]),
  );
}

describe("numbers of many keys in a checkpoint", () => {
  test("come back bit by bit from its text, those of the rows that were asked for and no others", () => {
    fc.assert(
      fc.property(
        fc.array(column, { minLength: 1, maxLength: 8 }),
        fc.subarray([0, 1, 2, 3, 4]),
        (columns, rows) => {
          const text = JSON.stringify(captureTable(KEYS, rows, columns));
          const rowOf = rowsOf(JSON.parse(text));
          for (const [i, key] of KEYS.entries()) {
            const expected = rows.includes(i) ? columns.map((one) => one[i]) : undefined;
            expect(rowOf(key)).toEqual(expected);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test("of the same state are the same text, whatever NaN it was", () => {
    const odd = new Float64Array(new BigUint64Array([0xfff8_0000_0000_0001n]).buffer);
    expect(captureTable(["a"], [0], [odd])).toEqual(captureTable(["a"], [0], [[Number.NaN]]));
  });

  test("are read from a checkpoint of an earlier edition, too", () => {
    fc.assert(
      fc.property(fc.array(column, { minLength: 1, maxLength: 8 }), (columns) => {
        const table = captureTable(KEYS, [0, 2, 3], columns);
        const earlier = rowsOf(JSON.parse(JSON.stringify(asRows(table))));
        const rowOf = rowsOf(table);
        // JSON has no negative zero.
        const plain = (row: readonly number[] | undefined) => row?.map((value) => value + 0);
        for (const key of KEYS) expect(plain(earlier(key))).toEqual(plain(rowOf(key)));
      }),
      { numRuns: 50 },
    );
  });
});

describe("a checkpoint of an earlier edition", () => {
  const site = siteOf({
    devices: [
      {
        id: "gd",
        channels: [
          { id: "a", stale: 10 * SECOND },
          { id: "b", stale: 20 * SECOND },
          { id: "never", stale: 30 * SECOND },
        ],
      },
    ],
  });
  const rules = { gas: { applies: { channel: "gd.a" }, above: { red: 50 }, onDelay: "5s" } };

  test("is taken up as if it were of this one", () => {
    const first = new EngineRun(site, rules);
    first.at(0).boot().message({ channel: "gd.a", value: 60 }, { channel: "gd.b", value: 1 });
    first.until(25);
    const state = first.engine.checkpoint();
    const { channels, monitoring } = state;
    const earlier: EngineState = {
      ...state,
      channels: asRows(channels as StateTable),
      monitoring: {
        ...monitoring,
        channels: asRows(monitoring.channels as StateTable),
        devices: asRows(monitoring.devices as StateTable),
      },
    };
    const second = new EngineRun(site, rules);
    second.engine.restore(JSON.parse(JSON.stringify(earlier)) as EngineState);
    expect(second.engine.checkpoint()).toEqual(state);
    expect([...second.engine.channels()]).toEqual([...first.engine.channels()]);
  });
});

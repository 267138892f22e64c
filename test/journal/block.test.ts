import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBlock, encodeBlock } from "../../gateway/journal/block.ts";
import { decodeChunk, encodeChunk } from "../../gateway/journal/chunk.ts";
import {
  assemble,
  chunksOf,
  decodeSkeletons,
  encodeSkeletons,
  type SortedReadings,
  sortBySeries,
} from "../../gateway/journal/group.ts";
import { type Page, PageBuilder, pageEnd } from "../../gateway/journal/page.ts";
import { HostError } from "../../model/error.ts";
import { REASON } from "../../model/quality.ts";
import { ReadingBatch } from "../../model/reading.ts";
import { alarmEvent, pageOf, recordsOf, T0 } from "./journal-fixture.ts";
import { draft, placed } from "./page-arbitrary.ts";

/** Everything of a page that must survive. */
function whole(page: Page): unknown {
  return {
    records: recordsOf(page),
    messages: page.messages,
    end: Array.from(page.end.subarray(0, page.messages)),
    received: Array.from(page.received.subarray(0, page.messages)),
    identities: Array.from(page.identityHigh.subarray(0, page.messages)),
    inputs: page.inputs,
    events: page.events,
  };
}

function sorted(pages: readonly Page[]): SortedReadings {
  const steps = sortBySeries(pages);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function damage(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof HostError) return thrown.code;
    throw thrown;
  }
  return "nothing was noticed";
}

describe("a page as a block", () => {
  test("comes back as it was, whatever the values and times", () => {
    fc.assert(
      fc.property(draft, (one) => {
        const page = placed(one, { first: 7, seq: 1, received: T0 });
        const { bytes, crc } = encodeBlock(page);
        expect(whole(decodeBlock(bytes, crc))).toEqual(whole(page));
      }),
      { numRuns: 300 },
    );
  });

  test("keeps infinities, NaN and the sign of zero apart", () => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 5e-324, -12.34];
    const page = pageOf(1, { messages: [values.map((value, i) => [i + 1, value] as const)] });
    const { bytes, crc } = encodeBlock(page);
    const back = decodeBlock(bytes, crc).value;
    values.forEach((value, i) => {
      expect(Object.is(back[i], value)).toBe(true);
    });
  });

  test("keeps a limit that is infinite and a value that is none in its events", () => {
    const event = alarmEvent(5, { value: Number.NaN, limit: Number.NEGATIVE_INFINITY, note: "阀门已关" });
    const { bytes, crc } = encodeBlock(pageOf(1, { messages: [[[1, 2]]], events: [event] }));
    expect(decodeBlock(bytes, crc).events).toEqual([event]);
  });

  test("of which any single byte has changed is noticed", () => {
    const page = pageOf(1, {
      messages: Array.from({ length: 40 }, (_, m) => [[m, m / 10] as const, [m + 1, 20.5] as const]),
    });
    const { bytes, crc } = encodeBlock(page);
    const kept = bytes.slice();
    fc.assert(
      fc.property(fc.nat(kept.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const hurt = kept.slice();
        hurt[at] = hurt[at]! ^ flip;
        expect(damage(() => decodeBlock(hurt, crc))).toBe("JOURNAL_DAMAGED");
      }),
    );
  });

  test("that is no block at all, with a fitting checksum, is damage and nothing worse", async () => {
    const { crc32 } = await import("node:zlib");
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, versioned) => {
        const made = versioned
          ? Uint8Array.from([1, 0, Math.min(bytes.length, 127), ...bytes.subarray(0, 127)])
          : bytes;
        try {
          decodeBlock(made, crc32(made));
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(HostError);
          expect((thrown as HostError).code).toBe("JOURNAL_DAMAGED");
        }
      }),
      { numRuns: 500 },
    );
  });

  test("of polled readings takes a few bytes a reading", () => {
    const page = pageOf(1, {
      messages: Array.from({ length: 100 }, (_, m) =>
        Array.from({ length: 20 }, (_, i) => [m * 20 + i + 1, ((m * 7 + i * 13) % 500) / 10] as const),
      ),
    });
    expect(encodeBlock(page).bytes.length / page.readings).toBeLessThan(4);
  });
});

describe("pages taken apart by series", () => {
  test("go together again as they were", () => {
    fc.assert(
      fc.property(fc.array(draft, { maxLength: 6 }), (drafts) => {
        let first = 100;
        const pages = drafts.map((one) => {
          const page = placed(one, { first, seq: 1, received: T0 });
          first = pageEnd(page);
          return page;
        });
        const chunks = [...chunksOf(sorted(pages))].map((chunk) => {
          const { bytes, crc } = encodeChunk(chunk);
          return decodeChunk(bytes, crc);
        });
        const { bytes, crc } = encodeSkeletons(pages);
        expect(assemble(decodeSkeletons(bytes, crc), chunks).map(whole)).toEqual(pages.map(whole));
      }),
    );
  });

  test("of which a chunk is missing do not go together", () => {
    const page = pageOf(1, { messages: [[[1, 1] as const, [2, 2] as const]] });
    const [chunk] = [...chunksOf(sorted([page]))];
    expect(damage(() => assemble([page], [chunk!]))).toBe("JOURNAL_DAMAGED");
  });
});

describe("the page that main fills", () => {
  const series = Uint32Array.from([11, 12, 13]);

  function batch(...readings: readonly (readonly [channel: number, value: number])[]): ReadingBatch {
    const made = new ReadingBatch();
    for (const [channel, value] of readings) made.add(channel, value, REASON.good, T0);
    return made;
  }

  test("carries messages, inputs and refused times in their places, and goes on behind itself", () => {
    const builder = new PageBuilder({ next: 5, series });
    builder.input({ kind: "tick", at: T0 });
    builder.message(batch([0, 1], [2, 3]), T0 + 1);
    builder.message(batch([1, 2]), T0 + 2);
    builder.claim(0, 123);
    builder.input({ kind: "tick", at: T0 + 3 });
    expect(builder.next).toBe(10);
    const page = builder.take();
    expect(Array.from(page.series.subarray(0, 3))).toEqual([11, 13, 12]);
    expect(page).toMatchObject({ first: 5, readings: 3, messages: 2 });
    expect(page.inputs.map((input) => input.before)).toEqual([0, 2]);
    expect([...page.claimedIndex, ...page.claimed]).toEqual([2, 123]);
    expect(builder.empty).toBe(true);
    expect(builder.next).toBe(10);
  });

  test("holds more than it was made for", () => {
    const builder = new PageBuilder({ next: 1, series });
    for (let m = 0; m < 5_000; m++) builder.message(batch([m % 3, m]), T0 + m);
    const page = builder.take();
    expect(page.readings).toBe(5_000);
    for (let m = 0; m < 5_000; m++) expect(page.value[m]).toBe(m);
    const { bytes, crc } = encodeBlock(page);
    expect(whole(decodeBlock(bytes, crc))).toEqual(whole(page));
  });

  test("with an event but no record gets one, so that it has a place", () => {
    const builder = new PageBuilder({ next: 1, series });
    builder.event(alarmEvent(1));
    const page = builder.take();
    expect(pageEnd(page)).toBe(2);
    expect(builder.next).toBe(2);
  });

  test("is filled anew in a buffer that has come back, without traces of the old", () => {
    const builder = new PageBuilder({ next: 1, series });
    builder.message(batch([0, 1], [1, 2], [2, 3]), T0);
    const buffer = builder.take().value.buffer as ArrayBuffer;
    builder.recycle(buffer);
    builder.take();
    builder.message(batch([1, 9]), T0 + 9);
    const page = builder.take();
    expect(page.value.buffer).toBe(buffer);
    expect(recordsOf(page)).toEqual([`4 12 9 0 0 ${T0} ${T0 + 9} 0 0 `]);
  });
});

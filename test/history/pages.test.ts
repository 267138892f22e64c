import { expect, test } from "vitest";
import { pageEnd } from "../../gateway/journal/page.ts";
import { SegmentReader } from "../../gateway/journal/segment-reader.ts";
import { definition, WrittenJournal } from "./written-journal.ts";

/** More pages than a query brings at once, and around its multiples. */
const COUNTS = [1, 15, 16, 17, 31, 32, 33, 48];

test.each(COUNTS)(
  "a journal of %i pages gives each page once, whether it is asked for all at once or a few at a time",
  (count) => {
    using journal = new WrittenJournal();
    const [series] = journal.series(definition("wl"));
    const written = Array.from({ length: count }, (_, i) => {
      const first = journal.next;
      journal.write([{ series: series!, time: i, value: i }]);
      return first;
    });
    const reader = new SegmentReader(journal.folder);
    try {
      for (const most of [Number.MAX_SAFE_INTEGER, 1, 7]) {
        const found: number[] = [];
        for (let from = 1; ; ) {
          const pages = reader.pagesFrom(from, most);
          found.push(...pages.map(({ first }) => first));
          const last = pages.at(-1);
          if (last === undefined) break;
          from = pageEnd(last);
        }
        expect(found).toEqual(written);
      }
    } finally {
      reader.close();
    }
  },
);

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameFinder, NO_FRAME, NOT_YET } from "../../drivers/tcp/frame-finder.ts";

/*
 * What all protocols on TCP share: frames found in bytes that come in any pieces. Here a frame is `<`, its number of bytes as a digit,
 * as many bytes, `>`, and a sum; zero is said of what is damaged.
 */

const START = 0x3c;
const END = 0x3e;
const LEAST = 4;
type Fault = "empty" | "end" | "sum" | "unfinished";

function sumOf(bytes: Buffer): number {
  return bytes.reduce((sum, byte) => (sum + byte) & 0x7f, 1);
}

function frame(text: string): Buffer {
  const body = Buffer.from(text, "latin1");
  return Buffer.concat([Buffer.from(`<${body.length}`), body, Buffer.of(END, sumOf(body))]);
}

/** What a finder finds, in words. */
function listen() {
  const heard: string[] = [];
  const finder = new FrameFinder<Fault>({
    start: (bytes, from) => {
      const at = bytes.indexOf(START, from);
      return at < 0 ? bytes.length : at;
    },
    extent: (bytes, at) => {
      if (at + 1 >= bytes.length) return NOT_YET;
      const length = bytes[at + 1]! - 0x30;
      if (length === 0) return "empty";
      return length < 0 || length > 9 ? NO_FRAME : length + LEAST;
    },
    take: (raw) => {
      const body = raw.subarray(2, -2);
      if (raw.at(-2) !== END) return "end";
      if (raw.at(-1) !== sumOf(body)) return "sum";
      heard.push(body.toString("latin1"));
      return undefined;
    },
    // How much of a frame that its head makes none is there, depends on the pieces.
    spoiled: (fault, raw) => heard.push(`${fault}! ${fault === "empty" ? "" : raw.toString("latin1")}`),
    unfinished: "unfinished",
    whole: "sum",
    between: [0x0a],
  });
  return { finder, heard };
}

/** Bytes that are much like frames: whole ones, damaged ones, pieces of them, noise. */
const stream = fc
  .array(
    fc.oneof(
      fc.string({ minLength: 1, maxLength: 9, unit: fc.constantFrom("a", "<", ">", "3", "\n") }).map(frame),
      fc.constantFrom("<", "<3", "<0", "<<2", "<9a", "noise", "\n", "<2ab>!", "<3<1>", ">").map(Buffer.from),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts as Buffer[]));

test("frames among noise, glued and in pieces", () => {
  const { finder, heard } = listen();
  const bytes = Buffer.concat([Buffer.from("xx"), frame("abc"), Buffer.from("\n\n"), frame("<2>")]);
  for (const byte of bytes) finder.push(Buffer.of(byte));
  expect(heard).toEqual(["abc", "<2>"]);
  expect(finder).toMatchObject({ skipped: 2, pending: 0 });
});

test("a length that is wrong swallows nothing that follows", () => {
  const { finder, heard } = listen();
  finder.push(Buffer.concat([Buffer.from("<8"), frame("ab"), frame("c")]));
  expect(heard).toEqual([expect.stringMatching(/^end! <8<2ab>/), "ab", "c"]);
});

test("what stands in a whole frame with a wrong sum is looked at, and nothing broken is told of it twice", () => {
  const { finder, heard } = listen();
  finder.push(Buffer.concat([Buffer.from("<6a<0<0b>?"), frame("c")]));
  expect(heard).toEqual(["sum! <6a<0<0b>?", "c"]);
  expect(finder.skipped).toBe("<6a<0<0b>?".length);
});

test("a frame whose rest does not come is told, and what stands behind its start is a frame all the same", () => {
  const { finder, heard } = listen();
  finder.push(Buffer.concat([Buffer.from("<9"), frame("ab")]));
  expect(heard).toEqual([]);
  expect(finder.pending).toBe("<9<2ab>!".length);
  finder.abandon();
  expect(heard.at(0)).toMatch(/^unfinished! <9<2ab>/);
  expect(heard.at(1)).toBe("ab");
  expect(finder).toMatchObject({ pending: 0, skipped: 2 });
});

describe("whatever comes", () => {
  test("it does not matter in which pieces", () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat({ max: 200 }), { maxLength: 8 }), (bytes, cuts) => {
        const [whole, cut] = [listen(), listen()];
        whole.finder.push(bytes);
        const places = [...cuts.map((at) => Math.min(at, bytes.length)), bytes.length].sort((a, b) => a - b);
        let from = 0;
        for (const to of places) {
          cut.finder.push(bytes.subarray(from, to));
          from = to;
        }
        expect(cut.heard).toEqual(whole.heard);
        expect(cut.finder.skipped).toBe(whole.finder.skipped);
        expect(cut.finder.pending).toBe(whole.finder.pending);
      }),
      { numRuns: 300 },
    );
  });

  test("every byte is of a frame, between frames, noise, or pending; the end leaves none pending", () => {
    fc.assert(
      fc.property(stream, (bytes) => {
        const { finder, heard } = listen();
        finder.push(bytes);
        const isFrame = (word: string) => !/^[a-z]+! /.test(word);
        const inFrames = () => heard.filter(isFrame).reduce((sum, { length }) => sum + length + LEAST, 0);
        const lost = () => bytes.length - inFrames() - finder.skipped - finder.pending;
        expect(lost()).toBeGreaterThanOrEqual(0);
        expect(lost()).toBeLessThanOrEqual(bytes.filter((byte) => byte === 0x0a).length);
        expect(finder.pending).toBeLessThan(9 + LEAST);
        finder.end();
        expect(finder.pending).toBe(0);
        expect(lost()).toBeLessThanOrEqual(bytes.filter((byte) => byte === 0x0a).length);
      }),
      { numRuns: 300 },
    );
  });
});

import { type WrittenReport, writeHead, writeReport } from "../../drivers/sl651/body-writer.ts";
import { ETB, ETX, FUNCTION } from "../../drivers/sl651/control.ts";
import type { Encoding, Frame } from "../../drivers/sl651/frame.ts";
import { writeFrame } from "../../drivers/sl651/frame-writer.ts";
import { MINUTE } from "../../model/time.ts";
import { atBeijing, BEIJING } from "./reading.ts";

/*
 * One frame of every kind, in both encodings: what mutation starts from.
 */

const ADDRESS = 0x12345678;
const OBSERVED = atBeijing("2026-05-21 14:00:00");
const HOUR_OF_RAIN = [1, 0, 0, 0.5, null, 0, 0, 0, 0, 0, 0, 25.4];

const REPORTS: readonly (readonly [code: number, report: Omit<WrittenReport, "serial" | "sent">])[] = [
  [
    FUNCTION.timed,
    {
      stations: [
        {
          address: ADDRESS,
          category: 0x48,
          groups: [
            {
              observed: OBSERVED,
              elements: [
                { guide: 0x39, value: 175.25 },
                { guide: 0x02, value: -5.5 },
                { guide: 0x45, value: 6 },
                { guide: 0xff21, value: 1.5, digits: 4, decimals: 2 },
                { guide: 0x38, value: null },
              ],
            },
          ],
        },
      ],
    },
  ],
  [
    FUNCTION.hourly,
    {
      stations: [
        {
          address: ADDRESS,
          category: 0x48,
          groups: [
            {
              observed: OBSERVED - 55 * MINUTE,
              elements: [
                { guide: 0xf4, value: HOUR_OF_RAIN },
                { guide: 0xf5, value: HOUR_OF_RAIN },
              ],
            },
            { observed: OBSERVED, elements: [{ guide: 0x26, value: 400.5 }] },
          ],
        },
      ],
    },
  ],
  [
    FUNCTION.uniform,
    {
      stations: [
        {
          address: ADDRESS,
          category: 0x48,
          row: { observed: OBSERVED, step: 5 * MINUTE, guide: 0x39, values: [1, null, -1] },
        },
      ],
    },
  ],
  [FUNCTION.manual, { manual: "TT 2605211200 Z 10.5 Q M" }],
  [
    FUNCTION.picture,
    {
      stations: [
        {
          address: ADDRESS,
          category: 0x48,
          groups: [{ observed: OBSERVED, elements: [] }],
          picture: Buffer.alloc(64, 0x7e),
        },
      ],
    },
  ],
  [
    FUNCTION.status,
    {
      stations: [
        {
          address: ADDRESS,
          category: 0x48,
          groups: [{ observed: OBSERVED, elements: [{ guide: 0x45, value: 1 }] }],
        },
      ],
    },
  ],
];

/** Frames of every kind, each with its serial number from 1 on. */
export function everyKind(): Buffer[] {
  const frames: Buffer[] = [];
  for (const encoding of ["hex", "ascii"] as const satisfies Encoding[]) {
    const writing = { encoding, offset: BEIJING };
    const frame = (code: number, body: Uint8Array, rest: Partial<Frame> = {}) =>
      frames.push(
        writeFrame({
          encoding,
          up: true,
          centre: 1,
          station: ADDRESS,
          password: 0x1234,
          code,
          packet: undefined,
          body,
          end: ETX,
          ...rest,
        }),
      );
    frame(FUNCTION.keepAlive, writeHead(1, OBSERVED, writing));
    for (const [code, report] of REPORTS) {
      const body = writeReport({ ...report, serial: frames.length + 1, sent: OBSERVED }, writing);
      frame(code, body);
      const middle = Math.ceil(body.length / 2);
      frame(code, body.subarray(0, middle), { packet: { total: 2, sequence: 1 }, end: ETB });
      frame(code, body.subarray(middle), { packet: { total: 2, sequence: 2 } });
    }
  }
  return frames;
}

/** Numbers that look random and are the same in every run (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Spoils a frame in one of the ways that lines, modems and people spoil them. */
export function mutate(raw: Buffer, next: () => number): Buffer {
  const out = Buffer.from(raw);
  const at = Math.floor(next() * out.length);
  switch (Math.floor(next() * 7)) {
    case 0:
      out[at]! ^= 1 << Math.floor(next() * 8);
      return out;
    case 1:
      out[at] = Math.floor(next() * 256);
      return out;
    case 2:
      return out.subarray(0, at);
    case 3:
      return Buffer.concat([out.subarray(0, at), Buffer.from([Math.floor(next() * 256)]), out.subarray(at)]);
    case 4:
      return Buffer.concat([
        out.subarray(0, at),
        out.subarray(Math.min(out.length, at + 1 + Math.floor(next() * 8))),
      ]);
    case 5: {
      const length = Math.floor(next() * 16);
      for (let i = at; i < Math.min(out.length, at + length); i++) out[i] = Math.floor(next() * 256);
      return out;
    }
    default:
      return Buffer.concat([out.subarray(at), out]);
  }
}

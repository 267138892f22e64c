import { crc16 } from "../../../drivers/crc16.ts";
import { FrameReader as HjReader } from "../../../drivers/hj212/frame-reader.ts";
import { Parameters } from "../../../drivers/hj212/parameters.ts";
import { readSegment } from "../../../drivers/hj212/segment.ts";
import { decodeBody } from "../../../drivers/sl651/body.ts";
import { FrameReader as SlReader } from "../../../drivers/sl651/frame-reader.ts";
import { FrameReader as SzyReader } from "../../../drivers/szy206/frame-reader.ts";
import { LAYOUTS } from "../../../drivers/szy206/layouts.ts";
import { readReport } from "../../../drivers/szy206/report.ts";
import { DeviceError } from "../../../model/error.ts";
import { MILLISECOND } from "../../../model/time.ts";
import { KINDS as HJ_KINDS, mutate as mutateHj } from "../../hj212/frames.ts";
import { everyKind, mutate as mutateSl, random } from "../../sl651/frames.ts";
import { hearMutated } from "../../sparkplug/mutated.ts";
import { HostStand } from "../../sparkplug/site.ts";
import { mutate as mutateSzy, KINDS as SZY_KINDS } from "../../szy206/frames.ts";
import { BEIJING, dice } from "../../tcp/driver-stand.ts";
import { type Measurement, type Row, verdict } from "../measurement.ts";

const MUTATED = 1_000_000;
const MB = 1_048_576;
const NOTHING = {
  head() {},
  station() {},
  element() {},
  manual() {},
  picture() {},
  content() {},
  value() {},
};

/** One protocol under attack. */
interface Target {
  readonly name: string;
  /** Most bytes that one unfinished frame may keep. */
  readonly bound: number;
  readonly next: () => Buffer;
  /** `take` is called for each whole frame, with what decodes it. */
  readonly reader: (take: (decode: () => void) => void) => {
    push(chunk: Buffer): void;
    readonly pending: number;
  };
}

/** A million mutated frames of SL 651, HJ 212 and SZY 206 each, and as many payloads of Sparkplug B. Those of GB/T 26875.3 have a measurement of their own. */
export const mutatedFrames: Measurement = {
  id: "mutated-frames",
  run: (progress) =>
    Promise.resolve(
      targets().map((target) => {
        progress(target.name);
        return attack(target);
      }),
    ),
};

function attack({ name, bound, next, reader: create }: Target): Row {
  const found = { frames: 0, refused: 0, unexpected: 0, pending: 0 };
  const reader = create((decode) => {
    found.frames++;
    try {
      decode();
    } catch (thrown) {
      if ((thrown as { code?: string }).code === "DEVICE_UNDECODABLE") found.refused++;
      else found.unexpected++;
    }
  });
  const before = process.memoryUsage().rss;
  const began = performance.now();
  for (let i = 0; i < MUTATED; i++) {
    reader.push(next());
    found.pending = Math.max(found.pending, reader.pending);
  }
  const seconds = (performance.now() - began) / 1_000;
  const grown = (process.memoryUsage().rss - before) / MB;
  return {
    what: `${name}: a million mutated frames`,
    goal: "no crash, no hang, memory bounded",
    measured: `${seconds.toFixed(1)} s; ${found.frames} whole, ${found.refused} undecodable; at most ${found.pending} bytes pending, ${grown.toFixed(0)} MB more resident`,
    verdict: verdict(found.unexpected === 0 && found.pending <= bound),
    figures: { ...found, seconds, resident_mb_more: grown },
  };
}

function targets(): Target[] {
  const roll = dice(1);
  const next = random(1);
  const slKinds = everyKind();
  const parameters = new Parameters();
  const host = new HostStand();
  host.born();
  host.intake.counting = true;
  return [
    {
      name: "SL 651",
      bound: 4_200,
      next: () => {
        const raw = Buffer.from(mutateSl(slKinds[Math.floor(next() * slKinds.length)]!, next));
        // A sum that agrees again lets nonsense reach the bodies.
        if (next() < 0.5 && raw.length > 20) raw.writeUInt16BE(crc16(raw, 0, raw.length - 2), raw.length - 2);
        return raw;
      },
      reader: (take) =>
        new SlReader({
          frame: ({ encoding, code, body }) =>
            take(() => decodeBody({ encoding, code, bytes: body }, BEIJING, NOTHING)),
          spoiled: () => {},
        }),
    },
    {
      name: "HJ 212",
      bound: 10_100,
      next: () => mutateHj(HJ_KINDS[roll(HJ_KINDS.length)]!, roll),
      reader: (take) =>
        new HjReader({
          frame: (segment, check) => {
            if (check !== "right") return false;
            take(() => parameters.read(readSegment(segment).cp, BEIJING, NOTHING));
            return true;
          },
          spoiled: () => {},
        }),
    },
    {
      name: "Sparkplug B",
      // A message comes whole or not at all: nothing of one is kept for the next.
      bound: 0,
      next: () => Buffer.alloc(0),
      reader: (take) => ({
        pending: 0,
        push: () =>
          take(() => {
            const before = host.count("undecodable");
            hearMutated(host, roll);
            // The journal keeps a bounded number of them; the stand would keep all.
            host.intake.undecodable.length = 0;
            if (host.count("undecodable") > before)
              throw new DeviceError("DEVICE_UNDECODABLE", "a payload that is none");
          }),
      }),
    },
    {
      name: "SZY 206",
      bound: 8_300,
      next: () => mutateSzy(SZY_KINDS[roll(SZY_KINDS.length)]!, roll),
      reader: (take) =>
        new SzyReader({
          frame: (frame) =>
            take(() => {
              const now = Date.now() * MILLISECOND;
              readReport(frame, {
                layout: LAYOUTS[frame.code],
                label: true,
                highFirst: false,
                zone: BEIJING,
                now,
              });
            }),
          spoiled: () => {},
        }),
    },
  ];
}

import { DATA_TYPE } from "../../drivers/sparkplug/data-type.ts";
import { writePayload } from "../../drivers/sparkplug/payload-writer.ts";
import { BIRTH, type HostStand } from "./site.ts";

/** Bytes that lead a reader of protobuf astray: an endless varint, a length beyond everything, groups, a tag of field 0. */
const TRAPS = [
  Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0x12, 0xff, 0xff, 0xff, 0xff, 0x07),
  Uint8Array.of(0x13, 0x1b, 0x23),
  Uint8Array.of(0x00),
];

/** A message of each verb, with everything that metrics can carry. */
const SAID = (["NBIRTH", "DBIRTH", "DDATA", "NDATA", "DDEATH", "NDEATH"] as const).map((verb) => ({
  verb,
  device: verb.startsWith("D") ? "panel" : undefined,
  payload: writePayload({
    timestamp: 1_779_345_005_000,
    seq: 0,
    metrics: [
      { name: "bdSeq", dataType: DATA_TYPE.int64, value: 0 },
      ...BIRTH.map((metric, i) => ({ ...metric, quality: 192, historical: i % 2 === 0 })),
    ],
  }),
}));

/** Lets a host hear a message that was changed here and there; `roll` gives whole numbers below a bound. */
export function hearMutated(stand: HostStand, roll: (below: number) => number): void {
  const { verb, device, payload } = SAID[roll(SAID.length)]!;
  const at = roll(payload.length);
  let bytes = Uint8Array.from(payload);
  switch (roll(4)) {
    case 0:
      for (let changes = 1 + roll(4); changes > 0; changes--) bytes[roll(bytes.length)] = roll(256);
      break;
    case 1:
      bytes = bytes.subarray(0, at);
      break;
    case 2:
      bytes = Uint8Array.of(...bytes.subarray(0, at), ...TRAPS[roll(TRAPS.length)]!, ...bytes.subarray(at));
      break;
    default:
      // A stretch that comes twice: lengths that no longer fit what stands in them.
      bytes = Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(roll(at + 1)));
  }
  stand.raw(verb, bytes, device === undefined ? {} : { device });
}

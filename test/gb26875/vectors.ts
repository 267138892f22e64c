/*
 * Frames that others published, quoted as facts, and a few built from the standard's rules.
 */

/** One frame. What it says stands in `vectors.test.ts`. */
export interface Vector {
  readonly id: string;
  readonly hex: string;
  /** A decoder must take it. */
  readonly ok: boolean;
  /** Where it was published. */
  readonly source: string;
}

/** github.com/ActorLancer/GB-T-26875.3.2011-rs, GB26875文档.md: the examples of the standard's own annex. */
const EXAMPLES_OF_THE_STANDARD = "ActorLancer/GB-T-26875.3.2011-rs";
/** github.com/shootingfans/codec_gb26875_3_2011, its tests. */
const GO_CODEC = "shootingfans/codec_gb26875_3_2011";
/** Samples of the SmartTD NB-IoT detectors. */
const SMARTTD = "SmartTD";
/** A public Python sample with a wrong sum. */
const PYTHON = "a public Python sample";
/** Built from the rules of the standard. */
const BUILT = "built from the rules";

export const VECTORS: readonly Vector[] = [
  {
    id: "smoke-fire",
    hex: "404001000101203A091A090C790300000000385B0100000030000202010101280A000200020020202020202020202020202020202020202020202020202020202020202000023A091A090C462323",
    ok: true,
    source: EXAMPLES_OF_THE_STANDARD,
  },
  {
    id: "ack",
    hex: "404001000101233A091A090C385B01000000790300000000000003AB2323",
    ok: true,
    source: EXAMPLES_OF_THE_STANDARD,
  },
  {
    id: "nak",
    hex: "404001000101233A091A090C385B01000000790300000000000006AE2323",
    ok: true,
    source: EXAMPLES_OF_THE_STANDARD,
  },
  {
    id: "mains-fault",
    hex: "404001000101203A091A090C790300000000385B01000000090002150108023A091A090C422323",
    ok: true,
    source: EXAMPLES_OF_THE_STANDARD,
  },
  {
    id: "duty-answer",
    hex: "404001000101203A091A090C790300000000385B010000000A000218012001023A091A090C5F2323",
    ok: true,
    source: EXAMPLES_OF_THE_STANDARD,
  },
  {
    id: "version",
    hex: "404001000101203A091A090C790300000000385B0100000004000219010101C72323",
    ok: true,
    source: EXAMPLES_OF_THE_STANDARD,
  },
  {
    id: "device-time",
    hex: "404001000101203A091A090C790300000000385B010000000800021C01023A091A090C402323",
    ok: true,
    source: EXAMPLES_OF_THE_STANDARD,
  },
  {
    id: "read-state",
    hex: "404001000101203A091A090C385B01000000790300000000030004510100FE2323",
    ok: true,
    source: EXAMPLES_OF_THE_STANDARD,
  },
  {
    id: "reply-state",
    hex: "404001000101203A091A090C790300000000385B01000000090005150108023A091A090C452323",
    ok: true,
    source: EXAMPLES_OF_THE_STANDARD,
  },
  {
    id: "read-version",
    hex: "404001000101203A091A090C385B01000000790300000000030004550100022323",
    ok: true,
    source: EXAMPLES_OF_THE_STANDARD,
  },
  {
    id: "reply-version",
    hex: "404001000101203A091A090C790300000000385B0100000004000519010101CA2323",
    ok: true,
    source: EXAMPLES_OF_THE_STANDARD,
  },
  {
    id: "read-time",
    hex: "404001000101203A091A090C385B01000000790300000000030004580100052323",
    ok: true,
    source: EXAMPLES_OF_THE_STANDARD,
  },
  {
    id: "init",
    hex: "404001000101203A091A090C385B01000000790300000000030001590100032323",
    ok: true,
    source: EXAMPLES_OF_THE_STANDARD,
  },
  {
    id: "sync",
    hex: "404001000101203A091A090C385B010000007903000000000800015A01023A091A090C7D2323",
    ok: true,
    source: EXAMPLES_OF_THE_STANDARD,
  },
  {
    id: "duty-check",
    hex: "404001000101203A091A090C385B010000007903000000000300015B010A0F2323",
    ok: true,
    source: EXAMPLES_OF_THE_STANDARD,
  },
  {
    id: "go-codec",
    hex: "404000000101180D11160A140000000000000605040302013000020201010300D90006000200A3C1C7F8A3B1B2E3DFC8B2B8D7DFC0C8000000000000000000000000000000301213010814682323",
    ok: true,
    source: GO_CODEC,
  },
  {
    id: "smarttd-state",
    hex: "4040150002FF1C2611110615AA07000004FF0000000000003000020201830080AA070000010046393136342D54442D4E425F56312E302E315F5354442D4F4E5F32303231001C2611110615292323",
    ok: true,
    source: SMARTTD,
  },
  {
    id: "short-object-1",
    hex: "4040070002FF3B130F0306153517000006FF00000000000011000202018700283517000023003B130F030615832323",
    ok: true,
    source: SMARTTD,
  },
  {
    id: "bad-checksum",
    hex: "40406E01010122090D1A03120100000000000000000000013000020201010B280101012308000000000000000000000000000000000000000000000000000000000000000007010D1A0312ED2323",
    ok: false,
    source: PYTHON,
  },
  {
    id: "syn-analog",
    hex: "404002010101051E0E15051A40E20100000079030000000022000203020100120100070003C9FF051E0E15051A01000C0100070006FA00051E0E15051AF72323",
    ok: true,
    source: BUILT,
  },
  {
    id: "syn-sysstate",
    hex: "404003010101051E0E15051A40E2010000007903000000000C0002010101000701051E0E15051A882323",
    ok: true,
    source: BUILT,
  },
  {
    id: "syn-heartbeat",
    hex: "404004010101051E0E15051A40E2010000007903000000000000020D2323",
    ok: true,
    source: BUILT,
  },
  {
    id: "syn-ack",
    hex: "404004010101061E0E15051A79030000000040E2010000000000030F2323",
    ok: true,
    source: BUILT,
  },
];

/** The bytes of a vector. */
export function bytesOf(id: string): Buffer {
  const vector = VECTORS.find((candidate) => candidate.id === id);
  if (vector === undefined) throw new Error(`no vector ${id}`);
  return Buffer.from(vector.hex, "hex");
}

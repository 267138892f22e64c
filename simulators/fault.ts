import { z } from "zod";
import { REASON_NAMES, type ReasonName } from "../model/quality.ts";
import { durationSchema } from "../model/schema.ts";
import { type Micros, parseDuration } from "../model/time.ts";

/*
 * What can go wrong between an instrument and the gateway, on purpose. A fault is laid on a channel (`gd-01.lel`), a
 * device (`gd-01`) or a link (`link@bus-1`: all devices of it).
 */

const on = z
  .string()
  .regex(
    /^(link@[a-z0-9_-]+|[a-z0-9_-]+(:[a-z0-9_-]+)?(\.[a-z0-9_-]+)*)$/,
    "write gd-01, gd-01.lel or link@bus-1",
  )
  .meta({ description: "Whom it befalls: a channel, a device or a link.", examples: ["link@bus-1"] });

const every = z
  .number()
  .int()
  .min(1)
  .max(1_000_000)
  .default(1)
  .meta({ description: "Only every so many-th answer or message is spoilt." });

/** Longest time an answer is held back or spread over. */
const LONGEST_WAIT = "10m";

const onWire = { on, every };

export const faultSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("timeout"), ...onWire }).meta({ description: "Modbus: no answer." }),
  z
    .strictObject({
      kind: z.literal("exception"),
      code: z.number().int().min(1).max(255).default(4).meta({ description: "Exception code." }),
      ...onWire,
    })
    .meta({ description: "Modbus: an exception instead of the answer." }),
  z
    .strictObject({ kind: z.literal("reset"), ...onWire })
    .meta({ description: "Modbus TCP: the connection is reset (RST) instead of an answer." }),
  z
    .strictObject({
      kind: z.literal("fragments"),
      size: z.number().int().min(1).max(260).default(1).meta({ description: "Bytes in a piece." }),
      pause: durationSchema({ max: LONGEST_WAIT })
        .prefault("2ms")
        .meta({ description: "Between two pieces." }),
      ...onWire,
    })
    .meta({ description: "Modbus: the answer comes in pieces." }),
  z
    .strictObject({
      kind: z.literal("stray"),
      bytes: z
        .string()
        .regex(/^([0-9a-fA-F]{2}\s*){1,260}$/, "write bytes in hexadecimal, for example 00 ff")
        .default("00ff")
        .meta({ description: "Bytes in hexadecimal that belong to nothing." }),
      place: z
        .enum(["before", "after"])
        .default("before")
        .meta({ description: "Before or after the answer." }),
      ...onWire,
    })
    .meta({ description: "Modbus: bytes that belong to nothing." }),
  z
    .strictObject({ kind: z.literal("echo"), ...onWire })
    .meta({ description: "Modbus: a two-wire converter repeats the question before the answer." }),
  z
    .strictObject({ kind: z.literal("glued"), ...onWire })
    .meta({ description: "Modbus: the answer is kept back, and comes in one piece with the next one." }),
  z
    .strictObject({ kind: z.literal("truncated"), ...onWire })
    .meta({ description: "Modbus: only the first half of the answer comes." }),
  z
    .strictObject({ kind: z.literal("wrong-unit"), ...onWire })
    .meta({ description: "Modbus: the answer carries the next unit id." }),
  z
    .strictObject({ kind: z.literal("wrong-transaction"), ...onWire })
    .meta({ description: "Modbus TCP: the answer carries another transaction id." }),
  z
    .strictObject({ kind: z.literal("wrong-crc"), ...onWire })
    .meta({ description: "Modbus RTU: the check sum is wrong." }),
  z
    .strictObject({
      kind: z.literal("slow"),
      delay: durationSchema({ min: "1ms", max: LONGEST_WAIT }).meta({
        description: "Time before the answer.",
      }),
      ...onWire,
    })
    .meta({ description: "The answer or message comes late." }),
  z.strictObject({ kind: z.literal("dead"), on }).meta({
    description:
      "On a link: the port is closed, or the serial bus silent. On a Modbus device: it never answers. On an MQTT device: it is gone without a word (its will is published).",
  }),
  z
    .strictObject({ kind: z.literal("offline"), on })
    .meta({ description: "MQTT: the device disconnects in good order, so no will is published." }),
  z.strictObject({ kind: z.literal("nan"), on }).meta({
    description: "A channel: not a number. Integers say it with the profile's code, JSON with null.",
  }),
  z.strictObject({ kind: z.literal("missing"), on }).meta({
    description: "A Modbus channel: its registers are not there; requests for them get exception 2.",
  }),
  z
    .strictObject({ kind: z.literal("stuck"), on })
    .meta({ description: "A channel or device: values stand still." }),
  z
    .strictObject({
      kind: z.literal("code"),
      raw: z
        .number()
        .optional()
        .meta({ description: "The raw number that stands in the register or payload." }),
      reason: z
        .enum(REASON_NAMES as [ReasonName, ...ReasonName[]])
        .optional()
        .meta({ description: "Or: the profile's code for this.", examples: ["sensor_failure"] }),
      on,
    })
    .refine((fault) => (fault.raw === undefined) !== (fault.reason === undefined), {
      message: "give either raw or reason",
    })
    .meta({ description: "A channel: a sentinel or fault code of its profile instead of a value." }),
  z
    .strictObject({
      kind: z.literal("clock"),
      offset: z
        .string()
        .regex(/^-?(\d+(\.\d+)?(us|ms|min|s|m|h|d))+$/, "write for example 1h or -9000d")
        .meta({ description: "Added to the device's time.", examples: ["-9000d"] }),
      on,
    })
    .meta({ description: "A device: its clock is wrong." }),
  z
    .strictObject({
      kind: z.literal("malformed"),
      text: z
        .string()
        .max(4_096)
        .optional()
        .meta({ description: "What it sends. Default: its JSON, cut off." }),
      ...onWire,
    })
    .meta({ description: "MQTT, Sparkplug, LoRaWAN, pushes: the payload cannot be parsed." }),
  z
    .strictObject({ kind: z.literal("lost"), ...onWire })
    .meta({ description: "Sparkplug, LoRaWAN: the message is lost on the way, and its number with it." }),
  z
    .strictObject({ kind: z.literal("wrong-alias"), ...onWire })
    .meta({ description: "Sparkplug: the values come under aliases that no birth gave." }),
  z.strictObject({ kind: z.literal("kept"), on }).meta({
    description: "Sparkplug: the device keeps what it measures, and says it at the end, as historical.",
  }),
  z.strictObject({ kind: z.literal("duplicate"), ...onWire }).meta({
    description:
      "MQTT: the connection breaks before the acknowledgement; the message comes again with DUP. Pushes: the platform sends it twice under one id. LoRaWAN: the network server says an uplink twice.",
  }),
  z
    .strictObject({ kind: z.literal("forged"), ...onWire })
    .meta({ description: "Pushes: signed, or with a token, by who does not know the secret." }),
  z
    .strictObject({
      kind: z.literal("slow-body"),
      over: durationSchema({ min: "10ms", max: LONGEST_WAIT })
        .prefault("5s")
        .meta({ description: "How long the body takes." }),
      ...onWire,
    })
    .meta({ description: "Pushes: the body comes in small pieces." }),
  z
    .strictObject({
      kind: z.literal("burst"),
      messages: z
        .number()
        .int()
        .min(2)
        .max(1_000)
        .default(100)
        .meta({ description: "How many times it says the same, each a message of its own." }),
      ...onWire,
    })
    .meta({ description: "Pushes: many messages at once." }),
  z
    .strictObject({ kind: z.literal("wrong-port"), ...onWire })
    .meta({ description: "LoRaWAN: the uplink comes on a port that nothing is expected on." }),
  z
    .strictObject({ kind: z.literal("counter-reset"), on })
    .meta({ description: "LoRaWAN: the device begins anew: its frame counter is 0 again, once." }),
]);
export type Fault = z.output<typeof faultSchema>;
export type FaultKind = Fault["kind"];

/** Faults that change what a channel says, as opposed to how it is carried. */
export type ChannelFault = Extract<Fault, { kind: "nan" | "stuck" | "code" | "missing" }>;

const CHANNEL_KINDS: ReadonlySet<FaultKind> = new Set<ChannelFault["kind"]>([
  "nan",
  "stuck",
  "code",
  "missing",
]);

/** Whether a fault changes what a channel says. */
export function isChannelFault(fault: Fault): fault is ChannelFault {
  return CHANNEL_KINDS.has(fault.kind);
}

/** Whether faults take a device away, and how. */
export function awayBy(faults: readonly Fault[]): "here" | "dead" | "offline" {
  if (faults.some(({ kind }) => kind === "dead")) return "dead";
  return faults.some(({ kind }) => kind === "offline") ? "offline" : "here";
}

/** How wrong the clock of a device is. */
export function clockOffset(faults: readonly Fault[]): Micros {
  let offset = 0;
  for (const fault of faults) {
    if (fault.kind !== "clock") continue;
    const back = fault.offset.startsWith("-");
    const span = parseDuration(back ? fault.offset.slice(1) : fault.offset) ?? 0;
    offset += back ? -span : span;
  }
  return offset;
}

/** What people are told of a fault, by its kind. */
export const FAULT_TEXT: Readonly<Record<FaultKind, { readonly zh: string; readonly en: string }>> = {
  timeout: { zh: "无应答", en: "no answer" },
  exception: { zh: "返回异常码", en: "answers with an exception" },
  reset: { zh: "连接被复位", en: "resets the connection" },
  fragments: { zh: "应答分片到达", en: "answers in pieces" },
  stray: { zh: "夹带多余字节", en: "stray bytes" },
  echo: { zh: "回显请求", en: "echoes the question" },
  glued: { zh: "应答粘包", en: "answers together with the next" },
  truncated: { zh: "应答不完整", en: "answers only half" },
  "wrong-unit": { zh: "应答的从站地址错误", en: "answers with a wrong unit id" },
  "wrong-transaction": { zh: "应答的事务号错误", en: "answers with a wrong transaction id" },
  "wrong-crc": { zh: "校验错误", en: "answers with a wrong check sum" },
  slow: { zh: "应答迟缓", en: "answers late" },
  dead: { zh: "离线（无预兆）", en: "gone without a word" },
  offline: { zh: "正常离线", en: "signs off" },
  nan: { zh: "数值无效", en: "not a number" },
  missing: { zh: "寄存器不存在", en: "its registers are not there" },
  stuck: { zh: "数值卡死", en: "value stuck" },
  code: { zh: "输出故障码", en: "shows a fault code" },
  clock: { zh: "时钟错误", en: "its clock is wrong" },
  malformed: { zh: "报文无法解析", en: "sends what cannot be parsed" },
  lost: { zh: "报文丢失", en: "a message is lost" },
  "wrong-alias": { zh: "指标别名错误", en: "wrong aliases" },
  kept: { zh: "数据暂存待补发", en: "keeps its values for later" },
  duplicate: { zh: "重发报文", en: "sends again" },
  forged: { zh: "签名或令牌错误", en: "pushes with a wrong secret" },
  "slow-body": { zh: "报文体发送迟缓", en: "sends its body slowly" },
  burst: { zh: "突发大量报文", en: "sends a burst" },
  "wrong-port": { zh: "端口号错误", en: "sends on a wrong port" },
  "counter-reset": { zh: "帧计数归零", en: "its frame counter begins anew" },
};

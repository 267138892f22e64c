import { MODES } from "../../model/domain.ts";
import { BAD, qualityOf, REASON, type Reason } from "../../model/quality.ts";
import { isDiscrete, quantityRow } from "../../model/quantity.ts";
import { FLAG_MODE_SHIFT, NO_TIME, type ReadingBatch } from "../../model/reading.ts";
import type { Channel } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import { exceed, isRangeReason, judge } from "../judge.ts";
import { compileValue, type Decoded, type ValueDecoder, valueSchema } from "../value.ts";
import { type CigemMessage, samplesOf, wantedSensors } from "./cigem.ts";
import { compileTime, type TimeReader, UNREADABLE_TIME } from "./device-time.ts";
import { type EntryPaths, type NamedEntries, SAMPLES_MAX, samplesAt } from "./entries.ts";
import { lookup, type Path, parsePath, wordOf } from "./path.ts";
import { PayloadError } from "./payload-error.ts";
import type { PayloadChannel, PayloadMessage, Selection, StatusOption } from "./profile.ts";

const TEST_FLAG = MODES.indexOf("test") << FLAG_MODE_SHIFT;

/** Told of every reading with the fragment it came from; for people, never on the hot path. */
export type Trace = (index: number, raw: unknown, path: Path) => void;

/** One kind of message of one device, ready to decode. */
export interface MessageDecoder {
  readonly format: PayloadMessage["format"];
  /** Where the entries of several devices stand, when its payloads have such: those of this device are decoded. */
  readonly entries: EntryPaths | undefined;
  /** All channels it can carry. */
  readonly channels: readonly Channel[];
  /** It carries what was stored meanwhile, and not only what is. */
  readonly stored: boolean;
  /**
   * Adds the readings a payload carries. `root` is the parsed JSON, the text of a plain payload, a `CigemMessage`, or with `entries`
   * the `NamedEntries`.
   * @throws PayloadError or CigemError when the payload is not of the declared form; nothing is added then.
   */
  decode(root: unknown, batch: ReadingBatch, trace?: Trace): void;
}

interface ChannelDecoder {
  readonly channel: Channel;
  readonly path: Path;
  readonly decode: ValueDecoder;
  readonly ignored: ReadonlySet<string> | undefined;
  /** With `ignore: others`: the raw values that do say something. */
  readonly only: ReadonlySet<string> | undefined;
  /** Texts are compared in lower case: the default words of states. */
  readonly folded: boolean;
  /** Its values are codes. */
  readonly discrete: boolean;
}

interface StatusDecoder {
  readonly path: Path;
  /** What it can say, each reason once. What speaks of the range comes first: a fault beside it does not undo it. */
  readonly reasons: readonly Reason[];
  /** What a raw value says: a bit for each of the reasons. */
  readonly held: (raw: unknown) => number;
  /** Positions in the message's channels. */
  readonly targets: readonly number[];
}

type Selector = (root: unknown) => boolean;

/** What is the device's own and not its profile's. */
export interface CompileOptions {
  /** What it calls itself, where several devices stand in one payload. */
  readonly name?: string;
  /** Offset of its clock, where that is set to local time. */
  readonly zone?: string | undefined;
}

/**
 * Compiles one message of a profile for one device; `channels` maps local ids to the device's channels, and what the device
 * leaves out is skipped.
 * @throws ConfigurationError UNIT_MISMATCH when a unit does not convert.
 */
export function compileMessage(
  message: PayloadMessage,
  channels: ReadonlyMap<string, Channel>,
  { name = "", zone }: CompileOptions = {},
): MessageDecoder {
  const locals = Object.keys(message.channels).filter((local) => channels.has(local));
  const decoders = locals.map((local) =>
    compileChannel(
      { local, option: message.channels[local]!, plain: message.format === "plain" },
      channels.get(local)!,
    ),
  );
  const statuses = message.status.map((status) => compileStatus(status, locals));
  const selected = message.when === undefined ? undefined : compileSelection(message.when);
  const tested = message.test === undefined ? undefined : compileSelection(message.test);
  const readTime = compileTimeOf(message, zone);
  const timePath = message.time === undefined ? [] : parsePath(message.time.path);
  const { each } = message;
  const samplesPath = each === undefined ? undefined : parsePath(each.path);
  const entries = entryPathsOf(message);
  const out: Decoded = { value: 0, reason: 0 };
  /** Where in the batch each channel of the present sample stands, or -1. */
  const positions = new Int32Array(decoders.length);

  const sample = (
    node: unknown,
    time: Micros,
    target: { batch: ReadingBatch; flags: number; trace: Trace | undefined },
  ) => {
    const { batch, flags, trace } = target;
    for (let i = 0; i < decoders.length; i++) {
      const decoder = decoders[i]!;
      const raw = lookup(node, decoder.path);
      positions[i] = -1;
      if (!decodeRaw(decoder, raw, out)) continue;
      positions[i] = batch.length;
      batch.add(decoder.channel.index, out.value, out.reason, time);
      if (flags !== 0) batch.flags[batch.length - 1] = flags;
      trace?.(batch.length - 1, raw, decoder.path);
    }
    for (const status of statuses) {
      const raw = lookup(node, status.path);
      let held = status.held(raw);
      for (let i = 0; held !== 0; i++, held >>>= 1) {
        if ((held & 1) === 0) continue;
        const reason = status.reasons[i]!;
        for (const at of status.targets) {
          const { channel } = decoders[at]!;
          if (positions[at]! < 0) {
            if (qualityOf(reason) !== BAD && reason !== REASON.over_range) continue;
            positions[at] = batch.length;
            batch.add(channel.index, Number.NaN, REASON.missing_value, time);
            if (flags !== 0) batch.flags[batch.length - 1] = flags;
            trace?.(batch.length - 1, raw, status.path);
            if (!isRangeReason(reason)) batch.reason[positions[at]!] = reason;
          }
          degrade(batch, positions[at]!, { reason, danger: channel.danger });
        }
      }
    }
  };

  const wanted = wantedSensors([...decoders, ...statuses].map(({ path }) => path));
  const decodeSeveral = (root: CigemMessage, target: Parameters<typeof sample>[2]): void => {
    const samples = samplesOf(root, name, { wanted, bound: SAMPLES_MAX }) ?? [];
    const dated = samples.map(({ time, sensors }) => ({
      sensors,
      // Without a time it is of now: after all that was kept.
      time: time === undefined ? NO_TIME : (readTime?.(time) ?? UNREADABLE_TIME),
    }));
    // The newest reading of a channel must come last, or it would decide as a late one.
    dated.sort((a, b) => rank(a.time) - rank(b.time));
    for (const { sensors, time } of dated) sample(sensors, time, target);
  };

  const decodeEntries = ({ root, byName }: NamedEntries, target: Parameters<typeof sample>[2]): void => {
    for (const entry of byName.get(name) ?? []) {
      const own = timeOf(entry, timePath, readTime);
      // One time may stand for all of them.
      const time = Number.isNaN(own) ? timeOf(root, timePath, readTime) : own;
      sample(entry, Number.isNaN(time) && readTime !== undefined ? UNREADABLE_TIME : time, target);
    }
  };

  const decode = (said: unknown, batch: ReadingBatch, trace?: Trace): void => {
    const root = entries === undefined ? said : (said as NamedEntries).root;
    if (message.format === "json" && (typeof root !== "object" || root === null)) {
      throw new PayloadError("the payload is no JSON object or array");
    }
    if (selected !== undefined && !selected(root)) return;
    const target = { batch, flags: tested?.(root) === true ? TEST_FLAG : 0, trace };
    if (message.format === "cigem") {
      decodeSeveral(root as CigemMessage, target);
      return;
    }
    if (entries !== undefined) {
      decodeEntries(said as NamedEntries, target);
      return;
    }
    if (samplesPath === undefined || each === undefined) {
      sample(root, timeOf(root, timePath, readTime), target);
      return;
    }
    const samples = samplesAt(root, samplesPath);
    if (samples === undefined) return;
    if (each.interval === undefined) {
      for (const element of samples) {
        const time = timeOf(element, timePath, readTime);
        // Stored samples say when: one of them without its time is of unknown age, not of now.
        const dated = Number.isNaN(time) && readTime !== undefined ? UNREADABLE_TIME : time;
        sample(element, dated, target);
      }
      return;
    }
    const anchor = timeOf(root, timePath, readTime);
    const first = each.anchor === "first" ? 0 : samples.length - 1;
    for (let i = 0; i < samples.length; i++) {
      // An anchor nobody can read stays unreadable for all samples.
      const time = anchor === UNREADABLE_TIME ? anchor : anchor + (i - first) * each.interval;
      sample(samples[i], time, target);
    }
  };

  return {
    format: message.format,
    entries,
    channels: decoders.map((decoder) => decoder.channel),
    stored: (each !== undefined && entries === undefined) || message.format === "cigem",
    decode,
  };
}

/** Where a message's entries stand, when it has those of several devices. */
export function entryPathsOf({ each }: PayloadMessage): EntryPaths | undefined {
  if (each?.device === undefined) return undefined;
  const paths = { list: parsePath(each.path), device: parsePath(each.device) };
  return { ...paths, key: JSON.stringify(paths) };
}

/** Undated readings come last; the greatest number stands for infinity, whose difference from itself is none. */
function rank(time: Micros): number {
  return Number.isNaN(time) ? Number.MAX_VALUE : time;
}

function compileTimeOf({ time, format }: PayloadMessage, zone: string | undefined): TimeReader | undefined {
  const option = time ?? (format === "cigem" ? { path: "", format: "rfc3339" as const } : undefined);
  if (option === undefined) return undefined;
  const written = option.format === "rfc3339" || option.format === "local";
  return compileTime(zone !== undefined && written ? { ...option, format: "local", zone } : option);
}

/** Puts the raw value through the channel's mapping. False: it says nothing about this channel. */
function decodeRaw(decoder: ChannelDecoder, raw: unknown, out: Decoded): boolean {
  switch (typeof raw) {
    case "undefined":
      return false;
    case "boolean":
      if (isIgnored(decoder, raw)) return false;
      // A yes or no in place of a number on a scale is none: false must not read as no gas.
      if (decoder.discrete) decoder.decode(raw, out);
      else undecodable(out);
      return true;
    case "number":
      if (isIgnored(decoder, raw)) return false;
      decoder.decode(raw, out);
      return true;
    case "string":
      if (isIgnored(decoder, raw)) return false;
      decoder.decode(decoder.folded ? raw.trim().toLowerCase() : raw, out);
      return true;
    default:
      undecodable(out);
      if (raw === null) out.reason = REASON.missing_value;
      return true;
  }
}

function undecodable(out: Decoded): void {
  out.value = Number.NaN;
  out.reason = REASON.undecodable;
}

function isIgnored(decoder: ChannelDecoder, raw: string | number | boolean): boolean {
  if (decoder.ignored?.has(String(raw)) === true) return true;
  return decoder.only !== undefined && !decoder.only.has(String(raw));
}

function timeOf(node: unknown, path: Path, read: TimeReader | undefined): Micros {
  if (read === undefined) return NO_TIME;
  const raw = lookup(node, path);
  if (raw === undefined || raw === null) return NO_TIME;
  return typeof raw === "string" || typeof raw === "number" ? read(raw) : UNREADABLE_TIME;
}

function compileChannel(
  { local, option, plain }: { local: string; option: PayloadChannel; plain: boolean },
  channel: Channel,
): ChannelDecoder {
  const words = option.states === undefined ? defaultStates(channel) : undefined;
  const states = option.states ?? words;
  const mapping = valueSchema.parse({
    unit: option.unit,
    scale: option.scale,
    offset: option.offset,
    codes: option.codes,
    states,
  });
  const target =
    channel.range === undefined ? { unit: channel.unit } : { unit: channel.unit, range: channel.range };
  return {
    channel,
    path: plain ? [] : parsePath(option.path ?? [local]),
    decode: compileValue(mapping, target),
    ignored: Array.isArray(option.ignore) && option.ignore.length > 0 ? new Set(option.ignore) : undefined,
    only: option.ignore === "others" ? new Set(Object.keys(states ?? {})) : undefined,
    folded: words !== undefined,
    discrete: isDiscrete(channel.quantity) || states !== undefined,
  };
}

/** What a two-state channel understands when its profile lists no states: the words of its quantity, and the usual ones. */
function defaultStates(channel: Channel): Record<string, number> | undefined {
  const names = quantityRow(channel.quantity).states;
  if (names?.length !== 2) return undefined;
  return { true: 1, on: 1, "1": 1, yes: 1, false: 0, off: 0, "0": 0, no: 0, [names[0]!]: 0, [names[1]!]: 1 };
}

function compileStatus(status: StatusOption, locals: readonly string[]): StatusDecoder {
  const said = Object.entries(status.reasons ?? status.bits ?? {}).map(([raw, name]) => ({
    raw,
    reason: REASON[name],
  }));
  const reasons = [...new Set(said.map(({ reason }) => reason))].sort(
    (a, b) => Number(isRangeReason(b)) - Number(isRangeReason(a)),
  );
  const held = said.map(({ raw, reason }) => ({ raw, flag: (1 << reasons.indexOf(reason)) >>> 0 }));
  const named = status.channels ?? locals;
  return {
    path: parsePath(status.path),
    reasons,
    held: status.bits === undefined ? heldByWord(held) : heldByBit(held),
    targets: named.map((local) => locals.indexOf(local)).filter((at) => at >= 0),
  };
}

function heldByWord(words: readonly { raw: string; flag: number }[]): StatusDecoder["held"] {
  const flags = new Map(words.map(({ raw, flag }) => [raw, flag]));
  return (raw) => {
    const word = wordOf(raw);
    return word === undefined ? 0 : (flags.get(word) ?? 0);
  };
}

function heldByBit(bits: readonly { raw: string; flag: number }[]): StatusDecoder["held"] {
  const masks = bits.map(({ raw, flag }) => ({ mask: (1 << Number(raw)) >>> 0, flag }));
  return (raw) => {
    const word = typeof raw === "object" ? Number.NaN : Number(raw);
    let held = 0;
    if (Number.isInteger(word)) for (const { mask, flag } of masks) if ((word & mask) !== 0) held |= flag;
    return held;
  };
}

/** Lowers the quality of a reading, as `judge` and `exceed` have it. */
function degrade(batch: ReadingBatch, at: number, by: { reason: Reason; danger: boolean }): void {
  judged.value = batch.value[at]!;
  judged.reason = batch.reason[at]!;
  if (isRangeReason(by.reason)) exceed(judged, by.reason);
  else judge(judged, by.reason, by.danger);
  batch.value[at] = judged.value;
  batch.reason[at] = judged.reason;
}

const judged: Decoded = { value: 0, reason: 0 };

function compileSelection(selection: Selection): Selector {
  const path = parsePath(selection.path);
  const accepted = new Set(selection.equals);
  return (root) => {
    const word = wordOf(lookup(root, path));
    return word !== undefined && accepted.has(word);
  };
}

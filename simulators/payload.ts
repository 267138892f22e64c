import type { AvailabilityOption, PayloadSection } from "../drivers/mqtt/profile.ts";
import { DEVICE_PLACEHOLDER } from "../drivers/mqtt/topic.ts";
import { zoneOffset } from "../drivers/payload/local-zone.ts";
import { type Path, parsePath } from "../drivers/payload/path.ts";
import type { PayloadChannel, PayloadMessage, StatusOption, TimeOption } from "../drivers/payload/profile.ts";
import type { ReasonName } from "../model/quality.ts";
import { isDiscrete, quantityRow } from "../model/quantity.ts";
import { MILLISECOND, type Micros, SECOND } from "../model/time.ts";
import type { Instrument, PlayedAddress, PlayedChannel, Saying } from "./instrument.ts";
import { type Json, putAt } from "./json-path.ts";
import type { Moment } from "./moment.ts";
import { compileRaw, type RawValue } from "./raw-value.ts";

/** Stands for a wildcard of a topic pattern: an instrument publishes to one topic. */
const WILDCARD_LEVEL = "simulated";

/** What a device calls itself. */
export function deviceName(id: string, address: PlayedAddress): string {
  return address.id ?? id;
}

/** The topic that a device publishes to, without a suffix. */
export function deviceTopic(id: string, section: PayloadSection, address: PlayedAddress): string {
  return (address.topic ?? section.topic)
    .replaceAll(DEVICE_PLACEHOLDER, deviceName(id, address))
    .split("/")
    .map((level) => (level === "+" || level === "#" ? WILDCARD_LEVEL : level))
    .join("/");
}

/** The will and greeting of a device that has an availability topic. */
export function availabilityPayload(availability: AvailabilityOption, state: "online" | "offline"): string {
  const raw = availability[state][0]!;
  return availability.path === undefined
    ? raw
    : JSON.stringify(putAt(undefined, parsePath(availability.path), raw));
}

/** The kinds of message a device sends by itself: one that only repeats what an earlier kind carries is for catching up. */
export function spoken(messages: readonly PayloadMessage[]): readonly PayloadMessage[] {
  const carried = new Set<string>();
  return messages.filter((message) => {
    const channels = Object.keys(message.channels);
    const repeats = message.when === undefined && channels.every((channel) => carried.has(channel));
    for (const channel of channels) carried.add(channel);
    return !repeats;
  });
}

/** How one channel stands in a kind of message. */
interface Field {
  readonly index: number;
  readonly channel: PlayedChannel;
  readonly option: PayloadChannel;
  readonly raw: RawValue;
  /** A discrete channel without states of its own is sent as true or false. */
  readonly truth: boolean;
}

/** The channels that stand at one place of a message; several where the field is an event or state code. */
interface Slot {
  readonly path: Path;
  readonly fields: readonly Field[];
  /** Codes that mean a test: never what the simulators send. */
  readonly tests: readonly string[];
}

/** One kind of message of an instrument: turns what its channels say into a payload by the profile. */
export class PayloadBuilder {
  readonly message: PayloadMessage;
  /** Discrete channels: an instrument tells at once when they change. */
  readonly discrete: readonly number[];
  /** Whether several channels stand in one field, so that a message can say only one of them. */
  readonly sharesFields: boolean;
  readonly #instrument: Instrument;
  readonly #slots: readonly Slot[];

  constructor(instrument: Instrument, message: PayloadMessage) {
    this.message = message;
    this.#instrument = instrument;
    const slots = new Map<string, { path: Path; fields: Field[]; tests: readonly string[] }>();
    const discrete: number[] = [];
    instrument.device.channels.forEach((channel, index) => {
      const option = message.channels[channel.local];
      if (option === undefined) return;
      const path = parsePath(option.path ?? [channel.local]);
      const key = JSON.stringify(path);
      const slot = slots.get(key) ?? { path, fields: [], tests: testCodes(message, key) };
      slots.set(key, slot);
      const truth = option.states === undefined && quantityRow(channel.quantity).states?.length === 2;
      slot.fields.push({ index, channel, option, raw: compileRaw(option, channel.unit), truth });
      if (isDiscrete(channel.quantity)) discrete.push(index);
    });
    this.#slots = [...slots.values()];
    this.discrete = discrete;
    this.sharesFields = this.#slots.some(({ fields }) => fields.length > 1);
  }

  /**
   * The payload at a moment. `time` is the device's own clock; `focus` the channel that has changed, which is told where
   * several channels share one field.
   */
  build(moment: Moment, { time, focus }: { time: Micros; focus?: number | undefined }): string {
    const says = (field: Field): Saying => this.#instrument.says(field.index, moment);
    if (this.message.format === "plain") {
      const slot = this.#slots[0];
      const value = slot === undefined ? "" : slotValue(slot, says, focus);
      return typeof value === "string" ? value : JSON.stringify(value);
    }
    let element: Json = {};
    for (const slot of this.#slots) element = putAt(element, slot.path, slotValue(slot, says, focus));
    for (const status of this.message.status) {
      const value = this.#statusValue(status, says);
      if (value !== undefined) element = putAt(element, parsePath(status.path), value);
    }
    if (this.message.format === "cigem") return JSON.stringify(this.#underName(element, time));
    return JSON.stringify(this.#envelope(element, time));
  }

  #envelope(element: Json, time: Micros): Json {
    const { when, device, each } = this.message;
    const address = this.#instrument.device.address;
    const timed = this.message.time;
    let inner = element;
    // A message's time stands outside the array when its samples are told apart by their interval.
    const timeInside = timed !== undefined && (each === undefined || each.interval === undefined);
    if (timed !== undefined && timeInside)
      inner = putAt(inner, parsePath(timed.path), timeField(timed, time));
    const own = deviceName(this.#instrument.device.id, address);
    if (each?.device !== undefined) inner = putAt(inner, parsePath(each.device), own);
    let root: Json = each === undefined ? inner : putAt({}, parsePath(each.path), [inner]);
    if (timed !== undefined && !timeInside) root = putAt(root, parsePath(timed.path), timeField(timed, time));
    if (device !== undefined) root = putAt(root, parsePath(device), own);
    if (when !== undefined && !this.#carries(parsePath(when.path))) {
      root = putAt(root, parsePath(when.path), scalar(when.equals[0]!));
    }
    return root;
  }

  /** The variant without a header: each sensor has its value under the time. */
  #underName(element: Json, time: Micros): Json {
    const { id, address } = this.#instrument.device;
    const written = String(timeField(this.message.time ?? { path: "", format: "rfc3339" }, time));
    let root: Json = {};
    for (const [sensor, value] of Object.entries(element ?? {})) {
      root = putAt(root, [deviceName(id, address), sensor, written], value);
    }
    return root;
  }

  #carries(path: Path): boolean {
    const key = JSON.stringify(path);
    return this.#slots.some((slot) => JSON.stringify(slot.path) === key);
  }

  /** What a status field says: the code of a fault that is laid on a channel and has no code of its own there. */
  #statusValue(status: StatusOption, says: (field: Field) => Saying): Json | undefined {
    for (const field of this.#slots.flatMap(({ fields }) => fields)) {
      const reason = says(field).code?.reason;
      if (reason === undefined || field.raw.code(reason) !== undefined) continue;
      if (status.channels !== undefined && !status.channels.includes(field.channel.local)) continue;
      const raw = rawOf(status.reasons, reason);
      if (raw !== undefined) return scalar(raw);
      const bit = rawOf(status.bits, reason);
      if (bit !== undefined) return 2 ** Number(bit);
    }
    return undefined;
  }
}

/** The codes of a field that mark a message as a test. */
function testCodes({ test }: PayloadMessage, key: string): readonly string[] {
  return test !== undefined && JSON.stringify(parsePath(test.path)) === key ? test.equals : [];
}

function rawOf(
  table: Readonly<Record<string, ReasonName>> | undefined,
  reason: ReasonName,
): string | undefined {
  return Object.entries(table ?? {}).find(([, known]) => known === reason)?.[0];
}

function slotValue(slot: Slot, says: (field: Field) => Saying, focus: number | undefined): Json {
  const [first] = slot.fields;
  if (slot.fields.length === 1 && first !== undefined && first.option.states === undefined) {
    return fieldValue(first, says(first));
  }
  return codeValue(
    slot,
    slot.fields.map((field) => ({ field, saying: says(field) })),
    focus,
  );
}

interface Said {
  readonly field: Field;
  readonly saying: Saying;
}

/**
 * The code of a field with states that contradicts none of its channels and tells most: of the one that has changed, then
 * of those that are active. A fault that is laid on a channel comes before all.
 */
function codeValue(slot: Slot, said: readonly Said[], focus: number | undefined): Json {
  const coded = said.find(({ field, saying }) => codeOf(saying, field) !== undefined);
  if (coded !== undefined) return codeOf(coded.saying, coded.field)!;
  const codes = new Set(slot.fields.flatMap(({ option }) => Object.keys(option.states ?? {})));
  let best: { raw: string; score: number } | undefined;
  for (const raw of codes) {
    if (slot.tests.includes(raw)) continue;
    let score = 0;
    for (const { field, saying } of said) {
      const state = field.option.states?.[raw];
      if (state === undefined) continue;
      if (state !== saying.value) score -= CONTRADICTION;
      else score += 1 + (field.index === focus ? FOCUS : 0) + (state === 0 ? 0 : ACTIVE);
    }
    if (best === undefined || score > best.score) best = { raw, score };
  }
  return best === undefined ? fieldValue(slot.fields[0]!, said[0]!.saying) : scalar(best.raw);
}

/** Weights of `codeValue`: each outweighs any number of those below it (a message has fewer than a hundred channels). */
const ACTIVE = 100;
const FOCUS = 10_000;
const CONTRADICTION = 1_000_000;

function codeOf(saying: Saying, field: Field): Json | undefined {
  const { code } = saying;
  return code?.raw ?? (code?.reason === undefined ? undefined : field.raw.code(code.reason));
}

function fieldValue(field: Field, saying: Saying): Json {
  const coded = codeOf(saying, field);
  if (coded !== undefined) return coded;
  const raw = field.raw.of(saying.value);
  if (Number.isNaN(saying.value)) return typeof raw === "number" && Number.isFinite(raw) ? raw : null;
  if (field.truth) return saying.value !== 0;
  if (typeof raw === "string") return scalar(raw);
  // JSON knows no infinity; such instruments write a text.
  return Number.isFinite(raw) ? rounded(raw) : String(raw);
}

/** A raw text of a profile as an instrument would write it: numbers and truth values bare, `01` as the text that it is. */
function scalar(raw: string): Json {
  if (raw === "true" || raw === "false") return raw === "true";
  return raw !== "" && String(Number(raw)) === raw ? Number(raw) : raw;
}

/** Instruments send a handful of digits, not fifteen. */
const SIGNIFICANT_DIGITS = 7;

function rounded(value: number): number {
  return Number(value.toPrecision(SIGNIFICANT_DIGITS));
}

/** An instant as a message writes it. */
export function timeField(option: TimeOption, time: Micros): Json {
  switch (option.format) {
    case "unix":
      return Math.floor(time / SECOND);
    case "unix-ms":
      return Math.floor(time / MILLISECOND);
    case "unix-us":
      return time;
    case "rfc3339":
      return new Date(Math.floor(time / MILLISECOND)).toISOString();
    case "local": {
      const local = new Date(Math.floor((time + zoneOffset(option.zone ?? "+00:00", time)) / MILLISECOND));
      return local.toISOString().slice(0, -1).replace("T", " ");
    }
  }
}

import { describe, type TocsinError } from "../../model/error.ts";
import { REASON } from "../../model/quality.ts";
import { ReadingBatch } from "../../model/reading.ts";
import type { Clock, Micros } from "../../model/time.ts";
import type { SnapshotValue } from "../driver.ts";
import type { Bus } from "./bus.ts";
import type { CompiledDevice } from "./compile.ts";
import { isIllegalRegister, reasonOf } from "./failure.ts";
import { type Group, type GroupValue, NO_CHANNEL } from "./group.ts";
import { type PlannedRequest, plan, spanText } from "./planner.ts";
import { isBitTable } from "./registers.ts";
import { SelfChecks } from "./self-check.ts";

export interface SnapshotRequest {
  readonly device: CompiledDevice;
  readonly bus: Bus;
  readonly timeout: Micros;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Tells the device to measure, where it must be told. */
  readonly trigger: () => Promise<void>;
}

/** What was heard for the values of one group. */
interface Heard {
  readonly group: Group;
  /** By value: its own bytes, or why there are none. */
  readonly raw: Map<number, string>;
}

/**
 * Asks a device for everything once, in the link's queue: what `tocsin read` shows. What it refuses is shown value by value.
 * @throws DeviceError or NetworkError when it answers nothing at all.
 */
export async function snapshot(request: SnapshotRequest): Promise<SnapshotValue[]> {
  const values: SnapshotValue[] = [];
  const failures: TocsinError[] = [];
  let answered = false;
  const silent = { failed: () => {}, succeeded: () => {} };
  const checks = new SelfChecks(request.device.selfChecks, { clock: request.clock, events: silent });
  if (checks.due) await checks.run((planned) => exchange(request, planned));
  for (const group of request.device.groups) {
    const heard: Heard = { group, raw: new Map() };
    group.begin(0);
    if (group.triggered) await request.trigger();
    await askAnchors(request, group, "before");
    for (const planned of plan(group.spans, request.device.limits)) {
      if (!answered && failures.length > 0) {
        // A device that does not answer the first question is not asked the others: the bus has other devices.
        throw failures[0]!;
      }
      answered = (await ask(request, heard, planned, failures)) || answered;
    }
    await askAnchors(request, group, "after");
    values.push(...shown(heard, request.clock.now()));
  }
  if (!answered && failures.length > 0) throw failures[0]!;
  return values;
}

/** The registers of units that stand apart; what is not read leaves its values bad. */
async function askAnchors(request: SnapshotRequest, group: Group, when: "before" | "after"): Promise<void> {
  for (const [index, { table, address, count }] of group.anchors.entries()) {
    try {
      const bytes = await exchange(request, { table, address, count, values: [] });
      group.anchor(index, when, bytes, REASON.good);
    } catch (error) {
      request.signal.throwIfAborted();
      group.anchor(index, when, undefined, reasonOf(error));
    }
  }
}

/** Resolves with whether the device said anything. */
async function ask(
  request: SnapshotRequest,
  heard: Heard,
  planned: PlannedRequest,
  failures: TocsinError[],
): Promise<boolean> {
  const { group, raw } = heard;
  try {
    const bytes = await exchange(request, planned);
    group.take(planned, bytes);
    for (const index of planned.values) raw.set(index, rawText(group.values[index]!, planned, bytes));
    return true;
  } catch (error) {
    request.signal.throwIfAborted();
    if (isIllegalRegister(error) && planned.values.length > 1 && group.sweeps.length === 0) {
      for (const index of planned.values) {
        const { table, address, count } = group.spans[index]!;
        await ask(request, heard, { table, address, count, values: [index] }, failures);
      }
      return true;
    }
    group.fail(planned, reasonOf(error));
    for (const index of planned.values) raw.set(index, describe(error));
    failures.push(error as TocsinError);
    return isIllegalRegister(error);
  }
}

async function exchange(request: SnapshotRequest, planned: PlannedRequest): Promise<Uint8Array> {
  const { bus, device, timeout, signal } = request;
  const { table, address, count } = planned;
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", abort);
  try {
    const asked = bus.exchange({
      request: { table, address, count, unit: device.unit, anyUnit: device.workarounds.acceptAnyUnit },
      timeout,
      pause: device.workarounds.pauseBetweenRequests,
      abandoned: () => signal.aborted,
    });
    // Abandoned exchanges have nobody who waits for them.
    asked.catch(() => undefined);
    const bytes = await Promise.race([asked, aborted.promise]);
    signal.throwIfAborted();
    return bytes!;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function shown({ group, raw }: Heard, time: Micros): SnapshotValue[] {
  group.finish(new ReadingBatch());
  const values: SnapshotValue[] = [];
  group.values.forEach((value, index) => {
    if (value.channel === NO_CHANNEL) return;
    values.push({
      channel: value.label,
      raw: raw.get(index) ?? "",
      from: fromText(value),
      ...group.result(index),
      time,
    });
  });
  for (const sweep of group.sweeps) {
    const { value, at, reason } = group.swept(sweep);
    const from = `${(sweep.to - sweep.from) / sweep.decoders.length} places`;
    values.push({ channel: sweep.label, raw: "", from, value, reason, time });
    if (sweep.where !== undefined)
      values.push({ channel: sweep.where.label, raw: "", from, value: at, reason, time });
  }
  return values;
}

const BYTES_PER_REGISTER = 2;

/** Registers as `0x42C8 0x0000`, a bit as `1`. */
function rawText(value: GroupValue, planned: PlannedRequest, bytes: Uint8Array): string {
  const offset = value.address - planned.address;
  if (isBitTable(value.table)) return String((bytes[offset >> 3]! >> (offset & 7)) & 1);
  const words: string[] = [];
  for (let i = 0; i < value.count; i++) {
    const at = (offset + i) * BYTES_PER_REGISTER;
    const word = (bytes[at]! << 8) | bytes[at + 1]!;
    words.push(`0x${word.toString(16).toUpperCase().padStart(4, "0")}`);
  }
  return words.join(" ");
}

/** `holding 2..3`, `holding 0 bit 6`, `holding 0 bits 4..5`. */
function fromText(value: GroupValue): string {
  const { type, bit, shift = 0, width = 1 } = value.format;
  if (isBitTable(value.table)) return spanText(value);
  if (type === "bit") return `${spanText(value)} bit ${bit}`;
  if (type === "bits") return `${spanText(value)} bits ${shift}..${shift + width - 1}`;
  return spanText(value);
}
